//! The server with arguments of every type, as a process.

fn main() -> mcp_runtime::Result<()> {
    mcp_tests::typed::server().run_blocking()
}
