//! What the program says of itself: help, the manual page, what is wrong with a command line. `INSTA_UPDATE=always` and a look
//! at the difference takes a change over.

#[expect(dead_code, reason = "other tests need more of it")]
mod process;

use insta::{assert_snapshot, with_settings};
use process::{mcp, repository};

/// Every command that is listed.
const COMMANDS: &[&str] = &[
    "new",
    "init",
    "run",
    "add",
    "list",
    "call",
    "read",
    "prompt",
    "inspect",
    "schema",
    "lock",
    "diff",
    "expand",
    "install",
    "doctor",
    "completions",
    "man",
];

fn check(name: &str, text: &str) {
    with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        assert_snapshot!(name, text);
    });
}

#[test]
fn each_command_has_help_with_an_example() {
    let whole = mcp(&repository(), &["--help"]);
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    assert!(whole.stdout.lines().count() < 24, "the help fits one screen:\n{}", whole.stdout);
    check("help", &whole.stdout);
    let listed = whole.stdout.lines().filter(|line| line.starts_with("  "));
    let names: Vec<_> = listed.filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, COMMANDS);
    for command in COMMANDS {
        let run = mcp(&repository(), &[command, "--help"]);
        assert_eq!(run.code, 0, "{command}: {}", run.stderr);
        let has_example =
            run.stdout.lines().any(|line| line.starts_with("Example") || line.starts_with("  cargo mcp "));
        assert!(has_example, "{command} has no example:\n{}", run.stdout);
        // The options that all commands share stand in the first one.
        check(&format!("help_{command}"), &run.stdout);
    }
    for kind in ["tool", "resource", "prompt"] {
        let run = mcp(&repository(), &["add", kind, "--help"]);
        assert!(run.code == 0 && run.stdout.contains("Example: cargo mcp add "), "{kind}: {}", run.stderr);
        check(&format!("help_add_{kind}"), &run.stdout);
    }
}

#[test]
fn mistakes_are_told_with_a_way_out() {
    let mut told = String::new();
    for line in [
        &["lst"][..],
        &["list", "--nonsense"],
        &["call"],
        &["diff", "--against", "nothing.lock", "--bin", "notes"],
        &["diff", "--format", "xml"],
        &["schema", "--check"],
        &["schema", "--format", "typescript"],
        &["install"],
        &["install", "cursr"],
        &["install", "cursor", "--env", "TOKEN"],
        &["install", "claude-desktop", "--scope", "project", "--", "echo"],
        &["install", "cursor", "--dry-run", "--", "no-such-program"],
        &["install", "claude-desktop", "--name", "x", "--url", "https://example.com/mcp"],
        &["expand", "serch", "--bin", "notes", "--no-schema"],
        &["expand", "--", "echo"],
        &["completions", "tcsh"],
        &["list", "--"],
        &["list", "--url", "localhost:3000/mcp"],
        &["list", "--url", "http://localhost:3000/mcp", "--", "echo"],
        &["list", "--url", "http://localhost:3000/mcp", "--server", "x"],
        &["list", "--header", "X-Key: x"],
        &["install", "cursor", "--url", "https://example.com/mcp"],
        &["expand", "--url", "https://example.com/mcp"],
        &["run", "--http", "nowhere", "--bin", "hello"],
    ] {
        let run = mcp(&repository(), line);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{line:?}: {}", run.stderr);
        told.extend(["$ cargo mcp ", &line.join(" "), "\n", &run.stderr, "\n"]);
    }
    check("mistakes", &told);
}

#[test]
fn the_manual_page_has_the_table_of_exit_codes() {
    let run = mcp(&repository(), &["man"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    check("man", &run.stdout.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    for command in COMMANDS {
        assert!(run.stdout.contains(&format!("COMMAND {command}")), "{command}");
    }
}
