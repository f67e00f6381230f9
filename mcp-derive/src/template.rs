//! Parses a URI template (RFC 6570) while the user's crate is compiled: everything that is wrong with it is found here, so
//! that the runtime only ever sees templates that work.

use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

use crate::errors::Sink;

/// A template, taken apart.
pub(crate) struct Template {
    pub(crate) text: LitStr,
    parts: Vec<Part>,
    pub(crate) query: Vec<String>,
}

enum Part {
    Literal(String),
    Segment(String),
    Rest(String),
}

impl Template {
    /// Parses the text, or reports what is wrong with it.
    pub(crate) fn parse(text: &LitStr, sink: &Sink) -> Option<Self> {
        let mut template = Self { text: text.clone(), parts: Vec::new(), query: Vec::new() };
        match template.read(&text.value()) {
            Ok(()) => Some(template),
            Err(message) => {
                sink.at(text, message);
                None
            }
        }
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        let Some((scheme, _)) = text.split_once(':') else {
            return Err(format!("`{text}` is no URI: it needs a scheme, as in `note://{{id}}`"));
        };
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        if !is_scheme {
            return Err(format!("`{scheme}` is no URI scheme: letters, digits, `+`, `-` and `.`, a letter first"));
        }
        if let Some(c) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
            return Err(format!("a URI must not contain {c:?}; write it percent-encoded"));
        }
        let mut left = text;
        while !left.is_empty() {
            if let Some(expression) = left.strip_prefix('{') {
                let (expression, after) =
                    expression.split_once('}').ok_or("a `{` is never closed; a variable is `{name}`")?;
                if !self.query.is_empty() {
                    return Err("`{?…}` must be the last part of a template".to_owned());
                }
                self.variable(expression)?;
                left = after;
            } else {
                let end = left.find('{').unwrap_or(left.len());
                let (literal, after) = left.split_at(end);
                if literal.contains('}') {
                    return Err("a `}` has no `{` before it; a variable is `{name}`".to_owned());
                }
                if !self.query.is_empty() {
                    return Err("`{?…}` must be the last part of a template".to_owned());
                }
                self.parts.push(Part::Literal(literal.to_owned()));
                left = after;
            }
        }
        Ok(())
    }

    fn variable(&mut self, expression: &str) -> Result<(), String> {
        if let Some(names) = expression.strip_prefix('?') {
            for name in names.split(',') {
                self.known(name)?;
                self.query.push(name.to_owned());
            }
            return Ok(());
        }
        let (name, is_rest) = match expression.strip_prefix('+') {
            Some(name) => (name, true),
            None => (expression, false),
        };
        self.known(name)?;
        if matches!(self.parts.last(), Some(Part::Segment(_) | Part::Rest(_))) {
            return Err(format!(
                "`{{{expression}}}` follows another variable directly, so that nobody can tell where one ends; put text \
                 between them"
            ));
        }
        if is_rest && self.parts.iter().any(|part| matches!(part, Part::Rest(_))) {
            return Err("a template can have one `{+name}` only; two would be ambiguous".to_owned());
        }
        self.parts.push(if is_rest { Part::Rest(name.to_owned()) } else { Part::Segment(name.to_owned()) });
        Ok(())
    }

    fn known(&self, name: &str) -> Result<(), String> {
        if name.is_empty() {
            return Err("a variable needs a name: `{name}`".to_owned());
        }
        if name.starts_with(['/', '.', '#', ';', '&', '=', '!', '@', '|']) || name.ends_with('*') || name.contains(':')
        {
            return Err(format!(
                "`{{{name}}}` is a form that is not supported; use `{{name}}`, `{{+name}}` or `{{?a,b}}`"
            ));
        }
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')) {
            return Err(format!("`{name}` is no variable name: letters, digits, `_`, `.` and `-`"));
        }
        if self.variables().any(|known| known == name) {
            return Err(format!("the variable `{name}` stands twice; give one of them another name"));
        }
        Ok(())
    }

    /// Every variable's name, in order.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        let path = self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Segment(name) | Part::Rest(name) => Some(name.as_str()),
        });
        path.chain(self.query.iter().map(String::as_str))
    }

    /// Equal for two templates that match the same URIs, whatever their variables are called.
    pub(crate) fn shape(&self) -> String {
        let part = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Segment(_) => "{}".to_owned(),
            Part::Rest(_) => "{+}".to_owned(),
        };
        self.parts.iter().map(part).collect()
    }

    /// The template as a value of the runtime's type.
    pub(crate) fn tokens(&self, private: &TokenStream) -> TokenStream {
        let (text, query) = (&self.text, &self.query);
        let parts = self.parts.iter().map(|part| match part {
            Part::Literal(text) => quote!(#private::Part::Literal(#text)),
            Part::Segment(name) => quote!(#private::Part::Segment(#name)),
            Part::Rest(name) => quote!(#private::Part::Rest(#name)),
        });
        quote!(#private::Template { text: #text, parts: &[#(#parts),*], query: &[#(#query),*] })
    }
}
