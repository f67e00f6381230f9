//! The grammar inside an attribute: `"text", flag, key = value, key(…)`. Every key keeps its span. What the keys mean is
//! decided by whoever takes them; what nobody took is unknown.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit, LitStr, Token};

use crate::errors::Sink;

/// The keys of one attribute.
pub(crate) struct Keys {
    /// A text that stands first without a key.
    pub(crate) text: Option<LitStr>,
    pairs: Vec<Key>,
    taken: Vec<&'static str>,
}

struct Key {
    name: Ident,
    value: Value,
}

enum Value {
    Flag,
    Expr(Expr),
    List(TokenStream),
}

impl Keys {
    pub(crate) fn none() -> Self {
        Self { text: None, pairs: Vec::new(), taken: Vec::new() }
    }

    /// Reads an attribute's tokens; a key that cannot be read is reported and passed over.
    pub(crate) fn parse(tokens: TokenStream, sink: &Sink) -> Self {
        let mut keys = Self::none();
        for (index, part) in split(tokens).into_iter().enumerate() {
            if index == 0
                && let Ok(text) = syn::parse2::<LitStr>(part.clone())
            {
                keys.text = Some(text);
                continue;
            }
            match key.parse2(part) {
                Ok(key) => keys.pairs.push(key),
                Err(error) => sink.add(error),
            }
        }
        let mut seen: Vec<&Ident> = Vec::new();
        for key in &keys.pairs {
            if seen.contains(&&key.name) {
                sink.at(&key.name, format!("`{}` stands twice; keep one", key.name));
            }
            seen.push(&key.name);
        }
        keys
    }

    /// Adds the keys of a further attribute of the same kind.
    pub(crate) fn merge(&mut self, other: Self, sink: &Sink) {
        for key in other.pairs {
            if self.pairs.iter().any(|known| known.name == key.name) {
                sink.at(&key.name, format!("`{}` stands twice; keep one", key.name));
            } else {
                self.pairs.push(key);
            }
        }
    }

    /// Where a key stands that is yet to be taken.
    pub(crate) fn span(&self, name: &str) -> Option<Span> {
        self.pairs.iter().find(|key| key.name == name).map(|key| key.name.span())
    }

    /// Takes a key that does not exist out of the list, to tell more about it than that it is unknown.
    pub(crate) fn stray(&mut self, name: &str) -> Option<Ident> {
        let index = self.pairs.iter().position(|key| key.name == name)?;
        Some(self.pairs.swap_remove(index).name)
    }

    fn take(&mut self, name: &'static str) -> Option<Key> {
        self.taken.push(name);
        let index = self.pairs.iter().position(|key| key.name == name)?;
        Some(self.pairs.swap_remove(index))
    }

    /// `key = "text"`.
    pub(crate) fn string(&mut self, name: &'static str, sink: &Sink) -> Option<LitStr> {
        let key = self.take(name)?;
        match key.value {
            Value::Expr(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => return Some(text),
            Value::Expr(other) => sink.at(&other, format!("`{name}` takes a string literal: `{name} = \"…\"`")),
            Value::Flag | Value::List(_) => sink.at(&key.name, format!("`{name}` takes a value: `{name} = \"…\"`")),
        }
        None
    }

    /// `key`, `key = true` or `key = false`.
    pub(crate) fn boolean(&mut self, name: &'static str, sink: &Sink) -> Option<bool> {
        let key = self.take(name)?;
        match key.value {
            Value::Flag => return Some(true),
            Value::Expr(Expr::Lit(ExprLit { lit: Lit::Bool(value), .. })) => return Some(value.value),
            Value::Expr(other) => {
                sink.at(&other, format!("`{name}` is `true` or `false`; `{name}` alone means `true`"));
            }
            Value::List(_) => sink.at(&key.name, format!("`{name}` takes no list; `{name}` alone means `true`")),
        }
        None
    }

    /// `key = expression`.
    pub(crate) fn expr(&mut self, name: &'static str, sink: &Sink) -> Option<Expr> {
        let key = self.take(name)?;
        match key.value {
            Value::Expr(expr) => return Some(expr),
            Value::Flag | Value::List(_) => sink.at(&key.name, format!("`{name}` takes a value: `{name} = …`")),
        }
        None
    }

    /// `key` or `key = expression`: the inner value is absent for a bare key.
    pub(crate) fn optional_expr(&mut self, name: &'static str, sink: &Sink) -> Option<(Span, Option<Expr>)> {
        let key = self.take(name)?;
        match key.value {
            Value::Flag => Some((key.name.span(), None)),
            Value::Expr(expr) => Some((key.name.span(), Some(expr))),
            Value::List(_) => {
                sink.at(&key.name, format!("`{name}` takes no list; write `{name}` or `{name} = …`"));
                None
            }
        }
    }

    /// `key = "text"` or `key = ["text", …]`.
    pub(crate) fn strings(&mut self, name: &'static str, sink: &Sink) -> Vec<LitStr> {
        let Some(expr) = self.expr(name, sink) else { return Vec::new() };
        let items = match expr {
            Expr::Array(array) => array.elems.into_iter().collect(),
            single => vec![single],
        };
        let mut texts = Vec::new();
        for item in items {
            match item {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => texts.push(text),
                other => {
                    sink.at(&other, format!("`{name}` takes string literals: `{name} = \"…\"` or `[\"…\", \"…\"]`"));
                }
            }
        }
        texts
    }

    /// `key("name" = expression, …)`.
    pub(crate) fn members(&mut self, name: &'static str, sink: &Sink) -> Vec<(LitStr, Expr)> {
        let Some(key) = self.take(name) else { return Vec::new() };
        let Value::List(list) = key.value else {
            sink.at(&key.name, format!("`{name}` takes members: `{name}(\"com.example/key\" = value)`"));
            return Vec::new();
        };
        let member = |input: ParseStream<'_>| {
            let name: LitStr = input.parse().map_err(|error| {
                syn::Error::new(error.span(), "a member has a text as its key: `\"com.example/key\" = value`")
            })?;
            if input.is_empty() {
                let text = name.value();
                return Err(syn::Error::new(name.span(), format!("this member lacks its value: `\"{text}\" = …`")));
            }
            input.parse::<Token![=]>()?;
            Ok((name, ungrouped(input.parse()?)))
        };
        let mut members = Vec::new();
        for part in split(list) {
            match member.parse2(part) {
                Ok(member) => members.push(member),
                Err(error) => sink.add(error),
            }
        }
        members
    }

    /// `key = path`.
    pub(crate) fn path(&mut self, name: &'static str, sink: &Sink) -> Option<syn::Path> {
        let expr = self.expr(name, sink)?;
        match syn::parse2(expr.to_token_stream()) {
            Ok(path) => Some(path),
            Err(_) => {
                sink.at(&expr, format!("`{name}` takes a path: `{name} = ::some::path`"));
                None
            }
        }
    }

    /// Reports every key that nobody took, with the nearest one that exists.
    pub(crate) fn finish(self, attribute: &str, sink: &Sink) {
        for key in &self.pairs {
            if self.taken.iter().any(|taken| key.name == taken) {
                continue;
            }
            let name = key.name.to_string();
            let hint = match nearest(&name, self.taken.iter().copied()) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("known keys are {}", list(&self.taken)),
            };
            sink.at(&key.name, format!("unknown key `{name}` in `#[{attribute}]`; {hint}"));
        }
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Splits at top-level commas, so that one unreadable key does not hide the others.
fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = Vec::new();
    let mut part = TokenStream::new();
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => {
                if !part.is_empty() {
                    parts.push(std::mem::take(&mut part));
                }
            }
            _ => part.extend([token]),
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

fn key(input: ParseStream<'_>) -> syn::Result<Key> {
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        return Err(syn::Error::new(text.span(), "a text without a key can only stand first, as a resource's URI"));
    }
    let name = Ident::parse_any(input)
        .map_err(|error| syn::Error::new(error.span(), "expected a key such as `name = \"…\"`"))?;
    let value = if input.is_empty() {
        Value::Flag
    } else if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if input.is_empty() {
            return Err(syn::Error::new(name.span(), format!("`{name}` lacks its value: `{name} = …`")));
        }
        Value::Expr(ungrouped(input.parse()?))
    } else if input.peek(syn::token::Paren) {
        let content;
        syn::parenthesized!(content in input);
        Value::List(content.parse()?)
    } else {
        return Err(syn::Error::new(input.span(), format!("expected `,` or `=` after `{name}`")));
    };
    if !input.is_empty() {
        return Err(syn::Error::new(input.span(), "expected `,`"));
    }
    Ok(Key { name, value })
}

/// Without the invisible brackets in which `macro_rules!` hands on an expression.
pub(crate) fn ungrouped(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => ungrouped(*group.expr),
        other => other,
    }
}

/// The known name that was probably meant.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|known| (strsim::osa_distance(&name.to_lowercase(), known), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= 1 + known.chars().count() / 3)
        .map(|(_, known)| known)
}

/// The span of an expression as a whole, for errors.
pub(crate) fn span_of(tokens: &impl ToTokens) -> Span {
    tokens.to_token_stream().span()
}
