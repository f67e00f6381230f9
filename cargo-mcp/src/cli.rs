//! The command line, as clap sees it: what all commands share. The options of a command stand in its own file; a tool's
//! flags are unknown to clap: they follow the tool's name and are read by `flags` once the server has said what they are.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::command::{
    add, call, completions, diff, doctor, expand, inspect, install, list, lock, man, new, prompt, read, run, schema,
};
use crate::print::Console;
use crate::target::Header;

/// Scaffold, list and call Model Context Protocol servers
#[derive(Debug, Parser)]
#[command(
    name = "cargo mcp",
    bin_name = "cargo mcp",
    version,
    disable_help_subcommand = true,
    // A terminal of 24 lines shows all of it; each command's own help explains the options.
    help_template = "{about}\nUsage: cargo mcp [OPTIONS] <COMMAND>\n\n{subcommands}{after-help}",
    after_help = "Options: --json, --quiet (-q), --verbose (-v), --color auto|always|never, --help (-h), --version (-V)\n\
                  A server is this package's own, or another one: -- COMMAND, --url URL, --server NAME"
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
    New(new::New),
    /// Make a server of the current folder
    Init(new::Init),
    /// Build this package's server and run it
    Run(run::Run),
    /// Add a tool, a resource or a prompt to your code
    Add(add::Add),
    /// List what a server offers
    List(list::List),
    /// Call a tool
    Call(call::Call),
    /// Read a resource
    Read(read::Read),
    /// Render a prompt
    Prompt(prompt::Prompt),
    /// Print everything a server says of itself, or try it in a browser
    Inspect(inspect::Inspect),
    /// Write the schemas for other languages
    Schema(schema::Schema),
    /// Write the server's surface to mcp.lock
    Lock(lock::LockCommand),
    /// Tell what changed, and whom it breaks
    Diff(diff::Diff),
    /// Show what the macros make of your code
    Expand(expand::Expand),
    /// Add the server to an AI application
    Install(install::Install),
    /// Look for what keeps the server from working
    Doctor(doctor::Doctor),
    /// Print a shell's completions
    Completions(completions::Completions),
    /// Print the names that completions ask for
    #[command(hide = true)]
    Names(completions::Names),
    /// Print the manual page
    Man(man::ManCommand),
}

/// What is said of how a server is spoken to.
const PROTOCOL: &str = "Protocol";

/// Which server: this package's own, or another one. Everything behind `--` is the command of another server, too.
#[derive(Clone, Debug, Args)]
pub(crate) struct Target {
    #[command(flatten)]
    pub(crate) own: Own,

    #[command(flatten)]
    pub(crate) elsewhere: Elsewhere,

    /// Protocol revision to speak, or `auto`
    #[arg(long, default_value = "auto", value_name = "REVISION", help_heading = PROTOCOL)]
    pub(crate) protocol: String,

    /// Seconds to wait for each answer
    #[arg(
        long,
        default_value_t = 60,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=86_400),
        help_heading = PROTOCOL
    )]
    pub(crate) timeout: u64,
}

/// This package's server, and how it is built.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Own {
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
}

/// A server that is not this package's.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Another server")]
pub(crate) struct Elsewhere {
    /// Server over HTTP at this address
    #[arg(long, value_name = "URL", conflicts_with = "server")]
    pub(crate) url: Option<String>,

    /// Header to send to it, as 'Name: value'; can be given again
    #[arg(long, value_name = "HEADER")]
    pub(crate) header: Vec<Header>,

    /// Environment variable with the bearer token to send to it
    #[arg(long, value_name = "VAR")]
    pub(crate) bearer_env: Option<String>,

    /// Server by its name in an AI application's configuration, or by NAME@CLIENT
    #[arg(long, value_name = "NAME")]
    pub(crate) server: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
