//! What the command line asks for.

use std::time::Duration;

use crate::Result;

pub(crate) const HELP: &str = "Usage: cargo run --release -p benches -- COMMAND [OPTIONS]

Commands:
  all            Build every server, check its answers, measure, and write docs/benchmarks.md and its charts
  build-cost     Measure what building costs, here and with the peers
  instructions   Compare instructions per call with benches/instructions.json; fails if more than 3 % worse
  lists          Record what the servers written by hand list, from the server on this framework as it was built last

Options:
  --rounds N         How often everything is measured, 7 unless given
  --only A,B         Of `all`: add, many, search, list, echo64k, echo1m, cold, flight, tools, compute
                     Of `build-cost`: ours, rmcp, tower-mcp, turbomcp, attributes
  --servers A,B      Of `all`: floor-blocking, floor, floor-hyper, ours, rmcp, rmcp-documented, tower-mcp, turbomcp
  --millis N         For how long one figure is measured, 300 unless given
  --no-build         Take the servers as they were built last
  --no-files         Print only: leave docs/ as it is
  --record           Of `instructions`: write what was counted to benches/instructions.json
  --profile          Of `instructions`: also print where the instructions go";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    All,
    BuildCost,
    Instructions,
    Lists,
    Help,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Options {
    pub(crate) command: Command,
    pub(crate) rounds: usize,
    only: Vec<String>,
    servers: Vec<String>,
    pub(crate) time: Duration,
    pub(crate) builds: bool,
    pub(crate) writes: bool,
    pub(crate) records: bool,
    pub(crate) profiles: bool,
}

impl Options {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let command = match arguments.next().as_deref() {
            Some("all") => Command::All,
            Some("build-cost") => Command::BuildCost,
            Some("instructions") => Command::Instructions,
            Some("lists") => Command::Lists,
            Some("help" | "--help" | "-h") | None => Command::Help,
            Some(unknown) => return Err(format!("unknown command `{unknown}`\n\n{HELP}").into()),
        };
        let mut options = Self {
            command,
            rounds: 7,
            only: Vec::new(),
            servers: Vec::new(),
            time: Duration::from_millis(300),
            builds: true,
            writes: true,
            records: false,
            profiles: false,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value"));
            let list = |text: String| text.split(',').map(str::to_owned).collect();
            match argument.as_str() {
                "--rounds" => options.rounds = value()?.parse::<usize>()?.max(1),
                "--only" => options.only = list(value()?),
                "--servers" => options.servers = list(value()?),
                "--millis" => options.time = Duration::from_millis(value()?.parse()?),
                "--no-build" => options.builds = false,
                "--no-files" => options.writes = false,
                "--record" => options.records = true,
                "--profile" => options.profiles = true,
                _ => return Err(format!("unknown option `{argument}`\n\n{HELP}").into()),
            }
        }
        Ok(options)
    }

    /// Whether this part was asked for.
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }

    pub(crate) fn wants_server(&self, name: &str) -> bool {
        self.servers.is_empty() || self.servers.iter().any(|server| server == name)
    }

    /// Whether nothing was left out.
    pub(crate) fn is_whole(&self) -> bool {
        self.only.is_empty() && self.servers.is_empty()
    }
}
