//! A piece of a frame: text that was found to be UTF-8 once, shared without copying. Floor 0.

use std::fmt;
use std::ops::Deref;
use std::str::Utf8Error;
use std::sync::Arc;

/// Memory of a frame that is kept for the next one though that is shorter.
const KEPT: usize = 1024;

/// Text within a frame. It keeps the whole frame.
#[derive(Clone, Default)]
pub(crate) struct Piece {
    frame: Arc<String>,
    start: usize,
    end: usize,
}

/// Where a text stands within its frame: what [`Piece::at`] finds in every piece of the same frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: usize,
    end: usize,
}

/// Memory that one frame after the other is copied to. A frame that somebody keeps stays as it is, and the next one gets
/// memory of its own.
#[derive(Debug, Default)]
pub(crate) struct Slot(Piece);

impl Slot {
    /// Copies a frame in.
    ///
    /// # Errors
    /// When it is no text.
    pub(crate) fn fill(&mut self, frame: &[u8]) -> Result<&Piece, Utf8Error> {
        let text = std::str::from_utf8(frame)?;
        match Arc::get_mut(&mut self.0.frame) {
            // Memory of many times the length would be kept by a call that waits.
            Some(own) if own.capacity() <= text.len().saturating_mul(4).max(KEPT) => {
                own.clear();
                own.push_str(text);
            }
            _ => self.0.frame = Arc::new(text.to_owned()),
        }
        self.0.end = text.len();
        Ok(&self.0)
    }
}

impl Piece {
    /// The whole of a frame.
    #[cfg(any(feature = "http", feature = "client", test))]
    pub(crate) fn whole(frame: String) -> Self {
        let end = frame.len();
        Self { frame: Arc::new(frame), start: 0, end }
    }

    /// What is `part` of this text; nothing, if it is not.
    pub(crate) fn part(&self, part: &str) -> Self {
        let Span { start, end } = self.span_of(part);
        Self { frame: Arc::clone(&self.frame), start, end }
    }

    /// Where `part` of this text stands; nowhere, if it is not part of it.
    pub(crate) fn span_of(&self, part: &str) -> Span {
        let start = (part.as_ptr() as usize).wrapping_sub(self.frame.as_ptr() as usize);
        let end = start.saturating_add(part.len());
        if end <= self.frame.len() { Span { start, end } } else { Span::default() }
    }

    /// Where this text stands.
    pub(crate) fn span(&self) -> Span {
        Span { start: self.start, end: self.end }
    }

    /// What stands there in the frame.
    pub(crate) fn at(&self, span: Span) -> &str {
        self.frame.get(span.start..span.end).unwrap_or_default()
    }
}

impl Deref for Piece {
    type Target = str;

    fn deref(&self) -> &str {
        self.frame.get(self.start..self.end).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

#[cfg(feature = "client")]
impl From<Piece> for bytes::Bytes {
    fn from(piece: Piece) -> Self {
        Self::from_owner(piece)
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_where_it_stands_and_nothing_else_is() {
        let whole = Piece::whole("{\"a\":\"ä\"}".to_owned());
        let part = whole.part(&whole[5..]);
        assert_eq!(&*part, "\"ä\"}");
        assert_eq!(&*part.part(&part[1..3]), "ä");
        assert_eq!(&*whole.part("elsewhere"), "");
        assert_eq!(part.at(whole.span_of(&whole[1..4])), "\"a\"");
        assert_eq!(whole.at(part.span()), "\"ä\"}");
        assert_eq!(whole.at(whole.span_of("elsewhere")), "");
        assert_eq!(&*whole.part(""), "");
    }

    #[test]
    fn a_frame_that_is_kept_stays_as_it_is() {
        let mut slot = Slot::default();
        let first = slot.fill(b"first").ok().cloned();
        let second = slot.fill(b"the second").ok().cloned();
        assert_eq!((first.as_deref(), second.as_deref()), (Some("first"), Some("the second")));
        drop((first, second));
        let memory = slot.0.frame.as_ptr();
        assert_eq!(slot.fill(b"third").ok().map(|piece| &**piece), Some("third"));
        assert_eq!(slot.0.frame.as_ptr(), memory, "the memory is used again");
        assert!(slot.fill(b"\xff").is_err());
    }
}
