//! Measures servers: `cargo run --release -p benches -- all` does everything; `--help` lists the rest.
//!
//! `server` knows which servers there are, `process` what the operating system says of one, `wire` what is said to it and what it
//! must answer, `pipe` and `http` carry that, `load` repeats it, `special` asks what no loop does; `figures` keeps the numbers,
//! `targets`, `report` and `chart` show them. `cost` and `instructions` are measurements of their own,
//! `lists` records what the servers written by hand list.

mod all;
mod chart;
mod core;
mod cost;
mod figures;
mod http;
mod instructions;
mod lists;
mod load;
mod options;
mod pipe;
mod process;
mod report;
mod server;
mod special;
mod targets;
mod wire;

use std::process::ExitCode;

use crate::options::{Command, Options};

/// Whatever goes wrong, in words.
type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

#[expect(clippy::print_stderr, reason = "it is a program, and this is why it failed")]
fn main() -> ExitCode {
    let done = Options::parse(std::env::args().skip(1)).and_then(|options| match options.command {
        Command::All => all::run(&options),
        Command::BuildCost => cost::run(&options),
        Command::Instructions => instructions::run(&options),
        Command::Lists => lists::run(),
        Command::Help => {
            say(options::HELP);
            Ok(())
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Tells whoever started this.
#[expect(clippy::print_stdout, reason = "it is a program, and this is its output")]
fn say(text: impl std::fmt::Display) {
    println!("{text}");
}
