//! The bytes of a body as they come in. Gathered in pieces of equal size, because memory that grows by being copied leaves
//! holes as large as itself behind: with many bodies at once the process would hold twice of what is counted. Floor 5.

use bytes::Buf;

/// How much memory a body takes before its first bytes are there, whatever length it announces; and by how much it grows.
const PIECE: usize = 64 * 1024;

/// What there is of a body.
pub(super) struct Gathered {
    full: Vec<Vec<u8>>,
    last: Vec<u8>,
}

impl Gathered {
    /// Nothing yet of a body that announces this length.
    pub(super) fn new(announced: Option<u64>) -> Self {
        let ahead = usize::try_from(announced.unwrap_or(0)).unwrap_or(PIECE).min(PIECE);
        Self { full: Vec::new(), last: Vec::with_capacity(ahead) }
    }

    /// How much there is.
    pub(super) fn len(&self) -> usize {
        self.full.len() * PIECE + self.last.len()
    }

    /// Takes in what has come.
    pub(super) fn add(&mut self, mut data: impl Buf) {
        while data.has_remaining() {
            if self.last.len() == PIECE {
                self.full.push(std::mem::replace(&mut self.last, Vec::with_capacity(PIECE)));
            }
            let chunk = data.chunk();
            let fits = chunk.len().min(PIECE - self.last.len());
            self.last.extend_from_slice(chunk.get(..fits).unwrap_or_default());
            data.advance(fits);
        }
    }

    /// The whole.
    pub(super) fn into_whole(self) -> Vec<u8> {
        if self.full.is_empty() {
            return self.last;
        }
        let mut whole = Vec::with_capacity(self.len());
        for piece in self.full {
            whole.extend_from_slice(&piece);
        }
        whole.extend_from_slice(&self.last);
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_pieces_of_any_size_is_the_same_whole() {
        let body: Vec<u8> = (0..3 * PIECE + 17).map(|index| u8::try_from(index % 251).unwrap()).collect();
        for size in [1, 1000, PIECE - 1, PIECE, PIECE + 1, body.len()] {
            let mut gathered = Gathered::new(Some(u64::MAX));
            let mut length = 0;
            for piece in body.chunks(size) {
                gathered.add(piece);
                length += piece.len();
                assert_eq!(gathered.len(), length);
            }
            assert_eq!(gathered.into_whole(), body, "in pieces of {size}");
        }
        assert!(Gathered::new(None).into_whole().is_empty());
    }
}
