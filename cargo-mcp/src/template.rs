//! What a new server is made of: the files of a template, and what stands for their placeholders. Templates are embedded in the
//! binary, so that scaffolding works offline, or read from a folder. Nothing in a template is executed. How the files come to
//! where they belong is `command/new`.

pub(crate) mod embedded;
pub(crate) mod folder;
pub(crate) mod git;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::error::Failure;
use crate::print::visible;

/// A template, or what is added to one.
#[derive(Debug, Default)]
pub(crate) struct Template {
    pub(crate) name: String,
    /// The files with their placeholders.
    pub(crate) files: Vec<File>,
    /// What may be said of it, beside the names that are known for all.
    pub(crate) variables: Vec<Variable>,
    /// Whether a value may be given for any placeholder, because the template declares none.
    pub(crate) is_open: bool,
    /// The arguments of `cargo mcp call` that show it.
    pub(crate) call: Option<&'static str>,
}

/// A file: the path in the new package, with `/` between its parts, and what is in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
    /// Whether it may be run as a program.
    pub(crate) is_executable: bool,
}

impl File {
    pub(crate) fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), bytes: bytes.into(), is_executable: false }
    }
}

/// What a template asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) about: String,
    /// What it is unless given; without, it has to be.
    pub(crate) default: Option<String>,
}

impl Variable {
    pub(crate) fn new(name: &str, about: &str, default: impl Into<String>) -> Self {
        Self { name: name.to_owned(), about: about.to_owned(), default: Some(default.into()) }
    }
}

/// What placeholders stand for, by their names.
pub(crate) type Values = BTreeMap<String, String>;

/// A file with its placeholders filled in, at a path that stays below the folder.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_executable: bool,
}

/// Fills in all files of a template, sorted by path.
pub(crate) fn fill(files: &[File], values: &Values) -> Result<Vec<Filled>, Failure> {
    let mut filled: Vec<Filled> = Vec::with_capacity(files.len());
    let mut taken = BTreeSet::new();
    for file in files {
        let path = below(&in_package(&replace(&file.path, values)))?;
        // Where upper and lower case are the same, the second would write over the first.
        if !taken.insert(path.to_string_lossy().to_lowercase()) {
            return Err(Failure::usage(format!("{} comes twice", visible(&path.display().to_string())))
                .hint("the template and what is added to it have a file of the same name"));
        }
        let bytes = match std::str::from_utf8(&file.bytes) {
            Ok(text) => replace(text, values).into_bytes(),
            // A picture, or something else that nobody fills in.
            Err(_) => file.bytes.clone(),
        };
        filled.push(Filled { path, bytes, is_executable: file.is_executable });
    }
    filled.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(filled)
}

/// Cargo would take a folder with a Cargo.toml for a package, and git would obey a .gitignore, so templates name them otherwise.
fn in_package(path: &str) -> String {
    let path = path.strip_suffix(".template").unwrap_or(path);
    match path {
        "gitignore" | "dockerignore" => format!(".{path}"),
        _ => path.to_owned(),
    }
}

/// The path, if it stays below the folder it is taken in and outside of what git keeps there.
fn below(path: &str) -> Result<PathBuf, Failure> {
    let refuse = |reason: &str| {
        Err(Failure::usage(format!("the template has a file at `{}`, {reason}", visible(path)))
            .hint("look at the template before you trust it"))
    };
    if path.is_empty() || path.contains(['\\', ':']) || path.chars().any(char::is_control) {
        return refuse("which is not a path that every system can have");
    }
    let path = Path::new(path);
    if !path.components().all(|component| matches!(component, Component::Normal(_))) {
        return refuse("which leaves the folder");
    }
    // Git runs what stands in `.git/hooks` and in `.git/config`.
    if path.components().any(|component| component.as_os_str().eq_ignore_ascii_case(".git")) {
        return refuse("which git would obey");
    }
    Ok(path.to_owned())
}

/// Puts values in the place of `{{name}}`. What has no value stays as it is, and so does `${{ … }}`, which means something to
/// GitHub. What was put in is not looked at again.
pub(crate) fn replace(text: &str, values: &Values) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = placeholder(rest) {
        out.push_str(before);
        match values.get(name) {
            Some(value) if !before.ends_with('$') => out.push_str(value),
            _ => out.extend(["{{", name, "}}"]),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The first placeholder, with the text before and after it.
pub(crate) fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find("{{")?;
        let inner = text.get(start + 2..)?;
        let length = inner.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_'));
        let length = length.unwrap_or(inner.len());
        match inner.get(length..).and_then(|after| after.strip_prefix("}}")) {
            Some(after) if length > 0 => return Some((text.get(..start)?, inner.get(..length)?, after)),
            _ => from = start + 1,
        }
    }
}

/// What every template can say of the package and of the runtime that it is made for.
pub(crate) fn common(name: &str) -> Values {
    let checkout = checkout();
    let runtime = |features: &str| dependency(features, checkout.as_deref());
    Values::from_iter(
        [
            ("name", name.to_owned()),
            ("crate", name.replace('-', "_")),
            ("runtime", runtime("")),
            ("runtime-testing", runtime(", features = [\"testing\"]")),
            ("runtime-testing-http", runtime(", features = [\"testing\", \"client-http\"]")),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    )
}

/// Whether what is scaffolded depends on a folder of this machine.
pub(crate) fn is_bound_to_a_checkout() -> bool {
    checkout().is_some()
}

/// The checkout that this binary was built from, while it is there.
fn checkout() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let runtime = root.join("mcp-runtime");
    runtime.join("Cargo.toml").is_file().then_some(runtime)
}

/// What a scaffolded package depends on: this checkout by path, else the released version.
fn dependency(features: &str, checkout: Option<&Path>) -> String {
    match checkout {
        Some(path) => {
            let path = path.display().to_string().replace('\\', "/");
            format!("{{ path = \"{path}\"{features} }}")
        }
        None => format!("{{ version = \"{}\"{features} }}", env!("CARGO_PKG_VERSION")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn placeholders_are_filled_in_once() {
        let values = values(&[("name", "{{crate}}"), ("crate", "x")]);
        for (text, expected) in [
            ("{{name}}-{{crate}}", "{{crate}}-x"),
            ("{{{crate}}}", "{x}"),
            ("${{crate}} {{ crate }} {{}} {{other}} {{", "${{crate}} {{ crate }} {{}} {{other}} {{"),
            ("ä{{crate", "ä{{crate"),
        ] {
            assert_eq!(replace(text, &values), expected);
        }
    }

    #[test]
    fn a_path_stays_below_the_folder() {
        for path in ["Cargo.toml", "src/main.rs", ".github/workflows/ci.yml"] {
            assert!(below(path).is_ok(), "{path}");
        }
        for path in ["", "../x", "a/../../x", "/etc/passwd", "a\\b", "C:x", "a\nb", ".git/config", "a/.GIT/hooks/x"] {
            assert!(below(path).is_err(), "{path}");
        }
    }

    #[test]
    fn two_files_of_one_name_are_refused() {
        let check = |paths: &[&str]| {
            fill(&paths.iter().map(|path| File::new(*path, "")).collect::<Vec<_>>(), &Values::new()).is_ok()
        };
        assert!(check(&["Cargo.toml.template", "src/main.rs"]));
        assert!(!check(&["Cargo.toml.template", "Cargo.toml"]));
        assert!(!check(&["README.md", "readme.md"]));
    }

    #[test]
    fn a_released_binary_names_the_released_runtime() {
        assert_eq!(dependency("", None), format!("{{ version = \"{}\" }}", env!("CARGO_PKG_VERSION")));
        assert_eq!(
            dependency(", features = [\"x\"]", Some(Path::new("/c/r"))),
            "{ path = \"/c/r\", features = [\"x\"] }"
        );
    }
}
