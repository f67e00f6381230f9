//! Where groups add their entries, under which prefix and for whom. What becomes of them is for the tables to say. Floor 2.

use std::any::{Any, TypeId, type_name};
use std::sync::Arc;

use super::answer::Handler;
use super::item::{PromptItem, ResourceItem, ToolItem};
use crate::context::Context;
use crate::model::{CallToolResult, Tool};

/// Decides whether a caller sees an item.
pub(crate) type Gate = Arc<dyn Fn(&Context) -> bool + Send + Sync>;

/// Under which prefix entries are added, and who may see them: under none and everybody, which takes no memory, unless
/// somebody says otherwise.
#[derive(Clone, Default)]
pub(crate) struct Scope(Option<Arc<Within>>);

struct Within {
    prefix: String,
    gates: Vec<Gate>,
}

impl Scope {
    /// The name of an entry that is called `name` where it is written.
    pub(crate) fn named(&self, name: &str) -> String {
        match &self.0 {
            Some(within) => format!("{}{name}", within.prefix),
            None => name.to_owned(),
        }
    }

    /// All of them have to agree that a caller sees it.
    pub(crate) fn gates(&self) -> &[Gate] {
        self.0.as_deref().map_or(&[], |within| &within.gates)
    }

    /// A scope inside this one.
    fn within(&self, prefix: &str, gate: Option<Gate>) -> Self {
        let gates = self.gates().iter().cloned().chain(gate).collect();
        Self(Some(Arc::new(Within { prefix: self.named(prefix), gates })))
    }
}

/// What takes entries in.
pub(crate) trait Sink {
    fn tool(&mut self, item: &'static ToolItem, handler: Handler<CallToolResult>, scope: &Scope);
    fn made_tool(&mut self, tool: Tool, handler: Handler<CallToolResult>, scope: &Scope);
    fn resource(&mut self, item: ResourceItem, scope: &Scope);
    fn prompt(&mut self, item: PromptItem, scope: &Scope);
    fn state(&mut self, id: TypeId, name: &str, value: Arc<dyn Any + Send + Sync>);
}

/// What groups add their entries to.
pub struct Registry<'s> {
    sink: &'s mut dyn Sink,
    scope: Scope,
}

impl<'s> Registry<'s> {
    /// Adds to `sink`.
    pub(crate) fn of(sink: &'s mut dyn Sink) -> Self {
        Self { sink, scope: Scope::default() }
    }

    /// Adds to the same, under a further prefix and for those alone whom the gate lets through too.
    pub(super) fn within(&mut self, prefix: &str, gate: Option<Gate>) -> Registry<'_> {
        Registry { sink: &mut *self.sink, scope: self.scope.within(prefix, gate) }
    }

    /// Adds a tool.
    pub fn tool(&mut self, item: &'static ToolItem, handler: Handler<CallToolResult>) {
        self.sink.tool(item, handler, &self.scope);
    }

    /// Adds a tool that was made while the program runs.
    pub(crate) fn made_tool(&mut self, tool: Tool, handler: Handler<CallToolResult>) {
        self.sink.made_tool(tool, handler, &self.scope);
    }

    /// Adds a resource or a template.
    pub fn resource(&mut self, item: ResourceItem) {
        self.sink.resource(item, &self.scope);
    }

    /// Adds a prompt.
    pub fn prompt(&mut self, item: PromptItem) {
        self.sink.prompt(item, &self.scope);
    }

    /// Gives a state. Two of one type are a mistake that is reported before the server starts.
    pub fn state<T: Send + Sync + 'static>(&mut self, value: Arc<T>) {
        self.sink.state(TypeId::of::<T>(), type_name::<T>(), value);
    }
}
