//! Takes standard input and output away from the rest of the process, as far as Unix lets safe code do it. Floor 5.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio;

static TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes both streams for the protocol. From here on standard output is standard error, and standard input is empty,
/// for this process and for those it starts.
pub(super) fn take() -> io::Result<(File, File)> {
    if TAKEN.swap(true, Ordering::AcqRel) {
        return Err(io::Error::other("they are being served already"));
    }
    let input = fcntl_dupfd_cloexec(stdio::stdin(), 3)?;
    let output = fcntl_dupfd_cloexec(stdio::stdout(), 3)?;
    stdio::dup2_stdin(File::open("/dev/null")?)?;
    stdio::dup2_stdout(stdio::stderr())?;
    Ok((File::from(input), File::from(output)))
}
