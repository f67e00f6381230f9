//! What names mean in a module: what is declared and imported there, which imports an added item needs, and whether the types
//! that it names are known at all.

use syn::spanned::Spanned as _;
use syn::visit_mut::{VisitMut, visit_type_path_mut};
use syn::{Item, UseTree};

use super::fit;
use super::item::{Item as Wanted, Kind, meant, written};
use super::splice::{Edit, indent_at};
use crate::error::Failure;
use crate::print::visible;
use crate::source::{Module, Source, Text, conditions};

/// Names of the runtime by which its import is found, and to which others are added.
const RUNTIME: &[&str] =
    &["server", "group", "serve", "tool", "resource", "prompt", "State", "Context", "Server", "Group"];

/// Types that every module knows.
pub(super) const PRELUDE: &[&str] = &[
    "bool", "char", "str", "String", "Option", "Result", "Vec", "Box", "i8", "i16", "i32", "i64", "i128", "isize",
    "u8", "u16", "u32", "u64", "u128", "usize", "f32", "f64",
];

/// Types that the standard library keeps elsewhere.
pub(super) const STANDARD: &[(&str, &str)] = &[
    ("HashMap", "std::collections"),
    ("BTreeMap", "std::collections"),
    ("HashSet", "std::collections"),
    ("BTreeSet", "std::collections"),
    ("VecDeque", "std::collections"),
    ("Cow", "std::borrow"),
    ("PathBuf", "std::path"),
    ("Duration", "std::time"),
];

/// Types that the server fills in.
const INJECTED: &[&str] = &["State", "Context"];

/// A module's names.
pub(crate) struct Scope<'s> {
    module: &'s Module,
    text: &'s Text,
    /// The imported names with the paths before them.
    imported: Vec<Imported>,
    globs: Vec<String>,
}

struct Imported {
    name: String,
    from: String,
    /// Where another name can be put into the same braces, or braces around this one.
    group: Option<usize>,
    leaf: std::ops::Range<usize>,
}

impl<'s> Scope<'s> {
    pub(crate) fn of(module: &'s Module, text: &'s Text) -> Self {
        let mut scope = Self { module, text, imported: Vec::new(), globs: Vec::new() };
        for item in &module.items {
            if let Item::Use(one) = item
                && conditions(&one.attrs).is_empty()
            {
                scope.tree(&one.tree, "", None);
            }
        }
        scope
    }

    fn tree(&mut self, tree: &UseTree, from: &str, group: Option<usize>) {
        let end = |span: proc_macro2::Span| self.text.skipped + span.byte_range().end;
        let leaf = |span: proc_macro2::Span| {
            let range = span.byte_range();
            self.text.skipped + range.start..self.text.skipped + range.end
        };
        match tree {
            UseTree::Path(path) => {
                let from = if from.is_empty() { path.ident.to_string() } else { format!("{from}::{}", path.ident) };
                self.tree(&path.tree, &from, group);
            }
            UseTree::Group(braces) => {
                let last = braces.items.last().map(|last| end(last.span()));
                for one in &braces.items {
                    self.tree(one, from, last);
                }
            }
            UseTree::Name(one) => {
                let leaf = leaf(one.ident.span());
                self.imported.push(Imported { name: one.ident.to_string(), from: from.to_owned(), group, leaf });
            }
            UseTree::Rename(one) => {
                let leaf = leaf(one.rename.span());
                self.imported.push(Imported { name: one.rename.to_string(), from: String::new(), group: None, leaf });
            }
            UseTree::Glob(_) => self.globs.push(from.to_owned()),
        }
    }

    fn declared(&self) -> impl Iterator<Item = String> {
        self.module.items.iter().filter_map(declared)
    }

    /// Whether the name means something here already.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.imported.iter().any(|one| one.name == name) || self.declared().any(|one| one == name)
    }

    fn has_type(&self, name: &str) -> bool {
        let is_imported = self.imported.iter().any(|one| one.name == name && name.starts_with(char::is_uppercase));
        let is_declared = |item: &Item| match item {
            Item::Struct(_) | Item::Enum(_) | Item::Union(_) | Item::Type(_) => declared(item).as_deref() == Some(name),
            _ => false,
        };
        is_imported || self.module.items.iter().any(is_declared)
    }

    /// What stands before the attribute's name, and the imports that are needed: those of the runtime join its import.
    pub(crate) fn imports(
        &self,
        attribute: Option<&str>,
        types: &[&syn::Type],
        called_by: &str,
    ) -> (String, Vec<Edit>) {
        let mut wanted: Vec<String> = Vec::new();
        let mut edits = Vec::new();
        let mut named = Types { names: Vec::new() };
        for ty in types {
            named.visit_type_mut(&mut (*ty).clone());
        }
        for path in &named.names {
            let [name] = path.as_slice() else { continue };
            if self.has(name) {
                continue;
            }
            if INJECTED.contains(&name.as_str()) && !wanted.contains(name) {
                wanted.push(name.clone());
            }
            if let Some((name, from)) = STANDARD.iter().find(|(known, _)| known == name) {
                let edit = self.import(&format!("use {from}::{name};\n"));
                if !edits.contains(&edit) {
                    edits.push(edit);
                }
            }
        }
        let by_glob = self.globs.iter().any(|from| from.starts_with("mcp_runtime"));
        let imported = self.imported.iter().find(|one| RUNTIME.contains(&one.name.as_str()) && !one.from.is_empty());
        let mut prefix = String::new();
        if let Some(attribute) = attribute
            && !self.has(attribute)
            && !by_glob
        {
            match imported {
                Some(_) => wanted.push(attribute.to_owned()),
                None => prefix = if called_by.is_empty() { "mcp_runtime::".to_owned() } else { called_by.to_owned() },
            }
        }
        if by_glob || wanted.is_empty() {
            return (prefix, edits);
        }
        let more = wanted.join(", ");
        match imported {
            Some(Imported { group: Some(at), .. }) => edits.push(Edit { at: *at, text: format!(", {more}") }),
            Some(Imported { leaf, .. }) => {
                edits.push(Edit { at: leaf.start, text: "{".to_owned() });
                edits.push(Edit { at: leaf.end, text: format!(", {more}}}") });
            }
            None => {
                let lines: Vec<_> = wanted.iter().map(|name| format!("use mcp_runtime::{name};\n")).collect();
                edits.push(self.import(&lines.concat()));
            }
        }
        (prefix, edits)
    }

    /// Further imports: before the first one, of the standard library if there is one, or else before everything.
    fn import(&self, lines: &str) -> Edit {
        let of_standard = |item: &&Item| match item {
            Item::Use(one) => matches!(&one.tree, UseTree::Path(path) if path.ident == "std"),
            _ => false,
        };
        let all = &self.module.items;
        let first = all.iter().find(of_standard).or_else(|| all.iter().find(|one| matches!(one, Item::Use(_))));
        let start = |item: &Item| self.text.skipped + item.span().byte_range().start;
        let indent = |at| indent_at(&self.text.content, at);
        let put = |at: usize| lines.replace('\n', &format!("\n{}", indent(at)));
        match (first, all.first()) {
            (Some(first), _) => Edit { at: start(first), text: put(start(first)) },
            (None, Some(item)) => {
                Edit { at: start(item), text: format!("{}\n\n{}", put(start(item)).trim_end(), indent(start(item))) }
            }
            (None, None) => Edit { at: self.text.skipped, text: lines.to_owned() },
        }
    }

    /// Whether a type is made of what is known here, in this file.
    pub(crate) fn check(&self, ty: &syn::Type, dependencies: &[String], file: &str) -> Result<(), Failure> {
        let mut named = Types { names: Vec::new() };
        named.visit_type_mut(&mut ty.clone());
        for path in &named.names {
            let Some(first) = path.first() else { continue };
            let is_crate = dependencies.contains(first) || ["std", "core", "alloc"].contains(&first.as_str());
            let is_known = if path.len() == 1 {
                PRELUDE.contains(&first.as_str())
                    || INJECTED.contains(&first.as_str())
                    || STANDARD.iter().any(|(name, _)| name == first)
            } else {
                is_crate || ["crate", "self", "super"].contains(&first.as_str())
            };
            let is_here = if path.len() == 1 { self.has_type(first) } else { self.has(first) };
            if is_known || is_here || !self.globs.is_empty() {
                continue;
            }
            let shown = visible(&path.join("::"));
            let failure = Failure::usage(format!("there is no type `{shown}` in {}", visible(file)));
            let here = self.declared().chain(self.imported.iter().map(|one| one.name.clone()));
            let here: Vec<String> = here.filter(|name| name.starts_with(char::is_uppercase)).collect();
            let known = PRELUDE.iter().copied().chain(STANDARD.iter().map(|(name, _)| *name));
            let nearest = meant(first, here.iter().map(String::as_str).chain(known));
            let hint = nearest.filter(|_| path.len() == 1);
            return Err(
                failure.hint(hint.unwrap_or_else(|| "declare or import it first; nothing was written".to_owned()))
            );
        }
        Ok(())
    }
}

/// The name that an item gives to the module it stands in.
fn declared(item: &Item) -> Option<String> {
    Some(match item {
        Item::Fn(one) => one.sig.ident.to_string(),
        Item::Struct(one) => one.ident.to_string(),
        Item::Enum(one) => one.ident.to_string(),
        Item::Union(one) => one.ident.to_string(),
        Item::Type(one) => one.ident.to_string(),
        Item::Trait(one) => one.ident.to_string(),
        Item::Mod(one) => one.ident.to_string(),
        Item::Const(one) => one.ident.to_string(),
        Item::Static(one) => one.ident.to_string(),
        _ => return None,
    })
}

/// The paths of the types in a type.
struct Types {
    names: Vec<Vec<String>>,
}

impl VisitMut for Types {
    fn visit_type_path_mut(&mut self, node: &mut syn::TypePath) {
        self.names.push(node.path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit_type_path_mut(self, node);
    }
}

/// Whether the package's own types derive what an argument or a result needs. A type that is declared in several places, by
/// a macro or in another crate is the compiler's to judge.
pub(crate) fn derives(source: &Source, item: &Wanted) -> Result<(), Failure> {
    let (argument, result): (&[&str], &[&str]) = match item.kind {
        Kind::Tool => (&["Deserialize", "JsonSchema"], &["Serialize", "JsonSchema"]),
        Kind::Resource => (&["Deserialize"], &["Serialize"]),
        // A type of one's own renders itself there.
        Kind::Prompt => (&["Deserialize"], &[]),
    };
    let arguments = item.arguments.iter().map(|one| (&one.ty, argument));
    // What went wrong is told as a text.
    for (ty, needed) in arguments.chain(item.returns.iter().map(|ty| (fit::value(ty), result))) {
        let mut named = Types { names: Vec::new() };
        named.visit_type_mut(&mut ty.clone());
        if named.names.iter().flatten().any(|name| INJECTED.contains(&name.as_str())) {
            continue;
        }
        for name in named.names.iter().filter_map(|path| path.last()) {
            let Some(attributes) = only_declaration(source, name) else { continue };
            let derived: Vec<String> = attributes.iter().flat_map(derived).collect();
            let lacks =
                |wanted: &str| !derived.iter().any(|one| one == wanted) && !is_implemented(source, wanted, name);
            let missing: Vec<&str> = needed.iter().copied().filter(|wanted| lacks(wanted)).collect();
            if !missing.is_empty() {
                return Err(Failure::usage(format!(
                    "`{}` cannot be used here: `{name}` lacks {}",
                    visible(&written(ty)),
                    missing.join(" and ")
                ))
                .hint(format!("put #[derive({})] on `{name}` first; nothing was written", missing.join(", "))));
            }
        }
    }
    Ok(())
}

fn only_declaration<'s>(source: &'s Source, name: &str) -> Option<&'s [syn::Attribute]> {
    let mut all = source.modules.iter().flat_map(|module| &module.items).filter_map(|item| match item {
        Item::Struct(one) if one.ident == name => Some(one.attrs.as_slice()),
        Item::Enum(one) if one.ident == name => Some(one.attrs.as_slice()),
        _ => None,
    });
    let first = all.next()?;
    // Another attribute may derive what it likes.
    let is_plain = first.iter().all(|one| {
        ["derive", "doc", "serde", "schemars", "allow", "expect", "non_exhaustive"]
            .iter()
            .any(|name| one.path().is_ident(name))
    });
    (all.next().is_none() && is_plain).then_some(first)
}

fn derived(attribute: &syn::Attribute) -> Vec<String> {
    let mut found = Vec::new();
    if attribute.path().is_ident("derive") {
        // What is no list of paths is the compiler's business.
        let _ = attribute.parse_nested_meta(|meta| {
            found.extend(meta.path.segments.last().map(|last| last.ident.to_string()));
            Ok(())
        });
    }
    found
}

fn is_implemented(source: &Source, wanted: &str, name: &str) -> bool {
    source.modules.iter().flat_map(|module| &module.items).any(|item| match item {
        Item::Impl(block) => {
            let is_wanted = block
                .trait_
                .as_ref()
                .is_some_and(|(path, _)| path.segments.last().is_some_and(|last| last.ident == wanted));
            is_wanted && written(&block.self_ty).split(['<', ':']).next() == Some(name)
        }
        _ => false,
    })
}
