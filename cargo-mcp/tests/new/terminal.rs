//! On a terminal, which `script` plays: what is missing is asked for, and nothing else is.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use super::process::Scratch;
use super::{entries, read, write};

/// How long a question, and the end, may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(2);

/// Runs a line of a shell on a terminal. As soon as the first words of a pair are to be seen, the second are typed. Gives the exit code
/// and all that was to be seen.
fn on_a_terminal(scratch: &Scratch, line: &str, talk: &[(&str, &str)]) -> Option<(i32, String)> {
    let line = line.replace("cargo mcp", env!("CARGO_BIN_EXE_cargo-mcp"));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command.current_dir(&scratch.0).env_remove("CI").env("NO_COLOR", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else {
        assert!(std::env::var_os("MCP_TESTS_NOTHING_LEFT_OUT").is_none(), "`script` is needed");
        println!("left out: there is no `script` to play a terminal");
        return None;
    };
    // The end of what is typed would be the end of the terminal, so it is kept until the command has ended.
    let mut stdin = child.stdin.take().expect("it is piped");
    let mut stdout = child.stdout.take().expect("it is piped");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&seen);
    let reading = spawn(move || {
        let mut piece = [0; 1024];
        while let Ok(length @ 1..) = stdout.read(&mut piece) {
            written.lock().expect("nobody panics").extend_from_slice(&piece[..length]);
        }
    });
    let shown = || String::from_utf8_lossy(&seen.lock().expect("nobody panics")).replace('\r', "");
    let until = Instant::now() + PATIENCE;
    let mut from = 0;
    for (words, answer) in talk {
        while !shown()[from..].contains(words) {
            assert!(Instant::now() < until, "{words:?} was never to be seen: {}", shown());
            sleep(Duration::from_millis(10));
        }
        from = shown().len();
        stdin.write_all(answer.as_bytes()).expect("it listens");
    }
    while child.try_wait().expect("a process").is_none() {
        assert!(Instant::now() < until, "it does not end: {}", shown());
        sleep(Duration::from_millis(10));
    }
    reading.join().expect("it reads to the end");
    let code = child.wait().expect("it has ended").code().unwrap_or(-1);
    Some((code, shown()))
}

#[test]
fn a_name_and_a_template_are_asked_for() {
    const TALK: &[(&str, &str)] = &[
        ("Name of the server: ", "fn\n"),
        ("Name of the server: ", "weather\n"),
        ("Template [tools]: ", "nothing\n"),
        ("Template [tools]: ", "1\n"),
    ];
    let scratch = Scratch::new("new-asks");
    let Some((code, seen)) = on_a_terminal(&scratch, "cargo mcp new", TALK) else { return };
    assert_eq!(code, 0, "{seen}");
    for words in [
        "Name of the server: ",
        "`fn` cannot be a package's name",
        "3  full",
        "Template [tools]: ",
        "neither a name nor a number",
        "cargo mcp call hello --name Ada",
    ] {
        assert!(seen.contains(words), "{words}: {seen}");
    }
    assert!(read(&scratch.0.join("weather/src/main.rs")).contains("fn hello("));
}

#[test]
fn a_folder_with_an_odd_name_becomes_a_server_of_another() {
    let scratch = Scratch::new("new-asks-init");
    let line = "mkdir '1 odd' && cd '1 odd' && cargo mcp init --vcs none --template minimal";
    let Some((code, seen)) = on_a_terminal(&scratch, line, &[("Name of the server: ", "even\n")]) else { return };
    assert_eq!(code, 0, "{seen}");
    assert!(seen.starts_with("`1 odd` cannot be a package's name: it must begin with a letter\n"), "{seen}");
    assert!(read(&scratch.0.join("1 odd/Cargo.toml")).contains("name = \"even\""));
}

#[test]
fn what_was_said_is_not_asked_for() {
    let scratch = Scratch::new("new-asks-not");
    let Some((code, seen)) = on_a_terminal(&scratch, "cargo mcp new weather", &[]) else { return };
    assert_eq!(code, 0, "{seen}");
    assert!(!seen.contains("Template ["), "{seen}");
    for line in
        ["cargo mcp new --yes", "CI=true cargo mcp new", "cargo mcp new < /dev/null", "cargo mcp new 2> /dev/null"]
    {
        let Some((code, seen)) = on_a_terminal(&scratch, line, &[]) else { return };
        assert_eq!(code, 2, "{line}: {seen}");
        assert!(!seen.contains("Name of the server"), "{line}: {seen}");
    }
    assert_eq!(entries(&scratch.0), ["weather"]);
    // Whoever says that it is no machine that builds can be asked.
    let talk = [("Name of the server: ", "sun\n"), ("Template [tools]: ", "minimal\n")];
    let Some((code, seen)) = on_a_terminal(&scratch, "CI=false cargo mcp new", &talk) else { return };
    assert_eq!((code, entries(&scratch.0)), (0, vec!["sun".to_owned(), "weather".to_owned()]), "{seen}");
}

#[test]
fn a_value_without_a_default_is_asked_for_and_an_interruption_is_heard() {
    let scratch = Scratch::new("new-asks-values");
    write(&scratch.0.join("template/mcp-template.toml"), "[variables]\nwhom = { about = \"Whom to greet\" }\n");
    write(&scratch.0.join("template/greeting.txt"), "Hello, {{whom}}!\n");
    let line = "cargo mcp new x --template ./template";
    let Some((code, seen)) = on_a_terminal(&scratch, line, &[("Whom to greet: ", "\u{3}")]) else { return };
    assert_eq!(code, 130, "{seen}");
    assert_eq!(entries(&scratch.0), ["template"]);
    let Some((code, seen)) = on_a_terminal(&scratch, line, &[("Whom to greet: ", "Ada\n")]) else { return };
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("Whom to greet: "), "{seen}");
    assert_eq!(read(&scratch.0.join("x/greeting.txt")), "Hello, Ada!\n");
}
