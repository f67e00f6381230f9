//! Where generated code finds the runtime: `::mcp_runtime::__private`, unless `crate = …` says otherwise.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

/// The module that generated code names.
pub(crate) fn private(krate: Option<&Path>) -> TokenStream {
    match krate {
        Some(path) => quote!(#path::__private),
        None => quote!(::mcp_runtime::__private),
    }
}
