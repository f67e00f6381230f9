//! A server in the shell's own language that answers each method with what a test says, and keeps the frames that it gets.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::process::{Run, Scratch, mcp};

/// Answers by the method that a frame names. What stands in `before` goes out ahead of an answer, on its stream.
const SCRIPT: &str = r#"
while IFS= read -r line; do
  printf '%s\n' "$line" >> frames
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  method=$(printf '%s' "$line" | sed -n 's/.*"method":"\([a-zA-Z/]*\)".*/\1/p' | tr / -)
  [ -n "$id" ] || continue
  token=$(printf '%s' "$line" | sed -n 's/.*"progressToken":\([^,}]*\).*/\1/p')
  if [ -f "before-$method" ]; then sed "s/\"@TOKEN@\"/${token:-0}/" "before-$method"; fi
  if [ -f "answer-$method" ]; then
    printf '{"jsonrpc":"2.0","id":%s,' "$id"; cat "answer-$method"
  else
    printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown"}}\n' "$id"
  fi
done
"#;

pub(crate) struct Stub {
    pub(crate) scratch: Scratch,
}

impl Stub {
    /// A server of 2025-11-25 with these capabilities, that has nothing yet.
    pub(crate) fn new(name: &str, capabilities: &Value, info: &Value) -> Self {
        let stub = Self { scratch: Scratch::new(name) };
        fs::write(stub.file("server.sh"), SCRIPT).expect("a file");
        let result = json!({ "protocolVersion": "2025-11-25", "capabilities": capabilities, "serverInfo": info });
        stub.answers("initialize", &result);
        stub
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.scratch.0.join(name)
    }

    /// The result of a method. The texts are sent as they are, with what JSON lets through unescaped.
    pub(crate) fn answers(&self, method: &str, result: &Value) {
        self.says(&format!("answer-{}", method.replace('/', "-")), &format!("\"result\":{result}}}\n"));
    }

    /// The error of a method.
    pub(crate) fn refuses(&self, method: &str, message: &str) {
        let error = json!({ "code": -32000, "message": message });
        self.says(&format!("answer-{}", method.replace('/', "-")), &format!("\"error\":{error}}}\n"));
    }

    /// What goes out ahead of a method's answer.
    pub(crate) fn sends_before(&self, method: &str, messages: &[Value]) {
        let lines: Vec<_> = messages.iter().map(Value::to_string).collect();
        self.says(&format!("before-{}", method.replace('/', "-")), &(lines.join("\n") + "\n"));
    }

    fn says(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).expect("a file");
    }

    /// Runs a command on it: options and words, then the server behind two dashes.
    pub(crate) fn run(&self, line: &[&str]) -> Run {
        mcp(&self.scratch.0, &[line, &["--", "sh", "server.sh"]].concat())
    }

    /// Whether a method has arrived since the last time that this was asked.
    pub(crate) fn got(&self, method: &str) -> bool {
        let frames = fs::read_to_string(self.file("frames")).unwrap_or_default();
        let _ = fs::remove_file(self.file("frames"));
        frames.contains(&format!("\"method\":\"{method}\""))
    }
}
