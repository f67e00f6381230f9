//! The builder that a user holds, and the server it becomes: immutable tables, made once before anything is served.
//! How a call finds its entry is `dispatch`; how frames come in is `transport`. Floor 4.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;
use tower_service::Service;

use crate::call::{Call, Reply};
use crate::catalog::Catalog;
use crate::entry::{Completer, Group, Handler, PromptItem, Registry, ResourceItem, ToolItem};
use crate::error::{Error, Result};
use crate::layer::{BoxError, Layered, Layers, Stack};
use crate::model::{
    CacheScope, CallToolResult, GetPromptResult, Icon, Implementation, JsonObject, Meta, Prompt, PromptArgument,
    ReadResourceResult, Resource, ResourceTemplate, Tool, ToolAnnotations,
};
use crate::schema;
use crate::state::{Needs, States};
use crate::uri::Template;

/// A server in the making.
///
/// [`server!`](crate::server!) makes one from annotated functions; give it what they need, then run it:
///
/// ```no_run
/// use mcp_runtime::{server, tool};
///
/// /// Adds two numbers.
/// #[tool(read_only)]
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// #[tokio::main]
/// async fn main() -> mcp_runtime::Result<()> {
///     server![add].instructions("Adds whatever you like.").run().await
/// }
/// ```
#[must_use = "a server does nothing until it runs"]
pub struct Server {
    pub(crate) registry: Registry,
    pub(crate) info: Implementation,
    pub(crate) instructions: Option<String>,
    pub(crate) limits: Limits,
    layers: Layers,
    page_size: usize,
    ttl: Duration,
    cache_scope: CacheScope,
}

/// What a server bounds. Every bound has a default that is safe for a server on the open network.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub(crate) line: usize,
    pub(crate) outgoing: usize,
    pub(crate) in_flight: usize,
    pub(crate) grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line: 4 << 20, outgoing: 4 << 20, in_flight: 16 * 1024, grace: Duration::from_secs(5) }
    }
}

impl Limits {
    /// The longest message in bytes, 4 MiB unless set. A longer one is answered with an error and skipped unread.
    pub fn line(mut self, bytes: usize) -> Self {
        self.line = bytes.max(1024);
        self
    }

    /// How many bytes of answers may wait for a client that does not read, 4 MiB unless set. Beyond it calls wait, and
    /// progress and log messages are dropped.
    pub fn outgoing(mut self, bytes: usize) -> Self {
        self.outgoing = bytes.max(1024);
        self
    }

    /// How many calls of one connection may be in flight, 16,384 unless set. Further ones are answered with an error.
    pub fn in_flight(mut self, calls: usize) -> Self {
        self.in_flight = calls.max(1);
        self
    }

    /// How long calls in flight may go on once the input has ended or the process was told to stop, 5 s unless set.
    pub fn grace(mut self, time: Duration) -> Self {
        self.grace = time;
        self
    }
}

impl Server {
    /// A server of this group. [`server!`](crate::server!) calls it with the name and version of the user's own package.
    pub fn new<G: Group>(group: G, info: Implementation) -> Self {
        const { G::NAMES.assert_distinct() }
        let mut registry = Registry::default();
        group.register(&mut registry);
        Self {
            registry,
            info,
            instructions: None,
            limits: Limits::default(),
            layers: Layers::default(),
            page_size: 1000,
            ttl: Duration::ZERO,
            cache_scope: CacheScope::Private,
        }
    }

    /// Gives a value that functions take as [`State<T>`](crate::State). One of each type.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.registry.state(Arc::new(value));
        self
    }

    /// Adds further tools, resources and prompts.
    pub fn with(mut self, group: impl Group) -> Self {
        group.register(&mut self.registry);
        self
    }

    /// What a model should know to use this server well.
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.instructions = Some(text.into());
        self
    }

    /// Another name or version than those of the user's package, or a title, icons and a web site.
    pub fn info(mut self, info: Implementation) -> Self {
        self.info = info;
        self
    }

    /// Other bounds than the defaults.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many items one page of a list holds, 1,000 unless set.
    pub fn page_size(mut self, items: usize) -> Self {
        self.page_size = items.max(1);
        self
    }

    /// For how long clients may keep lists and resources, and whether they may share them (2026-07-28). Unless set, not
    /// at all and with nobody.
    pub fn cache(mut self, ttl: Duration, scope: CacheScope) -> Self {
        (self.ttl, self.cache_scope) = (ttl, scope);
        self
    }

    /// Wraps every call in a tower layer; the one added last runs first.
    ///
    /// A layer sees [`Call`] and [`Reply`]. `ping`, `initialize` and `server/discover` are answered without it. A layer's
    /// error is told to the client: as a tool error for `tools/call`, else as a JSON-RPC error.
    ///
    /// ```
    /// use std::time::Duration;
    /// use mcp_runtime::{server, tool};
    /// use tower::timeout::TimeoutLayer;
    ///
    /// /// Waits for nobody.
    /// #[tool]
    /// async fn wait() {
    ///     std::future::pending().await
    /// }
    ///
    /// let server = server![wait].layer(TimeoutLayer::new(Duration::from_secs(30)));
    /// # let _ = server;
    /// ```
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Stack> + Send + 'static,
        L::Service: Service<Call, Response = Reply> + Clone + Send + 'static,
        <L::Service as Service<Call>>::Error: Into<BoxError>,
        <L::Service as Service<Call>>::Future: Send + 'static,
    {
        self.layers.push(layer);
        self
    }

    /// Makes the tables, or says everything that is wrong with the server.
    pub(crate) fn build(self) -> Result<Arc<App>> {
        let Registry { tools, resources, prompts, states, mut problems } = self.registry;
        let mut lacks = Lacks::default();
        let mut context = false;
        let mut core = Core {
            tools: Vec::with_capacity(tools.len()),
            tool_index: HashMap::new(),
            resources: Vec::new(),
            resource_index: HashMap::new(),
            templates: Vec::new(),
            prompts: Vec::with_capacity(prompts.len()),
            prompt_index: HashMap::new(),
            states: Arc::new(states),
            limits: self.limits,
            catalog: Catalog::default(),
        };
        let mut listed = Listed::default();
        for item in tools {
            context |= lacks.note("tool", item.facts.name, item.needs, &core.states);
            let aliases = item.aliases;
            let (tool, entry) = tool(item);
            for name in std::iter::once(tool.name.as_str()).chain(aliases.iter().copied()) {
                if core.tool_index.insert(name.into(), core.tools.len()).is_some() {
                    problems.push(format!("two tools are named `{name}`; rename one, or set `name = \"…\"`"));
                }
            }
            listed.tools.push(tool);
            core.tools.push(entry);
        }
        for item in resources {
            context |= lacks.note("resource", item.facts.name, item.needs, &core.states);
            let uri = item.uri;
            let is_known = core.resource_index.contains_key(uri.text)
                || core.templates.iter().any(|known: &TemplateEntry| known.uri.matches_as(&uri));
            if is_known {
                problems.push(format!("two resources have the URI `{}`", uri.text));
            }
            if is_template(&uri) {
                let (template, entry) = template(item);
                listed.templates.push(template);
                core.templates.push(entry);
            } else {
                let (resource, entry) = resource(item);
                core.resource_index.insert(uri.text.into(), core.resources.len());
                listed.resources.push(resource);
                core.resources.push(entry);
            }
        }
        for item in prompts {
            context |= lacks.note("prompt", item.facts.name, item.needs, &core.states);
            let (prompt, entry) = prompt(item);
            if core.prompt_index.insert(prompt.name.as_str().into(), core.prompts.len()).is_some() {
                problems.push(format!("two prompts are named `{}`; rename one, or set `name = \"…\"`", prompt.name));
            }
            listed.prompts.push(prompt);
            core.prompts.push(entry);
        }
        problems.extend(lacks.into_problems());
        if !problems.is_empty() {
            return Err(Error::from(Misbuilt(problems)));
        }
        let completes =
            core.prompts.iter().any(PromptEntry::suggests) || core.templates.iter().any(TemplateEntry::suggests);
        core.catalog = Catalog::new(
            listed,
            crate::catalog::About {
                info: self.info,
                instructions: self.instructions,
                page_size: self.page_size,
                ttl: self.ttl,
                cache_scope: self.cache_scope,
                logs: context,
                completes,
            },
        );
        let core = Arc::new(core);
        let layered = self.layers.around(|| Stack::new(crate::dispatch::Bare(Arc::clone(&core))));
        Ok(Arc::new(App { core, layered }))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("info", &self.info).finish_non_exhaustive()
    }
}

/// What every list shows, in order of registration.
#[derive(Default)]
pub(crate) struct Listed {
    pub(crate) tools: Vec<Tool>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) templates: Vec<ResourceTemplate>,
    pub(crate) prompts: Vec<Prompt>,
}

/// The server as calls see it.
pub(crate) struct Core {
    pub(crate) tools: Vec<ToolEntry>,
    pub(crate) tool_index: HashMap<Box<str>, usize>,
    pub(crate) resources: Vec<ResourceEntry>,
    pub(crate) resource_index: HashMap<Box<str>, usize>,
    pub(crate) templates: Vec<TemplateEntry>,
    pub(crate) prompts: Vec<PromptEntry>,
    pub(crate) prompt_index: HashMap<Box<str>, usize>,
    pub(crate) states: Arc<States>,
    pub(crate) limits: Limits,
    pub(crate) catalog: Catalog,
}

/// The server with its layers around it. Public only to be named by the sealed method of `Transport`.
pub struct App {
    pub(crate) core: Arc<Core>,
    pub(crate) layered: Option<Layered>,
}

pub(crate) struct ToolEntry {
    pub(crate) schema: Arc<JsonObject>,
    pub(crate) wraps: bool,
    pub(crate) handler: Handler<CallToolResult>,
}

pub(crate) struct ResourceEntry {
    pub(crate) schema: Arc<JsonObject>,
    pub(crate) handler: Handler<ReadResourceResult>,
}

pub(crate) struct TemplateEntry {
    pub(crate) uri: Template,
    pub(crate) schema: Arc<JsonObject>,
    pub(crate) completers: HashMap<&'static str, Completer>,
    pub(crate) handler: Handler<ReadResourceResult>,
}

pub(crate) struct PromptEntry {
    pub(crate) schema: Arc<JsonObject>,
    pub(crate) completers: HashMap<&'static str, Completer>,
    pub(crate) handler: Handler<GetPromptResult>,
}

impl TemplateEntry {
    fn suggests(&self) -> bool {
        !self.completers.is_empty() || has_enumeration(&self.schema)
    }
}

impl PromptEntry {
    fn suggests(&self) -> bool {
        !self.completers.is_empty() || has_enumeration(&self.schema)
    }
}

fn has_enumeration(schema: &JsonObject) -> bool {
    schema
        .get("properties")
        .and_then(|properties| properties.as_object())
        .is_some_and(|properties| properties.values().any(|property| property.get("enum").is_some()))
}

pub(crate) fn is_template(uri: &Template) -> bool {
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

fn tool(item: ToolItem) -> (Tool, ToolEntry) {
    let facts = item.facts;
    let input_schema = schema::of_arguments(item.describe, item.open);
    let entry_schema = Arc::new(input_schema.clone());
    let mut tool = Tool::new(facts.name, input_schema);
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
    (tool, ToolEntry { schema: entry_schema, wraps, handler: item.handler })
}

fn resource(item: ResourceItem) -> (Resource, ResourceEntry) {
    let facts = item.facts;
    let mut resource = Resource::new(item.uri.text, facts.name);
    resource.title = facts.title.map(str::to_owned);
    resource.description = description(facts.description, facts.deprecated);
    resource.icons = icons(facts.icons);
    resource.meta = meta(facts.meta);
    resource.mime_type = item.mime.map(str::to_owned);
    resource.size = item.size;
    resource.annotations = item.annotations;
    let schema = Arc::new(schema::of_arguments(item.describe, false));
    (resource, ResourceEntry { schema, handler: item.handler })
}

fn template(item: ResourceItem) -> (ResourceTemplate, TemplateEntry) {
    let facts = item.facts;
    let mut template = ResourceTemplate::new(item.uri.text, facts.name);
    template.title = facts.title.map(str::to_owned);
    template.description = description(facts.description, facts.deprecated);
    template.icons = icons(facts.icons);
    template.meta = meta(facts.meta);
    template.mime_type = item.mime.map(str::to_owned);
    template.annotations = item.annotations;
    let schema = Arc::new(schema::of_arguments(item.describe, false));
    let completers = item.completers.into_iter().collect();
    (template, TemplateEntry { uri: item.uri, schema, completers, handler: item.handler })
}

fn prompt(item: PromptItem) -> (Prompt, PromptEntry) {
    let facts = item.facts;
    let schema = schema::of_arguments(item.describe, item.open);
    let mut prompt = Prompt::new(facts.name);
    prompt.title = facts.title.map(str::to_owned);
    prompt.description = description(facts.description, facts.deprecated);
    prompt.icons = icons(facts.icons);
    prompt.meta = meta(facts.meta);
    prompt.arguments = prompt_arguments(&schema);
    let completers = item.completers.into_iter().collect();
    (prompt, PromptEntry { schema: Arc::new(schema), completers, handler: item.handler })
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

/// States that functions take and nobody gave.
#[derive(Default)]
struct Lacks(Vec<(&'static str, Vec<String>)>);

impl Lacks {
    /// Says whether the item takes its call's context.
    fn note(&mut self, kind: &str, name: &str, ask: fn(&mut Needs), states: &States) -> bool {
        let mut needs = Needs::default();
        ask(&mut needs);
        for (id, state) in needs.states {
            if !states.contains(id) {
                let item = format!("{kind} `{name}`");
                match self.0.iter_mut().find(|(known, _)| *known == state) {
                    Some((_, items)) => items.push(item),
                    None => self.0.push((state, vec![item])),
                }
            }
        }
        needs.context
    }

    fn into_problems(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|(state, items)| {
            let items = items.join(", ");
            format!("nobody gave the state `{state}` that {items} takes; add `.state(…)` to the server")
        })
    }
}

/// Everything that keeps a server from starting.
#[derive(Debug)]
struct Misbuilt(Vec<String>);

impl fmt::Display for Misbuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => write!(f, "the server cannot start: {only}"),
            all => {
                f.write_str("the server cannot start:")?;
                all.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
            }
        }
    }
}

impl std::error::Error for Misbuilt {}
