//! How a file or a folder looks from outside: enough to see that it is another one, or was written again.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Times in nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Look {
    modified: u64,
    /// When anything of it was changed last, its name and its rights included.
    changed: u64,
    size: u64,
    id: u64,
}

impl Look {
    /// `None` where nothing is that can be looked at.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let data = fs::metadata(path).ok()?;
        let modified = nanoseconds(data.modified().ok()?);
        let (changed, id) = inside(&data, modified);
        // What a folder takes up is the file system's business.
        Some(Self { modified, changed, size: if data.is_dir() { 0 } else { data.len() }, id })
    }

    /// Whether anything of it was changed after this time.
    pub(super) fn changed_after(&self, time: SystemTime) -> bool {
        self.modified.max(self.changed) > nanoseconds(time)
    }

    /// Whether it was written after this time, wherever it was copied to since.
    pub(super) fn written_after(&self, time: SystemTime) -> bool {
        self.modified > nanoseconds(time)
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since: Duration = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(unix)]
fn inside(data: &Metadata, _: u64) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    let seconds = u64::try_from(data.ctime()).unwrap_or_default();
    let rest = u64::try_from(data.ctime_nsec()).unwrap_or_default();
    (seconds.saturating_mul(1_000_000_000).saturating_add(rest), data.ino())
}

/// Where a file has no such number, its times and its size have to do.
#[cfg(not(unix))]
fn inside(data: &Metadata, modified: u64) -> (u64, u64) {
    (modified, data.created().map(nanoseconds).unwrap_or_default())
}
