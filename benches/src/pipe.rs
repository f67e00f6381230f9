//! A server's standard input and output.

use std::io::{Read, Write};
use std::process::{ChildStdin, ChildStdout};

use crate::Result;
use crate::load::Channel;
use crate::wire::Request;

const READ: usize = 256 * 1024;

pub(crate) struct Pipe {
    pub(crate) input: ChildStdin,
    pub(crate) output: Lines,
    queued: Vec<u8>,
}

impl Pipe {
    pub(crate) fn new((input, output): (ChildStdin, ChildStdout)) -> Self {
        Self { input, output: Lines { from: output, buffer: vec![0; READ], start: 0, end: 0 }, queued: Vec::new() }
    }

    /// Sends a line that nothing answers.
    pub(crate) fn notify(&mut self, line: &str) -> Result<()> {
        self.input.write_all(format!("{line}\n").as_bytes())?;
        Ok(())
    }
}

impl Channel for Pipe {
    fn queue(&mut self, request: &Request, id: u32) {
        request.write(&mut self.queued, id);
        self.queued.push(b'\n');
    }

    fn flush(&mut self) -> Result<()> {
        self.input.write_all(&self.queued)?;
        self.queued.clear();
        Ok(())
    }

    fn has_message(&self) -> bool {
        self.output.line().is_some()
    }

    fn message(&mut self) -> Result<&[u8]> {
        self.output.next()
    }
}

/// What a server writes, line by line.
pub(crate) struct Lines {
    from: ChildStdout,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Lines {
    /// Where the next line ends, if all of it is there.
    fn line(&self) -> Option<usize> {
        self.buffer[self.start..self.end].iter().position(|byte| *byte == b'\n').map(|length| self.start + length)
    }

    /// The next line.
    pub(crate) fn next(&mut self) -> Result<&[u8]> {
        let mut looked_at = self.start;
        loop {
            let found = self.buffer[looked_at..self.end].iter().position(|byte| *byte == b'\n');
            if let Some(end) = found.map(|length| looked_at + length) {
                let start = std::mem::replace(&mut self.start, end + 1);
                return Ok(&self.buffer[start..end]);
            }
            looked_at = self.end;
            if self.end == self.buffer.len() {
                self.buffer.copy_within(self.start.., 0);
                (looked_at, self.end, self.start) = (looked_at - self.start, self.end - self.start, 0);
                if self.end * 2 > self.buffer.len() {
                    self.buffer.resize(self.buffer.len() * 2, 0);
                }
            }
            let count = self.from.read(&mut self.buffer[self.end..])?;
            if count == 0 {
                return Err("the server closed its output, or was stopped because it took too long".into());
            }
            self.end += count;
        }
    }
}
