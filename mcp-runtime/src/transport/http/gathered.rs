//! The bytes of a body as they come in. Gathered in pieces of equal size, because memory that grows by being copied leaves
//! holes as large as itself behind: with many bodies at once the process would hold twice of what is counted. Once half of
//! what is announced is there, the rest comes to where the whole will be. Here is also what a process that serves keeps of the
//! memory of long bodies ([`keep_memory`]). Floor 5.

use std::hint::black_box;

use bytes::Buf;

/// How much memory a body takes before its first bytes are there, whatever length it announces; and by how much it grows
/// until half of it is there.
const PIECE: usize = 64 * 1024;
/// How much memory that is free the C library keeps: a body of a mebibyte, what is read of it, and an answer as long.
const KEPT: usize = 4 << 20;

/// What there is of a body.
pub(super) struct Gathered {
    /// Pieces that are full.
    full: Vec<Vec<u8>>,
    last: Vec<u8>,
    /// How many bytes go into the last one: a piece, or what is announced.
    room: usize,
    length: usize,
    /// 0, if nothing is.
    announced: usize,
}

impl Gathered {
    /// Nothing yet of a body that announces this length.
    pub(super) fn new(announced: Option<u64>) -> Self {
        let announced = announced.map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
        Self { full: Vec::new(), last: Vec::with_capacity(announced.min(PIECE)), room: PIECE, length: 0, announced }
    }

    /// How much there will be with this much more.
    pub(super) fn length_with(&self, more: usize) -> usize {
        self.length.saturating_add(more)
    }

    /// How much memory counts with this much more: all that is announced, once half of it is there. (The first piece counts as
    /// far as it is full; that it is there is in the bound of connections.)
    pub(super) fn memory_with(&self, more: usize) -> usize {
        let length = self.length_with(more);
        if length >= self.announced.div_ceil(2) { length.max(self.announced) } else { length }
    }

    /// Takes in what has come.
    pub(super) fn add(&mut self, mut data: impl Buf) {
        let memory = self.memory_with(data.remaining());
        if memory == self.announced && memory > self.room {
            self.make_whole(memory);
        }
        while data.has_remaining() {
            if self.last.len() == self.room {
                self.room = PIECE;
                self.full.push(std::mem::replace(&mut self.last, Vec::with_capacity(PIECE)));
            }
            let chunk = data.chunk();
            let fits = chunk.len().min(self.room - self.last.len());
            self.last.extend_from_slice(chunk.get(..fits).unwrap_or_default());
            self.length += fits;
            data.advance(fits);
        }
    }

    /// Puts all there is in one piece of memory that has room for this much.
    fn make_whole(&mut self, room: usize) {
        let mut whole = Vec::with_capacity(room);
        self.full.push(std::mem::take(&mut self.last));
        for piece in self.full.drain(..) {
            whole.extend_from_slice(&piece);
        }
        (self.last, self.room) = (whole, room);
    }

    /// The whole.
    pub(super) fn into_whole(mut self) -> Vec<u8> {
        if !self.full.is_empty() {
            self.make_whole(self.length);
        }
        self.last
    }
}

/// Lets the C library keep memory for the next long body, instead of giving it back to the system after each and fetching it
/// again page by page, which takes longer than all else. What glibc keeps for each of its arenas, of which there is about one
/// for each thread, is twice the largest piece that was ever given back: so it is given one that nobody has written to. Any
/// longer body does the same later. Only for a process whose main job it is to serve.
pub(super) fn keep_memory() {
    let mut piece = Vec::<u8>::new();
    // Where there is no such memory, there is none to keep either.
    let _ = piece.try_reserve_exact(KEPT / 2);
    drop(black_box(piece));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(count: usize) -> Vec<u8> {
        (0..count).map(|index| u8::try_from(index % 251).unwrap()).collect()
    }

    #[test]
    fn what_comes_in_pieces_of_any_size_is_the_same_whole() {
        let body = bytes(3 * PIECE + 17);
        let length = body.len() as u64;
        for announced in
            [None, Some(length), Some(0), Some(length - 1), Some(length + 1), Some(4 * length), Some(u64::MAX)]
        {
            for size in [1, 1000, PIECE - 1, PIECE, PIECE + 1, body.len()] {
                let mut gathered = Gathered::new(announced);
                let mut length = 0;
                for piece in body.chunks(size) {
                    length += piece.len();
                    assert_eq!(gathered.length_with(piece.len()), length);
                    gathered.add(piece);
                    assert_eq!(gathered.length_with(0), length);
                }
                assert_eq!(gathered.into_whole(), body, "in pieces of {size}, {announced:?} announced");
            }
        }
        assert!(Gathered::new(None).into_whole().is_empty());
    }

    #[test]
    fn what_is_announced_has_memory_once_half_of_it_is_there_and_is_counted_as_soon() {
        let body = bytes(4 * PIECE);
        let mut gathered = Gathered::new(Some(body.len() as u64));
        let (first, rest) = body.split_at(2 * PIECE - 1);
        assert_eq!(gathered.memory_with(first.len()), first.len());
        gathered.add(first);
        assert_eq!(gathered.last.capacity(), PIECE);
        assert_eq!(gathered.memory_with(1), body.len());
        gathered.add(&rest[..1]);
        let place = gathered.last.as_ptr();
        assert_eq!((gathered.last.capacity(), gathered.memory_with(0)), (body.len(), body.len()));
        gathered.add(&rest[1..]);
        let whole = gathered.into_whole();
        assert_eq!((whole.as_ptr(), whole), (place, body), "it is where its second half came to");
    }
}
