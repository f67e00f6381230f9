//! Standard input and output. A thread of its own blocks in `read`, polls each call in place and writes all that is ready
//! in one go, so that a call costs no hop between threads; a second thread writes what comes later. While it serves,
//! standard output belongs to the protocol: whatever else the process prints goes to standard error. Floor 5.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::frame::Lines;
use super::stream::receive;
use super::{Link, Transport};
use crate::error::{Error, Result};
use crate::peer::Peer;
use crate::server::App;

/// How much is read at once: as much as a pipe holds.
const CHUNK: usize = 64 * 1024;
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
    async fn serve(self, app: Arc<App>) -> Result<()> {
        let (input, output) = streams::take().map_err(|error| {
            Error::msg(format!("standard input and output cannot be taken for the protocol: {error}"))
        })?;
        let link = Link::new(app);
        let grace = link.limits().grace;
        // Before anything is answered: from then on a client may expect that a signal ends the process in order.
        let mut signals = signal::Signals::new()?;
        let output = Arc::new(Mutex::new(Output { file: output, buffer: Vec::new() }));
        let writer = spawn("mcp-write", {
            let (link, output) = (Arc::clone(&link), Arc::clone(&output));
            move || write_later(link.peer(), &output)
        })?;
        let (ended, end_of_input) = oneshot::channel();
        // This thread stays in `read` when the process is told to stop; it ends with the process.
        drop(spawn("mcp-read", {
            let (link, output) = (Arc::clone(&link), Arc::clone(&output));
            move || {
                // Nobody listens any more if a signal came first.
                let _ = ended.send(read(&link, input, &output));
            }
        })?);
        let result = signals.or(end_of_input).await;
        let is_patient = is_before(link.wind_down(grace), signals.again()).await;
        // Gives calls up that a second signal left, and ends the writer.
        link.wind_down(Duration::ZERO).await;
        // The last bytes go out, unless nobody reads them.
        let written = tokio::time::timeout(if is_patient { grace } else { HURRY }, writer);
        is_before(async { drop(written.await) }, signals.again()).await;
        match result {
            Some(Ok(Err(error))) => Err(error.into()),
            _ => Ok(()),
        }
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

/// Starts a thread; the receiver resolves when it has ended.
fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<oneshot::Receiver<()>> {
    let (alive, ended) = oneshot::channel();
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _alive: oneshot::Sender<()> = alive;
        body();
    })?;
    Ok(ended)
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

fn read(link: &Arc<Link>, mut input: File, output: &Mutex<Output>) -> io::Result<()> {
    // Calls may use timers, spawn tasks and so on while they are polled here.
    let _entered = link.runtime().enter();
    let mut lines = Lines::new(link.limits().line);
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match input.read(&mut chunk) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if read == 0 {
            break;
        }
        lines.push(&chunk[..read]);
        while let Some(line) = lines.next() {
            receive(link, line);
            // What was read at once may be many calls with long answers.
            if link.peer().is_full() && flush(output, link.peer()).is_err() {
                return Ok(());
            }
        }
        // A client that has gone has ended its side too, or will.
        if flush(output, link.peer()).is_err() {
            return Ok(());
        }
    }
    if let Some(line) = lines.rest() {
        receive(link, line);
        let _ = flush(output, link.peer());
    }
    Ok(())
}

#[cfg(unix)]
mod streams {
    use std::fs::File;
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::io::fcntl_dupfd_cloexec;
    use rustix::stdio;

    static TAKEN: AtomicBool = AtomicBool::new(false);

    /// Takes both streams for the protocol. From here on standard output is standard error, and standard input is empty,
    /// for this process and for those it starts.
    pub(super) fn take() -> io::Result<(File, File)> {
        if TAKEN.swap(true, Ordering::AcqRel) {
            return Err(io::Error::other("they are being served already"));
        }
        let input = fcntl_dupfd_cloexec(stdio::stdin(), 3)?;
        let output = fcntl_dupfd_cloexec(stdio::stdout(), 3)?;
        stdio::dup2_stdin(File::open("/dev/null")?)?;
        stdio::dup2_stdout(stdio::stderr())?;
        Ok((File::from(input), File::from(output)))
    }
}

#[cfg(windows)]
mod streams {
    use std::fs::File;
    use std::io;
    use std::os::windows::io::AsHandle;
    use std::sync::atomic::{AtomicBool, Ordering};

    static TAKEN: AtomicBool = AtomicBool::new(false);

    /// Takes both streams for the protocol. Without `unsafe` the process's own handles cannot be exchanged here, so a
    /// tool that prints must do so on standard error by itself.
    pub(super) fn take() -> io::Result<(File, File)> {
        if TAKEN.swap(true, Ordering::AcqRel) {
            return Err(io::Error::other("they are being served already"));
        }
        let input = io::stdin().as_handle().try_clone_to_owned()?;
        let output = io::stdout().as_handle().try_clone_to_owned()?;
        Ok((File::from(input), File::from(output)))
    }
}

mod signal {
    use std::future::{Future, poll_fn};
    use std::io;
    use std::pin::pin;
    use std::task::Poll;

    #[cfg(unix)]
    use tokio::signal::unix::{Signal, SignalKind, signal};
    #[cfg(windows)]
    use tokio::signal::windows::{CtrlBreak, CtrlC, ctrl_break, ctrl_c};

    /// The signals that tell a process to stop.
    #[cfg(unix)]
    pub(super) struct Signals(Signal, Signal);

    /// The signals that tell a process to stop.
    #[cfg(windows)]
    pub(super) struct Signals(CtrlC, CtrlBreak);

    impl Signals {
        #[cfg(unix)]
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
        }

        #[cfg(windows)]
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self(ctrl_c()?, ctrl_break()?))
        }

        /// Waits for `future`, or for a signal: then `None`.
        pub(super) async fn or<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
            let mut future = pin!(future);
            poll_fn(|cx| {
                if let Poll::Ready(value) = future.as_mut().poll(cx) {
                    return Poll::Ready(Some(value));
                }
                if self.0.poll_recv(cx).is_ready() || self.1.poll_recv(cx).is_ready() {
                    return Poll::Ready(None);
                }
                Poll::Pending
            })
            .await
        }

        /// Waits for the next signal.
        pub(super) async fn again(&mut self) {
            let never: Option<std::convert::Infallible> = self.or(std::future::pending()).await;
            debug_assert!(never.is_none());
        }
    }
}
