//! A piece of a frame: text that was found to be UTF-8 once, shared without copying. Floor 0.

use std::fmt;
use std::ops::Deref;
use std::str::Utf8Error;
use std::sync::Arc;

/// Memory of a frame that is kept for the next one though that is shorter.
const KEPT: usize = 1024;

/// Text within a frame. It keeps the whole frame.
#[derive(Clone)]
pub(crate) struct Piece {
    frame: Arc<String>,
    start: usize,
    end: usize,
}

/// Memory that one frame after the other is copied to. A frame that somebody keeps stays as it is, and the next one gets
/// memory of its own.
#[derive(Debug, Default)]
pub(crate) struct Slot(Arc<String>);

impl Slot {
    /// Copies a frame in.
    ///
    /// # Errors
    /// When it is no text.
    pub(crate) fn fill(&mut self, frame: &[u8]) -> Result<Piece, Utf8Error> {
        let text = std::str::from_utf8(frame)?;
        match Arc::get_mut(&mut self.0) {
            // Memory of many times the length would be kept by a call that waits.
            Some(own) if own.capacity() <= text.len().saturating_mul(4).max(KEPT) => {
                own.clear();
                own.push_str(text);
            }
            _ => self.0 = Arc::new(text.to_owned()),
        }
        Ok(Piece { frame: Arc::clone(&self.0), start: 0, end: text.len() })
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
        let start = (part.as_ptr() as usize).wrapping_sub(self.frame.as_ptr() as usize);
        let end = start.saturating_add(part.len());
        if end <= self.frame.len() {
            Self { frame: Arc::clone(&self.frame), start, end }
        } else {
            Self { frame: Arc::clone(&self.frame), start: 0, end: 0 }
        }
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
        assert_eq!(&*whole.part(""), "");
    }

    #[test]
    fn a_frame_that_is_kept_stays_as_it_is() {
        let mut slot = Slot::default();
        let first = slot.fill(b"first").ok();
        let second = slot.fill(b"the second").ok();
        assert_eq!((first.as_deref(), second.as_deref()), (Some("first"), Some("the second")));
        drop((first, second));
        let memory = slot.0.as_ptr();
        assert_eq!(slot.fill(b"third").ok().as_deref(), Some("third"));
        assert_eq!(slot.0.as_ptr(), memory, "the memory is used again");
        assert!(slot.fill(b"\xff").is_err());
    }
}
