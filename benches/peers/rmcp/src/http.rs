//! rmcp behind axum: without sessions and with JSON, or as it comes.

use std::sync::Arc;

use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;

use crate::Failure;

pub(crate) async fn fast<S: ServerHandler + Clone + Sync>(address: &str, server: S) -> Result<(), Failure> {
    let config = StreamableHttpServerConfig::default().with_legacy_session_mode(false).with_json_response(true);
    serve(address, server, config, true).await
}

#[cfg(feature = "documented")]
pub(crate) async fn documented<S: ServerHandler + Clone + Sync>(address: &str, server: S) -> Result<(), Failure> {
    serve(address, server, StreamableHttpServerConfig::default(), false).await
}

async fn serve<S: ServerHandler + Clone + Sync>(
    address: &str,
    server: S,
    config: StreamableHttpServerConfig,
    no_delay: bool,
) -> Result<(), Failure> {
    use axum::serve::ListenerExt as _;

    let manager = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(server.clone()), manager, config);
    let router = axum::Router::new().nest_service("/mcp", service);
    let listener = TcpListener::bind(address).await?.tap_io(move |stream| _ = stream.set_nodelay(no_delay));
    axum::serve(listener, router).await?;
    Ok(())
}
