//! What changes while the server runs.

use mcp_runtime::{Group, Handle, State, group, tool};

/// Tells everybody that the list of tools has changed.
#[tool]
fn test_trigger_tool_change(server: State<Handle>) -> &'static str {
    server.tools_changed();
    "Everybody who wants to know was told."
}

/// Tells everybody that the list of prompts has changed.
#[tool]
fn test_trigger_prompt_change(server: State<Handle>) -> &'static str {
    server.prompts_changed();
    "Everybody who wants to know was told."
}

pub(crate) fn group() -> impl Group {
    group![test_trigger_tool_change, test_trigger_prompt_change]
}
