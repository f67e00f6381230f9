//! Ways for clients to reach a server. How bytes come and go is the business of the files below, and what becomes of what they
//! bring that of `link`. Floor 5.

mod flight;
pub(crate) mod frame;
#[cfg(feature = "http")]
pub(crate) mod http;
mod link;
mod memory;
mod signal;
mod stdio;
mod stream;
mod target;

use std::future::Future;
use std::pin::Pin;
use std::str::Utf8Error;
use std::sync::Arc;

use self::frame::Line;
#[cfg(feature = "http")]
pub(crate) use self::link::Carrier;
pub(crate) use self::link::Link;
pub use self::memory::memory;
pub use self::stdio::Stdio;
pub use self::stream::Stream;
#[cfg(feature = "http")]
pub(crate) use self::target::ClosedOnDrop;
use crate::error::Result;
use crate::piece::{Piece, Slot};
use crate::server::{App, Server};

/// A way for clients to reach a server, see [`Server::serve`].
pub trait Transport {
    #[doc(hidden)]
    fn serve(self, app: Arc<App>) -> impl Future<Output = Result<()>> + Send;
}

/// A server at work. Its type is not known to whoever waits for it: a future is compiled where it is polled, and all that a
/// transport does would be compiled again with each program.
pub(crate) type Serving = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

impl Server {
    /// Serves clients on this transport until their input ends or the process is told to stop.
    ///
    /// # Errors
    /// Everything that is wrong with the server, before anything is served; later, a failure of the transport.
    pub async fn serve(self, transport: impl Transport) -> Result<()> {
        transport.serve(self.build()?).await
    }
}

/// What a transport does around the first poll of a call, which may take long: it is handed the poll and must run it.
pub(crate) type Around<'a> = dyn FnMut(&mut dyn FnMut()) + 'a;

/// Nothing but the poll itself.
pub(crate) fn in_place(poll: &mut dyn FnMut()) {
    poll();
}

/// What a stream brings.
#[derive(Clone, Copy)]
pub(crate) enum Input<'s> {
    /// A line, if it is text.
    Line(std::result::Result<&'s Piece, Utf8Error>),
    /// A line that was too long to be kept.
    TooLong,
}

impl<'s> Input<'s> {
    /// A line, copied to `slot`.
    pub(crate) fn of(line: Line<'_>, slot: &'s mut Slot) -> Self {
        match line {
            Line::Whole(line) => Self::Line(slot.fill(line)),
            Line::TooLong => Self::TooLong,
        }
    }
}
