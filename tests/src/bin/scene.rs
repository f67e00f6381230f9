//! The server of the scenario that runs over every transport, as a process.

fn main() -> mcp_runtime::Result<()> {
    mcp_tests::scene::server().run_blocking()
}
