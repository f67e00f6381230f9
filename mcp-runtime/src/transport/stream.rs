//! Serves any pair of byte streams, a message a line: a socket, a pipe, a pair of buffers in memory. Floor 5.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::AbortHandle;

use super::frame::Lines;
use super::{Input, Link, Transport, in_place};
use crate::error::Result;
use crate::piece::Slot;
use crate::server::App;

/// A transport over two byte streams, one message a line, as on stdio (2026-07-28, "stdio").
///
/// Ends when the reader does. Dropping the future that serves it gives up every call in flight.
///
/// ```no_run
/// # async fn example(server: mcp_runtime::Server) -> mcp_runtime::Result<()> {
/// let listener = tokio::net::UnixListener::bind("/run/notes.sock")?;
/// let (socket, _) = listener.accept().await?;
/// let (reader, writer) = socket.into_split();
/// server.serve(mcp_runtime::Stream::new(reader, writer)).await
/// # }
/// ```
#[derive(Debug)]
pub struct Stream<R, W> {
    reader: R,
    writer: W,
}

impl<R, W> Stream<R, W>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    /// Reads messages from `reader` and writes them to `writer`.
    pub fn new(reader: R, writer: W) -> Self {
        Self { reader, writer }
    }
}

impl<R, W> Transport for Stream<R, W>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    async fn serve(self, app: Arc<App>) -> Result<()> {
        let Self { mut reader, writer } = self;
        let link = Link::new(app);
        let limits = *link.limits();
        let writing = tokio::spawn(write(Arc::clone(&link), writer));
        let _given_up = GiveUpOnDrop { link: Arc::clone(&link), writing: writing.abort_handle() };
        let (mut lines, mut slot, mut ground) = (Lines::new(limits.line), Slot::default(), link.ground());
        let ended = loop {
            // A client that does not read is not read from either.
            link.peer().room().await;
            if link.peer().is_closed() {
                break Ok(());
            }
            match reader.read(lines.room()).await {
                Ok(0) => break Ok(()),
                Ok(read) => lines.add(read),
                Err(error) => break Err(error.into()),
            }
            while let Some(line) = lines.next() {
                link.receive(Input::of(line, &mut slot), &mut ground, &mut in_place);
                // What was read at once may be many calls with long answers.
                if link.peer().is_full() {
                    link.peer().flush_task();
                    link.peer().room().await;
                }
            }
            link.peer().flush_task();
        };
        if let Some(line) = lines.rest() {
            link.receive(Input::of(line, &mut slot), &mut ground, &mut in_place);
        }
        link.wind_down(limits.grace).await;
        // The writer ends by itself once the queue is closed and empty, unless nobody reads what is left.
        let _ = tokio::time::timeout(limits.grace, writing).await;
        ended
    }
}

async fn write(link: Arc<Link>, mut writer: impl AsyncWrite + Unpin) {
    let mut out = Vec::new();
    while link.peer().wait().await {
        link.peer().take(&mut out);
        if writer.write_all(&out).await.is_err() || writer.flush().await.is_err() {
            break;
        }
        out.clear();
    }
    link.peer().close();
    // Nothing can be done about a peer that is gone already.
    let _ = writer.shutdown().await;
}

/// Ends what serving has begun when serving itself ends or is given up.
struct GiveUpOnDrop {
    link: Arc<Link>,
    writing: AbortHandle,
}

impl Drop for GiveUpOnDrop {
    fn drop(&mut self) {
        self.link.give_up();
        self.writing.abort();
    }
}
