//! What a server's own tests need: a client in one line, and everything the server shows as one value. Floor 6.

use std::future::Future;
use std::panic::Location;

use serde_json::Value;

use crate::client::Client;
use crate::error::chain;
use crate::server::Server;

/// A client of this server, in the same process and of the newest revision.
///
/// For another revision use [`Client::memory`] with [`protocol`](crate::client::Connect::protocol).
///
/// ```
/// use mcp_runtime::{server, testing, tool};
/// use serde_json::json;
///
/// /// Adds two numbers.
/// #[tool(read_only)]
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> mcp_runtime::Result<()> {
/// let client = testing::client(server![add]).await;
/// let wrong = client.call("add", json!({ "a": 1 })).await?;
/// assert_eq!(wrong.is_error, Some(true));
/// # Ok(())
/// # }
/// ```
///
/// # Panics
/// If the server cannot be built, with everything that is wrong with it.
#[track_caller]
pub fn client(server: Server) -> impl Future<Output = Client> + Send {
    let caller = Location::caller();
    async move {
        match Client::memory(server).connect().await {
            Ok(client) => client,
            Err(error) => panic!("{caller}: {}", chain(&error)),
        }
    }
}

/// Everything that a server shows its clients, as one value to compare or to keep as a snapshot: capabilities, instructions,
/// tools, resources, resource templates and prompts, as the newest revision has them.
///
/// The server's name and version are not in it, so that a release does not change it.
///
/// ```
/// use mcp_runtime::{server, testing, tool};
///
/// /// Adds two numbers.
/// #[tool(read_only)]
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// let surface = testing::surface(server![add]);
/// assert_eq!(surface["tools"][0]["name"], "add");
/// assert_eq!(surface["tools"][0]["inputSchema"]["required"], serde_json::json!(["a", "b"]));
/// // With the crate `insta`: insta::assert_json_snapshot!(testing::surface(server![add]));
/// ```
///
/// # Panics
/// If the server cannot be built, with everything that is wrong with it.
#[track_caller]
pub fn surface(server: Server) -> Value {
    match server.build() {
        Ok(app) => app.core.catalog().surface(),
        Err(error) => panic!("{error}"),
    }
}
