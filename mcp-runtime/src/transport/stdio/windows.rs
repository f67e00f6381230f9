//! Takes standard input and output for the protocol, as far as Windows lets safe code do it. Floor 5.

use std::fs::File;
use std::io;
use std::os::windows::io::AsHandle;
use std::sync::atomic::{AtomicBool, Ordering};

static TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes both streams for the protocol. Without `unsafe` the process's own handles cannot be exchanged here, so a
/// tool that prints must do so on standard error by itself.
pub(super) fn take() -> io::Result<(File, File)> {
    if TAKEN.swap(true, Ordering::AcqRel) {
        return Err(io::Error::other("they are being served already"));
    }
    let input = io::stdin().as_handle().try_clone_to_owned()?;
    let output = io::stdout().as_handle().try_clone_to_owned()?;
    Ok((File::from(input), File::from(output)))
}
