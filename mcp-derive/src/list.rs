//! `server![…]` and `group![…]`: named items and values that are groups, each perhaps under a `#[cfg]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Path, Token};

use crate::path;
use crate::path::local;

/// `server![…]`: a server of these items, with the name and version of the user's package.
pub(crate) fn server(tokens: TokenStream) -> TokenStream {
    expand(tokens, |private, group| {
        quote! {
            #private::Server::new(
                #group,
                #private::package(
                    ::core::option_env!("CARGO_PKG_NAME"),
                    ::core::option_env!("CARGO_PKG_VERSION"),
                    ::core::option_env!("CARGO_PKG_DESCRIPTION"),
                    ::core::option_env!("CARGO_PKG_HOMEPAGE"),
                ),
            )
        }
    })
}

/// `group![…]`: several items as one value.
pub(crate) fn group(tokens: TokenStream) -> TokenStream {
    expand(tokens, |_, group| group)
}

struct List {
    krate: Option<Path>,
    items: Punctuated<Item, Token![,]>,
}

struct Item {
    cfgs: Vec<Attribute>,
    expr: Expr,
    is_value: bool,
}

impl Parse for List {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut krate = None;
        if input.peek(Token![crate]) && input.peek2(Token![=]) {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            krate = Some(input.parse()?);
            if !input.is_empty() {
                input.parse::<Token![;]>().map_err(|error| {
                    syn::Error::new(error.span(), "expected `;` after the crate's path: `server![crate = mcp; add]`")
                })?;
            }
        }
        Ok(Self { krate, items: Punctuated::parse_terminated(input)? })
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        if let Some(other) = attrs.iter().find(|attr| !attr.path().is_ident("cfg")) {
            return Err(syn::Error::new(other.span(), "only `#[cfg(…)]` can stand on an item here"));
        }
        let expr = match input.parse()? {
            // Says that a name is that of a value: of a local variable, or of a unit struct.
            Expr::Paren(inner) => return Ok(Self { cfgs: attrs, expr: *inner.expr, is_value: true }),
            expr => expr,
        };
        Ok(Self { cfgs: attrs, expr, is_value: false })
    }
}

impl Item {
    /// The path of an item that is known by its type; anything else is a value.
    fn path(&self) -> Option<&Path> {
        match &self.expr {
            Expr::Path(path) if !self.is_value && path.qself.is_none() && path.attrs.is_empty() => Some(&path.path),
            _ => None,
        }
    }
}

fn expand(tokens: TokenStream, finish: impl FnOnce(&TokenStream, TokenStream) -> TokenStream) -> TokenStream {
    let list = match List::parse.parse2(tokens) {
        Ok(list) => list,
        Err(error) => return error.to_compile_error(),
    };
    let private = path::private(list.krate.as_ref());
    let mut earlier: Vec<TokenStream> = Vec::new();
    let mut steps = Vec::new();
    for item in &list.items {
        let cfgs: TokenStream = item.cfgs.iter().map(ToTokens::to_token_stream).collect();
        let value = match item.path() {
            Some(path) => {
                let names = quote_spanned!(path.span()=> <#path as #private::StaticItem>::NAMES);
                if !earlier.is_empty() {
                    let earlier = &earlier;
                    steps.push(quote_spanned!(path.span()=> #cfgs const _: () = #names.assert_new(&[#(#earlier),*]);));
                }
                earlier.push(quote!(#cfgs #names));
                quote_spanned!(path.span()=> <#path as #private::StaticItem>::item())
            }
            None => {
                let value = &item.expr;
                steps.push(quote!(#cfgs let __mcp_value = #value;));
                let given = local("__mcp_value", value.span());
                quote_spanned! {value.span()=> {
                    use #private as __mcp;
                    use __mcp::traits::*;
                    let __mcp_it = #given;
                    let __mcp_probe = __mcp::Probe::of(&__mcp_it);
                    let __mcp_group = (&&&__mcp_probe).group();
                    __mcp::IsGroup::assert(&__mcp_probe, &__mcp_group);
                    __mcp_group.given(__mcp_it)
                }}
            }
        };
        steps.push(quote!(#cfgs let __mcp_items = #private::Pair(__mcp_items, #value);));
    }
    let group = finish(&private, quote!(__mcp_items));
    quote! {{
        let __mcp_items = #private::Empty;
        #(#steps)*
        #group
    }}
}
