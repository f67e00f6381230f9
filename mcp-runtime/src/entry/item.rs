//! One tool, resource or prompt as an attribute describes it. Floor 2.

use schemars::Schema;
use schemars::generate::SchemaGenerator;
use serde::Serialize;
use serde_json::Value;

use super::answer::{Completer, Handler};
use crate::model::{Annotations, GetPromptResult, ReadResourceResult, Role};
use crate::schema::Fields;
use crate::state::Needs;
use crate::uri::Template;

/// What every kind of entry says of itself.
pub struct Facts {
    /// The name for programs.
    pub name: &'static str,
    /// The name for people.
    pub title: Option<&'static str>,
    /// What it is for.
    pub description: &'static str,
    /// Addresses of pictures.
    pub icons: &'static [&'static str],
    /// Members of `_meta`.
    pub meta: fn() -> Members,
    /// What to use instead of it.
    pub deprecated: Option<&'static str>,
}

impl Facts {
    /// Just a name and what it is for.
    pub const fn new(name: &'static str, description: &'static str) -> Self {
        Self { name, title: None, description, icons: &[], meta: no_members, deprecated: None }
    }
}

/// Members of `_meta`.
pub type Members = Vec<(&'static str, Value)>;

/// No members of `_meta`.
pub const fn no_members() -> Members {
    Vec::new()
}

/// A value of `_meta`; one that does not serialize is left out.
pub fn meta_value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// A tool, but for what answers it. All of it is known when it is compiled.
pub struct ToolItem {
    /// What it says of itself.
    pub facts: Facts,
    /// Further names that calls may use; they are not listed.
    pub aliases: &'static [&'static str],
    /// `readOnlyHint`.
    pub read_only: Option<bool>,
    /// `destructiveHint`.
    pub destructive: Option<bool>,
    /// `idempotentHint`.
    pub idempotent: Option<bool>,
    /// `openWorldHint`.
    pub open_world: Option<bool>,
    /// When a call becomes a task.
    pub tasking: Tasking,
    /// Whether arguments of other names are ignored.
    pub open: bool,
    /// Its arguments.
    pub describe: fn(&mut Fields<'_>),
    /// Its output schema; one that says nothing is left out.
    pub output: fn(&mut SchemaGenerator) -> Schema,
    /// What it takes from the server.
    pub needs: fn(&mut Needs),
}

/// When a call of a tool becomes a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tasking {
    /// Never.
    Never,
    /// At once, if the client knows tasks.
    Always,
    /// At once; a client that does not know tasks is refused.
    Required,
    /// When the function says so.
    Later,
}

/// A prompt.
pub struct PromptItem {
    /// What it says of itself.
    pub facts: Facts,
    /// Whether arguments of other names are ignored.
    pub open: bool,
    /// Its arguments.
    pub describe: fn(&mut Fields<'_>),
    /// What it takes from the server.
    pub needs: fn(&mut Needs),
    /// Whether no argument is of a closed list of values, by the names of their types.
    pub is_plain: bool,
    /// What suggests values, by argument.
    pub completers: Vec<(&'static str, Completer)>,
    /// What answers it.
    pub handler: Handler<GetPromptResult>,
}

/// A resource, or a template of resources.
pub struct ResourceItem {
    /// What it says of itself.
    pub facts: Facts,
    /// Its URI; without variables it is a single resource.
    pub uri: Template,
    /// Its media type.
    pub mime: Option<&'static str>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// For how many seconds clients may keep it.
    pub ttl: Option<u64>,
    /// Whether they may share it.
    pub public: Option<bool>,
    /// Whom it is meant for and how much it matters.
    pub annotations: Option<Annotations>,
    /// Its variables.
    pub describe: fn(&mut Fields<'_>),
    /// What it takes from the server.
    pub needs: fn(&mut Needs),
    /// Whether no variable is of a closed list of values, by the names of their types.
    pub is_plain: bool,
    /// What suggests values, by variable.
    pub completers: Vec<(&'static str, Completer)>,
    /// What answers it.
    pub handler: Handler<ReadResourceResult>,
}

impl ResourceItem {
    /// The annotations that an attribute gives.
    pub fn annotations(user: bool, assistant: bool, priority: Option<f64>) -> Option<Annotations> {
        let mut audience = Vec::new();
        audience.extend(user.then_some(Role::User));
        audience.extend(assistant.then_some(Role::Assistant));
        let annotations = match priority {
            Some(priority) => Annotations::default().priority(priority),
            None if audience.is_empty() => return None,
            None => Annotations::default(),
        };
        Some(if audience.is_empty() { annotations } else { annotations.audience(audience) })
    }
}
