//! The entries of a server. One table is never changed; an edit makes the next one, which shares the entries. Floor 4.

mod entering;
mod rows;
mod suggestions;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(crate) use self::entering::Entering;
pub(crate) use self::rows::{Cache, Listed, ResourceRow, Row, TemplateRow, ToolRow, Visible};
use self::rows::{Named, PromptRow};
use crate::entry::{Entry, Tasking};

/// The entries, in order of registration.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    pub(crate) tools: Vec<Arc<ToolRow>>,
    pub(crate) resources: Vec<Arc<ResourceRow>>,
    pub(crate) templates: Vec<Arc<TemplateRow>>,
    pub(crate) prompts: Vec<Arc<PromptRow>>,
    tool_index: Index<ToolRow>,
    resource_index: Index<ResourceRow>,
    prompt_index: Index<PromptRow>,
}

type Index<R> = HashMap<Box<str>, Arc<R>, BuildHasherDefault<NameHasher>>;

/// Hashes names with FNV-1a. The names in the tables are the server's own, and what a client asks for is only looked up:
/// nobody else can make names meet.
struct NameHasher(u64);

impl Default for NameHasher {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Tables {
    pub(crate) fn tool(&self, name: &str) -> Option<&Arc<ToolRow>> {
        self.tool_index.get(name)
    }

    pub(crate) fn resource(&self, uri: &str) -> Option<&Arc<ResourceRow>> {
        self.resource_index.get(uri)
    }

    pub(crate) fn prompt(&self, name: &str) -> Option<&Arc<PromptRow>> {
        self.prompt_index.get(name)
    }

    /// Whether what is visible depends on who calls.
    pub(crate) fn is_gated(&self) -> bool {
        self.tools.iter().any(|row| row.is_gated())
            || self.resources.iter().any(|row| row.is_gated())
            || self.templates.iter().any(|row| row.is_gated())
            || self.prompts.iter().any(|row| row.is_gated())
    }

    /// Whether calls of some tool become tasks.
    pub(crate) fn has_tasks(&self) -> bool {
        self.tools.iter().any(|row| row.entry.tasking != Tasking::Never)
    }

    /// Whether something suggests values for arguments.
    pub(crate) fn completes(&self) -> bool {
        self.prompts.iter().any(|row| row.entry.suggestions.exist())
            || self.templates.iter().any(|row| row.entry.suggestions.exist())
    }

    /// Adds a tool, or says why not.
    fn add_tool(&mut self, row: &Arc<ToolRow>) -> Result<(), String> {
        let name = row.listed.name.as_str();
        check_name("tool", name)?;
        for name in std::iter::once(name).chain(row.entry.aliases.iter().map(String::as_str)) {
            if self.tool_index.contains_key(name) {
                return Err(format!(
                    "two tools are named `{name}`; rename one, set `name = \"…\"`, or put its group under a `.prefix(…)`"
                ));
            }
        }
        for name in std::iter::once(name).chain(row.entry.aliases.iter().map(String::as_str)) {
            self.tool_index.insert(name.into(), Arc::clone(row));
        }
        self.tools.push(Arc::clone(row));
        Ok(())
    }

    /// Adds a resource, or says why not.
    fn add_resource(&mut self, row: &Arc<ResourceRow>) -> Result<(), String> {
        let uri = row.listed.uri.as_str();
        if self.resource_index.contains_key(uri) || self.templates.iter().any(|known| known.entry.uri.is_at(uri)) {
            return Err(taken(uri));
        }
        self.resource_index.insert(uri.into(), Arc::clone(row));
        self.resources.push(Arc::clone(row));
        Ok(())
    }

    /// Adds a template of resources, or says why not.
    fn add_template(&mut self, row: &Arc<TemplateRow>) -> Result<(), String> {
        if self.templates.iter().any(|known| known.entry.uri.matches_as(&row.entry.uri)) {
            return Err(taken(row.entry.uri.text));
        }
        self.templates.push(Arc::clone(row));
        Ok(())
    }

    /// Adds a prompt, or says why not.
    fn add_prompt(&mut self, row: &Arc<PromptRow>) -> Result<(), String> {
        let name = row.listed.name.as_str();
        check_name("prompt", name)?;
        if self.prompt_index.contains_key(name) {
            return Err(format!(
                "two prompts are named `{name}`; rename one, set `name = \"…\"`, or put its group under a `.prefix(…)`"
            ));
        }
        self.prompt_index.insert(name.into(), Arc::clone(row));
        self.prompts.push(Arc::clone(row));
        Ok(())
    }

    /// Takes an entry out; says whether it was there.
    pub(crate) fn remove(&mut self, entry: Entry<'_>) -> bool {
        fn take<T: Named, E>(rows: &mut Vec<Arc<Row<T, E>>>, entry: Entry<'_>) -> bool {
            let before = rows.len();
            rows.retain(|row| row.listed.named() != entry);
            rows.len() < before
        }
        match entry {
            Entry::Tool(name) => {
                self.tool_index.retain(|_, row| row.listed.name != name);
                take(&mut self.tools, entry)
            }
            Entry::Resource(uri) => {
                self.resource_index.remove(uri);
                take(&mut self.resources, entry) | take(&mut self.templates, entry)
            }
            Entry::Prompt(name) => {
                self.prompt_index.remove(name);
                take(&mut self.prompts, entry)
            }
        }
    }

    /// Hides an entry from everybody, or shows it again; says whether that changed anything.
    pub(crate) fn hide(&self, entry: Entry<'_>, hidden: bool) -> bool {
        fn set<T: Named, E>(rows: &[Arc<Row<T, E>>], entry: Entry<'_>, hidden: bool) -> bool {
            let mut rows = rows.iter().filter(|row| row.listed.named() == entry);
            rows.any(|row| row.hidden.swap(hidden, Ordering::Relaxed) != hidden)
        }
        match entry {
            Entry::Tool(_) => set(&self.tools, entry, hidden),
            Entry::Resource(_) => set(&self.resources, entry, hidden) || set(&self.templates, entry, hidden),
            Entry::Prompt(_) => set(&self.prompts, entry, hidden),
        }
    }
}

fn taken(uri: &str) -> String {
    format!("two resources have the URI `{uri}`")
}

/// A name as the protocol allows it (2025-11-25, "Tools", "Tool Names"). Attributes are checked when they are compiled; a
/// prefix or a name from elsewhere is known only now.
fn check_name(kind: &str, name: &str) -> Result<(), String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if (1..=128).contains(&name.len()) && name.chars().all(is_allowed) {
        return Ok(());
    }
    let name = crate::error::quoted(name);
    Err(format!(
        "the {kind} {name} has a name that clients refuse; 1 to 128 letters, digits, `_`, `-` and `.` are allowed"
    ))
}
