//! What the compiler is asked about the types of an item, so that it says what is wrong where it stands.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::named;
use crate::entry::{Entry, Kind};
use crate::path::local;
use crate::signature::{Role, Shape, first_argument, is_named, type_arguments, without_lifetimes};

/// Each type's one assertion, on the tokens of that type.
pub(super) fn assertions(entry: &Entry, this: Option<&Type>) -> TokenStream {
    let arguments = entry.params.iter().filter_map(|param| {
        let Role::Argument(argument) = &param.role else { return None };
        let (Shape::Owned(ty) | Shape::Reference(ty)) = &argument.shape else { return None };
        let bound = if entry.spec.kind == Kind::Tool { "IsArgument" } else { "IsVariable" };
        // Of `&T`, `T` is what lacks something.
        let shown = match &param.ty {
            Type::Reference(reference) => reference.elem.as_ref(),
            other => other,
        };
        Some(assertion(bound, "argument", shown, Some(ty), this))
    });
    let output = entry.output.as_ref().map(|output| {
        let ty = without_lifetimes(&named(output, this));
        let parts = type_arguments(output);
        let part = |index: usize| parts.get(index).filter(|_| is_named(output, "Result")).unwrap_or(output);
        let (success, failure) = (part(0), part(1).span());
        let value = match entry.spec.kind {
            Kind::Tool => assertion("IsOutput", "output", success, None, this),
            Kind::Resource => {
                let content = first_argument(success).filter(|_| is_named(success, "Option"));
                let assertion = assertion("IsContents", "contents", content.as_ref().unwrap_or(success), None, this);
                quote!(let __mcp_probe = (&&__mcp_probe).optional().content(); #assertion)
            }
            // `IntoPrompt` is asked for where the value is converted.
            Kind::Prompt => TokenStream::new(),
        };
        let error_local = local("__mcp_error", failure);
        let error = quote_spanned!(failure=> {
            let __mcp_it = #error_local;
            __mcp::IsError::assert(&__mcp_it, &(&&&&__mcp_it).error());
        });
        quote! {{
            let __mcp_outcome = (&&__mcp::Probe::<#ty>::new()).fallible();
            let __mcp_error = __mcp_outcome.failure();
            let __mcp_probe = __mcp_outcome.success();
            #value
            #error
        }}
    });
    quote!(#(#arguments)* #output)
}

/// Asserts on `shown`'s tokens that `__mcp_probe`'s type, or else the one given, can be used. Where it is a list of others
/// or one that may be absent, what is inside is asserted first, and an error there is the only one.
fn assertion(bound: &str, question: &str, shown: &Type, probed: Option<&Type>, this: Option<&Type>) -> TokenStream {
    let span = shown.span();
    let (bound_ident, question_ident) = (Ident::new(bound, span), Ident::new(question, span));
    let probe_local = local("__mcp_probe", span);
    let probe = match probed {
        Some(ty) => {
            let ty = without_lifetimes(&named(ty, this));
            quote_spanned!(span=> __mcp::Probe::<#ty>::new())
        }
        None => probe_local.to_token_stream(),
    };
    let inside = first_argument(shown).filter(|_| is_named(shown, "Vec") || is_named(shown, "Option"));
    let (before, inner) = match &inside {
        Some(inside) => {
            let ty = without_lifetimes(&named(inside, this));
            let before = assertion(bound, question, inside, Some(inside), this);
            (before, quote_spanned!(span=> (&&&__mcp::Probe::<#ty>::new()).#question_ident()))
        }
        None => (TokenStream::new(), quote_spanned!(span=> ())),
    };
    quote_spanned! {span=>
        #before
        {
            let __mcp_it = #probe;
            __mcp::#bound_ident::assert(&__mcp_it, &#inner, &(&&&__mcp_it).#question_ident());
        }
    }
}
