//! Lines that a user types. They are read in a thread of their own, because a read from a terminal cannot be given up: the
//! thread waits for a line that was not wanted any more, and ends with the process.

use std::io::BufRead as _;
use std::thread;

use tokio::sync::mpsc;

use crate::print::Console;

/// The longest answer in bytes; the rest of a longer one is not read.
const LONGEST: usize = 64 * 1024;

/// Standard input, line by line.
#[derive(Default)]
pub(super) struct Lines(Option<Reader>);

struct Reader {
    /// Asks the thread for a line.
    wants: std::sync::mpsc::Sender<()>,
    lines: mpsc::UnboundedReceiver<Option<String>>,
}

impl Lines {
    /// Asks for a line; `None` at the end of the input.
    pub(super) async fn ask(&mut self, prompt: &str, console: &Console) -> Option<String> {
        console.say(prompt, "");
        let reader = self.0.get_or_insert_with(Reader::start);
        reader.wants.send(()).ok()?;
        let line = reader.lines.recv().await.flatten();
        if line.is_none() {
            // The prompt's line is still open.
            console.say("", "\n");
        }
        line
    }
}

impl Reader {
    fn start() -> Self {
        let (wants, wanted) = std::sync::mpsc::channel();
        let (found, lines) = mpsc::unbounded_channel();
        thread::spawn(move || while wanted.recv().is_ok() && found.send(read()).is_ok() {});
        Self { wants, lines }
    }
}

fn read() -> Option<String> {
    let mut bytes = Vec::new();
    let mut input = std::io::Read::take(std::io::stdin().lock(), LONGEST as u64);
    match input.read_until(b'\n', &mut bytes) {
        Ok(1..) => Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned()),
        _ => None,
    }
}
