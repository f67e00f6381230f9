//! How much memory all that clients send, wait for and leave behind may take together. What is small is not counted: there
//! are bounds on how much of it there can be. Floor 1.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::ProtocolError;

/// Of each message, so many bytes are not counted.
pub(crate) const FREE: usize = 4 * 1024;
/// Of each answer, so many bytes are not counted.
pub(crate) const FREE_ANSWER: usize = 16 * 1024;
/// All that may be taken: most of it by what is under way, a quarter by what outlives that, so that nobody who leaves much
/// behind keeps others from talking.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Messages and answers.
    pub(crate) flying: Budget,
    /// Subscriptions, events for clients that lost them, what is known of clients.
    pub(crate) kept: Budget,
}

impl Memory {
    pub(crate) fn new(bytes: usize) -> Self {
        let kept = bytes / 4;
        Self { flying: Budget::new(bytes - kept), kept: Budget::new(kept) }
    }

    /// How much of it is in use.
    pub(crate) fn held(&self) -> usize {
        self.flying.held() + self.kept.held()
    }
}

/// A part of the memory.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Arc<Ledger>);

#[derive(Debug)]
struct Ledger {
    held: AtomicUsize,
    most: usize,
}

/// What is taken of it, given back on drop.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Budget,
    bytes: usize,
}

/// There is not as much left as is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted {
    needed: usize,
    most: usize,
}

impl Budget {
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Ledger { held: AtomicUsize::new(0), most }))
    }

    /// How much of it is in use.
    pub(crate) fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }

    /// Takes this much.
    pub(crate) fn charge(&self, bytes: usize) -> Result<Charge, Exhausted> {
        let mut charge = self.nothing();
        charge.reach(bytes)?;
        Ok(charge)
    }

    /// Nothing yet, but it can grow.
    pub(crate) fn nothing(&self) -> Charge {
        Charge { budget: self.clone(), bytes: 0 }
    }

    /// Whether this much is not left.
    pub(crate) fn lacks(&self, bytes: usize) -> bool {
        self.held().saturating_add(bytes) > self.0.most
    }
}

impl Charge {
    /// How much it is.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Grows to this much, unless it has it. Nothing changes where that is too much.
    pub(crate) fn reach(&mut self, bytes: usize) -> Result<(), Exhausted> {
        let ledger = &*self.budget.0;
        let more = bytes.saturating_sub(self.bytes);
        let before = ledger.held.fetch_add(more, Ordering::Relaxed);
        if before.saturating_add(more) > ledger.most {
            ledger.held.fetch_sub(more, Ordering::Relaxed);
            return Err(Exhausted { needed: bytes, most: ledger.most });
        }
        self.bytes += more;
        Ok(())
    }

    /// Becomes this much; nothing changes where that is too much.
    #[cfg(feature = "http")]
    pub(crate) fn fit(&mut self, bytes: usize) -> Result<(), Exhausted> {
        self.reach(bytes).map(|()| self.set(bytes))
    }

    /// Nothing yet of the same.
    #[cfg(feature = "http")]
    pub(crate) fn another(&self) -> Self {
        self.budget.nothing()
    }

    /// Becomes this much, whether it is left or not: for what is there already.
    pub(crate) fn set(&mut self, bytes: usize) {
        let ledger = &*self.budget.0;
        ledger.held.fetch_add(bytes, Ordering::Relaxed);
        ledger.held.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = bytes;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.0.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Exhausted {
    /// Whether it would be too much if nothing else were there.
    pub(crate) fn is_for_good(self) -> bool {
        self.needed > self.most
    }

    /// What its sender is told.
    pub(crate) fn message(self) -> String {
        let Self { needed, most } = self;
        if self.is_for_good() {
            format!(
                "what was sent may take {needed} bytes of memory once it is read, of {most} for all messages together: send \
                 less at a time; the server's author can raise the limit"
            )
        } else {
            "the server holds as much of other messages as it may; send this one again later".to_owned()
        }
    }
}

impl From<Exhausted> for ProtocolError {
    fn from(exhausted: Exhausted) -> Self {
        Self::internal(exhausted.message())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back() {
        let budget = Budget::new(100);
        let mut first = budget.charge(60).expect("there is enough");
        assert_eq!(budget.charge(41).err(), Some(Exhausted { needed: 41, most: 100 }));
        let second = budget.charge(40).expect("there is enough");
        assert!(first.reach(61).is_err() && first.reach(60).is_ok());
        assert_eq!(budget.held(), 100);
        drop(second);
        assert!(budget.lacks(41) && !budget.lacks(40));
        first.set(140);
        assert_eq!(budget.held(), 140);
        first.set(1);
        assert_eq!(budget.held(), 1);
        drop(first);
        assert_eq!(budget.held(), 0);
        let never = budget.charge(101).expect_err("more than there is");
        assert!(never.is_for_good());
    }
}
