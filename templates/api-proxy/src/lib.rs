//! A Model Context Protocol server whose tools ask a JSON API over HTTP.

pub mod api;
mod crates;

use std::env;

use mcp_runtime::{Server, server};

use crate::api::{Api, Settings};

/// The server with the API that the environment names.
///
/// # Errors
/// When `API_URL` is no address, or `API_TOKEN` nothing that a header can carry.
pub fn server() -> mcp_runtime::Result<Server> {
    let mut settings = Settings::default();
    if let Ok(url) = env::var("API_URL") {
        settings.url = url;
    }
    settings.token = env::var("API_TOKEN").ok();
    server_with(&settings)
}

/// The server with these settings.
///
/// # Errors
/// As of [`server`].
pub fn server_with(settings: &Settings) -> mcp_runtime::Result<Server> {
    Ok(server![crates::group()]
        .instructions("Finds crates of Rust and what is known of them.")
        .state(Api::new(settings)?))
}
