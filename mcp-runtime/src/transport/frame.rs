//! Splits a stream of bytes into lines of bounded length. A longer line is reported once and skipped without being held
//! in memory. Knows nothing of JSON. Floor 5.

/// How much room there is at least for what is read next, once more came than [`FIRST`] takes.
const ROOM: usize = 64 * 1024;
/// How much room there is until then: many a connection never fills it.
const FIRST: usize = 4 * 1024;
/// A buffer that grew beyond this is given back once it is empty, unless [`Lines::keeping`] says otherwise.
const KEPT: usize = 256 * 1024;

/// Gathers bytes until lines are complete.
#[derive(Debug)]
pub(crate) struct Lines {
    buffer: Vec<u8>,
    /// Where what is not handed out yet begins and ends.
    start: usize,
    end: usize,
    /// How far it is known to hold no line break.
    searched: usize,
    limit: usize,
    kept: usize,
    /// How much room there is at least.
    least: usize,
    is_skipping: bool,
}

/// One line of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'l> {
    Whole(&'l [u8]),
    TooLong,
}

impl Lines {
    pub(crate) fn new(limit: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, end: 0, searched: 0, limit, kept: KEPT, least: FIRST, is_skipping: false }
    }

    /// The same, but it keeps a buffer of up to so many bytes.
    pub(crate) fn keeping(mut self, bytes: usize) -> Self {
        self.kept = bytes;
        self
    }

    /// Where to read to; [`Self::add`] says how much was read.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        self.searched -= self.start;
        self.end -= self.start;
        self.start = 0;
        if self.end == 0 && self.buffer.len() > self.kept {
            self.buffer = Vec::new();
        }
        if self.buffer.len() - self.end < self.least {
            // Zeroed once; what is read goes over it.
            self.buffer.resize((self.buffer.len() * 2).max(self.end + self.least), 0);
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// Takes in as many bytes of the room as were read.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.end = self.buffer.len().min(self.end + bytes);
        if self.end == self.buffer.len() {
            self.least = ROOM;
        }
    }

    /// Takes in bytes that were read elsewhere.
    #[cfg(feature = "client")]
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.room();
            let (now, rest) = bytes.split_at(bytes.len().min(room.len()));
            if let Some(room) = room.get_mut(..now.len()) {
                room.copy_from_slice(now);
            }
            self.add(now.len());
            bytes = rest;
        }
    }

    /// The next complete line without its end; empty lines are passed over.
    pub(crate) fn next(&mut self) -> Option<Line<'_>> {
        loop {
            let Some(offset) = memchr::memchr(b'\n', self.buffer.get(self.searched..self.end)?) else {
                self.searched = self.end;
                if !self.is_skipping && self.end - self.start <= self.limit {
                    return None;
                }
                // What is skipped need not be kept.
                self.start = self.end;
                return if std::mem::replace(&mut self.is_skipping, true) { None } else { Some(Line::TooLong) };
            };
            let line = self.start..self.searched + offset;
            self.start = line.end + 1;
            self.searched = self.start;
            if std::mem::replace(&mut self.is_skipping, false) {
                continue;
            }
            if line.len() > self.limit {
                return Some(Line::TooLong);
            }
            if !matches!(self.buffer.get(line.clone())?, b"" | b"\r") {
                return self.buffer.get(line).map(Line::Whole);
            }
        }
    }

    /// What came after the last line break, once no more will come.
    pub(crate) fn rest(&mut self) -> Option<Line<'_>> {
        let rest = self.start..self.end;
        (self.start, self.searched) = (self.end, self.end);
        let rest = self.buffer.get(rest)?;
        (!self.is_skipping && !rest.iter().all(u8::is_ascii_whitespace)).then_some(Line::Whole(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a line holds; `None` for one that is too long.
    fn owned(line: Line<'_>) -> Option<Vec<u8>> {
        match line {
            Line::Whole(line) => Some(line.to_vec()),
            Line::TooLong => None,
        }
    }

    /// Everything that comes out of `input` when it is read in pieces of `size` bytes.
    fn lines(input: &[u8], limit: usize, size: usize) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::new(limit);
        let mut out = Vec::new();
        for piece in input.chunks(size) {
            lines.room()[..piece.len()].copy_from_slice(piece);
            lines.add(piece.len());
            while let Some(line) = lines.next() {
                out.push(owned(line));
            }
            assert!(lines.end - lines.start <= limit + size, "a line that is skipped is held in memory");
        }
        out.extend(lines.rest().map(owned));
        out
    }

    #[test]
    fn pieces_of_any_size_give_the_same_lines() {
        let input = b"one\n\n\r\ntwo two\nmuch too long for this limit\nthree\nrest";
        let expected = [Some("one"), Some("two two"), None, Some("three"), Some("rest")];
        let expected = expected.map(|line| line.map(|line| line.as_bytes().to_vec()));
        for size in 1..input.len() {
            assert_eq!(lines(input, 10, size), expected, "pieces of {size}");
        }
    }

    #[test]
    fn a_long_line_grows_the_buffer_and_an_empty_one_gives_it_back() {
        let long = vec![b'x'; KEPT + ROOM];
        let input = [&long[..], b"\nshort\n"].concat();
        assert_eq!(lines(&input, 1 << 20, 1000), [Some(long), Some(b"short".to_vec())]);
        let mut lines = Lines::new(1 << 20);
        while lines.buffer.len() <= KEPT {
            let room = lines.room().len();
            lines.add(room);
        }
        lines.start = lines.end;
        lines.searched = lines.end;
        assert_eq!(lines.room().len(), ROOM);
    }
}
