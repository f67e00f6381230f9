//! `cargo mcp diff`: what changed in the server's surface, and whom it breaks.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use semver::Version;
use serde_json::json;

use super::lock::{Place, surface};
use crate::cli::Target;
use crate::diff::report::Report;
use crate::diff::settings::Settings;
use crate::diff::{Rule, changes};
use crate::error::Failure;
use crate::lock::{FILE, Lock};
use crate::print::{Console, visible};
use crate::target::{Remote, Way};
use crate::worktree::Worktree;

#[derive(Debug, Args)]
#[command(
    after_help = "Example: cargo mcp diff --against git:v1.2.0\n\nExit code 100 says that something breaks clients. \
                  [package.metadata.mcp.diff] in Cargo.toml\ncan overrule a rule with a reason, and name tools that promise nothing yet:\n  \
                  unstable = [\"beta_*\"]\n  overrides = [{ rule = \"input-closed\", item = \"add\", verdict = \"warn\", reason = \"…\" }]"
)]
pub(crate) struct Diff {
    /// What to compare with: a lock file, `git:REV`, which builds that revision, or the address of a server
    #[arg(long, value_name = "git:REV|FILE|URL")]
    pub(crate) against: Option<String>,

    /// How to print the changes
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,

    /// Take it for breaking when a tool's annotations say that it became more dangerous
    #[arg(long)]
    pub(crate) security: bool,

    /// List the rules with their verdicts, and compare nothing
    #[arg(long)]
    pub(crate) rules: bool,

    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    /// Annotations of a workflow
    Github,
    /// A comment of a pull request
    Md,
}

pub(crate) async fn run(diff: &Diff, server: Option<Vec<OsString>>, console: &Console) -> Result<ExitCode, Failure> {
    if diff.rules && console.json {
        let rule = |rule: &Rule| json!({ "rule": rule.name(), "verdict": rule.verdict(diff.security) });
        console.json(&json!({ "rules": Rule::ALL.iter().map(rule).collect::<Vec<_>>() }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if diff.rules {
        for rule in Rule::ALL {
            console.result(&format!("{:<26}  {}", rule.name(), rule.verdict(diff.security).name()))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let place = Place::of(&diff.target, server.is_some(), diff.security)?;
    let old = Old::find(diff, &place, console).await?;
    let mut target = diff.target.clone();
    if diff.against.as_deref().is_some_and(is_address) && !target.is_elsewhere() {
        // They were for the other one.
        target.elsewhere.header.clear();
        target.elsewhere.bearer_env = None;
    }
    let way = target.way(server, console).await?;
    let new = surface(&target, &way, &place.settings, console).await?;
    let changes = changes(&old.lock, &new, &place.settings);
    let report = Report { changes: &changes, against: &old.name, base: old.version, version: place.version };
    match diff.format {
        _ if console.json => console.json(&report.json())?,
        Format::Json => console.json(&report.json())?,
        Format::Text => console.result(&report.text())?,
        Format::Github => console.result(&report.github())?,
        Format::Md => console.result(&report.markdown())?,
    }
    match report.breaking() {
        0 => Ok(ExitCode::SUCCESS),
        1 => Err(Failure::breaking("one change breaks clients")),
        count => Err(Failure::breaking(format!("{count} changes break clients"))),
    }
}

fn is_address(against: &str) -> bool {
    !against.starts_with("git:") && against.contains("://")
}

/// What is compared with.
struct Old {
    lock: Lock,
    name: String,
    version: Option<Version>,
}

impl Old {
    async fn find(diff: &Diff, place: &Place, console: &Console) -> Result<Self, Failure> {
        match diff.against.as_deref() {
            None => {
                let path = place.folder.join(FILE);
                let lock = without(Lock::read(&path)?, &place.settings);
                Ok(Self { lock, name: FILE.to_owned(), version: None })
            }
            Some(against) => match against.strip_prefix("git:") {
                Some(revision) => Self::build(revision, diff, &place.settings, console).await,
                None if is_address(against) => Self::ask(against, diff, &place.settings, console).await,
                None => {
                    let lock = without(Lock::read(&PathBuf::from(against))?, &place.settings);
                    Ok(Self { lock, name: against.to_owned(), version: None })
                }
            },
        }
    }

    /// Asks a server that runs somewhere. Headers and tokens are for one server alone: this one, unless another has an address.
    async fn ask(url: &str, diff: &Diff, settings: &Settings, console: &Console) -> Result<Self, Failure> {
        let remote =
            if diff.target.is_elsewhere() { Remote::plain(url)? } else { Remote::of(url, &diff.target.elsewhere)? };
        let name = remote.shown();
        let lock = surface(&diff.target, &Way::Remote(remote), settings, console).await?;
        Ok(Self { lock, name, version: None })
    }

    /// Builds the server of an older revision in a folder of its own, and asks it.
    async fn build(revision: &str, diff: &Diff, settings: &Settings, console: &Console) -> Result<Self, Failure> {
        let now = diff.target.choose()?;
        let worktree = Worktree::of(&now.folder, revision)?;
        let manifest = worktree.path(&now.folder).join("Cargo.toml");
        let missing = |failure: Failure| failure.hint(format!("that is so in `{}`", visible(revision)));
        if !manifest.is_file() {
            return Err(missing(Failure::usage(format!("there is no package `{}`", visible(&now.package)))));
        }
        let mut target = diff.target.clone();
        target.own.manifest_path = Some(manifest);
        target.own.package = Some(now.package.clone());
        let chosen = target.choose().map_err(missing)?;
        console.note(&format!("building {}", visible(revision)));
        let folder = now.target_folder.join("mcp-diff");
        let binary = target.build(&chosen, Some(Path::new(&folder)), console).await.map_err(missing)?;
        let lock = surface(&target, &vec![binary.into_os_string()].into(), settings, console).await.map_err(missing)?;
        Ok(Self { lock, name: revision.to_owned(), version: Version::parse(&chosen.version).ok() })
    }
}

/// A lock without the tools that promise nothing any more.
fn without(mut lock: Lock, settings: &Settings) -> Lock {
    lock.tools.retain(|name, _| !settings.is_unstable(name));
    lock
}
