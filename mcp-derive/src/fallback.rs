//! What to emit when an item is wrong: its errors, and just enough that `server![…]` and the editor do not report it again.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Generics, Item};

use crate::entry::Entry;
use crate::path;

/// An item that registers nothing.
pub(crate) fn item(entry: &Entry, generics: &Generics, errors: &TokenStream) -> TokenStream {
    let private = path::private(entry.spec.krate.as_ref());
    let ident = entry.callee.ident();
    let cfgs = entry.cfg_tokens();
    let known = known_item(ident, generics, &private);
    quote! {
        #errors
        #cfgs
        #known
    }
}

/// Something that cannot be annotated at all, as it was, with what is wrong. Where it has a name that a list could mention,
/// that name stands for an item that registers nothing.
pub(crate) fn foreign(tokens: &TokenStream, error: &syn::Error) -> TokenStream {
    let error = error.to_compile_error();
    let private = path::private(None);
    let known = match syn::parse2::<Item>(tokens.clone()) {
        Ok(Item::Enum(item)) => known_item(&item.ident, &item.generics, &private),
        Ok(Item::Struct(item)) => known_item(&item.ident, &item.generics, &private),
        Ok(Item::Union(item)) => known_item(&item.ident, &item.generics, &private),
        Ok(Item::Const(item)) => standing_for(&item.ident, &private),
        Ok(Item::Static(item)) => standing_for(&item.ident, &private),
        _ => TokenStream::new(),
    };
    quote!(#tokens #error #known)
}

/// A type of a value's name.
fn standing_for(ident: &syn::Ident, private: &TokenStream) -> TokenStream {
    let known = known_item(ident, &Generics::default(), private);
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        struct #ident {}
        #known
    }
}

/// Both ways in which a list can mention a type: by its path, and by a value.
fn known_item(ident: &syn::Ident, generics: &Generics, private: &TokenStream) -> TokenStream {
    let (impl_generics, type_generics, clause) = generics.split_for_impl();
    quote! {
        #[allow(warnings, clippy::all)]
        const _: () = {
            use #private as __mcp;
            impl #impl_generics __mcp::StaticItem for #ident #type_generics #clause {
                const NAMES: __mcp::Names = __mcp::Names { own: &[], parts: &[] };
                fn register(_: &mut __mcp::Registry<'_>) {}
            }
            impl #impl_generics __mcp::Group for #ident #type_generics #clause {
                const NAMES: __mcp::Names = __mcp::Names { own: &[], parts: &[] };
                fn register(self, _: &mut __mcp::Registry<'_>) {}
            }
        };
    }
}
