//! What must outlive a call goes through one trait: sessions of HTTP and tasks, as bytes that only their owners read. The
//! store in memory is in `store/memory`, other engines stand beside it; what is kept is not decided here. Floor 2.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

mod memory;

pub use memory::{Bounds, MemoryStore};

/// The future of what a store answers.
///
/// Nothing happens before it is polled. Dropping it half-way leaves the entry either as it was or as it was to become.
pub type Storing<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A place that keeps entries for a while, shared by everything that serves the same clients.
///
/// Each method is one step that no other method sees half done, also where several processes use the same store: one
/// statement of SQL, one script of Redis. An entry whose time is over is absent for every method, whether or not
/// something of it is still kept. An entry that has time left is never given up to make room for another.
///
/// Whoever changes an entry reads it, makes the new value and [replaces](Self::replace) the version that was read; if
/// that fails, somebody else was faster, and it starts again:
///
/// ```
/// use std::time::Duration;
/// use mcp_runtime::store::{Key, MemoryStore, Store, StoreError};
///
/// async fn count_up(store: &dyn Store, key: Key<'_>) -> Result<bool, StoreError> {
///     while let Some(entry) = store.get(key).await? {
///         let count = entry.value[0] + 1;
///         if store.replace(key, &[count], entry.version).await?.is_some() {
///             return Ok(true);
///         }
///     }
///     Ok(false)
/// }
///
/// # #[tokio::main]
/// # async fn main() -> mcp_runtime::Result<()> {
/// let store = MemoryStore::default();
/// let key = Key { space: "counts", id: "visits" };
/// assert!(!count_up(&store, key).await?);
/// store.insert(key, &[7], Some(Duration::from_secs(60))).await?;
/// assert!(count_up(&store, key).await?);
/// assert_eq!(store.get(key).await?.map(|entry| entry.value[0]), Some(8));
/// # Ok(())
/// # }
/// ```
pub trait Store: Send + Sync + 'static {
    /// Reads an entry; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn get<'a>(&'a self, key: Key<'a>) -> Storing<'a, Option<Entry>>;

    /// Makes an entry that lives for `ttl` from now, or for ever; `None` when there is one already, which stays.
    ///
    /// # Errors
    /// [`StoreError::Full`] and [`StoreError::Unavailable`].
    fn insert<'a>(&'a self, key: Key<'a>, value: &'a [u8], ttl: Option<Duration>) -> Storing<'a, Option<Version>>;

    /// Gives an entry another value and leaves its time alone; `None` when it no longer has the `expected` version.
    ///
    /// # Errors
    /// [`StoreError::Full`] and [`StoreError::Unavailable`]; the entry then is what it was.
    fn replace<'a>(&'a self, key: Key<'a>, value: &'a [u8], expected: Version) -> Storing<'a, Option<Version>>;

    /// Lets an entry live for `ttl` from now, or for ever, without reading it; `false` when there is none.
    ///
    /// Its version stays. The new end may lie before the old one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn touch<'a>(&'a self, key: Key<'a>, ttl: Option<Duration>) -> Storing<'a, bool>;

    /// Removes an entry of whatever version; `false` when there was none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn remove<'a>(&'a self, key: Key<'a>) -> Storing<'a, bool>;

    /// How many entries there are in a space.
    ///
    /// This is what a cap on sessions, or on the tasks of one principal, looks at before it lets another in. Callers that
    /// look at the same time may all be let in: such a cap is exact to within the number of requests in flight, while
    /// [`StoreError::Full`] is exact.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn count<'a>(&'a self, space: &'a str) -> Storing<'a, usize>;
}

/// Where an entry is: a space, which can be counted, and an id within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key<'a> {
    /// What kind of entry it is, such as `sessions`; any text, and as many spaces as there are uses.
    pub space: &'a str,
    /// Which one of its space; any text.
    pub id: &'a str,
}

/// What a store knows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What was kept.
    pub value: Bytes,
    /// Which of the key's values this is.
    pub version: Version,
}

/// Tells the values that a key has had from each other.
///
/// A store never gives a version twice for one key, also not after the entry was removed and made anew: otherwise whoever
/// read the old one could replace the new one. A counter or a random number of the whole store serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// Why a store did not do what it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no room for more; try again when something has expired.
    Full {
        /// What the store holds at most, such as `100000 entries`.
        bound: String,
    },
    /// The store cannot be reached, or failed. Whether it did what it was asked is unknown.
    Unavailable(Box<dyn StdError + Send + Sync>),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { bound } => write!(f, "the store is full, it holds at most {bound}"),
            Self::Unavailable(_) => f.write_str("the store is not available"),
        }
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Full { .. } => None,
            Self::Unavailable(source) => Some(source.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_prints_its_own_level_and_has_its_cause() {
        let full = StoreError::Full { bound: "3 entries".to_owned() };
        assert_eq!(full.to_string(), "the store is full, it holds at most 3 entries");
        assert!(full.source().is_none());
        let unavailable = StoreError::Unavailable("connection refused".into());
        assert_eq!(unavailable.to_string(), "the store is not available");
        assert_eq!(unavailable.source().map(ToString::to_string).as_deref(), Some("connection refused"));
    }
}
