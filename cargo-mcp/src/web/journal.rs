//! The frames of the connection, as lines for the page: as many as are worth keeping. Whoever reads is never waited for, and
//! is told what it missed.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use hyper::body::Bytes;
use mcp_runtime::client::Direction;
use serde_json::json;
use tokio::sync::watch;

/// How many frames are kept.
const FRAMES: usize = 1000;
/// How many bytes of them.
const BYTES: usize = 16 << 20;
/// As much as is shown of one frame.
const FRAME: usize = 1 << 20;
/// About as much as is given out at once.
const CHUNK: usize = 1 << 20;

pub(super) struct Journal {
    kept: Mutex<Kept>,
    /// The number of the last frame; the first one is 1.
    last: watch::Sender<u64>,
    /// When the first one was seen.
    begun: OnceLock<Instant>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<Bytes>,
    bytes: usize,
    /// The number of the first frame that is kept, less one.
    dropped: u64,
}

impl Journal {
    pub(super) fn new() -> Self {
        Self { kept: Mutex::default(), last: watch::Sender::new(0), begun: OnceLock::new() }
    }

    /// Notes a frame.
    pub(super) fn note(&self, direction: Direction, frame: &[u8]) {
        let shown = String::from_utf8_lossy(frame.get(..FRAME).unwrap_or(frame));
        let at = u64::try_from(self.begun.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut kept = self.kept();
        let number = kept.dropped + kept.lines.len() as u64 + 1;
        let line = line(&json!({
            "type": "frame",
            "number": number,
            "at": at,
            "sent": direction == Direction::Sent,
            "bytes": frame.len(),
            "text": shown,
        }));
        kept.bytes += line.len();
        kept.lines.push_back(line);
        while kept.lines.len() > FRAMES || kept.bytes > BYTES {
            let Some(oldest) = kept.lines.pop_front() else { break };
            kept.bytes -= oldest.len();
            kept.dropped += 1;
        }
        // Under the lock, so that the numbers only rise.
        self.last.send_replace(number);
    }

    /// The number of the last frame.
    pub(super) fn last(&self) -> u64 {
        *self.last.borrow()
    }

    /// Hears of new frames.
    pub(super) fn follow(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// Frames after `seen` that are kept, not all at once; `seen` becomes the last of them. The page sees by the numbers
    /// what it missed.
    pub(super) fn after(&self, seen: &mut u64) -> Option<Bytes> {
        let kept = self.kept();
        let skip = seen.saturating_sub(kept.dropped);
        let mut chunk = Vec::new();
        let mut count = 0;
        for line in kept.lines.iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)) {
            chunk.extend_from_slice(line);
            count += 1;
            if chunk.len() >= CHUNK {
                break;
            }
        }
        *seen = kept.dropped + skip + count;
        (count > 0).then(|| chunk.into())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing that can panic runs while it is locked.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event as the page reads it.
pub(super) fn line(event: &serde_json::Value) -> Bytes {
    format!("{event}\n").into()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn numbers(chunk: Option<Bytes>) -> Vec<u64> {
        let chunk = chunk.unwrap_or_default();
        let text = std::str::from_utf8(&chunk).expect("text");
        let number = |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["number"].as_u64();
        text.lines().filter_map(number).collect()
    }

    #[test]
    fn the_last_frames_are_kept_and_read_once() {
        let journal = Journal::new();
        let mut seen = 0;
        assert!(journal.after(&mut seen).is_none());
        journal.note(Direction::Sent, b"{\"a\":\"\x1b\"}");
        let first = journal.after(&mut seen).expect("a frame");
        assert!(!first.contains(&0x1b), "control characters are escaped by JSON already");
        assert_eq!(numbers(Some(first)), [1]);
        for _ in 0..FRAMES + 9 {
            journal.note(Direction::Received, b"{}");
        }
        assert_eq!((journal.last(), numbers(journal.after(&mut seen)).first().copied()), (1010, Some(11)));
        assert_eq!((seen, journal.after(&mut seen)), (1010, None));
    }

    #[test]
    fn large_frames_are_shortened_and_do_not_pile_up() {
        let journal = Journal::new();
        let large = vec![b'x'; 2 * FRAME];
        for _ in 0..40 {
            journal.note(Direction::Received, &large);
        }
        assert!(journal.kept().bytes <= BYTES);
        let mut seen = 0;
        let chunk = journal.after(&mut seen).expect("a frame");
        assert!(chunk.len() < 2 * FRAME && chunk.starts_with(b"{\"type\":\"frame\""));
        let value: Value = serde_json::from_slice(&chunk).expect("one line");
        assert_eq!(value["bytes"], 2 * FRAME);
    }
}
