//! A connection on which somebody keeps an eye: what comes in is judged before `hyper` reads it (`head`), and whoever sends no
//! request, or takes nothing of what goes out, is given up. Without that a client that stops reading, or that has vanished without
//! a word, keeps its connection and the answer on it for as long as it likes. Floor 5.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep};

use super::head::{Framing, Verdicts};

/// How much is read at once.
const SCRATCH: usize = 16 * 1024;
/// In how many parts the time for a head is counted. Nobody looks at the clock when a request comes: a part that had begun then
/// counts neither.
const PARTS: u32 = 4;

/// The connection.
#[derive(Debug)]
pub(super) struct Watched<IO> {
    io: IO,
    scratch: Box<[u8]>,
    framing: Framing,
    verdicts: Verdicts,
    /// Rings when a part of the time for a head is over, whatever happens meanwhile.
    alarm: Option<Pin<Box<Sleep>>>,
    /// How long that is.
    part: Duration,
    /// How often it has rung since something was written, or since it rang while a request was answered.
    rung: u32,
    /// How long its client may take nothing of what is written.
    write_time: Duration,
    /// Runs while it does.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<IO> Watched<IO> {
    pub(super) fn new(io: IO, header_time: Duration, write_time: Duration) -> (Self, Verdicts) {
        let verdicts = Verdicts::default();
        let watched = Self {
            io,
            scratch: Box::default(),
            framing: Framing::default(),
            verdicts: verdicts.clone(),
            alarm: None,
            part: (header_time / PARTS).max(Duration::from_millis(1)),
            rung: 0,
            write_time,
            stalled: None,
        };
        (watched, verdicts)
    }

    /// Nothing has come: that may be so for a time, and as long as a request is answered.
    fn waits(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.alarm.as_ref().is_some_and(|alarm| !alarm.is_elapsed()) {
            return Poll::Pending;
        }
        let part = self.part;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(part)));
        // Not within the budget of the task: without any left, nothing would be set here.
        while pin!(unconstrained(alarm.as_mut())).poll(cx).is_ready() {
            // Whoever takes nothing of an answer is given as long as it may take for that.
            let is_due = !self.verdicts.is_busy() && self.stalled.is_none();
            self.rung = if is_due { self.rung + 1 } else { 0 };
            if self.rung > PARTS {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            alarm.as_mut().reset(Instant::now() + part);
        }
        Poll::Pending
    }

    /// What has become of a write: one that waits does so for a time.
    fn written(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            self.rung = 0;
            return written;
        }
        let time = self.write_time;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(time)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<IO: Read + Unpin> Watched<IO> {
    /// Reads what has come, and judges it.
    fn poll_came(&mut self, cx: &mut Context<'_>, mut out: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if self.framing.is_lost() {
            return Pin::new(&mut self.io).poll_read(cx, out);
        }
        // The way through a buffer of our own is what it takes to see the bytes without `unsafe`.
        if self.scratch.is_empty() {
            self.scratch = vec![0; SCRATCH].into_boxed_slice();
        }
        let room = out.remaining().min(SCRATCH);
        let mut read = ReadBuf::new(self.scratch.get_mut(..room).unwrap_or_default());
        ready!(Pin::new(&mut self.io).poll_read(cx, read.unfilled()))?;
        self.framing.follow(read.filled(), &self.verdicts);
        out.put_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl<IO: Read + Unpin> Read for Watched<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match this.poll_came(cx, out) {
            Poll::Pending => this.waits(cx),
            came @ Poll::Ready(_) => came,
        }
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
    use std::future::poll_fn;
    use std::sync::{Arc, Mutex};

    use http::header::CONTENT_LENGTH;
    use http_body_util::BodyExt;
    use hyper::body::Incoming;
    use hyper::service::service_fn;
    use hyper::{Request, Response};
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::super::head::Verdict;
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// What the service behind `hyper` sees of each request: the verdict, and whether a length came with it.
    async fn served(stream: &[u8]) -> Vec<(Verdict, bool)> {
        watched(stream, true).await.0
    }

    /// The same of a client that closes its end or does not, and the verdict on a request that does not come any more, where
    /// nothing was wrong but that.
    async fn watched(stream: &[u8], closes: bool) -> (Vec<(Verdict, bool)>, Option<Verdict>) {
        let (client, server) = tokio::io::duplex(64);
        let (mut output, mut input) = tokio::io::split(client);
        let (watched, verdicts) = Watched::new(TokioIo::new(server), MINUTE, MINUTE);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let service = service_fn(|request: Request<Incoming>| {
            seen.lock().unwrap().push((verdicts.next(), request.headers().contains_key(CONTENT_LENGTH)));
            let verdicts = verdicts.clone();
            async move {
                // `hyper` closes the connection behind a body that nobody reads.
                let read = tokio::time::timeout(MINUTE, request.into_body().collect()).await;
                verdicts.answered();
                match read {
                    Ok(Err(error)) => Err(error),
                    Ok(Ok(_)) | Err(_) => Ok(Response::new(String::new())),
                }
            }
        });
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(watched, service);
        let write = async {
            // The server may close the connection before it has read all.
            let written = input.write_all(stream).await;
            if closes {
                let _ = input.shutdown().await;
            }
            written
        };
        let mut answers = Vec::new();
        let (ended, written, _) = tokio::join!(connection, write, output.read_to_end(&mut answers));
        let next = (ended.is_ok() && written.is_ok()).then(|| verdicts.next());
        let seen = seen.lock().unwrap().clone();
        (seen, next)
    }

    /// Requests in a row, changed here and there: whatever `hyper` makes of them, the verdicts are on the same requests.
    #[tokio::test(start_paused = true)]
    async fn verdicts_keep_step_with_hyper_whatever_comes() {
        const LINES: [&str; 20] = [
            "\r\n",
            "\n",
            "\r",
            " ",
            "\t",
            ":",
            "\0",
            "\r\n\r\n",
            "\n\n",
            "\n\r\n",
            "0\r\n\r\n",
            "5",
            "c",
            "T",
            "\r\n x\r\n",
            "Content-Length: 5\r\n",
            "content-length:0\n",
            "Transfer-Encoding: chunked\r\n",
            "transfer-encoding:chunked\n",
            "GET / HTTP/1.1\r\n",
        ];
        let sound = [
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTe: x\r\n\r\n3;a=b\r\nGET\r\n0\r\nT: x\r\n\r\n",
            "GET / HTTP/1.1\r\nCookie: x\r\n\r\n",
            "POST / HTTP/1.1\r\nX: y\r\ncontent-length: 2\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        ]
        .concat();
        // The same numbers each time.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut number = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 33).unwrap() % below
        };
        let (mut all_sound, mut ambiguous, mut refused) = (0, 0, 0);
        for _ in 0..4000 {
            let mut stream = sound.clone().into_bytes();
            for _ in 0..=number(2) {
                let at = number(stream.len());
                let line = stream[at..].iter().position(|byte| *byte == b'\n').map_or(at, |end| at + end + 1);
                let more = LINES[number(LINES.len())].as_bytes();
                match number(8) {
                    0 => drop(stream.remove(at)),
                    1 => stream[at] = more[0],
                    2 => drop(stream.splice(at..at, more.iter().copied())),
                    _ => drop(stream.splice(line..line, more.iter().copied())),
                }
            }
            let shown = String::from_utf8_lossy(&stream).into_owned();
            let within = tokio::time::timeout(MINUTE * 60, watched(&stream, false)).await;
            let Ok((seen, next)) = within else { panic!("it does not end: {shown:?}") };
            let first = seen.iter().find_map(|(verdict, _)| match verdict {
                Verdict::Ambiguous(why) => Some(*why),
                Verdict::Sound => None,
            });
            if let Some(why) = first {
                assert!(!why.contains("could not be followed"), "{shown:?}");
                ambiguous += 1;
            } else if let Some(next) = next.filter(|_| !shown.contains("HTTP/1.0")) {
                assert_ne!(next, Verdict::Sound, "{shown:?}");
                all_sound += 1;
            } else {
                refused += 1;
            }
        }
        assert!(all_sound > 200 && ambiguous > 200 && refused > 200, "{all_sound} {ambiguous} {refused}");
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

    /// A connection whose other end does what `peer` does, and whose requests are answered or not: after how many seconds it is
    /// given up.
    async fn given_up_after(answers: bool, peer: impl AsyncFnOnce(&mut DuplexStream, Verdicts)) -> u64 {
        let (mut client, server) = tokio::io::duplex(64);
        let (mut watched, verdicts) = Watched::new(TokioIo::new(server), MINUTE, MINUTE);
        let begun = Instant::now();
        let read = poll_fn(|cx| {
            loop {
                let mut bytes = [0; 64];
                let mut read = ReadBuf::new(&mut bytes);
                if let Err(error) = ready!(Pin::new(&mut watched).poll_read(cx, read.unfilled())) {
                    return Poll::Ready(error.kind());
                }
                if answers && read.filled().ends_with(b"\r\n\r\n") {
                    assert!(Pin::new(&mut watched).poll_write(cx, b"answer").is_ready());
                }
            }
        });
        let (kind, ()) = tokio::join!(read, peer(&mut client, verdicts.clone()));
        assert_eq!(kind, io::ErrorKind::TimedOut);
        begun.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_sends_no_request_is_given_up_after_a_time() {
        let soon = 60..=75;
        let silent = given_up_after(true, async |_, _| {}).await;
        assert!(soon.contains(&silent), "{silent}");
        // Bytes that come one by one gain no time.
        let slow = given_up_after(true, async |client, _| {
            for byte in b"GET /" {
                client.write_all(&[*byte]).await.unwrap();
                tokio::time::sleep(MINUTE / 6).await;
            }
        });
        let slow = slow.await;
        assert!(soon.contains(&slow), "{slow}");
        // Whoever is answered has as long again, whenever that is.
        for after in [0, 1, 14, 16, 50, 59] {
            let served = given_up_after(true, async |client, _| {
                tokio::time::sleep(Duration::from_secs(after)).await;
                client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            });
            let waited = served.await - after;
            assert!(soon.contains(&waited), "{waited} after {after}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_may_be_answered_for_as_long_as_it_takes() {
        let answered = given_up_after(false, async |client, verdicts| {
            client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            // Until it is read.
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert_eq!(verdicts.next(), Verdict::Sound);
            tokio::time::sleep(MINUTE * 100).await;
            verdicts.answered();
        });
        let waited = answered.await - 6000;
        assert!((45..=75).contains(&waited), "{waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_an_answer_slowly_has_the_time_for_that() {
        let (mut client, server) = tokio::io::duplex(64);
        let (mut watched, _) = Watched::new(TokioIo::new(server), MINUTE, MINUTE * 10);
        let begun = Instant::now();
        let answer = [b'x'; 4096];
        let mut written = 0;
        let serve = poll_fn(|cx| {
            // As hyper does: it asks what comes while an answer waits to be taken.
            let mut bytes = [0; 64];
            let mut read = ReadBuf::new(&mut bytes);
            if let Poll::Ready(came) = Pin::new(&mut watched).poll_read(cx, read.unfilled()) {
                return Poll::Ready(came.err().map(|error| (error.kind(), 0)));
            }
            while written < answer.len() {
                match ready!(Pin::new(&mut watched).poll_write(cx, &answer[written..])) {
                    Ok(count) => written += count,
                    Err(error) => return Poll::Ready(Some((error.kind(), written))),
                }
            }
            Poll::Pending
        });
        let take = async {
            for _ in 0..3 {
                tokio::time::sleep(MINUTE * 9).await;
                client.read_exact(&mut [0; 64]).await.unwrap();
            }
            // And then nothing more.
            std::future::pending::<()>().await;
        };
        let end = tokio::select! {
            end = serve => end,
            () = take => None,
        };
        assert_eq!(end, Some((io::ErrorKind::TimedOut, 4 * 64)));
        assert_eq!(begun.elapsed().as_secs() / 60, 37, "ten minutes after it took the last");
    }
}
