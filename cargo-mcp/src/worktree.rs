//! An older revision's source, checked out by git beside the working copy, and gone when it is no longer needed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::error::Failure;
use crate::print::visible;

/// A revision's source in a folder of its own.
pub(crate) struct Worktree {
    repository: PathBuf,
    folder: TempDir,
}

impl Worktree {
    /// Checks out the revision of the repository that the folder is in.
    pub(crate) fn of(folder: &Path, revision: &str) -> Result<Self, Failure> {
        let output = git(folder, &["rev-parse", "--show-toplevel"])?;
        if !output.status.success() {
            return Err(Failure::usage(format!("{} is in no git repository", visible(&folder.display().to_string())))
                .hint("compare with a lock file instead: --against mcp.lock"));
        }
        let repository = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end_matches(['\n', '\r']));
        let commit =
            git(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")])?;
        if !commit.status.success() {
            return Err(Failure::usage(format!("git knows no revision `{}`", visible(revision)))
                .hint("a tag, a branch or a commit; in CI the checkout may be shallow: fetch the revision first"));
        }
        let commit = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
        // What an interrupted run may have left registered.
        let _ = git(folder, &["worktree", "prune"])?;
        let folder = tempfile::Builder::new().prefix("cargo-mcp-").tempdir().map_err(Failure::own)?;
        let place = folder.path().join("source");
        let added = Command::new("git")
            .arg("-C")
            .arg(&repository)
            .args(["worktree", "add", "--quiet", "--detach"])
            .arg(&place)
            .arg(&commit)
            .output()
            .map_err(Failure::own)?;
        let worktree = Self { repository, folder };
        if !added.status.success() {
            return Err(Failure::own(format!("git cannot check out `{}`", visible(revision)))
                .cause(visible(String::from_utf8_lossy(&added.stderr).trim())));
        }
        Ok(worktree)
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    /// Where a path of the working copy is in this revision.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let (path, root) = (real(path), real(&self.repository));
        path.strip_prefix(&root).map_or_else(|_| self.source(), |inside| self.source().join(inside))
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        // The folder goes in any case; this makes git forget it, too.
        let _ = Command::new("git")
            .arg("-C")
            .arg(&self.repository)
            .args(["worktree", "remove", "--force"])
            .arg(self.source())
            .output();
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Result<Output, Failure> {
    Command::new("git").arg("-C").arg(folder).args(arguments).output().map_err(|error| {
        Failure::usage("git cannot be run").cause(error).hint("install git, or compare with a lock file")
    })
}
