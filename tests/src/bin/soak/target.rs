//! One process that is loaded: a server that this program starts itself, with the connection that asks it what it holds.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use mcp_runtime::client::{Connect, Retry, Source};
use mcp_runtime::model::{ContentBlock, ElicitResult};
use mcp_runtime::{Client, Revision};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::Result;
use crate::options::{Options, Service, Transport};

/// How long the server may take to start.
const START: Duration = Duration::from_secs(10);
/// What the person is asked who never answers.
pub(crate) const NEVER: &str = "never";

/// A server.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    /// Where it listens, if it does.
    pub(crate) address: Option<SocketAddr>,
    /// Over HTTP for this program's own questions; over the pipes, of which there are two, for everything.
    pub(crate) client: Client,
    id: u32,
    _child: Child,
}

/// What a process has at a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    /// Resident memory in KiB, where the system tells.
    pub(crate) memory: Option<u64>,
    /// Everything that must be as before once nobody does anything: names and numbers.
    pub(crate) tables: Vec<(String, u64)>,
}

impl Target {
    /// Starts the server over HTTP.
    pub(crate) async fn http(options: &Options) -> Result<Self> {
        let mut child = start(&options.service(Transport::Http))?;
        let stderr = child.stderr.take().ok_or("a server without standard error")?;
        let address = timeout(START, address(stderr)).await.map_err(|_| "the server does not say where it is")??;
        let url = format!("http://{address}/mcp");
        let client = person(Client::http(url)).protocol(Revision::LATEST).connect().await?;
        Ok(Self { name: "http".to_owned(), address: Some(address), client, id: id(&child)?, _child: child })
    }

    /// Starts the server over pipes, to talk to it in this revision.
    pub(crate) async fn stdio(revision: Revision, options: &Options) -> Result<Self> {
        let mut child = start(&options.service(Transport::Stdio))?;
        let pipes = child.stdout.take().zip(child.stdin.take()).ok_or("a server without pipes")?;
        drop(tokio::spawn(repeat(BufReader::new(child.stderr.take().ok_or("a server without standard error")?))));
        let client = person(Client::stream(pipes.0, pipes.1)).protocol(revision).connect().await?;
        Ok(Self { name: format!("stdio {revision}"), address: None, client, id: id(&child)?, _child: child })
    }

    /// Asks for what makes a server begin what it then keeps, such as the thread that stands by for calls that compute.
    pub(crate) async fn warm_up(&self) -> Result<()> {
        for (tool, arguments) in
            [("compute", json!({ "rounds": 2_000_000 })), ("nap", json!({ "millis": 1 })), ("panic", json!({}))]
        {
            self.client.call(tool, arguments).await?;
        }
        self.sample().await.map(drop)
    }

    /// What the server has now.
    pub(crate) async fn sample(&self) -> Result<Sample> {
        let result = self.client.call("held", ()).await?;
        let [ContentBlock::Text(text)] = result.content.as_slice() else { return Err("`held` says nothing".into()) };
        let held: Value = serde_json::from_str(&text.text)?;
        let mut sample = system(self.id);
        let number = |value: &Value| value.as_u64().unwrap_or(u64::MAX);
        sample.tables.push(("tasks of the runtime".to_owned(), number(&held["alive"])));
        let usage = held["usage"].as_object().ok_or("a server without usage")?;
        sample.tables.extend(usage.iter().map(|(name, value)| (name.clone(), number(value))));
        Ok(sample)
    }

    /// The most memory that it ever had, in KiB.
    pub(crate) fn peak(&self) -> Option<u64> {
        line(&format!("/proc/{}/status", self.id), "VmHWM:")
    }
}

/// What this program has now: the clients have to forget as well. What is kept for ever is no part of it.
pub(crate) fn own(shared: &[Target]) -> Sample {
    let mut sample = system(std::process::id());
    let alive = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    sample.tables.push(("tasks of the runtime".to_owned(), alive as u64));
    let all = || shared.iter().map(|target| target.client.usage());
    let mut add = |name: &str, number: usize| sample.tables.push((name.to_owned(), number as u64));
    add("requests", all().map(|usage| usage.requests).sum());
    add("answers", all().map(|usage| usage.answers).sum());
    add("listeners", all().map(|usage| usage.listeners).sum());
    add("resources", all().map(|usage| usage.resources).sum());
    sample
}

/// A client with a person who answers what they are asked, or never does. Nothing is made again, so that nothing that is lost
/// goes unseen.
pub(crate) fn person<S: Source>(connect: Connect<S>) -> Connect<S> {
    connect.retry(Retry::never()).timeout(Duration::from_secs(30)).on_elicit(async |form| {
        if form.message.starts_with(NEVER) {
            std::future::pending::<()>().await;
        }
        let content = json!({ "ok": true }).as_object().cloned().unwrap_or_default();
        Ok(ElicitResult::accept(content))
    })
}

fn start(service: &Service) -> Result<Child> {
    let program = std::env::current_exe()?;
    let mut command = Command::new(&program);
    command.args(service.arguments());
    let pipe = || if service.transport == Transport::Stdio { Stdio::piped() } else { Stdio::null() };
    command.stdin(pipe()).stdout(pipe()).stderr(Stdio::piped()).kill_on_drop(true);
    Ok(command.spawn().map_err(|error| format!("{}: {error}", program.display()))?)
}

fn id(child: &Child) -> Result<u32> {
    Ok(child.id().ok_or("the server has ended")?)
}

/// Where the server says that it listens.
async fn address(stderr: ChildStderr) -> Result<SocketAddr> {
    let mut lines = BufReader::new(stderr);
    let mut line = String::new();
    lines.read_line(&mut line).await?;
    let address = line.trim().strip_prefix("listening at http://").and_then(|rest| rest.strip_suffix("/mcp"));
    let address = address.ok_or_else(|| format!("the server does not listen, but says {line:?}"))?.parse()?;
    drop(tokio::spawn(repeat(lines)));
    Ok(address)
}

/// Shows what a server says.
#[expect(clippy::print_stderr, reason = "it is a program, and this is why it failed")]
async fn repeat(mut lines: BufReader<ChildStderr>) {
    let mut line = Vec::new();
    while let Ok(1..) = lines.read_until(b'\n', &mut line).await {
        eprint!("server: {}", String::from_utf8_lossy(&line));
        line.clear();
    }
}

/// What the system says of a process.
fn system(id: u32) -> Sample {
    // The sum in `status` is put together late where there are many processors; this one is exact.
    let exact = line(&format!("/proc/{id}/smaps_rollup"), "Rss:");
    let memory = exact.or_else(|| line(&format!("/proc/{id}/status"), "VmRSS:"));
    let mut sample = Sample { memory, tables: Vec::new() };
    let count = |folder: &str| fs::read_dir(Path::new("/proc").join(id.to_string()).join(folder)).map(Iterator::count);
    for (name, folder) in [("threads", "task"), ("descriptors", "fd")] {
        if let Ok(count) = count(folder) {
            sample.tables.push((name.to_owned(), count as u64));
        }
    }
    sample
}

/// The number in a line of a file.
fn line(path: &str, key: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}
