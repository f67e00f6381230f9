//! `run`: the transport is chosen when the program starts, by flag or environment. Floor 5.

#[cfg_attr(feature = "http", path = "run/http.rs")]
#[cfg_attr(not(feature = "http"), path = "run/without.rs")]
mod http;

use std::borrow::Cow;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

use crate::arguments::nearest;
use crate::error::{Error, Result};
use crate::server::Server;
use crate::transport::{Serving, Stdio};

/// The environment variable that chooses the transport where no flag does.
const VARIABLE: &str = "MCP_TRANSPORT";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Stdio,
    Http(Listening),
    Help,
    Version,
}

/// Where to serve over HTTP, and for whom.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listening {
    address: String,
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Server {
    /// Serves on the transport that the command line or the environment chooses, standard input and output unless told
    /// otherwise.
    ///
    /// `--stdio` chooses standard input and output, `--http ADDRESS` HTTP (with the feature `http`, which is on by
    /// default); `MCP_TRANSPORT=stdio` and `MCP_TRANSPORT=http://ADDRESS` do the same where there is no flag.
    /// `--allow-host NAME` and `--allow-origin ORIGIN` are [`HttpOptions`](crate::HttpOptions) of the same names. `--help`
    /// and `--version` print and return. For a program with arguments of its own, use [`Server::serve`].
    ///
    /// # Errors
    /// An argument that is not known; everything that is wrong with the server, before anything is served; a failure of
    /// the transport.
    pub async fn run(self) -> Result<()> {
        self.running().await
    }

    #[inline(never)]
    fn running(self) -> Serving {
        Box::pin(async move {
            match asked_of_process()? {
                Asked::Stdio => return self.serve(Stdio).await,
                Asked::Http(listening) => return http::serve(self, listening).await,
                Asked::Help => print(&self.help()),
                Asked::Version => print(&format!("{} {}", self.info.name, self.info.version)),
            }
            Ok(())
        })
    }

    /// The same from a `main` that is not `async`: starts a runtime of its own.
    ///
    /// # Errors
    /// Those of [`Server::run`], and when no runtime can be started.
    pub fn run_blocking(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let result = runtime.block_on(self.running());
        // A function that still runs in a thread of its own must not hold up the end of the process.
        runtime.shutdown_background();
        result
    }

    fn help(&self) -> String {
        let info = &self.info;
        let about = info.description.as_deref().map(|text| format!("{text}\n\n")).unwrap_or_default();
        format!(
            "{about}A Model Context Protocol server. An AI application starts it and talks to it over standard input and \
             output.\n\nUsage: {} [OPTIONS]\n\nOptions:\n      --stdio                    Serve on standard input and \
             output (default){}\n  -h, --help                     Print this help\n  -V, --version                  \
             Print the version\n\nEnvironment:\n  {VARIABLE}    Used where no option says it: stdio{}",
            program(env::args_os().next()).unwrap_or_else(|| info.name.clone()),
            http::HELP,
            http::VARIABLES,
        )
    }
}

#[expect(clippy::print_stdout, reason = "it is what the user asked for, and nothing is served")]
fn print(text: &str) {
    println!("{text}");
}

/// The program's name as it was called.
fn program(path: Option<OsString>) -> Option<String> {
    Path::new(&path?).file_stem()?.to_str().map(str::to_owned)
}

fn asked_of_process() -> Result<Asked> {
    let mut arguments = env::args_os();
    // The first is the program's own name.
    arguments.next();
    let asked = asked(&mut arguments, env::var_os(VARIABLE));
    // They are the process's for as long as it runs. The code that would give them back stays on disk.
    std::mem::forget(arguments);
    asked
}

fn asked(arguments: &mut dyn Iterator<Item = OsString>, variable: Option<OsString>) -> Result<Asked> {
    let mut is_stdio = false;
    let mut listening = None::<Listening>;
    while let Some(argument) = arguments.next() {
        let text = text_of(&argument);
        // `--name=value` says the same as `--name value`.
        let (name, mut value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text.as_ref(), None),
        };
        let mut value_of = || {
            let next = || arguments.next().map(|value| text_of(&value).into_owned());
            value.take().or_else(next).ok_or_else(|| Error::msg(format!("`{name}` needs a value; `--help` says which")))
        };
        match name {
            "--stdio" => is_stdio = true,
            "--http" => listening.get_or_insert_default().address = value_of()?,
            "--allow-host" => listening.get_or_insert_default().hosts.push(value_of()?),
            "--allow-origin" => listening.get_or_insert_default().origins.push(value_of()?),
            "-h" | "--help" => return Ok(Asked::Help),
            "-V" | "--version" => return Ok(Asked::Version),
            unknown => {
                let known = ["--stdio", "--http", "--allow-host", "--allow-origin", "--help", "--version"];
                let nearest = nearest(unknown, known.into_iter());
                return Err(Error::from(Unknown { what: "argument", text: text.clone().into_owned(), nearest }));
            }
        }
    }
    let is_http = listening.as_ref().is_some_and(|listening| !listening.address.is_empty());
    if is_stdio && is_http {
        return Err(Error::msg("`--stdio` and `--http` were both given; a server has one transport"));
    }
    if !is_stdio
        && !is_http
        && let Some(address) = address_in(variable)?
    {
        listening.get_or_insert_default().address = address;
    }
    match listening {
        None => Ok(Asked::Stdio),
        Some(listening) if !listening.address.is_empty() => Ok(Asked::Http(listening)),
        Some(Listening { hosts, origins, .. }) if hosts.is_empty() && origins.is_empty() => Ok(Asked::Stdio),
        Some(_) => Err(Error::msg("`--allow-host` and `--allow-origin` need `--http`")),
    }
}

/// As text, with a mark for what is none. Nearly all is text, and what would look for marks is then not even loaded.
fn text_of(value: &OsStr) -> Cow<'_, str> {
    value.to_str().map_or_else(|| value.to_string_lossy(), Cow::Borrowed)
}

/// The address that the environment gives, if it asks for HTTP.
fn address_in(variable: Option<OsString>) -> Result<Option<String>> {
    let value = variable.unwrap_or_default();
    let value = text_of(&value);
    match value.strip_prefix("http://") {
        Some(address) => Ok(Some(address.trim_end_matches('/').to_owned())),
        None if value.is_empty() || value == "stdio" => Ok(None),
        None => {
            let text = format!("{VARIABLE}={value}");
            Err(Error::from(Unknown { what: "transport", text, nearest: None }))
        }
    }
}

#[derive(Debug)]
struct Unknown {
    what: &'static str,
    text: String,
    nearest: Option<&'static str>,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} {}", self.what, crate::error::quoted(&self.text))?;
        match self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => f.write_str("; `--help` lists what there is"),
        }
    }
}

impl std::error::Error for Unknown {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], variable: Option<&str>) -> std::result::Result<Asked, String> {
        asked(&mut arguments.iter().map(OsString::from), variable.map(OsString::from))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn flags_win_over_the_environment() {
        assert_eq!(check(&[], None), Ok(Asked::Stdio));
        assert_eq!(check(&["--stdio"], Some("carrier-pigeon")), Ok(Asked::Stdio));
        assert_eq!(check(&["--stdio", "--help"], None), Ok(Asked::Help));
        assert_eq!(check(&["-V"], None), Ok(Asked::Version));
        assert_eq!(check(&[], Some("")), Ok(Asked::Stdio));
        let at = |address: &str| Ok(Asked::Http(Listening { address: address.to_owned(), ..Listening::default() }));
        assert_eq!(check(&["--http", "127.0.0.1:0"], Some("stdio")), at("127.0.0.1:0"));
        assert_eq!(check(&["--http=[::1]:80"], None), at("[::1]:80"));
        assert_eq!(check(&[], Some("http://127.0.0.1:3000/")), at("127.0.0.1:3000"));
        assert_eq!(check(&["--stdio"], Some("http://127.0.0.1:3000")), Ok(Asked::Stdio));
    }

    #[test]
    fn what_is_unknown_is_named_with_a_hint() {
        for contradiction in [&["--stdio", "--http", "x:1"][..], &["--http"], &["--allow-host", "a"]] {
            assert!(check(contradiction, None).is_err(), "{contradiction:?}");
        }
        assert_eq!(check(&["--stdi"], None), Err("unknown argument `--stdi`; did you mean `--stdio`?".to_owned()));
        let told = "unknown transport `MCP_TRANSPORT=carrier-pigeon`; `--help` lists what there is";
        assert_eq!(check(&[], Some("carrier-pigeon")), Err(told.to_owned()));
    }
}
