//! The pair of endpoints of 2024-11-05, deprecated since: a stream that everything is answered on, and a place to post to.
//! Served only where it is asked for. Floor 5.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::request::Parts;
use http::{Response, StatusCode};
use tokio::task::JoinSet;

use super::body::Body;
use super::events::{Events, Source};
use super::reply;
use super::service::Shared;
use crate::budget::Charge;
use crate::message::Frame;
use crate::seal::random;
use crate::transport::{Carrier, Link};
use crate::usage::{Holders, Holds, Usage};

/// Where the stream is.
pub(super) const STREAM: &str = "/sse";
/// Where messages are posted.
pub(super) const MESSAGES: &str = "/messages";

/// The streams that are open.
#[derive(Default)]
pub(super) struct Pairs(Mutex<HashMap<Box<str>, Pair>>);

struct Pair {
    link: Arc<Link>,
    principal: Option<Arc<str>>,
}

/// Forgets a stream when its connection is gone, and gives up what is in flight.
struct Gone {
    pairs: Weak<Pairs>,
    id: Box<str>,
    link: Arc<Link>,
}

impl Drop for Gone {
    fn drop(&mut self) {
        self.link.give_up();
        if let Some(pairs) = self.pairs.upgrade() {
            pairs.lock().remove(&self.id);
        }
    }
}

impl Pairs {
    pub(super) fn new(holders: &Holders) -> Arc<Self> {
        let pairs = Arc::<Self>::default();
        let holder: Weak<Self> = Arc::downgrade(&pairs);
        holders.enter(holder);
        pairs
    }

    /// Opens a stream; its first event says where to post.
    pub(super) fn open(self: &Arc<Self>, shared: &Shared, principal: Option<Arc<str>>) -> Response<Body> {
        let Ok(id) = random::<32>() else {
            return reply::refusal(StatusCode::SERVICE_UNAVAILABLE, "the system has no random numbers");
        };
        let id: Box<str> = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let link = Link::with_peer(Arc::clone(&shared.app), principal.clone(), shared.app.core.way_out());
        {
            let mut pairs = self.lock();
            if pairs.len() >= shared.options.sessions {
                return reply::refusal(StatusCode::SERVICE_UNAVAILABLE, "too many streams are open; try again later");
            }
            pairs.insert(id.clone(), Pair { link: Arc::clone(&link), principal });
        }
        let endpoint = format!("event: endpoint\ndata: {MESSAGES}?sessionId={id}\n\n");
        let gone = Gone { pairs: Arc::downgrade(self), id, link: Arc::clone(&link) };
        let events = Events::answer(Source::of(Arc::clone(link.peer())), b"").beginning(endpoint).holding(gone);
        reply::stream(events)
    }

    /// Takes a message for a stream.
    pub(super) fn post(&self, parts: &Parts, principal: Option<&Arc<str>>, frame: Frame) -> Response<Body> {
        let id = parts
            .uri
            .query()
            .into_iter()
            .flat_map(|query| query.split('&'))
            .find_map(|pair| pair.strip_prefix("sessionId="));
        let link = id.and_then(|id| {
            let pairs = self.lock();
            let pair = pairs.get(id).filter(|pair| pair.principal.as_ref() == principal)?;
            Some(Arc::clone(&pair.link))
        });
        let Some(link) = link else {
            return reply::refusal(StatusCode::NOT_FOUND, "there is no such stream; open one with GET at /sse");
        };
        let held = parts.extensions.get::<Arc<Charge>>().map(|held| Arc::clone(held) as Carrier);
        link.receive_decoded(frame, None, held.as_ref());
        link.peer().flush_task();
        reply::empty(StatusCode::ACCEPTED)
    }

    /// Lets calls in flight end for a while and closes every stream.
    pub(super) async fn wind_down(&self, grace: Duration) {
        let all: Vec<_> = self.lock().values().map(|pair| Arc::clone(&pair.link)).collect();
        let mut ending = JoinSet::new();
        for link in all {
            ending.spawn(async move { link.wind_down(grace).await });
        }
        while ending.join_next().await.is_some() {}
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Pair>> {
        // Nothing that can panic runs while it is locked but an allocation.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holds for Pairs {
    fn add_to(&self, usage: &mut Usage) {
        let all: Vec<_> = self.lock().values().map(|pair| Arc::clone(&pair.link)).collect();
        usage.sessions += all.len();
        for link in all {
            link.add_to(usage);
        }
    }
}
