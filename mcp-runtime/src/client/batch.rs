//! Several requests at once: each has its own answer, and what can leave together does. Knows nothing of connections. Floor 6.

use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use super::Client;
use super::error::Error;
use super::gather::Gather;
use super::request::{Request, Response};

impl Client {
    /// Sends several requests at once, and gives each its own result, in the same order.
    ///
    /// The requests are an array or a `Vec` of one kind, or a tuple of up to six of any. On revision 2025-03-26 they leave as
    /// JSON-RPC batches of at most 100 messages or 1 MiB (2025-03-26, "Base Protocol", "Batching"); every other revision has
    /// none, and they are sent one after the other without waiting for answers. What the cache has is not sent, and what
    /// has to wait for a connection, or is made again, goes by itself. A batch counts as one of [`Connect::connections`].
    ///
    /// Some servers of 2025-03-26 take no batches; each request then fails with what they say. Dropping the future gives up
    /// every request.
    ///
    /// [`Connect::connections`]: super::Connect::connections
    ///
    /// ```
    /// # use mcp_runtime::{server, tool, Client};
    /// # use serde_json::json;
    /// # /// Adds two numbers.
    /// # #[tool(read_only)]
    /// # fn add(a: i64, b: i64) -> i64 {
    /// #     a + b
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> mcp_runtime::Result<()> {
    /// let client = Client::memory(server![add]).connect().await?;
    ///
    /// let sums = client.batch([1, 2, 3].map(|n| client.call("add", json!({ "a": n, "b": 1 })))).await;
    /// assert!(sums.iter().all(Result::is_ok));
    ///
    /// let (tools, sum) = client.batch((client.list_tools_page(None), client.call("add", json!({ "a": 1, "b": 1 })))).await;
    /// assert_eq!(tools?.tools.len(), 1);
    /// # sum?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn batch<Q: Requests>(&self, requests: Q) -> Q::Answers {
        let gather = Arc::<Gather>::default();
        let mut parts = requests.begin(self, &gather);
        let mut has_left = false;
        poll_fn(|cx| {
            let is_over = Q::poll(&mut parts, cx);
            // Whatever can be sent at once is gathered by now.
            if !has_left {
                has_left = true;
                gather.leave();
            }
            if is_over { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        Q::end(parts)
    }
}

/// Requests that are sent together, see [`Client::batch`].
pub trait Requests: sealed::Together {}

type Answering<'a, R> = Pin<Box<dyn Future<Output = Result<R, Error>> + Send + 'a>>;

/// One of several requests. Public only to be named by a sealed trait.
pub struct Part<'a, R> {
    /// Until it is answered.
    waiting: Option<Answering<'a, R>>,
    answer: Option<Result<R, Error>>,
}

impl<'a, R: Response> Part<'a, R> {
    fn begin(request: Request<'a, R>, client: &Client, gather: &Arc<Gather>) -> Self {
        Self { waiting: Some(request.together(client, gather).into_future()), answer: None }
    }

    /// Goes on with it; says whether it is answered.
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> bool {
        let Some(waiting) = &mut self.waiting else { return true };
        if let Poll::Ready(answer) = waiting.as_mut().poll(cx) {
            self.answer = Some(answer);
            self.waiting = None;
        }
        self.waiting.is_none()
    }

    fn end(self) -> Result<R, Error> {
        // It is there: this is called when all are answered.
        let none = || Err(Error::Closed { server: String::new(), status: None, cause: None });
        self.answer.unwrap_or_else(none)
    }
}

mod sealed {
    use super::{Arc, Client, Gather, TaskContext};

    pub trait Together: Send {
        /// What comes of them.
        type Answers;
        #[doc(hidden)]
        type Parts: Send;

        #[doc(hidden)]
        fn begin(self, client: &Client, gather: &Arc<Gather>) -> Self::Parts;

        /// Goes on with all of them; says whether all are answered.
        #[doc(hidden)]
        fn poll(parts: &mut Self::Parts, cx: &mut TaskContext<'_>) -> bool;

        #[doc(hidden)]
        fn end(parts: Self::Parts) -> Self::Answers;
    }
}

fn poll_each<R: Response>(parts: &mut [Part<'_, R>], cx: &mut TaskContext<'_>) -> bool {
    let mut is_over = true;
    for part in parts {
        // Also when one before is not answered.
        is_over &= part.poll(cx);
    }
    is_over
}

impl<R: Response> Requests for Vec<Request<'_, R>> {}

impl<'a, R: Response> sealed::Together for Vec<Request<'a, R>> {
    type Answers = Vec<Result<R, Error>>;
    type Parts = Vec<Part<'a, R>>;

    fn begin(self, client: &Client, gather: &Arc<Gather>) -> Self::Parts {
        self.into_iter().map(|request| Part::begin(request, client, gather)).collect()
    }

    fn poll(parts: &mut Self::Parts, cx: &mut TaskContext<'_>) -> bool {
        poll_each(parts, cx)
    }

    fn end(parts: Self::Parts) -> Self::Answers {
        parts.into_iter().map(Part::end).collect()
    }
}

impl<R: Response, const N: usize> Requests for [Request<'_, R>; N] {}

impl<'a, R: Response, const N: usize> sealed::Together for [Request<'a, R>; N] {
    type Answers = [Result<R, Error>; N];
    type Parts = [Part<'a, R>; N];

    fn begin(self, client: &Client, gather: &Arc<Gather>) -> Self::Parts {
        self.map(|request| Part::begin(request, client, gather))
    }

    fn poll(parts: &mut Self::Parts, cx: &mut TaskContext<'_>) -> bool {
        poll_each(parts, cx)
    }

    fn end(parts: Self::Parts) -> Self::Answers {
        parts.map(Part::end)
    }
}

macro_rules! tuples {
    ($($(($life:lifetime, $kind:ident, $part:ident))+;)*) => { $(
        impl<$($life,)+ $($kind: Response),+> Requests for ($(Request<$life, $kind>,)+) {}

        impl<$($life,)+ $($kind: Response),+> sealed::Together for ($(Request<$life, $kind>,)+) {
            type Answers = ($(Result<$kind, Error>,)+);
            type Parts = ($(Part<$life, $kind>,)+);

            fn begin(self, client: &Client, gather: &Arc<Gather>) -> Self::Parts {
                let ($($part,)+) = self;
                ($(Part::begin($part, client, gather),)+)
            }

            fn poll(($($part,)+): &mut Self::Parts, cx: &mut TaskContext<'_>) -> bool {
                let mut is_over = true;
                $(is_over &= $part.poll(cx);)+
                is_over
            }

            fn end(($($part,)+): Self::Parts) -> Self::Answers {
                ($($part.end(),)+)
            }
        }
    )* };
}

tuples! {
    ('a, A, a);
    ('a, A, a) ('b, B, b);
    ('a, A, a) ('b, B, b) ('c, C, c);
    ('a, A, a) ('b, B, b) ('c, C, c) ('d, D, d);
    ('a, A, a) ('b, B, b) ('c, C, c) ('d, D, d) ('e, E, e);
    ('a, A, a) ('b, B, b) ('c, C, c) ('d, D, d) ('e, E, e) ('f, F, f);
}
