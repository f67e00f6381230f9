//! `cargo mcp list`: what a server offers, as signatures with the first line of each description.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use mcp_runtime::model::Tool;
use serde_json::{Map, Value, to_value};

use crate::cli::Target;
use crate::error::Failure;
use crate::print::{Console, visible};
use crate::signature;
use crate::target::tell_left_out;

#[derive(Debug, Args)]
#[command(after_help = "Example: cargo mcp list tools")]
pub(crate) struct List {
    /// What to list; everything unless given
    #[arg(value_enum)]
    pub(crate) what: Option<What>,

    /// Estimate what the list of tools costs a model
    #[arg(long)]
    pub(crate) tokens: bool,

    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    Tools,
    Resources,
    Templates,
    Prompts,
}

/// Characters of JSON that make about one token of the models in use.
const CHARACTERS_PER_TOKEN: usize = 4;

pub(crate) async fn run(list: &List, server: Option<Vec<OsString>>, console: &Console) -> Result<ExitCode, Failure> {
    let client = list.target.connect(server, console).await?;
    let offers = client.capabilities().clone();
    let wants = |what: What| list.what.is_none_or(|wanted| wanted == what);
    let mut found = Map::new();
    let mut lines = Vec::new();
    if wants(What::Tools) && offers.tools.is_some() {
        let tools = client.list_tools().await?;
        tell_left_out(&client, console);
        section(
            &mut lines,
            "tools",
            tools.iter().map(|tool| {
                let cost = if list.tokens { format!("  ~{} tokens", tokens(tool)) } else { String::new() };
                (format!("{}{cost}", signature::of(tool)), tool.description.as_deref())
            }),
            list.what.is_none(),
        );
        if list.tokens {
            let all: usize = tools.iter().map(tokens).sum();
            lines.push(format!("~{all} tokens in all (an estimate: {CHARACTERS_PER_TOKEN} characters of JSON each)"));
        }
        found.insert("tools".to_owned(), to_value(&tools).map_err(Failure::own)?);
    }
    if wants(What::Resources) && offers.resources.is_some() {
        let resources = client.list_resources().await?;
        let rows = resources
            .iter()
            .map(|resource| (visible(&resource.uri), resource.description.as_deref().or(Some(&resource.name))));
        section(&mut lines, "resources", rows, list.what.is_none());
        found.insert("resources".to_owned(), to_value(&resources).map_err(Failure::own)?);
    }
    if wants(What::Templates) && offers.resources.is_some() {
        let templates = client.list_resource_templates().await?;
        let rows = templates.iter().map(|template| {
            (visible(&template.uri_template), template.description.as_deref().or(Some(&template.name)))
        });
        section(&mut lines, "templates", rows, list.what.is_none());
        found.insert("resourceTemplates".to_owned(), to_value(&templates).map_err(Failure::own)?);
    }
    if wants(What::Prompts) && offers.prompts.is_some() {
        let prompts = client.list_prompts().await?;
        let rows = prompts.iter().map(|prompt| {
            let arguments = prompt.arguments.iter().flatten().map(|argument| {
                let mark = if argument.required == Some(true) { "" } else { "?" };
                format!("{}{mark}", visible(&argument.name))
            });
            let line = format!("{}({})", visible(&prompt.name), arguments.collect::<Vec<_>>().join(", "));
            (line, prompt.description.as_deref())
        });
        section(&mut lines, "prompts", rows, list.what.is_none());
        found.insert("prompts".to_owned(), to_value(&prompts).map_err(Failure::own)?);
    }
    client.close().await;
    if console.json {
        console.json(&Value::Object(found))?;
        return Ok(ExitCode::SUCCESS);
    }
    if lines.is_empty() {
        console.note("the server offers none");
    }
    for line in lines {
        console.result(&line)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn section<'r>(
    lines: &mut Vec<String>,
    title: &str,
    rows: impl Iterator<Item = (String, Option<&'r str>)>,
    has_title: bool,
) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    if has_title {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(format!("{title}:"));
    }
    let indent = if has_title { "  " } else { "" };
    for (row, description) in rows {
        lines.push(format!("{indent}{row}"));
        if let Some(first) = description.and_then(|text| text.lines().next()).filter(|line| !line.is_empty()) {
            lines.push(format!("{indent}    {}", visible(first)));
        }
    }
}

fn tokens(tool: &Tool) -> usize {
    serde_json::to_string(tool).map_or(0, |json| json.chars().count().div_ceil(CHARACTERS_PER_TOKEN))
}
