//! The commands, one file each: what can be said after the command's name, and what is then done.

pub(crate) mod add;
pub(crate) mod call;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod expand;
pub(crate) mod inspect;
pub(crate) mod install;
pub(crate) mod list;
pub(crate) mod lock;
pub(crate) mod man;
pub(crate) mod new;
pub(crate) mod prompt;
pub(crate) mod read;
pub(crate) mod run;
pub(crate) mod schema;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::cli::Command;
use crate::error::Failure;
use crate::print::Console;

/// Does what a command says. `server` is the command behind `--`.
pub(crate) async fn run(
    command: Command,
    server: Option<Vec<OsString>>,
    console: &Console,
) -> Result<ExitCode, Failure> {
    match command {
        Command::New(new) => new::new(new, console).await,
        Command::Init(init) => new::init(init, console).await,
        Command::Run(run) => run::run(&run, server, console).await,
        Command::Add(add) => add::run(&add, server.is_some(), console),
        Command::List(list) => list::run(&list, server, console).await,
        Command::Call(call) => call::run(&call, server, console).await,
        Command::Read(read) => read::run(&read, server, console).await,
        Command::Prompt(prompt) => prompt::run(&prompt, server, console).await,
        Command::Schema(schema) => schema::run(&schema, server, console).await,
        Command::Lock(lock) => lock::run(&lock, server, console).await,
        Command::Diff(diff) => diff::run(&diff, server, console).await,
        Command::Expand(expand) => expand::run(&expand, server.is_some(), console).await,
        Command::Install(install) => install::run(&install, server, console).await,
        Command::Doctor(doctor) => doctor::run(&doctor, server, console).await,
        Command::Completions(completions) => completions::run(&completions, console),
        Command::Names(names) => completions::names(&names, console),
        Command::Man(man::ManCommand) => man::run(console),
        Command::Inspect(inspect) => inspect::run(&inspect, server, console).await,
    }
}
