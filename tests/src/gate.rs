//! A gate between a test and a server that is a process of its own: what a function there waits for is that the test has seen
//! enough, and not a time, which a machine that does something else would let pass too early. A folder, and in it one file for
//! each name that may go on.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The variable that names the folder.
const VARIABLE: &str = "TESTS_GATE";
/// The file that lets everybody go on.
const ALL: &str = "all";

static GATES: AtomicU32 = AtomicU32::new(0);

/// The end of the test.
#[derive(Debug)]
pub struct Gate {
    folder: PathBuf,
}

impl Gate {
    /// One that nobody has come through.
    pub fn closed() -> Self {
        let number = GATES.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("mcp-tests-gate-{}-{number}", std::process::id()));
        // What a process of the same number left behind would be open already.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        Self { folder }
    }

    /// What the server needs to know, for its environment.
    pub fn variable(&self) -> (&str, &str) {
        (VARIABLE, self.folder.to_str().expect("temporary files lie where the name is text"))
    }

    /// Lets everybody go on.
    pub fn open(&self) {
        self.open_for(ALL);
    }

    /// Lets those of this name go on.
    pub fn open_for(&self, name: &str) {
        let path = self.folder.join(name);
        std::fs::write(&path, "").unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(|| std::env::var_os(VARIABLE).map(PathBuf::from)).as_deref()
}

/// Whether there is a gate: asked in the server.
pub fn is_there() -> bool {
    folder().is_some()
}

/// Whether those of this name may go on: asked in the server. Never, where there is no gate.
pub fn is_open(name: &str) -> bool {
    folder().is_some_and(|folder| folder.join(ALL).exists() || folder.join(name).exists())
}
