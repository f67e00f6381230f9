//! The simulated network as both sides see it: streams that break some time after they lost something, as those of a kernel
//! do that gets no acknowledgement. The network of turmoil itself delivers late or not at all, and says nothing of it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fastrand::Rng;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil::net::TcpStream;

/// Where the server is.
pub(crate) const SERVER: &str = "server";
/// Where it speaks HTTP.
pub(crate) const HTTP: u16 = 80;
/// Where it speaks lines.
pub(crate) const LINES: u16 = 81;

/// Every connection there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network(Arc<Mutex<Vec<Known>>>);

#[derive(Debug)]
struct Known {
    /// The client's end of the link, by name.
    link: String,
    fate: Weak<Mutex<Fate>>,
    breaks: Option<Duration>,
}

#[derive(Debug, Default)]
struct Fate {
    is_broken: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// A stream of the simulated network.
#[derive(Debug)]
pub(crate) struct Pipe {
    stream: TcpStream,
    fate: Arc<Mutex<Fate>>,
}

impl Network {
    /// Connects the client of this name to the server.
    pub(crate) async fn connect(self, client: &'static str, port: u16) -> io::Result<Pipe> {
        Ok(self.join(client.to_owned(), TcpStream::connect((SERVER, port)).await?))
    }

    /// Takes in what the server has accepted.
    pub(crate) fn accepted(&self, stream: TcpStream) -> Pipe {
        let client = stream.peer_addr().ok().and_then(|address| turmoil::reverse_lookup(address.ip()));
        self.join(client.unwrap_or_default(), stream)
    }

    fn join(&self, link: String, stream: TcpStream) -> Pipe {
        let fate = Arc::default();
        let mut all = self.lock();
        all.retain(|known| known.fate.strong_count() > 0);
        all.push(Known { link, fate: Arc::downgrade(&fate), breaks: None });
        Pipe { stream, fate }
    }

    /// Something on this link was lost: whatever is connected over it breaks within a few seconds.
    pub(crate) fn lose(&self, link: &str, now: Duration, longest: Duration, dice: &mut Rng) {
        for known in self.lock().iter_mut().filter(|known| known.link == link && known.breaks.is_none()) {
            known.breaks = Some(now + longest.mul_f64(dice.f64()));
        }
    }

    /// Breaks what is due; says how many that were.
    pub(crate) fn tick(&self, now: Duration) -> usize {
        let due = |known: &mut Known| known.breaks.is_some_and(|at| at <= now);
        let due: Vec<Known> = self.lock().extract_if(.., due).collect();
        let fates: Vec<_> = due.iter().filter_map(|known| known.fate.upgrade()).collect();
        for fate in &fates {
            let mut fate = lock(fate);
            fate.is_broken = true;
            let wakers = [fate.reader.take(), fate.writer.take()];
            drop(fate);
            wakers.into_iter().flatten().for_each(Waker::wake);
        }
        fates.len()
    }

    /// How many connections there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().iter().filter(|known| known.fate.strong_count() > 0).count()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock(fate: &Mutex<Fate>) -> std::sync::MutexGuard<'_, Fate> {
    fate.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pipe {
    /// Fails once the connection is broken; until then `waker` gives the place of whoever is to be woken.
    fn check(&self, cx: &Context<'_>, waker: impl FnOnce(&mut Fate) -> &mut Option<Waker>) -> io::Result<()> {
        let mut fate = lock(&self.fate);
        if fate.is_broken {
            return Err(io::ErrorKind::TimedOut.into());
        }
        *waker(&mut fate) = Some(cx.waker().clone());
        Ok(())
    }
}

impl AsyncRead for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(cx, |fate| &mut fate.reader)?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(cx, |fate| &mut fate.writer)?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
