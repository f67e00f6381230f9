//! A body that knows whether a connection has taken it. A request that is handed to a connection just as that one ends can be
//! lost without a word (hyper, issue 4122: neither sent nor given back), and would be waited for in vain. Floor 6.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::sleep;

/// No connection has looked at it yet.
const WAITING: u8 = 0;
/// A connection sends it.
const TAKEN: u8 = 1;
/// It is not to be sent any more.
const GIVEN_UP: u8 = 2;

/// What one request carries; nothing, for most of them but POST.
pub(super) struct Parcel {
    content: Option<Bytes>,
    state: Arc<AtomicU8>,
}

/// Whoever watches over a [`Parcel`].
pub(super) struct Watch(Arc<AtomicU8>);

/// No connection took a request in time. It was not sent.
#[derive(Debug)]
pub(super) struct Untaken(Duration);

impl Parcel {
    pub(super) fn new(content: Option<Bytes>) -> (Self, Watch) {
        let state = Arc::new(AtomicU8::new(WAITING));
        (Self { content, state: Arc::clone(&state) }, Watch(state))
    }

    /// Says whether it may be sent.
    fn take(&self) -> bool {
        let before = self.state.compare_exchange(WAITING, TAKEN, Ordering::AcqRel, Ordering::Acquire);
        !matches!(before, Err(GIVEN_UP))
    }
}

impl Watch {
    /// Ends when no connection has taken the parcel within `time`; from then on none will. Dropping the future is harmless.
    pub(super) async fn untaken(&self, time: Duration) -> Untaken {
        sleep(time).await;
        match self.0.compare_exchange(WAITING, GIVEN_UP, Ordering::AcqRel, Ordering::Acquire) {
            Err(TAKEN) => std::future::pending().await,
            Ok(_) | Err(_) => Untaken(time),
        }
    }
}

impl Body for Parcel {
    type Data = Bytes;
    type Error = Untaken;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Untaken>>> {
        if !self.take() {
            return Poll::Ready(Some(Err(Untaken(Duration::ZERO))));
        }
        Poll::Ready(self.content.take().map(|content| Ok(Frame::data(content))))
    }

    /// The first question of a connection that takes a request; without content it asks nothing else.
    fn is_end_stream(&self) -> bool {
        self.take();
        self.content.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.content.as_ref().map_or(0, |content| content.len() as u64))
    }
}

impl fmt::Display for Untaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(time) = self;
        write!(f, "no connection took the request within {time:?}, so that it was not sent")
    }
}

impl StdError for Untaken {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http_body_util::BodyExt;
    use tokio::time::{Instant, timeout};

    use super::Parcel;

    const TIME: Duration = Duration::from_secs(11);

    #[tokio::test(start_paused = true)]
    async fn what_no_connection_takes_is_given_up_and_never_sent() {
        let (parcel, watch) = Parcel::new(Some(Bytes::from_static(b"{}")));
        let start = Instant::now();
        let untaken = timeout(TIME * 2, watch.untaken(TIME)).await.unwrap();
        assert_eq!(start.elapsed(), TIME);
        assert_eq!(untaken.to_string(), "no connection took the request within 11s, so that it was not sent");
        assert!(parcel.collect().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_connection_has_taken_is_its_own() {
        let (parcel, watch) = Parcel::new(Some(Bytes::from_static(b"{}")));
        assert_eq!(parcel.collect().await.unwrap().to_bytes(), "{}");
        assert!(timeout(TIME * 2, watch.untaken(TIME)).await.is_err());
        // Without content there is nothing to take but the request itself.
        let (parcel, watch) = Parcel::new(None);
        assert!(http_body::Body::is_end_stream(&parcel));
        assert!(timeout(TIME * 2, watch.untaken(TIME)).await.is_err());
    }
}
