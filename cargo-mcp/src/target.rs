//! The server that a command talks to: built from this package, or started by the command behind `--`.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mcp_runtime::{Client, Revision};
use serde_json::Value;

use crate::cli::Target;
use crate::error::Failure;
use crate::print::{Console, visible};

impl Target {
    /// Builds the server if it is this package's, starts it and connects.
    pub(crate) async fn connect(&self, server: Option<Vec<OsString>>, console: &Console) -> Result<Client, Failure> {
        let revision = self.revision()?;
        let command = match server {
            Some(command) if command.is_empty() => {
                return Err(Failure::usage("nothing follows `--`")
                    .hint("write the server's command there: -- ./server --stdio"));
            }
            Some(command) => command,
            None => vec![self.build(console)?.into_os_string()],
        };
        let (program, arguments) = command.split_first().ok_or_else(|| Failure::usage("there is no command"))?;
        let shown = visible(&program.to_string_lossy());
        let mut connect = Client::command(program).args(arguments).timeout(Duration::from_secs(self.timeout));
        if let Some(revision) = revision {
            connect = connect.protocol(revision);
        }
        connect = console.listen(connect);
        connect.connect().await.map_err(|error| Failure::from(error).unreachable_because(&shown))
    }

    fn revision(&self) -> Result<Option<Revision>, Failure> {
        if self.protocol == "auto" {
            return Ok(None);
        }
        Revision::parse(&self.protocol).map(Some).ok_or_else(|| {
            let known: Vec<_> = Revision::ALL.iter().map(|revision| revision.as_str()).collect();
            Failure::usage(format!("--protocol: unknown revision {:?}", self.protocol))
                .hint(format!("known are auto, {}", known.join(", ")))
        })
    }

    /// Builds the server and says where it is.
    fn build(&self, console: &Console) -> Result<PathBuf, Failure> {
        let chosen = self.choose()?;
        let mut cargo = self.cargo("build");
        cargo.arg("--message-format=json-render-diagnostics").args(["--package", &chosen.package]);
        cargo.args(if chosen.is_example { ["--example", &chosen.name] } else { ["--bin", &chosen.name] });
        for features in &self.features {
            cargo.args(["--features", features]);
        }
        if self.release {
            cargo.arg("--release");
        }
        if !console.shows_progress() {
            cargo.arg("--quiet");
        }
        let mut child = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(cargo_missing)?;
        let mut built = None;
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).lines() {
                let line = line.map_err(Failure::own)?;
                built = executable(&line, &chosen).or(built);
            }
        }
        let status = child.wait().map_err(Failure::own)?;
        if !status.success() {
            return Err(
                Failure::build(format!("`{}` does not build", chosen.name)).hint("the compiler's errors stand above")
            );
        }
        built.ok_or_else(|| Failure::own(format!("cargo built `{}` and did not say where", chosen.name)))
    }

    fn cargo(&self, subcommand: &str) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.arg(subcommand);
        if let Some(path) = &self.manifest_path {
            cargo.arg("--manifest-path").arg(path);
        }
        if self.locked {
            cargo.arg("--locked");
        }
        cargo
    }

    /// Finds the one binary that is meant.
    fn choose(&self) -> Result<Chosen, Failure> {
        let output = self
            .cargo("metadata")
            .args(["--no-deps", "--format-version=1"])
            .stderr(Stdio::piped())
            .output()
            .map_err(cargo_missing)?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            let reason = text.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or("cargo metadata failed");
            return Err(Failure::usage(format!("there is no server to build here: {}", visible(reason)))
                .hint("go to your package, name it with --manifest-path, or give a command behind `--`"));
        }
        let metadata: Value = serde_json::from_slice(&output.stdout).map_err(Failure::own)?;
        let here = std::env::current_dir().unwrap_or_default();
        choose(&candidates(&metadata), self, &here, &default_members(&metadata))
    }
}

fn cargo_missing(error: std::io::Error) -> Failure {
    Failure::usage("cargo cannot be run").cause(error).hint("install Rust, or give the server's command behind `--`")
}

/// The binary that a line of cargo's messages says it has built, if it is the chosen one.
fn executable(line: &str, chosen: &Chosen) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let target = message.get("target")?;
    if message.get("reason")? != "compiler-artifact" || target.get("name")? != chosen.name.as_str() {
        return None;
    }
    Some(PathBuf::from(message.get("executable")?.as_str()?))
}

/// A binary or example that could be meant.
#[derive(Clone, Debug, PartialEq)]
struct Chosen {
    package: String,
    id: String,
    folder: PathBuf,
    name: String,
    is_example: bool,
    default_run: Option<String>,
}

fn candidates(metadata: &Value) -> Vec<Chosen> {
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let folder = Path::new(package["manifest_path"].as_str().unwrap_or_default()).parent().unwrap_or(Path::new(""));
        for target in package["targets"].as_array().into_iter().flatten() {
            let is =
                |kind: &str| target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|known| known == kind));
            if is("bin") || is("example") {
                found.push(Chosen {
                    package: package["name"].as_str().unwrap_or_default().to_owned(),
                    id: package["id"].as_str().unwrap_or_default().to_owned(),
                    folder: folder.to_owned(),
                    name: target["name"].as_str().unwrap_or_default().to_owned(),
                    is_example: is("example"),
                    default_run: package["default_run"].as_str().map(str::to_owned),
                });
            }
        }
    }
    found
}

fn default_members(metadata: &Value) -> Vec<String> {
    let members = metadata["workspace_default_members"].as_array().into_iter().flatten();
    members.filter_map(|member| member.as_str().map(str::to_owned)).collect()
}

fn choose(all: &[Chosen], target: &Target, here: &Path, default_members: &[String]) -> Result<Chosen, Failure> {
    let wanted = target.example.as_ref().or(target.bin.as_ref());
    let mut left: Vec<&Chosen> = all
        .iter()
        .filter(|one| one.is_example == target.example.is_some())
        .filter(|one| target.package.as_ref().is_none_or(|package| *package == one.package))
        .collect();
    if let Some(name) = wanted {
        left.retain(|one| one.name == *name);
        if left.is_empty() {
            let kind = if target.example.is_some() { "example" } else { "binary" };
            let names: Vec<_> = all
                .iter()
                .filter(|one| one.is_example == target.example.is_some())
                .map(|one| one.name.as_str())
                .collect();
            return Err(Failure::usage(format!("there is no {kind} `{}`", visible(name)))
                .hint(format!("there are {}", names.join(", "))));
        }
    } else {
        // The package in the current folder, as cargo has it.
        let nearest = left
            .iter()
            .filter(|one| here.starts_with(&one.folder))
            .map(|one| one.folder.clone())
            .max_by_key(|folder| folder.components().count());
        match nearest {
            Some(folder) if target.package.is_none() => left.retain(|one| one.folder == folder),
            _ => {
                let are_default = |one: &&Chosen| default_members.contains(&one.id);
                if left.iter().any(are_default) {
                    left.retain(are_default);
                }
            }
        }
        if left.iter().any(|one| one.default_run.as_deref() == Some(&one.name)) {
            left.retain(|one| one.default_run.as_deref() == Some(&one.name));
        }
    }
    match left.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(Failure::usage("no binary here is a server")
            .hint("go to your package, name it with --package, or give a command behind `--`")),
        several => {
            let names: Vec<_> = several.iter().map(|one| one.name.as_str()).collect();
            Err(Failure::usage("several binaries could be the server")
                .hint(format!("choose one with --bin: {}", names.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(line: &str) -> Target {
        #[derive(Debug, clap::Parser)]
        struct Only {
            #[command(flatten)]
            target: Target,
        }
        let words = std::iter::once("cargo-mcp").chain(line.split_whitespace());
        <Only as clap::Parser>::try_parse_from(words).map_or_else(|error| panic!("{error}"), |only| only.target)
    }

    fn all() -> Vec<Chosen> {
        let one = |package: &str, name: &str, is_example| Chosen {
            package: package.into(),
            id: package.into(),
            folder: Path::new("/w").join(package),
            name: name.into(),
            is_example,
            default_run: None,
        };
        vec![one("a", "a", false), one("b", "first", false), one("b", "second", false), one("b", "show", true)]
    }

    fn check(line: &str, here: &str) -> Result<String, String> {
        choose(&all(), &target(line), Path::new(here), &[])
            .map(|one| one.name)
            .map_err(|failure| failure.message().to_owned())
    }

    #[test]
    fn the_only_binary_of_the_package_around_is_meant() {
        assert_eq!(check("", "/w/a/src").as_deref(), Ok("a"));
        assert_eq!(check("--package a", "/").as_deref(), Ok("a"));
        assert_eq!(check("--bin second", "/").as_deref(), Ok("second"));
        assert_eq!(check("--example show", "/w/a").as_deref(), Ok("show"));
    }

    #[test]
    fn a_choice_that_is_not_clear_is_refused() {
        assert_eq!(check("", "/w/b").unwrap_err(), "several binaries could be the server");
        assert_eq!(check("--bin third", "/w/b").unwrap_err(), "there is no binary `third`");
        assert_eq!(check("--package c", "/w/b").unwrap_err(), "no binary here is a server");
    }
}
