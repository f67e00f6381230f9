//! The configurations of AI applications: whether they parse, and whether what they start is there.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use serde_json::Value;

use super::Finding;
use super::repair::Repair;
use crate::client::edit::{Refusal, servers};
use crate::client::read::{launch, text};
use crate::client::{Client, Launch, Scope, Surroundings};
use crate::print::visible;

const CHECK: &str = "clients";

/// This package's own server.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub(crate) name: String,
    /// Where it was built.
    pub(crate) path: PathBuf,
}

/// Looks at every application's files. `own` is what a repair may point to.
pub(crate) fn check(around: &Surroundings, own: Option<&Own>) -> Vec<Finding> {
    let mut found = Vec::new();
    let (mut files, mut fine) = (0, 0);
    for client in Client::value_variants() {
        for scope in [Scope::Project, Scope::User] {
            let Some(path) = client.file(scope, around) else { continue };
            match text(&path) {
                Ok(None) => {}
                Ok(Some(text)) => {
                    files += 1;
                    let look = Look { client: *client, scope, path: &path, around, own };
                    let problems = look.at(&text, &mut fine);
                    found.extend(problems);
                }
                Err(reason) => {
                    let place = format!("{}: {}", client.row().title, visible(&path.display().to_string()));
                    found.push(Finding::left_out(CHECK, reason).at(place).fix("make it readable for you"));
                }
            }
        }
    }
    let plural = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    match (files, fine) {
        (0, _) if found.is_empty() => found.push(Finding::note(CHECK, "no application's configuration is here")),
        (0, _) => {}
        _ if fine == 0 && !found.is_empty() => {}
        _ => {
            let message = format!("{} in {} can be started", plural(fine, "server"), plural(files, "configuration"));
            found.insert(0, Finding::fine(CHECK, message));
        }
    }
    found
}

/// One file.
struct Look<'l> {
    client: Client,
    scope: Scope,
    path: &'l Path,
    around: &'l Surroundings,
    own: Option<&'l Own>,
}

/// What is the matter with a program.
enum Trouble {
    /// It is not where the entry says.
    Missing(String),
    Other(Box<Finding>),
}

impl Look<'_> {
    fn at(&self, text: &str, fine: &mut usize) -> Vec<Finding> {
        let row = self.client.row();
        let shown = visible(&self.path.display().to_string());
        let all = match servers(row.language, text, row.section) {
            Ok(all) => all,
            Err(refusal) => {
                let reason = match refusal {
                    Refusal::Broken(reason) => visible(&reason),
                    Refusal::Doubtful => "it is written in a way that is not understood here".to_owned(),
                };
                let finding = Finding::wrong(CHECK, format!("it does not parse: {reason}"));
                return vec![
                    finding
                        .at(format!("{}: {shown}", row.title))
                        .fix("mend it by hand: the application cannot read it either"),
                ];
            }
        };
        let mut found = Vec::new();
        for (name, entry) in &all {
            match self.entry(name, entry) {
                Some(finding) => found.push(finding.at(format!("{}: {} in {shown}", row.title, visible(name)))),
                None => *fine += 1,
            }
        }
        found
    }

    /// What is wrong with an entry.
    fn entry(&self, name: &str, entry: &Value) -> Option<Finding> {
        let is_off =
            entry.get("disabled") == Some(&Value::Bool(true)) || entry.get("enabled") == Some(&Value::Bool(false));
        // Nothing is started for a server over HTTP.
        let Launch { command: program, args: arguments, .. } = launch(name, entry)?;
        if is_off || program.is_empty() {
            return None;
        }
        let install =
            format!("cargo mcp install {} --scope {} --name {}", self.client.name(), self.scope_name(), visible(name));
        let stem = Path::new(&program).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if stem == "cargo" && arguments.first().is_some_and(|first| matches!(first.as_str(), "run" | "r")) {
            let message = "it starts `cargo run`, which builds before it answers, prints where the protocol is spoken, and needs a \
                           shell's PATH and folder";
            return Some(Finding::wrong(CHECK, message).fix(format!("in the server's package: {install}")));
        }
        match self.program(&program)? {
            Trouble::Missing(message) => {
                let repair = self.own.filter(|own| own.name == name && own.path.is_file()).map(|own| Repair::Entry {
                    client: self.client,
                    path: self.path.to_owned(),
                    name: name.to_owned(),
                    entry: entry.clone(),
                    program: own.path.display().to_string(),
                });
                let fix = if repair.is_some() {
                    format!("{install}, or `cargo mcp doctor --fix`")
                } else {
                    format!("install the program, or take the server out: {install} --remove")
                };
                Some(Finding::wrong(CHECK, message).fix(fix).repair(repair))
            }
            Trouble::Other(finding) => Some(*finding),
        }
    }

    const fn scope_name(&self) -> &'static str {
        match self.scope {
            Scope::User => "user",
            Scope::Project => "project",
        }
    }

    fn program(&self, program: &str) -> Option<Trouble> {
        let shown = visible(program);
        if program.contains("${") || program.starts_with('~') || program.contains('%') {
            let why = format!("`{shown}` holds something that only the application fills in");
            return Some(Trouble::Other(Box::new(Finding::left_out(CHECK, why).fix("write an absolute path"))));
        }
        let path = Path::new(program);
        if path.components().count() == 1 && path.is_relative() {
            return (!in_path(program)).then(|| Trouble::Missing(format!("there is no program `{shown}` in PATH")));
        }
        if path.is_relative() && !self.around.project.join(path).exists() {
            return Some(Trouble::Missing(format!("it starts {shown}, a relative path that leads nowhere from here")));
        }
        let path = self.around.project.join(path);
        if !path.exists() {
            return Some(Trouble::Missing(format!("it starts {shown}, which is not there")));
        }
        if is_executable(&path) {
            return None;
        }
        let finding = Finding::wrong(CHECK, format!("it starts {shown}, which is no program that can be run"));
        let fix = if path.is_dir() {
            "that is a folder; write the path of the program in it".to_owned()
        } else {
            format!("chmod +x {shown}")
        };
        Some(Trouble::Other(Box::new(finding.fix(fix))))
    }
}

fn in_path(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let endings = if cfg!(windows) { &["", ".exe", ".cmd", ".bat"][..] } else { &[""] };
    std::env::split_paths(&folders)
        .any(|folder| endings.iter().any(|ending| is_executable(&folder.join(format!("{program}{ending}")))))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}
