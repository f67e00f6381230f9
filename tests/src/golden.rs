//! Golden frames: conversations in files, replayed against a server in memory.
//!
//! ```text
//! # A comment.
//! → {"jsonrpc":"2.0","id":1,"method":"ping"}
//! ← {"jsonrpc":"2.0","id":1,"result":{}}
//! →! {"jsonrpc":"2.0","id":null,"method":"ping"}
//! ← {"jsonrpc":"2.0","error":{"code":-32600,"message":"…"}}
//! ```
//!
//! `→` is what the client sends; `→!` is the same where it breaks the schema on purpose. The `←` below are everything that
//! the server says before it falls silent, in order, compared as JSON. `BLESS=1 cargo test -p mcp-tests --test wire` writes
//! them anew.
//!
//! A `requestState` is another one each time: in what the server says it is written `<sealed>`, and in a later line of the
//! client's that stands for the last one that came. The same holds for `<task>` and the id of a task; the times of a task
//! are written `<time>`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use mcp_runtime::Server;
use serde_json::Value;

use crate::connection::Connection;
use crate::frames::Conversation;

/// What stands in a file for a `requestState`.
const SEALED: &str = "<sealed>";
/// What stands in a file for the id of a task.
const TASK: &str = "<task>";
/// What stands in a file for a time.
const TIME: &str = "<time>";

/// One line of the client and what it is answered with.
#[derive(Debug)]
pub struct Step {
    /// Comments and empty lines before it, as they stand in the file.
    before: String,
    line: usize,
    /// Whether the schema is broken on purpose.
    pub is_wrong: bool,
    /// What the client sends.
    pub sent: String,
    /// What the server says.
    pub answers: Vec<Value>,
}

/// The files of a directory under `tests/wire`, in order.
pub fn files(directory: &str) -> Vec<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("wire").join(directory);
    let list = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut files: Vec<PathBuf> = list.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    assert!(!files.is_empty(), "{} holds no golden frames", path.display());
    files
}

/// The steps of a file.
pub fn read(path: &Path) -> Vec<Step> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut steps: Vec<Step> = Vec::new();
    let mut before = String::new();
    for (index, line) in text.lines().enumerate() {
        let (is_wrong, sent) = match (line.strip_prefix("→! "), line.strip_prefix("→ ")) {
            (Some(sent), _) => (true, sent),
            (None, Some(sent)) => (false, sent),
            (None, None) => {
                if let (Some(answer), Some(step)) = (line.strip_prefix("← "), steps.last_mut()) {
                    let answer = serde_json::from_str(answer);
                    step.answers
                        .push(answer.unwrap_or_else(|error| panic!("{}:{}: {error}", path.display(), index + 1)));
                } else {
                    assert!(
                        line.is_empty() || line.starts_with('#'),
                        "{}:{}: what is this?",
                        path.display(),
                        index + 1
                    );
                    before += line;
                    before.push('\n');
                }
                continue;
            }
        };
        let before = std::mem::take(&mut before);
        steps.push(Step { before, line: index + 1, is_wrong, sent: sent.to_owned(), answers: Vec::new() });
    }
    assert!(before.is_empty(), "{}: a comment at the end belongs to no step", path.display());
    assert!(!steps.is_empty(), "{}: no steps", path.display());
    steps
}

/// What came of a conversation.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What breaks a schema.
    pub mistakes: Vec<String>,
    /// What the server said to each step.
    pub answers: Vec<Vec<Value>>,
}

/// Replays a file against the server and says everything that differs or breaks a schema.
///
/// With `BLESS` in the environment, answers that differ are written into the file instead; what breaks a schema is a
/// mistake all the same.
pub async fn replay(path: &Path, server: Server) -> Vec<String> {
    let mut steps = read(path);
    let Outcome { mut mistakes, answers } = talk(&shown(path), &steps, server).await;
    let differences = differences(&shown(path), &steps, &answers);
    if env::var_os("BLESS").is_none_or(|value| value.is_empty()) {
        mistakes.extend(differences);
    } else if !differences.is_empty() {
        for (step, answers) in steps.iter_mut().zip(answers) {
            step.answers = answers;
        }
        fs::write(path, written(&steps)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    mistakes
}

/// Sends every step to a new server and checks all frames against the schemas.
pub async fn talk(name: &str, steps: &[Step], server: Server) -> Outcome {
    let mut connection = Connection::open(server);
    let mut conversation = Conversation::default();
    let mut outcome = Outcome::default();
    let mut sealed = SEALED.to_owned();
    let mut task = TASK.to_owned();
    for step in steps {
        let place = format!("{name}:{}", step.line);
        let sent = step.sent.replace(SEALED, &sealed).replace(TASK, &task);
        let found = match serde_json::from_str::<Value>(&sent) {
            Ok(frame) => conversation.sent(&frame),
            Err(error) => vec![format!("not JSON: {error}")],
        };
        match (step.is_wrong, found.is_empty()) {
            (false, false) => {
                outcome.mistakes.extend(found.iter().map(|found| format!("{place}: the client's frame: {found}")));
            }
            (true, true) => {
                outcome.mistakes.push(format!("{place}: the schema has nothing against this frame; write `→`"));
            }
            _ => {}
        }
        connection.send(&sent).await;
        let mut answers = connection.rest().await;
        for answer in &mut answers {
            let found = conversation.received(answer);
            outcome
                .mistakes
                .extend(found.iter().map(|found| format!("{place}: the server's frame: {found}\n    {answer}")));
            if let Some(Value::String(state)) = answer.pointer_mut("/result/requestState") {
                sealed = std::mem::replace(state, SEALED.to_owned());
            }
            let is_new = answer["result"]["resultType"] == "task";
            if let Some(Value::String(id)) = answer.pointer_mut("/result/taskId")
                && (is_new || *id == task)
            {
                task = std::mem::replace(id, TASK.to_owned());
            }
            for time in ["/result/createdAt", "/result/lastUpdatedAt"] {
                if let Some(time) = answer.pointer_mut(time) {
                    *time = TIME.into();
                }
            }
        }
        outcome.answers.push(answers);
    }
    let rest = connection.close().await;
    if !rest.is_empty() {
        outcome.mistakes.push(format!("{name}: came after the end of the input: {rest:?}"));
    }
    outcome
}

/// Where the answers are not what the steps say.
pub fn differences(name: &str, steps: &[Step], answers: &[Vec<Value>]) -> Vec<String> {
    let differing = steps.iter().zip(answers).filter(|(step, answers)| step.answers != **answers);
    differing
        .map(|(step, answers)| {
            let Step { line, sent, .. } = step;
            format!("{name}:{line}: {sent}\n{}", difference(&step.answers, answers))
        })
        .collect()
}

/// The path from `wire` on.
pub fn shown(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

fn difference(expected: &[Value], found: &[Value]) -> String {
    let mut text = String::new();
    for index in 0..expected.len().max(found.len()) {
        let (expected, found) = (expected.get(index), found.get(index));
        if expected == found {
            continue;
        }
        for (sign, frame) in [('-', expected), ('+', found)] {
            let frame = frame.map_or_else(|| "nothing".to_owned(), |frame| format!("{frame:#}"));
            for line in frame.lines() {
                let _ = writeln!(text, "  {sign} {line}");
            }
        }
    }
    text + "  (to accept what came: BLESS=1 cargo test -p mcp-tests --test wire)"
}

fn written(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        let arrow = if step.is_wrong { "→!" } else { "→" };
        let _ = writeln!(text, "{}{arrow} {}", step.before, step.sent);
        for answer in &step.answers {
            let _ = writeln!(text, "← {answer}");
        }
    }
    text
}
