//! The entries of a server: what each shows in lists, who sees it, and what answers its calls. One table is never changed; an
//! edit makes the next one, which shares the entries. Floor 4.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::Serialize;

use crate::context::Context;
use crate::entry::{Completer, Entry, Gate, Handler, PromptItem, ResourceItem, Scope, Tasking, ToolItem, ToolSource};
use crate::model::lower::Lower;
use crate::model::{
    CacheScope, CallToolResult, GetPromptResult, Icon, JsonObject, Meta, Prompt, PromptArgument, ReadResourceResult,
    Resource, ResourceTemplate, Tool, ToolAnnotations,
};
use crate::revision::Revision;
use crate::schema;
use crate::uri::Template;

/// Decides for the whole server whether a caller sees an entry.
pub(crate) type Visible = Arc<dyn Fn(Entry<'_>, &Context) -> bool + Send + Sync>;

/// One entry: what it shows, and what it does.
pub(crate) struct Row<T, E> {
    pub(crate) listed: T,
    pub(crate) entry: E,
    /// What it shows in each revision, as JSON.
    shown: [OnceLock<Bytes>; Revision::ALL.len()],
    gates: Vec<Gate>,
    hidden: AtomicBool,
}

pub(crate) type ToolRow = Row<Tool, ToolEntry>;
pub(crate) type ResourceRow = Row<Resource, ResourceEntry>;
pub(crate) type TemplateRow = Row<ResourceTemplate, TemplateEntry>;
pub(crate) type PromptRow = Row<Prompt, PromptEntry>;

pub(crate) struct ToolEntry {
    pub(crate) schema: Arc<JsonObject>,
    pub(crate) wraps: bool,
    pub(crate) handler: Handler<CallToolResult>,
    pub(crate) tasking: Tasking,
    /// What structured results are checked against, in debug builds.
    pub(crate) output: Option<Arc<JsonObject>>,
    aliases: Vec<String>,
    /// What a transport has worked out for this tool; its own business.
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only HTTP works anything out"))]
    pub(crate) worked_out: OnceLock<Arc<dyn Any + Send + Sync>>,
}

pub(crate) struct ResourceEntry {
    pub(crate) schema: Arc<JsonObject>,
    pub(crate) cache: Cache,
    pub(crate) handler: Handler<ReadResourceResult>,
}

/// For how many milliseconds what was read may be kept, and by whom, where the entry says it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cache {
    pub(crate) ttl_ms: Option<u64>,
    pub(crate) scope: Option<CacheScope>,
}

impl Cache {
    fn of(item: &ResourceItem) -> Self {
        let scope = |is_public| if is_public { CacheScope::Public } else { CacheScope::Private };
        Self { ttl_ms: item.ttl.map(|seconds| seconds.saturating_mul(1000)), scope: item.public.map(scope) }
    }
}

pub(crate) struct TemplateEntry {
    pub(crate) uri: Template,
    pub(crate) cache: Cache,
    pub(crate) schema: Arc<JsonObject>,
    pub(crate) completers: HashMap<&'static str, Completer>,
    pub(crate) handler: Handler<ReadResourceResult>,
}

pub(crate) struct PromptEntry {
    pub(crate) schema: Arc<JsonObject>,
    pub(crate) completers: HashMap<&'static str, Completer>,
    pub(crate) handler: Handler<GetPromptResult>,
}

/// What a row is called.
pub(crate) trait Named {
    fn named(&self) -> Entry<'_>;
}

impl Named for Tool {
    fn named(&self) -> Entry<'_> {
        Entry::Tool(&self.name)
    }
}

impl Named for Resource {
    fn named(&self) -> Entry<'_> {
        Entry::Resource(&self.uri)
    }
}

impl Named for ResourceTemplate {
    fn named(&self) -> Entry<'_> {
        Entry::Resource(&self.uri_template)
    }
}

impl Named for Prompt {
    fn named(&self) -> Entry<'_> {
        Entry::Prompt(&self.name)
    }
}

impl<T: Named + Lower + Clone + Serialize, E> Row<T, E> {
    fn new(listed: T, entry: E, gates: Vec<Gate>) -> Arc<Self> {
        Arc::new(Self { listed, entry, shown: Default::default(), gates, hidden: AtomicBool::new(false) })
    }

    /// Whether it is shown to this caller and answers its calls. `None` asks for those that everybody sees.
    pub(crate) fn is_visible(&self, visible: &[Visible], caller: Option<&Context>) -> bool {
        if self.is_hidden() {
            return false;
        }
        let Some(caller) = caller else { return true };
        self.gates.iter().all(|gate| gate(caller)) && visible.iter().all(|visible| visible(self.listed.named(), caller))
    }

    /// As JSON, as the revision has it.
    pub(crate) fn shown(&self, revision: Revision) -> &Bytes {
        self.shown[revision.index()].get_or_init(|| {
            let mut listed = self.listed.clone();
            listed.lower(revision);
            // The crate's own types always serialize.
            serde_json::to_vec(&listed).unwrap_or_else(|_| b"{}".to_vec()).into()
        })
    }

    pub(crate) fn is_hidden(&self) -> bool {
        self.hidden.load(Ordering::Relaxed)
    }
}

/// The entries, in order of registration.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    pub(crate) tools: Vec<Arc<ToolRow>>,
    pub(crate) resources: Vec<Arc<ResourceRow>>,
    pub(crate) templates: Vec<Arc<TemplateRow>>,
    pub(crate) prompts: Vec<Arc<PromptRow>>,
    tool_index: HashMap<Box<str>, Arc<ToolRow>>,
    resource_index: HashMap<Box<str>, Arc<ResourceRow>>,
    prompt_index: HashMap<Box<str>, Arc<PromptRow>>,
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
        self.tools.iter().any(|row| !row.gates.is_empty())
            || self.resources.iter().any(|row| !row.gates.is_empty())
            || self.templates.iter().any(|row| !row.gates.is_empty())
            || self.prompts.iter().any(|row| !row.gates.is_empty())
    }

    /// Whether calls of some tool become tasks.
    pub(crate) fn has_tasks(&self) -> bool {
        self.tools.iter().any(|row| row.entry.tasking != Tasking::Never)
    }

    /// Whether something suggests values for arguments.
    pub(crate) fn completes(&self) -> bool {
        self.prompts.iter().any(|row| suggests(&row.entry.schema, &row.entry.completers))
            || self.templates.iter().any(|row| suggests(&row.entry.schema, &row.entry.completers))
    }

    /// Adds a tool, or says why not.
    pub(crate) fn add_tool(&mut self, source: ToolSource, scope: Scope) -> Result<(), String> {
        let row = match source {
            ToolSource::Item(item) => tool(item, scope),
            ToolSource::Made(tool, handler) => made_tool(tool, handler, scope),
        };
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
            self.tool_index.insert(name.into(), Arc::clone(&row));
        }
        self.tools.push(row);
        Ok(())
    }

    /// Adds a resource or a template, or says why not.
    pub(crate) fn add_resource(&mut self, item: ResourceItem, scope: Scope) -> Result<(), String> {
        let uri = item.uri;
        if self.resource_index.contains_key(uri.text)
            || self.templates.iter().any(|known| known.entry.uri.matches_as(&uri))
        {
            return Err(format!("two resources have the URI `{}`", uri.text));
        }
        if is_template(&uri) {
            self.templates.push(template(item, scope));
        } else {
            let row = resource(item, scope);
            self.resource_index.insert(uri.text.into(), Arc::clone(&row));
            self.resources.push(row);
        }
        Ok(())
    }

    /// Adds a prompt, or says why not.
    pub(crate) fn add_prompt(&mut self, item: PromptItem, scope: Scope) -> Result<(), String> {
        let row = prompt(item, scope);
        let name = row.listed.name.as_str();
        check_name("prompt", name)?;
        if self.prompt_index.contains_key(name) {
            return Err(format!(
                "two prompts are named `{name}`; rename one, set `name = \"…\"`, or put its group under a `.prefix(…)`"
            ));
        }
        self.prompt_index.insert(name.into(), Arc::clone(&row));
        self.prompts.push(row);
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

fn suggests(schema: &JsonObject, completers: &HashMap<&'static str, Completer>) -> bool {
    !completers.is_empty()
        || schema
            .get("properties")
            .and_then(|properties| properties.as_object())
            .is_some_and(|properties| properties.values().any(|property| property.get("enum").is_some()))
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

fn is_template(uri: &Template) -> bool {
    !uri.query.is_empty() || uri.parts.iter().any(|part| !matches!(part, crate::uri::Part::Literal(_)))
}

fn icons(sources: &[&str]) -> Option<Vec<Icon>> {
    (!sources.is_empty()).then(|| sources.iter().map(|source| Icon::new(*source)).collect())
}

fn meta(members: Vec<(&'static str, serde_json::Value)>) -> Option<Meta> {
    (!members.is_empty()).then(|| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn description(text: &str, deprecated: Option<&str>) -> Option<String> {
    match (text, deprecated) {
        ("", None) => None,
        (text, None) => Some(text.to_owned()),
        ("", Some(instead)) => Some(format!("Deprecated: {instead}")),
        (text, Some(instead)) => Some(format!("Deprecated: {instead}\n\n{text}")),
    }
}

fn tool(item: ToolItem, scope: Scope) -> Arc<ToolRow> {
    let facts = item.facts;
    let input_schema = schema::of_arguments(item.describe, item.open);
    let entry_schema = Arc::new(input_schema.clone());
    let mut tool = Tool::new(scope.named(facts.name), input_schema);
    tool.title = facts.title.map(str::to_owned);
    tool.description = description(facts.description, facts.deprecated);
    tool.icons = icons(facts.icons);
    tool.meta = meta(facts.meta);
    tool.output_schema = schema::of_result(item.output);
    let annotations = ToolAnnotations {
        title: None,
        read_only_hint: item.read_only,
        destructive_hint: item.destructive,
        idempotent_hint: item.idempotent,
        open_world_hint: item.open_world,
    };
    tool.annotations = (annotations != ToolAnnotations::default()).then_some(annotations);
    let wraps = tool.wraps_output();
    let aliases = item.aliases.iter().map(|alias| scope.named(alias)).collect();
    let output = checked_output(&tool);
    let entry = ToolEntry {
        schema: entry_schema,
        wraps,
        handler: item.handler,
        tasking: item.tasking,
        output,
        aliases,
        worked_out: OnceLock::new(),
    };
    Row::new(tool, entry, scope.gates)
}

/// A result that does not fit its schema is the author's mistake: it is looked for where authors are.
fn checked_output(tool: &Tool) -> Option<Arc<JsonObject>> {
    const IS_CHECKED: bool = cfg!(debug_assertions);
    tool.output_schema.as_ref().filter(|_| IS_CHECKED).map(|schema| Arc::new(schema.clone()))
}

fn made_tool(mut tool: Tool, handler: Handler<CallToolResult>, scope: Scope) -> Arc<ToolRow> {
    tool.name = scope.named(&tool.name);
    let wraps = tool.wraps_output();
    let output = checked_output(&tool);
    let entry = ToolEntry {
        schema: Arc::new(tool.input_schema.clone()),
        wraps,
        handler,
        tasking: Tasking::Never,
        output,
        aliases: Vec::new(),
        worked_out: OnceLock::new(),
    };
    Row::new(tool, entry, scope.gates)
}

fn resource(item: ResourceItem, scope: Scope) -> Arc<ResourceRow> {
    let cache = Cache::of(&item);
    let facts = item.facts;
    let mut resource = Resource::new(item.uri.text, scope.named(facts.name));
    resource.title = facts.title.map(str::to_owned);
    resource.description = description(facts.description, facts.deprecated);
    resource.icons = icons(facts.icons);
    resource.meta = meta(facts.meta);
    resource.mime_type = item.mime.map(str::to_owned);
    resource.size = item.size;
    resource.annotations = item.annotations;
    let schema = Arc::new(schema::of_arguments(item.describe, false));
    Row::new(resource, ResourceEntry { schema, cache, handler: item.handler }, scope.gates)
}

fn template(item: ResourceItem, scope: Scope) -> Arc<TemplateRow> {
    let cache = Cache::of(&item);
    let facts = item.facts;
    let mut template = ResourceTemplate::new(item.uri.text, scope.named(facts.name));
    template.title = facts.title.map(str::to_owned);
    template.description = description(facts.description, facts.deprecated);
    template.icons = icons(facts.icons);
    template.meta = meta(facts.meta);
    template.mime_type = item.mime.map(str::to_owned);
    template.annotations = item.annotations;
    let schema = Arc::new(schema::of_arguments(item.describe, false));
    let completers = item.completers.into_iter().collect();
    Row::new(template, TemplateEntry { uri: item.uri, cache, schema, completers, handler: item.handler }, scope.gates)
}

fn prompt(item: PromptItem, scope: Scope) -> Arc<PromptRow> {
    let facts = item.facts;
    let schema = schema::of_arguments(item.describe, item.open);
    let mut prompt = Prompt::new(scope.named(facts.name));
    prompt.title = facts.title.map(str::to_owned);
    prompt.description = description(facts.description, facts.deprecated);
    prompt.icons = icons(facts.icons);
    prompt.meta = meta(facts.meta);
    prompt.arguments = prompt_arguments(&schema);
    let completers = item.completers.into_iter().collect();
    Row::new(prompt, PromptEntry { schema: Arc::new(schema), completers, handler: item.handler }, scope.gates)
}

/// A prompt's arguments are text: of their schema, a client sees name, description and whether they are required.
fn prompt_arguments(schema: &JsonObject) -> Option<Vec<PromptArgument>> {
    let properties = schema.get("properties")?.as_object()?;
    let required = schema.get("required").and_then(|names| names.as_array());
    let arguments: Vec<_> = properties
        .iter()
        .map(|(name, property)| {
            let mut argument = PromptArgument::default();
            argument.name.clone_from(name);
            argument.description = property.get("description").and_then(|text| text.as_str()).map(str::to_owned);
            argument.required = Some(required.is_some_and(|names| names.iter().any(|required| required == name)));
            argument
        })
        .collect();
    (!arguments.is_empty()).then_some(arguments)
}
