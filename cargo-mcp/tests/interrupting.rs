//! Ctrl-C, as a terminal says it to all that run on it and as one says it to the program alone.

#![cfg(unix)]

#[expect(dead_code, reason = "other tests need more of it")]
mod process;
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "process/stub.rs"]
mod stub;

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use process::Scratch;
use serde_json::json;
use stub::Stub;

/// How long a machine that is busy may take for what takes no time.
const PATIENCE: Duration = Duration::from_mins(1);

/// Starts the program, waits until it is where it is to be interrupted, and says how it ended and what it said.
fn interrupted(folder: &Path, line: &[&str], is_there: impl Fn() -> bool, is_to_all: bool) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-mcp"))
        .args(line)
        .current_dir(folder)
        .env("TMPDIR", folder.join("tmp"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("cargo-mcp runs");
    let begun = Instant::now();
    while !is_there() {
        assert!(begun.elapsed() < PATIENCE && child.try_wait().expect("a child").is_none(), "{line:?}: it never came");
        sleep(Duration::from_millis(10));
    }
    // The other end of standard input stays open until the end.
    let input = child.stdin.take();
    let whom = if is_to_all { format!("-{}", child.id()) } else { child.id().to_string() };
    assert!(Command::new("kill").args(["-INT", "--", &whom]).status().is_ok_and(|status| status.success()));
    let output = child.wait_with_output().expect("it ends");
    drop(input);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A package whose build takes long, and says when it has begun.
fn slow(folder: &Path) {
    fs::create_dir_all(folder.join("src")).expect("a folder");
    fs::create_dir_all(folder.join("tmp")).expect("a folder");
    let manifest = "[package]\nname = \"slow\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    fs::write(folder.join("src/main.rs"), "fn main() {}\n").expect("a file");
    let begun = folder.join("begun").display().to_string();
    let script = format!(
        "fn main() {{\n    std::fs::write({begun:?}, \"\").expect(\"a file\");\n    std::thread::sleep(std::time::Duration::from_secs(50));\n}}\n"
    );
    fs::write(folder.join("build.rs"), script).expect("a file");
}

#[test]
fn a_build_is_interrupted_at_once() {
    for is_to_all in [true, false] {
        let scratch = Scratch::new("interrupting");
        slow(&scratch.0);
        let begun = scratch.0.join("begun");
        let (code, told) = interrupted(&scratch.0, &["list"], || begun.exists(), is_to_all);
        assert_eq!(code, Some(130), "{told}");
        assert!(told.ends_with("error: interrupted\n"), "{told}");
    }
}

#[test]
fn an_interrupted_comparison_leaves_no_checkout_behind() {
    let scratch = Scratch::new("interrupting-diff");
    slow(&scratch.0);
    let git = |line: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").args(identity).args(line).current_dir(&scratch.0).output().expect("git runs");
        assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    git(&["init", "--quiet"]);
    git(&["add", "Cargo.toml", "build.rs", "src"]);
    git(&["commit", "--quiet", "-m", "first"]);
    for is_to_all in [true, false] {
        let begun = scratch.0.join("begun");
        let _ = fs::remove_file(&begun);
        let line = ["diff", "--against", "git:HEAD"];
        let (code, told) = interrupted(&scratch.0, &line, || begun.exists(), is_to_all);
        assert_eq!(code, Some(130), "{told}");
        assert_eq!(fs::read_dir(scratch.0.join("tmp")).expect("a folder").count(), 0, "{told}");
        assert_eq!(git(&["worktree", "list"]).lines().count(), 1, "{told}");
    }
}

#[test]
fn whoever_is_to_type_the_arguments_can_turn_away() {
    let stub = Stub::new("interrupting-input", &json!({ "tools": {} }), &json!({ "name": "stub", "version": "1" }));
    stub.answers("tools/list", &json!({ "tools": [{ "name": "find", "inputSchema": { "type": "object" } }] }));
    fs::create_dir_all(stub.file("tmp")).expect("a folder");
    let frames = stub.file("frames");
    let is_there = || fs::read_to_string(&frames).is_ok_and(|frames| frames.contains("tools/list"));
    let typed = |text: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-mcp"))
            .args(["call", "find", "--input", "-", "--", "sh", "server.sh"])
            .current_dir(&stub.scratch.0)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("cargo-mcp runs");
        child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
        child.wait().expect("it ends").code()
    };
    stub.answers("tools/call", &json!({ "content": [] }));
    assert_eq!((typed("{\"a\": 1}"), typed("[]")), (Some(0), Some(2)), "what is typed to its end is read");
    assert!(fs::read_to_string(&frames).is_ok_and(|frames| frames.contains("\"arguments\":{\"a\":1}")));
    for is_to_all in [true, false] {
        let _ = fs::remove_file(&frames);
        let line = ["call", "find", "--input", "-", "--", "sh", "server.sh"];
        let (code, told) = interrupted(&stub.scratch.0, &line, is_there, is_to_all);
        assert_eq!(code, Some(130), "{told}");
    }
}
