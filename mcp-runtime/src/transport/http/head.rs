//! Judges every request's head in the bytes of a connection, before `hyper` reads it. `hyper` drops `Content-Length` without a
//! word where `Transfer-Encoding` stands too, so a smuggled request cannot be told from an honest one later. Follows the framing
//! of HTTP/1 and nothing else of it: a line that `hyper` refuses by itself may pass here. Floor 5.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// The longest head, and the longest trailers, that are followed.
const LONGEST: usize = 64 * 1024;

/// What is to be thought of a request's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Sound,
    /// Two readers could see different requests here, for this reason: answer 400 and close the connection.
    Ambiguous(&'static str),
}

/// The verdicts on the requests of one connection, in their order: sound ones, and at the end perhaps one that is not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdicts(Arc<Judged>);

#[derive(Debug, Default)]
struct Judged {
    /// How many sound heads nobody has asked about yet.
    sound: AtomicUsize,
    /// What is wrong with the head behind them.
    wrong: OnceLock<&'static str>,
    /// Somebody has asked about the last one, and has not answered the request.
    is_busy: AtomicBool,
}

impl Verdicts {
    /// The verdict on the next request. It is there before `hyper` can have seen the head.
    ///
    /// Take it once for every request: that counts as being answered until [`Self::answered`]. Where there is no verdict the
    /// framing could not be followed, and that is ambiguous.
    pub(crate) fn next(&self) -> Verdict {
        let Judged { sound, wrong, is_busy } = &*self.0;
        is_busy.store(true, Ordering::Relaxed);
        if sound.fetch_update(Ordering::AcqRel, Ordering::Acquire, |sound| sound.checked_sub(1)).is_ok() {
            return Verdict::Sound;
        }
        Verdict::Ambiguous(wrong.get().unwrap_or(&"the framing of the request before could not be followed"))
    }

    /// The request that was asked about last is answered.
    pub(super) fn answered(&self) {
        self.0.is_busy.store(false, Ordering::Relaxed);
    }

    /// Whether there is a request that has not been answered.
    pub(super) fn is_busy(&self) -> bool {
        self.0.is_busy.load(Ordering::Relaxed)
    }

    fn pass(&self) {
        self.0.sound.fetch_add(1, Ordering::AcqRel);
    }

    fn fail(&self, why: &'static str) {
        // Nothing is judged any more behind the first one.
        let _ = self.0.wrong.set(why);
    }
}

/// Where in the stream of requests the next byte is.
#[derive(Debug, Default)]
pub(super) struct Framing {
    state: State,
    /// The part of a line that has come so far.
    line: Vec<u8>,
    /// How much of the head or the trailers has come so far.
    length: usize,
    head: Head,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before a request; blank lines do not count (RFC 9112, 2.2).
    #[default]
    Start,
    Fields,
    /// So many bytes of a body are still to come.
    Body(u64),
    Chunked(Chunk),
    /// The connection must be closed after what has been judged.
    Lost,
}

/// Where in a chunked body the next byte is. `hyper` takes exactly these steps, and so must we.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chunk {
    FirstDigit,
    Size(u64),
    /// Behind the size of a chunk, where extensions may stand.
    Extension(u64),
    SizeEnd(u64),
    Data(u64),
    DataEnd,
    DataEndLine,
    TrailerStart,
    Trailer,
    TrailerEnd,
    End,
}

/// What a head has said about its body so far.
#[derive(Debug, Default)]
struct Head {
    length: Option<u64>,
    is_chunked: bool,
}

impl Framing {
    /// Whether the bytes can be followed no longer.
    pub(super) fn is_lost(&self) -> bool {
        self.state == State::Lost
    }

    /// Follows what has come, with a verdict on each head that ends in it.
    pub(super) fn follow(&mut self, mut bytes: &[u8], verdicts: &Verdicts) {
        while !bytes.is_empty() {
            match self.state {
                State::Start | State::Fields => match self.follow_head(bytes, verdicts) {
                    Ok(rest) => bytes = rest,
                    Err(reason) => return self.give_up(Some(reason), verdicts),
                },
                State::Body(left) => {
                    let (taken, left) = take(bytes, left);
                    bytes = taken;
                    self.state = if left == 0 { State::Start } else { State::Body(left) };
                }
                State::Chunked(Chunk::Data(left)) => {
                    let (taken, left) = take(bytes, left);
                    bytes = taken;
                    self.state = State::Chunked(if left == 0 { Chunk::DataEnd } else { Chunk::Data(left) });
                }
                State::Chunked(chunk) => {
                    let Some((byte, rest)) = bytes.split_first() else { return };
                    bytes = rest;
                    match self.step(chunk, *byte) {
                        Some(state) => self.state = state,
                        // `hyper` fails this body and closes the connection.
                        None => return self.give_up(None, verdicts),
                    }
                }
                State::Lost => return,
            }
        }
    }

    fn give_up(&mut self, reason: Option<&'static str>, verdicts: &Verdicts) {
        if let Some(reason) = reason {
            verdicts.fail(reason);
        }
        self.state = State::Lost;
        self.line = Vec::new();
    }

    /// Follows a head to its end, or as far as it has come; gives what is behind it.
    fn follow_head<'b>(&mut self, bytes: &'b [u8], verdicts: &Verdicts) -> Result<&'b [u8], &'static str> {
        let mut rest = bytes;
        let mut is_over = false;
        while !is_over {
            let Some(end) = memchr::memchr(b'\n', rest) else {
                self.line.extend_from_slice(rest);
                self.count(bytes.len())?;
                return Ok(&[]);
            };
            let (line, behind) = rest.split_at(end);
            rest = behind.get(1..).unwrap_or_default();
            is_over = if self.line.is_empty() { self.take_line(line)? } else { self.take_gathered(line)? };
        }
        self.count(bytes.len() - rest.len())?;
        self.length = 0;
        verdicts.pass();
        let head = std::mem::take(&mut self.head);
        self.state = match head.length {
            _ if head.is_chunked => State::Chunked(Chunk::FirstDigit),
            None | Some(0) => State::Start,
            Some(length) => State::Body(length),
        };
        Ok(rest)
    }

    /// So much more of a head has come.
    fn count(&mut self, bytes: usize) -> Result<(), &'static str> {
        self.length = self.length.saturating_add(bytes);
        if self.length > LONGEST { Err("the head is too long") } else { Ok(()) }
    }

    /// Reads a line that has come in pieces, of which this is the last.
    fn take_gathered(&mut self, piece: &[u8]) -> Result<bool, &'static str> {
        self.line.extend_from_slice(piece);
        let mut line = std::mem::take(&mut self.line);
        let is_over = self.take_line(&line);
        line.clear();
        self.line = line;
        is_over
    }

    /// Reads a line that is whole, without its end; says whether it is the last of the head.
    fn take_line(&mut self, line: &[u8]) -> Result<bool, &'static str> {
        // RFC 9112, 2.2 lets a line end without the carriage return, and `hyper` does.
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (self.state, line) {
            (State::Start, []) => {}
            (State::Start, _) => self.state = State::Fields,
            (_, []) => return Ok(true),
            (_, [b'c' | b'C' | b't' | b'T', ..]) => self.head.read(line)?,
            (_, [b' ' | b'\t', ..]) => return Err("a header is folded over several lines"),
            _ => {}
        }
        Ok(false)
    }

    /// What follows this byte of a chunked body; nothing if it must not stand there.
    fn step(&mut self, chunk: Chunk, byte: u8) -> Option<State> {
        let digit = |size: u64| {
            let digit = char::from(byte).to_digit(16)?;
            size.checked_mul(16)?.checked_add(u64::from(digit))
        };
        let next = match (chunk, byte) {
            (Chunk::FirstDigit, _) => Chunk::Size(digit(0)?),
            (Chunk::Size(size) | Chunk::Extension(size), b'\r') => Chunk::SizeEnd(size),
            (Chunk::Size(size), b' ' | b'\t' | b';') => Chunk::Extension(size),
            (Chunk::Size(size), _) => Chunk::Size(digit(size)?),
            // `hyper` refuses some of what passes here; then nobody asks for further verdicts.
            (Chunk::Extension(size), _) if byte != b'\n' => Chunk::Extension(size),
            (Chunk::SizeEnd(0) | Chunk::TrailerEnd, b'\n') => Chunk::TrailerStart,
            (Chunk::SizeEnd(size), b'\n') => Chunk::Data(size),
            (Chunk::DataEnd, b'\r') => Chunk::DataEndLine,
            (Chunk::DataEndLine, b'\n') => Chunk::FirstDigit,
            (Chunk::TrailerStart, b'\r') => Chunk::End,
            (Chunk::Trailer, b'\r') => Chunk::TrailerEnd,
            (Chunk::TrailerStart | Chunk::Trailer, _) => {
                self.length = self.length.saturating_add(1);
                if self.length > LONGEST {
                    return None;
                }
                Chunk::Trailer
            }
            (Chunk::End, b'\n') => {
                self.length = 0;
                return Some(State::Start);
            }
            _ => return None,
        };
        Some(State::Chunked(next))
    }
}

/// What is behind the next so many bytes, and how many of them are still to come.
fn take(bytes: &[u8], left: u64) -> (&[u8], u64) {
    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    let rest = bytes.get(taken..).unwrap_or_default();
    (rest, left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX)))
}

impl Head {
    /// Reads a field that may say where the body ends.
    fn read(&mut self, line: &[u8]) -> Result<(), &'static str> {
        if let Some(value) = value_of(line, b"content-length") {
            if self.length.is_some() {
                return Err("`Content-Length` stands more than once");
            }
            let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            let number = std::str::from_utf8(value).ok().filter(|_| is_number).and_then(|value| value.parse().ok());
            self.length = Some(number.ok_or("`Content-Length` is not a number")?);
        } else if let Some(value) = value_of(line, b"transfer-encoding") {
            if self.is_chunked {
                return Err("`Transfer-Encoding` stands more than once");
            }
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err("`Transfer-Encoding` is not `chunked`");
            }
            self.is_chunked = true;
        }
        if self.is_chunked && self.length.is_some() {
            return Err("`Transfer-Encoding` and `Content-Length` stand together");
        }
        Ok(())
    }
}

/// What a line says, if it is a field of this name: then the name and a colon are how it begins, as `hyper` has it too.
fn value_of<'b>(line: &'b [u8], name: &[u8]) -> Option<&'b [u8]> {
    let (said, value) = line.split_at_checked(name.len())?;
    let value = value.strip_prefix(b":")?;
    said.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdicts on a stream that comes in the given pieces.
    fn verdicts<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Verdict> {
        let verdicts = Verdicts::default();
        let mut framing = Framing::default();
        for piece in pieces {
            framing.follow(piece, &verdicts);
            assert!(framing.line.len() <= LONGEST);
        }
        let sound = std::iter::repeat_n(Verdict::Sound, verdicts.0.sound.load(Ordering::Acquire));
        sound.chain(verdicts.0.wrong.get().map(|why| Verdict::Ambiguous(why))).collect()
    }

    /// The same however the stream is cut.
    fn check(stream: &[u8], expected: &[Verdict]) {
        let shown = String::from_utf8_lossy(stream);
        for cut in 0..=stream.len() {
            let (first, second) = stream.split_at(cut);
            assert_eq!(verdicts([first, second]), expected, "{shown:?} cut at {cut}");
        }
        for size in 1..8 {
            assert_eq!(verdicts(stream.chunks(size)), expected, "{shown:?} in pieces of {size}");
        }
    }

    /// What is wrong with a head, after a sound request and before another one.
    fn wrong(head: &str) -> String {
        let stream = format!("GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\n{head}\r\n\r\nGET / HTTP/1.1\r\n\r\n");
        let all = verdicts([stream.as_bytes()]);
        check(stream.as_bytes(), &all);
        match all.as_slice() {
            [Verdict::Sound, Verdict::Ambiguous(reason)] => (*reason).to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn sound_requests_in_a_row_are_each_found_sound() {
        let stream = [
            "\r\n\r\nPOST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\nGET / HTTP/1.1\r\n :\r\n",
            "GET / HTTP/1.1\nHost: x\n\n",
            "POST / HTTP/1.1\r\nTRANSFER-ENCODING:\t Chunked \r\nTE: trailers\r\n\r\n",
            "00a ;ext=\"1;2\"\r\n0123\r\n\r\n89\r\n1\r\n\n\r\n0\r\nTrailer: GET / HTTP/1.1\r\nOther:\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length:0\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n0\r\n\r\n",
            "\nPOST / HTTP/1.1\r\nX-Content-Length: 7\r\nContent-Length: 1\r\n\r\n\n",
            "GET / HTTP/1.1\r\n\r\n",
        ]
        .concat();
        check(stream.as_bytes(), &[Verdict::Sound; 7]);
    }

    #[test]
    fn two_ways_to_frame_a_body_are_ambiguous() {
        let together = "`Transfer-Encoding` and `Content-Length` stand together";
        for (head, reason) in [
            ("Transfer-Encoding: chunked\r\nContent-Length: 5", together),
            ("Content-Length: 5\r\nTransfer-Encoding: chunked", together),
            ("content-length: 0\nX: y\nTRANSFER-ENCODING: Chunked", together),
            ("Content-Length: 5\r\nContent-Length: 6", "`Content-Length` stands more than once"),
            ("Content-Length: 5\r\nContent-Length: 5", "`Content-Length` stands more than once"),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "`Transfer-Encoding` stands more than once"),
            ("Content-Length: 5, 5", "`Content-Length` is not a number"),
            ("Content-Length: +5", "`Content-Length` is not a number"),
            ("Content-Length: 0x5", "`Content-Length` is not a number"),
            ("Content-Length:", "`Content-Length` is not a number"),
            ("Content-Length: 99999999999999999999999", "`Content-Length` is not a number"),
            ("Transfer-Encoding: identity", "`Transfer-Encoding` is not `chunked`"),
            ("Transfer-Encoding: gzip, chunked", "`Transfer-Encoding` is not `chunked`"),
            ("Transfer-Encoding: xchunked", "`Transfer-Encoding` is not `chunked`"),
        ] {
            assert_eq!(wrong(head), reason, "{head:?}");
        }
    }

    #[test]
    fn a_field_that_goes_on_in_the_next_line_is_ambiguous() {
        for head in ["X: a\r\n b", "X: a\r\n\tTransfer-Encoding: chunked", " X: a", "\tContent-Length: 5", "X: a\n b"] {
            assert_eq!(wrong(head), "a header is folded over several lines", "{head:?}");
        }
    }

    #[test]
    fn a_body_that_cannot_be_followed_ends_the_watch() {
        for body in
            ["\r\n", "x\r\n", "5\n", "1\r\nab\r\n", "1\r\na\n", "5;a\nb\r\n", "11111111111111111\r\n", "0\r\n\rx"]
        {
            let stream = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}GET / HTTP/1.1\r\n\r\n");
            check(stream.as_bytes(), &[Verdict::Sound]);
        }
        assert!(matches!(Verdicts::default().next(), Verdict::Ambiguous(_)), "what was not followed is not sound");
    }

    #[test]
    fn a_head_or_trailers_without_end_are_not_held() {
        let line = format!("X: {}\r\n", "x".repeat(1000));
        let head = format!("GET / HTTP/1.1\r\n{}", line.repeat(100));
        assert_eq!(verdicts(head.as_bytes().chunks(999)), [Verdict::Ambiguous("the head is too long")]);
        let blank = "\r\n".repeat(LONGEST);
        assert_eq!(verdicts([blank.as_bytes()]), [Verdict::Ambiguous("the head is too long")]);
        let request = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
        let stream = format!("{request}{}\r\nGET / HTTP/1.1\r\n\r\n", line.repeat(100));
        assert_eq!(verdicts([stream.as_bytes()]), [Verdict::Sound]);
        let stream = format!("{request}{}\r\nGET / HTTP/1.1\r\n\r\n", line.repeat(3));
        assert_eq!(verdicts([stream.as_bytes()]), [Verdict::Sound; 2], "short trailers are passed over");
    }
}
