//! A server by the name that it has in an AI application's configuration.

use std::fmt::Write as _;

use clap::ValueEnum as _;

use crate::client::read::{Entry, Installed};
use crate::client::{Client, Launch, Surroundings};
use crate::error::Failure;
use crate::flags::nearest;
use crate::print::visible;

/// How many names or files a hint lists.
const LISTED: usize = 20;

fn around() -> Result<Surroundings, Failure> {
    let project = std::env::current_dir().map_err(Failure::own)?;
    Surroundings::here(project).ok_or_else(|| Failure::usage("nobody says where your own folder is").hint("set HOME"))
}

/// The server of this name: `NAME`, or `NAME@CLIENT`.
pub(super) fn find(name: &str) -> Result<Launch, Failure> {
    choose(&Installed::read(&around()?), name)
}

impl Launch {
    /// The same with what the configuration leaves to the environment.
    pub(super) fn expanded(self) -> Result<Self, Failure> {
        self.filled(&around()?, |name| std::env::var(name).ok())
    }
}

/// The one that is meant. A name alone must mean the same wherever it stands, so that a project cannot put a server of its own
/// in the place of the user's; with an application it is the nearest to the project, as it is there.
fn choose(installed: &Installed, wanted: &str) -> Result<Launch, Failure> {
    let (name, client) = split(wanted);
    let is_wanted = |entry: &&Entry| entry.launch.name == name && client.is_none_or(|client| client == entry.client);
    let found: Vec<&Entry> = installed.entries.iter().filter(is_wanted).collect();
    let Some((first, others)) = found.split_first() else { return Err(unknown(installed, name, client)) };
    if client.is_some() || others.iter().all(|other| other.launch.is_same(&first.launch)) {
        return Ok(first.launch.clone());
    }
    let place = |entry: &&Entry| {
        format!("  {}@{}  {}", visible(name), entry.client.name(), visible(&entry.file.display().to_string()))
    };
    let places: Vec<_> = found.iter().map(place).collect();
    Err(Failure::usage(format!("the server `{}` is not the same in each place; say which:", visible(name)))
        .hint(places.join("\n")))
}

/// The name and the application, if what follows the last `@` is one: names may have one of their own.
fn split(wanted: &str) -> (&str, Option<Client>) {
    let client = |text: &str| Client::from_str(text, true).ok();
    match wanted.rsplit_once('@') {
        Some((name, after)) if !name.is_empty() && client(after).is_some() => (name, client(after)),
        _ => (wanted, None),
    }
}

fn unknown(installed: &Installed, name: &str, client: Option<Client>) -> Failure {
    let at = client.map(|client| format!(" in {}", client.row().title)).unwrap_or_default();
    let failure = Failure::usage(format!("there is no server `{}`{at}", visible(name)));
    let entries = installed.entries.iter().filter(|entry| client.is_none_or(|client| client == entry.client));
    let mut names: Vec<&str> = entries.map(|entry| entry.launch.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut hint = match nearest(name, names.iter().copied()) {
        Some(nearest) => format!("did you mean `{}`?", visible(nearest)),
        None if names.is_empty() => "no configuration has any; `cargo mcp install` adds this package's".to_owned(),
        None => {
            let shown: Vec<_> = names.iter().take(LISTED).map(|name| visible(name)).collect();
            format!("there are {}", shown.join(", "))
        }
    };
    let files: Vec<_> = installed.files.iter().take(LISTED).map(|file| visible(&file.display().to_string())).collect();
    if !files.is_empty() {
        hint.push_str("; looked in ");
        hint.push_str(&files.join(", "));
    }
    for (file, reason) in installed.unread.iter().take(LISTED) {
        let _ = write!(hint, "; {} cannot be read: {}", visible(&file.display().to_string()), visible(reason));
    }
    failure.hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(client: Client, name: &str, command: &str) -> Entry {
        let launch = Launch { name: name.into(), command: command.into(), ..Launch::default() };
        Entry { client, file: format!("/{}.json", client.name()).into(), launch }
    }

    fn check(name: &str) -> Result<String, String> {
        let entries = vec![
            entry(Client::ClaudeCode, "notes", "near"),
            entry(Client::Cursor, "notes", "near"),
            entry(Client::Gemini, "shadowed", "near"),
            entry(Client::Gemini, "shadowed", "far"),
            entry(Client::Cursor, "git", "a"),
            entry(Client::Zed, "git", "b"),
            entry(Client::Zed, "@scope/x", "scoped"),
        ];
        let installed = Installed { entries, files: vec!["/zed.json".into()], unread: Vec::new() };
        choose(&installed, name).map(|launch| launch.command).map_err(|failure| {
            let details: Vec<_> = failure.details().map(|(_, text)| text.to_owned()).collect();
            format!("{}: {}", failure.message(), details.join("; "))
        })
    }

    #[test]
    fn the_same_server_in_several_applications_is_one() {
        assert_eq!(check("notes").as_deref(), Ok("near"));
        assert_eq!(check("notes@claude-code").as_deref(), Ok("near"));
        assert_eq!(check("@scope/x").as_deref(), Ok("scoped"));
        assert_eq!(check("@scope/x@zed").as_deref(), Ok("scoped"));
    }

    #[test]
    fn different_servers_of_one_name_are_told_apart_by_the_application() {
        let told = check("git").unwrap_err();
        assert!(told.contains("not the same in each place") && told.contains("git@cursor  /cursor.json"), "{told}");
        assert_eq!(check("git@zed").as_deref(), Ok("b"));
        assert!(check("shadowed").unwrap_err().contains("shadowed@gemini"), "a project does not shadow a user unseen");
        assert_eq!(check("shadowed@gemini").as_deref(), Ok("near"));
    }

    #[test]
    fn an_unknown_name_is_told_with_the_nearest_and_where_it_was_looked_for() {
        let told = check("nots").unwrap_err();
        assert_eq!(told, "there is no server `nots`: did you mean `notes`?; looked in /zed.json");
        assert!(check("notes@zed").unwrap_err().starts_with("there is no server `notes` in Zed"));
    }
}
