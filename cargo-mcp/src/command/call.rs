//! `cargo mcp call`: calls a tool with arguments from the command line and prints what it answers.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use base64::Engine as _;
use mcp_runtime::model::{CallToolResult, ContentBlock, ResourceContents, Tool};
use serde_json::Value;

use crate::cli::Call;
use crate::error::Failure;
use crate::flags::{Asked, nearest, parse};
use crate::print::{Console, visible, visible_lines};
use crate::signature;

pub(crate) async fn run(call: &Call, server: Option<Vec<OsString>>, console: &Console) -> Result<ExitCode, Failure> {
    let (name, words) = call.tool()?;
    let client = call.target.connect(server, console).await?;
    let tools = client.list_tools().await?;
    let tool = find(&tools, name)?;
    let arguments = match parse(tool, words)? {
        Asked::Help => {
            console.result(&help(tool))?;
            client.close().await;
            return Ok(ExitCode::SUCCESS);
        }
        Asked::Call(arguments) => arguments,
    };
    let shown = *console;
    let result = client.call(&tool.name, arguments).on_progress(move |progress| shown.progress(&progress)).await;
    console.end_progress();
    let result = result?;
    if let Some(folder) = &call.save {
        save(&result, folder, console)?;
    }
    if console.json {
        console.json(&result)?;
    }
    client.close().await;
    if result.is_error == Some(true) {
        let text = plain(&result, call.save.is_some());
        return Err(Failure::tool(format!("{} failed: {}", visible(&tool.name), visible_lines(text.trim()))));
    }
    if !console.json {
        let text = match &result.structured_content {
            Some(raw) => pretty(raw.get()),
            None => plain(&result, call.save.is_some()),
        };
        if !text.is_empty() {
            console.result(&visible_lines(&text))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn find<'t>(tools: &'t [Tool], name: &str) -> Result<&'t Tool, Failure> {
    tools.iter().find(|tool| tool.name == name).ok_or_else(|| {
        let failure = Failure::usage(format!("the server has no tool `{}`", visible(name)));
        match nearest(name, tools.iter().map(|tool| tool.name.as_str())) {
            Some(nearest) => failure.hint(format!("did you mean `{}`?", visible(nearest))),
            None if tools.is_empty() => failure.hint("it has none at all"),
            None => {
                let names: Vec<_> = tools.iter().take(20).map(|tool| visible(&tool.name)).collect();
                failure.hint(format!("it has {}", names.join(", ")))
            }
        }
    })
}

/// A tool's help, from its schema.
fn help(tool: &Tool) -> String {
    let mut text = signature::of(tool);
    if let Some(description) = &tool.description {
        let _ = write!(text, "\n\n{}", visible_lines(description));
    }
    let arguments = signature::arguments(&tool.input_schema);
    if !arguments.is_empty() {
        text.push_str("\n\nArguments:");
    }
    for argument in arguments {
        let _ = write!(text, "\n  --{} <{}>", visible(argument.name), signature::type_of(argument.schema, 0));
        let mut notes = Vec::new();
        if argument.required {
            notes.push("required".to_owned());
        }
        if let Some(default) = argument.schema.get("default") {
            notes.push(format!("default {}", visible(&default.to_string())));
        }
        for (key, words) in [("minimum", "at least"), ("maximum", "at most"), ("pattern", "matches")] {
            if let Some(bound) = argument.schema.get(key) {
                notes.push(format!("{words} {}", visible(&bound.to_string())));
            }
        }
        if !notes.is_empty() {
            let _ = write!(text, "  ({})", notes.join(", "));
        }
        if let Some(doc) = argument.schema.get("description").and_then(Value::as_str) {
            for line in doc.lines() {
                let _ = write!(text, "\n      {}", visible(line));
            }
        }
    }
    text.push_str("\n\nOr all arguments at once: --input JSON, --input @FILE, --input - for standard input");
    text
}

fn pretty(json: &str) -> String {
    serde_json::from_str::<Value>(json)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| json.to_owned())
}

/// What people read of a result without structure.
fn plain(result: &CallToolResult, are_saved: bool) -> String {
    let hint = if are_saved { "" } else { "; --save DIR keeps it" };
    let lines = result.content.iter().map(|block| match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => format!("[{} image, {} bytes{hint}]", image.mime_type, image.data.len() / 4 * 3),
        ContentBlock::Audio(audio) => format!("[{} audio, {} bytes{hint}]", audio.mime_type, audio.data.len() / 4 * 3),
        ContentBlock::Resource(embedded) => match &embedded.resource {
            ResourceContents::Text(text) => text.text.clone(),
            ResourceContents::Blob(blob) => format!("[{}, {} bytes]", blob.uri, blob.blob.len() / 4 * 3),
        },
        ContentBlock::ResourceLink(link) => format!("[{}]", link.uri),
        _ => "[content of an unknown kind]".to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Writes images and audio to files of their own.
fn save(result: &CallToolResult, folder: &Path, console: &Console) -> Result<(), Failure> {
    let media = result.content.iter().filter_map(|block| match block {
        ContentBlock::Image(image) => Some((&image.data, &image.mime_type)),
        ContentBlock::Audio(audio) => Some((&audio.data, &audio.mime_type)),
        _ => None,
    });
    let cannot = |error: std::io::Error| Failure::own(format!("{} cannot be written", folder.display())).cause(error);
    for (index, (data, mime)) in media.enumerate() {
        std::fs::create_dir_all(folder).map_err(cannot)?;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(data)
            .map_err(|error| Failure::own("the server sent content that is no Base64").cause(error))?;
        // Only letters and digits of what the server says get into a file's name.
        let end: String = mime
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .take(8)
            .collect();
        let path = folder.join(format!("{}.{}", index + 1, if end.is_empty() { "bin" } else { &end }));
        std::fs::write(&path, bytes).map_err(cannot)?;
        console.note(&format!("saved {}", path.display()));
    }
    Ok(())
}
