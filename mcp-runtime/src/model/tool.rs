//! Tools, and the requests that list and call them.
//! Schemas stay plain JSON here: making and checking them is not the model's business. Floor 0.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::{CacheScope, ContentBlock, Cursor, Icon, InputResponses, JsonObject, Meta, ResultType};

/// A tool that a server offers for calling.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// The name that calls use.
    pub name: String,
    /// The name that people see. Since 2025-06-18.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the tool does, for a model to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema of the arguments; its `type` is `object`.
    pub input_schema: JsonObject,
    /// The JSON Schema of the structured result. Since 2025-06-18; of any type since 2026-07-28.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<JsonObject>,
    /// Hints at how the tool behaves. Since 2025-03-26.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<ToolAnnotations>,
    /// Pictures that stand for it. Since 2025-11-25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icons: Option<Vec<Icon>>,
    /// Metadata. Since 2025-06-18.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

impl Tool {
    /// A tool of that name whose arguments follow `input_schema`.
    pub fn new(name: impl Into<String>, input_schema: JsonObject) -> Self {
        Self { name: name.into(), input_schema, ..Self::default() }
    }
}

/// Hints at how a tool behaves.
///
/// Since 2025-03-26. Nobody enforces them, and a client must not trust those of a server that it does not trust.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolAnnotations {
    /// The name that people see, where [`Tool::title`] is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The tool changes nothing. Absent means false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only_hint: Option<bool>,
    /// The tool may destroy or overwrite something. Absent means true; says nothing about a read-only tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destructive_hint: Option<bool>,
    /// A second call with the same arguments changes nothing more. Absent means false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotent_hint: Option<bool>,
    /// The tool deals with a world that nobody controls, such as the web. Absent means true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_world_hint: Option<bool>,
}

/// The answer to `tools/list`: one page of tools.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListToolsResult {
    /// The tools of this page.
    pub tools: Vec<Tool>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Cursor>,
    /// For how many milliseconds the result may be cached. Since 2026-07-28.
    #[serde(default, deserialize_with = "super::result::ttl", skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
    /// Who may be served the cached result. Since 2026-07-28.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_scope: Option<CacheScope>,
    /// How the result is to be read. Since 2026-07-28.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_type: Option<ResultType>,
    /// Metadata of the result.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The parameters of `tools/call`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallToolRequestParams {
    /// Which tool to call.
    pub name: String,
    /// The arguments, a JSON object. They stay text, so that they are parsed once, into the tool's own type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Box<RawValue>>,
    /// The answers to what an earlier attempt asked for. Since 2026-07-28.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_responses: Option<InputResponses>,
    /// The state that the earlier attempt ended with. Since 2026-07-28.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_state: Option<String>,
    /// Metadata of the request.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The answer to `tools/call`.
///
/// A tool that failed answers with [`CallToolResult::error`], so that the model reads why and can try again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CallToolResult {
    /// What the model reads.
    pub content: Vec<ContentBlock>,
    /// What programs read: a value that follows the tool's output schema, already serialized.
    ///
    /// Since 2025-06-18, as an object; any JSON value since 2026-07-28.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structured_content: Option<Box<RawValue>>,
    /// Whether the tool failed. Absent means that it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
    /// How the result is to be read. Since 2026-07-28.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_type: Option<ResultType>,
    /// Metadata of the result.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
    /// Whether its one text is its structured content as well.
    #[serde(skip)]
    pub(crate) mirror: Mirror,
}

/// What else the one text of a result is. Nobody but this crate makes a result whose text is anything else, and hands it to
/// nobody: `CallToolResult::write` writes it as if the structured content stood in its own place. `Serialize` leaves that out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mirror {
    /// A text.
    #[default]
    None,
    /// The structured content.
    Plain,
    /// What stands in the structured content as `result`.
    Wrapped,
}

impl CallToolResult {
    /// A success with these pieces of content.
    pub fn new(content: impl Into<Vec<ContentBlock>>) -> Self {
        Self { content: content.into(), ..Self::default() }
    }

    /// A success that says `text`.
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: vec![ContentBlock::text(text)], ..Self::default() }
    }

    /// A failure of the tool, with what the model should know about it.
    pub fn error(text: impl Into<String>) -> Self {
        Self { is_error: Some(true), ..Self::text(text) }
    }

    /// A success with `value` as its structured content, and the same JSON as text for clients that read only text.
    ///
    /// The value is serialized once.
    ///
    /// # Errors
    /// If the value cannot be serialized to JSON.
    pub fn structured<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Self> {
        let json = to_raw_value(value)?;
        Ok(Self { structured_content: Some(json.clone()), ..Self::text(Box::<str>::from(json)) })
    }

    /// The same in half the memory, for nobody to look at: see [`Mirror`].
    pub(crate) fn mirrored(json: String) -> Self {
        Self { mirror: Mirror::Plain, ..Self::text(json) }
    }

    /// The structured content, wherever it stands; not yet wrapped.
    pub(crate) fn structured_text(&self) -> Option<&str> {
        match (self.mirror, self.content.first()) {
            (Mirror::None, _) => self.structured_content.as_ref().map(|json| json.get()),
            (_, Some(ContentBlock::Text(text))) => Some(&text.text),
            _ => None,
        }
    }
}
