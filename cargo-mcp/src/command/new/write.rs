//! Files that come about all together or not at all, and never over others.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use crate::error::Failure;
use crate::print::visible;
use crate::template::Filled;

/// Refuses to write over what is there, and names it.
pub(super) fn check(path: &Path, files: &[Filled]) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() && !path.is_dir() {
        return Err(Failure::usage(format!("{} is a file", shown(path))).hint("choose another folder"));
    }
    let mut there = Vec::new();
    for file in files {
        // A link that leads nowhere is there as well, and so is a file where a folder should be.
        let target = path.join(&file.path);
        let folders = file.path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        let in_the_way = folders.map(|folder| path.join(folder)).find(|folder| folder.is_file());
        if let Some(one) = in_the_way.or_else(|| target.symlink_metadata().is_ok().then_some(target)) {
            there.push(shown(&one));
        }
    }
    there.dedup();
    if there.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(format!("these files are there already: {}", there.join(", ")))
        .hint("choose another folder, or move them away"))
}

/// Writes all files. Dropping this leaves nothing of them.
pub(super) async fn write(path: &Path, files: &[Filled]) -> Result<(), Failure> {
    let written = if path.is_dir() { into(path, files).await } else { beside(path, files).await };
    written.map_err(|error| Failure::own(format!("{} cannot be written", shown(path))).cause(error))
}

/// Writes into a folder that is there, and takes everything back unless all went well.
async fn into(folder: &Path, files: &[Filled]) -> io::Result<()> {
    let mut written = Written::default();
    for file in files {
        written.file(folder, file)?;
        // Here an interruption is heard.
        tokio::task::yield_now().await;
    }
    written.keep();
    Ok(())
}

/// Writes into a folder beside the new one, which then gets its name in one step. The new folder's own parents may be missing
/// too: they are made with it.
async fn beside(path: &Path, files: &[Filled]) -> io::Result<()> {
    let whole = normal(&std::path::absolute(path)?);
    let (there, missing) = split(&whole).ok_or_else(|| io::Error::other("there is no folder to write in"))?;
    let mut first = missing.components();
    let name = first.next().ok_or_else(|| io::Error::other("the folder is there already"))?;
    let hidden = folder_in(there)?;
    into(&hidden.path().join(first.as_path()), files).await?;
    fs::rename(hidden.path(), there.join(name))?;
    // It has another name now, under which it stays.
    drop(hidden.keep());
    Ok(())
}

/// A folder that goes when it is dropped, with the permissions of any other.
fn folder_in(parent: &Path) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mcp-new-");
    open_to_all(&mut builder);
    builder.tempdir_in(parent)
}

#[cfg(unix)]
fn open_to_all(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt as _;
    // The user's mask is taken from this.
    builder.permissions(fs::Permissions::from_mode(0o777));
}

#[cfg(not(unix))]
fn open_to_all(_: &mut tempfile::Builder<'_, '_>) {}

/// An absolute path without `..`, which could lead back out of a folder that is not there yet.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(out.pop()),
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

/// What is there of a path, and what is not.
fn split(path: &Path) -> Option<(&Path, &Path)> {
    let there = path.ancestors().find(|folder| folder.is_dir())?;
    Some((there, path.strip_prefix(there).ok()?))
}

/// What was written so far. Dropping it takes it back.
#[derive(Default)]
struct Written {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Written {
    fn file(&mut self, root: &Path, file: &Filled) -> io::Result<()> {
        let target = root.join(&file.path);
        if let Some(folder) = target.parent() {
            let missing: Vec<_> = folder.ancestors().take_while(|folder| !folder.is_dir()).collect();
            for folder in missing.into_iter().rev().filter(|folder| !folder.as_os_str().is_empty()) {
                fs::create_dir(folder)?;
                self.folders.push(folder.to_owned());
            }
        }
        // Whatever came there since it was looked for stays as it is.
        let mut made = OpenOptions::new().write(true).create_new(true).open(&target)?;
        self.files.push(target);
        made.write_all(&file.bytes)?;
        if file.is_executable { executable(&made) } else { Ok(()) }
    }

    fn keep(mut self) {
        self.files.clear();
        self.folders.clear();
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // What cannot be removed stays; the reason why it was to be is already on its way to the user.
        for file in self.files.iter().rev() {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Lets everybody run it who may read it.
#[cfg(unix)]
fn executable(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata()?.permissions().mode();
    file.set_permissions(fs::Permissions::from_mode(mode | (mode & 0o444) >> 2))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail where there are modes")]
fn executable(_: &fs::File) -> io::Result<()> {
    Ok(())
}

fn shown(path: &Path) -> String {
    visible(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_it_leads_to() {
        assert_eq!(normal(Path::new("/a/../b/./c")), Path::new("/b/c"));
        assert_eq!(split(Path::new("/nothing-here/x")), Some((Path::new("/"), Path::new("nothing-here/x"))));
    }
}
