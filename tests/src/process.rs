//! A server as a real process, talked to through its pipes. Whatever is waited for is waited for at most half a minute.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// For how long anything is waited for: for what never comes on any machine, however busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
#[derive(Debug)]
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Vec<u8>>,
    errors: Arc<Mutex<String>>,
    asked: u64,
}

impl Process {
    /// Starts the program with these variables in its environment; its output is read from the start.
    pub fn start(program: &str, environment: &[(&str, &str)]) -> Self {
        let (process, output) = Self::start_unread(program, environment);
        process.reading(output)
    }

    /// Starts the program with these arguments.
    pub fn start_with(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let (process, output) = Self::spawn(program, arguments, environment);
        process.reading(output)
    }

    /// Starts the program and leaves its output alone, as a client that does not read.
    pub fn start_unread(program: &str, environment: &[(&str, &str)]) -> (Self, std::process::ChildStdout) {
        Self::spawn(program, &[], environment)
    }

    fn spawn(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> (Self, std::process::ChildStdout) {
        let mut child = Command::new(program)
            .args(arguments)
            .env_remove("MCP_TRANSPORT")
            .env("RUST_BACKTRACE", "0")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let errors = Arc::new(Mutex::new(String::new()));
        let stderr = child.stderr.take().unwrap();
        let gathered = Arc::clone(&errors);
        thread::spawn(move || {
            for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                let mut gathered = gathered.lock().unwrap_or_else(PoisonError::into_inner);
                gathered.push_str(&line);
                gathered.push('\n');
            }
        });
        let (_, lines) = channel();
        (Self { child, input, lines, errors, asked: 0 }, output)
    }

    /// Reads the output from here on.
    pub fn reading(mut self, output: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::with_capacity(1 << 20, output).split(b'\n').map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        self.lines = lines;
        self
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("the input is still open");
        input.write_all(bytes).and_then(|()| input.flush()).expect("the process reads");
    }

    /// Takes the input away, to write to it from another thread.
    pub fn take_input(&mut self) -> ChildStdin {
        self.input.take().expect("the input is still open")
    }

    /// Writes one line.
    pub fn send(&mut self, line: impl AsRef<[u8]>) {
        let mut bytes = line.as_ref().to_vec();
        bytes.push(b'\n');
        self.write(&bytes);
    }

    /// The next line, if one comes within `time`; `None` also at the end of the output.
    pub fn next_within(&mut self, time: Duration) -> Option<Value> {
        let line = match self.lines.recv_timeout(time) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
        };
        let frame = serde_json::from_slice(&line);
        Some(frame.unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&line))))
    }

    /// The next line.
    pub fn receive(&mut self) -> Value {
        self.next_within(PATIENCE).unwrap_or_else(|| panic!("no answer; standard error says:\n{}", self.errors()))
    }

    /// Sends a message and takes the next line, whatever it is.
    pub fn ask(&mut self, message: &Value) -> Value {
        self.send(message.to_string());
        self.receive()
    }

    /// Begins a call of a tool, as 2026-07-28 has it.
    pub fn begin(&mut self, id: impl Into<Value>, tool: &str, arguments: Value) {
        self.send(call(id, tool, arguments).to_string());
    }

    /// Calls a tool and gives its result, or the error.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.asked += 1;
        let id = format!("call {}", self.asked);
        let answer = self.ask(&call(id.as_str(), tool, arguments));
        assert_eq!(answer["id"], id, "the answer to something else: {answer}");
        answer.get("result").unwrap_or(&answer["error"]).clone()
    }

    /// Whether a healthy call is answered next, and with what it should be.
    ///
    /// # Errors
    /// What came instead.
    pub fn is_healthy(&mut self) -> Result<(), String> {
        self.asked += 1;
        let id = format!("healthy {}", self.asked);
        let sum = (self.asked + 1).to_string();
        self.send(call(id.as_str(), "add", json!({ "a": self.asked, "b": 1 })).to_string());
        match self.next_within(PATIENCE) {
            None => Err(format!("a healthy call is not answered; standard error says:\n{}", self.errors())),
            Some(answer) if answer["id"] == id && answer["result"]["content"][0]["text"].as_str() == Some(&sum) => {
                Ok(())
            }
            Some(answer) => Err(format!("instead of the answer to a healthy call came {answer}")),
        }
    }

    /// Fails unless a healthy call is answered next.
    pub fn assert_healthy(&mut self) {
        if let Err(reason) = self.is_healthy() {
            panic!("{reason}");
        }
    }

    /// Ends the input.
    pub fn close(&mut self) {
        self.input = None;
    }

    /// Whether there may be more input.
    pub fn is_open(&self) -> bool {
        self.input.is_some()
    }

    /// What standard error has said so far.
    pub fn errors(&self) -> String {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until standard error says `text`.
    pub fn wait_for_error(&self, text: &str) {
        let start = Instant::now();
        while !self.errors().contains(text) {
            assert!(start.elapsed() < PATIENCE, "standard error does not say {text:?} but:\n{}", self.errors());
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits for the end of the process and says how long that took.
    pub fn wait(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the process can be waited for") {
                return (status, start.elapsed());
            }
            assert!(start.elapsed() < PATIENCE, "the process does not end; standard error says:\n{}", self.errors());
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// How the process ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the process can be waited for")
    }

    /// Sends a signal again and again until the process has ended: those of one kind that come together are one.
    #[cfg(unix)]
    pub fn signal_until_it_ends(&mut self, signal: rustix::process::Signal) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the process does not end; standard error says:\n{}", self.errors());
            self.signal(signal);
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Sends a signal.
    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal)
            .expect("the process is there");
    }

    /// A number from `/proc`: a line of the file that begins with `key`.
    #[cfg(target_os = "linux")]
    pub fn measured(&self, file: &str, key: &str) -> u64 {
        let path = format!("/proc/{}/{file}", self.id());
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let line =
            text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("{path} has no {key}"));
        let number = line.trim_start_matches(':').split_whitespace().next().unwrap_or_default();
        number.parse().unwrap_or_else(|error| panic!("{path}: {line}: {error}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind; one that did not has seen the end already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A call of a tool, as 2026-07-28 has it.
pub fn call(id: impl Into<Value>, tool: &str, arguments: Value) -> Value {
    crate::connection::modern(id, "tools/call", json!({ "name": tool, "arguments": arguments }))
}
