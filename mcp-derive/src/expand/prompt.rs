//! What only a prompt has: it is rendered to messages.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::{Slots, completers, facts, handler, needs};
use crate::entry::Entry;
use crate::path::local;

pub(super) fn item(entry: &Entry, slots: &Slots<'_>, this: Option<&Type>) -> TokenStream {
    let spec = &entry.spec;
    let (facts, needs, completers) = (facts(spec, this), needs(entry, this), completers(entry));
    let (open, is_plain) = (spec.ignores_unknown, slots.are_plain());
    let arguments = slots.ty();
    let span = entry.output.as_ref().map_or_else(
        || entry.callee.ident().span(),
        |output| {
            crate::signature::first_argument(output)
                .filter(|_| crate::signature::is_named(output, "Result"))
                .unwrap_or_else(|| output.clone())
                .span()
        },
    );
    let value = local("__mcp_value", span);
    let finish = quote_spanned!(span=> { let __mcp_it = #value; ::core::result::Result::Ok(__mcp::IntoPrompt::into_prompt(__mcp_it)) });
    let handler = handler(entry, slots, this, &quote!(__mcp::GetPromptResult), &finish);
    quote! {
        registry.prompt(__mcp::PromptItem {
            facts: #facts,
            open: #open,
            describe: <#arguments as __mcp::Slots<'_>>::describe,
            needs: #needs,
            is_plain: #is_plain,
            completers: #completers,
            handler: #handler,
        });
    }
}
