//! The root of `mcp-expand`: what the macros do, as functions from tokens to tokens. A crate of macros can export nothing
//! else, so its modules are compiled once more, into a crate of functions, for `cargo mcp expand` and the tests. A user's
//! server depends on the macros alone.

use proc_macro2::{Span, TokenStream};
use syn::LitStr;

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

/// What `#[tool(keys)]` makes of an item.
pub fn tool(keys: TokenStream, item: &TokenStream) -> TokenStream {
    expand::item(Kind::Tool, keys, item)
}

/// What `#[resource(keys)]` makes of an item.
pub fn resource(keys: TokenStream, item: &TokenStream) -> TokenStream {
    expand::item(Kind::Resource, keys, item)
}

/// What `#[prompt(keys)]` makes of an item.
pub fn prompt(keys: TokenStream, item: &TokenStream) -> TokenStream {
    expand::item(Kind::Prompt, keys, item)
}

/// What `#[serve(keys)]` makes of an `impl` block.
pub fn serve(keys: TokenStream, item: &TokenStream) -> TokenStream {
    block::expand(keys, item)
}

/// What `server![items]` is.
pub fn server(items: TokenStream) -> TokenStream {
    list::server(items)
}

/// What `group![items]` is.
pub fn group(items: TokenStream) -> TokenStream {
    list::group(items)
}

/// A URI template's variables in order, each with whether it is in the query.
///
/// # Errors
///
/// What is wrong with the template, as errors of the compiler.
pub fn variables(template: &str) -> Result<Vec<(String, bool)>, TokenStream> {
    let sink = errors::Sink::new();
    let parsed = template::Template::parse(&LitStr::new(template, Span::call_site()), &sink);
    match (parsed, sink.finish()) {
        (Some(parsed), None) => {
            let is_query = |name: &str| parsed.query.iter().any(|known| known == name);
            Ok(parsed.variables().map(|name| (name.to_owned(), is_query(name))).collect())
        }
        (_, errors) => Err(errors.unwrap_or_default()),
    }
}
