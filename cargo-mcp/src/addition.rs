//! Adds an item to a package's source: where it goes, what it needs there, and the text that comes of it. Only spans are
//! taken from the parsed source; the file itself is never printed anew, and what is doubtful is left alone.

mod fit;
pub(crate) mod item;
mod place;
mod scope;
mod splice;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use syn::visit_mut::{VisitMut, visit_impl_item_fn_mut, visit_item_fn_mut};
use syn::{ImplItem, spanned::Spanned as _};

use self::item::{Form, Item, written};
use self::place::{Choice, Home, List, Place};
use self::scope::Scope;
use self::splice::{Edit, apply, indent_at, indented, line_end, listed};
use crate::error::Failure;
use crate::print::{visible, visible_lines};
use crate::source::{Module, Source, Text, kind_of};

/// What becomes of a file.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) path: PathBuf,
    pub(crate) before: String,
    pub(crate) after: String,
    /// The line of the new function.
    pub(crate) line: usize,
    /// What it is registered in.
    pub(crate) registered: String,
}

/// The package that is added to.
pub(crate) struct Package<'p> {
    pub(crate) source: &'p Source,
    pub(crate) folder: &'p Path,
    pub(crate) edition: &'p str,
    pub(crate) dependencies: &'p [String],
}

impl Plan {
    /// Works out where the item goes; `at` names the place where several could be meant.
    pub(crate) fn of(item: &Item, at: Option<&str>, package: &Package<'_>) -> Result<Self, Failure> {
        item.check()?;
        let source = package.source;
        taken(item, source, package.folder)?;
        let place = one_place(item, at, package)?;
        let missing = || Failure::own("the place of the item got lost");
        let module = source.modules.get(place.module).ok_or_else(missing)?;
        let text = source.files.get(module.file).ok_or_else(missing)?;
        let scope = Scope::of(module, text);
        let file = relative(&text.path, package.folder);
        in_the_way(item, &place, module, &scope, &file)?;
        let types: Vec<&syn::Type> = item.arguments.iter().map(|one| &one.ty).chain(&item.returns).collect();
        for ty in &types {
            scope.check(ty, package.dependencies, &file)?;
        }
        scope::derives(source, item)?;
        let edits = edits(item, &place, module, text, &scope, &types).ok_or_else(missing)?;
        let after = apply(&text.content, edits).ok_or_else(missing)?;
        let after = formatted(&text.content, after, package.edition, &text.path);
        let line = checked(item, &place, &after).ok_or_else(|| {
            refused(item, form(&place), "the source is written in a way that cannot be edited safely")
        })?;
        Ok(Self { path: text.path.clone(), before: text.content.clone(), after, line, registered: place.shown() })
    }
}

/// Whether what is to be added is there already, anywhere in the package.
fn taken(item: &Item, source: &Source, folder: &Path) -> Result<(), Failure> {
    for one in &source.annotated {
        let is_same = one.serves.iter().any(|(kind, name)| *kind == item.kind.name() && *name == item.name);
        let uri = one.uris.iter().find(|uri| Some(shape(uri)) == item.uri.as_deref().map(shape));
        if is_same || uri.is_some() {
            let what = uri.map_or_else(|| item.name.clone(), Clone::clone);
            let place = format!("{}:{}", relative(&one.file, folder), one.line);
            return Err(Failure::usage(format!(
                "there is a {} `{}` already: {place}",
                item.kind.name(),
                visible(&what)
            ))
            .hint("nothing was written; choose another name"));
        }
    }
    Ok(())
}

/// Templates that differ in the names of their variables match the same URIs.
fn shape(uri: &str) -> String {
    let mut is_inside = false;
    uri.chars()
        .filter(|c| {
            let keeps = !is_inside || *c == '}';
            is_inside = (is_inside || *c == '{') && *c != '}';
            keeps
        })
        .collect()
}

fn one_place(item: &Item, at: Option<&str>, package: &Package<'_>) -> Result<Place, Failure> {
    let shown = |place: &Place| {
        let path = place::text_of(package.source, place).map(|text| relative(&text.path, package.folder));
        format!("{}:{}", path.unwrap_or_default(), place.line)
    };
    let place = match place::choose(package.source, at, package.folder) {
        Choice::One(place) => place,
        Choice::None => {
            let message = match at {
                Some(at) => format!("there is no `server![…]`, `group![…]` or `#[serve] impl` at {}", visible(at)),
                None => {
                    "no `server![…]`, `group![…]` or `#[serve] impl` is in the package's source, as far as it can be \
                         read without expanding macros"
                        .to_owned()
                }
            };
            return Err(refused(item, Form::Function, &message));
        }
        Choice::Several(places) => {
            let names: Vec<_> = places.iter().map(|place| format!("{} ({})", shown(place), place.shown())).collect();
            return Err(refused(
                item,
                Form::Function,
                &format!("several places could be meant; choose one with --at: {}", visible(&names.join(", "))),
            ));
        }
    };
    if let Some(condition) = place.conditions.first() {
        return Err(refused(
            item,
            form(&place),
            &format!(
                "{} at {} is compiled only under #[cfg({})]",
                place.shown(),
                visible(&shown(&place)),
                visible(condition)
            ),
        ));
    }
    if let Home::List(List { has_crate: true, .. }) = place.home {
        return Err(refused(
            item,
            form(&place),
            &format!(
                "{} at {} gives the runtime another name, which the attribute has to give, too: `crate = …`",
                place.shown(),
                visible(&shown(&place))
            ),
        ));
    }
    Ok(place)
}

fn form(place: &Place) -> Form {
    match place.home {
        Home::List(_) => Form::Function,
        Home::Block { .. } => Form::Method,
    }
}

/// A refusal with what to write by hand.
fn refused(item: &Item, form: Form, message: &str) -> Failure {
    let how = match form {
        Form::Function => format!("write this by hand, and name `{}` in `server![…]`:", item.ident),
        Form::Method => "write this by hand:".to_owned(),
    };
    let text: Vec<String> =
        item.text(form, "").lines().map(|line| format!("    {line}").trim_end().to_owned()).collect();
    Failure::usage(message).hint(visible_lines(&format!("  hint: nothing was written; {how}\n\n{}", text.join("\n"))))
}

/// Whether something else has the function's name.
fn in_the_way(item: &Item, place: &Place, module: &Module, scope: &Scope<'_>, file: &str) -> Result<(), Failure> {
    let is_taken = match &place.home {
        Home::List(list) => scope.has(&item.ident) || list.names.contains(&item.ident),
        Home::Block { of, .. } => module.items.iter().any(|one| match one {
            syn::Item::Impl(block) if written(&block.self_ty) == *of => block
                .items
                .iter()
                .any(|part| matches!(part, ImplItem::Fn(function) if function.sig.ident == item.ident)),
            _ => false,
        }),
    };
    if !is_taken {
        return Ok(());
    }
    Err(Failure::usage(format!("`{}` means something else in {} already", visible(&item.ident), visible(file)))
        .hint("nothing was written; choose another name"))
}

/// All that changes in the file.
fn edits(
    item: &Item,
    place: &Place,
    module: &Module,
    text: &Text,
    scope: &Scope<'_>,
    types: &[&syn::Type],
) -> Option<Vec<Edit>> {
    match &place.home {
        Home::List(list) => {
            let (prefix, mut edits) = scope.imports(Some(item.kind.name()), types, &list.prefix);
            edits.push(function(&item.text(Form::Function, &prefix), place, module, text)?);
            edits.extend(listed(&text.content, list, &item.ident)?);
            Some(edits)
        }
        Home::Block { after, is_empty, .. } => {
            // The attributes of methods are the block's own, and need no import.
            let (_, mut edits) = scope.imports(None, types, "");
            let block = module.items.get(place.item)?.span().byte_range();
            let indent = indent_at(&text.content, text.skipped + block.start) + "    ";
            let indent = if *is_empty { indent } else { indent_at(&text.content, *after) };
            let lines = indented(&item.text(Form::Method, ""), &indent, &text.content);
            let at = if *is_empty { *after } else { after + line_end(text.content.get(*after..)?) };
            edits.push(Edit { at, text: if *is_empty { format!("\n{lines}\n") } else { format!("\n\n{lines}") } });
            Some(edits)
        }
    }
}

/// The new function: after the last item that is annotated, or else before the one that holds the list.
fn function(lines: &str, place: &Place, module: &Module, text: &Text) -> Option<Edit> {
    let whole = &text.content;
    let is_annotated = |item: &syn::Item| match item {
        syn::Item::Fn(one) => one.attrs.iter().any(|one| kind_of(one).is_some()),
        syn::Item::Struct(one) => one.attrs.iter().any(|one| kind_of(one).is_some()),
        syn::Item::Impl(one) => one.attrs.iter().any(|one| kind_of(one).is_some()),
        _ => false,
    };
    let before = module.items.iter().rposition(is_annotated).or(place.item.checked_sub(1));
    let Some(before) = before else {
        let start = text.skipped + module.items.first()?.span().byte_range().start;
        let at = above_comments(whole, start);
        let lines = indented(lines, &indent_at(whole, start), whole);
        return Some(Edit { at, text: format!("{lines}\n\n") });
    };
    let range = module.items.get(before)?.span().byte_range();
    let indent = indent_at(whole, text.skipped + range.start);
    let end = text.skipped + range.end;
    let at = end + line_end(whole.get(end..)?);
    let rest = whole.get(at..)?;
    let mut following = rest.lines().skip(1);
    let gap = match following.next() {
        _ if rest.trim().is_empty() => "",
        _ if !rest.starts_with(['\n', '\r']) => "\n\n",
        Some(line) if !line.trim().is_empty() && line.trim() != "}" => "\n",
        _ => "",
    };
    Some(Edit { at, text: format!("\n\n{}{gap}", indented(lines, &indent, whole)) })
}

/// The beginning of the comments that stand directly above an item.
fn above_comments(text: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(line) = text.get(..at).and_then(|before| before.trim_end_matches([' ', '\t']).strip_suffix('\n')) {
        let line_start = line.rfind('\n').map_or(0, |end| end + 1);
        let said = line.get(line_start..).unwrap_or_default().trim();
        if !said.starts_with("//") || said.starts_with("//!") {
            break;
        }
        at = line_start;
    }
    at
}

/// The text as rustfmt has it, if that is how the file was: a file that is formatted otherwise is not touched any further.
fn formatted(before: &str, after: String, edition: &str, path: &Path) -> String {
    let format = |text: &str| rustfmt(text, edition, path.parent().unwrap_or(Path::new(".")));
    if format(before).as_deref() != Some(before) {
        return after;
    }
    format(&after).unwrap_or(after)
}

fn rustfmt(text: &str, edition: &str, folder: &Path) -> Option<String> {
    let program = std::env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into());
    let mut child = Command::new(program)
        .args(["--edition", edition, "--emit", "stdout", "--quiet"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // It reads all of it before it prints anything.
    child.stdin.take()?.write_all(text.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok()).flatten().filter(|text| !text.is_empty())
}

/// Reads what is about to be written, and finds the new function and its registration in it.
fn checked(item: &Item, place: &Place, after: &str) -> Option<usize> {
    let mut found = Found { ident: &item.ident, line: None };
    found.visit_file_mut(&mut syn::parse_file(after).ok()?);
    let is_listed = match &place.home {
        Home::Block { .. } => true,
        Home::List(_) => place::names(after)?.contains(&item.ident),
    };
    found.line.filter(|_| is_listed)
}

struct Found<'f> {
    ident: &'f str,
    line: Option<usize>,
}

impl Found<'_> {
    fn see(&mut self, signature: &syn::Signature) {
        if signature.ident == self.ident {
            self.line = Some(signature.ident.span().start().line);
        }
    }
}

impl VisitMut for Found<'_> {
    fn visit_item_fn_mut(&mut self, node: &mut syn::ItemFn) {
        self.see(&node.sig);
        visit_item_fn_mut(self, node);
    }

    fn visit_impl_item_fn_mut(&mut self, node: &mut syn::ImplItemFn) {
        self.see(&node.sig);
        visit_impl_item_fn_mut(self, node);
    }
}

fn relative(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).display().to_string()
}
