//! The framer of lines, beside one that has the whole input before it.

use mcp_runtime::fuzz;

use crate::pieces::cut;

/// The first byte is the longest line, the second one cuts the rest into pieces.
pub fn lines(data: &[u8]) {
    let [limit, seed, input @ ..] = data else { return };
    let limit = usize::from(*limit);
    let expected = all_at_once(input, limit);
    for seed in [*seed, 0, 1] {
        assert_eq!(fuzz::lines(cut(input, seed).into_iter(), limit), expected, "cut by {seed}");
    }
}

fn all_at_once(input: &[u8], limit: usize) -> Vec<Option<Vec<u8>>> {
    let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    let rest = lines.pop().unwrap_or_default();
    let whole = |line: &[u8]| (line.len() <= limit).then(|| line.to_vec());
    let is_blank = |line: &[u8]| line.len() <= limit && matches!(line, b"" | b"\r");
    let mut out: Vec<_> = lines.into_iter().filter(|line| !is_blank(line)).map(whole).collect();
    if rest.len() > limit || !rest.iter().all(u8::is_ascii_whitespace) {
        out.push(whole(rest));
    }
    out
}
