//! `cargo mcp call`: calls a tool with arguments from the command line and prints what it answers.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use mcp_runtime::model::Tool;
use serde_json::Value;

use crate::ask::Asker;
use crate::cli::Target;
use crate::error::Failure;
use crate::flags::place::{flags, resolved};
use crate::flags::{Asked, find, named, parse, standard_input};
use crate::media;
use crate::print::{Console, laid_out, visible, visible_json, visible_lines};
use crate::signature;
use crate::target::{leave, tell_left_out};

#[derive(Debug, Args)]
#[command(
    after_help = "Arguments of the tool follow its name:\n  cargo mcp call add --a 1 --b 2\n  cargo mcp call add a=1 b:=2\n  \
                  cargo mcp call add --input '{\"a\": 1}'\n  cargo mcp call add --help"
)]
pub(crate) struct Call {
    /// Folder to save images and audio in
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,

    /// The tool's name, then its arguments: `--name value`, `name=value` or `name:=json`; `--input JSON|@FILE|-` for all at
    /// once
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "TOOL ARGUMENTS")]
    words: Vec<String>,

    #[command(flatten)]
    pub(crate) target: Target,
}

pub(crate) async fn run(call: &Call, server: Option<Vec<OsString>>, console: &Console) -> Result<ExitCode, Failure> {
    let (name, words) = named(&call.words, "tool")?;
    let asker = Asker::new(console);
    let client = call.target.connect_with(server, console, &asker).await?;
    let tools = client.list_tools().await?;
    tell_left_out(&client, console);
    let tool = find("tool", &tools, name, |tool| &tool.name)?;
    let arguments = match parse(tool, words, standard_input(tool, words).await?.as_deref())? {
        Asked::Help => {
            console.result(&help(tool))?;
            client.close().await;
            return Ok(ExitCode::SUCCESS);
        }
        Asked::Call(arguments) => arguments,
    };
    let request = client.call(&tool.name, arguments).timeout(Asker::PATIENCE).on_progress(asker.progress());
    let result = asker.answered(call.target.timeout, request.into_future()).await;
    let Ok(result) = result else {
        leave(client).await;
        return result.map(|_| ExitCode::SUCCESS);
    };
    if let Some(folder) = &call.save {
        media::save(&result.content, folder, console)?;
    }
    if console.json {
        console.json(&result)?;
    }
    client.close().await;
    if result.is_error == Some(true) {
        let text = media::plain(&result.content, call.save.is_some());
        return Err(Failure::tool(format!("{} failed: {}", visible(&tool.name), visible_lines(text.trim()))));
    }
    if !console.json {
        let text = match &result.structured_content {
            Some(raw) => visible_json(&laid_out(raw.get())),
            None => visible_lines(&media::plain(&result.content, call.save.is_some())),
        };
        if !text.is_empty() {
            console.result(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A tool's help, from its schema.
pub(crate) fn help(tool: &Tool) -> String {
    let mut text = signature::of(tool);
    if let Some(description) = &tool.description {
        let _ = write!(text, "\n\n{}", visible_lines(description));
    }
    let flags = flags(&tool.input_schema);
    if !flags.is_empty() {
        text.push_str("\n\nArguments:");
    }
    for flag in flags {
        let schema = flag.place.schema;
        let plain = resolved(&tool.input_schema, schema);
        let said = |key: &str| schema.get(key).or_else(|| plain.and_then(|plain| plain.get(key)));
        let kind = plain.map_or_else(|| "any".to_owned(), |plain| signature::object_type(plain, 0));
        let _ = write!(text, "\n  --{} <{kind}>", visible(&flag.place.name()));
        let mut notes = Vec::new();
        match flag.place.path.split_last() {
            Some((_, [])) if flag.required => notes.push("required".to_owned()),
            Some((_, outer)) if flag.required => notes.push(format!("required in {}", visible(&outer.join(".")))),
            _ => {}
        }
        if let Some(default) = said("default") {
            notes.push(format!("default {}", visible(&default.to_string())));
        }
        for (key, words) in [("minimum", "at least"), ("maximum", "at most"), ("pattern", "matches")] {
            if let Some(bound) = said(key) {
                notes.push(format!("{words} {}", visible(&bound.to_string())));
            }
        }
        if !notes.is_empty() {
            let _ = write!(text, "  ({})", notes.join(", "));
        }
        if let Some(doc) = said("description").and_then(Value::as_str) {
            for line in doc.lines() {
                let _ = write!(text, "\n      {}", visible(line));
            }
        }
    }
    text.push_str("\n\nOr all arguments at once: --input JSON, --input @FILE, --input - for standard input");
    text
}
