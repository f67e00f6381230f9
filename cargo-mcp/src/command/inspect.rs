//! `cargo mcp inspect`: the whole surface of a server as JSON, whether its standard output is clean, and the page that lets
//! a person try all of it.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::checkup;
use crate::cli::Target;
use crate::error::Failure;
use crate::print::Console;
use crate::surface::Surface;
use crate::target::{Way, open};
use crate::web::{Desk, Site};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cargo mcp inspect > surface.json\n  cargo mcp inspect --web --open")]
pub(crate) struct Inspect {
    /// Serve a page to try the server in a browser, on this machine alone, until Ctrl-C; prints its address
    #[arg(long, conflicts_with = "check_stdout")]
    pub(crate) web: bool,

    /// Port of the page; any that is free unless set
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true, requires = "web")]
    pub(crate) port: u16,

    /// Open the page in the browser
    #[arg(long, requires = "web")]
    pub(crate) open: bool,

    /// Only check that the server prints nothing on standard output that is no message of the protocol
    #[arg(long)]
    pub(crate) check_stdout: bool,

    #[command(flatten)]
    pub(crate) target: Target,
}

pub(crate) async fn run(
    inspect: &Inspect,
    server: Option<Vec<OsString>>,
    console: &Console,
) -> Result<ExitCode, Failure> {
    if inspect.web {
        return serve(inspect, server, console).await;
    }
    let way = inspect.target.way(server, console).await?;
    if inspect.check_stdout && matches!(way, Way::Remote(_)) {
        return Err(Failure::usage("a server over HTTP does not speak through its standard output")
            .hint("--check-stdout is for one that is started: this package's, or a command behind `--`"));
    }
    let client = inspect.target.reach(&way, inspect.target.revision()?, console).await?;
    let surface = Surface::read(&client).await?;
    let watched = client.clone();
    client.close().await;
    if !inspect.check_stdout {
        console.document(&surface)?;
        return Ok(ExitCode::SUCCESS);
    }
    let stray = watched.stray_output();
    if let Some((message, first)) = checkup::stray(&stray) {
        return Err(Failure::check(message)
            .cause(first)
            .hint("over standard input and output every line must be a message: print to standard error instead"));
    }
    if console.json {
        console.json(&json!({ "strayLines": 0 }))?;
    } else {
        console.result("standard output is clean: every line is a message of the protocol")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Serves the page until the program is interrupted.
async fn serve(inspect: &Inspect, server: Option<Vec<OsString>>, console: &Console) -> Result<ExitCode, Failure> {
    // Before anything is built: a port that is taken is told at once.
    let site = Site::open(inspect.port).await?;
    let desk = Desk::new();
    let client = inspect.target.connect_with(server, console, &desk).await?;
    let url = site.url();
    if console.json {
        console.json(&json!({ "url": url }))?;
    } else {
        console.announce(&format!("inspect the server at {url} (Ctrl-C ends it)"));
    }
    if inspect.open {
        // Without a browser the address is printed already.
        if let Err(failure) = open(&url) {
            console.failure(&failure);
        }
    }
    match site.serve(client, desk, Duration::from_secs(inspect.target.timeout)).await {}
}
