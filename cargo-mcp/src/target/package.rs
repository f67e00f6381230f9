//! This package's server: which of its binaries it is, as cargo would choose, and how it is built.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::SystemTime;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::fresh::Place;
use crate::cli::Own;
use crate::error::Failure;
use crate::print::{Console, visible};

/// What cargo built, or found built already.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) program: PathBuf,
    /// The build scripts that had a part in it.
    pub(super) scripts: Vec<Script>,
}

/// A build script that ran at some time.
#[derive(Debug)]
pub(super) struct Script {
    /// The folder of its package, if that is one that is worked on: what comes from a registry does not change.
    pub(super) root: Option<PathBuf>,
    /// Where it put what it made; beside it lies what it said.
    pub(super) out: PathBuf,
}

impl Script {
    /// The files that it watches; `None` if that cannot be told from what it said.
    pub(super) fn watched(&self) -> Option<Vec<PathBuf>> {
        let said = std::fs::read(self.out.with_file_name("output")).ok()?;
        let said = String::from_utf8_lossy(&said);
        let orders = said.lines().filter_map(|line| line.strip_prefix("cargo::").or(line.strip_prefix("cargo:")));
        let orders: Vec<(&str, &str)> = orders
            .filter_map(|order| order.split_once('='))
            .filter(|(name, _)| name.starts_with("rerun-if-"))
            .collect();
        // One that says nothing of it watches all of its package.
        if orders.is_empty() && self.root.is_some() {
            return None;
        }
        let files = orders.iter().filter(|(name, _)| *name == "rerun-if-changed").map(|(_, path)| Path::new(path));
        let files = files.filter_map(|path| match &self.root {
            Some(root) => Some(root.join(path)),
            None => path.is_absolute().then(|| path.to_owned()),
        });
        let files: Vec<_> = files.collect();
        // Of a folder, everything in it counts.
        (!files.iter().any(|path| path.is_dir())).then_some(files)
    }
}

impl Own {
    /// The server's program: the one that was built last if it is still what cargo would build, else built now.
    pub(crate) async fn program(&self, console: &Console) -> Result<PathBuf, Failure> {
        let place = Place::of(self);
        if let Some(program) = place.as_ref().and_then(Place::program) {
            return Ok(program);
        }
        let before = SystemTime::now();
        let built = self.made(&self.choose()?, None, console).await?;
        if let Some(place) = place {
            place.remember(&built, before);
        }
        Ok(built.program)
    }

    /// Builds the server and says where it is. It is built in this folder, or in the package's own.
    pub(crate) async fn build(
        &self,
        chosen: &Chosen,
        folder: Option<&Path>,
        console: &Console,
    ) -> Result<PathBuf, Failure> {
        self.made(chosen, folder, console).await.map(|built| built.program)
    }

    /// Builds while an interruption can be heard; cargo ends with whoever waits for it.
    async fn made(&self, chosen: &Chosen, folder: Option<&Path>, console: &Console) -> Result<Built, Failure> {
        let mut cargo = self.cargo("build");
        cargo.arg("--message-format=json-render-diagnostics").args(["--package", &chosen.package]);
        cargo.args(if chosen.is_example { ["--example", &chosen.name] } else { ["--bin", &chosen.name] });
        for features in &self.features {
            cargo.args(["--features", features]);
        }
        if self.release {
            cargo.arg("--release");
        }
        if let Some(folder) = folder {
            cargo.arg("--target-dir").arg(folder);
        }
        if !console.shows_progress() {
            cargo.arg("--quiet");
        }
        cargo.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = tokio::process::Command::from(cargo).kill_on_drop(true).spawn().map_err(cargo_missing)?;
        let mut program = None;
        let mut scripts = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            let mut lines = BufReader::new(stdout).lines();
            while let Some(line) = lines.next_line().await.map_err(Failure::own)? {
                match told(&line, chosen) {
                    Some(Told::Program(path)) => program = Some(path),
                    Some(Told::Script(script)) => scripts.push(script),
                    None => {}
                }
            }
        }
        let status = child.wait().await.map_err(Failure::own)?;
        if was_interrupted(status) {
            return Err(Failure::interrupted());
        }
        if !status.success() {
            return Err(
                Failure::build(format!("`{}` does not build", chosen.name)).hint("the compiler's errors stand above")
            );
        }
        let program =
            program.ok_or_else(|| Failure::own(format!("cargo built `{}` and did not say where", chosen.name)))?;
        Ok(Built { program, scripts })
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

    /// What cargo says of the package and of all that it depends on, or why it says nothing.
    pub(crate) fn metadata(&self) -> Result<Value, String> {
        let output = self.cargo("metadata").arg("--format-version=1").stderr(Stdio::piped()).output();
        let output = output.map_err(|error| format!("cargo cannot be run: {error}"))?;
        if !output.status.success() {
            return Err(refusal(&output.stderr));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
    }

    /// The folder of the package's workspace, which is the package's own where there is none: what applications open as a
    /// project.
    pub(crate) fn project(&self) -> Option<PathBuf> {
        let output =
            self.cargo("metadata").args(["--no-deps", "--format-version=1"]).stderr(Stdio::null()).output().ok()?;
        let metadata: Value = serde_json::from_slice(&output.stdout).ok()?;
        metadata["workspace_root"].as_str().map(PathBuf::from)
    }

    /// Finds the one binary that is meant.
    pub(crate) fn choose(&self) -> Result<Chosen, Failure> {
        let output = self
            .cargo("metadata")
            .args(["--no-deps", "--format-version=1"])
            .stderr(Stdio::piped())
            .output()
            .map_err(cargo_missing)?;
        if was_interrupted(output.status) {
            return Err(Failure::interrupted());
        }
        if !output.status.success() {
            return Err(Failure::usage(format!("there is no server to build here: {}", refusal(&output.stderr)))
                .hint("go to your package, name it with --manifest-path, or give a command behind `--`"));
        }
        let metadata: Value = serde_json::from_slice(&output.stdout).map_err(Failure::own)?;
        let here = std::env::current_dir().unwrap_or_default();
        choose(&candidates(&metadata), self, &here, &default_members(&metadata))
    }
}

/// Whether the terminal told a program to end, and with it this one.
#[cfg(unix)]
fn was_interrupted(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    /// `SIGINT`.
    const INTERRUPT: i32 = 2;
    status.signal() == Some(INTERRUPT)
}

/// Where there are no signals nobody can tell.
#[cfg(not(unix))]
fn was_interrupted(_: ExitStatus) -> bool {
    false
}

/// Why cargo says nothing of a package.
fn refusal(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    visible(text.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or("cargo metadata failed"))
}

fn cargo_missing(error: std::io::Error) -> Failure {
    Failure::usage("cargo cannot be run").cause(error).hint("install Rust, or give the server's command behind `--`")
}

/// What a line of cargo's messages tells.
enum Told {
    /// Where the chosen binary is.
    Program(PathBuf),
    Script(Script),
}

fn told(line: &str, chosen: &Chosen) -> Option<Told> {
    let message: Value = serde_json::from_str(line).ok()?;
    match message.get("reason")?.as_str()? {
        "compiler-artifact" if message.get("target")?.get("name")? == chosen.name.as_str() => {
            Some(Told::Program(PathBuf::from(message.get("executable")?.as_str()?)))
        }
        "build-script-executed" => {
            let id = message.get("package_id")?.as_str()?;
            let out = PathBuf::from(message.get("out_dir")?.as_str()?);
            Some(Told::Script(Script { root: folder_of(id), out }))
        }
        _ => None,
    }
}

/// The folder that a package's id names, as in `path+file:///home/me/notes#0.1.0`, for those that are worked on.
fn folder_of(id: &str) -> Option<PathBuf> {
    let url = id.strip_prefix("path+file://")?;
    let path = url.split(['#', '?']).next()?;
    // The drive of Windows follows a slash that is not part of it.
    let path = path.strip_prefix('/').filter(|rest| rest.get(1..2) == Some(":")).unwrap_or(path);
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

/// A binary or example that could be meant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chosen {
    pub(crate) package: String,
    id: String,
    /// The package's folder.
    pub(crate) folder: PathBuf,
    pub(crate) name: String,
    is_example: bool,
    /// The features without which cargo does not build it.
    needs: Vec<String>,
    default_run: Option<String>,
    pub(crate) version: String,
    /// What the package says of itself in `[package.metadata]`.
    pub(crate) metadata: Value,
    /// The oldest edition is the one that cargo assumes.
    pub(crate) edition: String,
    /// The crates that the package's code can name.
    pub(crate) dependencies: Vec<String>,
    /// Where the source of the package's library begins, and that of the binary.
    pub(crate) sources: Vec<PathBuf>,
    /// Where cargo builds.
    pub(crate) target_folder: PathBuf,
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
                    needs: texts(&target["required-features"]),
                    default_run: package["default_run"].as_str().map(str::to_owned),
                    version: package["version"].as_str().unwrap_or_default().to_owned(),
                    metadata: package["metadata"].clone(),
                    edition: package["edition"].as_str().unwrap_or("2015").to_owned(),
                    dependencies: dependencies(package),
                    sources: sources(package, &target["src_path"]),
                    target_folder: metadata["target_directory"].as_str().unwrap_or_default().into(),
                });
            }
        }
    }
    found
}

/// The roots of the package's libraries, and that of one target.
fn sources(package: &Value, own: &Value) -> Vec<PathBuf> {
    let is_library = |target: &&Value| {
        target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "lib" || kind == "rlib"))
    };
    let libraries = package["targets"].as_array().into_iter().flatten().filter(is_library);
    let all = libraries.map(|target| &target["src_path"]).chain([own]);
    all.filter_map(|path| path.as_str().map(PathBuf::from)).collect()
}

/// The crates that a package names, as its code writes them.
fn dependencies(package: &Value) -> Vec<String> {
    let all = package["dependencies"].as_array().into_iter().flatten().filter(|one| one["kind"].is_null());
    all.filter_map(|one| one["rename"].as_str().or(one["name"].as_str())).map(|name| name.replace('-', "_")).collect()
}

fn default_members(metadata: &Value) -> Vec<String> {
    texts(&metadata["workspace_default_members"])
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn choose(all: &[Chosen], target: &Own, here: &Path, default_members: &[String]) -> Result<Chosen, Failure> {
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
        // What cargo would pass over is not meant.
        let given =
            |feature: &String| target.features.iter().any(|list| list.split([',', ' ']).any(|one| one == *feature));
        left.retain(|one| one.needs.iter().all(given));
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
mod tests;
