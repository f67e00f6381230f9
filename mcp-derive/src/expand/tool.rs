//! What only a tool has: hints, aliases, an output schema.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::{Slots, callback, facts, handler, named, needs};
use crate::entry::{Entry, Tasking};
use crate::path::local;
use crate::signature::without_lifetimes;

pub(super) fn item(entry: &Entry, slots: &Slots<'_>, this: Option<&Type>) -> TokenStream {
    let spec = &entry.spec;
    let hint = |value: Option<bool>| match value {
        None => quote!(::core::option::Option::None),
        Some(value) => quote!(::core::option::Option::Some(#value)),
    };
    let (read_only, destructive) = (hint(spec.read_only), hint(spec.destructive));
    let (idempotent, open_world) = (hint(spec.idempotent), hint(spec.open_world));
    let (facts, needs, aliases, open) = (facts(spec, this), needs(entry, this), &spec.aliases, spec.ignores_unknown);
    let tasking = match spec.tasking {
        None => quote!(Never),
        Some((Tasking::Always, _)) => quote!(Always),
        Some((Tasking::Required, _)) => quote!(Required),
        Some((Tasking::Later, _)) => quote!(Later),
    };
    let arguments = slots.ty();
    let finish = quote!((&&&__mcp::Probe::of(&__mcp_value)).output().tool_result(__mcp_value));
    let handler = handler(entry, slots, this, &quote!(__mcp::CallToolResult), &finish);
    let output = output(entry, this);
    quote! {
        registry.tool(const { &__mcp::ToolItem {
            facts: #facts,
            aliases: &[#(#aliases),*],
            read_only: #read_only,
            destructive: #destructive,
            idempotent: #idempotent,
            open_world: #open_world,
            tasking: __mcp::Tasking::#tasking,
            open: #open,
            describe: <#arguments as __mcp::Slots<'_>>::describe,
            output: #output,
            needs: #needs,
        } }, #handler);
    }
}

/// What makes the output schema.
fn output(entry: &Entry, this: Option<&Type>) -> TokenStream {
    let probe = match &entry.output {
        Some(ty) => {
            let ty = without_lifetimes(&named(ty, this));
            quote!(__mcp::Probe::<#ty>::new())
        }
        // The method's signature is not seen, so its type is inferred from a call that never happens.
        None => {
            let ident = entry.callee.ident();
            quote_spanned!(ident.span()=> (&&__mcp::Probe::returned(
                |mut __mcp_item: #ident| __mcp_item.call(__mcp::no_context())
            )).waiting().awaited())
        }
    };
    let assert = entry.output.is_none().then(|| {
        let ident = entry.callee.ident();
        quote_spanned! {ident.span()=>
            __mcp::IsOutput::assert(&__mcp_value, &(), &(&&&__mcp_value).output());
            let __mcp_error = __mcp_outcome.failure();
            __mcp::IsError::assert(&__mcp_error, &(&&&&__mcp_error).error());
        }
    });
    let span = entry.output.as_ref().map_or_else(|| entry.callee.ident().span(), Spanned::span);
    let generator = local("__mcp_generator", span);
    let body = quote_spanned! {span=>
        let __mcp_outcome = (&&#probe).fallible();
        let __mcp_value = __mcp_outcome.success();
        #assert
        (&&&__mcp_value).output().output_schema(#generator)
    };
    let takes = quote!(__mcp_generator: &mut __mcp::schemars::SchemaGenerator);
    callback(this, &takes, &quote!(__mcp::schemars::Schema), &body)
}
