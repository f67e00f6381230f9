//! `cargo mcp new`: writes a server that builds, passes its tests and can be called at once.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::cli::{New, Vcs};
use crate::error::Failure;
use crate::flags::nearest;
use crate::print::{Console, visible};
use crate::template::{self, Template};

/// Names that cargo refuses, or that would hide a crate every program needs.
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
];

/// Words that mean something in Rust.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

pub(crate) fn run(new: &New, console: &Console) -> Result<ExitCode, Failure> {
    if new.list {
        for template in template::ALL {
            console.result(&format!("{:<8}  {}", template.name, template.about))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let path = new.path.as_deref().ok_or_else(|| Failure::usage("the new server needs a folder"))?;
    let template = template::find(&new.template).ok_or_else(|| unknown(&new.template))?;
    let name = match &new.name {
        Some(name) => name.clone(),
        None => folder_name(path)?,
    };
    check_name(&name)?;
    let files = template.files(&name);
    refuse_overwriting(path, &files)?;
    if new.dry_run {
        for (file, _) in &files {
            console.result(&path.join(file).display().to_string())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    write(path, &files)?;
    if new.vcs == Vcs::Git {
        begin_git(path, console);
    }
    report(path, &name, template, &files, console)?;
    Ok(ExitCode::SUCCESS)
}

fn unknown(name: &str) -> Failure {
    let names: Vec<_> = template::ALL.iter().map(|template| template.name).collect();
    let failure = Failure::usage(format!("there is no template `{}`", visible(name)));
    match nearest(name, names.iter().copied()) {
        Some(nearest) => failure.hint(format!("did you mean `{nearest}`?")),
        None => failure.hint(format!("there are {}", names.join(", "))),
    }
}

fn folder_name(path: &Path) -> Result<String, Failure> {
    let absolute = std::path::absolute(path).map_err(Failure::own)?;
    let last = absolute.components().rev().find_map(|component| match component {
        Component::Normal(name) => name.to_str().map(str::to_owned),
        _ => None,
    });
    last.ok_or_else(|| Failure::usage("the folder has no name that a package could take").hint("give one with --name"))
}

fn check_name(name: &str) -> Result<(), Failure> {
    let refuse = |reason: &str| {
        Err(Failure::usage(format!("`{}` cannot be a package's name: {reason}", visible(name)))
            .hint("give another with --name"))
    };
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return refuse("it must begin with a letter");
    }
    if let Some(c) = name.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_')) {
        return refuse(&format!("{c:?} is not allowed, only letters, digits, `-` and `_` are"));
    }
    if name.len() > 64 {
        return refuse("it is longer than 64 characters");
    }
    let krate = name.replace('-', "_");
    if KEYWORDS.contains(&krate.as_str()) {
        return refuse("it is a word of the language");
    }
    if RESERVED.contains(&krate.as_str()) {
        return refuse("it is taken by Rust or by a crate that the server needs");
    }
    Ok(())
}

fn refuse_overwriting(path: &Path, files: &[(PathBuf, String)]) -> Result<(), Failure> {
    if path.exists() && !path.is_dir() {
        return Err(Failure::usage(format!("{} is a file", path.display())).hint("choose another folder"));
    }
    let there: Vec<_> = files.iter().map(|(file, _)| path.join(file)).filter(|file| file.exists()).collect();
    if there.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = there.iter().map(|file| file.display().to_string()).collect();
    Err(Failure::usage(format!("these files are there already: {}", names.join(", ")))
        .hint("choose another folder, or move them away"))
}

/// Writes everything beside the folder first, so that an interrupted run leaves nothing half-written.
fn write(path: &Path, files: &[(PathBuf, String)]) -> Result<(), Failure> {
    let cannot = |error: io::Error| Failure::own(format!("{} cannot be written", path.display())).cause(error);
    if path.is_dir() {
        // A folder that exists is kept with what is in it; each file arrives whole.
        for (file, text) in files {
            let target = path.join(file);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(cannot)?;
            }
            let whole = target.with_extension("mcp-new");
            fs::write(&whole, text).and_then(|()| fs::rename(&whole, &target)).map_err(cannot)?;
        }
        return Ok(());
    }
    let absolute = std::path::absolute(path).map_err(cannot)?;
    let parent = absolute.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(cannot)?;
    let beside = parent.join(format!(".mcp-new-{}", std::process::id()));
    let written = files
        .iter()
        .try_for_each(|(file, text)| {
            let target = beside.join(file);
            target.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(target, text)
        })
        .and_then(|()| fs::rename(&beside, &absolute));
    written.map_err(|error| {
        // Whatever could be written must not stay; the first error is the one to tell.
        let _ = fs::remove_dir_all(&beside);
        cannot(error)
    })
}

fn begin_git(path: &Path, console: &Console) {
    let inside = Command::new("git")
        .arg("-C")
        .arg(path)
        .args(["rev-parse", "--is-inside-work-tree"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if inside.is_ok_and(|status| status.success()) {
        return;
    }
    let begun =
        Command::new("git").args(["init", "--quiet"]).arg(path).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !begun.is_ok_and(|status| status.success()) {
        console.note("note: git is not there, so that no repository was begun");
    }
}

fn report(
    path: &Path,
    name: &str,
    template: &Template,
    files: &[(PathBuf, String)],
    console: &Console,
) -> Result<(), Failure> {
    if console.json {
        let files: Vec<_> = files.iter().map(|(file, _)| file.display().to_string()).collect();
        return console
            .json(&serde_json::json!({ "name": name, "path": path, "template": template.name, "files": files }));
    }
    console.result(&format!("{}/", path.display()))?;
    for (file, _) in files {
        console.result(&format!("  {}", file.display()))?;
    }
    let call = match template.name {
        "minimal" => "cargo mcp call hello --name Ada",
        _ => "cargo mcp call add --title \"Learn Rust\"",
    };
    console.note(&format!("\nNext:\n  cd {}\n  cargo test\n  {call}", path.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_be_one_that_a_package_can_take() {
        for name in ["hello", "my-server", "a1_b"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "1st", "a b", "a/b", "fn", "self", "std", "mcp-runtime", "ä", &"x".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
