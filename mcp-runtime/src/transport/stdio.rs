//! Standard input and output. A thread of its own blocks in `read`, polls each call in place and writes all that is ready
//! in one go, so that a call costs no hop between threads; a second thread writes what comes later. While it serves,
//! standard output belongs to the protocol: whatever else the process prints goes to standard error. Floor 5.

mod reading;

#[cfg_attr(unix, path = "stdio/unix.rs")]
#[cfg_attr(windows, path = "stdio/windows.rs")]
mod streams;

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use self::reading::Reading;
use super::{Link, Serving, Transport};
use crate::error::{Error, Result};
use crate::peer::Peer;
use crate::server::App;

/// The largest buffer that is kept between answers; it is the only connection of its process.
const KEPT: usize = 4 << 20;
/// How long the last bytes may take to go out after a second signal.
const HURRY: Duration = Duration::from_millis(100);

/// The transport over standard input and output (all revisions, "stdio").
///
/// Serves until its input ends or the process gets SIGTERM or SIGINT; calls in flight then have [`Limits::grace`] to
/// end, or until a second signal. It takes standard input and output for itself: a tool that prints does so on standard
/// error, and one that reads finds nothing. One per process.
///
/// [`Limits::grace`]: crate::Limits::grace
#[derive(Debug)]
pub struct Stdio;

impl Transport for Stdio {
    #[inline(never)]
    fn serve(self, app: Arc<App>) -> impl Future<Output = Result<()>> + Send {
        let serving: Serving = Box::pin(serve(app));
        serving
    }
}

async fn serve(app: Arc<App>) -> Result<()> {
    let (input, output) = streams::take()
        .map_err(|error| Error::msg(format!("standard input and output cannot be taken for the protocol: {error}")))?;
    let peer = Peer::new(app.core.limits.outgoing).keeping(KEPT);
    let link = Link::alone(app, peer);
    let grace = link.limits().grace;
    // Before anything is answered: from then on a client may expect that a signal ends the process in order.
    let mut signals = super::signal::Signals::new()?;
    let output = Arc::new(Mutex::new(Output { file: output, buffer: Vec::new() }));
    let (ended, end_of_input) = oneshot::channel();
    // A thread stays in `read` when the process is told to stop; it ends with the process. It comes first, because it is
    // all that the first answer needs.
    Reading::begin(&link, &output, input, ended)?;
    let (writing, written) = oneshot::channel::<()>();
    spawn("mcp-write", {
        let (link, output) = (Arc::clone(&link), Arc::clone(&output));
        move || {
            let _writing = writing;
            write_later(link.peer(), &output);
        }
    })
    // Nothing is called any more whose answer would not come.
    .inspect_err(|_| link.give_up())?;
    let result = signals.or(end_of_input).await;
    let is_patient = is_before(link.wind_down(grace), signals.again()).await;
    // Gives calls up that a second signal left, and ends the writer.
    link.wind_down(Duration::ZERO).await;
    // The last bytes go out, unless nobody reads them.
    let written = tokio::time::timeout(if is_patient { grace } else { HURRY }, written);
    is_before(async { drop(written.await) }, signals.again()).await;
    match result {
        Some(Ok(Err(error))) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Waits for `first`, but no longer than for `second`; says whether `first` was ready before it.
async fn is_before(first: impl Future<Output = ()>, second: impl Future<Output = ()>) -> bool {
    let (mut first, mut second) = (std::pin::pin!(first), std::pin::pin!(second));
    std::future::poll_fn(|cx| {
        if first.as_mut().poll(cx).is_ready() { Poll::Ready(true) } else { second.as_mut().poll(cx).map(|()| false) }
    })
    .await
}

/// Starts a thread.
fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(body).map(drop)
}

struct Output {
    file: File,
    buffer: Vec<u8>,
}

impl Output {
    /// Writes all that is queued.
    fn flush(&mut self, peer: &Peer) -> io::Result<()> {
        loop {
            peer.take(&mut self.buffer);
            if self.buffer.is_empty() {
                return Ok(());
            }
            let written = self.file.write_all(&self.buffer);
            self.buffer.clear();
            if written.is_err() {
                peer.close();
                return written;
            }
        }
    }
}

fn flush(output: &Mutex<Output>, peer: &Peer) -> io::Result<()> {
    output.lock().unwrap_or_else(PoisonError::into_inner).flush(peer)
}

fn write_later(peer: &Peer, output: &Mutex<Output>) {
    while peer.wait_blocking() {
        if flush(output, peer).is_err() {
            return;
        }
    }
}
