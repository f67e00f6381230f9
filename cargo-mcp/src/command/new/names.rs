//! Which names a package, a value and an entry of the registry can have.

use crate::error::Failure;
use crate::print::visible;

/// Names that cargo refuses, that no file can have on Windows, or that would hide a crate every program needs.
const RESERVED: &[&str] = &[
    "test",
    "core",
    "std",
    "alloc",
    "proc_macro",
    "mcp_runtime",
    "mcp_derive",
    "build",
    "deps",
    "examples",
    "incremental",
    "con",
    "prn",
    "aux",
    "nul",
    "com1",
    "com2",
    "com3",
    "com4",
    "com5",
    "com6",
    "com7",
    "com8",
    "com9",
    "lpt1",
    "lpt2",
    "lpt3",
    "lpt4",
    "lpt5",
    "lpt6",
    "lpt7",
    "lpt8",
    "lpt9",
];

/// Words that mean something in Rust.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Whether a package can have this name, and its crate without a warning.
pub(super) fn check(name: &str) -> Result<(), Failure> {
    let krate = name.replace('-', "_");
    let refuse = |reason: &str| Err(refused(name, reason));
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return refuse("it must begin with a letter");
    }
    if let Some(c) = name.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_')) {
        return refuse(&format!("{c:?} is not allowed, only letters, digits, `-` and `_` are"));
    }
    if name.len() > 64 {
        return refuse("it is longer than 64 characters");
    }
    if name.contains(|c: char| c.is_ascii_uppercase()) {
        return refuse(&format!("crates are written in lower case, as `{}`", name.to_ascii_lowercase()));
    }
    if krate.contains("__") {
        return refuse("`-` and `_` stand between two letters or digits");
    }
    if KEYWORDS.contains(&krate.as_str()) {
        return refuse("it is a word of the language");
    }
    if RESERVED.contains(&krate.as_str()) {
        return refuse("it is taken by Rust, by the system, or by a crate that the server needs");
    }
    Ok(())
}

pub(super) fn refused(name: &str, reason: &str) -> Failure {
    Failure::usage(format!("`{}` cannot be a package's name: {reason}", visible(name))).hint("give another with --name")
}

/// Whether a placeholder can stand for this value, wherever it stands.
pub(super) fn check_value(name: &str, value: &str) -> Result<(), Failure> {
    /// A sentence, not a text.
    const LONGEST: usize = 1_000;
    let refuse = |reason: &str| {
        Err(Failure::usage(format!("-d {}: {reason}", visible(name))).hint("say it shorter, and plainly"))
    };
    if value.len() > LONGEST {
        return refuse(&format!("the value is longer than {LONGEST} bytes"));
    }
    // It may come to stand in a string of Rust, of TOML or of YAML.
    if let Some(c) = value.chars().find(|c| c.is_control() || matches!(c, '"' | '\\')) {
        return refuse(&format!("{c:?} is not allowed in a value"));
    }
    if name == "registry" {
        return check_registry(value);
    }
    Ok(())
}

/// Whether the registry of servers can have this name (`server.json`, `name`).
fn check_registry(name: &str) -> Result<(), Failure> {
    let refuse = |reason: &str| {
        Err(Failure::usage(format!("`{}` cannot be a name in the registry: {reason}", visible(name)))
            .hint("give one with -d registry=io.github.you/weather"))
    };
    let is_word = |word: &str, extra: &[char]| {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || extra.contains(&c);
        !word.is_empty() && word.chars().all(is_allowed)
    };
    if !(3..=200).contains(&name.len()) {
        return refuse("it has 3 to 200 characters");
    }
    match name.split('/').collect::<Vec<_>>().as_slice() {
        [domain, server] => {
            if !domain.contains('.') || !domain.split('.').all(|part| is_word(part, &['-'])) {
                return refuse("before the `/` is a domain of yours, its last part first");
            }
            if !is_word(server, &['.', '-', '_']) {
                return refuse("behind the `/` are letters, digits, `.`, `-` and `_`");
            }
            Ok(())
        }
        _ => refuse("it is a domain, one `/`, and the server's own name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_be_one_that_a_package_can_take() {
        for name in ["hello", "my-server", "a1_b", "x"] {
            assert!(check(name).is_ok(), "{name}");
        }
        let long = "x".repeat(65);
        for name in [
            "",
            "1st",
            "-a",
            "a b",
            "a/b",
            "fn",
            "self",
            "std",
            "test",
            "nul",
            "mcp-runtime",
            "ä",
            "Hello",
            "a--b",
            &long,
        ] {
            assert!(check(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_name_in_the_registry_is_a_domain_and_a_name() {
        for name in ["io.github.you/weather", "com.example/a_b.c-d"] {
            assert!(check_value("registry", name).is_ok(), "{name}");
        }
        for name in ["weather", "you/weather", "a..b/c", "io.github.you/", "io.github/a/b", "io.github.ä/x", "/x"] {
            assert!(check_value("registry", name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_value_fits_into_any_file() {
        for value in ["", "A server's own, 100 %: ä"] {
            assert!(check_value("description", value).is_ok(), "{value}");
        }
        for value in ["a\nb", "a \"b\"", "a\\", "\u{1b}[2J", &"x".repeat(1001)] {
            assert!(check_value("description", value).is_err(), "{value}");
        }
    }
}
