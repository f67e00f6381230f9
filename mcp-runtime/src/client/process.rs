//! A server that runs as a child process, and its way out: end of input first, then SIGTERM, then SIGKILL. Floor 6.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::connect::{Connect, Opened, Source, sealed};
use super::error::Error;
use crate::error::quoted;
use crate::transport::frame::{Line, Lines};

/// The longest line of standard error that is handed on; a longer one is skipped.
const STDERR_LINE: usize = 64 * 1024;
/// How long a killed process may take to be gone.
const REAPING: Duration = Duration::from_secs(5);

/// A server that is started as a child process, see [`Client::command`](super::Client::command).
pub struct Process {
    command: Command,
    on_stderr: Option<OnStderr>,
}

type OnStderr = Box<dyn FnMut(String) + Send>;

impl Process {
    pub(super) fn new(program: &OsStr) -> Self {
        Self { command: Command::new(program), on_stderr: None }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the whole command: its environment may hold secrets.
        f.debug_tuple("Process").field(&self.command.as_std().get_program()).finish()
    }
}

impl Connect<Process> {
    /// Adds an argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.source.command.arg(argument);
        self
    }

    /// Adds arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.source.command.args(arguments);
        self
    }

    /// Sets a variable of the environment, which is otherwise that of this process.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.source.command.env(name, value);
        self
    }

    /// Removes a variable from the environment.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.source.command.env_remove(name);
        self
    }

    /// Removes every variable from the environment, so that the server sees only those that are set from here on.
    pub fn env_clear(mut self) -> Self {
        self.source.command.env_clear();
        self
    }

    /// Sets the directory that the server starts in, which is otherwise that of this process.
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.source.command.current_dir(directory);
        self
    }

    /// Where the server's standard error goes; unless set, where that of this process goes.
    ///
    /// `Stdio::null()` silences it, a `File` keeps it; for its lines see [`Self::on_stderr`].
    pub fn stderr(mut self, to: impl Into<Stdio>) -> Self {
        self.source.command.stderr(to);
        self.source.on_stderr = None;
        self
    }

    /// Calls `f` with every line that the server writes to standard error, which then goes nowhere else.
    ///
    /// Lines of more than 64 KiB are skipped. Bytes that are not UTF-8 come as `U+FFFD`.
    pub fn on_stderr(mut self, f: impl FnMut(String) + Send + 'static) -> Self {
        self.source.command.stderr(Stdio::piped());
        self.source.on_stderr = Some(Box::new(f));
        self
    }
}

impl Source for Process {}

impl sealed::Open for Process {
    fn open(mut self, grace: Duration) -> Result<Opened, Error> {
        let name = quoted(&self.command.as_std().get_program().to_string_lossy());
        let failed = |error: io::Error| Error::Start { server: name.clone(), source: Box::new(error) };
        let spawned = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = spawned.map_err(&failed)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(io::Error::other("its standard streams are not there")));
        };
        let listener = child.stderr.take().map(|stderr| tokio::spawn(listen(stderr, self.on_stderr)).abort_handle());
        let keeper = Keeper::new(child, grace);
        Ok(Opened { reader: Box::pin(stdout), writer: Box::pin(stdin), keeper: Some(keeper), listener })
    }
}

/// Reads standard error to its end, whether or not anybody listens: a server must not wait for it.
async fn listen(mut stderr: ChildStderr, mut on_line: Option<OnStderr>) {
    let mut lines = Lines::new(STDERR_LINE);
    let mut chunk = vec![0; 8 * 1024];
    let mut tell = |line: Line| {
        if let (Some(on_line), Line::Whole(line)) = (&mut on_line, line) {
            let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(&line)).into_owned();
            // The panic of a listener is on this process's standard error by now.
            let _ = catch_unwind(AssertUnwindSafe(|| on_line(line)));
        }
    };
    while let Ok(read @ 1..) = stderr.read(&mut chunk).await {
        lines.push(&chunk[..read]);
        while let Some(line) = lines.next() {
            tell(line);
        }
    }
    if let Some(line) = lines.rest() {
        tell(line);
    }
}

/// The task that owns the child. When it is aborted, the child is killed.
#[derive(Debug)]
pub(super) struct Keeper {
    exit: Exit,
    stop: Arc<Notify>,
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
    fn new(child: Child, grace: Duration) -> Self {
        let (sender, exit) = watch::channel(None);
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn(keep(child, sender, Arc::clone(&stop), grace)).abort_handle();
        Self { exit: Exit(exit), stop, task }
    }

    pub(super) fn exit(&self) -> Exit {
        self.exit.clone()
    }

    /// Waits for the process to end after its input did, and ends it when it takes too long.
    pub(super) async fn stop(&self) -> Option<ExitStatus> {
        self.stop.notify_one();
        self.exit.status().await
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
