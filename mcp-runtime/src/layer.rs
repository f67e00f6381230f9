//! tower layers around calls: how a stack of them becomes one service that the server can clone per call. A server without
//! layers does not come here. Floor 4.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::call::{Call, Reply};

/// Any error that a layer may fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Replying = Pin<Box<dyn Future<Output = Result<Reply, BoxError>> + Send>>;

/// What a layer wraps: the rest of the stack, down to the function that answers.
pub struct Stack(Box<dyn Erased>);

trait Erased: Send {
    fn duplicate(&self) -> Stack;
    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>>;
    fn call(&mut self, call: Call) -> Replying;
}

impl<S> Erased for S
where
    S: Service<Call, Response = Reply> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    fn duplicate(&self) -> Stack {
        Stack(Box::new(self.clone()))
    }

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        Service::poll_ready(self, cx).map_err(Into::into)
    }

    fn call(&mut self, call: Call) -> Replying {
        let future = Service::call(self, call);
        Box::pin(async move { future.await.map_err(Into::into) })
    }
}

impl Stack {
    pub(crate) fn new<S>(service: S) -> Self
    where
        S: Service<Call, Response = Reply> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        Self(Box::new(service))
    }
}

impl Clone for Stack {
    fn clone(&self) -> Self {
        self.0.duplicate()
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stack")
    }
}

impl Service<Call> for Stack {
    type Response = Reply;
    type Error = BoxError;
    type Future = Replying;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Replying {
        self.0.call(call)
    }
}

/// The layers that a server was given, the last one outermost.
#[derive(Default)]
pub(crate) struct Layers(Vec<Box<dyn FnOnce(Stack) -> Stack + Send>>);

impl Layers {
    pub(crate) fn push<L>(&mut self, layer: L)
    where
        L: Layer<Stack> + Send + 'static,
        L::Service: Service<Call, Response = Reply> + Clone + Send + 'static,
        <L::Service as Service<Call>>::Error: Into<BoxError>,
        <L::Service as Service<Call>>::Future: Send + 'static,
    {
        self.0.push(Box::new(move |inner| Stack::new(layer.layer(inner))));
    }

    /// The whole stack around `inner`, or nothing where there are no layers.
    pub(crate) fn around(self, inner: impl FnOnce() -> Stack) -> Option<Layered> {
        if self.0.is_empty() {
            return None;
        }
        let stack = self.0.into_iter().fold(inner(), |stack, wrap| wrap(stack));
        Some(Layered(Mutex::new(stack)))
    }
}

/// A stack that many threads can call.
pub(crate) struct Layered(Mutex<Stack>);

impl Layered {
    pub(crate) fn call(&self, call: Call) -> Replying {
        let mut stack = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            poll_fn(|cx| Service::poll_ready(&mut stack, cx)).await?;
            Service::call(&mut stack, call).await
        })
    }
}
