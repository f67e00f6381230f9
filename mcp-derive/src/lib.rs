//! The macros of `mcp-runtime`. Users name them through that crate, which also documents them; here are only the shims.

use proc_macro::TokenStream;

mod errors;

mod attr;
mod docs;
mod path;
mod template;

mod signature;

mod entry;

mod check;

mod expand;
mod fallback;

mod block;
mod list;
mod record;

use entry::Kind;

/// See `mcp_runtime::tool`.
#[proc_macro_attribute]
pub fn tool(keys: TokenStream, item: TokenStream) -> TokenStream {
    expand::item(Kind::Tool, keys.into(), &item.into()).into()
}

/// See `mcp_runtime::resource`.
#[proc_macro_attribute]
pub fn resource(keys: TokenStream, item: TokenStream) -> TokenStream {
    expand::item(Kind::Resource, keys.into(), &item.into()).into()
}

/// See `mcp_runtime::prompt`.
#[proc_macro_attribute]
pub fn prompt(keys: TokenStream, item: TokenStream) -> TokenStream {
    expand::item(Kind::Prompt, keys.into(), &item.into()).into()
}

/// See `mcp_runtime::serve`. It is not called `server`, because Rust keeps attributes and function-like macros of one crate
/// in one namespace.
#[proc_macro_attribute]
pub fn serve(keys: TokenStream, item: TokenStream) -> TokenStream {
    block::expand(keys.into(), &item.into()).into()
}

/// See `mcp_runtime::server`.
#[proc_macro]
pub fn server(items: TokenStream) -> TokenStream {
    list::server(items.into()).into()
}

/// See `mcp_runtime::group`.
#[proc_macro]
pub fn group(items: TokenStream) -> TokenStream {
    list::group(items.into()).into()
}
