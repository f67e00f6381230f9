//! The item to be added: a documented function with its attribute, as text, and what is wrong with it before anything is
//! written. The rules are those of the macros themselves.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::Type;

use super::fit;
use super::scope::PRELUDE;
use crate::error::Failure;
use crate::flags::nearest;
use crate::print::visible;

/// What kind of item it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Tool,
    Resource,
    Prompt,
}

impl Kind {
    /// The attribute's name, which is also the protocol's word.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
        }
    }
}

/// A parameter.
#[derive(Debug)]
pub(crate) struct Argument {
    /// What clients call it.
    name: String,
    ident: String,
    pub(crate) ty: Type,
    doc: Option<String>,
}

impl Argument {
    /// Reads `NAME`, `NAME:TYPE` or `NAME:TYPE // DESCRIPTION`.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let (rest, doc) = match text.split_once("//") {
            Some((rest, doc)) => (rest, Some(doc.trim_start_matches('/').trim().to_owned())),
            None => (text, None),
        };
        let (name, ty) = rest.split_once(':').map_or((rest, "String"), |(name, ty)| (name, ty.trim()));
        Self::new(name.trim(), ty, doc.filter(|doc| !doc.is_empty()))
    }

    /// A parameter of that name and type.
    pub(crate) fn new(name: &str, ty: &str, doc: Option<String>) -> Result<Self, Failure> {
        let parsed = syn::parse_str::<Type>(ty).map_err(|error| {
            Failure::usage(format!("--arg {}: `{}` is no type", visible(name), visible(ty)))
                .cause(error)
                .hint("write it as in Rust: --arg limit:u32, --arg 'language:Option<String>'")
        })?;
        if doc.as_deref().is_some_and(|doc| doc.chars().any(char::is_control)) {
            return Err(Failure::usage(format!("--arg {}: a description is one line of text", visible(name))));
        }
        Ok(Self { name: name.to_owned(), ident: identifier(name)?, ty: parsed, doc })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether its value can be shown by the function that is written: it is made of types that are known to allow it.
    fn can_be_shown(&self) -> bool {
        const SHOWN: &[&str] = &[
            "bool", "char", "str", "String", "Option", "Vec", "HashMap", "BTreeMap", "HashSet", "BTreeSet", "PathBuf",
            "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize", "f32", "f64",
        ];
        let words = self.ty.to_token_stream().into_iter().filter_map(|token| match token {
            TokenTree::Ident(word) => Some(word.to_string()),
            TokenTree::Group(_) => Some(String::new()),
            _ => None,
        });
        let mut words = words.peekable();
        words.peek().is_some() && words.all(|word| SHOWN.contains(&word.as_str()))
    }
}

/// The name as one that a function or a parameter can have.
pub(crate) fn identifier(name: &str) -> Result<String, Failure> {
    let mut ident: String = name.chars().map(|c| if matches!(c, '-' | '.') { '_' } else { c }).collect();
    // The macros make a type of a function's name, which must not hide one that everybody uses.
    if syn::parse_str::<syn::Ident>(&ident).is_err() || PRELUDE.contains(&ident.as_str()) {
        ident.push('_');
    }
    let is_ident = syn::parse_str::<syn::Ident>(&ident).is_ok() && name.chars().any(char::is_alphanumeric);
    if !is_ident || !name.is_ascii() {
        return Err(Failure::usage(format!("`{}` cannot be the name of anything in Rust", visible(name)))
            .hint("letters, digits, `_`, `-` and `.`, a letter first"));
    }
    Ok(ident)
}

/// What is to be added.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    /// What clients call it.
    pub(crate) name: String,
    pub(crate) ident: String,
    /// A resource's URI or URI template.
    pub(crate) uri: Option<String>,
    /// Further keys of the attribute.
    pub(crate) keys: Vec<String>,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) returns: Option<Type>,
    pub(crate) description: Option<String>,
    pub(crate) is_async: bool,
}

/// Where a function stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Function,
    /// In an `impl` block, by `&self`.
    Method,
}

/// The longest signature on one line.
const WIDTH: usize = 100;

impl Item {
    /// The function, not indented, without a line break at its end. The prefix is what stands before the attribute's name.
    pub(crate) fn text(&self, form: Form, prefix: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        let description = self.description.clone().unwrap_or_else(|| sentence(&self.name));
        lines.extend(description.lines().map(|line| format!("/// {line}").trim_end().to_owned()));
        let keys = self.all_keys();
        let keys = if keys.is_empty() { keys } else { format!("({keys})") };
        lines.push(format!("#[{prefix}{}{keys}]", self.kind.name()));
        lines.extend(self.signature(form));
        lines.extend(self.body().into_iter().map(|line| format!("    {line}")));
        lines.push("}".to_owned());
        lines.join("\n")
    }

    fn all_keys(&self) -> String {
        let literal = |text: &str| proc_macro2::Literal::string(text).to_string();
        let mut keys: Vec<String> = self.uri.iter().map(|uri| literal(uri)).collect();
        if self.name != self.ident {
            keys.push(format!("name = {}", literal(&self.name)));
        }
        keys.extend(self.keys.iter().cloned());
        keys.join(", ")
    }

    fn signature(&self, form: Form) -> Vec<String> {
        let is_async = if self.is_async { "async " } else { "" };
        let head = format!("{is_async}fn {}(", self.ident);
        let tail = match self.output() {
            output if output == "()" => ") {".to_owned(),
            output => format!(") -> {output} {{"),
        };
        let receiver = (form == Form::Method).then(|| "&self".to_owned());
        let attribute = |one: &Argument| {
            let name = proc_macro2::Literal::string(&one.name);
            (one.name != one.ident).then(|| format!("#[arg(name = {name})] "))
        };
        let one = |one: &Argument| format!("{}{}: {}", attribute(one).unwrap_or_default(), one.ident, written(&one.ty));
        let words: Vec<String> = receiver.into_iter().chain(self.arguments.iter().map(one)).collect();
        let line = format!("{head}{}{tail}", words.join(", "));
        let is_plain = self.arguments.iter().all(|one| one.doc.is_none());
        if is_plain && line.len() <= WIDTH {
            return vec![line];
        }
        let mut lines = vec![head];
        let docs = self.arguments.iter().map(|one| one.doc.as_deref());
        let receiver = (form == Form::Method).then_some(None);
        for (word, doc) in words.iter().zip(receiver.into_iter().chain(docs)) {
            lines.extend(doc.map(|doc| format!("    /// {doc}")));
            lines.push(format!("    {word},"));
        }
        lines.push(tail);
        lines
    }

    fn output(&self) -> String {
        self.returns.as_ref().map_or_else(|| "String".to_owned(), written)
    }

    /// A body that compiles and, where it can, answers with what it was given, so that the function can be called at once.
    fn body(&self) -> Vec<String> {
        let output = self.output();
        let wrap = |text: String| match output.split_once('<') {
            None if output == "String" => Some(text),
            Some(("Option", "String>")) => Some(format!("Some({text})")),
            Some((name, inner)) if name.rsplit("::").next() == Some("Result") && inner.starts_with("String") => {
                (inner == "String>" || inner.starts_with("String,")).then(|| format!("Ok({text})"))
            }
            _ => None,
        };
        let shown: Vec<&Argument> = self.arguments.iter().filter(|one| one.can_be_shown()).collect();
        let parts: Vec<String> = shown.iter().map(|one| format!("{0} = {{{0}:?}}", one.ident)).collect();
        let answer = if parts.is_empty() {
            format!("\"{}\".to_owned()", self.name)
        } else {
            format!("format!(\"{}: {}\")", self.name, parts.join(", "))
        };
        let answer = wrap(answer);
        let is_answered = answer.is_some();
        let unused: Vec<&str> = self
            .arguments
            .iter()
            .filter(|one| !is_answered || !one.can_be_shown())
            .map(|one| one.ident.as_str())
            .collect();
        let mut lines = match unused.as_slice() {
            [] => Vec::new(),
            [one] => vec![format!("let _ = {one};")],
            several => vec![format!("let _ = ({});", several.join(", "))],
        };
        match answer {
            Some(answer) => lines.push(answer),
            None if output == "()" => {}
            None => lines.push(format!("todo!(\"say what `{}` answers\")", self.ident)),
        }
        lines
    }

    /// What the macros say against it.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let refused = |reasons: &str| {
            Failure::usage(format!("this {} would not compile: {}", self.kind.name(), visible(reasons)))
                .hint("nothing was written; say it differently")
        };
        if self.description.as_deref().is_some_and(|text| text.chars().any(|c| c.is_control() && c != '\n')) {
            return Err(Failure::usage("--description: control characters cannot stand in a comment"));
        }
        let arguments = self.arguments.iter().find_map(|one| fit::argument(self.kind, &one.ty));
        if let Some(reason) = arguments.or_else(|| self.returns.as_ref().and_then(|ty| fit::result(self.kind, ty))) {
            return Err(refused(&reason));
        }
        let text = self.text(Form::Function, "");
        let parsed: syn::ItemFn = syn::parse_str(&text).map_err(|error| refused(&error.to_string()))?;
        let keys: TokenStream = self.all_keys().parse().map_err(|_| refused("its keys are no Rust"))?;
        let mut bare = parsed;
        bare.attrs.retain(|attribute| !attribute.path().is_ident(self.kind.name()));
        let item = quote!(#bare);
        let expansion = match self.kind {
            Kind::Tool => mcp_expand::tool(keys, &item),
            Kind::Resource => mcp_expand::resource(keys, &item),
            Kind::Prompt => mcp_expand::prompt(keys, &item),
        };
        let reasons = complaints(expansion);
        if reasons.is_empty() { Ok(()) } else { Err(refused(&reasons.join("; "))) }
    }
}

/// The messages of `compile_error!` in an expansion.
pub(crate) fn complaints(tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_message = false;
    for token in tokens {
        match token {
            TokenTree::Ident(word) => is_message = word == "compile_error",
            TokenTree::Group(group) if is_message => {
                is_message = false;
                found.extend(syn::parse2::<syn::LitStr>(group.stream()).map(|text| text.value()));
            }
            TokenTree::Group(group) => found.extend(complaints(group.stream())),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

/// A type as rustfmt writes it.
pub(crate) fn written(ty: &Type) -> String {
    let file: syn::File = syn::parse_quote!(type T = #ty;);
    let text = prettyplease::unparse(&file);
    text.trim().trim_start_matches("type T = ").trim_end_matches(';').to_owned()
}

/// `get_weather` as a sentence.
fn sentence(name: &str) -> String {
    let words = name.replace(['_', '-', '.'], " ");
    let mut letters = words.trim().chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// The nearest of some names, as a hint.
pub(crate) fn meant<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    nearest(name, known).map(|nearest| format!("did you mean `{}`?", visible(nearest)))
}
