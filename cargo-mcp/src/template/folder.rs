//! A template that lies in a folder. It is somebody else's: links are refused, everything is counted, and nothing in it is
//! executed.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use toml_edit::{DocumentMut, Item};

use super::{File, Template, Variable};
use crate::error::Failure;
use crate::print::visible;

/// What a template says of itself: `[variables]`, each with its default, or a table with `about` and perhaps `default`.
pub(crate) const MANIFEST: &str = "mcp-template.toml";

/// As many files as a large package has; a folder with more was not meant.
const FILES: usize = 1_000;
/// Deeper than any package.
const DEPTH: usize = 16;
/// The longest file: source is shorter, and a template is no place for data.
const LONGEST: u64 = 1024 * 1024;
/// What all files may have together.
const ALL: u64 = 16 * 1024 * 1024;

/// Reads the template in a folder.
pub(crate) fn read(folder: &Path, name: &str) -> Result<Template, Failure> {
    let mut reading = Reading { files: Vec::new(), bytes: 0 };
    reading.folder(folder, "", 0)?;
    let mut files = reading.files;
    let manifest = files.iter().position(|file| file.path == MANIFEST).map(|index| files.remove(index));
    if files.is_empty() {
        return Err(Failure::usage(format!("{} is empty", shown(folder))).hint("a template is a folder with files"));
    }
    let variables = manifest.as_ref().map(|file| declared(&file.bytes)).transpose()?;
    Ok(Template {
        name: name.to_owned(),
        files,
        is_open: variables.is_none(),
        variables: variables.unwrap_or_default(),
        call: None,
    })
}

struct Reading {
    files: Vec<File>,
    bytes: u64,
}

impl Reading {
    fn folder(&mut self, folder: &Path, below: &str, depth: usize) -> Result<(), Failure> {
        let cannot = |error| Failure::usage(format!("{} cannot be read", shown(folder))).cause(error);
        if depth > DEPTH {
            return Err(too_much(format!("{} is more than {DEPTH} folders deep", shown(folder))));
        }
        for entry in fs::read_dir(folder).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            let path = entry.path();
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                return Err(refused(&path, "a name that is no text"));
            };
            // Its history is no part of a template, and a build's output neither.
            if below.is_empty() && (name == ".git" || name == "target") {
                continue;
            }
            let inside = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
            let kind = entry.file_type().map_err(cannot)?;
            if kind.is_dir() {
                self.folder(&path, &inside, depth + 1)?;
            } else if kind.is_file() {
                self.file(&path, inside)?;
            } else if kind.is_symlink() {
                return Err(refused(&path, "a link, which could lead anywhere"));
            } else {
                return Err(refused(&path, "neither a file nor a folder"));
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, inside: String) -> Result<(), Failure> {
        if self.files.len() >= FILES {
            return Err(too_much(format!("the template has more than {FILES} files")));
        }
        let cannot = |error| Failure::usage(format!("{} cannot be read", shown(path))).cause(error);
        let file = fs::File::open(path).map_err(cannot)?;
        let is_executable = file.metadata().is_ok_and(|data| is_executable(&data));
        let mut bytes = Vec::new();
        // One more than is allowed tells that there is more, whatever the file says of its length.
        file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(cannot)?;
        let length = bytes.len() as u64;
        if length > LONGEST {
            return Err(too_much(format!("{} is larger than {} KiB", shown(path), LONGEST / 1024)));
        }
        self.bytes += length;
        if self.bytes > ALL {
            return Err(too_much(format!("the template is larger than {} MiB", ALL / 1024 / 1024)));
        }
        self.files.push(File { path: inside, bytes, is_executable });
        Ok(())
    }
}

#[cfg(unix)]
fn is_executable(data: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    data.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

/// The variables that a template declares.
fn declared(manifest: &[u8]) -> Result<Vec<Variable>, Failure> {
    let wrong = |reason: &str| Failure::usage(format!("the template's {MANIFEST} cannot be read: {}", visible(reason)));
    let text = std::str::from_utf8(manifest).map_err(|_| wrong("it is no text"))?;
    let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| wrong(error.message()))?;
    let Some(variables) = document.get("variables") else { return Ok(Vec::new()) };
    let variables = variables.as_table_like().ok_or_else(|| wrong("`variables` is no table"))?;
    variables.iter().map(|(name, item)| variable(name, item).ok_or_else(|| wrong(&unclear(name)))).collect()
}

fn unclear(name: &str) -> String {
    format!("variables.{name}: expected a text, or a table with `about` and `default`; names are lower case")
}

fn variable(name: &str, item: &Item) -> Option<Variable> {
    let is_name = super::placeholder(&format!("{{{{{name}}}}}")).is_some_and(|(_, found, _)| found == name);
    let text = |item: &Item| item.as_str().map(str::to_owned);
    let (about, default) = match item.as_table_like() {
        Some(table) => {
            let default = match table.get("default") {
                Some(default) => Some(text(default)?),
                None => None,
            };
            (table.get("about").and_then(text).unwrap_or_default(), default)
        }
        None => (String::new(), Some(text(item)?)),
    };
    is_name.then(|| Variable { name: name.to_owned(), about, default })
}

fn shown(path: &Path) -> String {
    visible(&path.display().to_string())
}

fn refused(path: &Path, what: &str) -> Failure {
    Failure::usage(format!("the template has {what}: {}", shown(path))).hint("look at the template before you trust it")
}

fn too_much(message: String) -> Failure {
    Failure::usage(message).hint("a template is the source of a small package")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_declares_what_it_asks_for() {
        let manifest = "[variables]\ngreeting = \"Hello\"\nwhom = { about = \"Whom to greet\" }\n";
        let variables = declared(manifest.as_bytes()).expect("variables");
        assert_eq!(variables.len(), 2);
        assert_eq!(variables.first().and_then(|one| one.default.as_deref()), Some("Hello"));
        assert_eq!(
            variables.get(1).map(|one| (one.about.as_str(), one.default.is_none())),
            Some(("Whom to greet", true))
        );
        assert!(declared(b"").is_ok_and(|none| none.is_empty()));
        for wrong in
            ["variables = 1", "[variables]\nA = \"x\"", "[variables]\na = 1", "[variables]\na = { default = 1 }", "["]
        {
            assert!(declared(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
