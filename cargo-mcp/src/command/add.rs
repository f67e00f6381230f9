//! `cargo mcp add`: writes a new tool, resource or prompt into the package's source and registers it. What is doubtful is
//! refused with the text to paste.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::addition::item::{Argument, Item, Kind, complaints, identifier};
use crate::addition::{Package, Plan};
use crate::cli::Own;
use crate::error::Failure;
use crate::print::{Console, visible, visible_lines};
use crate::source::Source;

#[derive(Debug, Args)]
#[command(
    after_help = "Example: cargo mcp add tool convert --arg amount:f64 --arg 'to:Option<String> // The currency'"
)]
pub(crate) struct Add {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add a tool: a function that models call
    #[command(
        after_help = "Example: cargo mcp add tool convert --arg amount:f64 --arg 'to:Option<String> // The currency'"
    )]
    Tool(ToolArgs),
    /// Add a resource: something that clients read by its URI
    #[command(after_help = "Example: cargo mcp add resource 'notes://{id}' --arg id:u64")]
    Resource(ResourceArgs),
    /// Add a prompt: a text that users choose, with its arguments filled in
    #[command(after_help = "Example: cargo mcp add prompt review --arg code --arg 'language:Option<String>'")]
    Prompt(PromptArgs),
}

#[derive(Debug, Args)]
struct ToolArgs {
    /// Name of the tool; the function is called the same as far as Rust allows it
    name: String,

    /// The tool changes nothing
    #[arg(long)]
    read_only: bool,

    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct ResourceArgs {
    /// URI, or URI template whose variables become parameters
    uri: String,

    /// Name of the resource; taken from the URI unless given
    #[arg(long)]
    name: Option<String>,

    /// Media type of what it answers
    #[arg(long, value_name = "TYPE")]
    mime: Option<String>,

    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct PromptArgs {
    /// Name of the prompt; the function is called the same as far as Rust allows it
    name: String,

    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Common {
    /// Parameter, with its type unless that is String and with what it means if it is to be said
    #[arg(long = "arg", value_name = "NAME[:TYPE][ // TEXT]")]
    arguments: Vec<String>,

    /// Type of the result; String unless given
    #[arg(long, value_name = "TYPE")]
    returns: Option<String>,

    /// What it does, for the model and the user
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// Write an `async fn`
    #[arg(long = "async")]
    is_async: bool,

    /// Where to register it, if several places could be meant
    #[arg(long, value_name = "FILE[:LINE]")]
    at: Option<String>,

    /// Print what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    server: Server,
}

/// Whose source it is; what is about building and asking a server means nothing here.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
struct Server {
    /// Package that the server is in
    #[arg(short, long, value_name = "SPEC")]
    package: Option<String>,

    /// Binary that is the server
    #[arg(long, value_name = "NAME")]
    bin: Option<String>,

    /// Example that is the server
    #[arg(long, value_name = "NAME", conflicts_with = "bin")]
    example: Option<String>,

    /// Features that the server needs
    #[arg(short = 'F', long, value_name = "FEATURES")]
    features: Vec<String>,

    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
}

impl Server {
    fn own(&self) -> Own {
        Own {
            package: self.package.clone(),
            bin: self.bin.clone(),
            example: self.example.clone(),
            features: self.features.clone(),
            manifest_path: self.manifest_path.clone(),
            release: false,
            locked: false,
        }
    }
}

pub(crate) fn run(add: &Add, has_server: bool, console: &Console) -> Result<ExitCode, Failure> {
    if has_server {
        return Err(Failure::usage("a command has no source to add to").hint("leave out what follows `--`"));
    }
    let (item, common) = match &add.what {
        What::Tool(tool) => {
            let keys = if tool.read_only { vec!["read_only".to_owned()] } else { Vec::new() };
            (item(Kind::Tool, &tool.name, None, keys, &tool.common)?, &tool.common)
        }
        What::Resource(resource) => (resource_item(resource)?, &resource.common),
        What::Prompt(prompt) => (item(Kind::Prompt, &prompt.name, None, Vec::new(), &prompt.common)?, &prompt.common),
    };
    let chosen = common.server.own().choose()?;
    let source = Source::read(&chosen.sources)?;
    let package = Package {
        source: &source,
        folder: &chosen.folder,
        edition: &chosen.edition,
        dependencies: &chosen.dependencies,
    };
    let plan = Plan::of(&item, common.at.as_deref(), &package)?;
    if !common.dry_run {
        crate::file::write(&plan.path, plan.after.as_bytes())?;
    }
    tell(&item, &plan, common.dry_run, &package, console)?;
    Ok(ExitCode::SUCCESS)
}

fn item(kind: Kind, name: &str, uri: Option<&str>, keys: Vec<String>, common: &Common) -> Result<Item, Failure> {
    let returns = common.returns.as_deref().map(|returns| {
        syn::parse_str(returns)
            .map_err(|error| Failure::usage(format!("--returns: `{}` is no type", visible(returns))).cause(error))
    });
    Ok(Item {
        kind,
        name: name.to_owned(),
        ident: identifier(name)?,
        uri: uri.map(str::to_owned),
        keys,
        arguments: common.arguments.iter().map(|text| Argument::parse(text)).collect::<Result<_, _>>()?,
        returns: returns.transpose()?,
        description: common.description.clone(),
        is_async: common.is_async,
    })
}

/// A resource has a parameter for each of its URI's variables.
fn resource_item(resource: &ResourceArgs) -> Result<Item, Failure> {
    let uri = resource.uri.as_str();
    let variables = mcp_expand::variables(uri).map_err(|errors| {
        Failure::usage(complaints(errors).join("; "))
            .hint("a URI is like `config://app`, a template like `notes://{id}`")
    })?;
    let name = resource.name.clone().unwrap_or_else(|| named_after(uri));
    let keys = resource.mime.iter().map(|mime| format!("mime = {}", proc_macro2::Literal::string(mime))).collect();
    let mut item = item(Kind::Resource, &name, Some(uri), keys, &resource.common)?;
    for (variable, is_query) in variables {
        if !item.arguments.iter().any(|one| one.name() == variable) {
            let ty = if is_query { "Option<String>" } else { "String" };
            item.arguments.push(Argument::new(&variable, ty, None)?);
        }
    }
    Ok(item)
}

/// The last word of a URI that is no variable: `logs` of `file:///logs/{day}`.
fn named_after(uri: &str) -> String {
    let mut is_inside = false;
    let literal: String = uri
        .chars()
        .map(|c| {
            is_inside = (is_inside || c == '{') && c != '}';
            if is_inside || !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) { '/' } else { c }
        })
        .collect();
    let mut words = literal.split('/').filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
    words.next_back().unwrap_or("resource").to_ascii_lowercase()
}

fn tell(item: &Item, plan: &Plan, is_dry: bool, package: &Package<'_>, console: &Console) -> Result<(), Failure> {
    let path = plan.path.strip_prefix(package.folder).unwrap_or(&plan.path).display().to_string();
    let diff = similar::TextDiff::from_lines(&plan.before, &plan.after);
    if console.json {
        return console.json(&json!({
            "kind": item.kind.name(), "name": item.name, "path": path, "line": plan.line, "dryRun": is_dry,
            "diff": diff.unified_diff().header(&path, &path).to_string(),
        }));
    }
    if is_dry {
        let diff = diff.unified_diff().header(&path, &path).to_string();
        return console.result(visible_lines(&diff.replace("\r\n", "\n")).trim_end());
    }
    let name = visible(item.uri.as_deref().unwrap_or(&item.name));
    console.result(&format!(
        "{}:{}: {} {name} added, registered in {}",
        visible(&path),
        plan.line,
        item.kind.name(),
        plan.registered
    ))?;
    let next = match item.kind {
        Kind::Tool => format!("cargo mcp call {} --help", visible(&item.name)),
        Kind::Resource => "cargo mcp list".to_owned(),
        Kind::Prompt => format!("cargo mcp prompt {} --help", visible(&item.name)),
    };
    console.note(&format!("\nNext: write what `{}` does, then\n  {next}", item.ident));
    Ok(())
}
