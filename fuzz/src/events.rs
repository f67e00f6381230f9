//! Server-sent events, read beside a reader that has the whole stream before it, and written and read again.

use mcp_runtime::fuzz::{self, Events, event};

use crate::pieces::cut;

/// The first byte bounds an event, the second one cuts the rest into pieces.
pub fn events(data: &[u8]) {
    let [limit, seed, input @ ..] = data else { return };
    let limit = usize::from(*limit) * 8;
    let whole = fuzz::events(cut(input, 0).into_iter(), limit);
    for seed in [*seed, 1] {
        assert_eq!(fuzz::events(cut(input, seed).into_iter(), limit), whole, "cut by {seed}");
    }
    assert!(whole.events.iter().all(|(kind, data)| kind.len() <= limit + 16 && data.len() <= limit));
    let plenty = fuzz::events(cut(input, *seed).into_iter(), input.len() + 1);
    assert!(!plenty.is_too_long);
    assert_eq!(plenty.events, all_at_once(input));
    written(input, u64::from(*seed));
}

/// A frame has no line breaks, and comes back as it was.
fn written(input: &[u8], number: u64) {
    let frame: Vec<u8> = input.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    let stream = [event(Some((7, number)), &frame), event(None, b"{}")].concat();
    let Events { events, is_too_long, last_id, .. } = fuzz::events(cut(&stream, 3).into_iter(), stream.len());
    let expected = [frame.as_slice(), b"{}"].into_iter().filter(|data| !data.is_empty());
    let expected: Vec<_> = expected.map(|data| (b"message".to_vec(), data.to_vec())).collect();
    assert_eq!((events, is_too_long), (expected, false));
    assert_eq!(last_id, Some(format!("7-{number}")));
}

/// "Interpreting an event stream" of the HTML standard, for a stream that is there as a whole.
fn all_at_once(input: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut text = Vec::new();
    let mut bytes = input.iter().peekable();
    while let Some(byte) = bytes.next() {
        if *byte == b'\r' {
            bytes.next_if(|next| **next == b'\n');
            text.push(b'\n');
        } else {
            text.push(*byte);
        }
    }
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
    let (mut events, mut kind, mut data) = (Vec::new(), Vec::new(), Vec::<Vec<u8>>::new());
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    // What comes behind the last line break is no line yet.
    lines.pop();
    for line in lines {
        if line.is_empty() {
            let data = std::mem::take(&mut data).join(&b'\n');
            let kind = std::mem::take(&mut kind);
            if !data.is_empty() {
                events.push((kind, data));
            }
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = colon.map_or((line, &b""[..]), |at| (&line[..at], &line[at + 1..]));
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => data.push(value.to_vec()),
            b"event" => kind = value.to_vec(),
            _ => {}
        }
    }
    events
}
