//! Doc comments as descriptions: what a model reads is what stands above the item.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use crate::attr::ungrouped;

/// The text of an item's doc comments. Lines of one paragraph stay lines, paragraphs stay apart.
pub(crate) fn text(attrs: &[Attribute]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("doc")) {
        let Meta::NameValue(pair) = &attr.meta else { continue };
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = ungrouped(pair.value.clone()) else { continue };
        lines.extend(text.value().lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()));
        if text.value().is_empty() {
            lines.push(String::new());
        }
    }
    lines.join("\n").trim().to_owned()
}
