//! The one intermediate form: an item with all that its attribute, signature and documentation say, before it is checked
//! and expanded.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Expr, LitStr, Path, Type};

use crate::attr::Keys;
use crate::docs;
use crate::errors::Sink;
use crate::signature::Param;
use crate::template::Template;

/// What kind of item it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Tool,
    Resource,
    Prompt,
}

impl Kind {
    /// The attribute's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
        }
    }

    /// The kind that an attribute inside an `impl` block names.
    pub(crate) fn of(attr: &Attribute) -> Option<Self> {
        let last = attr.path().segments.last()?.ident.to_string();
        [Self::Tool, Self::Resource, Self::Prompt].into_iter().find(|kind| kind.name() == last)
    }
}

/// What an attribute says.
pub(crate) struct Spec {
    pub(crate) kind: Kind,
    pub(crate) krate: Option<Path>,
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) has_own_name: bool,
    pub(crate) title: Option<LitStr>,
    pub(crate) description: String,
    pub(crate) icons: Vec<LitStr>,
    pub(crate) meta: Vec<(LitStr, Expr)>,
    pub(crate) deprecated: Option<String>,
    // Tools.
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) read_only: Option<bool>,
    pub(crate) destructive: Option<bool>,
    pub(crate) destructive_span: Option<Span>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) open_world: Option<bool>,
    pub(crate) tasking: Option<(Tasking, Span)>,
    // Tools and prompts.
    pub(crate) ignores_unknown: bool,
    // Resources.
    pub(crate) uri: Option<Template>,
    pub(crate) mime: Option<LitStr>,
    pub(crate) size: Option<Expr>,
    pub(crate) audience: Vec<LitStr>,
    pub(crate) priority: Option<Expr>,
    pub(crate) ttl: Option<Expr>,
    pub(crate) cache: Option<LitStr>,
}

/// When a call of a tool becomes a task.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tasking {
    /// At once, if the client knows tasks.
    Always,
    /// At once; a client that does not know tasks is refused.
    Required,
    /// When the function says so.
    Later,
}

impl Spec {
    /// Reads the keys of `#[tool(…)]`, `#[resource(…)]` or `#[prompt(…)]`.
    pub(crate) fn read(kind: Kind, tokens: TokenStream, ident: &Ident, attrs: &[Attribute], sink: &Sink) -> Self {
        let mut keys = Keys::parse(tokens, sink);
        let name = keys.string("name", sink);
        let text = keys.text.take();
        let uri = match (kind, text) {
            (Kind::Resource, Some(text)) => Template::parse(&text, sink),
            (Kind::Resource, None) => {
                match keys.stray("uri") {
                    Some(key) => sink.at(key, "the URI stands first and without a key: `#[resource(\"note://{id}\")]`"),
                    // A key that could not be read was probably meant to be the URI.
                    None if sink.has_errors() => {}
                    None => sink.on(ident.span(), "a resource needs its URI: `#[resource(\"note://{id}\")]`"),
                }
                None
            }
            (_, Some(text)) => {
                let hint = format!(
                    "`#[{}]` takes keys, not a text; did you mean `name = …` or `description = …`?",
                    kind.name()
                );
                sink.at(text, hint);
                None
            }
            (_, None) => None,
        };
        let mut spec = Self {
            kind,
            krate: keys.path("crate", sink),
            name_span: name.as_ref().map_or_else(|| ident.span(), LitStr::span),
            has_own_name: name.is_some(),
            name: name.map_or_else(|| ident.unraw().to_string(), |name| name.value()),
            title: keys.string("title", sink),
            description: keys.string("description", sink).map_or_else(|| docs::text(attrs), |text| text.value()),
            icons: keys.strings("icons", sink),
            meta: keys.members("meta", sink),
            deprecated: deprecated(&mut keys, sink),
            aliases: Vec::new(),
            read_only: None,
            destructive: None,
            destructive_span: keys.span("destructive"),
            idempotent: None,
            open_world: None,
            tasking: None,
            ignores_unknown: false,
            uri,
            mime: None,
            size: None,
            audience: Vec::new(),
            priority: None,
            ttl: None,
            cache: None,
        };
        match kind {
            Kind::Tool => {
                spec.read_only = keys.boolean("read_only", sink);
                spec.destructive = keys.boolean("destructive", sink);
                spec.idempotent = keys.boolean("idempotent", sink);
                spec.open_world = keys.boolean("open_world", sink);
                spec.aliases = keys.strings("alias", sink);
                spec.tasking = tasking(&mut keys, sink);
                spec.ignores_unknown = keys.boolean("ignore_unknown", sink).unwrap_or(false);
            }
            Kind::Prompt => spec.ignores_unknown = keys.boolean("ignore_unknown", sink).unwrap_or(false),
            Kind::Resource => {
                spec.mime = keys.string("mime", sink);
                spec.size = keys.expr("size", sink);
                spec.audience = keys.strings("audience", sink);
                spec.priority = keys.expr("priority", sink);
                spec.ttl = keys.expr("ttl", sink);
                spec.cache = keys.string("cache", sink);
            }
        }
        keys.finish(kind.name(), sink);
        spec
    }
}

/// `deprecated` or `deprecated = "use x"`.
fn deprecated(keys: &mut Keys, sink: &Sink) -> Option<String> {
    let (_, value) = keys.optional_expr("deprecated", sink)?;
    match value {
        None => Some("do not use it any more".to_owned()),
        Some(Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })) => Some(text.value()),
        Some(other) => {
            sink.at(&other, "`deprecated` takes a string literal that says what to use instead");
            None
        }
    }
}

/// `task`, `task = "required"` or `task = "later"`.
fn tasking(keys: &mut Keys, sink: &Sink) -> Option<(Tasking, Span)> {
    let (span, value) = keys.optional_expr("task", sink)?;
    let Some(value) = value else { return Some((Tasking::Always, span)) };
    let text = match &value {
        Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => text.value(),
        _ => String::new(),
    };
    match text.as_str() {
        "required" => Some((Tasking::Required, span)),
        "later" => Some((Tasking::Later, span)),
        _ => {
            sink.at(&value, "`task` stands alone, or is \"required\" (only clients that know tasks may call) or \"later\" (the function calls `cx.begin_task()`)");
            None
        }
    }
}

/// What is called when a client calls the item.
pub(crate) enum Callee {
    /// A free function.
    Function(Ident),
    /// A method of the type that the `impl` block is for.
    Method { ident: Ident, takes_self: bool },
    /// A struct that is its own argument type.
    Struct(Ident),
}

impl Callee {
    pub(crate) fn ident(&self) -> &Ident {
        match self {
            Self::Function(ident) | Self::Struct(ident) | Self::Method { ident, .. } => ident,
        }
    }
}

/// An item, ready to be checked and expanded.
pub(crate) struct Entry {
    pub(crate) spec: Spec,
    pub(crate) callee: Callee,
    pub(crate) params: Vec<Param>,
    /// What it returns; `None` for a struct, whose method's signature is not seen.
    pub(crate) output: Option<Type>,
    pub(crate) is_async: bool,
    /// `#[cfg(…)]` of the item, which must hold for all that is generated beside it.
    pub(crate) cfgs: Vec<Attribute>,
}

impl Entry {
    pub(crate) fn cfg_tokens(&self) -> TokenStream {
        self.cfgs.iter().map(ToTokens::to_token_stream).collect()
    }
}

/// The `#[cfg(…)]` attributes among others.
pub(crate) fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect()
}
