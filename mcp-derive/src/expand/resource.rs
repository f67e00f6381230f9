//! What only a resource has: a URI, a media type, annotations; and a struct that is served as its own value.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

use super::{Slots, completers, facts, handler, needs};
use crate::entry::{Callee, Entry};

pub(super) fn item(entry: &Entry, slots: &Slots<'_>, this: Option<&Type>) -> TokenStream {
    let spec = &entry.spec;
    let Some(uri) = &spec.uri else { return TokenStream::new() };
    let uri = uri.tokens(&quote!(__mcp));
    let option = |value: Option<TokenStream>| {
        value.map_or_else(|| quote!(::core::option::Option::None), |value| quote!(::core::option::Option::Some(#value)))
    };
    let mime = option(spec.mime.as_ref().map(ToTokens::to_token_stream));
    let size = option(spec.size.as_ref().map(ToTokens::to_token_stream));
    let priority = option(spec.priority.as_ref().map(|priority| {
        let value = crate::check::number(priority).unwrap_or_default();
        quote!(#value)
    }));
    let ttl = option(spec.ttl.as_ref().map(ToTokens::to_token_stream));
    let public = option(spec.cache.as_ref().map(|cache| {
        let is_public = cache.value() == "public";
        quote!(#is_public)
    }));
    let is_for = |name: &str| spec.audience.iter().any(|audience| audience.value() == name);
    let (user, assistant) = (is_for("user"), is_for("assistant"));
    let (facts, completers, arguments) = (facts(spec, this), completers(entry), slots.ty());
    let is_plain = slots.are_plain();
    let (needs, handler) = match &entry.callee {
        Callee::Struct(ident) => itself(ident, &mime),
        Callee::Function(_) | Callee::Method { .. } => {
            let finish = quote! {
                match (&&__mcp::Probe::of(&__mcp_value)).optional().present(__mcp_value) {
                    ::core::option::Option::Some(__mcp_value) => ::core::result::Result::Ok(__mcp::ReadResourceResult::new(
                        (&&&__mcp::Probe::of(&__mcp_value)).contents().resource(__mcp_value, __mcp_input.uri(), #mime)?,
                    )),
                    ::core::option::Option::None => {
                        ::core::result::Result::Err(__mcp::ProtocolError::resource_not_found(__mcp_input.uri()))
                    }
                }
            };
            (needs(entry, this), handler(entry, slots, this, &quote!(__mcp::ReadResourceResult), &finish))
        }
    };
    quote! {
        registry.resource(__mcp::ResourceItem {
            facts: #facts,
            uri: #uri,
            mime: #mime,
            size: #size,
            ttl: #ttl,
            public: #public,
            annotations: __mcp::ResourceItem::annotations(#user, #assistant, #priority),
            describe: <#arguments as __mcp::Slots<'_>>::describe,
            needs: #needs,
            is_plain: #is_plain,
            completers: #completers,
            handler: #handler,
        });
    }
}

/// A struct's own value comes from the server's state and is served as it serializes.
fn itself(ident: &proc_macro2::Ident, mime: &TokenStream) -> (TokenStream, TokenStream) {
    let needs = quote!(|needs: &mut __mcp::Needs| needs.state::<#ident>());
    let handler = quote_spanned! {ident.span()=>
        __mcp::Handler::Plain(|__mcp_input: __mcp::Input| -> __mcp::Answering<__mcp::ReadResourceResult> {
            __mcp::Answering::ready((move || -> ::core::result::Result<__mcp::ReadResourceResult, __mcp::ProtocolError> {
                let __mcp_value = <__mcp::State<#ident> as __mcp::FromContext>::from_context(&__mcp_input.context)?;
                let __mcp_probe = __mcp::Probe::<#ident>::new();
                let __mcp_json = (&&__mcp_probe).json();
                __mcp::IsJson::assert(&__mcp_probe, &__mcp_json);
                __mcp_json.contents(&*__mcp_value, __mcp_input.uri(), #mime).map(__mcp::ReadResourceResult::new)
            })())
        })
    };
    (needs, handler)
}
