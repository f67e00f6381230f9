//! `cargo mcp expand`: what the macros make of the package's items, formatted, and the schema that comes of it. Reads the
//! source itself: it needs no nightly compiler, and works while the package does not compile.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::Target;
use crate::error::Failure;
use crate::flags::nearest;
use crate::print::{Console, visible, visible_json, visible_lines};
use crate::source::{Annotated, Source};
use crate::surface::Surface;

#[derive(Debug, Args)]
#[command(after_help = "Example: cargo mcp expand search")]
pub(crate) struct Expand {
    /// Item to expand, by its own name or the one that clients see; all unless given
    pub(crate) item: Option<String>,

    /// Leave the schemas out; nothing is built then
    #[arg(long)]
    pub(crate) no_schema: bool,

    #[command(flatten)]
    pub(crate) target: Target,
}

pub(crate) async fn run(expand: &Expand, has_server: bool, console: &Console) -> Result<ExitCode, Failure> {
    if has_server {
        return Err(Failure::usage("a command has no source to expand").hint("leave out what follows `--`"));
    }
    if expand.target.is_elsewhere() {
        return Err(Failure::usage("only this package has source to expand").hint("leave out --url and --server"));
    }
    let chosen = expand.target.choose()?;
    let found = Source::read(&chosen.sources)?.annotated;
    let wanted = chosen_items(&found, expand.item.as_deref())?;
    let surface = if expand.no_schema {
        None
    } else {
        match schemas(expand, console).await {
            Ok(surface) => Some(surface),
            Err(failure) => {
                console.note(&format!("note: the schemas are left out: {}", failure.message()));
                None
            }
        }
    };
    let mut items = Vec::new();
    for one in wanted {
        let expansion = one.expansion()?;
        let schemas = surface.as_ref().map(|surface| served(one, surface)).unwrap_or_default();
        let file = one.file.strip_prefix(&chosen.folder).unwrap_or(&one.file).display().to_string();
        if console.json {
            items.push(json!({
                "name": one.name, "kind": one.kind, "file": file, "line": one.line, "expansion": expansion,
                "schemas": schemas,
            }));
            continue;
        }
        console.result(&format!("// {}:{}: {} {}\n", visible(&file), one.line, one.kind, visible(&one.name)))?;
        console.result(&visible_lines(&expansion))?;
        for schema in &schemas {
            let text = serde_json::to_string_pretty(schema).map_err(Failure::own)?;
            let lines: Vec<_> = text.lines().map(|line| format!("// {line}")).collect();
            console.result(&format!("\n// As clients see it:\n{}", visible_json(&lines.join("\n"))))?;
        }
        console.result("")?;
    }
    if console.json {
        console.json(&json!({ "items": items }))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn schemas(expand: &Expand, console: &Console) -> Result<Surface, Failure> {
    let client = expand.target.connect(None, console).await?;
    let surface = Surface::read(&client).await?;
    client.close().await;
    Ok(surface)
}

fn chosen_items<'f>(found: &'f [Annotated], item: Option<&str>) -> Result<Vec<&'f Annotated>, Failure> {
    let Some(item) = item else {
        if found.is_empty() {
            return Err(Failure::usage("nothing in the package's source is annotated")
                .hint("annotate a function with #[tool], as in `cargo mcp new`"));
        }
        return Ok(found.iter().collect());
    };
    let name = item.rsplit("::").next().unwrap_or(item);
    let is_meant = |one: &&Annotated| one.name == name || one.serves.iter().any(|(_, served)| served == name);
    let wanted: Vec<_> = found.iter().filter(is_meant).collect();
    if wanted.is_empty() {
        let failure = Failure::usage(format!("nothing annotated is called `{}`", visible(name)));
        let names = found
            .iter()
            .flat_map(|one| std::iter::once(one.name.as_str()).chain(one.serves.iter().map(|(_, name)| name.as_str())));
        return Err(match nearest(name, names.clone()) {
            Some(nearest) => failure.hint(format!("did you mean `{}`?", visible(nearest))),
            None => failure.hint(format!("there are {}", names.map(visible).collect::<Vec<_>>().join(", "))),
        });
    }
    Ok(wanted)
}

/// What clients see of an item.
fn served(one: &Annotated, surface: &Surface) -> Vec<Value> {
    let found = one.serves.iter().filter_map(|(kind, name)| match *kind {
        "tool" => surface.tools.iter().find(|tool| tool.name == *name).map(serde_json::to_value),
        "prompt" => surface.prompts.iter().find(|prompt| prompt.name == *name).map(serde_json::to_value),
        _ => surface
            .resources
            .iter()
            .find(|one| one.name == *name)
            .map(serde_json::to_value)
            .or_else(|| surface.resource_templates.iter().find(|one| one.name == *name).map(serde_json::to_value)),
    });
    found.flatten().collect()
}
