//! The store in memory: bounded, gone with the process. Time is looked at when something is asked, and what has expired is
//! given back by the writes that come after, so that no task of its own runs beside them. Floor 2.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Entry, Key, Store, StoreError, Storing, Version};

#[cfg(test)]
mod tests;

/// How many expired entries one write gives back at most: more than it makes, so that they cannot gather.
const SWEPT: usize = 64;
/// What an entry costs beside its key and its value: its places in the tables, when those have just grown.
const OVERHEAD: usize = 416;

/// A [`Store`] in the memory of the process. Cloning it clones a pointer.
///
/// It holds 100,000 entries and 128 MiB unless told otherwise. When it is full, what has expired goes first; then nothing
/// more comes in until something expires or is removed.
#[derive(Clone, Default)]
pub struct MemoryStore {
    table: Arc<Mutex<Table>>,
    bounds: Bounds,
}

/// How much a [`MemoryStore`] holds.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    entries: usize,
    bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { entries: 100_000, bytes: 128 << 20 }
    }
}

impl Bounds {
    /// The most entries, 100,000 unless set.
    pub fn entries(mut self, entries: usize) -> Self {
        self.entries = entries;
        self
    }

    /// The most bytes, 128 MiB unless set: of keys and values, and 416 for each entry.
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }
}

impl MemoryStore {
    /// An empty store with these bounds.
    pub fn new(bounds: Bounds) -> Self {
        Self { table: Arc::default(), bounds }
    }

    /// Nothing waits while the table is locked, and each lock is given back before the future that took it returns.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is kept may be secret: only how much there is can be printed.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entries, bytes) = {
            let table = self.lock();
            (table.entries, table.bytes)
        };
        f.debug_struct("MemoryStore")
            .field("entries", &entries)
            .field("bytes", &bytes)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, key: Key<'a>) -> Storing<'a, Option<Entry>> {
        Box::pin(async move {
            let table = self.lock();
            let slot = table.live(key, Instant::now());
            Ok(slot.map(|slot| Entry { value: slot.value.clone(), version: slot.version }))
        })
    }

    fn insert<'a>(&'a self, key: Key<'a>, value: &'a [u8], ttl: Option<Duration>) -> Storing<'a, Option<Version>> {
        Box::pin(async move {
            let value = Bytes::copy_from_slice(value);
            self.lock().insert(self.bounds, key, value, ttl)
        })
    }

    fn replace<'a>(&'a self, key: Key<'a>, value: &'a [u8], expected: Version) -> Storing<'a, Option<Version>> {
        Box::pin(async move {
            let value = Bytes::copy_from_slice(value);
            self.lock().replace(self.bounds, key, value, expected)
        })
    }

    fn touch<'a>(&'a self, key: Key<'a>, ttl: Option<Duration>) -> Storing<'a, bool> {
        Box::pin(async move { Ok(self.lock().touch(key, ttl)) })
    }

    fn remove<'a>(&'a self, key: Key<'a>) -> Storing<'a, bool> {
        Box::pin(async move {
            let removed = self.lock().remove(key);
            Ok(removed.is_some_and(|slot| slot.is_live(Instant::now())))
        })
    }

    fn count<'a>(&'a self, space: &'a str) -> Storing<'a, usize> {
        Box::pin(async move {
            let mut table = self.lock();
            let now = Instant::now();
            // Each entry is swept once in its life, whoever does it.
            while table.sweep(now) {}
            Ok(table.spaces.get(space).map_or(0, HashMap::len))
        })
    }
}

#[derive(Default)]
struct Table {
    /// By space, of which there are few, and id.
    spaces: BTreeMap<Arc<str>, HashMap<Arc<str>, Slot>>,
    /// The entries that expire, the first to do so first; the number tells apart those that do so at once. One that was given
    /// more time since is put behind when its turn comes, so that giving time costs nothing here.
    deadlines: BTreeMap<(Instant, u64), (Arc<str>, Arc<str>)>,
    entries: usize,
    bytes: usize,
    last_version: u64,
}

struct Slot {
    value: Bytes,
    version: Version,
    expires: Option<Instant>,
    /// When its turn comes, which is no later.
    turn: Option<Instant>,
    /// Its first version: a number that no other slot has.
    number: u64,
}

impl Slot {
    fn is_live(&self, now: Instant) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

impl Table {
    fn live(&self, key: Key<'_>, now: Instant) -> Option<&Slot> {
        self.spaces.get(key.space)?.get(key.id).filter(|slot| slot.is_live(now))
    }

    fn live_mut(&mut self, key: Key<'_>, now: Instant) -> Option<&mut Slot> {
        self.spaces.get_mut(key.space)?.get_mut(key.id).filter(|slot| slot.is_live(now))
    }

    fn insert(
        &mut self,
        bounds: Bounds,
        key: Key<'_>,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<Option<Version>, StoreError> {
        let now = Instant::now();
        self.sweep_some(now);
        if self.live(key, now).is_some() {
            return Ok(None);
        }
        // What is left of an expired one would otherwise be counted twice.
        self.remove(key);
        let cost = cost(key, &value);
        self.make_room(bounds, 1, cost, now)?;
        self.entries += 1;
        self.bytes += cost;
        let version = self.next_version();
        let space = match self.spaces.get_key_value(key.space) {
            Some((space, _)) => Arc::clone(space),
            None => key.space.into(),
        };
        let id: Arc<str> = key.id.into();
        let expires = deadline(now, ttl);
        if let Some(expires) = expires {
            self.deadlines.insert((expires, version.0), (Arc::clone(&space), Arc::clone(&id)));
        }
        let slot = Slot { value, version, expires, turn: expires, number: version.0 };
        self.spaces.entry(space).or_default().insert(id, slot);
        Ok(Some(version))
    }

    fn replace(
        &mut self,
        bounds: Bounds,
        key: Key<'_>,
        value: Bytes,
        expected: Version,
    ) -> Result<Option<Version>, StoreError> {
        let now = Instant::now();
        self.sweep_some(now);
        let Some(old) = self.live(key, now).filter(|slot| slot.version == expected).map(|slot| slot.value.len()) else {
            return Ok(None);
        };
        self.make_room(bounds, 0, value.len().saturating_sub(old), now)?;
        self.bytes = self.bytes - old + value.len();
        let version = self.next_version();
        if let Some(slot) = self.live_mut(key, now) {
            (slot.value, slot.version) = (value, version);
        }
        Ok(Some(version))
    }

    fn touch(&mut self, key: Key<'_>, ttl: Option<Duration>) -> bool {
        let now = Instant::now();
        let Some(slot) = self.live_mut(key, now) else { return false };
        slot.expires = deadline(now, ttl);
        let (turn, number, new) = (slot.turn, slot.number, slot.expires);
        if new.is_none_or(|new| turn.is_some_and(|turn| turn <= new)) {
            // Its turn comes early enough, and finds what it is then.
            return true;
        }
        slot.turn = new;
        // What had a turn before has its names there already.
        let names = turn.and_then(|turn| self.deadlines.remove(&(turn, number)));
        if let (Some(new), Some(names)) = (new, names.or_else(|| self.names(key))) {
            self.deadlines.insert((new, number), names);
        }
        true
    }

    /// The names of an entry, as the tables share them.
    fn names(&self, key: Key<'_>) -> Option<(Arc<str>, Arc<str>)> {
        let (space, slots) = self.spaces.get_key_value(key.space)?;
        let (id, _) = slots.get_key_value(key.id)?;
        Some((Arc::clone(space), Arc::clone(id)))
    }

    /// Removes an entry, expired or not.
    fn remove(&mut self, key: Key<'_>) -> Option<Slot> {
        let slots = self.spaces.get_mut(key.space)?;
        let slot = slots.remove(key.id)?;
        if slots.is_empty() {
            self.spaces.remove(key.space);
        }
        if let Some(turn) = slot.turn {
            self.deadlines.remove(&(turn, slot.number));
        }
        self.entries -= 1;
        self.bytes -= cost(key, &slot.value);
        Some(slot)
    }

    /// Gives back an expired entry, or puts one behind that was given more time; `false` when there is neither.
    fn sweep(&mut self, now: Instant) -> bool {
        let Some(next) = self.deadlines.first_entry().filter(|next| next.key().0 <= now) else { return false };
        let ((_, number), (space, id)) = next.remove_entry();
        let key = Key { space: &space, id: &id };
        let live = self.live_mut(key, now).map(|slot| {
            slot.turn = slot.expires;
            slot.turn
        });
        match live {
            None => drop(self.remove(key)),
            Some(Some(turn)) => drop(self.deadlines.insert((turn, number), (space, id))),
            // It lives for ever by now.
            Some(None) => {}
        }
        true
    }

    fn sweep_some(&mut self, now: Instant) {
        for _ in 0..SWEPT {
            if !self.sweep(now) {
                return;
            }
        }
    }

    /// Gives back expired entries until there is room.
    fn make_room(&mut self, bounds: Bounds, entries: usize, bytes: usize, now: Instant) -> Result<(), StoreError> {
        loop {
            let bound = if self.entries + entries > bounds.entries {
                format!("{} entries", bounds.entries)
            } else if self.bytes.saturating_add(bytes) > bounds.bytes {
                format!("{} bytes", bounds.bytes)
            } else {
                return Ok(());
            };
            if !self.sweep(now) {
                return Err(StoreError::Full { bound });
            }
        }
    }

    fn next_version(&mut self) -> Version {
        self.last_version += 1;
        Version(self.last_version)
    }
}

fn cost(key: Key<'_>, value: &[u8]) -> usize {
    OVERHEAD + key.space.len() + key.id.len() + value.len()
}

/// An end that the clock cannot express is none.
fn deadline(now: Instant, ttl: Option<Duration>) -> Option<Instant> {
    now.checked_add(ttl?)
}
