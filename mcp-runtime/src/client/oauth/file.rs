//! Credentials in a file that only its owner can read. Floor 6.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::key::random;
use super::store::{CredentialStore, Credentials, Key, Storing};

/// The largest file that is read or written: credentials take a few kilobytes a server, and the oldest make room.
const LARGEST: u64 = 1 << 20;
/// How long another process may hold the file; it holds it for one change.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keeps credentials in a file, in plain text, with mode 0600.
///
/// Each change is written to a new file that then takes the place of the old one, so that nobody ever reads half of it. Several
/// processes can share it: they take turns by a lock on a file beside it, with `.lock` at the end of its name. A file that
/// others can read or write is refused. Directories are not made. Where files have no such modes, as on Windows, those of the
/// directory protect it.
///
/// ```
/// use mcp_runtime::client::oauth::{FileStore, OAuth};
///
/// let oauth = OAuth::new().client_name("my app").store(FileStore::new("credentials.json"));
/// # let _ = oauth;
/// ```
#[derive(Clone, Debug)]
pub struct FileStore(Arc<Path>);

#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    key: Key,
    credentials: Credentials,
}

impl FileStore {
    /// The file with this path; it is made when there is something to keep.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into().into())
    }

    async fn with<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Path) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let path = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || f(&path)).await;
        done.unwrap_or_else(|error| Err(Error::store("the work on the file was given up").because(error)))
    }

    async fn change(&self, key: &Key, credentials: Option<Credentials>) -> Result<(), Error> {
        let key = key.clone();
        self.with(move |path| {
            let _lock = locked(path)?;
            let mut entries = read(path)?;
            let before = entries.len();
            entries.retain(|entry| entry.key != key);
            match credentials {
                Some(credentials) => entries.push(Entry { key, credentials }),
                None if entries.len() == before => return Ok(()),
                None => {}
            }
            write(path, &entries)
        })
        .await
    }
}

impl CredentialStore for FileStore {
    fn load<'a>(&'a self, key: &'a Key) -> Storing<'a, Option<Credentials>> {
        let key = key.clone();
        Box::pin(self.with(move |path| {
            let found = read(path)?.into_iter().find(|entry| entry.key == key);
            Ok(found.map(|entry| entry.credentials))
        }))
    }

    fn save<'a>(&'a self, key: &'a Key, credentials: &'a Credentials) -> Storing<'a, ()> {
        Box::pin(self.change(key, Some(credentials.clone())))
    }

    fn remove<'a>(&'a self, key: &'a Key) -> Storing<'a, ()> {
        Box::pin(self.change(key, None))
    }
}

fn failed(path: &Path, error: io::Error) -> Error {
    Error::store(format!("{} cannot be read or written", path.display())).because(error)
}

fn read(path: &Path) -> Result<Vec<Entry>, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(path, error)),
    };
    private(path, &file)?;
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(|error| failed(path, error))?;
    if text.len() as u64 > LARGEST {
        return Err(Error::store(format!("{} is larger than {LARGEST} bytes", path.display())));
    }
    // What is wrong with the text may repeat it.
    serde_json::from_slice(&text)
        .map_err(|_| Error::store(format!("{} holds no credentials: delete it to begin anew", path.display())))
}

/// Whether nobody but the owner can read or write a file.
#[cfg(unix)]
fn private(path: &Path, file: &File) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;

    let mode = file.metadata().map_err(|error| failed(path, error))?.permissions().mode() & 0o777;
    if mode.trailing_zeros() >= 6 {
        return Ok(());
    }
    let path = path.display();
    Err(Error::store(format!("{path} has mode {mode:04o}, so others may have seen it: `chmod 600 {path}` if not")))
}

#[cfg(not(unix))]
fn private(_: &Path, _: &File) -> Result<(), Error> {
    Ok(())
}

/// Beside a file, with something at the end of its name.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Waits until no other process changes the file. The lock ends with the value.
fn locked(path: &Path) -> Result<File, Error> {
    let path = beside(path, ".lock");
    let lock = only_for_the_owner().create(true).truncate(false).open(&path).map_err(|error| failed(&path, error))?;
    let end = Instant::now() + PATIENCE;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(fs::TryLockError::WouldBlock) if Instant::now() < end => sleep(Duration::from_millis(10)),
            Err(fs::TryLockError::WouldBlock) => {
                return Err(Error::store(format!("{} is held by another process", path.display())));
            }
            Err(fs::TryLockError::Error(error)) => return Err(failed(&path, error)),
        }
    }
}

/// Writes the entries, without the oldest ones if they are too many.
fn write(path: &Path, entries: &[Entry]) -> Result<(), Error> {
    let text = serde_json::to_vec_pretty(entries).map_err(|_| Error::store("the credentials cannot be written"))?;
    match entries.split_first() {
        Some((_, rest)) if text.len() as u64 > LARGEST => return write(path, rest),
        _ => {}
    }
    let new = beside(path, &format!(".{}", random()?));
    let written = only_for_the_owner().create_new(true).open(&new).and_then(|mut file| {
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    written.map_err(|error| {
        // Nobody misses it.
        let _ = fs::remove_file(&new);
        failed(path, error)
    })
}

#[cfg(unix)]
fn only_for_the_owner() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

#[cfg(not(unix))]
fn only_for_the_owner() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    options
}
