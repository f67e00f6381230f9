//! The parameters of a function and the fields of a struct: what a client sends, what the server fills in, and what
//! `#[arg(…)]` says about it. The body of a function stays tokens.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{
    Attribute, Expr, FnArg, GenericArgument, Lifetime, LitStr, Pat, PathArguments, Signature, Type, Visibility,
    parse_quote,
};

use crate::attr::Keys;
use crate::docs;
use crate::errors::Sink;

/// A function whose body nobody looks into.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attrs: input.call(Attribute::parse_outer)?,
            vis: input.parse()?,
            sig: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.attrs.iter().map(ToTokens::to_token_stream));
        self.vis.to_tokens(tokens);
        self.sig.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

/// One parameter or field.
pub(crate) struct Param {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) role: Role,
}

/// Where a parameter's value comes from.
pub(crate) enum Role {
    /// `&Context`.
    Context,
    /// The server, through `FromContext`; by reference where the function takes one.
    Injected { ty: Box<Type>, by_reference: bool },
    /// The client.
    Argument(Box<Argument>),
}

/// An argument that a client sends.
pub(crate) struct Argument {
    /// The name on the wire.
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) doc: String,
    pub(crate) shape: Shape,
    pub(crate) default: Option<(Span, Option<Expr>)>,
    pub(crate) range: Option<Expr>,
    pub(crate) length: Option<Expr>,
    pub(crate) items: Option<Expr>,
    pub(crate) pattern: Option<LitStr>,
    pub(crate) examples: Vec<Expr>,
    pub(crate) header: Option<LitStr>,
    pub(crate) complete: Option<Expr>,
}

impl Argument {
    /// Whether a client may leave it out.
    pub(crate) fn is_optional(&self) -> bool {
        self.default.is_some() || self.shape.is_option()
    }
}

/// How an argument is kept until the function is called, and how it is handed over.
pub(crate) enum Shape {
    /// `&str`: borrowed from the frame where it has no escapes.
    Str,
    /// `Cow<str>`.
    Cow,
    /// `Option<&str>`.
    OptionStr,
    /// `Option<Cow<str>>`.
    OptionCow,
    /// `&T`: kept as `T`, or what owns it.
    Reference(Type),
    /// Anything else.
    Owned(Type),
}

impl Shape {
    pub(crate) fn is_option(&self) -> bool {
        match self {
            Self::OptionStr | Self::OptionCow => true,
            Self::Owned(ty) => is_named(ty, "Option"),
            Self::Str | Self::Cow | Self::Reference(_) => false,
        }
    }

    /// The type that says what values are allowed: of an `Option` the inner one, of a text `str`.
    pub(crate) fn value_type(&self) -> Type {
        match self {
            Self::Str | Self::Cow | Self::OptionStr | Self::OptionCow => parse_quote!(str),
            Self::Owned(ty) if is_named(ty, "Option") => first_argument(ty).unwrap_or_else(|| ty.clone()),
            Self::Reference(ty) | Self::Owned(ty) => ty.clone(),
        }
    }
}

/// Takes the invisible brackets away in which `macro_rules!` hands on a type, so that it is recognised by its name.
pub(crate) struct Ungrouped;

impl VisitMut for Ungrouped {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        while let Type::Group(group) = ty
            && !matches!(*group.elem, Type::TraitObject(_) | Type::ImplTrait(_))
        {
            *ty = Type::clone(&group.elem);
        }
        visit_type_mut(self, ty);
    }
}

/// Takes the parameters of a signature, and from the signature what only this macro understands.
pub(crate) fn params(sig: &mut Signature, sink: &Sink) -> Vec<Param> {
    let mut params = Vec::new();
    for input in &mut sig.inputs {
        let FnArg::Typed(typed) = input else { continue };
        let (attrs, ours) = ours(&typed.attrs);
        if let Some(cfg) = attrs.iter().find(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")) {
            sink.at(cfg, "a single parameter cannot be switched off; put `#[cfg(…)]` on the function");
        }
        typed.attrs = attrs;
        let Pat::Ident(pattern) = typed.pat.as_ref() else {
            let hint = "a parameter needs a name that clients can use; destructure it inside the function";
            sink.at(&typed.pat, hint);
            continue;
        };
        if let Some(by_ref) = &pattern.by_ref {
            sink.at(by_ref, "a parameter cannot be bound by `ref`; borrow it inside the function");
        }
        if let Some((at, _)) = &pattern.subpat {
            sink.at(at, "a parameter needs a plain name; match on it inside the function");
        }
        params.extend(param(&pattern.ident, &typed.ty, &ours, sink));
    }
    params
}

/// Splits off the attributes that this macro understands.
pub(crate) fn ours(attrs: &[Attribute]) -> (Vec<Attribute>, Vec<Attribute>) {
    attrs.iter().cloned().partition(|attr| !["arg", "inject", "doc"].iter().any(|name| attr.path().is_ident(name)))
}

/// What one parameter or field is.
pub(crate) fn param(ident: &Ident, ty: &Type, attrs: &[Attribute], sink: &Sink) -> Option<Param> {
    let inject = attrs.iter().find(|attr| attr.path().is_ident("inject"));
    let arg = attrs.iter().find(|attr| attr.path().is_ident("arg"));
    if let Some(inject) = inject
        && let Err(error) = inject.meta.require_path_only()
    {
        sink.add(syn::Error::new(error.span(), "`#[inject]` stands alone, without parentheses"));
    }
    let (target, by_reference) = match ty {
        Type::Reference(reference) => (reference.elem.as_ref(), true),
        other => (other, false),
    };
    let is_context = is_named(target, "Context");
    let is_injected = is_context || inject.is_some() || is_named(target, "State");
    if is_injected && let Some(arg) = arg {
        sink.at(arg, "the server fills this parameter in; `#[arg(…)]` is for what a client sends");
    }
    if let Type::Reference(reference) = ty
        && let Some(mutability) = &reference.mutability
    {
        sink.at(mutability, "a parameter cannot be borrowed mutably; take it by value, or by `&`");
        return None;
    }
    let role = if is_context && by_reference {
        Role::Context
    } else if is_injected {
        Role::Injected { ty: Box::new(target.clone()), by_reference }
    } else {
        Role::Argument(Box::new(argument(ident, ty, attrs, sink)?))
    };
    Some(Param { ident: ident.clone(), ty: ty.clone(), role })
}

fn argument(ident: &Ident, ty: &Type, attrs: &[Attribute], sink: &Sink) -> Option<Argument> {
    let mut keys = Keys::none();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("arg")) {
        match attr.meta.require_list() {
            Ok(list) => keys.merge(Keys::parse(list.tokens.clone(), sink), sink),
            Err(_) => sink.at(attr, "`#[arg]` says nothing; write `#[arg(default = …, range = …)]` or leave it out"),
        }
    }
    let name = keys.string("name", sink);
    let description = keys.string("description", sink);
    let argument = Argument {
        name_span: name.as_ref().map_or_else(|| ident.span(), LitStr::span),
        name: name.map_or_else(|| ident.unraw().to_string(), |name| name.value()),
        doc: description.map_or_else(|| docs::text(attrs), |text| text.value()),
        shape: shape(ty, sink).filter(|shape| is_owned(shape, sink))?,
        default: keys.optional_expr("default", sink),
        range: keys.expr("range", sink),
        length: keys.expr("length", sink),
        items: keys.expr("items", sink),
        pattern: keys.string("pattern", sink),
        examples: keys.expr("example", sink).into_iter().collect(),
        header: keys.string("header", sink),
        complete: keys.expr("complete", sink),
    };
    keys.finish("arg", sink);
    Some(argument)
}

fn shape(ty: &Type, sink: &Sink) -> Option<Shape> {
    match ty {
        Type::ImplTrait(_) => {
            sink.at(ty, "a parameter of type `impl Trait` has no schema; name the type");
            None
        }
        Type::Reference(reference) => Some(match reference.elem.as_ref() {
            inner if is_plain(inner, "str") => Shape::Str,
            Type::Slice(slice) => {
                let item = &slice.elem;
                Shape::Reference(parse_quote!(::std::vec::Vec<#item>))
            }
            inner if is_named(inner, "Path") => Shape::Reference(parse_quote!(::std::path::PathBuf)),
            inner => Shape::Reference(inner.clone()),
        }),
        _ if is_named(ty, "Cow") && is_text(&first_argument(ty)?) => Some(Shape::Cow),
        _ if is_named(ty, "Option") => match first_argument(ty) {
            Some(Type::Reference(reference)) if is_plain(&reference.elem, "str") => Some(Shape::OptionStr),
            Some(Type::Reference(reference)) => {
                let inner = reference.elem.to_token_stream();
                sink.at(
                    &reference,
                    format!("an optional argument is owned; take `Option<{}>`", owned_name(&inner.to_string())),
                );
                None
            }
            Some(inner) if is_named(&inner, "Cow") && first_argument(&inner).is_some_and(|ty| is_text(&ty)) => {
                Some(Shape::OptionCow)
            }
            _ => Some(Shape::Owned(ty.clone())),
        },
        _ => Some(Shape::Owned(ty.clone())),
    }
}

/// Only text borrows from the frame: whatever else an argument is must own what it holds.
fn is_owned(shape: &Shape, sink: &Sink) -> bool {
    struct Borrows<'s>(&'s Sink, bool);
    impl VisitMut for Borrows<'_> {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            self.1 = true;
            self.0.at(
                lifetime,
                "an argument owns what it holds, except `&str` and `Cow<str>` themselves; take a type without a \
                                 lifetime",
            );
        }
        fn visit_type_mut(&mut self, ty: &mut Type) {
            match ty {
                Type::Reference(reference) => {
                    self.1 = true;
                    let owned = match reference.elem.as_ref() {
                        inner if is_plain(inner, "str") => "String".to_owned(),
                        inner => owned_name(&inner.to_token_stream().to_string()),
                    };
                    self.0.at(
                        reference.and_token,
                        format!(
                            "an argument owns what it holds, except `&str` and `Cow<str>` \
                                                            themselves; take `{owned}` here"
                        ),
                    );
                }
                _ => visit_type_mut(self, ty),
            }
        }
    }
    let (Shape::Owned(ty) | Shape::Reference(ty)) = shape else { return true };
    let mut borrows = Borrows(sink, false);
    borrows.visit_type_mut(&mut ty.clone());
    !borrows.1
}

fn owned_name(inner: &str) -> String {
    match inner.strip_prefix("[").and_then(|inner| inner.strip_suffix("]")) {
        Some(item) => format!("Vec<{}>", item.trim()),
        None => inner.to_owned(),
    }
}

fn is_text(ty: &Type) -> bool {
    is_plain(ty, "str")
}

/// Whether the last segment of a type's path is this name.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.qself.is_none() && path.path.segments.last().is_some_and(|last| last.ident == name))
}

/// Whether a type is this name alone.
fn is_plain(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident(name))
}

/// The first type argument of a path: `T` of `Option<T>`.
pub(crate) fn first_argument(ty: &Type) -> Option<Type> {
    type_arguments(ty).into_iter().next()
}

/// All type arguments of a path.
pub(crate) fn type_arguments(ty: &Type) -> Vec<Type> {
    let Type::Path(path) = ty else { return Vec::new() };
    let Some(PathArguments::AngleBracketed(arguments)) = path.path.segments.last().map(|last| &last.arguments) else {
        return Vec::new();
    };
    arguments
        .args
        .iter()
        .filter_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty.clone()),
            _ => None,
        })
        .collect()
}

/// The same type with every lifetime `'static`, for places where a type is named without a value.
pub(crate) fn without_lifetimes(ty: &Type) -> Type {
    struct Static;
    impl VisitMut for Static {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            *lifetime = Lifetime::new("'static", lifetime.span());
        }
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if let Type::Reference(reference) = ty
                && reference.lifetime.is_none()
            {
                reference.lifetime = Some(Lifetime::new("'static", reference.and_token.span()));
            }
            visit_type_mut(self, ty);
        }
    }
    let mut ty = ty.clone();
    Static.visit_type_mut(&mut ty);
    ty
}

/// The same type with `Self` written out.
pub(crate) fn without_self(ty: &Type, own: &Type) -> Type {
    struct Named<'t>(&'t Type);
    impl VisitMut for Named<'_> {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if is_plain(ty, "Self") {
                *ty = self.0.clone();
            } else {
                visit_type_mut(self, ty);
            }
        }
    }
    let mut ty = ty.clone();
    Named(own).visit_type_mut(&mut ty);
    ty
}
