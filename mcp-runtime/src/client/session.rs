//! A connection on which both sides agree, and the way to another one when it has ended. Knows nothing of what is asked on
//! it. Floor 6.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use super::Inner;
use super::connect::Options;
use super::connect::sealed::Open;
use super::connection::{Connection, Opening};
use super::error::Error;
use super::handshake::{self, Agreed};
use super::hub::Hub;
use super::retry::Retry;
use super::shared::{Again, again};
use super::wire::Stage;
use crate::revision::Revision;

/// A connection, and what both sides know of each other.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) connection: Connection,
    pub(super) agreed: Agreed,
}

/// The session in use. It is replaced when it has ended and the server can be reached once more.
pub(super) struct Sessions {
    source: Box<dyn Open>,
    current: Mutex<Arc<Session>>,
    /// One at a time looks for the server; the others wait for what it finds.
    gate: Semaphore,
    pace: Mutex<Pace>,
    is_closed: AtomicBool,
}

/// How often the server is looked for: one that dies as soon as it is there is not started as often as there are calls.
struct Pace {
    /// Nobody looks for it before. Whoever gives up waiting for that moment does not put it off.
    next: Instant,
    /// When the last session was opened, unless an attempt to open another one has begun since.
    opened: Option<Instant>,
    /// How many attempts in a row led to nothing that lasted.
    in_a_row: u32,
    /// How many attempts have failed, and why the last one did.
    failures: u64,
    failure: Option<Again>,
}

impl Pace {
    /// An attempt begins.
    fn begin(&mut self, retry: &Retry) {
        /// What lasted that long was a good one.
        const GOOD: Duration = Duration::from_secs(1);
        let now = Instant::now();
        if self.opened.take().is_some_and(|opened| now.duration_since(opened) >= GOOD) {
            self.in_a_row = 0;
        }
        self.next = now + retry.pause_before(self.in_a_row);
        self.in_a_row = self.in_a_row.saturating_add(1);
    }
}

impl Session {
    /// Reaches the server and agrees with it. Dropping the future ends the connection.
    pub(super) async fn open(source: &dyn Open, hub: &Arc<Hub>, options: &Options) -> Result<Self, Error> {
        Self::open_in(source, hub, options, options.revision).await
    }

    /// Speaks this revision and no other, or whichever both know.
    async fn open_in(
        source: &dyn Open,
        hub: &Arc<Hub>,
        options: &Options,
        revision: Option<Revision>,
    ) -> Result<Self, Error> {
        Self::open_unnamed(source, hub, options, revision).await.map_err(|error| error.of(|| source.server()))
    }

    async fn open_unnamed(
        source: &dyn Open,
        hub: &Arc<Hub>,
        options: &Options,
        revision: Option<Revision>,
    ) -> Result<Self, Error> {
        let opening = Opening { hub: Arc::clone(hub), longest: options.longest, grace: options.grace };
        // It ends everything when the handshake fails or is given up.
        let connection = source.open(opening)?;
        let agreed = match handshake::agree(connection.wire(), options, revision).await {
            Ok(agreed) => agreed,
            Err(error) => return Err(connection.explain(error).await),
        };
        Ok(Self { connection, agreed })
    }

    /// Waits for the end of the connection. Dropping the future is harmless.
    pub(super) async fn ended(&self) {
        self.connection.wire().reached(Stage::Closing).await;
    }
}

impl Sessions {
    pub(super) fn new(source: Box<dyn Open>, first: Session) -> Self {
        let current = Mutex::new(Arc::new(first));
        let now = Instant::now();
        let pace = Pace { next: now, opened: Some(now), in_a_row: 0, failures: 0, failure: None };
        let pace = Mutex::new(pace);
        Self { source, current, gate: Semaphore::new(1), pace, is_closed: AtomicBool::new(false) }
    }

    /// The session in use, be it over or not.
    pub(super) fn current(&self) -> Arc<Session> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The session in use, or another one if it is over.
    pub(super) async fn live(&self, client: &Inner) -> Result<Arc<Session>, Error> {
        let options = &client.options;
        let session = self.current();
        if !session.connection.wire().is_over() || !self.opens_again(options) {
            return Ok(session);
        }
        let failures = self.pace().failures;
        // It fails only when the semaphore is closed, which nobody does.
        let _permit = self.gate.acquire().await;
        let session = self.current();
        if !session.connection.wire().is_over() || !self.opens_again(options) {
            return Ok(session);
        }
        // What the server spoke it most likely still does (2026-07-28, "Versioning", "Backward Compatibility").
        let known = Some(session.agreed.revision);
        drop(session);
        let next = {
            let pace = self.pace();
            match &pace.failure {
                // Whoever waited while the server could not be had need not find that out anew, one after the other.
                Some(failure) if pace.failures > failures => return Err(failure()),
                _ => pace.next,
            }
        };
        sleep_until(next).await;
        self.pace().begin(&options.retry);
        match self.open(client, known).await {
            Ok(opened) => {
                let mut pace = self.pace();
                (pace.opened, pace.failure) = (Some(Instant::now()), None);
                Ok(opened)
            }
            Err(error) => {
                let failure = again(error);
                let error = failure();
                let mut pace = self.pace();
                (pace.failures, pace.failure) = (pace.failures + 1, Some(failure));
                Err(error)
            }
        }
    }

    /// Opens another session, which is in use from then on.
    async fn open(&self, client: &Inner, known: Option<Revision>) -> Result<Arc<Session>, Error> {
        let Inner { hub, options, .. } = client;
        let opened = match Session::open_in(&*self.source, hub, options, known).await {
            Err(Error::Version { .. } | Error::Protocol { .. } | Error::Invalid { .. } | Error::Status { .. })
                if options.revision.is_none() =>
            {
                Session::open(&*self.source, hub, options).await?
            }
            opened => opened?,
        };
        // What changed meanwhile was told to nobody.
        hub.cache.clear();
        client.begin(&opened).await?;
        let opened = Arc::new(opened);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&opened);
        if self.is_closed.load(Ordering::Acquire) {
            // It was closed meanwhile.
            opened.connection.wire().close();
        }
        Ok(opened)
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server as errors call it.
    pub(super) fn server(&self) -> String {
        self.source.server()
    }

    /// As whom the server sees the client.
    pub(super) fn identity(&self) -> String {
        self.source.identity()
    }

    pub(super) fn opens_again(&self, options: &Options) -> bool {
        options.retry.is_on() && self.source.opens_again() && !self.is_closed.load(Ordering::Acquire)
    }

    /// From here on no other session is opened.
    pub(super) fn close(&self) -> Arc<Session> {
        self.is_closed.store(true, Ordering::Release);
        self.current()
    }
}
