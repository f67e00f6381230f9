//! Lines over standard input and output: blocking reads, every complete line of what came answered in place, one write for all.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use memchr::memchr_iter;
use tokio::runtime::{Builder, Handle};

use crate::answer::{Step, answer};

/// How much is read at once.
const READ: usize = 64 * 1024;

/// Calls that wait hold up everything.
pub(crate) fn blocking() -> io::Result<()> {
    let mut output = output()?;
    lines(
        |line, out| {
            if let Step::Later(time, due) = answer(line, None, out) {
                thread::sleep(time);
                due.write(out);
            }
        },
        |out| output.write_all(out),
    )
}

/// Calls that wait are tasks.
pub(crate) fn with_runtime() -> io::Result<()> {
    let runtime = Builder::new_multi_thread().enable_time().build()?;
    let handle: Handle = runtime.handle().clone();
    let output = Arc::new(Mutex::new(output()?));
    let write = |output: &Mutex<File>, out: &[u8]| output.lock().unwrap_or_else(PoisonError::into_inner).write_all(out);
    lines(
        |line, out| {
            if let Step::Later(time, due) = answer(line, None, out) {
                let output = Arc::clone(&output);
                handle.spawn(async move {
                    tokio::time::sleep(time).await;
                    let mut out = Vec::with_capacity(128);
                    due.write(&mut out);
                    out.push(b'\n');
                    // Nobody reads any more: the process is about to end.
                    let _ = write(&output, &out);
                });
            }
        },
        |out| write(&output, out),
    )
}

/// Standard output without the buffer that the standard library puts before it.
fn output() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Gives every line to `answer`, and what that wrote for the lines of one read to `write`.
fn lines(
    mut answer: impl FnMut(&[u8], &mut Vec<u8>),
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let (mut buffer, mut out) = (vec![0; READ], Vec::new());
    let mut filled = 0;
    loop {
        if buffer.len() - filled < READ / 2 {
            buffer.resize(buffer.len() * 2, 0);
        }
        let count = input.read(&mut buffer[filled..])?;
        if count == 0 {
            return Ok(());
        }
        let looked_at = filled;
        filled += count;
        let mut begin = 0;
        for end in memchr_iter(b'\n', &buffer[looked_at..filled]).map(|at| looked_at + at) {
            let start = out.len();
            answer(&buffer[begin..end], &mut out);
            if out.len() > start {
                out.push(b'\n');
            }
            begin = end + 1;
        }
        buffer.copy_within(begin..filled, 0);
        filled -= begin;
        if !out.is_empty() {
            write(&out)?;
            out.clear();
        }
    }
}
