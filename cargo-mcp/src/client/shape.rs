//! What an entry for a server looks like in each application.

use std::fmt;

use serde_json::{Map, Value, json};

/// How a server is reached.
#[derive(Clone, Default)]
pub(crate) struct Launch {
    pub(crate) name: String,
    pub(crate) command: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    /// Where the command is started, if not where the application runs.
    pub(crate) cwd: Option<String>,
    /// A server over HTTP instead of a command.
    pub(crate) url: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    /// The variable that holds its bearer token.
    pub(crate) bearer_env: Option<String>,
}

impl Launch {
    /// Whether it is the same server, whatever it is called and in whatever order it is written.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let sorted = |pairs: &[(String, String)]| {
            let mut pairs = pairs.to_vec();
            pairs.sort_unstable();
            pairs
        };
        self.command == other.command
            && self.args == other.args
            && self.cwd == other.cwd
            && self.url == other.url
            && self.bearer_env == other.bearer_env
            && sorted(&self.env) == sorted(&other.env)
            && sorted(&self.headers) == sorted(&other.headers)
    }
}

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the rest: it may hold secrets.
        f.debug_struct("Launch").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The members of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `command, args, env`; nothing over HTTP.
    Desktop,
    /// `command, args, env` or `url, headers`.
    Plain,
    /// The same with a `type`.
    Typed,
    Windsurf,
    Zed,
    Codex,
    Gemini,
    Goose,
    Opencode,
}

/// How long Goose waits for a server, in seconds.
const GOOSE_TIMEOUT: u64 = 300;

impl Shape {
    /// Whether the application reads a bearer token from a variable of its environment.
    pub(crate) fn reads_token(self) -> bool {
        self == Self::Codex
    }

    /// The entry; `None` where the application cannot reach such a server.
    pub(crate) fn entry(self, launch: &Launch) -> Option<Value> {
        let map = |pairs: &[(String, String)]| -> Value {
            pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into()
        };
        let mut entry = match &launch.url {
            Some(url) => {
                let headers = map(&launch.headers);
                match self {
                    Self::Desktop => return None,
                    Self::Plain => json!({ "url": url, "headers": headers }),
                    Self::Typed => json!({ "type": "http", "url": url, "headers": headers }),
                    Self::Windsurf => json!({ "serverUrl": url, "headers": headers }),
                    Self::Zed => json!({ "source": "custom", "url": url, "headers": headers }),
                    Self::Codex => match &launch.bearer_env {
                        Some(variable) => {
                            json!({ "url": url, "http_headers": headers, "bearer_token_env_var": variable })
                        }
                        None => json!({ "url": url, "http_headers": headers }),
                    },
                    Self::Gemini => json!({ "httpUrl": url, "headers": headers }),
                    Self::Goose => json!({
                        "type": "streamable_http", "name": launch.name, "enabled": true, "uri": url, "headers": headers,
                        "timeout": GOOSE_TIMEOUT,
                    }),
                    Self::Opencode => json!({ "type": "remote", "url": url, "headers": headers, "enabled": true }),
                }
            }
            None => {
                let (command, args, env) = (&launch.command, &launch.args, map(&launch.env));
                match self {
                    Self::Desktop | Self::Plain | Self::Windsurf | Self::Codex | Self::Gemini => {
                        json!({ "command": command, "args": args, "env": env })
                    }
                    Self::Typed => json!({ "type": "stdio", "command": command, "args": args, "env": env }),
                    Self::Zed => json!({ "source": "custom", "command": command, "args": args, "env": env }),
                    Self::Goose => json!({
                        "type": "stdio", "name": launch.name, "enabled": true, "cmd": command, "args": args, "envs": env,
                        "timeout": GOOSE_TIMEOUT,
                    }),
                    Self::Opencode => {
                        let mut words = vec![command.clone()];
                        words.extend(args.iter().cloned());
                        json!({ "type": "local", "command": words, "environment": env, "enabled": true })
                    }
                }
            }
        };
        if let (Some(folder), Self::Gemini | Self::Codex, Some(members)) =
            (&launch.cwd, self, entry.as_object_mut().filter(|_| launch.url.is_none()))
        {
            members.insert("cwd".to_owned(), json!(folder));
        }
        // What is empty says nothing, except the arguments, which some applications demand.
        if let Some(members) = entry.as_object_mut() {
            members.retain(|name, value| name == "args" || value.as_object().is_none_or(|value| !value.is_empty()));
        }
        Some(entry)
    }
}

/// An entry to be shown: what may be secret is not in it.
pub(crate) fn masked(entry: &Value) -> Value {
    let hidden = || json!("…");
    let Value::Object(members) = entry else { return hidden() };
    let shown = members.iter().map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("args" | "command", Value::Array(words)) => Value::Array(arguments(words)),
            ("url" | "serverUrl" | "httpUrl" | "uri", Value::String(url)) => json!(address(url)),
            ("command" | "cmd" | "type" | "source" | "name" | "cwd", Value::String(_))
            | (_, Value::Bool(_) | Value::Number(_)) => value.clone(),
            (_, Value::Object(secrets)) => {
                secrets.keys().map(|name| (name.clone(), hidden())).collect::<Map<_, _>>().into()
            }
            _ => hidden(),
        };
        (name.clone(), value)
    });
    Value::Object(shown.collect())
}

/// The words of a command, without what stands behind a flag that sounds like a secret.
fn arguments(words: &[Value]) -> Vec<Value> {
    let is_secret = |word: &str| {
        let word = word.to_ascii_lowercase();
        word.starts_with('-')
            && ["token", "secret", "key", "password", "auth", "header", "bearer"].iter().any(|part| word.contains(part))
    };
    let mut follows = false;
    words
        .iter()
        .map(|word| {
            let text = word.as_str().unwrap_or_default();
            let hides = std::mem::replace(&mut follows, is_secret(text) && !text.contains('='));
            match text.split_once('=') {
                _ if hides => json!("…"),
                Some((flag, _)) if is_secret(flag) => json!(format!("{flag}=…")),
                _ => word.clone(),
            }
        })
        .collect()
}

/// A URL without a user and without what follows the path.
pub(crate) fn address(url: &str) -> String {
    let end = url.find(['?', '#']).map_or(url, |at| url.get(..at).unwrap_or_default());
    let rest = if end.len() < url.len() { "?…" } else { "" };
    match end.split_once("://") {
        Some((scheme, after)) => {
            let host = after.split('/').next().unwrap_or_default();
            let after = host.rfind('@').and_then(|at| after.get(at + 1..)).unwrap_or(after);
            format!("{scheme}://{after}{rest}")
        }
        None => "…".to_owned(),
    }
}
