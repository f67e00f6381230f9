//! Takes a stream of server-sent events apart, however its bytes are cut: bounded, and without copying what nobody asked for.
//! Follows the HTML standard, "Server-sent events", "Interpreting an event stream". Knows nothing of what events mean; texts
//! stay bytes, so that a character that is cut in two does no harm. Floor 6.

use std::time::Duration;

use bytes::Bytes;

/// The longest id of an event; a longer one is ignored, because it comes back in a header.
const ID: usize = 1024;
/// The longest pause that a server can ask for.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// One event that has data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// Empty means `message`.
    pub(super) kind: Bytes,
    pub(super) data: Bytes,
}

/// A line or the data of an event is longer than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// Takes a stream apart.
#[derive(Debug)]
pub(super) struct Decoder {
    limit: usize,
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    kind: Vec<u8>,
    /// The id of the event that is being read.
    id: Option<Vec<u8>>,
    /// The last id of an event that was complete.
    last_id: Option<String>,
    retry: Option<Duration>,
    is_begun: bool,
    after_return: bool,
}

impl Decoder {
    /// Events of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            kind: Vec::new(),
            id: None,
            last_id: None,
            retry: None,
            is_begun: false,
            after_return: false,
        }
    }

    /// The id to go on from after the connection broke.
    pub(super) fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref().filter(|id| !id.is_empty())
    }

    /// How long to wait before the connection is opened again.
    pub(super) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// The connection broke: what was not complete is lost.
    pub(super) fn restart(&mut self) {
        let Self { limit, last_id, retry, .. } = std::mem::replace(self, Self::new(0));
        *self = Self { last_id, retry, ..Self::new(limit) };
    }

    /// Reads from `bytes` up to the end of the next event that has data, and takes away what it read. `None` when all was
    /// read.
    ///
    /// # Errors
    /// When something is longer than the limit. The stream cannot be read on then.
    pub(super) fn next(&mut self, bytes: &mut Bytes) -> Result<Option<Event>, TooLong> {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_return) && bytes.first() == Some(&b'\n') {
                drop(bytes.split_to(1));
                continue;
            }
            let Some(end) = memchr::memchr2(b'\r', b'\n', bytes) else {
                return self.keep(&bytes.split_off(0)).map(|()| None);
            };
            let rest = bytes.split_off(end);
            let part = std::mem::replace(bytes, rest);
            self.after_return = bytes.split_to(1).first() == Some(&b'\r');
            self.keep(&part)?;
            if let Some(event) = self.end_line()? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn keep(&mut self, part: &[u8]) -> Result<(), TooLong> {
        /// As much as the name of a field takes.
        const NAME: usize = 16;
        if self.line.len() + part.len() > self.limit.saturating_add(NAME) {
            return Err(TooLong);
        }
        self.line.extend_from_slice(part);
        Ok(())
    }

    fn end_line(&mut self) -> Result<Option<Event>, TooLong> {
        let mut line = std::mem::take(&mut self.line);
        if !std::mem::replace(&mut self.is_begun, true) && line.starts_with("\u{feff}".as_bytes()) {
            line.drain(..3);
        }
        if line.is_empty() {
            self.line = line;
            return Ok(self.end_event());
        }
        let (name, value) = match memchr::memchr(b':', &line) {
            Some(colon) => (line.get(..colon), line.get(colon + 1..)),
            None => (Some(line.as_slice()), None),
        };
        let value = value.unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name.unwrap_or_default() {
            b"data" => self.add(value)?,
            b"event" => value.clone_into(&mut self.kind),
            b"id" if value.len() <= ID && !value.contains(&0) => self.id = Some(value.to_owned()),
            b"retry" => self.retry = milliseconds(value).or(self.retry),
            // A comment, or a field that nobody knows.
            _ => {}
        }
        line.clear();
        self.line = line;
        Ok(None)
    }

    fn add(&mut self, value: &[u8]) -> Result<(), TooLong> {
        if self.data.len() + value.len() >= self.limit {
            return Err(TooLong);
        }
        if std::mem::replace(&mut self.has_data, true) {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        Ok(())
    }

    fn end_event(&mut self) -> Option<Event> {
        if let Some(id) = self.id.take() {
            // One that is no text cannot be sent back.
            self.last_id = String::from_utf8(id).ok();
        }
        let (data, kind) = (std::mem::take(&mut self.data), std::mem::take(&mut self.kind));
        self.has_data = false;
        (!data.is_empty()).then(|| Event { kind: kind.into(), data: data.into() })
    }
}

fn milliseconds(value: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    // A number that is too large asks for the longest pause.
    let time = if text.is_empty() { return None } else { text.parse().map_or(LONGEST_PAUSE, Duration::from_millis) };
    Some(time.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, data: &str) -> Event {
        Event { kind: Bytes::copy_from_slice(kind.as_bytes()), data: Bytes::copy_from_slice(data.as_bytes()) }
    }

    /// Everything that comes out of `input` when it comes in pieces of `size` bytes.
    fn read(input: &[u8], size: usize, limit: usize) -> (Result<Vec<Event>, TooLong>, Decoder) {
        let mut decoder = Decoder::new(limit);
        let mut events = Vec::new();
        for piece in input.chunks(size) {
            let mut piece = Bytes::copy_from_slice(piece);
            loop {
                match decoder.next(&mut piece) {
                    Ok(Some(event)) => events.push(event),
                    Ok(None) => break,
                    Err(error) => return (Err(error), decoder),
                }
            }
            assert!(decoder.line.len() <= limit + 16 && decoder.data.len() <= limit);
        }
        (Ok(events), decoder)
    }

    #[track_caller]
    fn check(input: &str, expected: &[Event]) {
        for size in 1..=input.len().max(1) {
            assert_eq!(read(input.as_bytes(), size, 1000).0.unwrap(), expected, "pieces of {size}");
        }
    }

    #[test]
    fn lines_end_in_every_way() {
        for end in ["\n", "\r", "\r\n"] {
            check(&"data: a\ndata: b\n\ndata: c\n\n".replace('\n', end), &[event("", "a\nb"), event("", "c")]);
        }
        check("data: a\r\n\ndata: b\n\r\ndata: c\r\r", &[event("", "a"), event("", "b"), event("", "c")]);
    }

    #[test]
    fn fields_are_read_as_the_standard_says() {
        check("\u{feff}data: a\n\n\u{feff}data: b\n\n", &[event("", "a")]);
        check(":\n: comment\ndata:a\ndata\ndata:  b\n\n", &[event("", "a\n\n b")]);
        check("event: endpoint\ndata: /x\n\nevent: lost\n\ndata: y\n\n", &[event("endpoint", "/x"), event("", "y")]);
        check("data: x\nunknown: y\nDATA: z\n\n", &[event("", "x")]);
        // An event without its empty line is not complete, and one without data is none.
        check("data: x\n", &[]);
        check("data:\n\ndata\n\nid: 1\n\n", &[]);
        check("", &[]);
    }

    #[test]
    fn characters_may_be_cut_anywhere() {
        check("data: {\"\u{4e16}\u{1f600}\":1}\n\n", &[event("", "{\"\u{4e16}\u{1f600}\":1}")]);
    }

    #[test]
    fn ids_and_pauses_are_kept_and_survive_a_break() {
        let (_, mut decoder) = read(b"id: 7\nretry: 500\ndata: x\n\nid: 8\ndata: cut", 3, 1000);
        assert_eq!((decoder.last_id(), decoder.retry()), (Some("7"), Some(Duration::from_millis(500))));
        decoder.restart();
        assert_eq!((decoder.last_id(), decoder.retry()), (Some("7"), Some(Duration::from_millis(500))));
        let mut rest = Bytes::from_static(b"data: y\n\nid\n\n");
        assert_eq!(decoder.next(&mut rest), Ok(Some(event("", "y"))));
        assert_eq!((decoder.next(&mut rest), decoder.last_id()), (Ok(None), None));
        for (retry, expected) in [
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("99999999999999999999999", Some(LONGEST_PAUSE)),
            ("0", Some(Duration::ZERO)),
        ] {
            assert_eq!(read(format!("retry: {retry}\n\n").as_bytes(), 99, 99).1.retry(), expected, "{retry}");
        }
        let (_, decoder) = read(format!("id: a\n\nid: {}\n\nid: b\0c\n\n", "x".repeat(ID + 1)).as_bytes(), 99, 9999);
        assert_eq!(decoder.last_id(), Some("a"));
    }

    #[test]
    fn nothing_is_longer_than_it_may_be() {
        for (input, fits) in [
            (format!("data: {}\n\n", "x".repeat(90)), true),
            (format!("data: {}\n\n", "x".repeat(101)), false),
            ("data: xxxxxxxxxx\n".repeat(9) + "\n", true),
            ("data: xxxxxxxxxx\n".repeat(11) + "\n", false),
            ("x".repeat(1000), false),
            (format!(":{}\n\n", "x".repeat(1000)), false),
        ] {
            for size in [1, 7, 2000] {
                assert_eq!(read(input.as_bytes(), size, 100).0.is_ok(), fits, "{input:.20} in pieces of {size}");
            }
        }
    }

    #[test]
    fn a_million_empty_events_leave_nothing_behind() {
        let (events, decoder) = read("id: 1\nevent: x\n\n:\n\n".repeat(1_000_000).as_bytes(), 64 * 1024, 1000);
        assert_eq!(events, Ok(Vec::new()));
        assert!(decoder.line.capacity() + decoder.data.capacity() < 1000);
    }
}
