//! `run`: the transport is chosen when the program starts, by flag or environment. Floor 5.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use crate::arguments::nearest;
use crate::error::{Error, Result};
use crate::server::Server;
use crate::transport::Stdio;

/// The environment variable that chooses the transport where no flag does.
const VARIABLE: &str = "MCP_TRANSPORT";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Stdio,
    Help,
    Version,
}

impl Server {
    /// Serves on the transport that the command line or the environment chooses, standard input and output unless told
    /// otherwise.
    ///
    /// `--stdio` chooses standard input and output, as does `MCP_TRANSPORT=stdio`; `--help` and `--version` print and
    /// return. For a program with arguments of its own, use [`Server::serve`].
    ///
    /// # Errors
    /// An argument that is not known; everything that is wrong with the server, before anything is served; a failure of
    /// the transport.
    pub async fn run(self) -> Result<()> {
        match asked(env::args_os().skip(1), env::var_os(VARIABLE))? {
            Asked::Stdio => return self.serve(Stdio).await,
            Asked::Help => print(&self.help()),
            Asked::Version => print(&format!("{} {}", self.info.name, self.info.version)),
        }
        Ok(())
    }

    /// The same from a `main` that is not `async`: starts a runtime of its own.
    ///
    /// # Errors
    /// Those of [`Server::run`], and when no runtime can be started.
    pub fn run_blocking(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let result = runtime.block_on(self.run());
        // A function that still runs in a thread of its own must not hold up the end of the process.
        runtime.shutdown_background();
        result
    }

    fn help(&self) -> String {
        let info = &self.info;
        let about = info.description.as_deref().map(|text| format!("{text}\n\n")).unwrap_or_default();
        format!(
            "{about}A Model Context Protocol server. An AI application starts it and talks to it over standard input and \
             output.\n\nUsage: {} [OPTIONS]\n\nOptions:\n      --stdio    Serve on standard input and output (default)\n  \
             -h, --help     Print this help\n  -V, --version  Print the version\n\nEnvironment:\n  {VARIABLE}=stdio  The \
             same as --stdio",
            program(env::args_os().next()).unwrap_or_else(|| info.name.clone())
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

fn asked(arguments: impl Iterator<Item = OsString>, variable: Option<OsString>) -> Result<Asked> {
    let mut asked = None;
    for argument in arguments {
        let text = argument.to_string_lossy();
        match text.as_ref() {
            "--stdio" => asked = Some(Asked::Stdio),
            "-h" | "--help" => return Ok(Asked::Help),
            "-V" | "--version" => return Ok(Asked::Version),
            unknown => {
                let nearest = nearest(unknown, ["--stdio", "--help", "--version"].into_iter());
                return Err(Error::from(Unknown { what: "argument", text: unknown.to_owned(), nearest }));
            }
        }
    }
    match (asked, variable) {
        (Some(asked), _) => Ok(asked),
        (None, Some(value)) if !value.is_empty() && value != "stdio" => {
            let text = format!("{VARIABLE}={}", value.to_string_lossy());
            Err(Error::from(Unknown { what: "transport", text, nearest: None }))
        }
        (None, _) => Ok(Asked::Stdio),
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
        asked(arguments.iter().map(OsString::from), variable.map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_win_over_the_environment() {
        assert_eq!(check(&[], None), Ok(Asked::Stdio));
        assert_eq!(check(&["--stdio"], Some("carrier-pigeon")), Ok(Asked::Stdio));
        assert_eq!(check(&["--stdio", "--help"], None), Ok(Asked::Help));
        assert_eq!(check(&["-V"], None), Ok(Asked::Version));
        assert_eq!(check(&[], Some("")), Ok(Asked::Stdio));
    }

    #[test]
    fn what_is_unknown_is_named_with_a_hint() {
        assert_eq!(check(&["--stdi"], None), Err("unknown argument `--stdi`; did you mean `--stdio`?".to_owned()));
        let told = "unknown transport `MCP_TRANSPORT=carrier-pigeon`; `--help` lists what there is";
        assert_eq!(check(&[], Some("carrier-pigeon")), Err(told.to_owned()));
    }
}
