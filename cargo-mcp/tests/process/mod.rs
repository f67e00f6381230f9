//! Runs `cargo mcp` as a process.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn mcp(folder: &Path, line: &[&str]) -> Run {
    mcp_with(folder, line, &[])
}

/// The same with variables of the environment.
pub(crate) fn mcp_with(folder: &Path, line: &[&str], variables: &[(&str, &str)]) -> Run {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_cargo-mcp"))
        .args(line)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env_remove("CARGO_TERM_COLOR")
        .envs(variables.iter().copied())
        .output()
        .expect("cargo-mcp runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is text");
    Run { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_owned()
}

/// The command with the example server `notes`.
pub(crate) fn notes(line: &[&str]) -> Run {
    let (command, rest) = line.split_first().expect("a command");
    let mut all = vec![*command, "--bin", "notes"];
    all.extend(rest);
    mcp(&repository(), &all)
}

/// A folder that is empty at first and gone at last.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mcp-cli-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
