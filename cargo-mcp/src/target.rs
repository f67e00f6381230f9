//! The server that a command talks to, and the connection to it. Ways to a server: this package's own, built first; the
//! command behind `--`; an address; a name in an application's configuration.

mod browser;
mod fresh;
mod look;
mod named;
mod package;
mod remote;
mod sign_in;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mcp_runtime::client::{Connect, Error, Source};
use mcp_runtime::{Client, Revision};

pub(crate) use self::browser::open;
pub(crate) use self::package::Chosen;
pub(crate) use self::remote::{Header, Remote, host};
use crate::cli::Target;
use crate::client::Launch;
use crate::error::Failure;
use crate::print::{Console, visible};

/// The variable that tells a server how it is talked to, and what says that it is over standard input and output.
pub(crate) const TRANSPORT: (&str, &str) = ("MCP_TRANSPORT", "stdio");

/// How long a server may take to end whose answer is not wanted any more.
const FAREWELL: Duration = Duration::from_secs(1);

/// Closes a connection after a failure: nobody waits long for a server that is still at work on what failed.
pub(crate) async fn leave(client: Client) {
    // One that takes longer ends with the connection.
    let _ = tokio::time::timeout(FAREWELL, client.close()).await;
}

/// Warns of tools that the server has and this program must not call, so that none vanishes without a word.
pub(crate) fn tell_left_out(client: &Client, console: &Console) {
    for one in client.left_out() {
        console.note(&format!("warning: the tool {} is left out: {}", visible(&one.tool), visible(&one.reason)));
    }
}

/// What a command adds to a connection before it is opened, whichever way leads to the server.
pub(crate) trait Prepare {
    fn prepare<S: Source>(&self, connect: Connect<S>) -> Connect<S>;
}

impl Prepare for () {
    fn prepare<S: Source>(&self, connect: Connect<S>) -> Connect<S> {
        connect
    }
}

/// How a server is reached.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// By starting it.
    Program(Program),
    /// Over HTTP.
    Remote(Remote),
}

/// A server that is started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    /// The program, then its arguments.
    words: Vec<OsString>,
    env: Vec<(String, String)>,
    folder: Option<PathBuf>,
}

impl Way {
    /// The program that is started.
    pub(crate) fn program(&self) -> Option<&OsString> {
        match self {
            Self::Program(program) => program.words.first(),
            Self::Remote(_) => None,
        }
    }

    /// The server as it may be shown: by its program alone, or by its address without what may be secret in it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Program(program) => {
                program.words.first().map(|word| visible(&word.to_string_lossy())).unwrap_or_default()
            }
            Self::Remote(remote) => remote.shown(),
        }
    }
}

impl From<Vec<OsString>> for Way {
    fn from(words: Vec<OsString>) -> Self {
        Self::Program(Program { words, ..Program::default() })
    }
}

impl Target {
    /// Builds the server if it is this package's, starts it if need be and connects.
    pub(crate) async fn connect(&self, server: Option<Vec<OsString>>, console: &Console) -> Result<Client, Failure> {
        self.connect_with(server, console, &()).await
    }

    /// The same, with something added to the connection.
    pub(crate) async fn connect_with(
        &self,
        server: Option<Vec<OsString>>,
        console: &Console,
        prepare: &impl Prepare,
    ) -> Result<Client, Failure> {
        self.open(&self.way(server, console).await?, self.revision()?, console, prepare).await
    }

    /// Whether it is a server other than this package's.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.elsewhere.url.is_some() || self.elsewhere.server.is_some()
    }

    /// The way to the server. It is built first if it is this package's.
    pub(crate) async fn way(&self, server: Option<Vec<OsString>>, console: &Console) -> Result<Way, Failure> {
        if server.is_some() && self.is_elsewhere() {
            return Err(Failure::usage("there are two servers: a command behind `--`, and --url or --server")
                .hint("leave one of them out"));
        }
        if let Some(url) = &self.elsewhere.url {
            return Remote::of(url, &self.elsewhere).map(Way::Remote);
        }
        if let Some(name) = &self.elsewhere.server {
            return self.way_of(&named::find(name)?.expanded()?, console);
        }
        self.elsewhere.needs_address()?;
        Ok(self.command(server, console).await?.into())
    }

    /// The way that an application's configuration describes.
    fn way_of(&self, launch: &Launch, console: &Console) -> Result<Way, Failure> {
        if let Some(url) = &launch.url {
            let mut remote = Remote::of(url, &self.elsewhere)?;
            remote.add(&launch.headers);
            return Ok(Way::Remote(remote));
        }
        self.elsewhere.needs_address()?;
        console.detail(&format!("starting {}", visible(&launch.command)));
        let words = std::iter::once(&launch.command).chain(&launch.args).map(OsString::from).collect();
        Ok(Way::Program(Program { words, env: launch.env.clone(), folder: launch.cwd.clone().map(PathBuf::from) }))
    }

    /// The server as an application's configuration describes it, if it is named; what it holds is not filled in.
    pub(crate) fn launch(&self) -> Result<Option<Launch>, Failure> {
        self.elsewhere.server.as_deref().map(named::find).transpose()
    }

    /// The command that starts the server. It is built first if it is this package's.
    pub(crate) async fn command(
        &self,
        server: Option<Vec<OsString>>,
        console: &Console,
    ) -> Result<Vec<OsString>, Failure> {
        match server {
            Some(command) if command.is_empty() => {
                Err(Failure::usage("nothing follows `--`")
                    .hint("write the server's command there: -- ./server --stdio"))
            }
            Some(command) => Ok(command),
            None => Ok(vec![self.own.program(console).await?.into_os_string()]),
        }
    }

    /// Connects, in this revision or the newest that the server speaks.
    pub(crate) async fn reach(
        &self,
        way: &Way,
        revision: Option<Revision>,
        console: &Console,
    ) -> Result<Client, Failure> {
        self.open(way, revision, console, &()).await
    }

    async fn open(
        &self,
        way: &Way,
        revision: Option<Revision>,
        console: &Console,
        prepare: &impl Prepare,
    ) -> Result<Client, Failure> {
        let opened = self.opened(way, revision, console, prepare).await?;
        opened.map_err(|error| Failure::from(error).unreachable_because(way))
    }

    async fn opened(
        &self,
        way: &Way,
        revision: Option<Revision>,
        console: &Console,
        prepare: &impl Prepare,
    ) -> Result<Result<Client, Error>, Failure> {
        Ok(match way {
            Way::Program(program) => {
                let (first, arguments) =
                    program.words.split_first().ok_or_else(|| Failure::usage("there is no command"))?;
                // It is talked to over standard input and output, whatever it does by default.
                let mut connect = Client::command(first).args(arguments).env(TRANSPORT.0, TRANSPORT.1);
                for (name, value) in &program.env {
                    connect = connect.env(name, value);
                }
                if let Some(folder) = &program.folder {
                    connect = connect.current_dir(folder);
                }
                self.speak(connect, revision, console, prepare).await
            }
            Way::Remote(remote) => self.speak(remote.connect(console), revision, console, prepare).await,
        })
    }

    /// Whether the server speaks a revision. One that cannot be asked at the moment has not said that it does not.
    pub(crate) async fn speaks(&self, way: &Way, revision: Revision, console: &Console) -> Result<bool, Failure> {
        let error = match self.opened(way, Some(revision), console, &()).await? {
            Ok(client) => {
                client.close().await;
                return Ok(true);
            }
            Err(error) => error,
        };
        match (&error, way) {
            // All that says no: not 429, which asks for patience. And there are servers that end on a message that they do not know.
            (
                Error::Version { .. }
                | Error::Protocol { .. }
                | Error::Invalid { .. }
                | Error::Status { status: 400..=428 | 430..=499, .. },
                _,
            )
            | (Error::Closed { .. }, Way::Program(_)) => Ok(false),
            // And some that say nothing to it.
            (Error::Timeout { .. }, Way::Program(_)) => {
                console.note(&format!(
                    "warning: {} did not answer in {} and is taken not to speak it; --timeout SECONDS waits longer",
                    way.shown(),
                    revision.as_str()
                ));
                Ok(false)
            }
            _ => Err(Failure::from(error).unreachable_because(way)),
        }
    }

    /// Says what is the same on every way.
    async fn speak<S: Source>(
        &self,
        connect: Connect<S>,
        revision: Option<Revision>,
        console: &Console,
        prepare: &impl Prepare,
    ) -> Result<Client, Error> {
        let mut connect = connect.timeout(Duration::from_secs(self.timeout));
        if let Some(revision) = revision {
            connect = connect.protocol(revision);
        }
        prepare.prepare(console.listen(connect)).connect().await
    }

    pub(crate) fn revision(&self) -> Result<Option<Revision>, Failure> {
        if self.protocol == "auto" {
            return Ok(None);
        }
        Revision::parse(&self.protocol).map(Some).ok_or_else(|| {
            let known: Vec<_> = Revision::ALL.iter().map(|revision| revision.as_str()).collect();
            Failure::usage(format!("--protocol: unknown revision {:?}", self.protocol))
                .hint(format!("known are auto, {}", known.join(", ")))
        })
    }

    /// Finds the one binary of this package that is meant.
    pub(crate) fn choose(&self) -> Result<Chosen, Failure> {
        self.own.choose()
    }

    /// Builds this package's server and says where it is. It is built in this folder, or in the package's own.
    pub(crate) async fn build(
        &self,
        chosen: &Chosen,
        folder: Option<&Path>,
        console: &Console,
    ) -> Result<PathBuf, Failure> {
        self.own.build(chosen, folder, console).await
    }
}
