//! Serves over HTTP, unless an argument or the environment says otherwise; `--help` lists what there is to say.

use std::env;

use mcp_runtime::Http;

/// Where it listens unless told otherwise. The endpoint is `/mcp`.
const ADDRESS: &str = "{{address}}";

#[tokio::main]
async fn main() -> mcp_runtime::Result<()> {
    let server = {{server}};
    if env::args_os().len() > 1 || env::var_os("MCP_TRANSPORT").is_some() {
        return server.run().await;
    }
    server.serve(Http::new(ADDRESS)).await
}
