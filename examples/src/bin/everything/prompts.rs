//! Prompts.

use mcp_runtime::model::{EmbeddedResource, ImageContent, PromptMessage};
use mcp_runtime::{AskError, Context, Group, group, prompt};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::content::PIXEL;

/// A prompt that is always the same.
#[prompt]
fn test_simple_prompt() -> &'static str {
    "This is a simple prompt for testing."
}

/// A prompt with two blanks.
#[prompt]
fn test_prompt_with_arguments(
    /// The first blank.
    #[arg(complete = ["test one", "test two", "another"])]
    arg1: &str,
    /// The second blank.
    arg2: &str,
) -> String {
    format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")
}

/// A prompt that brings a resource along.
#[prompt]
fn test_prompt_with_embedded_resource(
    /// The resource's URI.
    #[arg(name = "resourceUri")]
    resource_uri: &str,
) -> Vec<PromptMessage> {
    let resource = EmbeddedResource::text(resource_uri, "text/plain", "Embedded resource content for testing.");
    vec![PromptMessage::user(resource), PromptMessage::user("Please process the embedded resource above.")]
}

/// A prompt that brings a picture along.
#[prompt]
fn test_prompt_with_image() -> Vec<PromptMessage> {
    vec![PromptMessage::user(ImageContent::png(PIXEL)), PromptMessage::user("Please analyze the image above.")]
}

#[derive(Deserialize, JsonSchema)]
struct Setting {
    /// What it is about.
    context: String,
}

/// A prompt that asks the user what it is about.
#[prompt]
async fn test_input_required_result_prompt(cx: &Context) -> Result<String, AskError> {
    let answer = cx.elicit::<Setting>("What context should the prompt use?").key("user_context").await?;
    let context = answer.accepted().map_or_else(|| "nothing".to_owned(), |answer| answer.context);
    Ok(format!("Talk about {context}."))
}

pub(crate) fn group() -> impl Group {
    group![
        test_simple_prompt,
        test_prompt_with_arguments,
        test_prompt_with_embedded_resource,
        test_prompt_with_image,
        test_input_required_result_prompt,
    ]
}
