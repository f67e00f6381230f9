//! A connection inside one process: two buffers, crossed. What tests and embedders use. Floor 5.

use tokio::io::{DuplexStream, ReadHalf, WriteHalf, duplex, split};

use super::Stream;

/// Two ends of a connection in memory: serve one with [`Server::serve`](crate::Server::serve), talk through the other.
///
/// `capacity` is how many bytes may wait in each direction before the writer waits too.
pub fn memory(capacity: usize) -> (Stream<ReadHalf<DuplexStream>, WriteHalf<DuplexStream>>, DuplexStream) {
    let (server, client) = duplex(capacity.max(1));
    let (reader, writer) = split(server);
    (Stream::new(reader, writer), client)
}
