//! Changes: of lists and of resources, by whatever way the revision has, and on over reconnections. Floor 6.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use serde::Deserialize;
use tokio::time::{Instant, sleep, sleep_until};

use super::Client;
use super::error::Error;
use super::exchange::{Order, after};
use super::flight::Flight;
use super::hub::Ear;
use super::retry::Retry;
use super::session::Session;
use super::stamp::{Meta, Stamped};
use crate::message::encode_call;
use crate::method::Method;
use crate::model::{
    JsonObject, ResourceUpdatedNotificationParams, SUBSCRIPTION_ID_KEY, SubscribeRequestParams, SubscriptionFilter,
    SubscriptionsAcknowledgedNotificationParams, SubscriptionsListenRequestParams, UnsubscribeRequestParams,
};

/// How many changes may wait while the server has not acknowledged that it tells of them; with more, anything has changed.
const WAITING: usize = 1024;

/// Something changed on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The list of tools.
    Tools,
    /// The list of prompts.
    Prompts,
    /// The lists of resources and of resource templates.
    Resources,
    /// The contents of this resource, which may be a part of the one that was subscribed to.
    Resource(String),
    /// The connection was opened again, or changes came faster than they were taken: anything may have changed.
    Anything,
}

/// Changes from here on, see [`Client::subscribe`] and [`Client::listen`].
///
/// It lives on over reconnections: then [`Change::Anything`] comes first. Dropping it takes the subscription back.
#[derive(Debug)]
pub struct Subscription {
    client: Client,
    /// What was asked for.
    wanted: SubscriptionFilter,
    /// What is told.
    filter: SubscriptionFilter,
    ear: Ear,
    missed: u64,
    on: Option<On>,
    waiting: VecDeque<Change>,
}

/// The changes of a [`Subscription`] as a stream, see [`Subscription::into_stream`].
pub struct Changes(Option<Pin<Box<dyn Future<Output = Heard> + Send>>>);

type Heard = (Result<Change, Error>, Subscription);

impl Changes {
    fn of(mut subscription: Subscription) -> Self {
        Self(Some(Box::pin(async move { (subscription.next().await, subscription) })))
    }
}

impl Stream for Changes {
    type Item = Result<Change, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let Some(next) = &mut self.0 else { return Poll::Ready(None) };
        let (change, subscription) = ready!(next.as_mut().poll(cx));
        *self = if change.is_ok() { Self::of(subscription) } else { Self(None) };
        Poll::Ready(Some(change))
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}

/// The session that the subscription is on.
#[derive(Debug)]
struct On {
    session: Arc<Session>,
    /// The stream of 2026-07-28, which the server keeps open.
    stream: Option<Flight>,
    since: Instant,
}

impl Client {
    /// Tells when this resource changes.
    ///
    /// # Errors
    /// Those of [`Self::listen`].
    pub async fn subscribe(&self, uri: impl Into<String>) -> Result<Subscription, Error> {
        let resource_subscriptions = Some(vec![uri.into()]);
        self.listen(SubscriptionFilter { resource_subscriptions, ..SubscriptionFilter::default() }).await
    }

    /// Tells of these changes: with `subscriptions/listen` in 2026-07-28, before with `resources/subscribe` for each
    /// resource, while changes of lists come without asking there.
    ///
    /// Returns once the server knows. [`Subscription::filter`] says what it will tell: a server need not tell everything.
    ///
    /// # Errors
    /// Those of a [`Request`](super::Request).
    pub async fn listen(&self, filter: SubscriptionFilter) -> Result<Subscription, Error> {
        let ear = self.0.hub.listen(is_change);
        let waiting = VecDeque::new();
        let wanted = filter.clone();
        let client = self.clone();
        for uri in wanted.resource_subscriptions.iter().flatten() {
            self.0.hub.watch(uri);
        }
        let mut subscription = Subscription { client, wanted, filter, ear, missed: 0, on: None, waiting };
        subscription.begin().await?;
        Ok(subscription)
    }
}

fn is_change(method: Method) -> bool {
    use Method::{Acknowledged, PromptsListChanged, ResourceUpdated, ResourcesListChanged, ToolsListChanged};
    matches!(method, Acknowledged | ToolsListChanged | PromptsListChanged | ResourcesListChanged | ResourceUpdated)
}

impl Subscription {
    /// Which changes the server said that it will tell, if it said so (2026-07-28), else which were asked for.
    pub fn filter(&self) -> &SubscriptionFilter {
        &self.filter
    }

    /// The changes as a stream. An error, as [`Self::next`] has them, ends it.
    pub fn into_stream(self) -> Changes {
        Changes::of(self)
    }

    /// The next change. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the server ends the subscription for good: the connection has ended and cannot be opened again, or the server
    /// refuses to subscribe once more. The next call tries again.
    pub async fn next(&mut self) -> Result<Change, Error> {
        let mut attempts = 0;
        loop {
            if let Some(change) = self.waiting.pop_front() {
                return Ok(change);
            }
            if self.on.is_none() {
                let policy = self.client.0.options.retry;
                match self.begin().await {
                    Ok(()) => self.waiting.push_back(Change::Anything),
                    Err(error) => self.pause(policy, &mut attempts, error).await?,
                }
                continue;
            }
            if self.hear().await {
                // A server that opens and ends streams at once is not asked as often as it likes.
                let policy = self.client.0.options.retry;
                sleep(policy.pause_before(attempts)).await;
                attempts = attempts.saturating_add(1);
            }
        }
    }

    async fn pause(&self, policy: Retry, attempts: &mut u32, error: Error) -> Result<(), Error> {
        /// How often a subscription is tried again before somebody is told.
        const ATTEMPTS: u32 = 8;
        let inner = &self.client.0;
        // Where no other connection can be had, the same one fails again.
        let is_lost = matches!(error, Error::Closed { .. }) && !inner.sessions.opens_again(&inner.options);
        if is_lost || !policy.is_on() || *attempts >= ATTEMPTS || !(error.may_pass() || error.was_unread()) {
            return Err(error);
        }
        let Some(pause) = policy.pause_after(&error, *attempts) else { return Err(error) };
        sleep(pause).await;
        *attempts += 1;
        Ok(())
    }

    /// Waits until something happens: a change, or the end of the session or of the stream. Says whether it ended as soon as
    /// it had begun.
    async fn hear(&mut self) -> bool {
        /// What lasted that long was a good one.
        const GOOD: Duration = Duration::from_secs(1);
        let Some(on) = &mut self.on else { return false };
        let ended = async {
            match &mut on.stream {
                // The answer is the end of the stream (2026-07-28, "Subscriptions", "Graceful Closure").
                Some(stream) => drop(stream.answer().await),
                None => on.session.ended().await,
            }
        };
        let heard = tokio::select! {
            biased;
            heard = self.ear.next() => heard,
            () = ended => {
                let is_early = on.since.elapsed() < GOOD;
                self.on = None;
                return is_early;
            }
        };
        if self.ear.missed() > self.missed {
            self.missed = self.ear.missed();
            self.waiting.push_back(Change::Anything);
        }
        let Some(heard) = heard else { return false };
        let is_ours = on.stream.as_ref().is_none_or(|stream| is_tagged(&heard.params, stream.id()));
        if is_ours {
            self.waiting.extend(change(&self.filter, heard.method, &heard.params));
        }
        false
    }

    async fn begin(&mut self) -> Result<(), Error> {
        let session = self.client.0.sessions.live(&self.client.0).await?;
        let is_over = session.connection.wire().is_over();
        if is_over && !self.client.0.sessions.opens_again(&self.client.0.options) {
            return Err(self.client.0.named(session.connection.wire().closed()));
        }
        let stream = if session.agreed.revision.has_handshake() {
            self.subscribe_each(&session).await?;
            None
        } else {
            Some(self.open_stream(&session).await.map_err(|error| self.client.0.named(error))?)
        };
        self.on = Some(On { session, stream, since: Instant::now() });
        Ok(())
    }

    async fn subscribe_each(&self, session: &Session) -> Result<(), Error> {
        for uri in self.wanted.resource_subscriptions.iter().flatten() {
            self.client.0.hub.left(uri).await;
            let params = SubscribeRequestParams { uri: uri.clone(), meta: None };
            self.client.0.ask_on(session, Method::Subscribe, &params).await?;
        }
        Ok(())
    }

    /// Opens the stream and waits until the server says that it is open.
    async fn open_stream(&mut self, session: &Session) -> Result<Flight, Error> {
        let inner = &self.client.0;
        let (own, wire) = (JsonObject::new(), session.connection.wire());
        let params = SubscriptionsListenRequestParams { notifications: self.wanted.clone(), meta: None };
        let mut stream = wire
            .send(None, |out, id| {
                let meta = Meta { own: &own, progress_token: None, modern: inner.modern(session.agreed.revision) };
                encode_call(out, Some(id), Method::Listen.as_str(), Some(&Stamped { params: &params, meta }));
            })
            .await?;
        let mut time = pin!(sleep_until(after(inner.options.timeout)));
        let late = || Error::Timeout { server: String::new(), method: Method::Listen, after: inner.options.timeout };
        loop {
            let heard = tokio::select! {
                biased;
                // First, because a server that never pauses has always something to say.
                () = &mut time => return Err(late()),
                heard = self.ear.next() => heard,
                answer = stream.answer() => {
                    answer?.result(Method::Listen)?;
                    return Err(Error::invalid(Method::Listen, "the server ended the stream before it began"));
                }
            };
            let Some(heard) = heard.filter(|heard| is_tagged(&heard.params, stream.id())) else { continue };
            if heard.method == Method::Acknowledged {
                let acknowledged =
                    crate::text::from_bytes::<SubscriptionsAcknowledgedNotificationParams>(&heard.params);
                if let Ok(acknowledged) = acknowledged {
                    self.filter = acknowledged.notifications;
                }
                return Ok(stream);
            }
            // A server that tells before it acknowledges tells all the same.
            if self.waiting.len() >= WAITING {
                self.waiting.clear();
                self.waiting.push_back(Change::Anything);
            }
            self.waiting.extend(change(&self.filter, heard.method, &heard.params));
        }
    }
}

/// Whether a notification belongs to the stream that this request opened.
fn is_tagged(params: &[u8], id: i64) -> bool {
    #[derive(Deserialize)]
    struct Tagged {
        #[serde(rename = "_meta", default)]
        meta: JsonObject,
    }
    let tagged = crate::text::from_bytes::<Tagged>(params);
    tagged.is_ok_and(|tagged| tagged.meta.get(SUBSCRIPTION_ID_KEY).is_some_and(|of| of.as_i64() == Some(id)))
}

/// What a notification says, if somebody asked for it.
fn change(filter: &SubscriptionFilter, method: Method, params: &[u8]) -> Option<Change> {
    let wants = |asked: Option<bool>| asked == Some(true);
    match method {
        Method::ToolsListChanged => wants(filter.tools_list_changed).then_some(Change::Tools),
        Method::PromptsListChanged => wants(filter.prompts_list_changed).then_some(Change::Prompts),
        Method::ResourcesListChanged => wants(filter.resources_list_changed).then_some(Change::Resources),
        Method::ResourceUpdated => {
            let ResourceUpdatedNotificationParams { uri, .. } = crate::text::from_bytes(params).ok()?;
            let is_asked = |asked: &String| uri.starts_with(asked.as_str());
            filter.resource_subscriptions.iter().flatten().any(is_asked).then_some(Change::Resource(uri))
        }
        _ => None,
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let uris = self.wanted.resource_subscriptions.take().unwrap_or_default();
        // Another subscription may still want to hear of it.
        let uris: Vec<String> = uris.into_iter().filter(|uri| self.client.0.hub.unwatch(uri)).collect();
        let Some(On { session, stream: None, .. }) = self.on.take() else { return };
        // Without a runtime nobody can be told, and the session ends by itself.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if uris.is_empty() || session.connection.wire().is_over() {
            return;
        }
        let client = self.client.clone();
        let leaving: Vec<_> = uris.into_iter().map(|uri| client.0.hub.leave(uri)).collect();
        drop(runtime.spawn(async move {
            for leaving in leaving {
                let params = UnsubscribeRequestParams { uri: leaving.uri.clone(), meta: None };
                let _ = client.0.ask_on(&session, Method::Unsubscribe, &params).await;
            }
        }));
    }
}

impl super::Inner {
    /// Asks on this session and on no other.
    pub(super) async fn ask_on<P: serde::Serialize + Sync>(
        &self,
        session: &Session,
        method: Method,
        params: &P,
    ) -> Result<(), Error> {
        let timeout: Duration = self.options.timeout;
        let meta = JsonObject::new();
        let order = Order { method, params, meta: &meta, timeout, longest: timeout, is_safe: false, gather: None };
        let mut end = after(timeout);
        self.exchange_on(session, &order, &mut end, &mut None).await.map(drop).map_err(|error| self.named(error))
    }
}
