//! The soak driver in short: good servers pass, and each thing that a server keeps on purpose is noticed. One at a time: they
//! load the machine.

#![cfg(target_os = "linux")]

use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// Runs for seconds; gives what it said.
fn soak(arguments: &[&str]) -> (Output, String) {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let output = Command::new(env!("CARGO_BIN_EXE_soak")).args(arguments).env("RUST_BACKTRACE", "0").output().unwrap();
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].map(String::from_utf8_lossy).concat();
    (output, said)
}

/// Fails unless it noticed these things, and nothing else, of every server.
#[track_caller]
fn notices(leaks: &str, seconds: u32, says: &[&str]) {
    let minutes = (f64::from(seconds) / 60.0).to_string();
    let (output, said) = soak(&["--minutes", &minutes, "--quiet", "8", "--leak", leaks]);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let wrong: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("- ")).collect();
    for server in ["http", "stdio 2025-11-25", "stdio 2026-07-28"] {
        for says in says {
            assert!(
                wrong.iter().any(|line| line.starts_with(&format!("{server}: {says}"))),
                "{server}, {says}: {said}"
            );
        }
    }
    assert!(wrong.iter().all(|line| says.iter().any(|says| line.contains(&format!(": {says}")))), "{said}");
}

#[test]
fn good_servers_hold_nothing_afterwards() {
    let (output, said) = soak(&["--minutes", "0.15", "--seed", "7"]);
    assert!(output.status.success(), "{said}");
    for line in ["9 s with the seed 7", "nothing is left behind"] {
        assert!(said.lines().any(|known| known == line), "{said}");
    }
}

#[test]
fn memory_that_is_kept_is_noticed() {
    notices("memory", 8, &["the memory grows by "]);
}

#[test]
fn what_never_ends_is_noticed() {
    notices("tasks,files,threads", 4, &["tasks of the runtime are ", "descriptors are ", "threads are "]);
}

#[test]
fn what_the_command_line_may_not_say_is_refused() {
    for (arguments, why) in [
        (["--minutes", "0"], "must be at least"),
        (["--minutes", "x"], "invalid float"),
        (["--leak", "tasks,time"], "nothing that can leak is called `time`"),
        (["--hours", "1"], "unknown option `--hours`"),
    ] {
        let (output, said) = soak(&arguments);
        assert_eq!((output.status.code(), said.contains(why)), (Some(1), true), "{arguments:?}: {said}");
    }
}
