//! What is answered in a server's stead when it cannot answer a call itself. Floor 6.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::connect::Connect;
use super::error::Error;
use crate::model::{CallToolRequestParams, CallToolResult, JsonObject};

type Fallback = Arc<dyn Fn(JsonObject) -> Pin<Box<dyn Future<Output = CallToolResult> + Send>> + Send + Sync>;

/// The fallbacks by tool.
#[derive(Clone, Default)]
pub(super) struct Fallbacks(HashMap<String, Fallback>);

impl<S> Connect<S> {
    /// Answers calls of this tool with `f` when the server cannot: it is not reached, ends, takes too long, or says over HTTP
    /// that it is not available. What it does answer counts, errors too.
    pub fn fallback<F, Fut>(mut self, tool: impl Into<String>, f: F) -> Self
    where
        F: Fn(JsonObject) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = CallToolResult> + Send + 'static,
    {
        self.options.fallbacks.0.insert(tool.into(), Arc::new(move |arguments| Box::pin(f(arguments))));
        self
    }
}

impl Fallbacks {
    /// What to keep of a call in case that the server cannot answer it.
    pub(super) fn wants(&self, params: &CallToolRequestParams) -> Option<CallToolRequestParams> {
        self.0.contains_key(&params.name).then(|| params.clone())
    }

    /// The answer instead of this failure, if somebody gives one.
    pub(super) async fn instead(&self, params: &CallToolRequestParams, error: Error) -> Result<CallToolResult, Error> {
        let Some(fallback) = self.0.get(&params.name).filter(|_| error.is_no_answer()) else { return Err(error) };
        let arguments = params.arguments.as_deref().and_then(|raw| serde_json::from_str(raw.get()).ok());
        Ok(fallback(arguments.unwrap_or_default()).await)
    }
}

impl fmt::Debug for Fallbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
