//! Reads the servers out of the configurations of AI applications. Members are told apart by their names, which no two
//! applications use for different things, so that an entry in another application's shape is understood as well.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use serde_json::{Map, Value};

use super::edit::{Refusal, whole};
use super::{Client, Launch, Scope, Surroundings};
use crate::print::visible;

/// The largest configuration that is read.
pub(crate) const LONGEST: u64 = 16 << 20;

/// What all configurations hold.
#[derive(Debug, Default)]
pub(crate) struct Installed {
    pub(crate) entries: Vec<Entry>,
    /// The files that are there.
    pub(crate) files: Vec<PathBuf>,
    /// Those that cannot be read, and why.
    pub(crate) unread: Vec<(PathBuf, String)>,
}

/// A server in a configuration.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) client: Client,
    pub(crate) file: PathBuf,
    pub(crate) launch: Launch,
}

impl Installed {
    /// Reads all configurations; of one application what is nearest to the project first.
    pub(crate) fn read(around: &Surroundings) -> Self {
        let mut installed = Self::default();
        for client in Client::value_variants() {
            for scope in [Scope::Project, Scope::User] {
                let Some(path) = client.file(scope, around) else { continue };
                match text(&path) {
                    Ok(None) => {}
                    Ok(Some(text)) => installed.take(*client, scope, &path, &text, around),
                    Err(reason) => installed.unread.push((path, reason)),
                }
            }
        }
        installed
    }

    fn take(&mut self, client: Client, scope: Scope, path: &Path, text: &str, around: &Surroundings) {
        let row = client.row();
        let value = match whole(row.language, text) {
            Ok(value) => value,
            Err(Refusal::Broken(reason)) => return self.unread.push((path.to_owned(), reason)),
            Err(Refusal::Doubtful) => return,
        };
        let mut own = Vec::new();
        // Claude Code keeps what is for one project and one user in the user's file, and prefers it to all else.
        if client == Client::ClaudeCode && scope == Scope::User {
            let project = around.project.to_string_lossy();
            if let Some(servers) = member(&value, &["projects", project.as_ref(), row.section]) {
                own.extend(entries(client, path, servers));
            }
        }
        if let Some(servers) = member(&value, &[row.section]) {
            self.entries.extend(entries(client, path, servers));
        }
        self.entries.splice(0..0, own);
        self.files.push(path.to_owned());
    }
}

fn member<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Map<String, Value>> {
    path.iter().try_fold(value, |value, name| value.get(name))?.as_object()
}

fn entries(client: Client, file: &Path, servers: &Map<String, Value>) -> Vec<Entry> {
    let entry =
        |(name, value): (&String, &Value)| Some(Entry { client, file: file.to_owned(), launch: launch(name, value)? });
    servers.iter().filter_map(entry).collect()
}

/// The text of a configuration, or why it cannot be had; `None` where there is no file.
pub(crate) fn text(path: &Path) -> Result<Option<String>, String> {
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Ok(data) if data.len() > LONGEST => Err(format!("it is larger than {} MiB", LONGEST >> 20)),
        _ => fs::read_to_string(path).map(Some).map_err(|error| visible(&error.to_string())),
    }
}

/// The server that an entry describes; `None` for what an application brings along itself.
pub(crate) fn launch(name: &str, entry: &Value) -> Option<Launch> {
    let first = |names: &[&str]| names.iter().find_map(|name| entry.get(name));
    let text = |names: &[&str]| first(names).and_then(Value::as_str).map(str::to_owned);
    let mut launch = Launch {
        name: name.to_owned(),
        url: text(&["httpUrl", "serverUrl", "url", "uri"]),
        headers: pairs(first(&["headers", "http_headers"])),
        bearer_env: text(&["bearer_token_env_var"]),
        env: pairs(first(&["env", "envs", "environment"])),
        cwd: text(&["cwd"]),
        args: words(entry.get("args")),
        ..Launch::default()
    };
    // Variables by name alone, whose values are headers.
    for (header, variable) in pairs(entry.get("env_http_headers")) {
        launch.headers.push((header, format!("${{{variable}}}")));
    }
    match first(&["command", "cmd"]) {
        Some(Value::String(command)) => launch.command.clone_from(command),
        Some(all @ Value::Array(_)) => {
            let mut all = words(Some(all)).into_iter();
            launch.command = all.next()?;
            launch.args = all.collect();
        }
        // As Zed had it until 2025.
        Some(command @ Value::Object(_)) => {
            command.get("path")?.as_str()?.clone_into(&mut launch.command);
            launch.args = words(command.get("args"));
            launch.env = pairs(command.get("env"));
        }
        _ if launch.url.is_none() => return None,
        _ => {}
    }
    Some(launch)
}

fn words(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(scalar).collect()
}

fn pairs(map: Option<&Value>) -> Vec<(String, String)> {
    let members = map.and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), scalar(value)?))).collect()
}

/// What a number or a truth value says as text: YAML makes them of words that nobody put in quotes.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_for_an_application_is_read_again() {
        let program = Launch {
            name: "x".into(),
            command: "/bin/x".into(),
            args: vec!["--stdio".into()],
            env: vec![("A".into(), "1".into())],
            ..Launch::default()
        };
        let remote = Launch {
            name: "x".into(),
            url: Some("https://a.b/mcp".into()),
            headers: vec![("A".into(), "1".into())],
            ..Launch::default()
        };
        for client in Client::value_variants() {
            for written in [&program, &remote] {
                let Some(entry) = client.row().shape.entry(written) else { continue };
                let read = launch("x", &entry).expect("an entry");
                assert!(read.is_same(written), "{client:?}: {entry}");
            }
        }
    }

    #[test]
    fn other_spellings_are_understood_and_what_an_application_brings_along_is_left_out() {
        let check = |entry: &Value| launch("x", entry).map(|launch| (launch.command, launch.args, launch.env));
        let zed = json!({ "command": { "path": "/bin/x", "args": ["a"], "env": { "K": "v" } } });
        assert_eq!(check(&zed), Some(("/bin/x".into(), vec!["a".into()], vec![("K".into(), "v".into())])));
        let numbers = json!({ "cmd": "/bin/x", "args": [1, true], "envs": { "K": 2 } });
        assert_eq!(
            check(&numbers),
            Some(("/bin/x".into(), vec!["1".into(), "true".into()], vec![("K".into(), "2".into())]))
        );
        for entry in [json!({ "type": "builtin", "enabled": true }), json!({ "command": [] }), json!(1), json!({})] {
            assert_eq!(check(&entry), None, "{entry}");
        }
    }
}
