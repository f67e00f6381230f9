//! What to emit when an item is wrong: its errors, and just enough that `server![…]` and the editor do not report it again.

use proc_macro2::TokenStream;
use quote::quote;

use crate::entry::Entry;
use crate::path;

/// An item that registers nothing.
pub(crate) fn item(entry: &Entry, errors: TokenStream) -> TokenStream {
    let private = path::private(entry.spec.krate.as_ref());
    let ident = entry.callee.ident();
    let cfgs = entry.cfg_tokens();
    quote! {
        #errors
        #cfgs
        #[allow(warnings, clippy::all)]
        const _: () = {
            use #private as __mcp;
            impl __mcp::StaticItem for #ident {
                const NAMES: __mcp::Names = __mcp::Names { own: &[], parts: &[] };
                fn register(_: &mut __mcp::Registry) {}
            }
        };
    }
}
