//! A tool's result as a value of the caller's own type. Floor 6.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Client;
use super::error::Error;
use super::request::Request;
use crate::error::shortened;
use crate::method::Method;
use crate::model::{CallToolResult, ContentBlock};

impl Client {
    /// Calls a tool and reads its result as a `T`; see [`Request::typed`], which lets more be said of the call.
    ///
    /// ```
    /// # use mcp_runtime::{server, tool, Client};
    /// # use serde_json::json;
    /// # /// Adds two numbers.
    /// # #[tool(read_only)]
    /// # fn add(a: i64, b: i64) -> i64 {
    /// #     a + b
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> mcp_runtime::Result<()> {
    /// let client = Client::memory(server![add]).connect().await?;
    /// let sum: i64 = client.call_as("add", json!({ "a": 1, "b": 2 })).await?;
    /// assert_eq!(sum, 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Request::typed`].
    pub async fn call_as<T: DeserializeOwned>(
        &self,
        tool: impl Into<String>,
        arguments: impl Serialize,
    ) -> Result<T, Error> {
        self.call(tool, arguments).typed().await
    }
}

impl Request<'_, CallToolResult> {
    /// Makes the call and reads its result as a `T`: the structured content if there is some, else the text, as JSON or, if
    /// it is none, as a string.
    ///
    /// # Errors
    /// - [`Error::Tool`]: the tool failed.
    /// - [`Error::Invalid`]: the result is no `T`.
    /// - Those of a [`Request`].
    pub async fn typed<T: DeserializeOwned>(self) -> Result<T, Error> {
        let tool = self.tool().unwrap_or_default();
        let client = self.client().clone();
        let result = self.await?;
        if result.is_error == Some(true) {
            let server = client.0.sessions.server();
            return Err(Error::Tool { server, tool, text: text(&result) });
        }
        let read = match &result.structured_content {
            Some(structured) => structure(structured),
            None => from_text(&text(&result)),
        };
        read.map_err(|error| {
            let reason = shortened(&error.to_string()).into_owned();
            client
                .0
                .named(Error::invalid(Method::CallTool, format!("the result does not fit the caller's type: {reason}")))
        })
    }
}

/// Up to 2025-11-25 only objects are structured content, so that servers put other values into one.
fn structure<T: DeserializeOwned>(structured: &RawValue) -> serde_json::Result<T> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wrapped<T> {
        result: T,
    }
    serde_json::from_str(structured.get()).or_else(|error| {
        serde_json::from_str::<Wrapped<T>>(structured.get()).map(|wrapped| wrapped.result).map_err(|_| error)
    })
}

fn from_text<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str(text).or_else(|error| serde_json::from_value(text.into()).map_err(|_| error))
}

/// All text of a result.
fn text(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|block| match block {
        ContentBlock::Text(text) => Some(text.text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}
