//! A Model Context Protocol server for many clients at once, over HTTP.

mod board;

use std::time::Duration;

use mcp_runtime::{HttpOptions, Limits, Server, server};

/// How long calls may go on when the server is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// The server with its tools, its state and its bounds.
pub fn server() -> Server {
    server![board::group()]
        .instructions("A board that all who are connected share.")
        .state(board::Board::default())
        .limits(Limits::default().grace(GRACE))
        .http(
            HttpOptions::default()
                .connections(1_000)
                .sessions(1_000)
                .body_time(Duration::from_secs(10)),
        )
}
