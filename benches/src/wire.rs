//! What is said to a server, in both eras of the protocol, and what it must answer. Numbers of requests have seven digits, so that
//! all requests of a kind have one length. An answer is read as JSON once; those after it must be the same but for the number.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::Result;

/// Which revision is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Era {
    /// 2025-11-25, in a session.
    Session,
    /// 2026-07-28, each request for itself.
    Modern,
}

impl Era {
    pub(crate) const ALL: [Self; 2] = [Self::Session, Self::Modern];

    pub(crate) fn revision(self) -> &'static str {
        match self {
            Self::Session => "2025-11-25",
            Self::Modern => "2026-07-28",
        }
    }

    /// What stands in the parameters of every request.
    fn meta(self) -> &'static str {
        match self {
            Self::Session => "",
            Self::Modern => {
                r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}"#
            }
        }
    }
}

/// The first number of a request.
pub(crate) const FIRST: u32 = 1_000_000;
const DIGITS: usize = 7;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    Initialize,
    List,
    Add,
    Search,
    Echo(usize),
    Sleep(u64),
    Spin(u64),
}

impl Job {
    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Initialize => "initialize",
            Self::List => "tools/list",
            _ => "tools/call",
        }
    }

    /// The tool's name, if it is a call.
    pub(crate) fn tool(&self) -> Option<&'static str> {
        match self {
            Self::Initialize | Self::List => None,
            Self::Add => Some("add"),
            Self::Search => Some("search"),
            Self::Echo(_) => Some("echo"),
            Self::Sleep(_) => Some("sleep_ms"),
            Self::Spin(_) => Some("spin_ms"),
        }
    }

    fn arguments(&self) -> String {
        match self {
            Self::Initialize | Self::List => String::new(),
            Self::Add => r#"{"a":2,"b":3}"#.to_owned(),
            Self::Search => {
                let filter = r#"{"min":0.25,"max":0.75,"kind":"image"}"#;
                format!(r#"{{"query":"rust","limit":20,"tags":["fast","small"],"filter":{filter}}}"#)
            }
            Self::Echo(size) => format!(r#"{{"text":"{}"}}"#, sample(*size)),
            Self::Sleep(ms) | Self::Spin(ms) => format!(r#"{{"ms":{ms}}}"#),
        }
    }

    /// Whether a result is what it must be.
    fn check(&self, result: &Value) -> Result<()> {
        let text = || result["content"][0]["text"].as_str().ok_or("no text");
        let is = |expected: &str| match text()? {
            text if text == expected => Ok(()),
            text => Err(format!("the text is {:?}", text.chars().take(80).collect::<String>()).into()),
        };
        match self {
            Self::Initialize => result["serverInfo"]["name"].as_str().map(drop).ok_or_else(|| "no server".into()),
            Self::List => {
                let tools = result["tools"].as_array().ok_or("no tools")?;
                let is_there = |name: &str| tools.iter().any(|tool| tool["name"] == name);
                let all = ["add", "echo", "search", "sleep_ms", "extra_00", "extra_49"];
                match tools.len() {
                    54 if all.into_iter().all(is_there) => Ok(()),
                    count => Err(format!("{count} tools, not the 54 that there must be").into()),
                }
            }
            Self::Add => is("5"),
            Self::Search => {
                let hit = |id: u32| {
                    json!({
                        "id": id, "title": format!("rust {id}"), "url": format!("https://example.com/rust/{id}"),
                        "kind": "image", "score": 0.25 + 0.5 * f64::from(id) / 20.0,
                    })
                };
                let hits: Vec<Value> = (0..20).map(hit).collect();
                let expected = json!({ "total": 20, "tags": ["fast", "small"], "hits": hits });
                if result["structuredContent"] != expected {
                    return Err("the structured content is another".into());
                }
                if serde_json::from_str::<Value>(text()?)? == expected {
                    Ok(())
                } else {
                    Err("the text is another".into())
                }
            }
            Self::Echo(size) => is(&serde_json::from_str::<String>(&format!("\"{}\"", sample(*size)))?),
            Self::Sleep(_) => is("slept"),
            Self::Spin(_) => is("computed"),
        }
    }
}

/// Text of this size as it stands in JSON: words, quotes and line breaks, as documents have them.
fn sample(size: usize) -> String {
    const LINE: &str = r#"The quick brown fox says \"hello\" to the lazy dog, and naïve cafés stay open.\n"#;
    let mut text = LINE.repeat(size / LINE.len());
    text.push_str(&"x".repeat(size - text.len()));
    text
}

/// A request whose number is still open, and the answer that it gets, once one was seen.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) job: Job,
    pub(crate) era: Era,
    head: String,
    tail: String,
    answer: Option<(Vec<u8>, Vec<u8>)>,
}

impl Request {
    pub(crate) fn new(job: Job, era: Era) -> Self {
        let mut params = Vec::new();
        match &job {
            Job::Initialize => params.push(
                r#""protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}"#
                    .to_owned(),
            ),
            job => {
                params.extend(Some(era.meta()).filter(|meta| !meta.is_empty()).map(str::to_owned));
                let call = |tool| format!(r#""name":"{tool}","arguments":{}"#, job.arguments());
                params.extend(job.tool().map(call));
            }
        }
        let mut tail = format!(r#","method":"{}""#, job.method());
        if !params.is_empty() {
            // Writing to a string does not fail.
            let _ = write!(tail, r#","params":{{{}}}"#, params.join(","));
        }
        tail.push('}');
        Self { job, era, head: r#"{"jsonrpc":"2.0","id":"#.to_owned(), tail, answer: None }
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.head.len() + DIGITS + self.tail.len()
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>, id: u32) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(id.to_string().as_bytes());
        out.extend_from_slice(self.tail.as_bytes());
    }

    /// The number of the request that a message answers.
    ///
    /// # Errors
    /// When it is not the right answer.
    pub(crate) fn check(&mut self, message: &[u8]) -> Result<u32> {
        if let Some((before, behind)) = &self.answer
            && let Some(id) = message.strip_prefix(&**before).and_then(|rest| rest.strip_suffix(&**behind))
            && id.len() == DIGITS
        {
            return Ok(std::str::from_utf8(id)?.parse()?);
        }
        let wrong = |why: &str| {
            let start = String::from_utf8_lossy(&message[..message.len().min(300)]).into_owned();
            format!("a wrong answer to {} {}: {why}: {start}", self.job.method(), self.job.tool().unwrap_or_default())
        };
        let value: Value = serde_json::from_slice(message).map_err(|error| wrong(&error.to_string()))?;
        let id = value["id"].as_u64().and_then(|id| u32::try_from(id).ok()).ok_or_else(|| wrong("no number"))?;
        let result = value.get("result").ok_or_else(|| wrong("no result"))?;
        if result["isError"] == true {
            return Err(wrong("an error").into());
        }
        self.job.check(result).map_err(|error| wrong(&error.to_string()))?;
        let id_text = format!(r#""id":{id}"#);
        if let Some(at) = message.windows(id_text.len()).position(|window| window == id_text.as_bytes()) {
            let (start, end) = (at + id_text.len() - DIGITS, at + id_text.len());
            self.answer = Some((message[..start].to_vec(), message[end..].to_vec()));
        }
        Ok(id)
    }
}
