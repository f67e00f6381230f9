//! A template on GitHub, which git is asked to fetch. It takes what a template is: the newest files, no history, no submodules.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use crate::error::Failure;
use crate::print::{Console, visible};

/// What a template on GitHub begins with.
pub(crate) const PREFIX: &str = "gh:";

/// How long git may take: a template is small, and the network may be slow.
const PATIENCE: Duration = Duration::from_mins(2);

/// Fetches `owner/repo`, or `owner/repo/folder`; gives the folder of the template, which is there as long as the other is.
pub(crate) async fn fetch(place: &str, console: &Console) -> Result<(TempDir, PathBuf), Failure> {
    let (repository, inside) = parse(place)?;
    let url = format!("https://github.com/{repository}.git");
    let folder = tempfile::Builder::new().prefix("mcp-template-").tempdir().map_err(Failure::own)?;
    let clone = folder.path().join("clone");
    let mut git = Command::new("git");
    // No hooks of the user's own template folder, no way but those that git itself has, no questions, no large files.
    git.args(["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "clone", "--depth=1"])
        .args(["--single-branch", "--no-tags", "--no-recurse-submodules", "--template=", "--", &url])
        .arg(&clone)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(if console.shows_progress() { Stdio::inherit() } else { Stdio::piped() })
        .kill_on_drop(true);
    let child = git.spawn().map_err(|error| {
        Failure::usage("git cannot be run").cause(error).hint("install git, or give a template in a folder")
    })?;
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
        .await
        .map_err(|_| Failure::own(format!("git took more than {} s to fetch {url}", PATIENCE.as_secs())))?
        .map_err(Failure::own)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("git says no more");
        return Err(Failure::usage(format!("{url} cannot be fetched"))
            .cause(visible(last))
            .hint("is it the name of a public repository, as owner/repo?"));
    }
    let inside = inside.into_iter().fold(clone.clone(), |folder, part| folder.join(part));
    let leads_nowhere_else = inside
        .canonicalize()
        .is_ok_and(|whole| whole.is_dir() && clone.canonicalize().is_ok_and(|clone| whole.starts_with(clone)));
    if !leads_nowhere_else {
        return Err(Failure::usage(format!("{PREFIX}{}: there is no such folder", visible(place))));
    }
    Ok((folder, inside))
}

/// The repository, and the folder in it.
fn parse(place: &str) -> Result<(String, Vec<&str>), Failure> {
    let is_name = |part: &str| {
        !part.is_empty()
            && part.len() <= 100
            && !part.starts_with(['.', '-'])
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let parts: Vec<_> = place.split('/').collect();
    match parts.split_first().and_then(|(owner, rest)| rest.split_first().map(|(name, inside)| (owner, name, inside))) {
        Some((owner, name, inside)) if parts.iter().all(|part| is_name(part)) => {
            Ok((format!("{owner}/{}", name.trim_end_matches(".git")), inside.to_vec()))
        }
        _ => Err(Failure::usage(format!("{PREFIX}{} is no repository", visible(place)))
            .hint("write gh:owner/repo, or gh:owner/repo/folder")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_an_owner_and_a_name() {
        let (repository, inside) = parse("o/r.git/templates/x").expect("a repository");
        assert_eq!((repository.as_str(), inside), ("o/r", vec!["templates", "x"]));
        for wrong in ["", "o", "o/", "/r", "o/../x", "o/r/..", "-o/r", "o/r?x", "o/r/a b", "https://github.com/o/r"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
