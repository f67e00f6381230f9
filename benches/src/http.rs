//! One connection over HTTP/1.1 that is kept alive. Knows as much of HTTP as answers of MCP servers need: lengths, chunks, and
//! streams of events, of which the one with a number is the answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::load::Channel;
use crate::wire::{Era, Request};

const READ: usize = 64 * 1024;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Http {
    stream: TcpStream,
    address: SocketAddr,
    pub(crate) session: Option<String>,
    queued: Vec<u8>,
    buffer: Vec<u8>,
    filled: usize,
    body: Vec<u8>,
}

/// An address that was free just now.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Http {
    /// Connects as soon as the server listens.
    pub(crate) fn connect(address: SocketAddr, session: Option<String>) -> Result<Self> {
        let begun = Instant::now();
        let stream = loop {
            match TcpStream::connect(address) {
                Ok(stream) => break stream,
                Err(error) if begun.elapsed() > PATIENCE => return Err(format!("{address}: {error}").into()),
                Err(_) => thread::sleep(Duration::from_micros(50)),
            }
        };
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let buffer = Vec::new();
        Ok(Self { stream, address, session, queued: Vec::new(), buffer, filled: 0, body: Vec::new() })
    }

    /// Sends what nothing answers but a status.
    pub(crate) fn notify(&mut self, line: &str) -> Result<()> {
        self.head(Era::Session, "notifications/initialized", None, line.len());
        self.queued.extend_from_slice(line.as_bytes());
        self.flush()?;
        self.response().map(drop)
    }

    fn head(&mut self, era: Era, method: &str, name: Option<&str>, length: usize) {
        let Self { address, session, queued, .. } = self;
        // Writing to memory does not fail.
        let _ = write!(
            queued,
            "POST /mcp HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\naccept: application/json, \
             text/event-stream\r\ncontent-length: {length}\r\n"
        );
        if method != "initialize" {
            let _ = write!(queued, "mcp-protocol-version: {}\r\n", era.revision());
        }
        if let Some(session) = session {
            let _ = write!(queued, "mcp-session-id: {session}\r\n");
        }
        if era == Era::Modern {
            let _ = write!(queued, "mcp-method: {method}\r\n");
            if let Some(name) = name {
                let _ = write!(queued, "mcp-name: {name}\r\n");
            }
        }
        queued.extend_from_slice(b"\r\n");
    }

    /// Reads one response and gives its body.
    fn response(&mut self) -> Result<&[u8]> {
        self.body.clear();
        let end = loop {
            match self.buffer[..self.filled].windows(4).position(|four| four == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None => self.fill()?,
            }
        };
        let head = std::str::from_utf8(&self.buffer[..end])?.to_owned();
        self.consume(end);
        let header = |name: &str| {
            head.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name))
        };
        let header = |name: &str| header(name).map(|(_, value)| value.trim());
        if let Some(session) = header("mcp-session-id") {
            self.session = Some(session.to_owned());
        }
        let is_stream = header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
        if header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            self.chunks()?;
        } else {
            self.take(header("content-length").map_or(Ok(0), str::parse)?)?;
        }
        let status = head.split(' ').nth(1).unwrap_or_default();
        if !matches!(status, "200" | "202") {
            let text = String::from_utf8_lossy(&self.body[..self.body.len().min(300)]);
            return Err(format!("status {status}: {text}").into());
        }
        if is_stream {
            self.body = event(&self.body).ok_or("a stream without an answer")?.to_vec();
        }
        Ok(&self.body)
    }

    fn chunks(&mut self) -> Result<()> {
        loop {
            let end = loop {
                match self.buffer[..self.filled].windows(2).position(|two| two == b"\r\n") {
                    Some(at) => break at,
                    None => self.fill()?,
                }
            };
            let length = usize::from_str_radix(std::str::from_utf8(&self.buffer[..end])?.trim(), 16)?;
            self.consume(end + 2);
            self.take(length)?;
            let kept = self.body.len();
            self.take(2)?;
            self.body.truncate(kept);
            if length == 0 {
                return Ok(());
            }
        }
    }

    /// Moves so many bytes to the body.
    fn take(&mut self, length: usize) -> Result<()> {
        let mut missing = length;
        while missing > 0 {
            if self.filled == 0 {
                self.fill()?;
            }
            let count = missing.min(self.filled);
            self.body.extend_from_slice(&self.buffer[..count]);
            self.consume(count);
            missing -= count;
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<()> {
        if self.buffer.len() < self.filled + READ / 4 {
            // Small at first: a thousand connections hold one each.
            let size = if self.buffer.is_empty() { READ / 16 } else { self.buffer.len() * 2 };
            self.buffer.resize(size.max(self.filled + READ / 16), 0);
        }
        let count = self.stream.read(&mut self.buffer[self.filled..])?;
        if count == 0 {
            return Err("the server closed the connection, or was stopped because it took too long".into());
        }
        self.filled += count;
        Ok(())
    }

    fn consume(&mut self, count: usize) {
        self.buffer.copy_within(count..self.filled, 0);
        self.filled -= count;
    }
}

/// The answer in a stream of events: the last one that has a number.
fn event(stream: &[u8]) -> Option<&[u8]> {
    let lines = stream.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data:"));
    let lines = lines.map(<[u8]>::trim_ascii).filter(|data| data.starts_with(b"{"));
    lines.rev().find(|data| data.windows(5).any(|window| window == br#""id":"#))
}

impl Channel for Http {
    fn queue(&mut self, request: &Request, id: u32) {
        self.head(request.era, request.job.method(), request.job.tool(), request.len());
        request.write(&mut self.queued, id);
    }

    fn flush(&mut self) -> Result<()> {
        self.stream.write_all(&self.queued)?;
        self.queued.clear();
        Ok(())
    }

    fn has_message(&self) -> bool {
        false
    }

    fn message(&mut self) -> Result<&[u8]> {
        self.response()
    }
}
