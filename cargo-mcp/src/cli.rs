//! The command line, as clap sees it. A tool's own flags are unknown here: they follow the tool's name and are read by
//! `flags` once the server has said what they are.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::error::Failure;
use crate::print::{Console, visible};

/// Scaffold, list and call Model Context Protocol servers
#[derive(Debug, Parser)]
#[command(
    name = "cargo mcp",
    bin_name = "cargo mcp",
    version,
    after_help = "A server is this package's own by default, or any other: cargo mcp list -- ./server --stdio"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Print results as JSON, and failures as one line of JSON
    #[arg(long, global = true)]
    json: bool,

    /// Print nothing but results and errors
    #[arg(short, long, global = true)]
    quiet: bool,

    /// Print what the server logs
    #[arg(short, long, global = true)]
    verbose: bool,

    /// When to use colors
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    color: Option<When>,
}

impl Cli {
    pub(crate) fn console(&self) -> Console {
        Console::new(self.json, self.quiet, self.verbose, self.color)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a new server
    New(New),
    /// List what a server offers
    List(List),
    /// Call a tool
    Call(Call),
}

#[derive(Debug, Args)]
#[command(after_help = "Example: cargo mcp new weather && cd weather && cargo mcp call hello --name Ada")]
pub(crate) struct New {
    /// Folder of the new server; its last part is the package's name
    #[arg(required_unless_present = "list")]
    pub(crate) path: Option<PathBuf>,

    /// What to begin with; `--list` tells what there is
    #[arg(short, long, default_value = "tools", value_name = "NAME")]
    pub(crate) template: String,

    /// Name of the package, if it is not the folder's
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Version control to begin with
    #[arg(long, value_enum, default_value = "git")]
    pub(crate) vcs: Vcs,

    /// List the templates
    #[arg(long)]
    pub(crate) list: bool,

    /// Print what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Vcs {
    Git,
    None,
}

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

#[derive(Debug, Args)]
#[command(
    after_help = "Arguments of the tool follow its name:\n  cargo mcp call add --a 1 --b 2\n  cargo mcp call add a=1 b:=2\n  \
                  cargo mcp call add --input '{\"a\": 1}'\n  cargo mcp call add --help"
)]
pub(crate) struct Call {
    #[command(flatten)]
    pub(crate) target: Target,

    /// Folder to save images and audio in
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,

    /// The tool's name, then its arguments: `--name value`, `name=value` or `name:=json`; `--input JSON|@FILE|-` for all at
    /// once
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "TOOL ARGUMENTS")]
    words: Vec<String>,
}

impl Call {
    /// The tool's name and the words that are its arguments: whatever follows the name is for the tool.
    pub(crate) fn tool(&self) -> Result<(&str, &[String]), Failure> {
        let (tool, arguments) = self.words.split_first().ok_or_else(|| Failure::usage("which tool?"))?;
        if tool.starts_with('-') {
            return Err(Failure::usage(format!("unknown option {}", visible(tool))).hint(
                "options stand before the tool's name, its arguments after it; `cargo mcp call --help` lists them",
            ));
        }
        Ok((tool, arguments))
    }
}

/// Which server, and how it is built. Everything behind `--` is the command of another server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Target {
    /// Package that the server is in
    #[arg(short, long, value_name = "SPEC")]
    pub(crate) package: Option<String>,

    /// Binary that is the server
    #[arg(long, value_name = "NAME")]
    pub(crate) bin: Option<String>,

    /// Example that is the server
    #[arg(long, value_name = "NAME", conflicts_with = "bin")]
    pub(crate) example: Option<String>,

    /// Features to build with
    #[arg(short = 'F', long, value_name = "FEATURES")]
    pub(crate) features: Vec<String>,

    /// Build in release mode
    #[arg(short, long)]
    pub(crate) release: bool,

    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest_path: Option<PathBuf>,

    /// Assert that Cargo.lock stays as it is
    #[arg(long)]
    pub(crate) locked: bool,

    /// Protocol revision to speak, or `auto`
    #[arg(long, default_value = "auto", value_name = "REVISION")]
    pub(crate) protocol: String,

    /// Seconds to wait for each answer
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
