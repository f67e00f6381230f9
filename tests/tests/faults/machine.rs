//! The server that is tried, what its process holds, and the machine that all tests share.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use mcp_tests::http::Site;
use mcp_tests::process::{PATIENCE, Process};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};

pub(crate) const FAULTY: &str = env!("CARGO_BIN_EXE_faulty");
/// In KiB, as the system counts memory.
pub(crate) const MIB: u64 = 1024;

static MACHINE: RwLock<()> = RwLock::new(());

/// Nothing else runs meanwhile: for what loads the machine.
pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}

/// Others may run meanwhile: for what mostly waits.
pub(crate) fn beside() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

/// `short`, or `long` if the long form is wanted.
pub(crate) fn span(short: Duration, long: Duration) -> Duration {
    if std::env::var_os("MCP_TESTS_LONG").is_some() { long } else { short }
}

/// The server over HTTP.
pub(crate) fn over_http(environment: &[(&str, &str)]) -> (Process, Site) {
    let process = Process::start_with(FAULTY, &["--http", "127.0.0.1:0"], environment);
    process.wait_for_error("listening at http://");
    let errors = process.errors();
    let address = errors.split_once("http://").and_then(|(_, rest)| rest.lines().next()?.strip_suffix("/mcp"));
    let site = Site::at(address.expect("it says where it listens").parse().unwrap());
    (process, site)
}

/// The arguments of a function of the server that has a name, and most have a time.
pub(crate) fn named(tool: &str, name: &str, millis: u64) -> Value {
    match tool {
        "wait" | "chatter" | "deadlock" | "deadlock_later" => json!({ "name": name }),
        _ => json!({ "name": name, "millis": millis }),
    }
}

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) threads: u64,
    pub(crate) files: usize,
    /// In KiB.
    pub(crate) memory: u64,
}

impl Held {
    pub(crate) fn by(process: &Process) -> Self {
        let files = std::fs::read_dir(format!("/proc/{}/fd", process.id())).unwrap().count();
        Self { threads: process.measured("status", "Threads"), files, memory: process.measured("status", "VmRSS") }
    }

    /// What it holds once nothing changes any more.
    pub(crate) fn at_rest(process: &Process) -> Self {
        let (mut held, mut same, start) = (Self::by(process), 0, Instant::now());
        while same < 5 {
            assert!(start.elapsed() < PATIENCE, "it never comes to rest: {held:?}");
            std::thread::sleep(Duration::from_millis(50));
            let now = Self::by(process);
            same = if (now.files, now.threads) == (held.files, held.threads) { same + 1 } else { 0 };
            held = now;
        }
        held
    }

    /// Waits until the process holds what it should.
    pub(crate) fn until(process: &Process, time: Duration, is_so: impl Fn(&Self) -> bool) -> Self {
        let start = Instant::now();
        loop {
            let held = Self::by(process);
            if is_so(&held) {
                return held;
            }
            assert!(start.elapsed() < time, "it holds {held:?}; standard error says:\n{}", process.errors());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Waits until standard error has said this so many times.
pub(crate) fn wait_for_all(process: &Process, text: &str, count: usize) {
    let start = Instant::now();
    loop {
        let said = process.errors().matches(text).count();
        if said >= count {
            return;
        }
        assert!(start.elapsed() < 3 * PATIENCE, "{said} times {text:?} instead of {count}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The processor time that the process has used, in hundredths of a second.
pub(crate) fn worked(process: &Process) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap();
    // The name in parentheses may hold blanks; user and system time are the 12th and 13th fields after it.
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
    fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
}

/// Fails unless the server answers calls over HTTP, each on a connection of its own and soon.
pub(crate) fn assert_serves(site: &Site) -> Duration {
    let start = Instant::now();
    assert_eq!(site.call("add", json!({ "a": 1, "b": 2 })).said(), "3");
    let took = start.elapsed();
    assert!(took < PATIENCE, "a healthy call took {took:?}");
    took
}

/// Lets whatever is made once be made, before anything is counted; says what the process holds then.
pub(crate) fn warmed(process: &Process, site: &Site) -> Held {
    for _ in 0..20 {
        assert_serves(site);
    }
    Held::at_rest(process)
}

/// As many files as may be open in a process, after as many as the system gives were asked for. Processes that are started from
/// here have them too.
pub(crate) fn files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let limit = getrlimit(Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
