//! stub
use proc_macro::TokenStream;
/// stub
#[proc_macro_attribute] pub fn tool(_: TokenStream, item: TokenStream) -> TokenStream { item }
/// stub
#[proc_macro_attribute] pub fn resource(_: TokenStream, item: TokenStream) -> TokenStream { item }
/// stub
#[proc_macro_attribute] pub fn prompt(_: TokenStream, item: TokenStream) -> TokenStream { item }
/// stub
#[proc_macro] pub fn server(_: TokenStream) -> TokenStream { TokenStream::new() }
/// stub
#[proc_macro] pub fn group(_: TokenStream) -> TokenStream { TokenStream::new() }
