//! `cargo mcp prompt`: renders a prompt with arguments from the command line and prints its messages.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use mcp_runtime::model::{self, JsonObject, Role, Tool};
use serde_json::{Value, json};

use super::call::help;
use crate::ask::Asker;
use crate::cli::Target;
use crate::error::Failure;
use crate::flags::{Asked, find, named, parse, standard_input};
use crate::media;
use crate::print::{Console, visible, visible_lines};
use crate::target::leave;

#[derive(Debug, Args)]
#[command(after_help = "Example: cargo mcp prompt summarize --topic rust\n\n\
                  Arguments of the prompt follow its name; `cargo mcp prompt summarize --help` tells which it takes.")]
pub(crate) struct Prompt {
    /// Folder to save images and audio in
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,

    /// The prompt's name, then its arguments: `--name value` or `name=value`; `--input JSON|@FILE|-` for all at once
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROMPT ARGUMENTS")]
    words: Vec<String>,

    #[command(flatten)]
    pub(crate) target: Target,
}

pub(crate) async fn run(
    prompt: &Prompt,
    server: Option<Vec<OsString>>,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let (name, words) = named(&prompt.words, "prompt")?;
    let asker = Asker::new(console);
    let client = prompt.target.connect_with(server, console, &asker).await?;
    let prompts = client.list_prompts().await?;
    let found = find("prompt", &prompts, name, |prompt| &prompt.name)?;
    let tool = as_tool(found);
    let input = standard_input(&tool, words).await?;
    let arguments = match parse(&tool, words, input.as_deref())? {
        Asked::Help => {
            console.result(&help(&tool))?;
            client.close().await;
            return Ok(ExitCode::SUCCESS);
        }
        Asked::Call(arguments) => arguments,
    };
    let request = client.get(&found.name, arguments).timeout(Asker::PATIENCE).on_progress(asker.progress());
    let result = asker.answered(prompt.target.timeout, request.into_future()).await;
    let Ok(result) = result else {
        leave(client).await;
        return result.map(|_| ExitCode::SUCCESS);
    };
    if let Some(folder) = &prompt.save {
        let content: Vec<_> = result.messages.iter().map(|message| message.content.clone()).collect();
        media::save(&content, folder, console)?;
    }
    if console.json {
        console.json(&result)?;
    } else {
        for message in &result.messages {
            let role = if message.role == Role::Assistant { "assistant" } else { "user" };
            let text = media::plain(std::slice::from_ref(&message.content), prompt.save.is_some());
            console.result(&format!("{role}: {}", visible_lines(&text)))?;
        }
    }
    client.close().await;
    if result.messages.is_empty() {
        console.note(&format!("{} has no messages", visible(&found.name)));
    }
    Ok(ExitCode::SUCCESS)
}

/// A prompt in the form in which arguments are read: all of them are text.
fn as_tool(prompt: &model::Prompt) -> Tool {
    let arguments = prompt.arguments.as_deref().unwrap_or_default();
    let properties = arguments.iter().map(|argument| {
        let schema = json!({ "type": "string", "description": argument.description.as_deref().unwrap_or_default() });
        (argument.name.clone(), schema)
    });
    let required = arguments.iter().filter(|argument| argument.required == Some(true));
    let schema = JsonObject::from_iter([
        ("type".to_owned(), "object".into()),
        ("properties".to_owned(), Value::Object(properties.collect())),
        ("required".to_owned(), required.map(|argument| argument.name.as_str()).collect()),
        ("additionalProperties".to_owned(), false.into()),
    ]);
    let mut tool = Tool::new(&prompt.name, schema);
    tool.description.clone_from(&prompt.description);
    tool
}
