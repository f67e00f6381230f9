//! The configurations of AI applications: where they lie, and what an entry for a server looks like, as a table. How files
//! are edited is in `edit`, how they are read in `read`.

pub(crate) mod edit;
mod fill;
mod places;
pub(crate) mod read;
mod shape;
#[cfg(test)]
mod tests;
mod yaml;

use std::path::PathBuf;

use clap::ValueEnum;

use self::edit::Language;
use self::places::Place;
pub(crate) use self::places::Surroundings;
use self::shape::Shape;
pub(crate) use self::shape::{Launch, address, masked};

/// Whose configuration it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    /// For everything that the user does
    User,
    /// For this project, in a file that can be committed
    Project,
}

/// An application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    ClaudeDesktop,
    ClaudeCode,
    Cursor,
    Vscode,
    Windsurf,
    Zed,
    Codex,
    Gemini,
    Goose,
    Copilot,
    Opencode,
}

/// What is known of an application.
pub(crate) struct Row {
    pub(crate) title: &'static str,
    pub(crate) language: Language,
    /// The member that holds all servers.
    pub(crate) section: &'static str,
    pub(crate) shape: Shape,
    user: Option<Place>,
    project: Option<&'static [&'static str]>,
}

impl Client {
    pub(crate) fn row(self) -> Row {
        use Language::{Json, Toml, Yaml};
        let row =
            |title, language, section, shape, user, project| Row { title, language, section, shape, user, project };
        match self {
            Self::ClaudeDesktop => {
                row("Claude Desktop", Json, "mcpServers", Shape::Desktop, Some(Place::ClaudeDesktop), None)
            }
            Self::ClaudeCode => row(
                "Claude Code",
                Json,
                "mcpServers",
                Shape::Typed,
                Some(Place::Home(".claude.json")),
                Some(&[".mcp.json"]),
            ),
            Self::Cursor => row(
                "Cursor",
                Json,
                "mcpServers",
                Shape::Plain,
                Some(Place::Home(".cursor/mcp.json")),
                Some(&[".cursor/mcp.json"]),
            ),
            Self::Vscode => {
                row("VS Code", Json, "servers", Shape::Typed, Some(Place::VsCode), Some(&[".vscode/mcp.json"]))
            }
            Self::Windsurf => row(
                "Windsurf",
                Json,
                "mcpServers",
                Shape::Windsurf,
                Some(Place::Home(".codeium/windsurf/mcp_config.json")),
                None,
            ),
            Self::Zed => {
                row("Zed", Json, "context_servers", Shape::Zed, Some(Place::Zed), Some(&[".zed/settings.json"]))
            }
            Self::Codex => {
                row("Codex", Toml, "mcp_servers", Shape::Codex, Some(Place::Codex), Some(&[".codex/config.toml"]))
            }
            Self::Gemini => row(
                "Gemini CLI",
                Json,
                "mcpServers",
                Shape::Gemini,
                Some(Place::Home(".gemini/settings.json")),
                Some(&[".gemini/settings.json"]),
            ),
            Self::Goose => row("Goose", Yaml, "extensions", Shape::Goose, Some(Place::Goose), None),
            Self::Copilot => row(
                "Copilot CLI",
                Json,
                "mcpServers",
                Shape::Typed,
                Some(Place::Home(".copilot/mcp-config.json")),
                None,
            ),
            Self::Opencode => row(
                "OpenCode",
                Json,
                "mcp",
                Shape::Opencode,
                Some(Place::Opencode),
                Some(&["opencode.jsonc", "opencode.json"]),
            ),
        }
    }

    /// The name by which a command line knows it.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The scope that is meant unless one is given: the project's where there is one.
    pub(crate) fn usual(self) -> Scope {
        if self.row().project.is_some() { Scope::Project } else { Scope::User }
    }

    /// The file, if the application has one of this scope.
    pub(crate) fn file(self, scope: Scope, around: &Surroundings) -> Option<PathBuf> {
        let row = self.row();
        match scope {
            Scope::User => around.place(row.user?),
            Scope::Project => Surroundings::existing(&around.project, row.project?),
        }
    }
}
