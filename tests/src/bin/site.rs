//! The site as a real process, for what only a process has: arguments, standard error, and signals.

use std::time::Duration;

use mcp_runtime::{HttpOptions, Limits};
use mcp_tests::site::{Log, server};

fn main() -> mcp_runtime::Result<()> {
    let grace = std::env::var("SITE_GRACE").ok().and_then(|millis| millis.parse().ok()).unwrap_or(5000);
    server(&Log::default())
        .limits(Limits::default().grace(Duration::from_millis(grace)))
        .http(HttpOptions::default().http_sse(true))
        .run_blocking()
}
