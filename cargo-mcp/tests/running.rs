//! `cargo mcp run`: the server takes the program's place.

#[expect(dead_code, reason = "other tests need more of it")]
mod process;

#[path = "process/served.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod served;

use std::io::Write as _;
use std::process::{Command, Stdio};

use process::{Run, Scratch, mcp, mcp_with, repository};
use served::Served;

fn run(line: &[&str], input: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-mcp"))
        .arg("run")
        .args(line)
        .current_dir(repository())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cargo-mcp runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Run { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn the_server_speaks_through_standard_input_and_output() {
    let ping = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"server/discover\",\"params\":{}}\n";
    let run = run(&["--bin", "hello"], ping);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "nothing is said in a pipe");
    assert!(run.stdout.contains("\"id\":7") && run.stdout.lines().count() == 1, "{}", run.stdout);
}

#[test]
fn what_follows_the_dashes_and_the_exit_code_are_the_servers() {
    let help = run(&["--bin", "hello", "--", "--help"], "");
    assert_eq!(help.code, 0, "{}", help.stderr);
    assert!(help.stdout.contains("--allow-host"), "{}", help.stdout);
    let wrong = run(&["--bin", "hello", "--", "--nonsense"], "");
    assert_eq!(wrong.code, 1, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("unknown argument `--nonsense`"), "{}", wrong.stderr);
    let wrong = run(&["--bin", "hello", "--http", "nowhere"], "");
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("127.0.0.1:3000"), "{}", wrong.stderr);
}

#[test]
fn a_server_is_told_how_it_is_talked_to() {
    let scratch = Scratch::new("running");
    std::fs::create_dir_all(scratch.0.join("src")).expect("a folder");
    let manifest = "[package]\nname = \"tells\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    std::fs::write(scratch.0.join("Cargo.toml"), manifest).expect("a file");
    let main =
        "fn main() {\n    println!(\"{:?} {:?}\", std::env::var(\"MCP_TRANSPORT\"), std::env::args().nth(1));\n}\n";
    std::fs::write(scratch.0.join("src/main.rs"), main).expect("a file");
    let run = mcp(&scratch.0, &["run"]);
    assert_eq!(run.stdout, "Ok(\"stdio\") None\n", "{}", run.stderr);
    let run = mcp(&scratch.0, &["run", "--http", "0"]);
    assert_eq!(run.stdout, "Err(NotPresent) Some(\"--http\")\n", "{}", run.stderr);
    let run = mcp_with(&scratch.0, &["run"], &[("MCP_TRANSPORT", "http")]);
    assert_eq!(run.stdout, "Ok(\"http\") None\n", "whoever says so has it: {}", run.stderr);
}

#[cfg(unix)]
#[test]
fn over_http_it_says_where_it_is_and_ends_when_it_is_told_to() {
    let mut served = Served::example("hello");
    assert!(served.url.starts_with("http://127.0.0.1:") && served.url.ends_with("/mcp"), "{}", served.url);
    let greeted = mcp(&repository(), &["call", "--url", &served.url, "hello", "--name", "Ada"]);
    assert_eq!((greeted.code, greeted.stdout.as_str()), (0, "Hello, Ada!\n"), "{}", greeted.stderr);
    let kill = Command::new("kill").args(["-INT", &served.id().to_string()]).status().expect("kill runs");
    assert!(kill.success());
    assert_eq!(served.wait(), Some(0), "Ctrl-C stops it cleanly");
    let after = mcp(&repository(), &["list", "--url", &served.url]);
    assert_eq!(after.code, 4, "{}", after.stderr);
}
