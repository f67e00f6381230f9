//! `cargo mcp run`: builds this package's server and lets it take this program's place, on the transport that is asked for.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, ExitCode};

use clap::Args;

use crate::cli::Own;
use crate::error::Failure;
use crate::print::{Console, visible};
use crate::target::TRANSPORT;

/// The port unless one is given; if it is taken, any free one.
const PORT: u16 = 3000;

#[derive(Debug, Args)]
#[command(
    after_help = "Example: cargo mcp run --http\n\nWhat follows `--` goes to the server. Ctrl-C ends it; the exit code is the server's own."
)]
pub(crate) struct Run {
    /// Serve over HTTP instead of standard input and output, at 127.0.0.1:3000 unless told otherwise
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "")]
    pub(crate) http: Option<String>,

    #[command(flatten)]
    pub(crate) own: Own,
}

pub(crate) async fn run(run: &Run, arguments: Option<Vec<OsString>>, console: &Console) -> Result<ExitCode, Failure> {
    let address = run.http.as_deref().map(address).transpose()?;
    let program = run.own.program(console).await?;
    let mut command = Command::new(&program);
    match &address {
        Some(address) => {
            command.arg("--http").arg(address);
        }
        None => {
            // Over HTTP the server itself says where it is; here there would be nothing to see.
            if console.can_ask() {
                console.note(&format!(
                    "{} speaks over standard input and output; --http serves it at an address",
                    visible(&program.file_stem().unwrap_or_default().to_string_lossy())
                ));
            }
            // That is what was asked for, whatever the server does by default; arguments of its own say otherwise.
            if std::env::var_os(TRANSPORT.0).is_none() {
                command.env(TRANSPORT.0, TRANSPORT.1);
            }
        }
    }
    command.args(arguments.unwrap_or_default());
    replace(command, &program)
}

/// Where to serve: all of an address, or what is given of it. Nobody but this machine reaches it unless told otherwise.
fn address(text: &str) -> Result<String, Failure> {
    let local = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    if text.is_empty() {
        let usual = local(PORT);
        let is_free = TcpListener::bind(usual).is_ok();
        return Ok(if is_free { usual } else { local(0) }.to_string());
    }
    if let Ok(port) = text.trim_start_matches(':').parse() {
        return Ok(local(port).to_string());
    }
    let has_port = text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if has_port && !text.contains("//") {
        return Ok(text.to_owned());
    }
    Err(Failure::usage(format!("--http: {:?} is no address to serve at", visible(text)))
        .hint("a port, or HOST:PORT, such as 127.0.0.1:3000 or [::1]:3000; port 0 takes any"))
}

/// Makes this process the server, which gets its signals and whose exit code counts.
#[cfg(unix)]
fn replace(mut command: Command, program: &Path) -> Result<ExitCode, Failure> {
    use std::os::unix::process::CommandExt as _;
    Err(not_started(program, &command.exec()))
}

/// Where processes cannot be replaced, this one waits; Ctrl-C reaches both.
#[cfg(not(unix))]
fn replace(mut command: Command, program: &Path) -> Result<ExitCode, Failure> {
    let status = command.status().map_err(|error| not_started(program, &error))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn not_started(program: &Path, error: &std::io::Error) -> Failure {
    Failure::unreachable(format!("{} cannot be started", visible(&program.display().to_string()))).cause(error)
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn what_is_left_out_of_an_address_stays_on_this_machine() {
        for (text, expected) in [
            ("8080", "127.0.0.1:8080"),
            (":8080", "127.0.0.1:8080"),
            ("0", "127.0.0.1:0"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:80", "[::1]:80"),
            ("localhost:80", "localhost:80"),
        ] {
            assert_eq!(address(text).ok().as_deref(), Some(expected), "{text}");
        }
        for text in ["localhost", "http://127.0.0.1:80", "[::1]", "99999", "x:y"] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
