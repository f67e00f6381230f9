//! What a call can know of the request that carried it: headers, and what the application put beside them. Floor 5.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use http::HeaderMap;
use http::request::Parts;

use super::events::Stream;
use super::sessions::Live;
use crate::context::{Context, FromContext};
use crate::error::ProtocolError;
use crate::peer::Peer;
use crate::state::Needs;

/// What carries a call over HTTP.
pub(super) struct Request {
    pub(super) parts: Parts,
    /// Its client takes answers that are compressed, perhaps: then the headers say how.
    pub(super) takes_codings: bool,
    /// The stream that its client can take up again.
    pub(super) stream: Option<LateStream>,
}

/// The stream of a request in a session. It is made when somebody needs it: most calls are answered at once, and whole. The
/// session alone keeps it: a call that nobody reads from any more must not look like one that somebody reads from.
pub(super) struct LateStream {
    live: Weak<Live>,
    made: OnceLock<Option<Weak<Stream>>>,
}

impl LateStream {
    pub(super) fn new(live: &Arc<Live>) -> Self {
        Self { live: Arc::downgrade(live), made: OnceLock::new() }
    }

    /// The stream of what goes out there; none, if its session is over or has too many.
    pub(super) fn get(&self, peer: &Arc<Peer>) -> Option<Arc<Stream>> {
        let mut made = None;
        let known = self.made.get_or_init(|| {
            made = self.live.upgrade().and_then(|live| live.stream(peer).ok());
            made.as_ref().map(Arc::downgrade)
        });
        made.or_else(|| known.as_ref()?.upgrade())
    }
}

/// Who makes a request, as the application has established it.
///
/// Put it into a request's extensions in a layer that checks credentials. Sessions and the state between the rounds of a
/// call then belong to this principal: whoever presents somebody else's finds nothing. A tool reads it as
/// [`Context::principal`](crate::Context::principal).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal(Arc<str>);

impl Principal {
    /// A principal by a name that is unique in the application.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.0
    }
}

impl Deref for Principal {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Context {
    /// The headers of the HTTP request that carried the call; `None` on any other transport.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.request().map(|request| &request.parts.headers)
    }

    /// A value that a layer of the application put into the extensions of the HTTP request.
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.request()?.parts.extensions.get()
    }

    /// Lets the client's connection go while the call goes on: the client comes back for the answer after this time
    /// (2025-11-25 over HTTP). Nothing happens where the client could not come back.
    pub fn come_back(&self, after: Duration) {
        if let Some(stream) = self.request().and_then(|request| request.stream.as_ref()?.get(self.peer())) {
            stream.let_go(after);
        }
    }

    fn request(&self) -> Option<&Request> {
        self.carrier()?.downcast_ref()
    }
}

/// A value from the extensions of the HTTP request, as a parameter: `#[inject] tenant: Extension<Tenant>`.
///
/// A call that comes without the value is answered with an error.
///
/// ```
/// use mcp_runtime::{tool, Extension};
///
/// #[derive(Clone)]
/// struct Tenant(String);
///
/// /// Says whose data this is.
/// #[tool(read_only)]
/// fn tenant(#[inject] tenant: Extension<Tenant>) -> String {
///     tenant.0.0.clone()
/// }
/// ```
pub struct Extension<T>(pub T);

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> FromContext for Extension<T> {
    fn from_context(cx: &Context) -> Result<Self, ProtocolError> {
        cx.extension()
            .cloned()
            .map(Self)
            .ok_or_else(|| ProtocolError::internal("the application put nothing into the request that this call needs"))
    }

    fn needs(_: &mut Needs) {}
}

impl<T> Deref for Extension<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Extension<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
