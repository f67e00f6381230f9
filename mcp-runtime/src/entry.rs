//! What a server is made of: tools, resources and prompts, and groups of them. The macros implement these traits; a user
//! meets `Group` alone. Floor 2.

use std::any::type_name;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use schemars::Schema;
use schemars::generate::SchemaGenerator;
use serde::Serialize;
use serde_json::Value;

use crate::arguments::Input;
use crate::context::Context;
use crate::error::ProtocolError;
use crate::model::{Annotations, CallToolResult, GetPromptResult, ReadResourceResult, Role, Tool};
use crate::names::Names;
use crate::probe::Failure;
use crate::schema::Fields;
use crate::state::{Needs, States};
use crate::uri::Template;

/// Something that a server can be given: a tool, a resource, a prompt, or several of them.
///
/// `group![…]` makes one, the value of a type with a `#[serve] impl` is one, and `server![…]` takes them beside single functions:
///
/// ```
/// mod notes {
///     use mcp_runtime::{group, tool, Group};
///
///     /// Counts words.
///     #[tool]
///     fn count(text: &str) -> usize {
///         text.split_whitespace().count()
///     }
///
///     pub fn group() -> impl Group {
///         group![count]
///     }
/// }
///
/// let server = mcp_runtime::server![notes::group()];
/// # let _ = server;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a server can be given",
    label = "not a tool, resource, prompt or group",
    note = "name an annotated function by its path, without calling it; a value must be a `group![…]` or of a type with a \
            `#[serve] impl`"
)]
pub trait Group: Sized {
    #[doc(hidden)]
    const NAMES: Names;

    #[doc(hidden)]
    fn register(self, registry: &mut Registry);

    /// The same group with every tool and prompt named `prefix` and its own name, and resources likewise: their URIs stay.
    ///
    /// Prefixes nest: the outer one comes first. Names that clash or are too long are reported before the server starts.
    ///
    /// ```
    /// use mcp_runtime::{group, server, tool, Group};
    ///
    /// /// Counts words.
    /// #[tool]
    /// fn count(text: &str) -> usize {
    ///     text.split_whitespace().count()
    /// }
    ///
    /// let server = server![group![count].prefix("notes_")];
    /// # let _ = server;
    /// ```
    fn prefix(self, prefix: impl Into<String>) -> impl Group {
        Scoped { group: self, prefix: prefix.into(), gate: None }
    }

    /// The same group for those callers alone for whom `visible` says so; for the others its items are not there: neither
    /// listed nor called.
    ///
    /// ```
    /// use mcp_runtime::{group, server, tool, Group};
    ///
    /// /// Removes everything.
    /// #[tool(destructive)]
    /// fn wipe() {}
    ///
    /// let server = server![group![wipe].visible_if(|cx| cx.principal() == Some("admin"))];
    /// # let _ = server;
    /// ```
    fn visible_if(self, visible: impl Fn(&Context) -> bool + Send + Sync + 'static) -> impl Group {
        Scoped { group: self, prefix: String::new(), gate: Some(Arc::new(visible)) }
    }
}

/// Decides whether a caller sees an item.
pub(crate) type Gate = Arc<dyn Fn(&Context) -> bool + Send + Sync>;

/// A group under a prefix, or for some callers only.
struct Scoped<G> {
    group: G,
    prefix: String,
    gate: Option<Gate>,
}

#[diagnostic::do_not_recommend]
impl<G: Group> Group for Scoped<G> {
    // A name is known only with its prefix, when the server starts: clashes are found then.
    const NAMES: Names = Names { own: &[], parts: &[] };

    fn register(self, registry: &mut Registry) {
        let outer = registry.scope.clone();
        registry.scope.prefix.push_str(&self.prefix);
        registry.scope.gates.extend(self.gate);
        self.group.register(registry);
        registry.scope = outer;
    }
}

/// One tool, resource or prompt, by what clients call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A tool by its name.
    Tool(&'a str),
    /// A resource by its URI, or a template by its text.
    Resource(&'a str),
    /// A prompt by its name.
    Prompt(&'a str),
}

/// A single item, known by its type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool, resource or prompt",
    label = "not annotated",
    note = "annotate it with `#[tool]`, `#[resource(\"…\")]` or `#[prompt]`",
    note = "a value of a type with a `#[serve] impl` is written as one: `Counter::new()`, or `(counter)` where it is a name"
)]
pub trait StaticItem: Sized {
    /// Its name.
    const NAMES: Names;
    /// Adds it to a server.
    fn register(registry: &mut Registry);
    /// The item as a group.
    fn item() -> impl Group {
        Item::<Self>(PhantomData)
    }
}

/// A single item as a group.
pub struct Item<T>(PhantomData<fn(T)>);

#[diagnostic::do_not_recommend]
impl<T: StaticItem> Group for Item<T> {
    const NAMES: Names = T::NAMES;

    fn register(self, registry: &mut Registry) {
        T::register(registry);
    }
}

/// A group of nothing.
pub struct Empty;

#[diagnostic::do_not_recommend]
impl Group for Empty {
    const NAMES: Names = Names { own: &[], parts: &[] };

    fn register(self, _: &mut Registry) {}
}

/// Two groups as one.
pub struct Pair<A, B>(pub A, pub B);

#[diagnostic::do_not_recommend]
impl<A: Group, B: Group> Group for Pair<A, B> {
    const NAMES: Names = Names { own: &[], parts: &[&A::NAMES, &B::NAMES] };

    fn register(self, registry: &mut Registry) {
        self.0.register(registry);
        self.1.register(registry);
    }
}

/// What a handler gives for a call.
pub enum Answering<R> {
    /// The answer: the function waits for nothing.
    Ready(Result<Box<R>, ProtocolError>),
    /// Its future.
    Later(Pin<Box<dyn Future<Output = Result<R, ProtocolError>> + Send>>),
}

impl<R> Answering<R> {
    /// What a function gave that waits for nothing.
    pub fn ready(result: Result<R, ProtocolError>) -> Self {
        Self::Ready(result.map(Box::new))
    }
}

/// The future of one answer.
pub(crate) type Later<R> = Pin<Box<dyn Future<Output = Result<R, ProtocolError>> + Send>>;

/// What answers the calls of one entry.
pub enum Handler<R> {
    /// A function of its own.
    Plain(fn(Input) -> Answering<R>),
    /// A function with a value that it is called on.
    Bound(Box<dyn Fn(Input) -> Answering<R> + Send + Sync>),
}

impl<R> Handler<R> {
    /// Begins to answer a call.
    pub(crate) fn answer(&self, input: Input) -> Answering<R> {
        match self {
            Self::Plain(function) => function(input),
            Self::Bound(function) => function(input),
        }
    }
}

/// The future of suggestions.
pub type Suggesting = Pin<Box<dyn Future<Output = Vec<String>> + Send>>;

/// What suggests values of one argument.
pub type Completer = Box<dyn Fn(String, Context) -> Suggesting + Send + Sync>;

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

/// Under which prefix an item was added, and who may see it.
#[derive(Clone, Default)]
pub(crate) struct Scope {
    pub(crate) prefix: String,
    pub(crate) gates: Vec<Gate>,
}

impl Scope {
    pub(crate) fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// A tool as it was added: by an attribute, or made while the program runs.
pub(crate) enum ToolSource {
    Item(&'static ToolItem, Handler<CallToolResult>),
    Made(Box<Tool>, Handler<CallToolResult>),
}

/// The entries of a server, as they are added.
#[derive(Default)]
pub struct Registry {
    pub(crate) tools: Vec<(ToolSource, Scope)>,
    pub(crate) resources: Vec<(ResourceItem, Scope)>,
    pub(crate) prompts: Vec<(PromptItem, Scope)>,
    pub(crate) states: States,
    pub(crate) problems: Vec<String>,
    scope: Scope,
}

impl Registry {
    /// Adds what another one holds.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.tools.append(&mut other.tools);
        self.resources.append(&mut other.resources);
        self.prompts.append(&mut other.prompts);
        self.problems.append(&mut other.problems);
        self.states = self.states.with(std::mem::take(&mut other.states), &mut self.problems);
    }

    /// Adds a tool.
    pub fn tool(&mut self, item: &'static ToolItem, handler: Handler<CallToolResult>) {
        self.tools.push((ToolSource::Item(item, handler), self.scope.clone()));
    }

    /// Adds a tool that was made while the program runs.
    pub(crate) fn made_tool(&mut self, tool: Tool, handler: Handler<CallToolResult>) {
        self.tools.push((ToolSource::Made(Box::new(tool), handler), self.scope.clone()));
    }

    /// Adds a resource or a template.
    pub fn resource(&mut self, item: ResourceItem) {
        self.resources.push((item, self.scope.clone()));
    }

    /// Adds a prompt.
    pub fn prompt(&mut self, item: PromptItem) {
        self.prompts.push((item, self.scope.clone()));
    }

    /// Gives a state. Two of one type are a mistake that is reported before the server starts.
    pub fn state<T: Send + Sync + 'static>(&mut self, value: Arc<T>) {
        if !self.states.insert(value) {
            self.problems.push(format!("the state `{}` was given twice", type_name::<T>()));
        }
    }
}

/// What a function is answered with that was not called, because a slot was empty in spite of all.
///
/// # Errors
/// Always.
pub fn lost<R>() -> Result<R, ProtocolError> {
    Err(ProtocolError::internal("an argument was lost"))
}

/// What a failed function answers with.
pub trait FailedAnswer: Sized {
    /// The answer.
    #[expect(clippy::missing_errors_doc, reason = "it is an error where the protocol has no other way to say it")]
    fn failed(failure: Failure) -> Result<Self, ProtocolError>;
}

impl FailedAnswer for CallToolResult {
    fn failed(failure: Failure) -> Result<Self, ProtocolError> {
        match failure {
            Failure::Told(text) => Ok(Self::error(text)),
            Failure::Protocol(error) => Err(error),
        }
    }
}

impl FailedAnswer for GetPromptResult {
    fn failed(failure: Failure) -> Result<Self, ProtocolError> {
        Err(failure.into_error())
    }
}

impl FailedAnswer for ReadResourceResult {
    fn failed(failure: Failure) -> Result<Self, ProtocolError> {
        Err(failure.into_error())
    }
}

impl Failure {
    fn into_error(self) -> ProtocolError {
        match self {
            Self::Told(text) => ProtocolError::internal(text),
            Self::Protocol(error) => error,
        }
    }
}

/// Suggestions, best first.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of completions",
    label = "has to return texts",
    note = "a completing function takes `(&str, &Context)` and returns a list of texts, such as `Vec<String>`; it may be `async`"
)]
pub trait Candidates {
    /// As text.
    fn texts(self) -> Vec<String>;
}

#[diagnostic::do_not_recommend]
impl<I: IntoIterator<Item: Into<String>>> Candidates for I {
    fn texts(self) -> Vec<String> {
        self.into_iter().take(1000).map(Into::into).collect()
    }
}

/// Those of a fixed list that begin with what was typed, or contain it.
pub fn candidates_of(values: &[&str], typed: &str) -> Vec<String> {
    let typed = typed.to_lowercase();
    let (mut begin, mut contain) = (Vec::new(), Vec::new());
    for value in values {
        let lower = value.to_lowercase();
        if lower.starts_with(&typed) {
            begin.push((*value).to_owned());
        } else if lower.contains(&typed) {
            contain.push((*value).to_owned());
        }
    }
    begin.append(&mut contain);
    begin
}
