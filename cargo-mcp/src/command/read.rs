//! `cargo mcp read`: reads a resource and prints its contents.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::ask::Asker;
use crate::cli::Target;
use crate::error::Failure;
use crate::media;
use crate::print::{Console, visible_lines};
use crate::target::leave;

#[derive(Debug, Args)]
#[command(after_help = "Example: cargo mcp read note://1")]
pub(crate) struct Read {
    /// The resource's URI; `cargo mcp list resources` and `cargo mcp list templates` tell what there is
    pub(crate) uri: String,

    /// Folder to save contents in that are no text
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) target: Target,
}

pub(crate) async fn run(read: &Read, server: Option<Vec<OsString>>, console: &Console) -> Result<ExitCode, Failure> {
    let asker = Asker::new(console);
    let client = read.target.connect_with(server, console, &asker).await?;
    let request = client.read(&read.uri).timeout(Asker::PATIENCE).on_progress(asker.progress());
    let result = match asker.answered(read.target.timeout, request.into_future()).await {
        Ok(result) => result,
        Err(failure) => {
            leave(client).await;
            return Err(
                failure.or_hint("`cargo mcp list resources` and `cargo mcp list templates` tell what can be read")
            );
        }
    };
    if let Some(folder) = &read.save {
        media::save_contents(&result.contents, folder, console)?;
    }
    if console.json {
        console.json(&result)?;
    } else {
        for contents in &result.contents {
            console.result(&visible_lines(&media::contents(contents, read.save.is_some())))?;
        }
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}
