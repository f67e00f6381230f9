//! `cargo mcp new` and `init`: write a server that builds, passes its tests and can be called at once. What it is made of is
//! `template`; here is what the user says, and the order of things.

mod names;
mod plan;
mod questions;
mod tree;
mod write;

use std::path::{Component, Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use self::plan::Plan;
use self::questions::Questions;
use crate::error::Failure;
use crate::print::{Console, visible};
use crate::template::Variable;
use crate::template::embedded::{ADDONS, ALL, Transport};

#[derive(Debug, Args)]
#[command(after_help = "Example: cargo mcp new weather && cd weather && cargo mcp call add --title \"Look outside\"")]
pub(crate) struct New {
    /// Folder of the new server; its last part is the package's name
    pub(crate) path: Option<PathBuf>,

    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: cargo mcp init --template full --with ci,docker")]
pub(crate) struct Init {
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to begin with: a name that `--list` tells, a folder, or gh:OWNER/REPO on GitHub [default: tools]
    #[arg(short, long)]
    template: Option<String>,

    /// What to add, with commas between: ci, docker
    #[arg(long, value_name = "ADD-ON", value_delimiter = ',')]
    with: Vec<String>,

    /// What the server speaks unless an argument says otherwise
    #[arg(long, value_enum)]
    transport: Option<Transport>,

    /// Name of the package, if it is not the folder's
    #[arg(long)]
    name: Option<String>,

    /// A value that the template asks for; `--list` tells which there are
    #[arg(short, long, value_name = "KEY=VALUE")]
    define: Vec<String>,

    /// Version control to begin with
    #[arg(long, value_enum, default_value = "git")]
    vcs: Vcs,

    /// Ask nothing, on a terminal either
    #[arg(short, long)]
    yes: bool,

    /// List the templates, what can be added to them, and what they ask for
    #[arg(long)]
    list: bool,

    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Vcs {
    Git,
    None,
}

pub(crate) async fn new(new: New, console: &Console) -> Result<ExitCode, Failure> {
    let New { path, mut options } = new;
    if options.list {
        return list(console);
    }
    let questions = Questions::new(options.yes, console);
    let (path, name) = match (path, options.name.take()) {
        (Some(path), Some(name)) => (path, Ok(name)),
        (Some(path), None) => {
            let name = folder_name(&path);
            (path, name)
        }
        (None, Some(name)) => (PathBuf::from(&name), Ok(name)),
        (None, None) => {
            let name = questions.name(None).await?;
            // Nobody asks for a template where the rest was said on the command line: it has a default.
            if options.template.is_none() {
                options.template = Some(questions.template().await?);
            }
            (PathBuf::from(&name), Ok(name))
        }
    };
    create(&path, name?, &options, &questions, console).await?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn init(init: Init, console: &Console) -> Result<ExitCode, Failure> {
    let mut options = init.options;
    if options.list {
        return list(console);
    }
    let questions = Questions::new(options.yes, console);
    let here = Path::new(".");
    let name = match options.name.take() {
        Some(name) => name,
        // The folder has a name already, which a package may not be able to take.
        None => match folder_name(here).and_then(|name| names::check(&name).map(|()| name)) {
            Ok(name) => name,
            Err(failure) => questions.name(Some(failure)).await?,
        },
    };
    create(here, name, &options, &questions, console).await?;
    Ok(ExitCode::SUCCESS)
}

async fn create(
    path: &Path,
    name: String,
    options: &Options,
    questions: &Questions,
    console: &Console,
) -> Result<(), Failure> {
    names::check(&name)?;
    // Before anything is written, so that an interruption is heard from here on.
    tokio::task::yield_now().await;
    let plan = Plan::make(name, options, questions, console).await?;
    write::check(path, &plan.files)?;
    if !options.dry_run {
        write::write(path, &plan.files).await?;
        if options.vcs == Vcs::Git {
            begin_git(path, console);
        }
    }
    report(path, &plan, options.dry_run, console)
}

fn list(console: &Console) -> Result<ExitCode, Failure> {
    if console.json {
        let said = |variables: Vec<Variable>| -> Vec<Value> {
            let one = |one: Variable| json!({ "name": one.name, "about": one.about, "default": one.default });
            variables.into_iter().map(one).collect()
        };
        let templates = ALL.iter().map(|one| {
            let variables = said(one.variables(one.transport));
            json!({ "name": one.name, "about": one.about, "variables": variables })
        });
        let addons = ADDONS
            .iter()
            .map(|one| json!({ "name": one.name, "about": one.about, "variables": said(one.variables("NAME")) }));
        let (templates, addons): (Vec<_>, Vec<_>) = (templates.collect(), addons.collect());
        console.json(&json!({ "templates": templates, "addOns": addons }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let variables = |variables: Vec<Variable>| -> Result<(), Failure> {
        // Every template has a description, which needs no line.
        for one in variables.iter().filter(|one| one.name != "description") {
            let default = one.default.as_deref().unwrap_or_default();
            console.result(&format!("{:<11}  -d {}={default}  {}", "", one.name, one.about))?;
        }
        Ok(())
    };
    console.result("templates (-t), all with -d description=\"what it is\":")?;
    for one in ALL {
        console.result(&format!("  {:<9}  {}", one.name, one.about))?;
        variables(one.variables(one.transport))?;
    }
    console.result("add-ons (--with):")?;
    for one in ADDONS {
        console.result(&format!("  {:<9}  {}", one.name, one.about))?;
        variables(one.variables("NAME"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn folder_name(path: &Path) -> Result<String, Failure> {
    let absolute = std::path::absolute(path).map_err(Failure::own)?;
    let last = absolute.components().next_back().and_then(|component| match component {
        Component::Normal(name) => name.to_str().map(str::to_owned),
        _ => None,
    });
    last.ok_or_else(|| Failure::usage("the folder has no name that a package could take").hint("give one with --name"))
}

fn begin_git(path: &Path, console: &Console) {
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        // What was just written is no repository, whatever it looks like.
        git.args(["-c", "safe.bareRepository=explicit", "-C"]).arg(path).args(arguments);
        git.stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    if !git(&["rev-parse", "--is-inside-work-tree"]) && !git(&["init", "--quiet"]) {
        console.note("note: git is not there, so that no repository was begun");
    }
}

fn report(path: &Path, plan: &Plan, is_dry: bool, console: &Console) -> Result<(), Failure> {
    if console.json {
        let files: Vec<_> = plan.files.iter().map(|file| file.path.display().to_string()).collect();
        return console.json(&json!({
            "name": plan.name, "path": path, "template": plan.template, "files": files, "dryRun": is_dry,
        }));
    }
    let root = visible(&path.display().to_string());
    for line in tree::lines(&root, plan.files.iter().map(|file| file.path.as_path())) {
        console.result(&line)?;
    }
    for note in &plan.notes {
        console.note(&format!("note: {note}"));
    }
    if is_dry {
        console.note("\nNothing was written.");
        return Ok(());
    }
    let call = match plan.call {
        Some(call) => format!("cargo mcp call {call}"),
        None => "cargo mcp list".to_owned(),
    };
    let first = if path == Path::new(".") { "cargo mcp list".to_owned() } else { format!("cd {}", quoted(&root)) };
    console.note(&format!("\nNext:\n  {first}\n  {call}\n  cargo test"));
    Ok(())
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let is_plain = path.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '\\' | ':' | '~'));
    if is_plain && !path.starts_with('-') { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}
