//! What a tool can say while it works.

use std::time::Duration;

use mcp_runtime::{Context, Group, group, tool};
use tokio::time::sleep;

const STEP: Duration = Duration::from_millis(50);

/// Says how far it has come.
#[tool(read_only)]
async fn test_tool_with_progress(cx: &Context) -> &'static str {
    for done in [0, 50, 100] {
        cx.progress(done).of(100).message(format!("Completed step {done} of 100")).send();
        sleep(STEP).await;
    }
    "All steps are done."
}

/// Logs what it does.
#[tool(read_only)]
async fn test_tool_with_logging(cx: &Context) -> &'static str {
    for line in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        cx.info(line);
        sleep(STEP).await;
    }
    "It is in the log."
}

/// Logs for those who ask for it.
#[tool(read_only)]
fn test_logging_tool(cx: &Context) -> &'static str {
    cx.info("somebody wants to know");
    "It is in the log of whoever asked for one."
}

/// Lets its client's connection go, and answers when the client comes back.
#[tool(read_only)]
async fn test_reconnection(cx: &Context) -> &'static str {
    cx.come_back(Duration::from_millis(100));
    sleep(2 * STEP).await;
    "The connection was lost and found."
}

pub(crate) fn group() -> impl Group {
    group![test_tool_with_progress, test_tool_with_logging, test_logging_tool, test_reconnection]
}
