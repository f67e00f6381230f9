//! Puts the server together.

use mcp_runtime::{Server, server};

use {{crate}}_tools::group;

/// The server with the tools of its library.
pub fn server() -> Server {
    server![group()].instructions("Looks at texts without sending them anywhere.")
}
