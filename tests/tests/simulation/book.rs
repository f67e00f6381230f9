//! What the calls of one run live through, on both sides: what is checked once it is over. It survives the server's restarts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp_runtime::client::Direction;
use serde_json::Value;

/// The book.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book(Arc<Mutex<BTreeMap<u64, Page>>>);

/// One call, by the value that no other call has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// How often the client sent it.
    pub(crate) sent: u32,
    /// How many answers came for it.
    pub(crate) received: u32,
    /// How often its function was begun, ended, and given up before its end.
    pub(crate) begun: u32,
    pub(crate) ended: u32,
    pub(crate) dropped: u32,
    /// Whether it must not be done twice.
    pub(crate) is_payment: bool,
    /// What its caller was told.
    pub(crate) outcome: Option<Outcome>,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    Failed(&'static str),
    GivenUp,
}

/// A function that runs. Dropped before [`Run::end`], it was given up.
#[derive(Debug)]
pub(crate) struct Run {
    book: Book,
    value: u64,
    has_ended: bool,
}

impl Book {
    /// A function begins.
    pub(crate) fn begin(&self, value: u64) -> Run {
        self.page(value, |page| page.begun += 1);
        Run { book: self.clone(), value, has_ended: false }
    }

    /// A caller knows what became of its call.
    pub(crate) fn close(&self, value: u64, outcome: Outcome) {
        self.page(value, |page| {
            assert_eq!(page.outcome, None, "the call {value} has two outcomes");
            page.outcome = Some(outcome);
        });
    }

    /// A frame of a client's.
    pub(crate) fn frame(&self, direction: Direction, frame: &[u8]) {
        let Ok(frame) = serde_json::from_slice::<Value>(frame) else { return };
        match direction {
            Direction::Sent if frame["method"] == "tools/call" => {
                if let Some(value) = frame["params"]["arguments"]["value"].as_u64() {
                    let is_payment = frame["params"]["name"] == "pay";
                    self.page(value, |page| (page.sent, page.is_payment) = (page.sent + 1, is_payment));
                }
            }
            Direction::Received => {
                let text = frame["result"]["content"][0]["text"].as_str();
                if let Some(value) = text.and_then(|text| text.parse().ok()) {
                    self.page(value, |page| page.received += 1);
                }
            }
            Direction::Sent => {}
        }
    }

    /// Every call and what became of it.
    pub(crate) fn pages(&self) -> BTreeMap<u64, Page> {
        self.lock().clone()
    }

    fn page(&self, value: u64, change: impl FnOnce(&mut Page)) {
        change(self.lock().entry(value).or_default());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Page>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    /// The function comes to its end.
    pub(crate) fn end(mut self) {
        self.has_ended = true;
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let has_ended = self.has_ended;
        self.book.page(self.value, |page| if has_ended { page.ended += 1 } else { page.dropped += 1 });
    }
}
