//! Model Context Protocol servers from plain Rust functions.
//!
//! Annotate functions with [`tool`](macro@tool), [`resource`](macro@resource) and [`prompt`](macro@prompt), name them in
//! [`server!`], and run:
//!
//! ```no_run
//! use mcp_runtime::{server, tool};
//!
//! /// Adds two numbers.
//! #[tool(read_only)]
//! fn add(
//!     /// The first number.
//!     a: i64,
//!     /// The second number, 1 unless given.
//!     #[arg(default = 1)]
//!     b: i64,
//! ) -> i64 {
//!     a + b
//! }
//!
//! fn main() -> mcp_runtime::Result<()> {
//!     server![add].run_blocking()
//! }
//! ```
//!
//! The function stays what it was: `add(1, 2)` still adds. Its documentation is what a model reads, its signature is the
//! schema, and whatever it returns is the answer. All five revisions of the protocol are served at once.

mod error;
mod escape;
mod piece;
mod revision;
mod text;
mod uri;

pub mod model;

mod budget;
mod capability;
mod limits;
mod message;
mod method;
mod names;
mod params;
mod pulse;
mod seal;
mod usage;
mod weight;
mod written;

mod arguments;
mod call;
mod context;
mod entry;
mod form;
mod made;
mod output;
mod party;
mod peer;
mod pending;
#[expect(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    reason = "methods are looked up on values, and all answers have one form"
)]
mod probe;
mod replay;
mod schema;
mod session;
mod state;
pub mod store;
mod subscribe;

mod ask;
mod trace;

mod catalog;
mod dispatch;
mod exchange;
mod ground;
mod handle;
mod layer;
mod server;
mod tables;
mod task;

mod run;
mod transport;

#[cfg(feature = "client")]
pub mod client;
#[cfg(all(fuzzing, feature = "http", feature = "client-http"))]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
pub mod private;
#[doc(hidden)]
pub use crate::private as __private;

/// Makes a tool of a function, a method or a struct.
///
/// The function stays what it was. Its doc comment is the tool's description, its parameters are the tool's arguments, their
/// doc comments describe them, and what it returns is the answer:
///
/// ```
/// use mcp_runtime::{tool, Context, State};
/// use schemars::JsonSchema;
/// use serde::Serialize;
///
/// struct Index(Vec<String>);
///
/// #[derive(Serialize, JsonSchema)]
/// struct Hit {
///     line: usize,
///     text: String,
/// }
///
/// /// Search the index.
/// #[tool(read_only, title = "Search")]
/// async fn search(
///     index: State<Index>,              // filled in by the server
///     cx: &Context,                     // the call itself: progress, log, cancellation
///     /// Text to look for.
///     query: &str,                      // borrowed from the message
///     /// The most hits.
///     #[arg(default = 10, range = 1..=100)]
///     limit: usize,
/// ) -> Result<Vec<Hit>, String> {
///     cx.info(format!("searching for {query}"));
///     let lines = index.0.iter().enumerate().filter(|(_, text)| text.contains(query));
///     Ok(lines.take(limit).map(|(line, text)| Hit { line, text: text.clone() }).collect())
/// }
/// ```
///
/// # Keys
/// | key | meaning |
/// |---|---|
/// | `name`, `title`, `description` | other than the function's name and its doc comment |
/// | `read_only`, `destructive`, `idempotent`, `open_world` | hints for the client (since 2025-03-26) |
/// | `alias = "…"` or `["…"]` | further names that calls may use; they are not listed |
/// | `deprecated`, `deprecated = "use x"` | tells the model |
/// | `icons = "https://…"` or `[…]` | pictures (since 2025-11-25) |
/// | `meta("com.example/key" = value)` | members of `_meta` (since 2025-06-18) |
/// | `task` | clients that know tasks get a handle and ask for the result later; the others wait (since 2026-07-28) |
/// | `task = "required"`, `"later"` | only for clients that know tasks; when the function calls [`Context::begin_task`] |
/// | `ignore_unknown` | lets arguments of other names through instead of refusing them |
/// | `crate = path` | where `mcp_runtime` is, if it was renamed |
///
/// # Arguments: `#[arg(…)]`
/// | key | meaning |
/// |---|---|
/// | `name`, `description` | other than the parameter's name and its doc comment |
/// | `default`, `default = value` | the value when it is left out; alone, the type's default |
/// | `range = 1..=9` | bounds of a number |
/// | `length = 1..=9` | bounds of a text's length in characters |
/// | `items = 1..=9` | bounds of a list's length |
/// | `pattern = "…"` | a regular expression that is found in the text |
/// | `example = value` | an example for the model |
/// | `header = "Region"` | mirrored to an HTTP header (since 2026-07-28) |
///
/// An argument's type is anything that is `Deserialize` and `JsonSchema`; `&str`, `Cow<str>`, `&[T]`, `&Path` and `Option`s
/// work as they stand. A string is taken for a number or a boolean where it can only mean that. A call that does not fit is
/// answered with everything that is wrong with it, for the model to mend.
///
/// # Results
/// Text, numbers, `()`, content such as [`ImageContent`](model::ImageContent), lists of content, `Option`, `Result`, a
/// [`CallToolResult`](model::CallToolResult), or any value that is `Serialize` and `JsonSchema`: that becomes structured
/// content with an output schema, and the same JSON as text. An `Err` of any type that is `Display` is told to the model with
/// its causes; a [`ProtocolError`] is a JSON-RPC error. A panic is answered too.
///
/// # Structs
/// A struct is its own argument type; it has a method `call`, `async` or not:
///
/// ```
/// use mcp_runtime::{server, tool, Context};
///
/// /// Adds two numbers.
/// #[tool(read_only)]
/// struct Add {
///     /// The first.
///     a: i64,
///     /// The second.
///     #[arg(default = 1)]
///     b: i64,
/// }
///
/// impl Add {
///     async fn call(self, _: &Context) -> i64 {
///         self.a + self.b
///     }
/// }
/// # let _ = server![Add];
/// ```
pub use mcp_derive::tool;

/// Makes a resource, or a template of resources, of a function, a method or a struct.
///
/// The variables of the template are parameters; they come as text and are parsed into their types. `None` means that there
/// is no such resource.
///
/// ```
/// use mcp_runtime::{resource, server};
///
/// /// The manual.
/// #[resource("manual://index", mime = "text/markdown")]
/// fn manual() -> &'static str {
///     "# Manual"
/// }
///
/// /// One page of it.
/// #[resource("manual://{chapter}/{page}{?format}", mime = "text/plain")]
/// async fn page(chapter: String, page: u32, format: Option<String>) -> Option<String> {
///     (page < 100).then(|| format!("{chapter}, page {page} as {}", format.as_deref().unwrap_or("text")))
/// }
///
/// # let _ = server![manual, page];
/// ```
///
/// `{name}` matches up to the next `/`, `{+name}` what is left with its slashes, `{?a,b}` parameters of the query, which are
/// `Option`s or have a default (RFC 6570). It returns text, bytes, [`ResourceContents`](model::ResourceContents), or any value
/// that is `Serialize` and is then served as JSON; in a `Result` or an `Option` if it may fail or be absent.
///
/// Keys beside those of [`tool`](macro@tool) that fit: `mime`, `size` in bytes, `audience = "user"` or `"assistant"`,
/// `priority` from 0 to 1, `ttl` in seconds for which clients may keep what they read, and `cache = "public"` or `"private"`
/// whether they may share it (since 2026-07-28). `#[arg(complete = path)]` names a function, `async` or not, that suggests values:
///
/// ```
/// use mcp_runtime::{resource, Context};
///
/// /// A city's weather.
/// #[resource("weather://{city}")]
/// fn weather(#[arg(complete = cities)] city: &str) -> String {
///     format!("It is fine in {city}.")
/// }
///
/// fn cities(typed: &str, _: &Context) -> Vec<&'static str> {
///     ["Bern", "Berlin", "Lima"].into_iter().filter(|city| city.starts_with(typed)).collect()
/// }
/// ```
///
/// A struct is served as its own serialized value, from the server's state or by value:
///
/// ```
/// use mcp_runtime::{resource, server};
///
/// /// How the server is set up.
/// #[resource("config://app")]
/// #[derive(serde::Serialize)]
/// struct Config {
///     region: String,
/// }
///
/// let server = server![Config].state(Config { region: "eu".into() });
/// let server = server![Config { region: "eu".into() }];
/// # let _ = server;
/// ```
pub use mcp_derive::resource;

/// Makes a prompt of a function, a method or a struct.
///
/// Its arguments come as text and are parsed into their types. It returns text, which is a message of the user's, or
/// [`PromptMessage`](model::PromptMessage)s.
///
/// ```
/// use mcp_runtime::model::PromptMessage;
/// use mcp_runtime::{prompt, server};
///
/// /// Ask for a review of some code.
/// #[prompt]
/// fn review(
///     /// The code.
///     code: &str,
///     /// Its language.
///     #[arg(complete = ["Rust", "Go", "Python"])]
///     language: Option<&str>,
/// ) -> Vec<PromptMessage> {
///     vec![
///         PromptMessage::user(format!("Review this {} code:", language.unwrap_or("program's"))),
///         PromptMessage::user(code),
///     ]
/// }
///
/// # let _ = server![review];
/// ```
///
/// A struct has its arguments as fields and a method `render(self)`. Keys are those of [`tool`](macro@tool) that fit.
pub use mcp_derive::prompt;

/// Serves the annotated methods of a type, whose value is then given to a server.
///
/// ```
/// use std::sync::atomic::{AtomicI64, Ordering};
///
/// use mcp_runtime::{serve, server};
///
/// #[derive(Default)]
/// struct Counter(AtomicI64);
///
/// #[serve]
/// impl Counter {
///     /// Count on.
///     #[tool]
///     fn increment(&self, #[arg(default = 1)] by: i64) -> i64 {
///         self.0.fetch_add(by, Ordering::Relaxed) + by
///     }
///
///     /// The count.
///     #[resource("counter://value")]
///     fn value(&self) -> String {
///         self.0.load(Ordering::Relaxed).to_string()
///     }
/// }
///
/// let server = server![Counter::default()];
/// # let _ = server;
/// ```
///
/// Methods take `&self`, because many calls run at once. The type may be generic. Other methods are left alone.
pub use mcp_derive::serve;

/// Puts a server together from annotated functions, groups and values of types with a `#[serve] impl`.
///
/// ```
/// use mcp_runtime::{server, tool};
///
/// /// Adds two numbers.
/// #[tool]
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// /// Stops everything.
/// #[cfg(feature = "admin")]
/// #[tool(destructive)]
/// fn stop() {}
///
/// let server = server![add, #[cfg(feature = "admin")] stop];
/// # let _ = server;
/// ```
///
/// Its name and version are those of the package in whose source the macro stands. An item that is named nowhere is a warning
/// of the compiler, two items of one name are an error. `server![crate = path; …]` says where `mcp_runtime` is, if it was
/// renamed.
pub use mcp_derive::server;

/// Makes one value of several annotated items, see [`Group`]. Takes what [`server!`] takes.
///
/// ```
/// use mcp_runtime::{group, tool, Group};
///
/// /// Adds two numbers.
/// #[tool]
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// pub fn arithmetic() -> impl Group {
///     group![add]
/// }
/// # let _ = mcp_runtime::server![arithmetic()];
/// ```
pub use mcp_derive::group;

pub use crate::ask::{Ask, AskError, Elicited};
pub use crate::call::{Call, Reply};
pub use crate::capability::Capability;
#[cfg(feature = "client")]
pub use crate::client::Client;
pub use crate::context::{Amount, Context, FromContext, Progress};
pub use crate::entry::{Entry, Group};
pub use crate::error::{Error, ProtocolError, Result};
pub use crate::handle::Handle;
pub use crate::layer::{BoxError, Stack};
pub use crate::limits::Limits;
pub use crate::made::MadeTool;
pub use crate::method::{Kind, Method, Sender};
pub use crate::output::{IntoPrompt, IntoResource, IntoToolResult};
pub use crate::revision::Revision;
pub use crate::server::Server;
pub use crate::state::{Needs, State};
#[cfg(feature = "http")]
pub use crate::transport::http::{Body, Extension, Http, HttpOptions, HttpService, Principal};
pub use crate::transport::{Stdio, Stream, Transport, memory};
pub use crate::usage::Usage;
