//! What a tool can answer with.

use mcp_runtime::model::{AudioContent, ContentBlock, EmbeddedResource, ImageContent};
use mcp_runtime::{Group, group, tool};

/// A picture of one red pixel.
pub(crate) const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDAT\x08\xd7c\xf8\xcf\xc0\0\0\x03\x01\x01\0\x18\xdd\x8d\xb0\0\0\0\0IEND\xaeB`\x82";
/// A sound without any samples.
const SILENCE: &[u8] = b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0D\xac\0\0\x88X\x01\0\x02\0\x10\0data\0\0\0\0";

/// Answers with a text.
#[tool(read_only)]
fn test_simple_text() -> &'static str {
    "This is a simple text response for testing."
}

/// Answers with an image.
#[tool(read_only)]
fn test_image_content() -> ImageContent {
    ImageContent::png(PIXEL)
}

/// Answers with a sound.
#[tool(read_only)]
fn test_audio_content() -> AudioContent {
    AudioContent::new(SILENCE, "audio/wav")
}

/// Answers with a resource and what it contains.
#[tool(read_only)]
fn test_embedded_resource() -> EmbeddedResource {
    EmbeddedResource::text("test://embedded-resource", "text/plain", "This is an embedded resource content.")
}

/// Answers with content of several kinds.
#[tool(read_only)]
fn test_multiple_content_types() -> Vec<ContentBlock> {
    vec![
        "Multiple content types test:".into(),
        ImageContent::png(PIXEL).into(),
        EmbeddedResource::text("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#)
            .into(),
    ]
}

/// Fails, for the model to read why.
#[tool(read_only)]
fn test_error_handling() -> anyhow::Result<()> {
    anyhow::bail!("This tool intentionally returns an error for testing")
}

/// Answers with what one of its arguments says, which clients also send as a header.
#[tool(read_only)]
fn test_custom_header(
    /// What to answer with.
    #[arg(header = "Value")]
    value: &str,
) -> String {
    format!("The value is {value}.")
}

pub(crate) fn group() -> impl Group {
    group![
        test_simple_text,
        test_image_content,
        test_audio_content,
        test_embedded_resource,
        test_multiple_content_types,
        test_error_handling,
        test_custom_header,
    ]
}
