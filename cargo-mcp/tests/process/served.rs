//! A server over HTTP that lives as long as its value, and answers of HTTP that are no server's.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

/// A program that says on standard error where it listens.
pub(crate) struct Served {
    child: Child,
    pub(crate) url: String,
}

impl Served {
    /// The example server of this name, by `cargo mcp run`.
    pub(crate) fn example(name: &str) -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/Cargo.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-mcp"));
        command.args(["run", "--http", "0", "--bin", name, "--manifest-path"]).arg(manifest);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("cargo-mcp runs");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut told = String::new();
        let url = stderr.lines().map_while(Result::ok).find_map(|line| {
            told.push_str(&line);
            line.strip_prefix("listening at ").map(str::to_owned)
        });
        Self { child, url: url.unwrap_or_else(|| panic!("it does not listen: {told}")) }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().ok().and_then(|status| status.code())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Answers every request with what the function makes of it, and keeps the heads.
pub(crate) struct Pages {
    pub(crate) origin: String,
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
}

impl Pages {
    /// The function gives a status, a content type and a body, in which `@ID@` is the request's.
    pub(crate) fn new(answer: fn(&str) -> (u16, &'static str, &'static str)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&heads);
        // It ends with the test.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(&stream);
                let mut head = String::new();
                while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
                let length = head
                    .lines()
                    .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
                let mut request = vec![0; length.unwrap_or(0)];
                let _ = reader.read_exact(&mut request);
                let request = String::from_utf8_lossy(&request).into_owned();
                let (status, kind, body) = answer(&format!("{head}{request}"));
                let id = request.split("\"id\":").nth(1).and_then(|rest| rest.split([',', '}']).next()).unwrap_or("0");
                let body = body.replace("@ID@", id);
                seen.lock().expect("nobody panicked").push(head);
                let length = body.len();
                let _ = write!(
                    &stream,
                    "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
                );
            }
        });
        Self { origin, heads }
    }
}
