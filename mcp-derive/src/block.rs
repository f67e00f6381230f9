//! `#[serve] impl T { … }`: the annotated methods of a type, whose value can then be given to a server.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Attribute, FnArg, Generics, Ident, Receiver, ReceiverKind, Signature, Type};

use crate::attr::Keys;
use crate::entry::{Callee, Entry, Kind, Spec, cfgs};
use crate::errors::Sink;
use crate::expand::{Slots, first_span, labels, names, output_of, quiet, registration, taken_by_value};
use crate::signature::{Ungrouped, params};
use crate::{check, fallback, path};

/// An `impl` block whose methods' bodies nobody looks into.
struct Block {
    item: syn::ItemImpl,
}

impl Parse for Block {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self { item: input.parse()? })
    }
}

pub(crate) fn expand(keys: TokenStream, tokens: &TokenStream) -> TokenStream {
    let mut item = match syn::parse2::<Block>(tokens.clone()) {
        Ok(block) => block.item,
        Err(error) => {
            let error = match syn::parse2::<syn::Item>(tokens.clone()) {
                Ok(_) => syn::Error::new(
                    first_span(tokens),
                    "`#[serve]` goes on an `impl` block: `#[serve] impl Counter { … }`",
                ),
                Err(_) => error,
            };
            return fallback::foreign(tokens, &error);
        }
    };
    let sink = Sink::new();
    let mut keys = Keys::parse(keys, &sink);
    let krate = keys.path("crate", &sink);
    keys.finish("serve", &sink);
    if let Some((trait_path, _)) = &item.trait_ {
        sink.at(trait_path, "`#[serve]` goes on the type's own `impl` block, not on that of a trait");
    }
    let mut entries = Vec::new();
    for part in &mut item.items {
        if let syn::ImplItem::Fn(function) = part {
            entries.extend(method(&mut function.attrs, &mut function.sig, &sink));
        }
    }
    if entries.is_empty() && !sink.has_errors() {
        sink.at(&item.self_ty, "no method here is annotated with `#[tool]`, `#[resource(\"…\")]` or `#[prompt]`");
    }
    distinct(&entries, &sink);
    let private = path::private(krate.as_ref());
    let beside = match sink.finish() {
        Some(errors) => {
            let group = group(&item.generics, &item.self_ty, &private, &[]);
            quote!(#errors #group)
        }
        None => group(&item.generics, &item.self_ty, &private, &entries),
    };
    quote!(#item #beside)
}

/// Takes the annotation from a method, if it has one.
fn method(attrs: &mut Vec<Attribute>, sig: &mut Signature, sink: &Sink) -> Option<Entry> {
    let mut found: Option<(Kind, Attribute)> = None;
    attrs.retain(|attr| match Kind::of(attr) {
        None => true,
        Some(kind) => {
            if found.is_some() {
                sink.at(attr, "a method is one of tool, resource and prompt; remove one annotation");
            }
            found = Some((kind, attr.clone()));
            false
        }
    });
    let (kind, attr) = found?;
    let keys = match &attr.meta {
        syn::Meta::Path(_) => TokenStream::new(),
        syn::Meta::List(list) => list.tokens.clone(),
        syn::Meta::NameValue(pair) => {
            sink.at(pair, format!("`#[{0}]` takes its keys in parentheses: `#[{0}(…)]`", kind.name()));
            TokenStream::new()
        }
    };
    Ungrouped.visit_signature_mut(sig);
    check::signature(sig, sink);
    let takes_self = receiver(sig, sink);
    let params = params(sig, sink);
    let spec = Spec::read(kind, keys, &sig.ident, attrs, sink);
    if let Some(krate) = &spec.krate {
        sink.at(krate, "`crate` stands on the block: `#[serve(crate = …)]`");
    }
    let entry = Entry {
        spec,
        callee: Callee::Method { ident: sig.ident.clone(), takes_self },
        params,
        output: Some(output_of(&sig.output)),
        is_async: sig.asyncness.is_some(),
        cfgs: cfgs(attrs),
    };
    check::entry(&entry, sink);
    attrs.push(taken_by_value());
    Some(entry)
}

/// Whether a method takes `&self`, the only way many calls can share a value.
fn receiver(sig: &Signature, sink: &Sink) -> bool {
    let Some(FnArg::Receiver(receiver)) = sig.inputs.first() else { return false };
    let Receiver { kind, .. } = receiver;
    match kind {
        ReceiverKind::Reference(_, _, None) => {}
        ReceiverKind::Reference(_, _, Some(_)) => sink.at(
            receiver,
            "calls run at the same time, so a method takes `&self`; keep what changes in a `Mutex` or an atomic",
        ),
        _ => sink.at(receiver, "one value serves many calls, so a method takes `&self`"),
    }
    true
}

fn distinct(entries: &[Entry], sink: &Sink) {
    for (index, entry) in entries.iter().enumerate() {
        for label in labels(&entry.spec) {
            // What a `#[cfg]` switches may well exclude the other; the compiler compares those that remain.
            let clash = entries.iter().take(index).any(|other| {
                entry.spec.kind == other.spec.kind
                    && entry.cfgs.is_empty()
                    && other.cfgs.is_empty()
                    && labels(&other.spec).iter().any(|known| known.key == label.key)
            });
            if clash {
                sink.on(label.span, &label.clash);
            }
        }
    }
}

fn group(generics: &Generics, this: &Type, private: &TokenStream, entries: &[Entry]) -> TokenStream {
    let slots: Vec<Slots<'_>> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| Slots::of(entry, argument_ident(index), generics, Some(this)))
        .collect();
    let definitions = slots.iter().zip(entries).map(|(slots, entry)| with_cfgs(entry, &slots.definition()));
    let names = entries.iter().map(|entry| {
        let (cfgs, names) = (entry.cfg_tokens(), names(&entry.spec));
        // A `#[cfg]` holds for one element, and an item with aliases has several.
        quote!(#cfgs &__mcp::Names { own: &[#names], parts: &[] })
    });
    let registrations = slots.iter().zip(entries).map(|(slots, entry)| {
        let (cfgs, register) = (entry.cfg_tokens(), registration(entry, slots, Some(this)));
        quote!(#cfgs { #register })
    });
    let (impl_generics, _, clause) = generics.split_for_impl();
    let bounds = clause.map(|clause| {
        let predicates = clause.predicates.iter();
        quote!(#(#predicates,)*)
    });
    let sendable = quote_spanned!(this.span()=> #this: ::core::marker::Send + ::core::marker::Sync + 'static);
    let quiet = quiet();
    quote! {
        #quiet
        const _: () = {
            use #private as __mcp;
            use __mcp::traits::*;
            #(#definitions)*
            impl #impl_generics __mcp::Declared for #this #clause {}
            impl #impl_generics __mcp::Group for #this where #bounds #sendable {
                const NAMES: __mcp::Names = __mcp::Names { own: &[], parts: &[#(#names),*] };
                fn register(self, registry: &mut __mcp::Registry<'_>) {
                    let __mcp_this = ::std::sync::Arc::new(self);
                    #(#registrations)*
                }
            }
        };
    }
}

/// Puts `#[cfg]` on each of several items.
fn with_cfgs(entry: &Entry, items: &TokenStream) -> TokenStream {
    let cfgs = entry.cfg_tokens();
    if cfgs.is_empty() {
        return items.clone();
    }
    let Ok(file) = syn::parse2::<syn::File>(items.clone()) else { return items.clone() };
    let items = file.items;
    quote!(#(#cfgs #items)*)
}

fn argument_ident(index: usize) -> Ident {
    format_ident!("__McpArguments{index}")
}
