//! `cargo mcp`: scaffolds Model Context Protocol servers, lists what a server offers and calls it. Results go to standard
//! output, everything else to standard error; the exit code says what happened.

mod cli;
mod command;
mod error;
mod target;

mod addition;
mod ask;
mod checkup;
mod client;
mod diff;
mod export;
mod file;
mod flags;
mod lock;
mod media;
mod print;
mod signature;
mod source;
mod subset;
mod surface;
mod template;
mod web;
mod worktree;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ContextKind;

use crate::cli::Cli;
use crate::error::Failure;
use crate::print::Console;

/// How long after a failure an interruption may be heard that was its cause.
const HEARD: std::time::Duration = std::time::Duration::from_millis(1);

fn main() -> ExitCode {
    let (arguments, server) = split(std::env::args_os());
    let wants_json = arguments.iter().any(|argument| argument == "--json");
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(mut error) => {
            // Behind `--` stands a server here, so that is no advice.
            error.remove(ContextKind::Suggested);
            // Help and version are results; the rest is usage, which is exit code 2.
            if !error.use_stderr() {
                // A closed pipe is no failure of ours.
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            if wants_json {
                let failure = Failure::command_line(&error.render().to_string());
                Console::new(true, false, false, None).failure(&failure);
                return failure.exit_code();
            }
            let _ = error.print();
            return ExitCode::from(2);
        }
    };
    let console = cli.console();
    match run(cli, server) {
        Ok(code) => code,
        Err(failure) => {
            console.failure(&failure);
            failure.exit_code()
        }
    }
}

fn run(cli: Cli, server: Option<Vec<OsString>>) -> Result<ExitCode, Failure> {
    let console = cli.console();
    let future = command::run(cli.command, server, &console);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::own)?;
    runtime.block_on(async {
        let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
        let result = tokio::select! {
            // It listens from the first: what a command begins with may take a while.
            biased;
            // The server, which is in the same process group, is told by the terminal itself.
            _ = &mut interrupted => return Err(Failure::interrupted()),
            result = future => result,
        };
        // What was waited for was told as well, and may have failed for no other reason.
        if result.is_err() && tokio::time::timeout(HEARD, interrupted).await.is_ok() {
            return Err(Failure::interrupted());
        }
        result
    })
}

/// Drops the `mcp` that cargo puts first, and splits off the server's command behind `--`.
fn split(arguments: impl Iterator<Item = OsString>) -> (Vec<OsString>, Option<Vec<OsString>>) {
    let mut own: Vec<OsString> = Vec::new();
    let mut server: Option<Vec<OsString>> = None;
    for (index, argument) in arguments.enumerate() {
        match &mut server {
            Some(server) => server.push(argument),
            None if index == 1 && argument == "mcp" => {}
            None if argument == "--" => server = Some(Vec::new()),
            None => own.push(argument),
        }
    }
    (own, server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_command_follows_two_dashes() {
        let check = |line: &str| {
            let (own, server) = split(line.split(' ').map(OsString::from));
            let words = |words: Vec<OsString>| words.join(std::ffi::OsStr::new(" ")).into_string().unwrap_or_default();
            (words(own), server.map(words))
        };
        assert_eq!(check("cargo-mcp mcp list"), ("cargo-mcp list".into(), None));
        assert_eq!(
            check("cargo-mcp call mcp --a 1 -- sh -c x --"),
            ("cargo-mcp call mcp --a 1".into(), Some("sh -c x --".into()))
        );
    }
}
