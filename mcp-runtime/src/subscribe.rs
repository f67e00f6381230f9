//! Who hears of changes. A publisher only notes what changed; each subscriber is told when its connection has room, and
//! of what changed several times meanwhile, once. So a slow one holds up nobody and loses nothing. Floor 2.

use std::collections::{BTreeSet, HashSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use crate::budget::{Budget, Charge, Exhausted};
use crate::error::ProtocolError;
use crate::method::Method;
use crate::model::{
    Meta, RequestId, ResourceUpdatedNotificationParams, SUBSCRIPTION_ID_KEY, SubscriptionFilter,
    SubscriptionsAcknowledgedNotificationParams, SubscriptionsListenResult,
};
use crate::peer::Peer;

/// What may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change<'a> {
    Tools,
    Prompts,
    Resources,
    /// The contents of the resource with this URI.
    Resource(&'a str),
}

/// Everybody who wants to hear of changes.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    watchers: Mutex<Watchers>,
}

#[derive(Debug, Default)]
struct Watchers {
    all: Vec<Weak<Watcher>>,
    closed: bool,
}

/// One of them.
#[derive(Debug, Default)]
pub(crate) struct Watcher {
    state: Mutex<State>,
    woken: Notify,
}

#[derive(Debug, Default)]
struct State {
    wants: Wants,
    news: News,
    ended: bool,
    /// What the URIs take.
    held: Option<Charge>,
}

#[derive(Debug, Default)]
struct Wants {
    tools: bool,
    prompts: bool,
    resources: bool,
    uris: HashSet<Box<str>>,
}

/// Why nobody is told of a resource.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Denied {
    /// As many as this are wanted already.
    TooMany(usize),
    Exhausted(Exhausted),
}

impl From<Denied> for ProtocolError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::TooMany(most) => {
                Self::invalid_params(format!("one client may subscribe to {most} resources at a time"))
            }
            Denied::Exhausted(exhausted) => exhausted.into(),
        }
    }
}

/// What it takes to remember a URI: itself, once more among the news, and its places in both.
fn weight(uri: &str) -> usize {
    2 * uri.len() + 128
}

/// What changed since the last time.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    tools: bool,
    prompts: bool,
    resources: bool,
    uris: BTreeSet<Box<str>>,
}

impl Hub {
    /// A watcher that wants nothing yet.
    pub(crate) fn watch(&self) -> Arc<Watcher> {
        let watcher = Arc::new(Watcher::default());
        let mut watchers = self.lock();
        watchers.all.retain(|known| known.strong_count() > 0);
        watchers.all.push(Arc::downgrade(&watcher));
        if watchers.closed {
            watcher.end();
        }
        watcher
    }

    /// Notes a change for everybody who wants to hear of it. Never waits.
    pub(crate) fn publish(&self, change: Change<'_>) {
        // The list is taken out of the lock: telling a watcher wakes tasks.
        let watchers: Vec<_> = self.lock().all.iter().filter_map(Weak::upgrade).collect();
        for watcher in watchers {
            watcher.note(change);
        }
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        self.lock().all.iter().filter(|watcher| watcher.strong_count() > 0).count()
    }

    /// Ends every subscription, in order.
    pub(crate) fn close(&self) {
        let watchers = {
            let mut watchers = self.lock();
            watchers.closed = true;
            std::mem::take(&mut watchers.all)
        };
        for watcher in watchers.iter().filter_map(Weak::upgrade) {
            watcher.end();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Watchers> {
        // Nothing that can panic runs while it is locked but an allocation.
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    /// Wants what a session of an older revision is told without asking: that lists changed.
    pub(crate) fn want_lists(&self) {
        let mut state = self.lock();
        (state.wants.tools, state.wants.prompts, state.wants.resources) = (true, true, true);
    }

    /// Wants what the filter says.
    pub(crate) fn want(&self, filter: &SubscriptionFilter) {
        let mut state = self.lock();
        let wants = &mut state.wants;
        wants.tools = filter.tools_list_changed == Some(true);
        wants.prompts = filter.prompts_list_changed == Some(true);
        wants.resources = filter.resources_list_changed == Some(true);
        wants.uris = filter.resource_subscriptions.iter().flatten().map(|uri| uri.as_str().into()).collect();
    }

    /// Wants to hear of one more resource, unless there are `most` already.
    ///
    /// # Errors
    /// There are, or no memory is left to remember it.
    pub(crate) fn want_resource(&self, uri: &str, most: usize, memory: &Budget) -> Result<(), Denied> {
        let mut state = self.lock();
        let State { wants: Wants { uris, .. }, held, .. } = &mut *state;
        if uris.contains(uri) {
            return Ok(());
        }
        if uris.len() >= most {
            return Err(Denied::TooMany(most));
        }
        let held = held.get_or_insert_with(|| memory.nothing());
        held.reach(held.bytes() + weight(uri)).map_err(Denied::Exhausted)?;
        uris.insert(uri.into());
        Ok(())
    }

    /// No longer wants to hear of a resource.
    pub(crate) fn forget_resource(&self, uri: &str) {
        let mut state = self.lock();
        if state.wants.uris.remove(uri)
            && let Some(held) = &mut state.held
        {
            held.set(held.bytes().saturating_sub(weight(uri)));
        }
        state.news.uris.remove(uri);
    }

    /// What a session subscribed to, one by one.
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only sessions over HTTP are written down"))]
    pub(crate) fn resources(&self) -> Vec<String> {
        self.lock().wants.uris.iter().map(ToString::to_string).collect()
    }

    fn note(&self, change: Change<'_>) {
        {
            let mut state = self.lock();
            let State { wants, news, .. } = &mut *state;
            match change {
                Change::Tools if wants.tools => news.tools = true,
                Change::Prompts if wants.prompts => news.prompts = true,
                Change::Resources if wants.resources => news.resources = true,
                Change::Resource(uri) if wants.uris.contains(uri) => {
                    news.uris.insert(uri.into());
                }
                _ => return,
            }
        }
        self.woken.notify_one();
    }

    /// Ends the subscription in order.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.woken.notify_one();
    }

    /// Waits for news; `None` when the subscription has ended. Dropping the future loses nothing.
    async fn next(&self) -> Option<News> {
        loop {
            let mut woken = pin!(self.woken.notified());
            woken.as_mut().enable();
            {
                let mut state = self.lock();
                if state.news != News::default() {
                    return Some(std::mem::take(&mut state.news));
                }
                if state.ended {
                    return None;
                }
            }
            woken.await;
        }
    }

    /// Puts back what could not be told.
    fn put_back(&self, change: Change<'_>) {
        let mut state = self.lock();
        match change {
            Change::Tools => state.news.tools = true,
            Change::Prompts => state.news.prompts = true,
            Change::Resources => state.news.resources = true,
            Change::Resource(uri) => {
                state.news.uris.insert(uri.into());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs while it is locked but an allocation.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl News {
    fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        let lists = [(self.tools, Change::Tools), (self.prompts, Change::Prompts), (self.resources, Change::Resources)];
        let lists = lists.into_iter().filter_map(|(changed, change)| changed.then_some(change));
        lists.chain(self.uris.iter().map(|uri| Change::Resource(uri)))
    }
}

/// Tells what changes until the subscription ends or nobody reads any more. `stream` is the id of the request that opened
/// a stream in 2026-07-28; a session has none.
pub(crate) async fn deliver(watcher: &Watcher, peer: &Peer, stream: Option<&RequestId>) {
    while let Some(news) = watcher.next().await {
        for change in news.changes() {
            loop {
                peer.room().await;
                if peer.is_closed() {
                    watcher.put_back(change);
                    return;
                }
                if tell(peer, change, stream) {
                    break;
                }
            }
        }
    }
}

/// Serves `subscriptions/listen` (2026-07-28, "Subscriptions"): acknowledges, tells, and answers when the server ends it.
pub(crate) async fn listen(
    watcher: Arc<Watcher>,
    peer: Arc<Peer>,
    id: RequestId,
    agreed: SubscriptionFilter,
) -> SubscriptionsListenResult {
    watcher.want(&agreed);
    let params = SubscriptionsAcknowledgedNotificationParams { notifications: agreed, meta: meta(Some(&id)) };
    loop {
        if peer.notify(Method::Acknowledged.as_str(), &params) || peer.is_closed() {
            break;
        }
        peer.room().await;
    }
    deliver(&watcher, &peer, Some(&id)).await;
    SubscriptionsListenResult { result_type: None, meta: meta(Some(&id)) }
}

fn tell(peer: &Peer, change: Change<'_>, stream: Option<&RequestId>) -> bool {
    #[derive(serde::Serialize)]
    struct Params {
        #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
        meta: Option<Meta>,
    }
    let meta = meta(stream);
    let method = match change {
        Change::Tools => Method::ToolsListChanged,
        Change::Prompts => Method::PromptsListChanged,
        Change::Resources => Method::ResourcesListChanged,
        Change::Resource(uri) => {
            let params = ResourceUpdatedNotificationParams { uri: uri.to_owned(), meta };
            return peer.notify(Method::ResourceUpdated.as_str(), &params);
        }
    };
    peer.notify(method.as_str(), &Params { meta })
}

fn meta(stream: Option<&RequestId>) -> Option<Meta> {
    let id = serde_json::to_value(stream?).ok()?;
    Some(Meta::from_iter([(SUBSCRIPTION_ID_KEY.to_owned(), id)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(peer: &Peer) -> Vec<String> {
        let mut out = Vec::new();
        peer.take(&mut out);
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn a_watcher_hears_of_what_it_wants_and_once() {
        let (hub, peer) = (Hub::default(), Arc::new(Peer::new(1 << 16)));
        let watcher = hub.watch();
        let filter = SubscriptionFilter {
            tools_list_changed: Some(true),
            resource_subscriptions: Some(vec!["a://1".to_owned()]),
            ..SubscriptionFilter::default()
        };
        for _ in 0..3 {
            hub.publish(Change::Tools);
        }
        let listening = listen(Arc::clone(&watcher), Arc::clone(&peer), RequestId::from("s"), filter);
        let publishing = async {
            tokio::task::yield_now().await;
            for _ in 0..3 {
                hub.publish(Change::Tools);
                hub.publish(Change::Prompts);
                hub.publish(Change::Resource("a://1"));
                hub.publish(Change::Resource("a://2"));
            }
            hub.close();
        };
        let (result, ()) = tokio::join!(listening, publishing);
        assert_eq!(result.meta, meta(Some(&RequestId::from("s"))));
        let methods: Vec<_> = frames(&peer).iter().map(|frame| frame.split('"').nth(7).unwrap().to_owned()).collect();
        let expected = ["subscriptions/acknowledged", "tools/list_changed", "resources/updated"]
            .map(|n| format!("notifications/{n}"));
        assert_eq!(methods, expected);
    }

    #[tokio::test]
    async fn a_subscriber_that_does_not_read_holds_up_no_publisher_and_loses_nothing() {
        let (hub, peer) = (Hub::default(), Arc::new(Peer::new(1)));
        peer.send(|out| out.extend_from_slice(b"\"full\""));
        let watcher = hub.watch();
        watcher.want_lists();
        let telling = tokio::spawn({
            let (watcher, peer) = (Arc::clone(&watcher), Arc::clone(&peer));
            async move { deliver(&watcher, &peer, None).await }
        });
        for _ in 0..1000 {
            hub.publish(Change::Tools);
        }
        tokio::task::yield_now().await;
        assert_eq!(frames(&peer), ["\"full\""]);
        while peer.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(frames(&peer).len(), 1);
        hub.close();
        assert!(telling.await.is_ok());
    }

    #[test]
    fn whoever_is_gone_is_forgotten() {
        let hub = Hub::default();
        for _ in 0..10 {
            drop(hub.watch());
        }
        let _kept = hub.watch();
        assert_eq!(hub.lock().all.len(), 1);
    }
}
