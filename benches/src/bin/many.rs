//! A server on this framework with as many tools as the variable `TOOLS` says, for what depends on their number, and one that
//! computes, for what a call costs its neighbours. `many --stdio`.

use std::time::Duration;

use mcp_runtime::{Group, group, server, tool};
use rustix::time::{ClockId, clock_gettime};

/// Adds two numbers.
#[tool]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Computes.
#[tool]
fn spin_ms(
    /// For how long this takes a core of its own, in milliseconds.
    ms: u64,
) -> &'static str {
    // The thread's own time: while it is not running, nothing is done.
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default();
    let end = now() + Duration::from_millis(ms);
    while now() < end {
        std::hint::spin_loop();
    }
    "computed"
}

fn main() -> mcp_runtime::Result<()> {
    let tools = std::env::var("TOOLS").ok().and_then(|tools| tools.parse().ok()).unwrap_or(2);
    let mut server = server![add, spin_ms];
    for number in 2..tools {
        server = server.with(group![add].prefix(format!("t{number}_")));
    }
    server.run_blocking()
}
