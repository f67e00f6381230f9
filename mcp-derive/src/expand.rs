//! What is generated for one item: the item as it was, a type of the same name that a server can be given, and beside it,
//! where nobody sees them, its arguments and its handler. Below is what differs by kind, and what the compiler is asked about
//! types (`assertions`).

mod arguments;
mod assertions;
mod prompt;
mod resource;
mod tool;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{FnArg, Generics, ReturnType, Type, parse_quote};

pub(crate) use self::arguments::Slots;
use self::assertions::assertions;
use crate::entry::{Callee, Entry, Kind, Spec, cfgs};
use crate::errors::Sink;
use crate::path::local;
use crate::signature::{Function, Param, Role, Shape, Ungrouped, params, without_self};
use crate::{check, fallback, path, record};

/// Expands `#[tool]`, `#[resource]` or `#[prompt]` on an item.
pub(crate) fn item(kind: Kind, keys: TokenStream, tokens: &TokenStream) -> TokenStream {
    if let Ok(item) = syn::parse2::<syn::ItemStruct>(tokens.clone()) {
        return record::expand(kind, keys, item);
    }
    match syn::parse2::<Function>(tokens.clone()) {
        Ok(item) => function(kind, keys, item),
        Err(error) => {
            let error = match syn::parse2::<syn::Item>(tokens.clone()) {
                Ok(other) => {
                    let hint = match other {
                        syn::Item::Impl(_) => {
                            "an `impl` block is annotated with `#[serve]`, and its methods one by one"
                        }
                        _ => "only functions and structs can be annotated",
                    };
                    syn::Error::new(first_span(tokens), format!("`#[{}]` cannot stand here: {hint}", kind.name()))
                }
                Err(_) => error,
            };
            fallback::foreign(tokens, &error)
        }
    }
}

/// The first token that is not of an attribute.
pub(crate) fn first_span(tokens: &TokenStream) -> Span {
    tokens
        .clone()
        .into_iter()
        .find(|token| !matches!(token, proc_macro2::TokenTree::Punct(_) | proc_macro2::TokenTree::Group(_)))
        .map_or_else(Span::call_site, |token| token.span())
}

/// What to answer for an item with a second annotation: the item as it is, which the second one then expands, and the error.
pub(crate) fn annotated_twice(attrs: &[syn::Attribute], item: &impl ToTokens) -> Option<TokenStream> {
    let second = attrs.iter().find(|attr| Kind::of(attr).is_some())?;
    let error = syn::Error::new_spanned(second, "an item is one of tool, resource and prompt; remove one annotation");
    let error = error.to_compile_error();
    Some(quote!(#item #error))
}

fn function(kind: Kind, keys: TokenStream, mut function: Function) -> TokenStream {
    if let Some(twice) = annotated_twice(&function.attrs, &function) {
        return twice;
    }
    let sink = Sink::new();
    if let Some(FnArg::Receiver(receiver)) = function.sig.inputs.first() {
        sink.at(
            receiver,
            format!("`self` in a free function; methods are served by `#[serve]` on their `impl` block, where each keeps its \
                     `#[{}]`", kind.name()),
        );
        // The parameters' attributes must go, or they are errors of their own.
        params(&mut function.sig, &Sink::silent());
        let errors = sink.finish();
        return quote!(#function #errors);
    }
    Ungrouped.visit_signature_mut(&mut function.sig);
    check::signature(&function.sig, &sink);
    let params = params(&mut function.sig, &sink);
    let ident = function.sig.ident.clone();
    let spec = Spec::read(kind, keys, &ident, &function.attrs, &sink);
    let entry = Entry {
        spec,
        callee: Callee::Function(ident),
        params,
        output: Some(output_of(&function.sig.output)),
        is_async: function.sig.asyncness.is_some(),
        cfgs: cfgs(&function.attrs),
    };
    check::entry(&entry, &sink);
    function.attrs.push(taken_by_value());
    let descriptor = descriptor(&entry, &function.vis);
    let beside = match sink.finish() {
        Some(errors) => fallback::item(&entry, &Generics::default(), &errors),
        None => static_item(&entry),
    };
    quote!(#function #descriptor #beside)
}

/// What a served function takes comes by value, whether it keeps it or not: clippy need not tell the user.
pub(crate) fn taken_by_value() -> syn::Attribute {
    parse_quote!(#[allow(clippy::needless_pass_by_value)])
}

pub(crate) fn output_of(output: &ReturnType) -> Type {
    match output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, ty) => ty.as_ref().clone(),
    }
}

/// Keeps the user's lints away from generated code, by name: a deny of a lint outweighs an allow of its group. `dead_code` is
/// not among them, because what it finds is an item that nobody registered.
pub(crate) fn quiet() -> TokenStream {
    quote! {
        #[allow(
            absolute_paths_not_starting_with_crate, deprecated, elided_lifetimes_in_paths, explicit_outlives_requirements,
            future_incompatible, let_underscore, missing_docs, nonstandard_style, redundant_imports, redundant_lifetimes,
            rust_2018_idioms, single_use_lifetimes, trivial_casts, trivial_numeric_casts, unit_bindings, unreachable_code,
            unused_braces, unused_imports, unused_lifetimes, unused_must_use, unused_mut, unused_parens, unused_qualifications,
            unused_results, unused_variables,
            clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction
        )]
    }
}

/// The type that stands for a function where a server is put together.
fn descriptor(entry: &Entry, vis: &syn::Visibility) -> TokenStream {
    let ident = entry.callee.ident();
    let cfgs = entry.cfg_tokens();
    let doc = format!("Stands for the {} `{}` in `server![…]`.", entry.spec.kind.name(), entry.spec.name);
    quote! {
        #cfgs
        #[doc = #doc]
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #vis struct #ident {}
    }
}

/// Implements `StaticItem` for the item's type.
pub(crate) fn static_item(entry: &Entry) -> TokenStream {
    let private = path::private(entry.spec.krate.as_ref());
    let ident = entry.callee.ident();
    let cfgs = entry.cfg_tokens();
    let generics = Generics::default();
    let slots = Slots::of(entry, format_ident!("__McpArguments"), &generics, None);
    let definition = slots.definition();
    let names = names(&entry.spec);
    let register = registration(entry, &slots, None);
    let quiet = quiet();
    quote! {
        #cfgs
        #quiet
        const _: () = {
            use #private as __mcp;
            use __mcp::traits::*;
            #definition
            impl __mcp::StaticItem for #ident {
                const NAMES: __mcp::Names = __mcp::Names { own: &[#names], parts: &[] };
                fn register(registry: &mut __mcp::Registry<'_>) {
                    #register
                }
            }
        };
    }
}

/// The item's names, for the comparison at compile time.
pub(crate) fn names(spec: &Spec) -> TokenStream {
    let kind = spec.kind.name();
    let items = labels(spec)
        .into_iter()
        .map(|Label { key, clash, .. }| quote!(__mcp::Name { kind: #kind, name: #key, clash: #clash }));
    quote!(#(#items),*)
}

/// What an item is found by, and where it says so.
pub(crate) struct Label {
    /// Equal for two items that could not be told apart.
    pub(crate) key: String,
    pub(crate) span: Span,
    /// What is said when there are two.
    pub(crate) clash: String,
}

/// Every name that an item answers to, or its URI.
pub(crate) fn labels(spec: &Spec) -> Vec<Label> {
    let label = |key: String, span, clash| Label { key, span, clash };
    match (spec.kind, &spec.uri) {
        (Kind::Resource, None) => Vec::new(),
        (Kind::Resource, Some(uri)) => {
            let text = uri.text.value();
            let clash = match uri.variables().next() {
                None => format!("two resources have the URI `{text}`; change one of them"),
                Some(_) => format!("two templates match the same URIs as `{text}`; change one of them"),
            };
            vec![label(uri.shape(), uri.text.span(), clash)]
        }
        (kind, _) => {
            let aliases = spec.aliases.iter().map(|alias| (alias.value(), alias.span()));
            let names = std::iter::once((spec.name.clone(), spec.name_span)).chain(aliases);
            let kind = kind.name();
            names
                .map(|(name, span)| {
                    let clash = format!("two {kind}s are named `{name}`; rename one of them, or set `name = \"…\"`");
                    label(name, span, clash)
                })
                .collect()
        }
    }
}

/// What adds the item to the registry. `this` is the type that methods are called on; then a local of that name, an `Arc`
/// of it, is in scope.
pub(crate) fn registration(entry: &Entry, slots: &Slots<'_>, this: Option<&Type>) -> TokenStream {
    let assertions = assertions(entry, this);
    let item = match entry.spec.kind {
        Kind::Tool => tool::item(entry, slots, this),
        Kind::Prompt => prompt::item(entry, slots, this),
        Kind::Resource => resource::item(entry, slots, this),
    };
    // They are for the compiler alone and never run.
    quote!(if false { #assertions } #item)
}

/// A function as a value. Where nothing around it is generic it is one with a name, which costs less to compile than a closure.
fn callback(this: Option<&Type>, takes: &TokenStream, gives: &TokenStream, body: &TokenStream) -> TokenStream {
    if this.is_some() {
        quote!(|#takes| -> #gives { #body })
    } else {
        quote!({
            fn __mcp_function(#takes) -> #gives { #body }
            __mcp_function
        })
    }
}

fn named(ty: &Type, this: Option<&Type>) -> Type {
    this.map_or_else(|| ty.clone(), |this| without_self(ty, this))
}

/// `needs` of everything that the server fills in.
pub(crate) fn needs(entry: &Entry, this: Option<&Type>) -> TokenStream {
    let needs = entry.params.iter().filter_map(|param| match &param.role {
        Role::Context => Some(quote!(needs.context();)),
        Role::Injected { ty, .. } => {
            let ty = named(ty, this);
            let needs = local("needs", ty.span());
            Some(quote_spanned!(ty.span()=> <#ty as __mcp::FromContext>::needs(#needs);))
        }
        Role::Argument(_) => None,
    });
    let needs: TokenStream = needs.collect();
    if needs.is_empty() {
        return quote!(__mcp::Needs::nothing);
    }
    callback(this, &quote!(needs: &mut __mcp::Needs), &quote!(()), &needs)
}

/// The body of a handler: parses, calls, and hands what came out to `finish`, which turns `__mcp_value` into an answer.
pub(crate) fn handler(
    entry: &Entry,
    slots: &Slots<'_>,
    this: Option<&Type>,
    answer: &TokenStream,
    finish: &TokenStream,
) -> TokenStream {
    let parse = slots.parse(&entry.spec.name);
    let inject = entry.params.iter().enumerate().filter_map(|(index, param)| {
        let Role::Injected { ty, .. } = &param.role else { return None };
        let (name, ty) = (format_ident!("__mcp_injected_{index}"), named(ty, this));
        let input = local("__mcp_input", ty.span());
        Some(quote_spanned!(ty.span()=> let #name = <#ty as __mcp::FromContext>::from_context(&#input.context)?;))
    });
    let values: Vec<TokenStream> = entry.params.iter().enumerate().map(|(index, param)| value(index, param)).collect();
    let call = match &entry.callee {
        Callee::Function(ident) => quote_spanned!(ident.span()=> #ident(#(#values),*)),
        Callee::Method { ident, takes_self } => {
            let this = this.map(ToTokens::to_token_stream);
            let own = takes_self.then(|| quote!(&__mcp_this,));
            quote_spanned!(ident.span()=> <#this>::#ident(#own #(#values),*))
        }
        Callee::Struct(ident) => {
            let fields = entry.params.iter().zip(&values).map(|(param, value)| {
                let name = &param.ident;
                quote!(#name: #value)
            });
            let method = if entry.spec.kind == Kind::Tool {
                let input = local("__mcp_input", ident.span());
                quote_spanned!(ident.span()=> let __mcp_cx = &#input.context; __mcp_item.call(__mcp_cx))
            } else {
                quote_spanned!(ident.span()=> __mcp_item.render())
            };
            quote_spanned!(ident.span()=> {
                let mut __mcp_item = #ident { #(#fields),* };
                #method
            })
        }
    };
    let own = matches!(entry.callee, Callee::Struct(_)).then(|| {
        let ident = entry.callee.ident();
        quote!(let __mcp_own = __mcp::Probe::<#ident>::new();)
    });
    let outcome = if entry.is_async {
        quote!(#call.await)
    } else if matches!(entry.callee, Callee::Struct(_)) {
        let kind = if entry.spec.kind == Kind::Tool { format_ident!("HasCall") } else { format_ident!("HasRender") };
        let span = entry.callee.ident().span();
        let (own, called) = (local("__mcp_own", span), local("__mcp_presence", span));
        let present = quote_spanned!(span=> {
            let (__mcp_it, __mcp_answer) = (#own, #called);
            __mcp::#kind::assert(&__mcp_it, &__mcp_answer);
        });
        quote!({
            let __mcp_called = #call;
            let __mcp_presence = (&&__mcp::Probe::of(&__mcp_called)).presence();
            #present
            (&&__mcp::Probe::of(&__mcp_called)).waiting().future(__mcp_called).await
        })
    } else {
        call
    };
    let body = quote! {{
        #parse
        #(#inject)*
        #own
        let __mcp_outcome = #outcome;
        match (&&__mcp::Probe::of(&__mcp_outcome)).fallible().split(__mcp_outcome) {
            ::core::result::Result::Ok(__mcp_value) => #finish,
            ::core::result::Result::Err(__mcp_error) => __mcp::FailedAnswer::failed(
                (&&&&__mcp::Probe::of(&__mcp_error)).error().tell(__mcp_error),
            ),
        }
    }};
    let waits = entry.is_async || matches!(entry.callee, Callee::Struct(_));
    let answering = if waits {
        // A future that cannot be sent is told of on the function's name.
        let future = quote_spanned!(entry.callee.ident().span()=> ::std::boxed::Box::pin(async move #body));
        quote!(__mcp::Answering::Later(#future))
    } else {
        // A closure, so that what fails in it is its answer.
        quote!(__mcp::Answering::ready((move || -> ::core::result::Result<#answer, __mcp::ProtocolError> #body)()))
    };
    let (takes, gives) = (quote!(__mcp_input: __mcp::Input), quote!(__mcp::Answering<#answer>));
    if this.is_none() {
        let function = callback(None, &takes, &gives, &answering);
        return quote!(__mcp::Handler::Plain(#function));
    }
    // Each handler keeps the value, and each call.
    let keep = quote!(let __mcp_this = ::std::sync::Arc::clone(&__mcp_this););
    quote!({
        #keep
        __mcp::Handler::Bound(::std::boxed::Box::new(move |#takes| -> #gives {
            #keep
            #answering
        }))
    })
}

/// A parameter's value where the function is called.
fn value(index: usize, param: &Param) -> TokenStream {
    let (slot, injected) = (format_ident!("__mcp_slot_{index}"), format_ident!("__mcp_injected_{index}"));
    match &param.role {
        Role::Context => quote!(&__mcp_input.context),
        Role::Injected { by_reference: true, .. } => quote!(&#injected),
        Role::Injected { by_reference: false, .. } => quote!(#injected),
        Role::Argument(argument) => match &argument.shape {
            Shape::Str => quote!(&*#slot.0),
            Shape::Cow => quote!(#slot.0),
            Shape::OptionStr => quote!(#slot.as_ref().map(|__mcp_text| &*__mcp_text.0)),
            Shape::OptionCow => quote!(#slot.map(|__mcp_text| __mcp_text.0)),
            Shape::Reference(_) => quote!(&#slot),
            Shape::Owned(_) => quote!(#slot),
        },
    }
}

/// `Facts { … }` of an item.
pub(crate) fn facts(spec: &Spec, this: Option<&Type>) -> TokenStream {
    let (name, description) = (&spec.name, &spec.description);
    let option = |value: Option<TokenStream>| {
        value.map_or_else(|| quote!(::core::option::Option::None), |value| quote!(::core::option::Option::Some(#value)))
    };
    let title = option(spec.title.as_ref().map(ToTokens::to_token_stream));
    let deprecated = option(spec.deprecated.as_ref().map(ToTokens::to_token_stream));
    let icons = &spec.icons;
    let meta = if spec.meta.is_empty() {
        quote!(__mcp::no_members)
    } else {
        let members = spec.meta.iter().map(|(key, value)| quote!((#key, __mcp::meta_value(&(#value)))));
        callback(this, &TokenStream::new(), &quote!(__mcp::Members), &quote!(::std::vec![#(#members),*]))
    };
    quote! {
        __mcp::Facts {
            name: #name,
            title: #title,
            description: #description,
            icons: &[#(#icons),*],
            meta: #meta,
            deprecated: #deprecated,
        }
    }
}

/// `vec![("name", completer), …]` of an item's arguments.
pub(crate) fn completers(entry: &Entry) -> TokenStream {
    let completers = entry.params.iter().filter_map(|param| {
        let Role::Argument(argument) = &param.role else { return None };
        let complete = argument.complete.as_ref()?;
        let name = &argument.name;
        let body = match complete {
            syn::Expr::Array(list) => quote!(__mcp::candidates_of(&#list, &__mcp_typed)),
            function => {
                let (typed, context) = (local("__mcp_typed", function.span()), local("__mcp_context", function.span()));
                quote_spanned! {function.span()=> {
                let __mcp_called = #function(#typed.as_str(), &#context);
                let __mcp_found = (&&__mcp::Probe::of(&__mcp_called)).waiting().future(__mcp_called).await;
                __mcp::Candidates::texts(__mcp_found)
            }}
            }
        };
        Some(quote! {
            (#name, ::std::boxed::Box::new(|__mcp_typed: ::std::string::String, __mcp_context: __mcp::Context| -> __mcp::Suggesting {
                ::std::boxed::Box::pin(async move { #body })
            }) as __mcp::Completer)
        })
    });
    quote!(::std::vec![#(#completers),*])
}
