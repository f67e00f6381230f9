//! The annotated items of a package, found in its source: what `#[tool]` and the other macros stand on, and with which keys.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::spanned::Spanned as _;
use syn::visit_mut::{VisitMut, visit_macro_mut};
use syn::{Attribute, Item, Meta};

use crate::error::Failure;
use crate::print::visible;

/// The most files of one package.
const FILES: usize = 10_000;

/// An annotated item.
pub(crate) struct Annotated {
    /// The macro: `tool`, `resource`, `prompt`, `serve`, `server` or `group`.
    pub(crate) kind: &'static str,
    /// The item's own name.
    pub(crate) name: String,
    /// What clients see of it: kind and name, several for an `impl` block.
    pub(crate) serves: Vec<(&'static str, String)>,
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
    /// The URIs and URI templates that it answers to.
    pub(crate) uris: Vec<String>,
    keys: TokenStream,
    tokens: TokenStream,
}

/// A file of the package, with the number of bytes before what syn counts from.
pub(crate) struct Text {
    pub(crate) path: PathBuf,
    pub(crate) content: String,
    pub(crate) skipped: usize,
}

/// A module as it is written, in a file of its own or inside another.
pub(crate) struct Module {
    /// Which of the package's files it is in.
    pub(crate) file: usize,
    pub(crate) items: Vec<Item>,
    /// Under which conditions it is compiled: each `#[cfg(…)]` on the way to it.
    pub(crate) conditions: Vec<String>,
}

/// All source of a package.
pub(crate) struct Source {
    pub(crate) files: Vec<Text>,
    pub(crate) modules: Vec<Module>,
    pub(crate) annotated: Vec<Annotated>,
}

/// What the macros are called.
const ATTRIBUTES: [&str; 4] = ["tool", "resource", "prompt", "serve"];

impl Annotated {
    /// What the macro makes of it, formatted.
    pub(crate) fn expansion(&self) -> Result<String, Failure> {
        let keys = self.keys.clone();
        let expansion = match self.kind {
            "tool" => mcp_expand::tool(keys, &self.tokens),
            "resource" => mcp_expand::resource(keys, &self.tokens),
            "prompt" => mcp_expand::prompt(keys, &self.tokens),
            "serve" => mcp_expand::serve(keys, &self.tokens),
            kind => {
                let made = if kind == "group" { mcp_expand::group(keys) } else { mcp_expand::server(keys) };
                // An expression stands in a function only to be formatted.
                quote! { fn main() { #made } }
            }
        };
        let file = syn::parse2(expansion).map_err(|error| {
            Failure::own(format!("what the macro makes of `{}` is no Rust", visible(&self.name))).cause(error)
        })?;
        Ok(prettyplease::unparse(&file).trim_end().to_owned())
    }
}

impl Source {
    /// Reads these crate roots and the modules that they name.
    pub(crate) fn read(roots: &[PathBuf]) -> Result<Self, Failure> {
        let mut source = Self { files: Vec::new(), modules: Vec::new(), annotated: Vec::new() };
        for root in roots {
            source.file(root, true, &[])?;
        }
        Ok(source)
    }

    fn file(&mut self, path: &Path, is_root: bool, conditions: &[String]) -> Result<(), Failure> {
        if self.files.iter().any(|read| read.path == path) || self.files.len() >= FILES {
            return Ok(());
        }
        let shown = visible(&path.display().to_string());
        let text =
            fs::read_to_string(path).map_err(|error| Failure::usage(format!("{shown} cannot be read")).cause(error))?;
        let file = syn::parse_file(&text).map_err(|error| {
            let start = error.span().start();
            Failure::usage(format!("{shown}:{}:{}: this is no Rust", start.line, start.column + 1)).cause(error)
        })?;
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let skipped = mark + file.shebang.as_ref().map_or(0, String::len);
        self.files.push(Text { path: path.to_owned(), content: text, skipped });
        // Where the modules of this file lie.
        let folder = path.parent().unwrap_or(Path::new(""));
        let is_folder = is_root || path.file_name().is_some_and(|name| name == "mod.rs");
        let inner = match path.file_stem() {
            Some(stem) if !is_folder => folder.join(stem),
            _ => folder.to_owned(),
        };
        let place = Place { file: self.files.len() - 1, path, conditions };
        self.items(file.items, &place, folder, &inner)
    }

    fn items(&mut self, items: Vec<Item>, place: &Place<'_>, folder: &Path, inner: &Path) -> Result<(), Failure> {
        let Place { file, path, conditions } = *place;
        self.modules.push(Module { file, items: items.clone(), conditions: conditions.to_vec() });
        for mut item in items {
            if let Item::Mod(module) = &mut item {
                let name = module.ident.to_string();
                let inside = inner.join(name.trim_start_matches("r#"));
                let conditions = [conditions, &self::conditions(&module.attrs)].concat();
                let Some((_, items)) = module.content.take() else {
                    let named = path_attribute(&module.attrs).map(|named| folder.join(named));
                    let usual = [inside.with_extension("rs"), inside.join("mod.rs")];
                    // A module that a configuration leaves out need not be there.
                    if let Some(file) = named.into_iter().chain(usual).find(|file| file.is_file()) {
                        self.file(&file, false, &conditions)?;
                    }
                    continue;
                };
                self.items(items, &Place { file, path, conditions: &conditions }, &inside, &inside)?;
                continue;
            }
            self.attributed(&mut item, path);
            let mut macros = Macros { found: Vec::new() };
            macros.visit_item_mut(&mut item);
            for (kind, line, tokens) in macros.found {
                let file = path.to_owned();
                self.annotated.push(Annotated {
                    kind,
                    name: kind.to_owned(),
                    serves: Vec::new(),
                    uris: Vec::new(),
                    file,
                    line,
                    keys: tokens,
                    tokens: TokenStream::new(),
                });
            }
        }
        Ok(())
    }

    fn attributed(&mut self, item: &mut Item, path: &Path) {
        let line = item.span().start().line;
        let (name, attributes) = match item {
            Item::Fn(item) => (item.sig.ident.to_string(), &mut item.attrs),
            Item::Struct(item) => (item.ident.to_string(), &mut item.attrs),
            Item::Impl(item) => {
                let name = item.self_ty.to_token_stream().into_iter().next().map(|token| token.to_string());
                (name.unwrap_or_default(), &mut item.attrs)
            }
            _ => return,
        };
        let Some((index, kind)) = attributes.iter().enumerate().find_map(|(index, one)| Some((index, kind_of(one)?)))
        else {
            return;
        };
        let attribute = attributes.remove(index);
        let parts = match item {
            Item::Impl(block) => methods(block),
            _ => vec![(kind, served(&attribute, &name), uri(&attribute))],
        };
        let uris = parts.iter().filter_map(|(_, _, uri)| uri.clone()).collect();
        let serves = parts.into_iter().map(|(kind, name, _)| (kind, name)).collect();
        let keys = keys_of(&attribute);
        let tokens = item.to_token_stream();
        self.annotated.push(Annotated { kind, name, serves, uris, file: path.to_owned(), line, keys, tokens });
    }
}

/// Where items stand.
struct Place<'p> {
    file: usize,
    path: &'p Path,
    conditions: &'p [String],
}

/// What `#[cfg(…)]` says of an item.
pub(crate) fn conditions(attributes: &[Attribute]) -> Vec<String> {
    let cfgs = attributes.iter().filter(|one| one.path().is_ident("cfg") || one.path().is_ident("cfg_attr"));
    cfgs.map(|one| keys_of(one).to_string()).collect()
}

/// The URI that a resource is annotated with: the first text in its keys.
fn uri(attribute: &Attribute) -> Option<String> {
    let first = keys_of(attribute).into_iter().next()?;
    syn::parse2::<syn::LitStr>(first.into()).ok().map(|text| text.value())
}

fn methods(block: &syn::ItemImpl) -> Vec<(&'static str, String, Option<String>)> {
    let functions = block.items.iter().filter_map(|item| match item {
        syn::ImplItem::Fn(function) => Some(function),
        _ => None,
    });
    let named = functions.filter_map(|function| {
        let (attribute, kind) = function.attrs.iter().find_map(|one| Some((one, kind_of(one)?)))?;
        Some((kind, served(attribute, &function.sig.ident.to_string()), uri(attribute)))
    });
    named.collect()
}

/// Which of the macros an attribute is, under its own name or through the crate's.
pub(crate) fn kind_of(attribute: &Attribute) -> Option<&'static str> {
    let segments: Vec<_> = attribute.path().segments.iter().map(|segment| segment.ident.to_string()).collect();
    match segments.as_slice() {
        [name] => ATTRIBUTES.into_iter().find(|known| known == name),
        [krate, name] if krate == "mcp_runtime" => ATTRIBUTES.into_iter().find(|known| known == name),
        _ => None,
    }
}

fn keys_of(attribute: &Attribute) -> TokenStream {
    match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    }
}

/// The name that clients see: that of the key `name`, or the item's own.
fn served(attribute: &Attribute, own: &str) -> String {
    let mut name = own.trim_start_matches("r#").to_owned();
    let mut is_name = false;
    let mut follows = false;
    for token in keys_of(attribute) {
        let text = token.to_string();
        if follows {
            if let Ok(literal) = syn::parse_str::<syn::LitStr>(&text) {
                name = literal.value();
            }
            break;
        }
        follows = is_name && text == "=";
        is_name = text == "name";
    }
    name
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

/// The places where `server![…]` and `group![…]` stand.
struct Macros {
    found: Vec<(&'static str, usize, TokenStream)>,
}

impl VisitMut for Macros {
    fn visit_macro_mut(&mut self, node: &mut syn::Macro) {
        let last = node.path.segments.last().map(|segment| segment.ident.to_string());
        if let Some(kind) = ["server", "group"].into_iter().find(|kind| last.as_deref() == Some(kind)) {
            self.found.push((kind, node.span().start().line, node.tokens.clone()));
        }
        visit_macro_mut(self, node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_wherever_their_modules_lie() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write(
            "main.rs",
            "mod notes; mod inline { #[mcp_runtime::prompt] fn ask() -> String { String::new() } mod deep; }\n\
                          #[path = \"odd/place.rs\"] mod odd; #[cfg(windows)] mod missing;\n\
                          fn main() { server![notes::find].run_blocking(); }",
        );
        write("notes.rs", "mod inner;\n#[tool(name = \"search\", read_only)]\npub fn find() {}");
        write(
            "notes/inner.rs",
            "struct A; #[serve] impl A { #[tool] fn one(&self) {} #[resource(\"a://b\", name = \"two\")] fn b(&self) {} fn c() {} }",
        );
        write("inline/deep.rs", "#[tool] fn deep() {}");
        write("odd/place.rs", "#[tools::tool] fn another() {} #[test] fn none() {}");
        let source = Source::read(&[folder.path().join("main.rs")]).expect("items");
        assert_eq!((source.files.len(), source.modules.len()), (5, 6));
        let found = source.annotated;
        let told: Vec<_> = found.iter().map(|one| (one.kind, one.name.as_str(), one.serves.len(), one.line)).collect();
        assert_eq!(
            told,
            [
                ("serve", "A", 2, 1),
                ("tool", "find", 1, 2),
                ("prompt", "ask", 1, 1),
                ("tool", "deep", 1, 1),
                ("server", "server", 0, 3)
            ]
        );
        assert_eq!(found[0].serves, [("tool", "one".to_owned()), ("resource", "two".to_owned())]);
        assert_eq!(found[0].uris, ["a://b"]);
        assert_eq!(found[1].serves, [("tool", "search".to_owned())]);
        for one in &found {
            assert!(one.expansion().expect("an expansion").contains("mcp_runtime"), "{}", one.name);
        }
    }
}
