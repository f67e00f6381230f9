//! The body of an answer: whole, or a stream of events. What many are answered with is sent from where it is. Floor 5.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::buf::Chain;
use bytes::{Buf, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::events::Events;
use crate::message::Rest;

/// The body of an answer.
pub struct Body(Kind);

enum Kind {
    Whole(Parts),
    Events(Box<Events>),
}

impl Body {
    pub(super) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Whole(alone(bytes.into())))
    }

    /// A response whose beginning stands by itself.
    pub(super) fn shared(beginning: impl Into<Bytes>, rest: Rest) -> Self {
        Self(Kind::Whole(beginning.into().chain(rest.into_bytes())))
    }

    pub(super) fn events(events: Events) -> Self {
        Self(Kind::Events(Box::new(events)))
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body")
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Kind::Whole(parts) => Poll::Ready(next(parts).map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Events(events) => events.poll_text(cx).map(|text| text.map(|text| Ok(Frame::data(text)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Kind::Whole(parts) if !parts.has_remaining())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(parts) => SizeHint::with_exact(parts.remaining() as u64),
            Kind::Events(_) => SizeHint::default(),
        }
    }
}

/// The same for our own connections, which write all parts at once. What is beside it is dropped with it: when hyper has taken
/// the last of it.
pub(super) struct Sent<W>(pub(super) Body, pub(super) W);

impl<W: Unpin> HttpBody for Sent<W> {
    type Data = Parts;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Parts>, Infallible>>> {
        match &mut self.0.0 {
            Kind::Whole(parts) if parts.has_remaining() => {
                let parts = std::mem::replace(parts, alone(Bytes::new()));
                Poll::Ready(Some(Ok(Frame::data(parts))))
            }
            Kind::Whole(_) => Poll::Ready(None),
            Kind::Events(events) => events.poll_text(cx).map(|text| text.map(|text| Ok(Frame::data(alone(text))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// What is said to one, and behind it what is said to many.
type Parts = Chain<Bytes, Bytes>;

fn alone(bytes: Bytes) -> Parts {
    bytes.chain(Bytes::new())
}

/// Takes the next part that has something in it.
fn next(parts: &mut Parts) -> Option<Bytes> {
    let next = if parts.first_ref().is_empty() { parts.last_mut() } else { parts.first_mut() };
    (!next.is_empty()).then(|| std::mem::take(next))
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Collected};

    use super::*;
    use crate::message::encode_shared;
    use crate::model::RequestId;

    /// A response with a result of this length, and how it is to look.
    fn response(length: usize) -> (Body, Vec<u8>) {
        let (mut begun, result) = (Vec::new(), vec![b'7'; length]);
        let rest = Rest::shared(result.clone());
        let rest = encode_shared(&mut begun, &RequestId::Number(1), rest);
        let whole = [br#"{"jsonrpc":"2.0","id":1,"result":"#, &*result, b"}"].concat();
        match rest {
            Some(rest) => (Body::shared(begun, rest), whole),
            None => (Body::whole(begun), whole),
        }
    }

    #[tokio::test]
    async fn whoever_reads_it_gets_the_same_bytes() {
        for length in [1, 100, 4095, 4096, 100_000] {
            let (body, whole) = response(length);
            assert_eq!(body.size_hint().exact(), Some(whole.len() as u64));
            assert_eq!(body.collect().await.map(Collected::to_bytes), Ok(whole.clone().into()), "{length}");
            let sent = Sent(response(length).0, ());
            assert_eq!(sent.collect().await.map(Collected::to_bytes), Ok(whole.into()), "{length}");
        }
        assert!(Body::whole(Bytes::new()).is_end_stream() && Sent(Body::whole(Bytes::new()), ()).is_end_stream());
    }

    #[test]
    fn what_only_one_is_answered_with_is_written_at_once() {
        let mut out = Vec::new();
        let rest = Rest::alone(vec![b'7'; 100_000]);
        assert!(encode_shared(&mut out, &RequestId::Number(1), rest).is_none(), "it is counted with the rest");
        assert!(out.ends_with(b"7}") && out.len() > 100_000);
    }
}
