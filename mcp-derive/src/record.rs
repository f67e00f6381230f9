//! Structs as items: a `#[tool]` struct is its own argument type and has `call`, a `#[prompt]` struct has `render`, a
//! `#[resource]` struct is served as its own serialized value.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut;
use syn::{Fields, ItemStruct};

use crate::entry::{Callee, Entry, Kind, Spec, cfgs};
use crate::errors::Sink;
use crate::signature::{Role, Shape, Ungrouped, ours, param};
use crate::{check, expand, fallback, path};

pub(crate) fn expand(kind: Kind, keys: TokenStream, mut item: ItemStruct) -> TokenStream {
    if let Some(twice) = expand::annotated_twice(&item.attrs, &item) {
        return twice;
    }
    let sink = Sink::new();
    if !item.generics.params.is_empty() {
        sink.at(&item.generics.params, "a generic struct cannot be served, because nobody says for which types");
    }
    let spec = Spec::read(kind, keys, &item.ident, &item.attrs, &sink);
    let mut params = Vec::new();
    if kind == Kind::Resource {
        if let Some(uri) = &spec.uri
            && let Some(variable) = uri.variables().next()
        {
            sink.at(
                &uri.text,
                format!("a struct is one resource, so its URI has no variables; make a function for `{{{variable}}}`"),
            );
        }
    } else {
        match &mut item.fields {
            Fields::Named(fields) => {
                for field in &mut fields.named {
                    let (attrs, mut theirs) = ours(&field.attrs);
                    let Some(ident) = &field.ident else { continue };
                    Ungrouped.visit_type_mut(&mut field.ty);
                    let found = param(ident, &field.ty, &theirs, &sink);
                    if let Some(found) = &found
                        && let Role::Argument(argument) = &found.role
                        && !matches!(argument.shape, Shape::Owned(_))
                    {
                        sink.at(&field.ty, "a struct outlives the call's frame; own the value, as in `String`");
                    }
                    if let Some(found) = &found
                        && matches!(found.role, Role::Context)
                    {
                        sink.at(&field.ty, "the context is given to `call`; remove the field");
                    }
                    params.extend(found);
                    // Documentation of a field stays; what only this macro understands goes.
                    theirs.retain(|attr| attr.path().is_ident("doc"));
                    theirs.extend(attrs);
                    field.attrs = theirs;
                }
            }
            Fields::Unit => {}
            Fields::Unnamed(fields) => sink.at(&*fields, "arguments need names; use a struct with named fields"),
        }
    }
    let entry = Entry {
        spec,
        callee: Callee::Struct(item.ident.clone()),
        params,
        output: None,
        is_async: false,
        cfgs: cfgs(&item.attrs),
    };
    if kind != Kind::Resource || entry.spec.uri.as_ref().is_some_and(|uri| uri.variables().next().is_none()) {
        check::entry(&entry, &sink);
    }
    let errors = sink.finish();
    let value = (kind == Kind::Resource && errors.is_none()).then(|| by_value(&entry));
    let beside = match errors {
        Some(errors) => fallback::item(&entry, &item.generics, &errors),
        None => expand::static_item(&entry),
    };
    quote!(#item #beside #value)
}

/// A `#[resource]` struct's value can be given to the server directly: `server![Config::load()]`.
fn by_value(entry: &Entry) -> TokenStream {
    let private = path::private(entry.spec.krate.as_ref());
    let (ident, cfgs) = (entry.callee.ident(), entry.cfg_tokens());
    let quiet = expand::quiet();
    quote! {
        #cfgs
        #quiet
        const _: () = {
            use #private as __mcp;
            impl __mcp::Group for #ident {
                const NAMES: __mcp::Names = <#ident as __mcp::StaticItem>::NAMES;
                fn register(self, registry: &mut __mcp::Registry<'_>) {
                    registry.state(::std::sync::Arc::new(self));
                    <#ident as __mcp::StaticItem>::register(registry);
                }
            }
        };
    }
}
