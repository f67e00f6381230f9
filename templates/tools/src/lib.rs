//! A Model Context Protocol server that keeps a list of tasks.

mod tasks;

use mcp_runtime::{Server, server};

/// The server with its tools and their state.
pub fn server() -> Server {
    server![tasks::group()]
        .instructions("A list of tasks. Look at the open ones before adding another.")
        .state(tasks::Tasks::default())
}
