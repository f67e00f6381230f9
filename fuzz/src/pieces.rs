//! Cuts an input into pieces, as a network does.

/// The input cut at places that `seed` decides. With 0 it stays whole, with 1 each byte stands alone.
pub(crate) fn cut(input: &[u8], seed: u8) -> Vec<&[u8]> {
    match seed {
        0 => return vec![input],
        1 => return input.chunks(1).collect(),
        _ => {}
    }
    let (mut pieces, mut left, mut state) = (Vec::new(), input, u32::from(seed));
    while !left.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (piece, rest) = left.split_at(((state >> 24) as usize % 9).min(left.len()));
        pieces.push(piece);
        left = rest;
    }
    pieces
}
