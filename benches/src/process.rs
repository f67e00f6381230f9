//! One running server: how much time and memory the operating system says it took, and a limit after which it is killed, so that
//! whoever waits for it never waits forever.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::server::{Server, Transport, target};

/// A tick of `/proc/PID/stat`.
const TICK: Duration = Duration::from_millis(10);
/// How much the two ways to measure time may differ by their granularity.
const BLUR: Duration = Duration::from_millis(30);

pub(crate) struct Process {
    watched: Arc<Watched>,
    id: u32,
}

struct Watched {
    child: Mutex<Child>,
    limit: Mutex<Instant>,
}

impl Process {
    /// Starts a server and kills it after `limit`, unless [`Self::extend`] gives it more time.
    pub(crate) fn start(
        server: &Server,
        transport: Transport,
        address: Option<&str>,
        variables: &[(&str, String)],
        limit: Duration,
    ) -> Result<(Self, Option<(ChildStdin, ChildStdout)>)> {
        let arguments = server.arguments(transport).ok_or_else(|| format!("{} does not speak that", server.name))?;
        let is_piped = transport == Transport::Stdio;
        let pipe = || if is_piped { Stdio::piped() } else { Stdio::null() };
        let mut command = Command::new(server.binary());
        command.args(arguments).args(address).envs(variables.iter().cloned());
        command.stdin(pipe()).stdout(pipe()).stderr(log(server.name)?);
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", server.binary().display()))?;
        let id = child.id();
        let pipes = child.stdin.take().zip(child.stdout.take());
        let watched = Arc::new(Watched { child: Mutex::new(child), limit: Mutex::new(Instant::now() + limit) });
        watch(&watched);
        Ok((Self { watched, id }, pipes))
    }

    /// Gives it this long from now.
    pub(crate) fn extend(&self, limit: Duration) {
        *lock(&self.watched.limit) = Instant::now() + limit;
    }

    /// How much time its threads took until now.
    pub(crate) fn time(&self) -> Result<Time> {
        let mut threads = Vec::new();
        for entry in fs::read_dir(format!("/proc/{}/task", self.id))? {
            let path = entry?.path();
            // A thread may end while it is looked at.
            let Ok(text) = fs::read_to_string(path.join("schedstat")) else { continue };
            let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0);
            threads.push((path, Duration::from_nanos(nanos)));
        }
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id))?;
        // Behind the name in parentheses, which may hold anything: user time and system time are the 14th and 15th fields.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().skip(11);
        let ticks: u32 = fields.take(2).filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
        Ok(Time { threads, all: TICK * ticks })
    }

    /// Its resident memory in KiB.
    pub(crate) fn resident(&self) -> Result<f64> {
        resident(self.id)
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = lock(&self.watched.child);
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The resident memory of a process in KiB.
pub(crate) fn resident(id: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("a process without VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// How much time a process took, by thread and altogether.
pub(crate) struct Time {
    threads: Vec<(PathBuf, Duration)>,
    /// In ticks, but with those threads that have ended.
    all: Duration,
}

impl Time {
    /// How much it took since `earlier`: exactly, unless threads have ended meanwhile.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let sum = |time: &Self| time.threads.iter().map(|(_, time)| *time).sum::<Duration>();
        let all = self.all.saturating_sub(earlier.all);
        let exact = sum(self).saturating_sub(sum(earlier));
        if all > exact + BLUR { all } else { exact }
    }
}

/// Where a server's standard error goes.
fn log(name: &str) -> Result<fs::File> {
    let folder = target().join("bench-logs");
    fs::create_dir_all(&folder)?;
    let file = fs::OpenOptions::new().create(true).append(true).open(folder.join(format!("{name}.log")))?;
    Ok(file)
}

fn watch(watched: &Arc<Watched>) {
    static ALL: OnceLock<Mutex<Vec<Weak<Watched>>>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        thread::spawn(|| {
            loop {
                thread::sleep(Duration::from_millis(100));
                let Some(all) = ALL.get() else { continue };
                lock(all).retain(|watched| watched.upgrade().is_some_and(|watched| watched.check().is_ok()));
            }
        });
        Mutex::default()
    });
    lock(all).push(Arc::downgrade(watched));
}

impl Watched {
    fn check(&self) -> io::Result<()> {
        if Instant::now() > *lock(&self.limit) { lock(&self.child).kill() } else { Ok(()) }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
