//! Tools that no attribute describes, because they are known only when the program runs: a proxy's, a plugin's. Floor 2.

use std::future::Future;
use std::sync::Arc;

use crate::arguments::Source;
use crate::context::Context;
use crate::entry::{Group, Handler, Registry};
use crate::error::ProtocolError;
use crate::model::{CallToolResult, JsonObject, Tool};
use crate::names::Names;
use crate::output::IntoToolResult;

/// A tool made of a description and a function, to be given to a server like any annotated one.
///
/// Its schema goes to clients as it is. The function takes whatever arguments come: nobody checks them against the schema.
/// Use [`tool`](macro@crate::tool) for what is known when the program is written.
///
/// ```
/// use mcp_runtime::model::Tool;
/// use mcp_runtime::{server, Context, MadeTool};
/// use serde_json::json;
///
/// let schema = json!({ "type": "object", "properties": { "text": { "type": "string" } } });
/// let tool = Tool::new("echo", schema.as_object().cloned().unwrap_or_default());
/// let echo = MadeTool::new(tool, |_: Context, arguments| async move { arguments["text"].to_string() });
/// let server = server![(echo)];
/// # let _ = server;
/// ```
pub struct MadeTool {
    tool: Tool,
    handler: Handler<CallToolResult>,
}

impl MadeTool {
    /// A tool that `function` answers. Its error type can be [`ProtocolError`]; for anything else, return a
    /// [`CallToolResult`].
    pub fn new<F, A>(mut tool: Tool, function: F) -> Self
    where
        F: Fn(Context, JsonObject) -> A + Send + Sync + 'static,
        A: Future<Output: IntoToolResult> + Send + 'static,
    {
        // Clients refuse a schema that says nothing of objects.
        tool.input_schema.entry("type").or_insert_with(|| "object".into());
        let function = Arc::new(function);
        let handler = move |input: crate::arguments::Input| {
            let function = Arc::clone(&function);
            let answering: crate::entry::Later<CallToolResult> = Box::pin(async move {
                let arguments = match &input.source {
                    Source::Typed(Some(arguments)) => serde_json::from_str(arguments)
                        .map_err(|_| ProtocolError::invalid_params("`arguments` must be an object"))?,
                    _ => JsonObject::new(),
                };
                function(input.context, arguments).await.into_tool_result()
            });
            crate::entry::Answering::Later(answering)
        };
        Self { tool, handler: Handler::Bound(Box::new(handler)) }
    }
}

impl std::fmt::Debug for MadeTool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeTool").field("name", &self.tool.name).finish_non_exhaustive()
    }
}

#[diagnostic::do_not_recommend]
impl Group for MadeTool {
    const NAMES: Names = Names { own: &[], parts: &[] };

    fn register(self, registry: &mut Registry<'_>) {
        registry.made_tool(self.tool, self.handler);
    }
}
