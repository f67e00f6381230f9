//! Runs `cargo mcp` as a person and as a script does, against the examples of this repository and against programs that are
//! no servers.

mod process;

use process::{Scratch, mcp, mcp_with, notes, repository};

#[test]
fn arguments_come_from_a_file_too() {
    let scratch = Scratch::new("input");
    let path = scratch.0.join("arguments.json");
    std::fs::write(&path, "{ \"query\": \"rust\" }\n").expect("a file");
    let run = notes(&["call", "search", "--input", &format!("@{}", path.display())]);
    assert!(run.code == 0 && run.stdout.contains("ownership means"), "{}{}", run.stdout, run.stderr);
    let run = notes(&["call", "search", "--input", "@no/such/file"]);
    assert!(run.code != 0 && run.stderr.contains("no/such/file"), "{}", run.stderr);
}

#[test]
fn colors_are_for_who_wants_them() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let url = format!("http://{nobody}/mcp");
    for (flag, variables, is_colored) in [
        (None, &[][..], false),
        (Some("always"), &[], true),
        (Some("always"), &[("NO_COLOR", "1")], true),
        (Some("never"), &[("CARGO_TERM_COLOR", "always")], false),
        (Some("auto"), &[("CARGO_TERM_COLOR", "always")], false),
        (None, &[("CARGO_TERM_COLOR", "always")], true),
        (None, &[("CARGO_TERM_COLOR", "never")], false),
        (None, &[("NO_COLOR", "1")], false),
    ] {
        let flag = flag.map(|when| ["--color", when]);
        let line = [&["list", "--url", &*url][..], flag.as_ref().map_or(&[], |flag| &flag[..])].concat();
        let run = mcp_with(&repository(), &line, variables);
        assert_eq!(run.code, 4, "{}", run.stderr);
        assert_eq!(run.stderr.contains("\u{1b}[1;31m"), is_colored, "{line:?} {variables:?}: {:?}", run.stderr);
    }
}

#[test]
fn the_readmes_command_prints_the_result() {
    let run = notes(&["call", "search", "--query", "rust"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("ownership means") && run.stdout.contains("rust remover"), "{}", run.stdout);
    assert!(!run.stdout.contains("Eisen"), "{}", run.stdout);
    assert_eq!(run.stderr, "", "nothing but the result is said in a pipe");
}

#[test]
fn a_cargo_subcommand_gets_its_own_name_first() {
    let run = mcp(&repository(), &["mcp", "call", "--bin", "notes", "search", "query=rost"]);
    assert!(run.stdout.contains("Eisen"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn the_small_examples_run() {
    let run = mcp(&repository(), &["call", "--bin", "hello", "hello", "--name", "Ada"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "Hello, Ada!\n"), "{}", run.stderr);
    let run = mcp(&repository(), &["call", "--bin", "mini", "price", "--piece", "200", "--count", "1", "discount=50"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "119\n"), "{}", run.stderr);
}

#[test]
fn json_has_the_protocols_own_members() {
    let run = mcp(&repository(), &["--json", "call", "--bin", "notes", "search", "--query", "rust", "--limit", "1"]);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(value["schemaVersion"], 1);
    assert_eq!(value["structuredContent"][0]["id"], 1);
    assert_eq!(value["content"][0]["type"], "text");
}

#[test]
fn every_revision_can_be_spoken() {
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] {
        let run = notes(&["call", "--protocol", revision, "search", "--query", "ownership"]);
        assert!(run.stdout.contains("ownership means"), "{revision}: {}{}", run.stdout, run.stderr);
    }
    let run = notes(&["call", "--protocol", "2023-01-01", "search", "--query", "x"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("known are auto, 2024-11-05"), "{}", run.stderr);
}

#[test]
fn what_the_schema_refuses_is_told_before_anything_is_sent() {
    let check = |line: &[&str], expected: &str| {
        let run = notes(line);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{line:?}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{line:?}: {}", run.stderr);
    };
    check(
        &["call", "search", "--query", "a", "--limit", "x"],
        "error: --limit: expected integer, got \"x\"\n  search(query: string",
    );
    check(&["call", "search", "--query", "a", "--limit", "500"], "--limit: expected 1 to 100, got 500");
    check(&["call", "search", "--quer", "a"], "did you mean `query`?");
    check(&["call", "search"], "missing --query");
    check(&["call", "search", "--query", "a", "--json"], "goes before the tool's name");
    check(&["call", "serch", "--query", "a"], "did you mean `search`?");
    check(&["call", "nothing-like-it"], "it has search, add");
    check(&["call", "--releese", "search"], "unknown option --releese");
}

#[test]
fn a_tool_that_fails_is_exit_code_5() {
    let run = notes(&["call", "add", "--text", "Buy bread and rust remover."]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("add failed: there is such a note already"), "{}", run.stderr);
    let run = notes(&["call", "add", "--text", "Something new"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn a_tools_help_comes_from_its_schema() {
    let run = notes(&["call", "search", "--help"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for expected in [
        "search(query: string, limit?: int = 10",
        "Words to look for",
        "--limit <int>  (default 10, at least 1, at most 100)",
    ] {
        assert!(run.stdout.contains(expected), "{expected}: {}", run.stdout);
    }
}

#[test]
fn a_list_reads_like_functions() {
    let run = notes(&["list"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for expected in [
        "tools:\n  search(query: string, limit?: int = 10, language?: \"english\"|\"german\") -> [{id: int",
        "Search the notes.",
        "templates:\n  note://{id}",
        "prompts:\n  summarize(topic, language?)",
    ] {
        assert!(run.stdout.contains(expected), "{expected}: {}", run.stdout);
    }
    let run = notes(&["list", "tools", "--tokens"]);
    assert!(run.stdout.contains("tokens in all") && !run.stdout.contains("note://"), "{}", run.stdout);
    let run = mcp(&repository(), &["--json", "list", "--bin", "notes", "prompts"]);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(value["prompts"][0]["name"], "summarize");
}

#[test]
fn a_program_that_is_no_server_is_exit_code_4() {
    for program in [&["false"][..], &["no-such-program"], &["echo", "hello"]] {
        let mut line = vec!["list", "--"];
        line.extend(program);
        let run = mcp(&repository(), &line);
        assert_eq!(run.code, 4, "{program:?}: {}", run.stderr);
        assert!(run.stderr.starts_with(&format!("error: cannot talk to {}: ", program[0])), "{}", run.stderr);
    }
    let run = mcp(&repository(), &["--json", "list", "--", "false"]);
    let value: serde_json::Value = serde_json::from_str(&run.stderr).expect("one line of JSON");
    assert_eq!(value["error"]["code"], "unreachable");
}

#[test]
fn which_server_is_meant_must_be_clear() {
    let run = mcp(&repository().join("examples"), &["list"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--bin: bench, everything, hello, mini, notes"), "{}", run.stderr);
    let scratch = Scratch::new("nothing");
    let run = mcp(&scratch.0, &["list"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("there is no server to build here"), "{}", run.stderr);
}

#[test]
fn a_package_that_does_not_build_is_exit_code_101() {
    let scratch = Scratch::new("broken");
    std::fs::create_dir_all(scratch.0.join("src")).expect("a folder");
    std::fs::write(
        scratch.0.join("Cargo.toml"),
        "[package]\nname = \"broken\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n",
    )
    .expect("a file");
    std::fs::write(scratch.0.join("src/main.rs"), "fn main() { oops }\n").expect("a file");
    let run = mcp(&scratch.0, &["list"]);
    assert_eq!(run.code, 101, "{}", run.stderr);
    assert!(
        run.stderr.contains("cannot find value `oops`") && run.stderr.contains("`broken` does not build"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_new_server_is_written_whole_or_not_at_all() {
    let scratch = Scratch::new("new");
    let run = mcp(&scratch.0, &["new", "weather", "--dry-run"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!scratch.0.join("weather").exists());
    let run = mcp(&scratch.0, &["new", "weather"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("cargo test"), "{}", run.stderr);
    for file in ["Cargo.toml", "README.md", ".gitignore", "src/main.rs", "tests/server.rs"] {
        assert!(scratch.0.join("weather").join(file).is_file(), "{file}");
    }
    let manifest = std::fs::read_to_string(scratch.0.join("weather/Cargo.toml")).expect("a file");
    assert!(manifest.contains("name = \"weather\"") && manifest.contains("mcp-runtime\""), "{manifest}");
    let run = mcp(&scratch.0, &["new", "weather"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("there already") && run.stderr.contains("Cargo.toml"), "{}", run.stderr);
    for (line, expected) in [
        (&["new", "fn"][..], "word of the language"),
        (&["new", "1st"], "begin with a letter"),
        (&["new", "x", "-t", "mini"], "did you mean `minimal`?"),
    ] {
        let run = mcp(&scratch.0, line);
        assert_eq!(run.code, 2, "{line:?}");
        assert!(run.stderr.contains(expected), "{line:?}: {}", run.stderr);
    }
    let left: Vec<_> =
        std::fs::read_dir(&scratch.0).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["weather"]);
}
