//! Where generated code finds the runtime: `::mcp_runtime::__private`, unless `crate = …` says otherwise.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::Path;

/// The module that generated code names.
pub(crate) fn private(krate: Option<&Path>) -> TokenStream {
    match krate {
        Some(path) => quote!(#path::__private),
        None => quote!(::mcp_runtime::__private),
    }
}

/// The name of a local of ours at the place of a token of the user's. It must not take the token's hygiene as well: where
/// `macro_rules!` made the token, one local would have two identities. Names of items need no such care.
pub(crate) fn local(name: &str, span: Span) -> Ident {
    Ident::new(name, Span::call_site().located_at(span))
}
