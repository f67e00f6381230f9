//! What one more tool costs: two crates that differ by five hundred, here and with the peers, written as each one's documentation
//! has it. Everything they depend on is built before.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use super::{NAMES, Package, base, copy, generate};
use crate::figures::shown;
use crate::server::{cargo, root, run as output};
use crate::{Result, say};

/// How many tools the two crates have, beside the one that is changed.
const FEW: usize = 2;
const MANY: usize = 502;
const MORE: f64 = 500.0;
/// How many of them stand together, as with a user who has so many.
const GROUP: usize = 50;

/// How a crate of many tools is written.
struct Style {
    /// What stands before everything.
    head: &'static str,
    /// A tool, where `NUMBER` is its own.
    tool: &'static str,
    /// What stands around every group of tools: before, and behind.
    group: [&'static str; 2],
    /// What each tool has behind its group.
    beside: &'static str,
    /// What names a group where they are put together.
    mention: &'static str,
    /// What puts them together, at `GROUPS`.
    tail: &'static str,
}

/// What building a crate takes.
struct Took {
    debug: f64,
    release: f64,
    rebuild: f64,
    lines: f64,
}

pub(super) fn table() -> String {
    let mut out = "One more tool of two arguments in a crate of 500, from the difference to a crate of 2 whose dependencies are built: \
                   time of `cargo build`, and lines of LLVM IR by `cargo llvm-lines`, debug. The rebuild is of the crate of 500, after \
                   one tool was changed.\n\n\
                   | | debug build, ms | release build, ms | lines of LLVM IR | rebuild, s |\n|---|---|---|---|---|\n"
        .to_owned();
    for name in NAMES {
        let line = match took(name, FEW).and_then(|few| Ok((few, took(name, MANY)?))) {
            Ok((few, many)) => {
                let each = |of: fn(&Took) -> f64| (of(&many) - of(&few)) / MORE;
                let lines = each(|took| took.lines);
                // Where it is not installed, there is no such number.
                let lines = if lines.is_nan() { "cargo llvm-lines is not installed".to_owned() } else { shown(lines) };
                let (debug, release) = (shown(each(|took| took.debug) * 1e3), shown(each(|took| took.release) * 1e3));
                format!("| {name} | {debug} | {release} | {lines} | {} |", shown(many.rebuild))
            }
            Err(error) => format!("| {name} | does not build here: {} ||||", error.to_string().replace('\n', " ")),
        };
        say(&line);
        let _ = writeln!(out, "{line}");
    }
    out
}

/// Builds a crate of so many tools.
fn took(name: &str, tools: usize) -> Result<Took> {
    let package = package(name, tools)?;
    output(Command::new(cargo()).current_dir(&package.folder).args(["fetch", "--quiet"]))?;
    let profiles = [&[][..], &["--release"]];
    if tools == FEW {
        // With it all that both depend on.
        for options in profiles {
            package.build(options)?;
        }
    }
    for options in profiles {
        let mut clean = Command::new(cargo());
        clean.current_dir(&package.folder).args(["clean", "--quiet", "--package", &package.name]);
        output(clean.arg("--target-dir").arg(package.out()).args(options))?;
    }
    let debug = package.build(&[])?;
    let rebuild = package.rebuild("a + b", "a - b", &[])?;
    let release = package.build(&["--release"])?;
    let lines = output(package.cargo("llvm-lines").arg("--target-dir").arg(package.out())).ok();
    let total = lines.as_deref().and_then(|text| text.lines().find(|line| line.contains("(TOTAL)")));
    let lines = total.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN);
    Ok(Took { debug, release, rebuild, lines })
}

fn package(name: &str, tools: usize) -> Result<Package> {
    let folder = base().join(format!("tools-{tools}"));
    let style = style(name)?;
    if name == "ours" {
        let folder = folder.join(name);
        generate(&folder, &style.source(tools))?;
        return Ok(Package { main: folder.join("src/main.rs"), name: "generated".to_owned(), folder, has_http: false });
    }
    // The peers' own workspace, so that their versions and features are those of the other table.
    copy(&root().join("benches/peers"), &folder)?;
    let main = folder.join(name).join("src/main.rs");
    fs::write(&main, style.source(tools))?;
    Ok(Package { folder, name: format!("peer-{name}"), main, has_http: false })
}

fn style(name: &str) -> Result<&'static Style> {
    Ok(match name {
        "ours" => &OURS,
        "rmcp" => &RMCP,
        "tower-mcp" => &TOWER_MCP,
        "turbomcp" => &TURBOMCP,
        _ => return Err(format!("nothing is known of {name}").into()),
    })
}

impl Style {
    fn source(&self, tools: usize) -> String {
        let mut source = self.head.to_owned();
        let mut mentions = String::new();
        let numbers: Vec<usize> = (0..tools).collect();
        for (group, numbers) in numbers.chunks(GROUP).enumerate() {
            let numbered = |text: &str, number: usize| text.replace("NUMBER", &number.to_string());
            let each = |text: &str| numbers.iter().map(|number| numbered(text, *number)).collect::<String>();
            let names: Vec<String> = numbers.iter().map(|number| format!("tool_{number}")).collect();
            let [before, behind] = self.group.map(|text| numbered(text, group).replace("NAMES", &names.join(", ")));
            source += &(before + &each(self.tool) + &behind + &each(self.beside));
            mentions += &numbered(self.mention, group);
        }
        source + &self.tail.replace("GROUPS", &mentions)
    }
}

const OURS: Style = Style {
    head: "use mcp_runtime::{Group, group, server, tool};\n",
    tool: r#"
/// One of many.
#[tool]
fn tool_NUMBER(
    /// Some text.
    text: String,
    /// Some number.
    count: Option<u32>,
) -> String {
    format!("{text} NUMBER {count:?}")
}
"#,
    group: ["", "\nfn group_NUMBER() -> impl Group {\n    group![NAMES]\n}\n"],
    beside: "",
    mention: ", group_NUMBER()",
    tail: r"
/// Adds.
#[tool]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn main() -> mcp_runtime::Result<()> {
    server![addGROUPS].run_blocking()
}
",
};

const RMCP: Style = Style {
    head: r"use std::sync::Arc;

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{ServerCapabilities, ServerConfig};
use rmcp::transport::io::stdio_pipes;
use rmcp::{ServerHandler, ServiceExt, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Clone)]
struct Server {
    router: Arc<ToolRouter<Self>>,
}

#[derive(Deserialize, JsonSchema)]
struct Add {
    a: i64,
    b: i64,
}

",
    tool: r#"
    /// One of many.
    #[tool]
    fn tool_NUMBER(&self, Parameters(ArgumentsNUMBER { text, count }): Parameters<ArgumentsNUMBER>) -> String {
        format!("{text} NUMBER {count:?}")
    }
"#,
    group: ["\n#[tool_router(router = group_NUMBER)]\nimpl Server {", "}\n"],
    beside: r"
#[derive(Deserialize, JsonSchema)]
struct ArgumentsNUMBER {
    /// Some text.
    text: String,
    /// Some number.
    count: Option<u32>,
}
",
    mention: " + Self::group_NUMBER()",
    tail: r"
#[tool_router]
impl Server {
    /// Adds.
    #[tool]
    fn add(&self, Parameters(Add { a, b }): Parameters<Add>) -> String {
        (a + b).to_string()
    }

    fn new() -> Self {
        Self { router: Arc::new(Self::tool_router()GROUPS) }
    }
}

#[tool_handler(router = self.router)]
impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    Server::new().serve(stdio_pipes()).await?.waiting().await?;
    Ok(())
}
",
};

const TOWER_MCP: Style = Style {
    head: r"use schemars::JsonSchema;
use serde::Deserialize;
use tower_mcp::{BoxError, CallToolResult, McpRouter, StdioTransport, ToolBuilder};

#[derive(Deserialize, JsonSchema)]
struct Add {
    a: i64,
    b: i64,
}
",
    tool: r#"
    #[derive(Deserialize, JsonSchema)]
    struct ArgumentsNUMBER {
        /// Some text.
        text: String,
        /// Some number.
        count: Option<u32>,
    }
    let tool = ToolBuilder::new("tool_NUMBER")
        .description("One of many.")
        .handler(|ArgumentsNUMBER { text, count }: ArgumentsNUMBER| async move {
            Ok(CallToolResult::text(format!("{text} NUMBER {count:?}")))
        })
        .build();
    let router = router.tool(tool);
"#,
    group: ["\nfn group_NUMBER(router: McpRouter) -> McpRouter {", "    router\n}\n"],
    beside: "",
    mention: "    let router = group_NUMBER(router);\n",
    tail: r#"
#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let add = ToolBuilder::new("add")
        .description("Adds.")
        .handler(|Add { a, b }: Add| async move { Ok(CallToolResult::text((a + b).to_string())) })
        .build();
    let router = McpRouter::new().server_info("many", "0.1.0").tool(add);
GROUPS
    StdioTransport::new(router).run().await?;
    Ok(())
}
"#,
};

const TURBOMCP: Style = Style {
    head: r"use turbomcp::prelude::*;
use turbomcp::{Composite, Implementation, LegacySessionAdapter, serve_stdio};

#[derive(Clone)]
struct Many;
",
    tool: r#"
    /// One of many.
    #[tool(description = "One of many.")]
    async fn tool_NUMBER(
        &self,
        #[description("Some text.")] text: String,
        #[description("Some number.")] count: Option<u32>,
    ) -> String {
        format!("{text} NUMBER {count:?}")
    }
"#,
    group: [
        "\n#[derive(Clone)]\nstruct GroupNUMBER;\n\n#[server(name = \"group_NUMBER\", version = \"0.1.0\")]\nimpl GroupNUMBER {",
        "}\n",
    ],
    beside: "",
    mention: "\n        .mount_flat(GroupNUMBER.into_server())?",
    tail: r#"
#[server(name = "many", version = "0.1.0")]
impl Many {
    /// Adds.
    #[tool(description = "Adds.")]
    async fn add(&self, a: i64, b: i64) -> String {
        (a + b).to_string()
    }
}

#[tokio::main]
async fn main() -> McpResult<()> {
    let composite = Composite::new(Implementation::new("many", "0.1.0")).mount_flat(Many.into_server())?GROUPS;
    serve_stdio(LegacySessionAdapter::new(composite.build().into_server().build()))
        .await
        .map_err(|error| McpError::internal(error.to_string()))
}
"#,
};
