//! A Model Context Protocol server that keeps notes: tools, resources, prompts, and state that they share.

mod notes;
mod prompts;
mod resources;
mod tools;

use mcp_runtime::{Server, server};

/// The server with everything it offers.
pub fn server() -> Server {
    server![tools::group(), resources::group(), prompts::group()]
        .instructions("Search the notes before you add another.")
        .state(notes::Notes::default())
}
