//! The struct that gathers an item's arguments, a slot each, and what it says of them: names, schema, defaults, bounds.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, ExprRange, GenericParam, Generics, Lit, RangeLimits, Type};

use crate::check::{is_float, is_integer, number};
use crate::entry::Entry;
use crate::path::local;
use crate::signature::{Argument, Role, Shape, is_named, without_self};

/// The arguments of one item.
pub(crate) struct Slots<'e> {
    entry: &'e Entry,
    ident: Ident,
    generics: &'e Generics,
    this: Option<&'e Type>,
}

impl<'e> Slots<'e> {
    /// The slots of an item; for a method, with the generics and the type of its `impl` block.
    pub(crate) fn of(entry: &'e Entry, ident: Ident, generics: &'e Generics, this: Option<&'e Type>) -> Self {
        Self { entry, ident, generics, this }
    }

    /// Each argument with the index of its parameter and of its slot.
    fn arguments(&self) -> impl Iterator<Item = (usize, usize, &'e Argument)> {
        let arguments = self.entry.params.iter().enumerate().filter_map(|(index, param)| match &param.role {
            Role::Argument(argument) => Some((index, argument.as_ref())),
            Role::Context | Role::Injected { .. } => None,
        });
        arguments.enumerate().map(|(slot, (param, argument))| (param, slot, argument))
    }

    fn named(&self, ty: &Type) -> Type {
        self.this.map_or_else(|| ty.clone(), |this| without_self(ty, this))
    }

    /// Whether every argument is a text or a number by the name of its type, so that none is of a closed list of values.
    pub(crate) fn are_plain(&self) -> bool {
        self.arguments().all(|(_, _, argument)| match &argument.shape {
            Shape::Str | Shape::Cow | Shape::OptionStr | Shape::OptionCow => true,
            Shape::Reference(_) | Shape::Owned(_) => {
                let ty = argument.shape.value_type();
                is_named(&ty, "String") || is_integer(&ty) || is_float(&ty)
            }
        })
    }

    /// The type of a slot.
    fn slot_type(&self, shape: &Shape) -> TokenStream {
        match shape {
            Shape::Str | Shape::Cow => quote!(__mcp::Text<'__mcp>),
            Shape::OptionStr | Shape::OptionCow => quote!(::core::option::Option<__mcp::Text<'__mcp>>),
            Shape::Reference(ty) | Shape::Owned(ty) => {
                let ty = self.named(ty);
                quote!(#ty)
            }
        }
    }

    /// What reads a slot and knows its schema.
    fn reader(&self, shape: &Shape) -> TokenStream {
        match shape {
            Shape::Str | Shape::Cow => quote!(__mcp::BorrowedText),
            Shape::OptionStr | Shape::OptionCow => quote!(__mcp::BorrowedOption),
            Shape::Reference(ty) | Shape::Owned(ty) => {
                let ty = self.named(ty);
                quote!((&&&__mcp::Probe::<#ty>::new()).argument())
            }
        }
    }

    /// The type's arguments with this lifetime: `<'__mcp, T>`.
    fn type_arguments(&self, lifetime: &TokenStream) -> TokenStream {
        let params = self.generics.params.iter().map(|param| match param {
            GenericParam::Lifetime(param) => {
                let lifetime = &param.lifetime;
                quote!(#lifetime)
            }
            GenericParam::Type(param) => {
                let ident = &param.ident;
                quote!(#ident)
            }
            GenericParam::Const(param) => {
                let ident = &param.ident;
                quote!(#ident)
            }
        });
        quote!(<#lifetime, #(#params),*>)
    }

    /// The type, as it is named where a handler parses.
    pub(crate) fn ty(&self) -> TokenStream {
        let ident = &self.ident;
        let arguments = self.type_arguments(&quote!('_));
        quote!(#ident::#arguments)
    }

    /// The struct and its implementation.
    pub(crate) fn definition(&self) -> TokenStream {
        let ident = &self.ident;
        let (params, clause) = (&self.generics.params, &self.generics.where_clause);
        let comma = (!params.is_empty() && !params.trailing_punct()).then(|| quote!(,));
        let arguments = self.type_arguments(&quote!('__mcp));
        let types = self.generics.type_params().map(|param| &param.ident);
        let fields = self.arguments().map(|(_, slot, argument)| {
            let (name, ty) = (format_ident!("a{slot}"), self.slot_type(&argument.shape));
            quote!(#name: ::core::option::Option<#ty>)
        });
        let empty = self.arguments().map(|(_, slot, _)| {
            let name = format_ident!("a{slot}");
            quote!(#name: ::core::option::Option::None)
        });
        let names = self.arguments().map(|(_, _, argument)| &argument.name);
        let open = self.entry.spec.ignores_unknown;
        let fill = self.arguments().map(|(_, slot, argument)| {
            let (name, reader) = (format_ident!("a{slot}"), self.reader(&argument.shape));
            quote!(#slot => #reader.fill(__mcp_value, &mut self.#name),)
        });
        let complete = self.arguments().map(|(_, slot, argument)| self.complete(slot, argument));
        let describe = self.arguments().map(|(_, _, argument)| self.describe(argument));
        quote! {
            #[allow(dead_code)]
            struct #ident<'__mcp, #params #comma> #clause {
                #(#fields,)*
                marker: ::core::marker::PhantomData<(&'__mcp (), #(fn(#types),)*)>,
            }
            impl<'__mcp, #params #comma> ::core::default::Default for #ident #arguments #clause {
                fn default() -> Self {
                    Self { #(#empty,)* marker: ::core::marker::PhantomData }
                }
            }
            impl<'__mcp, #params #comma> __mcp::Slots<'__mcp> for #ident #arguments #clause {
                fn names(&self) -> &'static [&'static str] {
                    &[#(#names),*]
                }
                fn is_open(&self) -> bool {
                    #open
                }
                fn fill(
                    &mut self,
                    __mcp_index: usize,
                    __mcp_value: &mut __mcp::Given<'_, '__mcp>,
                ) -> ::core::result::Result<(), __mcp::Misfit> {
                    match __mcp_index {
                        #(#fill)*
                        _ => ::core::result::Result::Ok(()),
                    }
                }
                fn complete(&mut self) -> bool {
                    let mut __mcp_complete = true;
                    #(#complete)*
                    __mcp_complete
                }
                fn describe(__mcp_fields: &mut __mcp::Fields<'_>) {
                    #(#describe)*
                }
            }
        }
    }

    /// Parses the arguments into locals, or answers with what is wrong.
    pub(crate) fn parse(&self, entry_name: &str) -> TokenStream {
        let ty = self.ty();
        let (locals, slots): (Vec<_>, Vec<_>) = self
            .arguments()
            .map(|(param, slot, _)| (format_ident!("__mcp_slot_{param}"), format_ident!("a{slot}")))
            .unzip();
        let read = quote! {
            let mut __mcp_slots = <#ty as ::core::default::Default>::default();
            if let ::core::result::Result::Err(__mcp_bad) = __mcp_input.arguments(&mut __mcp_slots) {
                return __mcp_bad.answer(#entry_name);
            }
        };
        if locals.is_empty() {
            return quote!({ #read });
        }
        let ident = &self.ident;
        // What was borrowed would be kept as long as the function waits, so its scope ends here.
        quote! {
            let #ident { #(#slots: ::core::option::Option::Some(#locals),)* .. } = ({ #read __mcp_slots }) else {
                return __mcp::lost();
            };
        }
    }

    /// The default's value as an expression of the slot's type.
    fn default_value(&self, argument: &Argument) -> Option<TokenStream> {
        let (span, default) = argument.default.as_ref()?;
        let ty = match &argument.shape {
            Shape::Str | Shape::Cow => {
                return Some(match default {
                    None => quote_spanned!(*span=> __mcp::Text(::core::default::Default::default())),
                    Some(default) => {
                        quote_spanned!(default.span()=> __mcp::Text(::std::borrow::Cow::from(#default)))
                    }
                });
            }
            Shape::OptionStr | Shape::OptionCow => return None,
            Shape::Reference(ty) | Shape::Owned(ty) => self.named(ty),
        };
        Some(match default {
            None => quote_spanned!(*span=> <#ty as ::core::default::Default>::default()),
            Some(default @ Expr::Lit(ExprLit { lit: Lit::Str(_), .. }))
                if ["String", "PathBuf", "Box"].iter().any(|name| is_named(&ty, name)) =>
            {
                quote_spanned!(default.span()=> <#ty as ::core::convert::From<_>>::from(#default))
            }
            Some(default) => typed(&ty, default),
        })
    }

    fn complete(&self, slot: usize, argument: &Argument) -> TokenStream {
        let name = format_ident!("a{slot}");
        let fill = if argument.shape.is_option() {
            Some(quote!(::core::option::Option::None))
        } else {
            self.default_value(argument)
        };
        let fill = fill.map(|value| {
            quote! {
                if self.#name.is_none() {
                    self.#name = ::core::option::Option::Some(#value);
                }
            }
        });
        let checks = self.checks(argument);
        let is_full = if checks.is_empty() {
            quote!(self.#name.is_some())
        } else if argument.shape.is_option() {
            quote! {
                match &self.#name {
                    ::core::option::Option::Some(::core::option::Option::Some(__mcp_value)) => true #(&& #checks)*,
                    ::core::option::Option::Some(::core::option::Option::None) => true,
                    ::core::option::Option::None => false,
                }
            }
        } else {
            quote! {
                match &self.#name {
                    ::core::option::Option::Some(__mcp_value) => true #(&& #checks)*,
                    ::core::option::Option::None => false,
                }
            }
        };
        quote! {
            #fill
            __mcp_complete &= #is_full;
        }
    }

    /// Conditions on `__mcp_value`, a reference to the value inside the slot.
    fn checks(&self, argument: &Argument) -> Vec<TokenStream> {
        let mut checks = Vec::new();
        let ty = self.named(&argument.shape.value_type());
        let text = match &argument.shape {
            Shape::Str | Shape::Cow | Shape::OptionStr | Shape::OptionCow => quote!((&*__mcp_value.0)),
            Shape::Reference(_) | Shape::Owned(_) => {
                let span = argument.length.as_ref().map_or_else(
                    || argument.pattern.as_ref().map_or_else(proc_macro2::Span::call_site, Spanned::span),
                    Spanned::span,
                );
                let value = local("__mcp_value", span);
                quote_spanned!(span=> { let __mcp_it = #value; __mcp::IsText::text(__mcp_it) })
            }
        };
        if let Some(Expr::Range(range)) = &argument.range {
            let (start, end) = (range.start.as_deref(), range.end.as_deref());
            let (start, end) = (start.map(|bound| typed(&ty, bound)), end.map(|bound| typed(&ty, bound)));
            let limits = &range.limits;
            let value = local("__mcp_value", range.span());
            checks.push(quote_spanned!(range.span()=> (#start #limits #end).contains(#value)));
        }
        if let Some(length) = &argument.length {
            checks.push(quote_spanned!(length.span()=> (#length).contains(&#text.chars().count())));
        }
        if let Some(items) = &argument.items {
            let value = local("__mcp_value", items.span());
            checks.push(quote_spanned!(items.span()=> (#items).contains(&{ let __mcp_it = #value; __mcp::IsList::count(__mcp_it) })));
        }
        if let Some(pattern) = &argument.pattern {
            checks.push(quote! {{
                static __MCP_PATTERN: __mcp::Pattern = __mcp::Pattern::new(#pattern);
                __MCP_PATTERN.matches(#text)
            }});
        }
        checks
    }

    fn describe(&self, argument: &Argument) -> TokenStream {
        let (name, doc) = (&argument.name, &argument.doc);
        let reader = self.reader(&argument.shape);
        let need = if argument.is_optional() { quote!(Optional) } else { quote!(Required) };
        let ty = self.named(&argument.shape.value_type());
        let mut with = Vec::new();
        if argument.shape.is_option() {
            // Absent means `None`, which needs no saying.
        } else if let Some(value) = self.default_value(argument) {
            with.push(keyword("default", &value));
        }
        if let Some(Expr::Range(range)) = &argument.range {
            with.extend(range_keywords(range, &ty));
        }
        if let Some(Expr::Range(range)) = &argument.length {
            with.extend(count_keywords(range, "minLength", "maxLength"));
        }
        if let Some(Expr::Range(range)) = &argument.items {
            with.extend(count_keywords(range, "minItems", "maxItems"));
        }
        if let Some(pattern) = &argument.pattern {
            with.push(keyword("pattern", &quote!(#pattern)));
        }
        if let Some(header) = &argument.header {
            with.push(keyword("x-mcp-header", &quote!(#header)));
        }
        for example in &argument.examples {
            with.push(keyword("examples", &quote!([#example])));
        }
        quote! {{
            let __mcp_schema = #reader.schema(__mcp_fields.generator());
            __mcp_fields.add(#name, #doc, __mcp::Need::#need, __mcp_schema) #(#with)* .end();
        }}
    }
}

/// `.with("keyword", value)`, where the value may turn out not to be serializable.
fn keyword(name: &str, value: &TokenStream) -> TokenStream {
    quote! {
        .with(#name, { let __mcp_it = #value; (&&__mcp::Probe::of(&__mcp_it)).json().value(&__mcp_it) })
    }
}

fn range_keywords(range: &ExprRange, ty: &Type) -> Vec<TokenStream> {
    let mut with = Vec::new();
    if let Some(start) = &range.start {
        with.push(keyword("minimum", &typed(ty, start)));
    }
    if let Some(end) = &range.end {
        let end = typed(ty, end);
        with.push(match range.limits {
            RangeLimits::Closed(_) => keyword("maximum", &end),
            RangeLimits::HalfOpen(_) if is_integer(ty) => keyword("maximum", &quote!(#end.saturating_sub(1))),
            RangeLimits::HalfOpen(_) => keyword("exclusiveMaximum", &end),
        });
    }
    with
}

fn count_keywords(range: &ExprRange, least: &str, most: &str) -> Vec<TokenStream> {
    let mut with = Vec::new();
    if let Some(start) = &range.start {
        with.push(keyword(least, &quote!({ let __mcp_bound: usize = #start; __mcp_bound })));
    }
    if let Some(end) = &range.end {
        let bound = quote!({ let __mcp_bound: usize = #end; __mcp_bound });
        with.push(match range.limits {
            RangeLimits::Closed(_) => keyword(most, &bound),
            RangeLimits::HalfOpen(_) => keyword(most, &quote!(#bound.saturating_sub(1))),
        });
    }
    with
}

/// An expression with its type said; a whole number may stand for a float.
fn typed(ty: &Type, expr: &Expr) -> TokenStream {
    if is_float(ty)
        && let Some(value) = number(expr)
    {
        let value = proc_macro2::Literal::f64_unsuffixed(value.abs());
        let sign = number(expr).filter(|value| *value < 0.0).map(|_| quote!(-));
        return quote_spanned!(expr.span()=> { let __mcp_typed: #ty = #sign #value; __mcp_typed });
    }
    quote_spanned!(expr.span()=> { let __mcp_typed: #ty = #expr; __mcp_typed })
}
