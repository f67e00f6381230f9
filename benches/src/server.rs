//! Which servers there are, how each is built, and how it is started.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// A server to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    /// What it is, for the tables.
    pub(crate) about: &'static str,
    build: Build,
    stdio: Option<&'static [&'static str]>,
    http: Option<&'static [&'static str]>,
}

#[derive(Clone, Copy, Debug)]
enum Build {
    /// A binary of a package of this workspace.
    Here { package: &'static str, binary: &'static str },
    /// A package of `benches/peers`.
    Peer(&'static str),
}

/// How a server is talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Transport {
    Stdio,
    Http,
}

impl Transport {
    pub(crate) const ALL: [Self; 2] = [Self::Stdio, Self::Http];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "HTTP",
        }
    }
}

const FLOOR: Build = Build::Here { package: "benches", binary: "floor" };

pub(crate) const OURS: &str = "ours";
/// The server that ratios are of.
pub(crate) const REFERENCE: &str = "floor";

pub(crate) const ALL: [Server; 8] = [
    Server {
        name: "floor-blocking",
        about: "by hand, blocking reads, calls that wait hold up the rest",
        build: FLOOR,
        stdio: Some(&["--stdio-blocking"]),
        http: None,
    },
    Server {
        name: "floor-hyper",
        about: "by hand, on hyper",
        build: FLOOR,
        stdio: None,
        http: Some(&["--http-hyper"]),
    },
    Server {
        name: REFERENCE,
        about: "by hand, blocking reads and a runtime; on axum",
        build: FLOOR,
        stdio: Some(&["--stdio"]),
        http: Some(&["--http"]),
    },
    Server {
        name: OURS,
        about: "this framework",
        build: Build::Here { package: "mcp-examples", binary: "bench" },
        stdio: Some(&["--stdio"]),
        http: Some(&["--http"]),
    },
    Server {
        name: "rmcp",
        about: "rmcp on pipes; without sessions, answers as JSON",
        build: Build::Peer("rmcp"),
        stdio: Some(&["--stdio"]),
        http: Some(&["--http"]),
    },
    Server {
        name: "rmcp-documented",
        about: "rmcp as its documentation has it",
        build: Build::Peer("rmcp"),
        stdio: Some(&["--documented", "--stdio"]),
        http: Some(&["--documented", "--http"]),
    },
    Server {
        name: "tower-mcp",
        about: "tower-mcp",
        build: Build::Peer("tower-mcp"),
        stdio: Some(&["--stdio"]),
        http: Some(&["--http"]),
    },
    Server {
        name: "turbomcp",
        about: "turbomcp",
        build: Build::Peer("turbomcp"),
        stdio: Some(&["--stdio"]),
        http: Some(&["--http"]),
    },
];

/// The server with as many tools as wanted.
pub(crate) const MANY: Server = Server {
    name: "many",
    about: "this framework, with any number of tools",
    build: Build::Here { package: "benches", binary: "many" },
    stdio: Some(&["--stdio"]),
    http: None,
};

impl Server {
    /// How it is started, without the address for HTTP; `None` if it does not speak it.
    pub(crate) fn arguments(&self, transport: Transport) -> Option<&'static [&'static str]> {
        match transport {
            Transport::Stdio => self.stdio,
            Transport::Http => self.http,
        }
    }

    /// Where the binary is, once it was built.
    pub(crate) fn binary(&self) -> PathBuf {
        let release = |folder: &Path| folder.join("release");
        match self.build {
            Build::Here { binary, .. } => release(&target()).join(binary),
            Build::Peer(name) => release(&target().join("peers")).join(format!("peer-{name}")),
        }
    }

    /// Builds it for release.
    ///
    /// # Errors
    /// What the compiler said last, if it does not build here.
    pub(crate) fn build(&self) -> Result<()> {
        let mut cargo = Command::new(cargo());
        cargo.args(["build", "--release", "--locked", "--quiet", "--target-dir"]);
        match self.build {
            Build::Here { package, binary } => {
                cargo.current_dir(root()).arg(target()).args(["--package", package, "--bin", binary])
            }
            Build::Peer(name) => cargo
                .current_dir(root().join("benches/peers"))
                .arg(target().join("peers"))
                .args(["--package", &format!("peer-{name}")]),
        };
        run(&mut cargo).map(drop)
    }
}

/// Runs a command to its end and gives what it printed.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = said.lines().collect();
        return Err(format!("{command:?} failed: {}", lines[lines.len().saturating_sub(8)..].join("\n")).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
