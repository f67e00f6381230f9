//! A server that runs as a child process, and its way out: end of input first, then SIGTERM, then SIGKILL. Floor 6.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::connect::{Connect, Source, sealed};
use super::connection::{Connection, Opening};
use super::error::{Error, visible};
use crate::error::quoted;
use crate::transport::frame::{Line, Lines};

/// The longest line of standard error that is handed on; a longer one is skipped.
const STDERR_LINE: usize = 64 * 1024;
/// How much of the end of standard error is kept to explain an end.
const LAST_WORDS: usize = 2 * 1024;
/// How long what is written last is waited for.
const LINGER: Duration = Duration::from_millis(500);
/// How long a killed process may take to be gone.
const REAPING: Duration = Duration::from_secs(5);

/// A server that is started as a child process, see [`Client::command`](super::Client::command).
pub struct Process {
    command: Mutex<Command>,
    stderr: Stderr,
}

type OnStderr = Box<dyn FnMut(String) + Send>;

/// Where standard error goes.
#[derive(Clone)]
enum Stderr {
    /// Where that of this process goes.
    PassedOn,
    /// To a listener, line by line.
    Listener(Arc<Mutex<OnStderr>>),
    /// Wherever the user said.
    Elsewhere,
}

impl Process {
    pub(super) fn new(program: &OsStr) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        Self { command: Mutex::new(command), stderr: Stderr::PassedOn }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the whole command: its environment may hold secrets.
        let command = self.command.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_tuple("Process").field(&command.as_std().get_program()).finish()
    }
}

impl Connect<Process> {
    fn command(&mut self) -> &mut Command {
        self.source.command.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command().arg(argument);
        self
    }

    /// Adds arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command().args(arguments);
        self
    }

    /// Sets a variable of the environment, which is otherwise that of this process.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command().env(name, value);
        self
    }

    /// Removes a variable from the environment.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command().env_remove(name);
        self
    }

    /// Removes every variable from the environment, so that the server sees only those that are set from here on.
    pub fn env_clear(mut self) -> Self {
        self.command().env_clear();
        self
    }

    /// Sets the directory that the server starts in, which is otherwise that of this process.
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.command().current_dir(directory);
        self
    }

    /// Where the server's standard error goes; unless set, where that of this process goes, through a pipe: what was written
    /// last explains a server that ends while it connects, in the cause of [`Error::Closed`].
    ///
    /// `Stdio::null()` silences it, a `File` keeps it; for its lines see [`Self::on_stderr`].
    pub fn stderr(mut self, to: impl Into<Stdio>) -> Self {
        self.command().stderr(to);
        self.source.stderr = Stderr::Elsewhere;
        self
    }

    /// Calls `f` with every line that the server writes to standard error, which then goes nowhere else.
    ///
    /// Lines of more than 64 KiB are skipped. Bytes that are not UTF-8 come as `U+FFFD`.
    pub fn on_stderr(mut self, f: impl FnMut(String) + Send + 'static) -> Self {
        self.command().stderr(Stdio::piped());
        self.source.stderr = Stderr::Listener(Arc::new(Mutex::new(Box::new(f))));
        self
    }
}

impl Source for Process {}

impl sealed::Open for Process {
    fn open(&self, opening: Opening) -> Result<Connection, Error> {
        let mut command = self.command.lock().unwrap_or_else(PoisonError::into_inner);
        let name = name(&command);
        let failed = |error: io::Error| Error::Start { server: name.clone(), source: Box::new(error) };
        let mut child = command.spawn().map_err(&failed)?;
        drop(command);
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(io::Error::other("its standard streams are not there")));
        };
        let listener = child.stderr.take().map(|stderr| Listener::new(stderr, self.stderr.clone()));
        let keeper = Keeper::new(child, listener, opening.grace);
        Ok(Connection::streams(opening, Box::pin(stdout), Box::pin(stdin), Some(keeper)))
    }

    fn opens_again(&self) -> bool {
        true
    }

    fn server(&self) -> String {
        name(&self.command.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The server by its program alone: its arguments may hold secrets.
fn name(command: &Command) -> String {
    format!("the server {}", quoted(&command.as_std().get_program().to_string_lossy()))
}

/// The task that reads standard error. Aborted when it is dropped.
#[derive(Debug)]
struct Listener {
    task: AbortHandle,
    /// How it ends.
    tail: Arc<Mutex<Vec<u8>>>,
    is_over: watch::Receiver<bool>,
}

impl Listener {
    fn new(stderr: ChildStderr, to: Stderr) -> Self {
        let tail = Arc::<Mutex<Vec<u8>>>::default();
        let (over, is_over) = watch::channel(false);
        let listening = listen(stderr, to, Arc::clone(&tail));
        let task = tokio::spawn(async move {
            listening.await;
            over.send_replace(true);
        });
        Self { task: task.abort_handle(), tail, is_over }
    }

    /// Waits until everything is read. Dropping the future is harmless.
    async fn end(&self) {
        // It fails when the task is gone, and then nothing more is read.
        let _ = self.is_over.clone().wait_for(|is_over| *is_over).await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads standard error to its end, whether or not anybody listens: a server must not wait for it.
async fn listen(mut stderr: ChildStderr, to: Stderr, tail: Arc<Mutex<Vec<u8>>>) {
    let mut lines = Lines::new(STDERR_LINE);
    let mut chunk = vec![0; 8 * 1024];
    let tell = |line: Line<'_>| {
        if let (Stderr::Listener(on_line), Line::Whole(line)) = (&to, line) {
            let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
            let mut on_line = on_line.lock().unwrap_or_else(PoisonError::into_inner);
            // The panic of a listener is on this process's standard error by now.
            let _ = catch_unwind(AssertUnwindSafe(|| on_line(line)));
        }
    };
    while let Ok(read @ 1..) = stderr.read(&mut chunk).await {
        let bytes = &chunk[..read];
        remember(&tail, bytes);
        match &to {
            Stderr::Listener(_) => {
                lines.push(bytes);
                while let Some(line) = lines.next() {
                    tell(line);
                }
            }
            Stderr::PassedOn => {
                let mut out = tokio::io::stderr();
                // A process without a standard error does without.
                let _ = out.write_all(bytes).await;
                let _ = out.flush().await;
            }
            Stderr::Elsewhere => {}
        }
    }
    if let Some(line) = lines.rest() {
        tell(line);
    }
}

/// Keeps the end of what was written.
fn remember(tail: &Mutex<Vec<u8>>, bytes: &[u8]) {
    let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
    tail.extend_from_slice(bytes);
    let surplus = tail.len().saturating_sub(LAST_WORDS);
    tail.drain(..surplus);
}

/// The task that owns the child. When it is aborted, the child is killed.
#[derive(Debug)]
pub(super) struct Keeper {
    exit: Exit,
    stop: Arc<Notify>,
    listener: Option<Listener>,
    pub(super) task: AbortHandle,
}

/// Tells when and how the process ends.
#[derive(Clone, Debug)]
pub(super) struct Exit(watch::Receiver<Option<ExitStatus>>);

impl Exit {
    /// Waits for the end of the process; `None` if nobody can tell how it ended. Dropping the future is harmless.
    pub(super) async fn status(&self) -> Option<ExitStatus> {
        self.0.clone().wait_for(Option::is_some).await.ok().and_then(|status| *status)
    }
}

impl Keeper {
    fn new(child: Child, listener: Option<Listener>, grace: Duration) -> Self {
        let (sender, exit) = watch::channel(None);
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn(keep(child, sender, Arc::clone(&stop), grace)).abort_handle();
        Self { exit: Exit(exit), stop, listener, task }
    }

    pub(super) fn exit(&self) -> Exit {
        self.exit.clone()
    }

    /// Waits for the process to end after its input did, and ends it when it takes too long.
    pub(super) async fn stop(&self) -> Option<ExitStatus> {
        self.stop.notify_one();
        let status = self.exit.status().await;
        if let Some(listener) = &self.listener {
            // Something else may hold the pipe open.
            let _ = timeout(LINGER, listener.end()).await;
        }
        status
    }

    /// What the process wrote to standard error last, once it has ended; `None` if that was nothing.
    pub(super) async fn last_words(&self) -> Option<String> {
        let listener = self.listener.as_ref()?;
        listener.end().await;
        let tail = listener.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let text = visible(String::from_utf8_lossy(&tail).trim());
        (!text.is_empty()).then(|| format!("it wrote to standard error: {text}"))
    }
}

/// Follows 2025-11-25, "Lifecycle", "Shutdown", and 2026-07-28, "stdio", "Shutdown".
async fn keep(mut child: Child, status: watch::Sender<Option<ExitStatus>>, stop: Arc<Notify>, grace: Duration) {
    let mut ended = tokio::select! {
        ended = child.wait() => Some(ended),
        () = stop.notified() => timeout(grace, child.wait()).await.ok(),
    };
    if ended.is_none() && terminate(&child) {
        ended = timeout(grace, child.wait()).await.ok();
    }
    if ended.is_none() {
        // It fails when the process has ended meanwhile, and then waiting tells how.
        let _ = child.start_kill();
        ended = timeout(REAPING, child.wait()).await.ok();
    }
    status.send_replace(ended.and_then(Result::ok));
}

/// Asks the process to end; says whether it could be asked.
#[cfg(unix)]
fn terminate(child: &Child) -> bool {
    use rustix::process::{Pid, Signal, kill_process};

    // The id is still the child's: nobody has waited for it yet, or there would be none.
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    id.is_some_and(|id| kill_process(id, Signal::TERM).is_ok())
}

/// There is no such request that a process without a window would get.
#[cfg(not(unix))]
fn terminate(_: &Child) -> bool {
    false
}
