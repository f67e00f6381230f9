//! A text as a JSON string. Floor 0.

/// Appends the text as a JSON string, the same that `serde_json` makes of it. That looks at each byte by itself, which is a
/// third of what an echo of a long text takes or half of it, by where the linker puts the loop.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some((run, after)) = rest.split_at_checked(plain(rest)) {
        out.extend_from_slice(run);
        let Some((&byte, after)) = after.split_first() else { break };
        escape(out, byte);
        rest = after;
    }
    out.push(b'"');
}

/// How many bytes from the beginning on are written as they are. Word by word, because that tells which byte it is: in JSON as
/// text there is a quote within a few.
fn plain(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let found = specials(u64::from_le_bytes(*word));
        if found != 0 {
            return index * size_of::<u64>() + found.trailing_zeros() as usize / 8;
        }
    }
    text.len() - rest.len() + rest.iter().position(|&byte| is_special(byte)).unwrap_or(rest.len())
}

/// The high bit of the first byte of a word that is special, and of none before it. (A byte that is less than what is taken
/// from it borrows from the next one, so that of later bytes nothing is said.)
const fn specials(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let control = word.wrapping_sub(ONES * b' ' as u64) & !word;
    let found = control | (quote.wrapping_sub(ONES) & !quote) | (backslash.wrapping_sub(ONES) & !backslash);
    found & (ONES << 7)
}

const fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let digit = |value: u8| HEX[usize::from(value & 0xf)];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_serde_json_makes_of_it_wherever_it_stands() {
        let all: Vec<char> = (0..0x100).chain([0x2028, 0xfffd, 0x1_f600]).filter_map(char::from_u32).collect();
        for before in 0..3 * size_of::<u64>() {
            for after in [0, 1, 3, 4, 32] {
                for &special in &all {
                    let text = format!("{}{special}{}{special}", "x".repeat(before), "é".repeat(after));
                    let mut out = b"before".to_vec();
                    write_string(&mut out, &text);
                    let expected = serde_json::to_string(&text).unwrap();
                    assert_eq!(out.strip_prefix(b"before"), Some(expected.as_bytes()), "{special:?} after {before}");
                }
            }
        }
        let mut out = Vec::new();
        let every: String = all.into_iter().collect();
        write_string(&mut out, &every.repeat(3));
        assert_eq!(out, serde_json::to_vec(&every.repeat(3)).unwrap());
        out.clear();
        write_string(&mut out, "");
        assert_eq!(out, b"\"\"");
    }
}
