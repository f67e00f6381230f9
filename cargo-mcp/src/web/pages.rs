//! The pages that are open: a stream of events for each, and the calls that it made, which end with it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::Desk;
use super::Shared;
use super::journal::line;

/// How many pages may be open.
const PAGES: usize = 16;
/// How many calls of one page may be under way.
const CALLS: usize = 16;
/// How many events of calls may wait for a page; then the calls wait.
const EVENTS: usize = 64;

#[derive(Default)]
pub(super) struct Pages {
    last: AtomicU64,
    open: Mutex<HashMap<u64, Page>>,
}

struct Page {
    events: mpsc::Sender<Bytes>,
    /// By the numbers that the page gives them.
    calls: HashMap<u64, AbortHandle>,
}

/// Whoever a call belongs to.
#[derive(Clone)]
pub(super) struct Caller {
    events: mpsc::Sender<Bytes>,
    call: u64,
}

/// Opens a page; `None` if there are too many.
pub(super) fn open(shared: &Arc<Shared>) -> Option<mpsc::Receiver<Bytes>> {
    let pages = &shared.pages;
    let id = pages.last.fetch_add(1, Ordering::Relaxed) + 1;
    let (events, own) = mpsc::channel(EVENTS);
    {
        let mut open = pages.open();
        if open.len() >= PAGES {
            return None;
        }
        open.insert(id, Page { events, calls: HashMap::new() });
    }
    let (out, body) = mpsc::channel(1);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let _closed = Close(&shared.pages, id);
        let hello = line(&json!({ "type": "page", "page": id, "level": shared.desk.level().as_str() }));
        tokio::select! {
            () = out.closed() => {}
            // It ends when nobody reads any more.
            _ = tell(&shared.desk, hello, own, &out) => {}
        }
    });
    Some(body)
}

/// Tells a page all that happens. What a call says comes after the frames that it was made of.
async fn tell(
    desk: &Desk,
    hello: Bytes,
    mut own: mpsc::Receiver<Bytes>,
    out: &mpsc::Sender<Bytes>,
) -> Result<(), mpsc::error::SendError<Bytes>> {
    out.send(hello).await?;
    let (mut frames, mut questions) = (desk.journal.follow(), desk.questions.follow());
    frames.mark_changed();
    questions.mark_changed();
    let mut seen = 0;
    loop {
        // Neither side of the journal or the questions is ever gone while the desk is there.
        let event = tokio::select! {
            _ = frames.changed() => None,
            _ = questions.changed() => Some(desk.questions.event()),
            event = own.recv() => match event {
                None => return Ok(()),
                event => event,
            },
        };
        // As far as they are there now: a server that floods the connection does not keep the rest from being told.
        let last = desk.journal.last();
        while seen < last
            && let Some(chunk) = desk.journal.after(&mut seen)
        {
            out.send(chunk).await?;
        }
        if let Some(event) = event {
            out.send(event).await?;
        }
    }
}

impl Pages {
    /// Begins a call of a page: `begin` starts the task that tells the caller what comes of it.
    pub(super) fn call(
        &self,
        page: u64,
        call: u64,
        begin: impl FnOnce(Caller) -> AbortHandle,
    ) -> Result<(), &'static str> {
        let mut open = self.open();
        let page = open.get_mut(&page).ok_or("there is no such page; load it again")?;
        page.calls.retain(|_, task| !task.is_finished());
        if page.calls.len() >= CALLS {
            return Err("16 calls are under way; wait for one of them, or cancel it");
        }
        if page.calls.contains_key(&call) {
            return Err("there is a call of that number already");
        }
        page.calls.insert(call, begin(Caller { events: page.events.clone(), call }));
        Ok(())
    }

    /// Gives a call up; says whether there was one.
    pub(super) fn cancel(&self, page: u64, call: u64) -> bool {
        let task = self.open().get_mut(&page).and_then(|page| page.calls.remove(&call));
        task.filter(|task| !task.is_finished()).inspect(AbortHandle::abort).is_some()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Page>> {
        // Nothing that can panic runs while it is locked.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    /// Tells the page something of the call. It waits for a page that is slow.
    pub(super) async fn tell(&self, mut event: Value) {
        event["call"] = self.call.into();
        // A page that is gone has given up its calls.
        let _ = self.events.send(line(&event)).await;
    }
}

/// What a page leaves behind ends with it.
struct Close<'p>(&'p Pages, u64);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        let page = self.0.open().remove(&self.1);
        for task in page.into_iter().flat_map(|page| page.calls.into_values()) {
            task.abort();
        }
    }
}
