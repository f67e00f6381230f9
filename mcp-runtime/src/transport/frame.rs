//! Splits a stream of bytes into lines of bounded length. A longer line is reported once and skipped without being held
//! in memory. Knows nothing of JSON. Floor 5.

use bytes::{Buf, Bytes, BytesMut};

/// Lines up to this length are copied out, so that a call which waits for long does not keep a whole read buffer.
const COPIED: usize = 16 * 1024;

/// Gathers bytes until lines are complete.
#[derive(Debug)]
pub(crate) struct Lines {
    buffer: BytesMut,
    /// How far the buffer is known to hold no line break.
    searched: usize,
    limit: usize,
    is_skipping: bool,
}

/// One line of the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Whole(Bytes),
    TooLong,
}

impl Lines {
    pub(crate) fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, limit, is_skipping: false }
    }

    /// Takes in what was read.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete line without its end; empty lines are passed over.
    pub(crate) fn next(&mut self) -> Option<Line> {
        loop {
            let Some(offset) = memchr::memchr(b'\n', self.buffer.get(self.searched..)?) else {
                self.searched = self.buffer.len();
                if !self.is_skipping && self.buffer.len() <= self.limit {
                    return None;
                }
                // What is skipped need not be kept.
                self.buffer.clear();
                self.searched = 0;
                return if std::mem::replace(&mut self.is_skipping, true) { None } else { Some(Line::TooLong) };
            };
            let end = self.searched + offset;
            self.searched = 0;
            if std::mem::replace(&mut self.is_skipping, false) {
                self.buffer.advance(end + 1);
                continue;
            }
            if end > self.limit {
                self.buffer.advance(end + 1);
                return Some(Line::TooLong);
            }
            let line = if end <= COPIED {
                let line = Bytes::copy_from_slice(self.buffer.get(..end)?);
                self.buffer.advance(end + 1);
                line
            } else {
                let line = self.buffer.split_to(end).freeze();
                self.buffer.advance(1);
                line
            };
            if !matches!(line.as_ref(), b"" | b"\r") {
                return Some(Line::Whole(line));
            }
        }
    }

    /// What came after the last line break, once no more will come.
    pub(crate) fn rest(&mut self) -> Option<Line> {
        let rest = self.buffer.split().freeze();
        self.searched = 0;
        (!self.is_skipping && !rest.iter().all(u8::is_ascii_whitespace)).then_some(Line::Whole(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that comes out of `input` when it is read in pieces of `size` bytes.
    fn lines(input: &[u8], limit: usize, size: usize) -> Vec<Line> {
        let mut lines = Lines::new(limit);
        let mut out = Vec::new();
        for piece in input.chunks(size) {
            lines.push(piece);
            while let Some(line) = lines.next() {
                out.push(line);
            }
            assert!(lines.buffer.len() <= limit + size, "a line that is skipped is held in memory");
        }
        out.extend(lines.rest());
        out
    }

    #[test]
    fn pieces_of_any_size_give_the_same_lines() {
        let input = b"one\n\n\r\ntwo two\nmuch too long for this limit\nthree\nrest";
        let whole = |text: &'static str| Line::Whole(Bytes::from_static(text.as_bytes()));
        let expected = vec![whole("one"), whole("two two"), Line::TooLong, whole("three"), whole("rest")];
        for size in 1..input.len() {
            assert_eq!(lines(input, 10, size), expected, "pieces of {size}");
        }
    }

    #[test]
    fn a_long_line_is_cut_out_of_the_buffer_whole() {
        let mut input = vec![b'x'; COPIED * 3];
        input.extend_from_slice(b"\nshort\n");
        let out = lines(&input, 1 << 20, 1000);
        assert!(
            matches!(out.as_slice(), [Line::Whole(long), Line::Whole(short)] if long.len() == COPIED * 3 && short == "short")
        );
    }
}
