//! What groups add becomes rows of the tables at once; what is wrong with it is gathered. Floor 4.

use std::any::{Any, TypeId};
use std::sync::Arc;

use super::Tables;
use super::rows;
use crate::entry::{Handler, PromptItem, ResourceItem, Scope, Sink, ToolItem};
use crate::model::{CallToolResult, Tool};
use crate::state::{Needs, States};

/// Entries that are being added, with the states that came with them.
#[derive(Default)]
pub(crate) struct Entering {
    pub(crate) tables: Tables,
    pub(crate) states: States,
    /// What is wrong with them.
    pub(crate) problems: Vec<String>,
}

impl Sink for Entering {
    fn tool(&mut self, item: &'static ToolItem, handler: Handler<CallToolResult>, scope: &Scope) {
        let entered = self.tables.add_tool(rows::tool(item, handler, scope));
        self.problems.extend(entered.err());
    }

    fn made_tool(&mut self, tool: Tool, handler: Handler<CallToolResult>, scope: &Scope) {
        let entered = self.tables.add_tool(rows::made_tool(tool, handler, scope));
        self.problems.extend(entered.err());
    }

    fn resource(&mut self, item: ResourceItem, scope: &Scope) {
        let entered = if rows::is_template(&item.uri) {
            self.tables.add_template(rows::template(item, scope))
        } else {
            self.tables.add_resource(rows::resource(item, scope))
        };
        self.problems.extend(entered.err());
    }

    fn prompt(&mut self, item: PromptItem, scope: &Scope) {
        let entered = self.tables.add_prompt(rows::prompt(item, scope));
        self.problems.extend(entered.err());
    }

    fn state(&mut self, id: TypeId, name: &str, value: Arc<dyn Any + Send + Sync>) {
        if !self.states.insert(id, value) {
            self.problems.push(format!("the state `{name}` was given twice"));
        }
    }
}

impl Entering {
    /// Adds what another one holds.
    pub(crate) fn append(&mut self, other: Self) {
        let Self { tables, states, problems } = self;
        problems.extend(other.problems);
        for (id, value) in other.states {
            if !states.insert(id, value) {
                problems.push("a state of a type that the server has already was given again".to_owned());
            }
        }
        let Tables { tools, resources, templates, prompts, .. } = other.tables;
        problems.extend(tools.into_iter().filter_map(|row| tables.add_tool(row).err()));
        problems.extend(resources.into_iter().filter_map(|row| tables.add_resource(row).err()));
        problems.extend(templates.into_iter().filter_map(|row| tables.add_template(row).err()));
        problems.extend(prompts.into_iter().filter_map(|row| tables.add_prompt(row).err()));
    }

    /// What all entries need; that nobody gave a part of it is a problem.
    pub(crate) fn check(&mut self) -> Needs {
        let mut lacks = Lacks::default();
        let Self { tables, states, problems } = self;
        tables.tools.iter().for_each(|row| lacks.note(("tool", &row.listed.name), row.needs, states));
        tables.resources.iter().for_each(|row| lacks.note(("resource", &row.listed.name), row.needs, states));
        tables.templates.iter().for_each(|row| lacks.note(("resource", &row.listed.name), row.needs, states));
        tables.prompts.iter().for_each(|row| lacks.note(("prompt", &row.listed.name), row.needs, states));
        problems.extend(lacks.missing.into_iter().map(|(state, items)| {
            let items = items.join(", ");
            format!("nobody gave the state `{state}` that {items} takes; add `.state(…)` to the server")
        }));
        lacks.needs
    }
}

/// What entries need; and the states among it that nobody gave.
#[derive(Default)]
struct Lacks {
    missing: Vec<(&'static str, Vec<String>)>,
    needs: Needs,
}

impl Lacks {
    fn note(&mut self, (kind, name): (&str, &str), ask: fn(&mut Needs), states: &States) {
        let known = self.needs.states.len();
        ask(&mut self.needs);
        for (id, state) in self.needs.states.iter().skip(known) {
            if !states.contains(*id) {
                let item = format!("{kind} `{name}`");
                match self.missing.iter_mut().find(|(known, _)| known == state) {
                    Some((_, items)) => items.push(item),
                    None => self.missing.push((state, vec![item])),
                }
            }
        }
    }
}
