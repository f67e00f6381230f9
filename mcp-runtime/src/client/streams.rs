//! The ways to a server that need no process: two byte streams, and a server in the same process. Floor 6.

use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite, split};

use super::connect::{Source, sealed};
use super::connection::{Connection, Opening};
use super::error::Error;
use crate::error::quoted;
use crate::server::Server;
use crate::transport::{Transport, memory};

/// How many bytes wait in each direction between a client and a server of the same process.
const MEMORY: usize = 64 * 1024;

/// A server in the same process, see [`Client::memory`](super::Client::memory).
#[derive(Debug)]
pub struct Memory {
    name: String,
    server: Mutex<Option<Server>>,
}

impl Memory {
    pub(super) fn new(server: Server) -> Self {
        Self { name: format!("the server {}", quoted(&server.info.name)), server: Mutex::new(Some(server)) }
    }
}

impl Source for Memory {}

impl sealed::Open for Memory {
    fn open(&self, opening: Opening) -> Result<Connection, Error> {
        let server = take(&self.server)?;
        let failed = |error: crate::Error| Error::Start { server: self.name.clone(), source: error.into() };
        let app = server.build().map_err(failed)?;
        let (stream, client) = memory(MEMORY);
        // It ends with its input. What it may fail with is the end of the connection, which the reader sees.
        drop(tokio::spawn(stream.serve(app)));
        let (reader, writer) = split(client);
        Ok(Connection::streams(opening, Box::pin(reader), Box::pin(writer), None))
    }

    fn opens_again(&self) -> bool {
        false
    }

    fn server(&self) -> String {
        self.name.clone()
    }
}

/// A server at the other end of two byte streams, see [`Client::stream`](super::Client::stream).
#[derive(Debug)]
pub struct Streams<R, W>(Mutex<Option<(R, W)>>);

impl<R, W> Streams<R, W> {
    pub(super) fn new(reader: R, writer: W) -> Self {
        Self(Mutex::new(Some((reader, writer))))
    }
}

impl<R, W> Source for Streams<R, W>
where
    R: AsyncRead + Send + 'static,
    W: AsyncWrite + Send + 'static,
{
}

impl<R, W> sealed::Open for Streams<R, W>
where
    R: AsyncRead + Send + 'static,
    W: AsyncWrite + Send + 'static,
{
    fn open(&self, opening: Opening) -> Result<Connection, Error> {
        let (reader, writer) = take(&self.0)?;
        Ok(Connection::streams(opening, Box::pin(reader), Box::pin(writer), None))
    }

    fn opens_again(&self) -> bool {
        false
    }
}

/// What can be opened only once.
fn take<T>(kept: &Mutex<Option<T>>) -> Result<T, Error> {
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner).take();
    kept.ok_or(Error::Closed { server: String::new(), status: None, cause: None })
}
