//! One entry of a server: what it shows in lists, who sees it, and what answers it. Floor 4.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use bytes::Bytes;
use serde::Serialize;

use super::entering::Ask;
use super::suggestions::Suggestions;
use crate::context::Context;
use crate::entry::{Entry, Handler, Members, PromptItem, ResourceItem, Scope, Tasking, ToolItem};
use crate::model::lower::Lower;
use crate::model::{
    CacheScope, CallToolResult, GetPromptResult, Icon, JsonObject, Meta, Prompt, PromptArgument, ReadResourceResult,
    Resource, ResourceTemplate, Tool, ToolAnnotations,
};
use crate::revision::Revision;
use crate::schema::{self, ArgumentsSchema};
use crate::state::Needs;
use crate::uri::Template;
use crate::weight::Weight;

/// Decides for the whole server whether a caller sees an entry.
pub(crate) type Visible = Arc<dyn Fn(Entry<'_>, &Context) -> bool + Send + Sync>;

/// One entry: what it shows, and what it does.
pub(crate) struct Row<T, E> {
    pub(crate) listed: T,
    pub(crate) entry: E,
    /// What it shows in each revision, as JSON, once somebody asks.
    shown: OnceLock<Box<[OnceLock<Bytes>; Revision::ALL.len()]>>,
    /// What it takes from the server.
    pub(super) needs: Ask,
    scope: Scope,
    pub(super) hidden: AtomicBool,
}

pub(crate) type ToolRow = Row<Late<Tool>, ToolEntry>;
pub(crate) type ResourceRow = Row<Resource, ResourceEntry>;
pub(crate) type TemplateRow = Row<ResourceTemplate, TemplateEntry>;
pub(crate) type PromptRow = Row<Late<Prompt>, PromptEntry>;

pub(crate) struct ToolEntry {
    pub(crate) schema: ArgumentsSchema,
    pub(crate) handler: Handler<CallToolResult>,
    pub(crate) tasking: Tasking,
    pub(super) aliases: Vec<String>,
    /// How much its arguments may take, once a long call has asked.
    weight: OnceLock<Weight>,
    /// What a transport has worked out for this tool; its own business.
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only HTTP works anything out"))]
    pub(crate) worked_out: OnceLock<Arc<dyn Any + Send + Sync>>,
}

pub(crate) struct ResourceEntry {
    pub(crate) schema: ArgumentsSchema,
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
    pub(crate) suggestions: Suggestions,
    pub(crate) handler: Handler<ReadResourceResult>,
}

pub(crate) struct PromptEntry {
    pub(crate) suggestions: Suggestions,
    pub(crate) handler: Handler<GetPromptResult>,
}

/// What a row is called.
pub(crate) trait Named {
    fn named(&self) -> Entry<'_>;

    /// What its author calls it.
    fn name(&self) -> &str;
}

/// What a row shows.
pub(crate) trait Listed: Named {
    type Item: Lower + Clone + Serialize;

    fn item(&self) -> &Self::Item;
}

macro_rules! listed {
    ($($item:ident)*) => { $(
        impl Listed for $item {
            type Item = Self;

            fn item(&self) -> &Self {
                self
            }
        }
    )* };
}

listed!(Resource ResourceTemplate);

/// Something that has schemas, which are made when somebody first asks for them: a server starts, and answers calls, without.
pub(crate) struct Late<T> {
    pub(crate) name: String,
    made: LazyLock<Box<T>, Box<dyn FnOnce() -> Box<T> + Send>>,
}

impl Named for Late<Tool> {
    fn named(&self) -> Entry<'_> {
        Entry::Tool(&self.name)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for Late<Prompt> {
    fn named(&self) -> Entry<'_> {
        Entry::Prompt(&self.name)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl<T: Lower + Clone + Serialize> Listed for Late<T>
where
    Self: Named,
{
    type Item = T;

    fn item(&self) -> &T {
        &self.made
    }
}

impl Named for Resource {
    fn named(&self) -> Entry<'_> {
        Entry::Resource(&self.uri)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for ResourceTemplate {
    fn named(&self) -> Entry<'_> {
        Entry::Resource(&self.uri_template)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl<T: Listed, E> Row<T, E> {
    fn new(listed: T, entry: E, needs: Ask, scope: &Scope) -> Arc<Self> {
        let (shown, hidden, scope) = (OnceLock::new(), AtomicBool::new(false), scope.clone());
        Arc::new(Self { listed, entry, shown, needs, scope, hidden })
    }

    /// Whether it depends on the caller who sees it.
    pub(super) fn is_gated(&self) -> bool {
        !self.scope.gates().is_empty()
    }

    /// Whether it is shown to this caller and answers its calls. `None` asks for those that everybody sees.
    pub(crate) fn is_visible(&self, visible: &[Visible], caller: Option<&Context>) -> bool {
        if self.is_hidden() {
            return false;
        }
        let Some(caller) = caller else { return true };
        let gates = self.scope.gates();
        gates.iter().all(|gate| gate(caller)) && visible.iter().all(|visible| visible(self.listed.named(), caller))
    }

    /// As JSON, as the revision has it.
    pub(crate) fn shown(&self, revision: Revision) -> &Bytes {
        self.shown.get_or_init(Default::default)[revision.index()].get_or_init(|| {
            let mut listed = self.listed.item().clone();
            listed.lower(revision);
            // The crate's own types always serialize.
            serde_json::to_vec(&listed).unwrap_or_else(|_| b"{}".to_vec()).into()
        })
    }

    pub(crate) fn is_hidden(&self) -> bool {
        self.hidden.load(Ordering::Relaxed)
    }
}

fn icons(sources: &[&str]) -> Option<Vec<Icon>> {
    (!sources.is_empty()).then(|| sources.iter().map(|source| Icon::new(*source)).collect())
}

fn meta(members: Members) -> Option<Meta> {
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

/// What every kind of entry says of itself, in members of the same names.
macro_rules! tell {
    ($listed:ident, $facts:ident) => {
        $listed.title = $facts.title.map(str::to_owned);
        $listed.description = description($facts.description, $facts.deprecated);
        $listed.icons = icons($facts.icons);
        $listed.meta = meta(($facts.meta)());
    };
}

pub(super) fn tool(item: &'static ToolItem, handler: Handler<CallToolResult>, scope: &Scope) -> Arc<ToolRow> {
    let ToolItem { facts, describe, open, output, .. } = item;
    let name = scope.named(facts.name);
    let aliases = item.aliases.iter().map(|alias| scope.named(alias)).collect();
    let make = {
        let scope = scope.clone();
        move || {
            let mut tool = Tool::new(scope.named(facts.name), schema::of_arguments(*describe, *open));
            tell!(tool, facts);
            tool.output_schema = schema::of_result(*output);
            let annotations = ToolAnnotations {
                title: None,
                read_only_hint: item.read_only,
                destructive_hint: item.destructive,
                idempotent_hint: item.idempotent,
                open_world_hint: item.open_world,
            };
            tool.annotations = (annotations != ToolAnnotations::default()).then_some(annotations);
            Box::new(tool)
        }
    };
    let schema = ArgumentsSchema::Described(*describe, *open);
    tool_row(name, Box::new(make), schema, handler, (item.tasking, aliases), (item.needs, scope))
}

impl ToolRow {
    /// How much the arguments of a call may take.
    pub(crate) fn weight(&self) -> Weight {
        *self.entry.weight.get_or_init(|| match self.entry.schema {
            // What was made while the server runs takes them as any JSON, whatever it says of them.
            ArgumentsSchema::Made(_) => Weight::ANY,
            ArgumentsSchema::Described(..) => Weight::of_schema(&self.listed.item().input_schema),
        })
    }
}

pub(super) fn made_tool(mut tool: Tool, handler: Handler<CallToolResult>, scope: &Scope) -> Arc<ToolRow> {
    tool.name = scope.named(&tool.name);
    let schema = ArgumentsSchema::Made(Arc::new(tool.input_schema.clone()));
    tool_row(
        tool.name.clone(),
        Box::new(|| Box::new(tool)),
        schema,
        handler,
        (Tasking::Never, Vec::new()),
        (Needs::nothing, scope),
    )
}

fn tool_row(
    name: String,
    make: Box<dyn FnOnce() -> Box<Tool> + Send>,
    schema: ArgumentsSchema,
    handler: Handler<CallToolResult>,
    (tasking, aliases): (Tasking, Vec<String>),
    (needs, scope): (Ask, &Scope),
) -> Arc<ToolRow> {
    let entry = ToolEntry { schema, handler, tasking, aliases, weight: OnceLock::new(), worked_out: OnceLock::new() };
    Row::new(Late { name, made: LazyLock::new(make) }, entry, needs, scope)
}

pub(super) fn resource(item: ResourceItem, scope: &Scope) -> Arc<ResourceRow> {
    let cache = Cache::of(&item);
    let facts = item.facts;
    let mut resource = Resource::new(item.uri.text, scope.named(facts.name));
    tell!(resource, facts);
    resource.mime_type = item.mime.map(str::to_owned);
    resource.size = item.size;
    resource.annotations = item.annotations;
    let schema = ArgumentsSchema::Described(item.describe, false);
    Row::new(resource, ResourceEntry { schema, cache, handler: item.handler }, item.needs, scope)
}

pub(super) fn template(item: ResourceItem, scope: &Scope) -> Arc<TemplateRow> {
    let cache = Cache::of(&item);
    let facts = item.facts;
    let mut template = ResourceTemplate::new(item.uri.text, scope.named(facts.name));
    tell!(template, facts);
    template.mime_type = item.mime.map(str::to_owned);
    template.annotations = item.annotations;
    let suggestions = Suggestions::new(item.describe, false, item.completers, item.is_plain);
    let entry = TemplateEntry { uri: item.uri, cache, suggestions, handler: item.handler };
    Row::new(template, entry, item.needs, scope)
}

pub(super) fn prompt(item: PromptItem, scope: &Scope) -> Arc<PromptRow> {
    let facts = item.facts;
    let suggestions = Suggestions::new(item.describe, item.open, item.completers, item.is_plain);
    let name = scope.named(facts.name);
    let make = {
        let (name, schema) = (name.clone(), suggestions.schema.clone());
        move || {
            let mut prompt = Prompt::new(name);
            tell!(prompt, facts);
            prompt.arguments = prompt_arguments(&schema.get());
            Box::new(prompt)
        }
    };
    let entry = PromptEntry { suggestions, handler: item.handler };
    Row::new(Late { name, made: LazyLock::new(Box::new(make)) }, entry, item.needs, scope)
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

pub(super) fn is_template(uri: &Template) -> bool {
    !uri.query.is_empty() || uri.parts.iter().any(|part| !matches!(part, crate::uri::Part::Literal(_)))
}
