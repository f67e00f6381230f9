//! Servers that this project did not write, found or made; or why they are not to be had. The package of the command has
//! its tests with them from here, too.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where this variable is set, what cannot run is a failure.
pub(crate) const NOTHING_LEFT_OUT: &str = "MCP_TESTS_NOTHING_LEFT_OUT";

/// The program, installed; or why it is not.
pub(crate) fn everything() -> Result<PathBuf, String> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let install = || {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/others");
        let program = home.join("node_modules/@modelcontextprotocol/server-everything/dist/index.js");
        if !Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success()) {
            return Err("there is no `node` here".to_owned());
        }
        if !program.exists() {
            let npm = Command::new("npm")
                .args(["ci", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
                .arg(&home)
                .output()
                .map_err(|error| format!("`npm` cannot be run: {error}"))?;
            assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
        }
        Ok(program)
    };
    INSTALLED.get_or_init(install).clone()
}

/// A server on rmcp, built; or why it is not.
pub(crate) fn rmcp() -> Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let build = || {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/peers");
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("peers");
        let cargo = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--package", "peer-rmcp", "--manifest-path"])
            .arg(peers.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .output()
            .map_err(|error| format!("`cargo` cannot be run: {error}"))?;
        if !cargo.status.success() {
            return Err(format!("it cannot be built: {}", String::from_utf8_lossy(&cargo.stderr)));
        }
        Ok(target.join("debug/peer-rmcp"))
    };
    BUILT.get_or_init(build).clone()
}

/// What is left out where it cannot run.
macro_rules! or_return {
    ($program:expr) => {
        match $program {
            Ok(program) => program,
            Err(reason) => {
                let may_not = std::env::var_os($crate::programs::NOTHING_LEFT_OUT);
                assert!(may_not.is_none(), "nothing may be left out here: {reason}");
                println!("left out: {reason}");
                return;
            }
        }
    };
}

pub(crate) use or_return;
