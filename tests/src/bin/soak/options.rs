//! What the command line asks for.

use std::time::Duration;

use crate::Result;

pub(crate) const HELP: &str = "Usage: cargo run -p mcp-tests --bin soak -- [OPTIONS]

Loads servers for a while, one over HTTP and two over standard input and output, with clients that leave, cancel and
fail, and looks whether anything is left behind in them: memory, tasks, descriptors, threads, tables.

Options:
  --minutes N    For how long, 10 unless given; 0.5 is half a minute. The first quarter warms up
  --seed N       Which chances are taken, 1 unless given: the same ones for the same number, but for what the machine's
                 own timing makes of them
  --quiet N      How many seconds the servers have afterwards until all must be as before, 20 unless given
  --leak A,B     Lets the servers keep a little on purpose, to see that it is noticed: memory, tasks, files, threads";

/// What a server keeps on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leak {
    Memory,
    Tasks,
    Files,
    Threads,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Http,
    Stdio,
}

#[derive(Debug)]
pub(crate) enum Command {
    Soak(Options),
    /// The program as one of the servers.
    Serve(Service),
    Help,
}

/// What a server is to be.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) transport: Transport,
    pub(crate) leaks: Vec<Leak>,
    /// After how many seconds a session is over that nobody ended.
    pub(crate) session: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) time: Duration,
    pub(crate) seed: u64,
    pub(crate) quiet: Duration,
    pub(crate) leaks: Vec<Leak>,
}

impl Command {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let (mut minutes, mut seed, mut quiet, mut leaks) = (10.0_f64, 1, 20, Vec::new());
        let (mut serve, mut session) = (None, 0);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value"));
            match argument.as_str() {
                "--minutes" => minutes = value()?.parse()?,
                "--seed" => seed = value()?.parse()?,
                "--quiet" => quiet = value()?.parse()?,
                "--leak" => leaks = value()?.split(',').map(Leak::parse).collect::<Result<_>>()?,
                // For the program itself, which starts itself as a server.
                "--serve" => serve = Some(Transport::parse(&value()?)?),
                "--session" => session = value()?.parse()?,
                "--help" | "-h" => return Ok(Self::Help),
                _ => return Err(format!("unknown option `{argument}`\n\n{HELP}").into()),
            }
        }
        if let Some(transport) = serve {
            return Ok(Self::Serve(Service { transport, leaks, session }));
        }
        let time = Duration::try_from_secs_f64(minutes * 60.0).unwrap_or_default();
        if time < Duration::from_secs(2) {
            return Err("`--minutes` must be at least 0.034, which is two seconds".into());
        }
        Ok(Self::Soak(Options { time, seed, quiet: Duration::from_secs(quiet), leaks }))
    }
}

impl Options {
    /// The servers for this: a machine that stands still for a moment must not cost a session in a long run, and a short one
    /// should not have to wait long for those that were left.
    pub(crate) fn service(&self, transport: Transport) -> Service {
        Service { transport, leaks: self.leaks.clone(), session: (self.time.as_secs() / 8).clamp(4, 10) }
    }
}

impl Service {
    /// What the program is told to become it.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let words = ["--serve", self.transport.name(), "--session", &self.session.to_string()];
        let mut arguments: Vec<String> = words.map(str::to_owned).into();
        if !self.leaks.is_empty() {
            let names: Vec<_> = self.leaks.iter().map(|leak| leak.name()).collect();
            arguments.extend(["--leak".to_owned(), names.join(",")]);
        }
        arguments
    }
}

impl Leak {
    const ALL: [Self; 4] = [Self::Memory, Self::Tasks, Self::Files, Self::Threads];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Tasks => "tasks",
            Self::Files => "files",
            Self::Threads => "threads",
        }
    }

    fn parse(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|leak| leak.name() == name);
        Ok(found.ok_or_else(|| format!("nothing that can leak is called `{name}`\n\n{HELP}"))?)
    }
}

impl Transport {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Stdio => "stdio",
        }
    }

    fn parse(name: &str) -> Result<Self> {
        let found = [Self::Http, Self::Stdio].into_iter().find(|transport| transport.name() == name);
        Ok(found.ok_or_else(|| format!("no transport is called `{name}`; there are `http` and `stdio`"))?)
    }
}
