//! `cargo mcp man`: the manual page, from the same definitions as the help.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::Cli;
use crate::error::{EXITS, Failure};
use crate::print::Console;

#[derive(Debug, Args)]
#[command(after_help = "Example: cargo mcp man > ~/.local/share/man/man1/cargo-mcp.1")]
pub(crate) struct ManCommand;

pub(crate) fn run(console: &Console) -> Result<ExitCode, Failure> {
    let page = page().map_err(Failure::own)?;
    console.result(page.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

fn page() -> std::io::Result<String> {
    let mut command = Cli::command().name("cargo-mcp").bin_name("cargo mcp").disable_help_subcommand(true);
    command.build();
    let mut out = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    // Every command on the one page: it is read by people who look for a word.
    for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        let mut heading = Roff::new();
        heading.control("SH", [format!("COMMAND {}", command.get_name()).as_str()]);
        heading.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
        heading.to_writer(&mut out)?;
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            let mut text = Roff::new();
            text.control("TP", []);
            text.text([bold(argument.to_string())]);
            text.text([roman(argument.get_help().map(ToString::to_string).unwrap_or_default())]);
            text.to_writer(&mut out)?;
        }
        let mut example = Roff::new();
        example.control("PP", []);
        for line in command.get_after_help().map(ToString::to_string).unwrap_or_default().lines() {
            example.text([roman(line)]);
            example.control("br", []);
        }
        example.to_writer(&mut out)?;
    }
    let mut exits = Roff::new();
    exits.control("SH", ["EXIT STATUS"]);
    let rows =
        std::iter::once(("0".to_owned(), "fine")).chain(EXITS.iter().map(|exit| (exit.code.to_string(), exit.meaning)));
    for (code, meaning) in rows {
        exits.control("TP", []);
        exits.text([bold(code)]);
        exits.text([roman(meaning)]);
    }
    exits.to_writer(&mut out)?;
    out.flush()?;
    String::from_utf8(out).map_err(std::io::Error::other)
}
