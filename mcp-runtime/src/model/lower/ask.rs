//! What a server asks of a client: by a request until 2025-11-25, inside a result since. Floor 0.

use super::content::describe_audio;
use super::{Lower, since, until};
use crate::model::{
    ContentBlock, CreateMessageRequestParams, ElicitRequestFormParams, ElicitRequestParams, ElicitRequestURLParams,
    InputRequest, LegacyTitledEnumSchema, ListRootsRequestParams, NumberSchema, PrimitiveSchemaDefinition,
    RequestedSchema, SamplingContent, SamplingMessage, SamplingMessageContentBlock, StringSchema, TextContent,
    TitledSingleSelectEnumSchema, ToolResultContent, ToolUseContent, UntitledSingleSelectEnumSchema,
};
use crate::revision::Revision;

impl Lower for InputRequest {
    fn lower(&mut self, revision: Revision) {
        match self {
            Self::CreateMessage(params) => params.lower(revision),
            Self::ListRoots(params) => params.lower(revision),
            Self::Elicit(params) => params.lower(revision),
        }
    }
}

impl Lower for ListRootsRequestParams {
    fn lower(&mut self, _: Revision) {
        let Self { meta: _ } = self;
    }
}

// Elicitation.

impl Lower for ElicitRequestParams {
    fn lower(&mut self, revision: Revision) {
        match self {
            Self::Form(params) => params.lower(revision),
            Self::Url(params) => params.lower(revision),
        }
    }
}

impl Lower for ElicitRequestFormParams {
    fn lower(&mut self, revision: Revision) {
        let Self { mode, message: _, requested_schema, meta } = self;
        since(Revision::V2025_11_25, revision, mode);
        requested_schema.lower(revision);
        until(Revision::V2025_11_25, revision, meta);
    }
}

impl Lower for ElicitRequestURLParams {
    /// There is nothing to make of this before 2025-11-25: no client of those revisions says that it opens URLs.
    fn lower(&mut self, revision: Revision) {
        let Self { message: _, url, elicitation_id, meta } = self;
        if revision == Revision::V2025_11_25 {
            // The id is required. Whoever means to send `notifications/elicitation/complete` has set one.
            elicitation_id.get_or_insert_with(|| url.clone());
        } else {
            *elicitation_id = None;
        }
        until(Revision::V2025_11_25, revision, meta);
    }
}

impl Lower for RequestedSchema {
    fn lower(&mut self, revision: Revision) {
        let Self { schema, properties, required: _ } = self;
        since(Revision::V2025_11_25, revision, schema);
        for (_, field) in &mut properties.0 {
            field.lower(revision);
        }
    }
}

impl Lower for PrimitiveSchemaDefinition {
    /// A field with several answers stays as it is: 2025-06-18 has nothing to put in its place.
    fn lower(&mut self, revision: Revision) {
        if revision >= Revision::V2025_11_25 {
            return;
        }
        match self {
            Self::String(StringSchema {
                title: _,
                description: _,
                min_length: _,
                max_length: _,
                format: _,
                default,
            })
            | Self::UntitledSingleSelect(UntitledSingleSelectEnumSchema {
                title: _,
                description: _,
                values: _,
                default,
            })
            | Self::LegacyTitled(LegacyTitledEnumSchema {
                title: _,
                description: _,
                values: _,
                enum_names: _,
                default,
            }) => *default = None,
            Self::Number(NumberSchema {
                number_type: _,
                title: _,
                description: _,
                minimum: _,
                maximum: _,
                default,
            }) => *default = None,
            Self::TitledSingleSelect(TitledSingleSelectEnumSchema { title, description, one_of, default: _ }) => {
                let (values, enum_names) =
                    std::mem::take(one_of).into_iter().map(|option| (option.value, option.title)).unzip();
                *self = Self::LegacyTitled(LegacyTitledEnumSchema {
                    title: title.take(),
                    description: description.take(),
                    values,
                    enum_names,
                    default: None,
                });
            }
            Self::Boolean(_) | Self::UntitledMultiSelect(_) | Self::TitledMultiSelect(_) => {}
        }
    }
}

// Sampling.

impl Lower for CreateMessageRequestParams {
    fn lower(&mut self, revision: Revision) {
        let Self {
            messages,
            model_preferences: _,
            system_prompt: _,
            include_context: _,
            temperature: _,
            max_tokens: _,
            stop_sequences: _,
            metadata: _,
            tools,
            tool_choice,
            meta,
        } = self;
        if revision < Revision::V2025_11_25 && messages.iter().any(|message| message.content.blocks().len() != 1) {
            *messages = std::mem::take(messages).into_iter().flat_map(one_message_per_block).collect();
        }
        messages.lower(revision);
        since(Revision::V2025_11_25, revision, tools);
        tools.lower(revision);
        since(Revision::V2025_11_25, revision, tool_choice);
        until(Revision::V2025_11_25, revision, meta);
    }
}

/// Before 2025-11-25 a message says one thing. Several messages of one speaker say several.
fn one_message_per_block(message: SamplingMessage) -> Vec<SamplingMessage> {
    let SamplingMessage { role, content, meta } = message;
    let blocks = match content {
        SamplingContent::One(block) => vec![block],
        SamplingContent::Many(blocks) => blocks,
    };
    let say = |block| SamplingMessage { role, content: SamplingContent::One(block), meta: meta.clone() };
    blocks.into_iter().map(say).collect()
}

impl Lower for SamplingMessage {
    fn lower(&mut self, revision: Revision) {
        let Self { role: _, content, meta } = self;
        content.lower(revision);
        since(Revision::V2025_11_25, revision, meta);
    }
}

impl Lower for SamplingContent {
    fn lower(&mut self, revision: Revision) {
        if revision < Revision::V2025_11_25
            && let Self::Many(blocks) = self
            && blocks.len() == 1
            && let Some(block) = blocks.pop()
        {
            *self = Self::One(block);
        }
        match self {
            Self::One(block) => block.lower(revision),
            Self::Many(blocks) => blocks.lower(revision),
        }
    }
}

impl Lower for SamplingMessageContentBlock {
    fn lower(&mut self, revision: Revision) {
        match self {
            Self::Audio(audio) if revision < Revision::V2025_03_26 => *self = Self::Text(describe_audio(audio)),
            Self::ToolUse(tool_use) if revision < Revision::V2025_11_25 => *self = Self::Text(describe_use(tool_use)),
            Self::ToolResult(result) if revision < Revision::V2025_11_25 => *self = Self::Text(describe_result(result)),
            _ => {}
        }
        match self {
            Self::Text(content) => content.lower(revision),
            Self::Image(content) => content.lower(revision),
            Self::Audio(content) => content.lower(revision),
            Self::ToolUse(ToolUseContent { id: _, name: _, input: _, meta: _ }) => {}
            Self::ToolResult(content) => content.lower(revision),
        }
    }
}

impl Lower for ToolResultContent {
    fn lower(&mut self, revision: Revision) {
        let Self { tool_use_id: _, content, structured_content, is_error: _, meta: _ } = self;
        content.lower(revision);
        if revision < Revision::V2026_07_28
            && let Some(value) = structured_content
            && !value.is_object()
        {
            *value = serde_json::json!({ "result": value.take() });
        }
    }
}

/// The text that stands in for a tool's use where a revision has none.
fn describe_use(tool_use: &ToolUseContent) -> TextContent {
    let ToolUseContent { id, name, input, meta: _ } = tool_use;
    TextContent::new(format!("[call {id} of the tool {name}] {}", serde_json::Value::from(input.clone())))
}

/// The text that stands in for a tool's answer where a revision has none.
fn describe_result(result: &mut ToolResultContent) -> TextContent {
    let ToolResultContent { tool_use_id, content, structured_content: _, is_error, meta: _ } = result;
    let outcome = if *is_error == Some(true) { "failure" } else { "result" };
    let mut said = vec![format!("[{outcome} of call {tool_use_id}]")];
    // The oldest revision has only text, images and embedded resources, so that everything else is text already.
    content.lower(Revision::V2024_11_05);
    for block in content {
        match block {
            ContentBlock::Text(content) => said.push(std::mem::take(&mut content.text)),
            ContentBlock::Image(image) => said.push(format!("[{} image, left out]", image.mime_type)),
            ContentBlock::Resource(embedded) => said.push(format!("[resource {}]", embedded.resource.uri())),
            ContentBlock::Audio(_) | ContentBlock::ResourceLink(_) => {}
        }
    }
    TextContent::new(said.join(" "))
}
