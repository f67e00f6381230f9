//! What a client holds for the server: only what was sealed opens, and what is in it is read with care all the same.

use mcp_runtime::fuzz::{Refused, close, open, remembered};

/// The first byte is the length of the context that a text is sealed for, the second one changes the seal.
pub fn state(data: &[u8]) {
    let [length, change, rest @ ..] = data else { return };
    let (context, text) = rest.split_at(usize::from(*length).min(rest.len()));
    let sealed = close(text, context).expect("the system has random numbers");
    assert_eq!(open(&sealed, context).as_deref(), Some(text));
    assert_eq!(open(&sealed, &[context, b"x"].concat()), None);
    let mut changed = sealed.clone().into_bytes();
    let at = usize::from(*change) % changed.len();
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    assert_eq!(open(&String::from_utf8(changed).expect("it is ASCII"), context), None);
    let text = String::from_utf8_lossy(text);
    assert_eq!(open(&text, context), None);
    // What this server sealed may come from another version of it.
    let arguments = std::str::from_utf8(context).unwrap_or_default();
    if let Err(Refused { code, message }) = remembered(text.as_bytes(), arguments) {
        assert!(matches!(code, -32_602 | -32_603) && message.len() < 500, "{code} {message}");
    }
}
