//! The house: every file of the runtime says in its header on which floor it stands, and imports only from its own floor
//! or from one below (ARCHITECTURE.md).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// One source file: its modules from the crate's root on, and its text.
struct Source {
    path: String,
    modules: Vec<String>,
    text: String,
}

/// What stands on no floor, because it only re-exports: the crate's root and what generated code names.
const ATTIC: [&str; 2] = ["lib.rs", "private.rs"];
/// The floor of the engines, which are ignorant of each other.
const ENGINES: u32 = 3;
/// What must not be named though the floors would allow it: layers see calls and replies, not who answers them.
const FORBIDDEN: [(&str, &str); 1] = [("layer", "server")];

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp-runtime/src");
    let mut pending = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().with_extension("");
                let modules = name.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&root).unwrap().display().to_string();
                sources.push(Source { path, modules, text });
            }
        }
    }
    sources.retain(|source| {
        let is_test = source.modules.iter().any(|module| module == "tests");
        !is_test && !ATTIC.contains(&source.path.as_str())
    });
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// The floor that a header names.
fn floor_of(text: &str) -> Result<u32, String> {
    let header: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
    if header.is_empty() {
        return Err("has no header".to_owned());
    }
    let header = header.join(" ").replace("//!", " ");
    let words: Vec<&str> = header.split_whitespace().collect();
    let floors: Vec<u32> = words
        .windows(2)
        .filter(|pair| pair[0] == "Floor")
        .filter_map(|pair| pair[1].trim_end_matches(['.', ',', ';']).parse().ok())
        .collect();
    match floors.as_slice() {
        [floor] => Ok(*floor),
        [] => Err("does not name its floor: end the header with `Floor 0.` or whichever it is".to_owned()),
        _ => Err("names several floors".to_owned()),
    }
}

/// The code without comments, texts and tests: doc links may point anywhere, and so may tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut code = String::new();
    for line in text.lines() {
        let line = line.trim_start();
        if !line.starts_with("//") {
            code.push_str(line.split(" // ").next().unwrap_or_default());
            code.push('\n');
        }
    }
    let mut kept = String::new();
    let mut is_text = false;
    let mut characters = code.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if is_text => drop(characters.next()),
            // A quote as a character, `'"'`, begins no text.
            '"' if !is_text && kept.ends_with('\'') && characters.peek() == Some(&'\'') => kept.push('"'),
            '"' => is_text = !is_text,
            _ if is_text => {}
            other => kept.push(other),
        }
    }
    kept
}

/// The paths that the code names from the crate's root on, with the braces of `use` taken apart. What it names from the
/// module above on is completed by `modules`, the file's own.
fn imports(text: &str, modules: &[String]) -> BTreeSet<Vec<String>> {
    let code: String = code(text);
    let above = &modules[..modules.len() - 1];
    let mut found = BTreeSet::new();
    for (root, prefix) in [("crate::", &[][..]), ("super::", above)] {
        for (start, _) in code.match_indices(root) {
            let is_part_of_a_name =
                code[..start].ends_with(|before: char| before.is_alphanumeric() || "_$:".contains(before));
            if !is_part_of_a_name {
                paths(&code[start + root.len()..], &mut prefix.to_vec(), &mut found);
            }
        }
    }
    found
}

/// Reads `a::b::{c, d::e}` and gives what comes after it.
fn paths<'a>(mut rest: &'a str, prefix: &mut Vec<String>, found: &mut BTreeSet<Vec<String>>) -> &'a str {
    let depth = prefix.len();
    loop {
        rest = rest.trim_start();
        if let Some(mut inner) = rest.strip_prefix('{') {
            loop {
                inner = inner.trim_start();
                if inner.is_empty() || inner.starts_with('}') {
                    prefix.truncate(depth);
                    return inner.get(1..).unwrap_or_default();
                }
                inner = paths(inner, prefix, found).trim_start();
                inner = inner.strip_prefix(',').unwrap_or(inner);
            }
        }
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        prefix.push(name.to_owned());
        match after.strip_prefix("::") {
            // A generic argument in the middle of a path ends it here.
            Some(inner) if !inner.starts_with('<') && !name.is_empty() => rest = inner,
            _ => {
                found.insert(prefix.clone());
                let renamed = after
                    .trim_start()
                    .strip_prefix("as ")
                    .map(|alias| alias.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'));
                prefix.truncate(depth);
                // Nothing was read: whatever it is, it is no path.
                return renamed.unwrap_or(if end == 0 { after.get(1..).unwrap_or_default() } else { after });
            }
        }
    }
}

/// The file that a path from the crate's root leads to: the longest run of its names that is one.
fn file_of<'a>(path: &[String], floors: &'a BTreeMap<Vec<String>, u32>) -> Option<(&'a Vec<String>, u32)> {
    (1..=path.len())
        .rev()
        .find_map(|length| floors.get_key_value(&path[..length]))
        .map(|(modules, floor)| (modules, *floor))
}

/// Everything that breaks the rule.
fn mistakes(sources: &[Source]) -> Vec<String> {
    let mut mistakes = Vec::new();
    let mut floors = BTreeMap::new();
    for source in sources {
        match floor_of(&source.text) {
            Ok(floor) => drop(floors.insert(source.modules.clone(), floor)),
            Err(reason) => mistakes.push(format!("{} {reason}", source.path)),
        }
    }
    for source in sources {
        let Some(own) = floors.get(&source.modules) else { continue };
        for path in imports(&source.text, &source.modules) {
            let Some((modules, floor)) = file_of(&path, &floors) else { continue };
            let (from, to) = (source.modules[0].as_str(), modules[0].as_str());
            let (target, name) = (modules.join("::"), path.join("::"));
            if floor > *own {
                let place = format!("{target} is on floor {floor}");
                mistakes.push(format!("{} on floor {own} names crate::{name}, and {place}", source.path));
            } else if from != to && (floor, *own) == (ENGINES, ENGINES) {
                mistakes.push(format!("{} names crate::{name}: engines are ignorant of each other", source.path));
            } else if FORBIDDEN.contains(&(from, to)) {
                mistakes.push(format!("{} must not name crate::{name}", source.path));
            }
        }
    }
    mistakes
}

#[test]
fn every_file_says_its_floor_and_imports_from_none_above() {
    let sources = sources();
    assert!(sources.len() > 30, "only {} files found", sources.len());
    let mistakes = mistakes(&sources);
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn every_module_of_the_crate_is_known_to_the_check() {
    let floors: BTreeMap<Vec<String>, u32> =
        sources().iter().filter_map(|source| Some((source.modules.clone(), floor_of(&source.text).ok()?))).collect();
    let mut count = 0;
    for source in sources() {
        for path in imports(&source.text, &source.modules) {
            // What the crate's root re-exports is no module: only macros and attributes are named that way inside.
            let is_module = path[0].starts_with(|first: char| first.is_lowercase()) && path.len() > 1;
            if is_module && path[0] != "private" {
                assert!(file_of(&path, &floors).is_some(), "{}: crate::{}", source.path, path.join("::"));
                count += 1;
            }
        }
    }
    assert!(count > 100, "only {count} imports found");
}

#[test]
fn the_check_notices_what_breaks_the_rule() {
    let source = |path: &str, text: &str| Source {
        path: format!("{path}.rs"),
        modules: path.split('/').map(str::to_owned).collect(),
        text: text.to_owned(),
    };
    let upper = || source("upper", "//! Above. Floor 2.\nuse crate::lower::Thing;\n");
    let sound = [
        upper(),
        source("lower", "//! Below. Floor 1.\nuse crate::lower::deep::{A, B as C};\n"),
        source("lower/deep", "//! Floor 1.\n"),
    ];
    assert_eq!(mistakes(&sound), Vec::<String>::new());
    for (lower, expected) in [
        ("use crate::upper::Thing;", 1),
        ("use crate::{lower::deep::A, upper::Thing};", 1),
        ("use crate::{lower::deep::{A, B as C}, upper};", 1),
        ("use crate::\n    upper::{self, Thing};", 2),
        ("fn f() -> crate::upper::Thing { crate::upper::make() }", 2),
        ("fn f() { let a = \"a\"; crate::upper::make(); }", 1),
        ("fn f() { let a = '\"'; crate::upper::make(); }", 1),
        ("use super::upper::Thing;", 1),
        ("/// See [`crate::upper::Thing`].\nfn f() {} // crate::upper::Thing", 0),
        ("fn f() { let a = \"crate::upper::Thing\"; }", 0),
        ("macro_rules! m { () => { $crate::upper::make() } }", 0),
        ("fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::upper::Thing;\n}", 0),
    ] {
        let sources = [upper(), source("lower", &format!("//! Below. Floor 1.\n{lower}\n"))];
        assert_eq!(mistakes(&sources).len(), expected, "{lower}: {:?}", mistakes(&sources));
    }
    for (floor, expected) in [(2, 0), (3, 1)] {
        let engines = [
            source("task", &format!("//! Floor {floor}.\nuse crate::ask::{{A, b::C}};\nuse crate::task::own::D;")),
            source("task/own", &format!("//! Floor {floor}.")),
            source("ask", &format!("//! Floor {floor}.")),
        ];
        assert_eq!(mistakes(&engines).len(), expected * 2, "{:?}", mistakes(&engines));
    }
    let layer = [source("layer/timeout", "//! Floor 4.\nuse crate::server::App;"), source("server", "//! Floor 4.")];
    assert_eq!(mistakes(&layer).len(), 1);
    for (header, expected) in
        [("fn f() {}", "header"), ("//! Somewhere.", "floor"), ("//! Floor 1. Floor 2.", "several")]
    {
        let found = mistakes(&[source("lower", header)]);
        assert!(found.len() == 1 && found[0].contains(expected), "{header}: {found:?}");
    }
}
