//! `cargo mcp install`: writes the server into the configuration of an AI application, or takes it out again.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::Target;
use crate::client::edit::{Refusal, edit, find};
use crate::client::{Client, Launch, Scope, Surroundings, masked, read};
use crate::error::Failure;
use crate::print::{Console, visible, visible_json};
use crate::target::{Remote, TRANSPORT};

#[derive(Debug, Args)]
#[command(
    after_help = "Example: cargo mcp install claude-code cursor\n\nThe file's comments and order stay, a copy of it is kept beside it as *.cargo-mcp.bak."
)]
pub(crate) struct Install {
    /// Applications to install the server in
    #[arg(required = true, value_enum, value_name = "CLIENT")]
    pub(crate) clients: Vec<Client>,

    /// Whose configuration; the project's unless given, where the application has one
    #[arg(long, value_enum)]
    pub(crate) scope: Option<Scope>,

    /// Name of the server there; unless given that of the binary, or the one it has with --server
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Variable to set in the server's environment
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) env: Vec<(String, String)>,

    /// Take the server out
    #[arg(long)]
    pub(crate) remove: bool,

    /// Print what would change, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) target: Target,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

pub(crate) async fn run(
    install: &Install,
    server: Option<Vec<OsString>>,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let project = match install.target.own.project() {
        // A server that is another's belongs to the folder where it is installed.
        Some(folder) if server.is_none() && !install.target.is_elsewhere() => folder,
        _ => std::env::current_dir().map_err(Failure::own)?,
    };
    let around = Surroundings::here(project)
        .ok_or_else(|| Failure::usage("nobody says where your own folder is").hint("set HOME"))?;
    let launch = launch(install, server, console).await?;
    // All of it is worked out before anything is written.
    let plans = install.clients.iter().map(|client| Plan::of(*client, install, &launch, &around));
    let plans: Vec<Plan> = plans.collect::<Result<_, _>>()?;
    let mut told = Vec::new();
    let mut written: Vec<String> = Vec::new();
    for plan in &plans {
        if plan.changes() && !install.dry_run {
            plan.write().map_err(|failure| {
                if written.is_empty() {
                    return failure;
                }
                let written = written.join(", ");
                failure.hint(format!("changed before that: {written}; mend what is said, then run this again"))
            })?;
            written.push(plan.path.display().to_string());
        }
        told.push(json!({ "client": plan.client.row().title, "path": plan.path, "changed": plan.changes() }));
        if !console.json {
            plan.tell(install.dry_run, console)?;
        }
    }
    if console.json {
        console.json(&json!({ "name": launch.name, "dryRun": install.dry_run, "clients": told }))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How the applications will reach the server: a program always by an absolute path, since those with windows have no shell's
/// PATH.
async fn launch(install: &Install, server: Option<Vec<OsString>>, console: &Console) -> Result<Launch, Failure> {
    if let (Some(name), true) = (&install.name, install.remove) {
        return Ok(Launch { name: name.clone(), ..Launch::default() });
    }
    let env = install.env.clone();
    if install.target.is_elsewhere() {
        return elsewhere(install, server.is_some());
    }
    install.target.elsewhere.needs_address()?;
    let Some(words) = server else {
        let chosen = install.target.choose()?;
        let name = install.name.clone().unwrap_or_else(|| chosen.name.clone());
        let path = if install.remove { PathBuf::new() } else { install.target.build(&chosen, None, console).await? };
        let mut env = env;
        let (variable, transport) = TRANSPORT;
        if !env.iter().any(|(name, _)| name == variable) {
            // Applications talk to it over standard input and output, whatever it does by default.
            env.push((variable.to_owned(), transport.to_owned()));
        }
        return Ok(Launch { name, command: text(path.into_os_string())?, env, ..Launch::default() });
    };
    let (program, arguments) = words.split_first().ok_or_else(|| {
        Failure::usage("nothing follows `--`").hint("write the server's command there: -- ./server --stdio")
    })?;
    let path = absolute(Path::new(program))?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Launch {
        name: install.name.clone().unwrap_or(stem),
        command: text(path.into_os_string())?,
        args: arguments.iter().cloned().map(text).collect::<Result<_, _>>()?,
        env,
        ..Launch::default()
    })
}

/// A server over HTTP, or one that another application has.
fn elsewhere(install: &Install, has_command: bool) -> Result<Launch, Failure> {
    if has_command {
        return Err(Failure::usage("there are two servers: a command behind `--`, and --url or --server")
            .hint("leave one of them out"));
    }
    let elsewhere = &install.target.elsewhere;
    let mut launch = match install.target.launch()? {
        Some(launch) => launch,
        None => Launch { url: elsewhere.url.clone(), ..Launch::default() },
    };
    if let Some(name) = &install.name {
        launch.name.clone_from(name);
    }
    if launch.name.is_empty() {
        return Err(Failure::usage("an address says no name for the server").hint("give it one with --name"));
    }
    if launch.url.is_none() {
        elsewhere.needs_address()?;
        launch.env.extend(install.env.iter().cloned());
        return Ok(launch);
    }
    if !install.env.is_empty() {
        return Err(Failure::usage("--env is for a server that is started").hint("one over HTTP takes a --header"));
    }
    if let Some(url) = &launch.url {
        Remote::plain(url)?;
    }
    for header in &elsewhere.header {
        launch.headers.push(header.read()?);
    }
    // The variable's name is written and not what it holds: a project's configuration may be committed.
    launch.bearer_env = elsewhere.bearer_env.clone().or(launch.bearer_env);
    Ok(launch)
}

fn text(word: OsString) -> Result<String, Failure> {
    word.into_string().map_err(|word| {
        Failure::usage(format!("{} is no Unicode, which configurations are", visible(&word.to_string_lossy())))
    })
}

/// Where a program is, looked up as a shell does.
fn absolute(program: &Path) -> Result<PathBuf, Failure> {
    if program.components().count() > 1 {
        return std::path::absolute(program).map_err(Failure::own);
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.ok_or_else(|| {
        Failure::usage(format!("there is no program `{}` in PATH", visible(&program.display().to_string())))
            .hint("write its path")
    })
}

/// What becomes of one file.
struct Plan {
    client: Client,
    path: PathBuf,
    before: Option<String>,
    after: String,
    old: Option<Value>,
    new: Option<Value>,
    name: String,
}

impl Plan {
    fn of(client: Client, install: &Install, launch: &Launch, around: &Surroundings) -> Result<Self, Failure> {
        let row = client.row();
        let scope = install.scope.unwrap_or(client.usual());
        let path = client.file(scope, around).ok_or_else(|| {
            let other = if scope == Scope::User { "project" } else { "user" };
            Failure::usage(format!("{} has no such configuration", row.title)).hint(format!("use --scope {other}"))
        })?;
        let has_token = launch.bearer_env.is_some() && launch.url.is_some() && !install.remove;
        if has_token && !row.shape.reads_token() {
            return Err(Failure::usage(format!("{} reads no token from a variable", row.title))
                .hint("write it as the application has it: --header 'Authorization: Bearer ${VAR}'"));
        }
        let new = if install.remove {
            None
        } else {
            Some(row.shape.entry(launch).ok_or_else(|| {
                Failure::usage(format!("{} starts servers itself and cannot be given a URL", row.title))
                    .hint("install a command; a proxy for standard input and output can reach the URL")
            })?)
        };
        let shown = visible(&path.display().to_string());
        let before = read::text(&path)
            .map_err(|reason| Failure::usage(format!("{shown} cannot be read, and is left as it is")).cause(reason))?;
        let text = before.as_deref().unwrap_or_default();
        let refused = |refusal: Refusal| match refusal {
            Refusal::Broken(reason) => Failure::usage(format!("{shown} does not parse, and is left as it is"))
                .cause(visible(&reason))
                .hint("mend it, or move it away"),
            Refusal::Doubtful => {
                let entry = new.as_ref().map(|entry| masked(entry).to_string()).unwrap_or_default();
                Failure::usage(format!("{shown} is written in a way that cannot be edited safely")).hint(format!(
                    "edit `{}` by hand: {} {}",
                    row.section,
                    visible(&launch.name),
                    visible_json(&entry)
                ))
            }
        };
        let old = find(row.language, text, row.section, &launch.name).map_err(refused)?;
        let after = edit(row.language, text, row.section, &launch.name, new.as_ref()).map_err(refused)?;
        Ok(Self { client, path, before, after, old, new, name: launch.name.clone() })
    }

    fn changes(&self) -> bool {
        self.old != self.new
    }

    fn write(&self) -> Result<(), Failure> {
        if self.before.is_some() {
            crate::file::keep(&self.path)?;
        }
        crate::file::write(&self.path, self.after.as_bytes())
    }

    /// Shows what changed, without what may be secret.
    fn tell(&self, is_dry: bool, console: &Console) -> Result<(), Failure> {
        let (title, path) = (self.client.row().title, visible(&self.path.display().to_string()));
        if !self.changes() {
            let how = if self.new.is_some() { "is installed already" } else { "is not installed" };
            return console.result(&format!("{title}: {} {how} in {path}", visible(&self.name)));
        }
        let how = match (&self.old, &self.new) {
            (None, _) => "added to",
            (_, None) => "removed from",
            _ => "changed in",
        };
        let would = if is_dry { "would be " } else { "" };
        console.result(&format!("{title}: {} {would}{how} {path}", visible(&self.name)))?;
        let text = |entry: &Option<Value>| {
            let shown = entry.as_ref().map(|entry| json!({ self.name.as_str(): masked(entry) }));
            shown
                .and_then(|shown| serde_json::to_string_pretty(&shown).ok())
                .map(|text| text + "\n")
                .unwrap_or_default()
        };
        let (old, new) = (text(&self.old), text(&self.new));
        for change in similar::TextDiff::from_lines(&old, &new).iter_all_changes() {
            let line = format!("  {}{}", change.tag(), change.value().trim_end_matches('\n'));
            console.result(&visible_json(&line))?;
        }
        if old == new {
            console.result("  (only values that are not shown)")?;
        }
        Ok(())
    }
}
