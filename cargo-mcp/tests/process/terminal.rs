//! Runs `cargo mcp` on a pseudo-terminal, as a person does.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Where this variable is set, what cannot run is a failure.
const NOTHING_LEFT_OUT: &str = "MCP_TESTS_NOTHING_LEFT_OUT";

/// What a person saw who typed this after a time, and the exit code; `None` where there is no `script` of util-linux.
pub(crate) fn on_terminal(
    folder: &Path,
    line: &[&str],
    typed: (Duration, &str),
    variables: &[(&str, &str)],
) -> Option<(i32, String)> {
    let quoted = |word: &&str| format!("'{}'", word.replace('\'', "'\\''"));
    let words: Vec<_> = [env!("CARGO_BIN_EXE_cargo-mcp")].iter().chain(line).map(quoted).collect();
    let spawned = Command::new("script")
        .args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"])
        .current_dir(folder)
        .env_remove("CI")
        .env("NO_COLOR", "1")
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = spawned else {
        assert!(std::env::var_os(NOTHING_LEFT_OUT).is_none(), "nothing may be left out here: there is no `script`");
        println!("left out: there is no `script` of util-linux here");
        return None;
    };
    let mut stdin = child.stdin.take().expect("a pipe");
    let (after, typed) = (typed.0, typed.1.to_owned());
    // The end of the input is one of the terminal's, too: it comes once everything is read.
    let typing = thread::spawn(move || {
        thread::sleep(after);
        let _ = stdin.write_all(typed.as_bytes()).and_then(|()| stdin.flush());
        thread::sleep(Duration::from_secs(20));
    });
    let output = child.wait_with_output().expect("script runs");
    drop(typing);
    Some((output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).replace('\r', "")))
}
