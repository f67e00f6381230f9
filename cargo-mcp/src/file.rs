//! Files that arrive whole or not at all.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::Failure;
use crate::print::visible;

/// Writes a file: beside its place first, then over it in one step. A link is followed, permissions stay what they were.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    whole(path, bytes, None).map_err(|error| cannot(path, error))
}

/// Keeps a copy of a file beside it, as `*.cargo-mcp.bak`, with its permissions, which matter where there are secrets. Without
/// a file there is nothing to keep.
pub(crate) fn keep(path: &Path) -> Result<(), Failure> {
    let copy = |target: &Path, backup: &Path| {
        let permissions = fs::metadata(target)?.permissions();
        whole(backup, &fs::read(target)?, Some(permissions))
    };
    let target = followed(path).map_err(|error| cannot(path, error))?;
    if !target.exists() {
        return Ok(());
    }
    replaceable(&target).map_err(|error| cannot(path, error))?;
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".cargo-mcp.bak");
    let backup = target.with_file_name(name);
    copy(&target, &backup).map_err(|error| cannot(&backup, error))
}

/// What keeps a file from being written, and what to do about it.
fn cannot(path: &Path, error: std::io::Error) -> Failure {
    let hint = match error.kind() {
        ErrorKind::StorageFull => "nothing was changed; the disk is full: make room, then run this again",
        ErrorKind::QuotaExceeded => {
            "nothing was changed; your share of the disk is used up: make room, then run this again"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "nothing was changed; the file system is read-only: mount it for writing, or choose another place"
        }
        ErrorKind::PermissionDenied => {
            "nothing was changed; make the file and its folder writable for you (`ls -ld` shows whose they are), or choose another place"
        }
        ErrorKind::NotADirectory => "nothing was changed; a part of the path is a file: move it away",
        ErrorKind::IsADirectory => "nothing was changed; a folder has this name: move it away",
        _ => "nothing was changed",
    };
    Failure::own(format!("{} cannot be written", visible(&path.display().to_string()))).cause(error).hint(hint)
}

fn whole(path: &Path, bytes: &[u8], permissions: Option<fs::Permissions>) -> std::io::Result<()> {
    let target = followed(path)?;
    replaceable(&target)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Gone again if anything goes wrong from here on.
    let mut beside = NamedTempFile::new_in(folder)?;
    beside.write_all(bytes)?;
    match permissions.map_or_else(|| fs::metadata(&target).map(|there| there.permissions()), Ok) {
        Ok(permissions) => fs::set_permissions(beside.path(), permissions)?,
        Err(_) => readable(beside.path())?,
    }
    beside.as_file().sync_all()?;
    beside.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

/// Makes a folder, unless it is there, that nobody but its owner can look into.
pub(crate) fn private_folder(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    private(builder.recursive(true));
    builder.create(path)
}

#[cfg(unix)]
fn private(builder: &mut fs::DirBuilder) {
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700);
}

/// Where folders have no modes, those of the folder around it protect it.
#[cfg(not(unix))]
fn private(_: &mut fs::DirBuilder) {}

/// Whether what is there may make room: a file can be replaced without being writable, but whoever marked it did not mean
/// it to be.
fn replaceable(target: &Path) -> std::io::Result<()> {
    match fs::metadata(target) {
        Ok(there) if there.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(there) if there.permissions().readonly() => {
            Err(std::io::Error::new(ErrorKind::PermissionDenied, "the file is marked as read-only"))
        }
        _ => Ok(()),
    }
}

/// The file that a path leads to. A link whose target is not there yet leads to it all the same.
pub(crate) fn followed(path: &Path) -> std::io::Result<PathBuf> {
    /// As many links as most systems follow.
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(next) => path = path.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(path),
        }
    }
    Err(std::io::Error::other("too many links"))
}

/// A new file has the permissions that the user's mask gives, not those of a temporary one.
#[cfg(unix)]
fn readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    // There is no way to read the mask without changing it, except to make a file.
    let probe = path.with_extension("mask");
    let made = fs::OpenOptions::new().write(true).create_new(true).open(&probe)?;
    let bits = made.metadata().map(|data| data.permissions().mode());
    fs::remove_file(&probe)?;
    fs::set_permissions(path, fs::Permissions::from_mode(bits?))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail where there are modes")]
fn readable(_: &Path) -> std::io::Result<()> {
    Ok(())
}
