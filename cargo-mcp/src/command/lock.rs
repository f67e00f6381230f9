//! `cargo mcp lock`: writes `mcp.lock`, or checks that it is what the server offers.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use mcp_runtime::Revision;
use serde_json::json;

use crate::cli::Target;
use crate::diff::settings::Settings;
use crate::error::Failure;
use crate::lock::{FILE, Lock};
use crate::print::{Console, visible, visible_json};
use crate::surface::Surface;
use crate::target::Way;

#[derive(Debug, Args)]
#[command(after_help = "Example: cargo mcp lock && git add mcp.lock")]
pub(crate) struct LockCommand {
    /// Fail when the file is not what the server offers, and write nothing
    #[arg(long)]
    pub(crate) check: bool,

    /// File to write, `mcp.lock` beside Cargo.toml unless given; `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) target: Target,
}

pub(crate) async fn run(
    lock: &LockCommand,
    server: Option<Vec<OsString>>,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let place = Place::of(&lock.target, server.is_some(), false)?;
    let way = lock.target.way(server, console).await?;
    let text = surface(&lock.target, &way, &place.settings, console).await?.to_text()?;
    let path = lock.output.clone().unwrap_or_else(|| place.folder.join(FILE));
    if path == Path::new("-") {
        // The canonical form leaves characters as they are, which a terminal would act on.
        let is_seen = std::io::stdout().is_terminal();
        console.result(&if is_seen { visible_json(text.trim_end()) } else { text.trim_end().to_owned() })?;
        return Ok(ExitCode::SUCCESS);
    }
    let shown = visible(&path.display().to_string());
    let there = std::fs::read_to_string(&path).ok();
    let is_current = there.as_deref() == Some(&text);
    if lock.check && !is_current {
        let how = if there.is_some() { "is not what the server offers" } else { "is not there" };
        return Err(Failure::check(format!("{shown} {how}"))
            .hint("`cargo mcp diff` tells what changed, `cargo mcp lock` writes the file"));
    }
    if !is_current {
        crate::file::write(&path, text.as_bytes())?;
    }
    if console.json {
        console.json(&json!({ "path": path, "changed": !is_current }))?;
    } else {
        let how = if is_current { "is up to date" } else { "written" };
        console.note(&format!("{shown} {how}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Where a server's own files lie, and what its package says.
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) version: Option<semver::Version>,
}

impl Place {
    /// The package's folder; the current one for a server that is another's.
    pub(crate) fn of(target: &Target, is_other: bool, is_security: bool) -> Result<Self, Failure> {
        if is_other || target.is_elsewhere() {
            let settings = Settings::of(&serde_json::Value::Null, is_security)?;
            return Ok(Self { folder: PathBuf::new(), settings, version: None });
        }
        let chosen = target.choose()?;
        Ok(Self {
            settings: Settings::of(&chosen.metadata, is_security)?,
            version: semver::Version::parse(&chosen.version).ok(),
            folder: chosen.folder,
        })
    }
}

/// The surface of a server, with every revision that it speaks: each is tried on a connection of its own.
pub(crate) async fn surface(
    target: &Target,
    way: &Way,
    settings: &Settings,
    console: &Console,
) -> Result<Lock, Failure> {
    let client = target.reach(way, target.revision()?, console).await?;
    let surface = Surface::read(&client).await?;
    let agreed = client.revision();
    client.close().await;
    let mut spoken = vec![agreed.as_str().to_owned()];
    for revision in Revision::ALL.iter().copied().filter(|revision| *revision != agreed) {
        if target.speaks(way, revision, console).await? {
            spoken.push(revision.as_str().to_owned());
        }
    }
    Lock::of(&surface, spoken, |tool| settings.is_unstable(tool))
}
