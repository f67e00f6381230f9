//! The file: how it is opened, what its tables are, and where queries run. What they ask is with the tools.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// How long a query waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// The tables, one step for each version of the program that changed them. Steps are added, never changed.
const STEPS: &[&str] = &["
    CREATE TABLE bookmark (
        id INTEGER PRIMARY KEY,
        url TEXT NOT NULL UNIQUE,
        title TEXT NOT NULL
    ) STRICT;
"];

/// The database, shared by all calls.
#[derive(Clone)]
pub struct Database(Arc<Mutex<Connection>>);

impl Database {
    /// Opens the file, makes it if it is not there, and brings its tables up to date.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        // Others may read while one writes. A database in memory has no such mode and says so in its answer.
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "foreign_keys", true)?;
        update(&mut connection)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Runs queries in a thread of their own: SQLite blocks, and a thread that serves calls must not.
    ///
    /// One call at a time has the connection, and the others wait without a thread. A call that is cancelled gives up its place; what
    /// it has begun already comes to its end.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let mut connection = Arc::clone(&self.0).lock_owned().await;
        Ok(spawn_blocking(move || work(&mut connection)).await??)
    }
}

/// Takes the steps that the file has not seen.
fn update(connection: &mut Connection) -> rusqlite::Result<()> {
    let taken: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (version, step) in (1..).zip(STEPS).filter(|(version, _)| *version > taken) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
