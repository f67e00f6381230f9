//! Runs the server on the transport that its arguments choose; `--help` lists them.

#[tokio::main]
async fn main() -> mcp_runtime::Result<()> {
    let server = {{server}};
    server.run().await
}
