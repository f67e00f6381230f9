//! Where an item can be registered: the lists `server![…]` and `group![…]` and the blocks `#[serve] impl`, and which of them
//! is meant. What is not clear is refused.

use std::ops::Range;
use std::path::Path;

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::visit_mut::{VisitMut, visit_item_mut, visit_local_mut, visit_macro_mut};
use syn::{Attribute, Expr, Item, Token};

use crate::source::{Module, Source, Text, conditions, kind_of};

/// A place.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) module: usize,
    /// Which item of the module it is or is in.
    pub(crate) item: usize,
    pub(crate) line: usize,
    pub(crate) home: Home,
    /// Under which conditions it is compiled.
    pub(crate) conditions: Vec<String>,
}

/// What the item is put into.
#[derive(Clone, Debug)]
pub(crate) enum Home {
    List(List),
    Block {
        /// The type whose methods they are.
        of: String,
        /// Where another method can stand: after the last, or after the opening brace.
        after: usize,
        is_empty: bool,
    },
}

/// A list, by the places of its parts in the file.
#[derive(Clone, Debug)]
pub(crate) struct List {
    /// `server` or `group`.
    pub(crate) name: &'static str,
    /// What stands before that name.
    pub(crate) prefix: String,
    pub(crate) open: usize,
    pub(crate) close: usize,
    pub(crate) last: Option<Range<usize>>,
    /// Where the comma behind the last one ends, if there is one.
    pub(crate) comma: Option<usize>,
    /// The last parts of the paths in it.
    pub(crate) names: Vec<String>,
    /// Whether it says what the runtime is called, as every attribute then has to.
    pub(crate) has_crate: bool,
}

impl Place {
    /// How a person would call it.
    pub(crate) fn shown(&self) -> String {
        match &self.home {
            Home::List(list) => format!("{}![…]", list.name),
            Home::Block { of, .. } => format!("#[serve] impl {of}"),
        }
    }

    /// Whether items of the package's own belong there: a list of nothing but groups only gathers them.
    fn is_home(&self) -> bool {
        match &self.home {
            Home::List(list) => !list.names.is_empty() || list.last.is_none(),
            Home::Block { .. } => true,
        }
    }
}

/// Which place is meant.
#[derive(Debug)]
pub(crate) enum Choice {
    One(Place),
    None,
    Several(Vec<Place>),
}

/// Finds the place: the only one, the only one at `at` (a file, perhaps with a line), or the only one that is not a mere list
/// of groups.
pub(crate) fn choose(source: &Source, at: Option<&str>, folder: &Path) -> Choice {
    let mut all = places(source);
    if let Some(at) = at {
        let (file, line) = match at.rsplit_once(':').map(|(file, line)| (file, line.parse::<usize>())) {
            Some((file, Ok(line))) => (file, Some(line)),
            _ => (at, None),
        };
        // From here, or as messages write it: from the package's folder.
        let given = Path::new(file).canonicalize().or_else(|_| folder.join(file).canonicalize()).ok();
        all.retain(|place| {
            let path = text_of(source, place).map(|text| text.path.clone()).unwrap_or_default();
            let is_file = given.is_some() && path.canonicalize().ok() == given;
            is_file && line.is_none_or(|line| line == place.line)
        });
    }
    if all.len() > 1 && all.iter().filter(|place| place.is_home()).count() > 0 {
        all.retain(Place::is_home);
    }
    match all.as_slice() {
        [] => Choice::None,
        [only] => Choice::One(only.clone()),
        _ => Choice::Several(all),
    }
}

/// The file that a place is in.
pub(crate) fn text_of<'s>(source: &'s Source, place: &Place) -> Option<&'s Text> {
    source.modules.get(place.module).and_then(|module| source.files.get(module.file))
}

fn places(source: &Source) -> Vec<Place> {
    let mut all = Vec::new();
    for (index, module) in source.modules.iter().enumerate() {
        let Some(text) = source.files.get(module.file) else { continue };
        if !is_for_tests(&module.conditions) {
            all.extend(in_module(index, module, text));
        }
    }
    all
}

fn in_module(index: usize, module: &Module, text: &Text) -> Vec<Place> {
    let mut all = Vec::new();
    for (at, item) in module.items.iter().enumerate() {
        if matches!(item, Item::Mod(_)) {
            continue;
        }
        let place = |line: usize, home: Home, inner: &[String]| Place {
            module: index,
            item: at,
            line,
            home,
            conditions: module.conditions.iter().chain(inner).cloned().collect(),
        };
        if let Item::Impl(block) = item
            && block.attrs.iter().any(|one| kind_of(one) == Some("serve"))
        {
            let open = text.skipped + block.brace_token.span.open().byte_range().end;
            let last = block.items.last().map(|last| text.skipped + last.span().byte_range().end);
            let home = Home::Block {
                of: super::item::written(&block.self_ty),
                after: last.unwrap_or(open),
                is_empty: last.is_none(),
            };
            all.push(place(block.impl_token.span.start().line, home, &conditions(&block.attrs)));
        }
        let mut lists = Lists { text, conditions: Vec::new(), found: Vec::new() };
        lists.visit_item_mut(&mut item.clone());
        let found = lists.found.into_iter().filter(|(_, _, conditions)| !is_for_tests(conditions));
        all.extend(found.map(|(line, list, conditions)| place(line, Home::List(list), &conditions)));
    }
    all
}

fn is_for_tests(conditions: &[String]) -> bool {
    conditions
        .iter()
        .any(|one| !one.contains("not") && one.split(|c: char| !c.is_alphanumeric()).any(|word| word == "test"))
}

/// The lists in an item, each with its line and the conditions on the way to it.
struct Lists<'t> {
    text: &'t Text,
    conditions: Vec<String>,
    found: Vec<(usize, List, Vec<String>)>,
}

impl Lists<'_> {
    fn under(&mut self, attributes: &[Attribute], visit: impl FnOnce(&mut Self)) {
        let before = self.conditions.len();
        self.conditions.extend(conditions(attributes));
        // `#[test]`, `#[tokio::test]` and their like.
        if attributes.iter().any(|one| one.path().segments.last().is_some_and(|last| last.ident == "test")) {
            self.conditions.push("test".to_owned());
        }
        visit(self);
        self.conditions.truncate(before);
    }
}

impl VisitMut for Lists<'_> {
    fn visit_item_mut(&mut self, node: &mut Item) {
        self.under(&attributes(node), |lists| visit_item_mut(lists, node));
    }

    fn visit_local_mut(&mut self, node: &mut syn::Local) {
        self.under(&node.attrs.clone(), |lists| visit_local_mut(lists, node));
    }

    fn visit_macro_mut(&mut self, node: &mut syn::Macro) {
        let last = node.path.segments.last().map(|segment| segment.ident.to_string());
        if let Some(name) = ["server", "group"].into_iter().find(|name| last.as_deref() == Some(name))
            && let Some(list) = list(name, node, self.text.skipped)
        {
            self.found.push((node.path.span().start().line, list, self.conditions.clone()));
        }
        visit_macro_mut(self, node);
    }
}

fn attributes(item: &Item) -> Vec<Attribute> {
    match item {
        Item::Fn(one) => one.attrs.clone(),
        Item::Impl(one) => one.attrs.clone(),
        Item::Const(one) => one.attrs.clone(),
        Item::Static(one) => one.attrs.clone(),
        Item::Mod(one) => one.attrs.clone(),
        Item::Trait(one) => one.attrs.clone(),
        _ => Vec::new(),
    }
}

/// What stands in a list, as far as it matters here.
struct Entries {
    has_crate: bool,
    entries: Punctuated<Entry, Token![,]>,
}

struct Entry {
    span: Span,
    name: Option<String>,
}

impl Parse for Entries {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let has_crate = input.peek(Token![crate]) && input.peek2(Token![=]);
        if has_crate {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            input.parse::<syn::Path>()?;
            if !input.is_empty() {
                input.parse::<Token![;]>()?;
            }
        }
        Ok(Self { has_crate, entries: Punctuated::parse_terminated(input)? })
    }
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.call(Attribute::parse_outer)?;
        let expr: Expr = input.parse()?;
        let name = match &expr {
            Expr::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        Ok(Self { span: expr.span(), name })
    }
}

fn list(name: &'static str, node: &syn::Macro, skipped: usize) -> Option<List> {
    let entries = Entries::parse.parse2(node.tokens.clone()).ok()?;
    let delimiters = node.delimiter.span();
    let prefix: Vec<String> = node.path.segments.iter().rev().skip(1).map(|one| format!("{}::", one.ident)).collect();
    Some(List {
        name,
        prefix: prefix.into_iter().rev().collect(),
        open: skipped + delimiters.open().byte_range().end,
        close: skipped + delimiters.close().byte_range().start,
        last: entries.entries.last().map(|last| {
            let range = last.span.byte_range();
            skipped + range.start..skipped + range.end
        }),
        comma: entries.entries.pairs().next_back().and_then(|last| {
            let comma = last.punct().copied()?;
            Some(skipped + comma.span().byte_range().end)
        }),
        names: entries.entries.iter().filter_map(|one| one.name.clone()).collect(),
        has_crate: entries.has_crate,
    })
}

/// The names in all lists of a file.
pub(crate) fn names(text: &str) -> Option<Vec<String>> {
    let mut file = syn::parse_file(text).ok()?;
    let text = Text { path: std::path::PathBuf::new(), content: String::new(), skipped: 0 };
    let mut lists = Lists { text: &text, conditions: Vec::new(), found: Vec::new() };
    lists.visit_file_mut(&mut file);
    Some(lists.found.into_iter().flat_map(|(_, list, _)| list.names).collect())
}
