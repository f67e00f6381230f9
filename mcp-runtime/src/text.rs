//! Values as JSON text, and back. Floor 0.

use std::cell::Cell;

use serde::de::{Deserialize, Error as _};
use serde::ser::{self, Serialize};

/// Longer texts stay where they were made, and the buffer is not kept.
const KEPT: usize = 16 * 1024;

thread_local! {
    /// Where texts are made. A buffer that is new for each grows several times, and growing keeps a piece of memory in the
    /// part of the heap that it came from, where another thread may be waiting for it.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The value as text that takes about as much memory as it needs.
pub(crate) fn to_text(value: &impl Serialize) -> serde_json::Result<String> {
    // While a thread ends there is no buffer to keep. A value that makes texts of its own finds none either.
    let mut text = SPARE.try_with(Cell::take).unwrap_or_default();
    text.clear();
    let written = serde_json::to_writer(&mut text, value);
    finish(text, written)
}

fn finish(text: Vec<u8>, written: serde_json::Result<()>) -> serde_json::Result<String> {
    let no_text = || -> serde_json::Error { ser::Error::custom("the value was written as something that is no text") };
    if text.len() > KEPT {
        written?;
        let mut text = String::from_utf8(text).map_err(|_| no_text())?;
        text.shrink_to_fit();
        return Ok(text);
    }
    let made = written.and_then(|()| Ok(std::str::from_utf8(&text).map_err(|_| no_text())?.to_owned()));
    if text.capacity() <= KEPT {
        let _ = SPARE.try_with(|spare| spare.set(text));
    }
    made
}

/// Reads a value from bytes, all of which must be UTF-8. What the protocol sends is read from text alone: another reader would be
/// another copy of the code for every type.
pub(crate) fn from_bytes<'de, T: Deserialize<'de>>(json: &'de [u8]) -> serde_json::Result<T> {
    let text = std::str::from_utf8(json).map_err(serde_json::Error::custom)?;
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_whatever_was_made_before_and_within_it() -> serde_json::Result<()> {
        struct Nested(usize);
        impl Serialize for Nested {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let inner = to_text(&"x".repeat(self.0)).map_err(ser::Error::custom)?;
                serializer.serialize_str(&inner)
            }
        }
        struct Failing;
        impl Serialize for Failing {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(ser::Error::custom("no"))
            }
        }
        for length in [0, 10, KEPT - 2, KEPT - 1, 3 * KEPT, 10] {
            let plain = "ä".repeat(length / 2);
            assert_eq!(to_text(&plain)?, format!("\"{plain}\""));
            assert_eq!(to_text(&Nested(length))?, format!("\"\\\"{}\\\"\"", "x".repeat(length)));
            assert!(to_text(&[Some(Failing), None]).is_err());
            assert!(SPARE.take().capacity() <= KEPT);
        }
        Ok(())
    }
}
