//! Whether the machine can build the package: cargo, the compiler's age, the edition.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::Finding;
use crate::print::visible;
use crate::target::Chosen;

const CHECK: &str = "toolchain";

/// Looks at the tools that build this package, in its folder: a file there may choose others. `metadata` is what
/// `cargo metadata` says of it and all that it depends on, or why it says nothing.
pub(crate) fn check(chosen: &Chosen, metadata: &Result<Value, String>) -> Vec<Finding> {
    let mut found = Vec::new();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let versions = (version(Path::new(&cargo), &chosen.folder), version(Path::new(&rustc), &chosen.folder));
    match versions {
        (Ok(cargo), Ok(rustc)) => found.push(compiler(&cargo, &rustc, metadata)),
        (Err(reason), _) | (_, Err(reason)) => {
            let fix = "install Rust: https://rustup.rs";
            found.push(Finding::wrong(CHECK, reason).fix(fix));
        }
    }
    let manifest = chosen.folder.join("Cargo.toml").display().to_string();
    found.push(match chosen.edition.as_str() {
        "2015" => {
            Finding::wrong(CHECK, "edition 2015 has no `async fn`, and the macros' paths mean something else in it")
                .at(visible(&manifest))
                .fix("write `edition = \"2024\"` in [package]")
        }
        edition => Finding::fine(CHECK, format!("edition {}", visible(edition))),
    });
    found
}

fn version(program: &Path, folder: &Path) -> Result<String, String> {
    let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let output = Command::new(program).arg("--version").current_dir(folder).output();
    let output = output.map_err(|error| format!("{} cannot be run: {error}", visible(&name)))?;
    let text =
        String::from_utf8_lossy(if output.status.success() { &output.stdout } else { &output.stderr }).into_owned();
    let first = visible(text.lines().next().unwrap_or_default());
    if output.status.success() { Ok(first) } else { Err(format!("{} does not work: {first}", visible(&name))) }
}

fn compiler(cargo: &str, rustc: &str, metadata: &Result<Value, String>) -> Finding {
    let number = |text: &str| text.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let seen = format!("cargo {}, rustc {}", number(cargo), number(rustc));
    let packages = match metadata {
        Ok(metadata) => metadata["packages"].as_array().cloned().unwrap_or_default(),
        Err(reason) => return Finding::left_out(CHECK, format!("{seen}; what is needed cannot be told: {reason}")),
    };
    let Some(runtime) = packages.iter().find(|package| package["name"] == "mcp-runtime") else {
        return Finding::note(
            CHECK,
            format!("{seen}; the package does not use mcp-runtime, so that nothing newer is needed"),
        );
    };
    let needed = runtime["rust_version"].as_str().unwrap_or_default();
    match (parts(&number(rustc)), parts(needed)) {
        (Some(there), Some(wanted)) if there < wanted => {
            Finding::wrong(CHECK, format!("rustc {} is too old: mcp-runtime needs {}", number(rustc), visible(needed)))
                .fix("rustup update stable")
        }
        _ if needed.is_empty() => Finding::fine(CHECK, seen),
        _ => Finding::fine(CHECK, format!("{seen}; mcp-runtime needs {}", visible(needed))),
    }
}

/// A version's numbers, without what stands behind them.
fn parts(version: &str) -> Option<[u64; 3]> {
    let bare = version.split(['-', '+', ' ']).next()?;
    let mut numbers = bare.split('.').map(str::parse::<u64>);
    let first = numbers.next()?.ok()?;
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
    Some([first, next(), next()])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checkup::Verdict;

    #[test]
    fn an_old_compiler_is_told_from_one_that_will_do() {
        let check = |rustc: &str, packages: Value| {
            compiler("cargo 1.90.0 (x)", rustc, &Ok(json!({ "packages": packages }))).verdict
        };
        let needs = |version: &str| json!([{ "name": "a" }, { "name": "mcp-runtime", "rust_version": version }]);
        for (rustc, needed, expected) in [
            ("rustc 1.95.0 (x)", "1.95", Verdict::Fine),
            ("rustc 1.96.0-nightly (x)", "1.95.1", Verdict::Fine),
            ("rustc 1.94.9", "1.95", Verdict::Wrong),
            ("rustc 1.95.0", "1.95.1", Verdict::Wrong),
            ("rustc 2.0.0", "1.95", Verdict::Fine),
        ] {
            assert_eq!(check(rustc, needs(needed)), expected, "{rustc} {needed}");
        }
        assert_eq!(check("rustc 1.2.0", json!([])), Verdict::Note);
        assert_eq!(compiler("", "", &Err("offline".into())).verdict, Verdict::LeftOut);
    }
}
