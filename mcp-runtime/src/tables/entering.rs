//! What groups add becomes rows of the tables at once; what is wrong with it is gathered. Floor 4.

use std::any::{Any, TypeId};
use std::sync::Arc;

use super::Tables;
use super::rows::{self, Named, Row};
use crate::entry::{Entry, Handler, PromptItem, ResourceItem, Scope, Sink, ToolItem};
use crate::model::{CallToolResult, Tool};
use crate::state::{Needs, States};

/// Entries that are being added, with the states that came with them.
#[derive(Default)]
pub(crate) struct Entering {
    pub(crate) tables: Tables,
    pub(crate) states: States,
    /// What is wrong with them.
    pub(crate) problems: Vec<String>,
    /// Those that did not come in, and what they would have needed: everything that is wrong is told at once.
    refused: Vec<(String, Ask)>,
}

/// What asks an entry for its needs.
pub(super) type Ask = fn(&mut Needs);

/// What adds a row to the tables, or says why not.
type Add<T, E> = fn(&mut Tables, &Arc<Row<T, E>>) -> Result<(), String>;

impl Sink for Entering {
    fn tool(&mut self, item: &'static ToolItem, handler: Handler<CallToolResult>, scope: &Scope) {
        self.add(&rows::tool(item, handler, scope), Tables::add_tool);
    }

    fn made_tool(&mut self, tool: Tool, handler: Handler<CallToolResult>, scope: &Scope) {
        self.add(&rows::made_tool(tool, handler, scope), Tables::add_tool);
    }

    fn resource(&mut self, item: ResourceItem, scope: &Scope) {
        if rows::is_template(&item.uri) {
            self.add(&rows::template(item, scope), Tables::add_template);
        } else {
            self.add(&rows::resource(item, scope), Tables::add_resource);
        }
    }

    fn prompt(&mut self, item: PromptItem, scope: &Scope) {
        self.add(&rows::prompt(item, scope), Tables::add_prompt);
    }

    fn state(&mut self, id: TypeId, name: &str, value: Arc<dyn Any + Send + Sync>) {
        if !self.states.insert(id, value) {
            self.problems.push(format!("the state `{name}` was given twice"));
        }
    }
}

impl Entering {
    /// What is there already, to be added to.
    pub(crate) fn over(tables: Tables, states: States) -> Self {
        Self { tables, states, ..Self::default() }
    }

    fn add<T: Named, E>(&mut self, row: &Arc<Row<T, E>>, add: Add<T, E>) {
        if let Err(problem) = add(&mut self.tables, row) {
            self.problems.push(problem);
            self.refused.push((titled(&row.listed), row.needs));
        }
    }

    /// Adds what another one holds.
    pub(crate) fn append(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.refused.extend(other.refused);
        for (id, value) in other.states {
            if !self.states.insert(id, value) {
                self.problems.push("a state of a type that the server has already was given again".to_owned());
            }
        }
        let Tables { tools, resources, templates, prompts, .. } = other.tables;
        self.add_all(&tools, Tables::add_tool);
        self.add_all(&resources, Tables::add_resource);
        self.add_all(&templates, Tables::add_template);
        self.add_all(&prompts, Tables::add_prompt);
    }

    fn add_all<T: Named, E>(&mut self, rows: &[Arc<Row<T, E>>], add: Add<T, E>) {
        for row in rows {
            self.add(row, add);
        }
    }

    /// What all entries need; that nobody gave a part of it is a problem.
    pub(crate) fn check(&mut self) -> Needs {
        fn note<T: Named, E>(lacks: &mut Lacks, rows: &[Arc<Row<T, E>>], states: &States) {
            for row in rows {
                lacks.note(|| titled(&row.listed), row.needs, states);
            }
        }
        let mut lacks = Lacks::default();
        let Self { tables, states, problems, refused } = self;
        note(&mut lacks, &tables.tools, states);
        note(&mut lacks, &tables.resources, states);
        note(&mut lacks, &tables.templates, states);
        note(&mut lacks, &tables.prompts, states);
        for (title, needs) in refused.iter() {
            lacks.note(|| title.clone(), *needs, states);
        }
        problems.extend(lacks.missing.into_iter().map(|(state, items)| {
            let items = items.join(", ");
            format!("nobody gave the state `{state}` that {items} takes; add `.state(…)` to the server")
        }));
        lacks.needs
    }
}

/// What an entry is called in a message to its author.
fn titled(listed: &impl Named) -> String {
    let kind = match listed.named() {
        Entry::Tool(_) => "tool",
        Entry::Resource(_) => "resource",
        Entry::Prompt(_) => "prompt",
    };
    format!("{kind} `{}`", listed.name())
}

/// What entries need; and the states among it that nobody gave.
#[derive(Default)]
struct Lacks {
    missing: Vec<(&'static str, Vec<String>)>,
    needs: Needs,
}

impl Lacks {
    fn note(&mut self, title: impl Fn() -> String, ask: Ask, states: &States) {
        let before = self.needs.states.len();
        ask(&mut self.needs);
        for (id, state) in self.needs.states.iter().skip(before) {
            if !states.contains(*id) {
                match self.missing.iter_mut().find(|(known, _)| known == state) {
                    Some((_, items)) => items.push(title()),
                    None => self.missing.push((state, vec![title()])),
                }
            }
        }
    }
}
