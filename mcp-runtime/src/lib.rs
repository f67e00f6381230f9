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
mod revision;
mod uri;

pub mod model;

mod message;
mod method;

mod arguments;
mod call;
mod context;
mod entry;
mod output;
mod peer;
mod probe;
mod schema;
mod state;

mod session;

mod catalog;
mod dispatch;
mod layer;
mod server;

mod run;
mod transport;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
pub mod private;
#[doc(hidden)]
pub use crate::private as __private;

pub use mcp_derive::{group, prompt, resource, serve, server, tool};

pub use crate::call::{Call, Reply};
#[cfg(feature = "client")]
pub use crate::client::Client;
pub use crate::context::{Amount, Context, FromContext, Progress};
pub use crate::entry::Group;
pub use crate::error::{Error, ProtocolError, Result};
pub use crate::layer::{BoxError, Stack};
pub use crate::method::{Kind, Method, Sender};
pub use crate::output::{IntoPrompt, IntoResource, IntoToolResult};
pub use crate::revision::Revision;
pub use crate::server::{Limits, Server};
pub use crate::state::{Needs, State};
pub use crate::transport::{Stdio, Stream, Transport, memory};
