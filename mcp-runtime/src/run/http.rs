//! What `run` does when it is asked to serve over HTTP. Floor 5.

use std::sync::Arc;

use super::Listening;
use crate::error::Result;
use crate::server::Server;
use crate::transport::http::{Http, HttpOptions};

/// What `--help` says of it.
pub(super) const HELP: &str = "
      --http <ADDRESS>           Serve over HTTP, such as at 127.0.0.1:3000; port 0 takes any
      --allow-host <NAME>        Let clients use this name for the server, beside the loopback names
      --allow-origin <ORIGIN>    Let web pages of this origin call it, such as https://app.example.com";

/// What `--help` says of the environment.
pub(super) const VARIABLES: &str = ", or http://<ADDRESS>";

pub(super) async fn serve(mut server: Server, asked: Listening) -> Result<()> {
    if !(asked.hosts.is_empty() && asked.origins.is_empty()) {
        let mut options = server.options.get::<HttpOptions>().map_or_else(HttpOptions::default, |set| (*set).clone());
        for host in &asked.hosts {
            options = options.allow_host(host);
        }
        for origin in &asked.origins {
            options = options.allow_origin(origin);
        }
        server.options.set(Arc::new(options));
    }
    server.serve(Http::new(asked.address)).await
}
