//! The commands against servers that this project did not write: `@modelcontextprotocol/server-everything` over standard input
//! and output and over Streamable HTTP, and one on the official Rust SDK. Where they cannot be had a test says so and leaves
//! it at that, unless `MCP_TESTS_NOTHING_LEFT_OUT` is set.

#[expect(dead_code, reason = "other tests need more of it")]
mod process;

#[path = "../../tests/tests/others/programs.rs"]
mod programs;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use process::{Run, Scratch, mcp};
use programs::{everything, or_return, rmcp};
use serde_json::Value;

fn ok(run: &Run) -> &str {
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    &run.stdout
}

/// A program that listens at a port, as long as this lives.
struct Listening(Child);

impl Listening {
    fn start(command: &mut Command, port: u16) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let listening = Self(child.expect("it starts"));
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_mins(1), "the server does not listen");
            sleep(Duration::from_millis(20));
        }
        listening
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// How a server is named on the command line: options before, and what stands behind `--`.
struct Named<'n>(&'n [&'n str], &'n [&'n str]);

impl Named<'_> {
    fn mcp(&self, scratch: &Scratch, command: &str, rest: &[&str]) -> Run {
        let dashes: &[&str] = if self.1.is_empty() { &[] } else { &["--"] };
        mcp(&scratch.0, &[&[command], self.0, rest, dashes, self.1].concat())
    }

    /// Lists, inspects, locks and compares: what every server has to stand.
    fn use_surface(&self, tool: &str) {
        let scratch = Scratch::new(&format!("others-{}", free_port()));
        assert!(ok(&self.mcp(&scratch, "list", &["tools"])).contains(&format!("{tool}(")));
        let value: Value = serde_json::from_str(ok(&self.mcp(&scratch, "inspect", &[]))).expect("JSON");
        let tools = value["tools"].as_array().expect("tools");
        assert!(tools.iter().any(|one| one["name"] == tool), "{value}");
        ok(&self.mcp(&scratch, "lock", &[]));
        ok(&self.mcp(&scratch, "lock", &["--check"]));
        assert_eq!(ok(&self.mcp(&scratch, "diff", &[])), "nothing changed since mcp.lock\n");
        // A tool that was there and is gone breaks its callers.
        let path = scratch.0.join("mcp.lock");
        let mut lock: Value = serde_json::from_str(&fs::read_to_string(&path).expect("a lock")).expect("JSON");
        lock["tools"]["gone"] = serde_json::json!({ "hash": "", "inputSchema": { "type": "object" } });
        fs::write(&path, lock.to_string()).expect("a file");
        let run = self.mcp(&scratch, "diff", &[]);
        assert_eq!(run.code, 100, "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("gone"), "{}", run.stdout);
    }

    fn call(&self, line: &[&str]) -> Run {
        self.mcp(&Scratch::new(&format!("others-call-{}", free_port())), "call", line)
    }
}

fn use_everything(named: &Named<'_>) {
    named.use_surface("get-sum");
    assert_eq!(ok(&named.call(&["echo", "--message", "hello"])), "Echo: hello\n");
    assert_eq!(ok(&named.call(&["get-sum", "--a", "2", "b:=3"])), "The sum of 2 and 3 is 5.\n");
    let run = named.call(&["get-sum", "--a", "x", "--b", "1"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    let run = named.call(&["get-sun", "--a", "1"]);
    assert!(run.code == 2 && run.stderr.contains("did you mean `get-sum`?"), "{}", run.stderr);
    let run = named.call(&["trigger-long-running-operation", "--duration", "1", "--steps", "2"]);
    assert!(ok(&run).contains("completed"), "{}", run.stdout);
    let run = named.call(&["trigger-elicitation-request"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("nobody is there to answer"), "{}", run.stderr);
    let images = Scratch::new(&format!("others-images-{}", free_port()));
    let run = named.mcp(&images, "call", &["--save", ".", "get-tiny-image"]);
    ok(&run);
    let image = fs::read(images.0.join("1.png")).expect("an image");
    assert!(image.starts_with(b"\x89PNG"), "{}", run.stderr);
}

#[test]
fn server_everything_over_standard_input_and_output() {
    let program = or_return!(everything()).display().to_string();
    use_everything(&Named(&[], &["node", &program, "stdio"]));
}

#[test]
fn server_everything_over_streamable_http() {
    let program = or_return!(everything());
    let port = free_port();
    let _served =
        Listening::start(Command::new("node").arg(program).arg("streamableHttp").env("PORT", port.to_string()), port);
    use_everything(&Named(&["--url", &format!("http://127.0.0.1:{port}/mcp")], &[]));
}

#[test]
fn a_server_on_rmcp_over_standard_input_and_output() {
    let program = or_return!(rmcp()).display().to_string();
    let named = Named(&[], &[&program, "--documented", "--stdio"]);
    named.use_surface("add");
    for protocol in ["auto", "2025-11-25", "2025-06-18"] {
        assert_eq!(ok(&named.call(&["--protocol", protocol, "add", "--a", "1", "--b", "2"])), "3\n", "{protocol}");
    }
}

#[test]
fn a_server_on_rmcp_over_streamable_http() {
    let program = or_return!(rmcp());
    let port = free_port();
    let _served =
        Listening::start(Command::new(program).args(["--documented", "--http", &format!("127.0.0.1:{port}")]), port);
    let url = format!("http://127.0.0.1:{port}/mcp");
    let named = Named(&["--url", &url], &[]);
    named.use_surface("add");
    assert_eq!(ok(&named.call(&["add", "--a", "1", "--b", "2"])), "3\n");
}
