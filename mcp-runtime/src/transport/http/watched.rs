//! A connection on which somebody keeps an eye: what comes in is judged before `hyper` reads it (`head`), and whoever takes
//! nothing of what goes out is given up. Without that a client that stops reading, or that has vanished without a word, keeps its
//! connection and the answer on it for as long as it likes. Floor 5.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use tokio::time::{Sleep, sleep};

use super::head::{Framing, Verdicts};

/// How much is read at once.
const SCRATCH: usize = 16 * 1024;

/// The connection.
#[derive(Debug)]
pub(super) struct Watched<IO> {
    io: IO,
    scratch: Box<[u8]>,
    framing: Framing,
    verdicts: Verdicts,
    /// How long its client may take nothing of what is written.
    write_time: Duration,
    /// Runs while it does.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<IO> Watched<IO> {
    pub(super) fn new(io: IO, write_time: Duration) -> (Self, Verdicts) {
        let verdicts = Verdicts::default();
        let (scratch, framing) = (Box::default(), Framing::default());
        (Self { io, scratch, framing, verdicts: verdicts.clone(), write_time, stalled: None }, verdicts)
    }

    /// What has become of a write: one that waits does so for a time.
    fn written(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let time = self.write_time;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(time)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<IO: Read + Unpin> Read for Watched<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut out: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.framing.is_lost() {
            return Pin::new(&mut this.io).poll_read(cx, out);
        }
        // The way through a buffer of our own is what it takes to see the bytes without `unsafe`.
        if this.scratch.is_empty() {
            this.scratch = vec![0; SCRATCH].into_boxed_slice();
        }
        let room = out.remaining().min(SCRATCH);
        let mut read = ReadBuf::new(this.scratch.get_mut(..room).unwrap_or_default());
        ready!(Pin::new(&mut this.io).poll_read(cx, read.unfilled()))?;
        this.framing.follow(read.filled(), &this.verdicts);
        out.put_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl<IO: Write + Unpin> Write for Watched<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(cx, bytes);
        this.written(cx, written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write_vectored(cx, slices);
        this.written(cx, written)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http::header::CONTENT_LENGTH;
    use http_body_util::BodyExt;
    use hyper::body::Incoming;
    use hyper::service::service_fn;
    use hyper::{Request, Response};
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::super::head::Verdict;
    use super::*;

    /// What the service behind `hyper` sees of each request: the verdict, and whether a length came with it.
    async fn served(stream: &[u8]) -> Vec<(Verdict, bool)> {
        let (client, server) = tokio::io::duplex(64);
        let (mut output, mut input) = tokio::io::split(client);
        let (watched, verdicts) = Watched::new(TokioIo::new(server), Duration::from_mins(1));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let service = service_fn(|request: Request<Incoming>| {
            seen.lock().unwrap().push((verdicts.next(), request.headers().contains_key(CONTENT_LENGTH)));
            async {
                // `hyper` closes the connection behind a body that nobody reads.
                request.into_body().collect().await.map(|_| Response::new(String::new()))
            }
        });
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(watched, service);
        let write = async {
            // The server may close the connection before it has read all.
            let _ = input.write_all(stream).await;
            let _ = input.shutdown().await;
        };
        let mut answers = Vec::new();
        let _ = tokio::join!(connection, write, output.read_to_end(&mut answers));
        seen.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn verdicts_keep_step_with_hyper() {
        let stream = [
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nGET\r\n0\r\nT: x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        ]
        .concat();
        let sound = [(Verdict::Sound, true), (Verdict::Sound, false), (Verdict::Sound, false)];
        assert_eq!(served(stream.as_bytes()).await, sound);
    }

    #[tokio::test]
    async fn what_hyper_hides_is_seen() {
        for head in
            ["Transfer-Encoding: chunked\r\nContent-Length: 5", "Content-Length: 5\r\nTransfer-Encoding: chunked"]
        {
            let stream = format!("GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n0\r\n\r\n");
            let seen = served(stream.as_bytes()).await;
            let [(Verdict::Sound, false), (Verdict::Ambiguous(_), has_length)] = seen.as_slice() else {
                panic!("{seen:?}");
            };
            assert!(!has_length, "hyper keeps the header now, so this file has become unnecessary");
        }
    }

    #[tokio::test]
    async fn what_is_not_judged_hyper_refuses() {
        for line in [
            "Transfer-Encoding : chunked",
            "Content-Length : 5",
            "Content Length: 5",
            "X Content-Length: 5",
            ": 5",
            "X: a\rContent-Length: 5",
            "X: a\rTransfer-Encoding: chunked",
            "X: a\r\r\nTransfer-Encoding: chunked",
            "\rContent-Length: 5",
            "X: a\0",
            "X\0: a",
            "no colon",
        ] {
            let stream = format!("GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\nhello");
            assert_eq!(served(stream.as_bytes()).await, [(Verdict::Sound, false)], "{line:?}");
        }
    }
}
