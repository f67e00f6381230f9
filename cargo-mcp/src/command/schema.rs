//! `cargo mcp schema`: the server's schemas for other languages and tools.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::cli::Target;
use crate::error::Failure;
use crate::export::{Format, export};
use crate::print::{Console, visible};
use crate::surface::Surface;

#[derive(Debug, Args)]
#[command(after_help = "Example: cargo mcp schema --format ts --output client/tools.ts")]
pub(crate) struct Schema {
    /// Language to write in
    #[arg(long, value_enum, default_value = "jsonschema")]
    pub(crate) format: Format,

    /// File to write; standard output unless given
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Fail when the file is not what would be written, and write nothing
    #[arg(long, requires = "output")]
    pub(crate) check: bool,

    #[command(flatten)]
    pub(crate) target: Target,
}

pub(crate) async fn run(
    schema: &Schema,
    server: Option<Vec<OsString>>,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let client = schema.target.connect(server, console).await?;
    let surface = Surface::read(&client).await?;
    client.close().await;
    let text = export(&surface, schema.format)?;
    let Some(path) = &schema.output else {
        if console.json {
            console.json(&json!({ "text": text }))?;
        } else {
            console.result(text.trim_end())?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let shown = visible(&path.display().to_string());
    let is_current = std::fs::read_to_string(path).is_ok_and(|there| there == text);
    if schema.check && !is_current {
        let how = if path.exists() { "is stale" } else { "is not there" };
        return Err(
            Failure::check(format!("{shown} {how}")).hint("write it again with the same command, without --check")
        );
    }
    if !is_current {
        crate::file::write(path, text.as_bytes())?;
    }
    if console.json {
        console.json(&json!({ "path": path, "changed": !is_current }))?;
    } else {
        console.note(&format!("{shown} {}", if is_current { "is up to date" } else { "written" }));
    }
    Ok(ExitCode::SUCCESS)
}
