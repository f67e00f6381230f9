//! `cargo mcp doctor` on servers that are well and on servers and configurations that are not.

#[path = "process/clients.rs"]
mod clients;
#[expect(dead_code, reason = "other tests need more of it")]
mod process;
#[path = "process/tiny.rs"]
mod tiny;

use std::fs;
use std::path::{Path, PathBuf};

use clients::CLIENTS;
use process::{Run, Scratch, mcp, mcp_with, repository};
use serde_json::Value;
use tiny::package;

const GOOD: &str = r#"[{"name":"add","inputSchema":{"type":"object"}}]"#;

/// The command with a home of its own, in a folder.
fn at_home(folder: &Path, home: &Path, line: &[&str]) -> Run {
    fs::create_dir_all(home).expect("a folder");
    let real = std::env::home_dir().unwrap_or_default();
    let tool = |variable: &str, usual: &str| {
        std::env::var(variable).unwrap_or_else(|_| real.join(usual).display().to_string())
    };
    // Cargo and the compiler are found all the same.
    let (cargo, rustup) = (tool("CARGO_HOME", ".cargo"), tool("RUSTUP_HOME", ".rustup"));
    let home = home.display().to_string();
    // Packages of one name must not overwrite each other's binary.
    let own = if folder == repository() { target() } else { folder.join("target") };
    let own = own.display().to_string();
    let variables = [
        ("CARGO_TARGET_DIR", own.as_str()),
        ("HOME", home.as_str()),
        ("XDG_CONFIG_HOME", ""),
        ("CODEX_HOME", ""),
        ("CARGO_HOME", &cargo),
        ("RUSTUP_HOME", &rustup),
    ];
    mcp_with(folder, line, &variables)
}

/// Where this program was built.
fn target() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_cargo-mcp")).ancestors().nth(2).expect("a folder").to_owned()
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", run.stdout, run.stderr))
}

/// The verdicts of one check.
fn verdicts<'v>(value: &'v Value, check: &str) -> Vec<&'v str> {
    let all = value["checks"].as_array().into_iter().flatten().filter(|one| one["check"] == check);
    all.filter_map(|one| one["verdict"].as_str()).collect()
}

#[test]
fn a_server_of_this_library_is_well() {
    let scratch = Scratch::new("doctor-well");
    let run = at_home(&repository(), &scratch.0, &["doctor", "--bin", "notes"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    for expected in [
        "ok        toolchain cargo ",
        "ok        toolchain edition 2024",
        "ok        build     `notes` builds",
        "it answers in 2025-11-25, with a handshake",
        "it answers in 2026-07-28, without a handshake",
        "ok        stdout    every line",
        "ok        schemas   the schemas of 2 tools are valid",
        "ok        names     ",
        "note      clients   no application's configuration is here",
    ] {
        assert!(run.stdout.contains(expected), "{expected}: {}", run.stdout);
    }
    let run = at_home(&repository(), &scratch.0, &["--json", "doctor", "--bin", "notes"]);
    let value = json(&run);
    assert_eq!((&value["schemaVersion"], &value["wrong"]), (&1.into(), &0.into()), "{value}");
    assert_eq!(verdicts(&value, "protocol"), ["ok", "ok"]);
}

#[test]
fn what_is_wrong_with_a_server_is_told_with_what_to_do() {
    let scratch = Scratch::new("doctor-ill");
    let (folder, home) = (scratch.0.join("tiny"), scratch.0.join("home"));
    let tools = r#"[{"name":"a b","inputSchema":{"type":"objekt"}},{"name":"x","inputSchema":{"type":"array"}},{"name":"X","inputSchema":{"type":"object"}}]"#;
    package(&folder, "1.0.0", tools, "loading\\n");
    let run = at_home(&folder, &home, &["doctor", "--protocol", "2025-06-18"]);
    assert_eq!(run.code, 7, "{}{}", run.stdout, run.stderr);
    for expected in [
        "note      toolchain cargo ",
        "wrong     stdout    2 lines on standard output are no messages of the protocol, the first one is \"loading\"\n                    fix: print to standard error",
        "wrong     schemas   tool a b, inputSchema: it is no valid JSON Schema at /type",
        "wrong     schemas   tool x, inputSchema: its root has the type \"array\", not \"object\"",
        "wrong     names     tool a b: a tool's name has 1 to 128 characters",
        "wrong     names     X, x: 2 tools differ in case alone",
        "note      lock      ",
    ] {
        assert!(
            run.stdout.contains(expected) || run.stdout.contains(&expected.replace("X, x", "x, X")),
            "{expected}: {}",
            run.stdout
        );
    }
    assert!(run.stderr.starts_with("error: 5 things are wrong\n"), "{}", run.stderr);

    // Of both eras this server knows one; a server of others may.
    let own = json(&at_home(&folder, &home, &["--json", "doctor"]));
    assert_eq!(verdicts(&own, "protocol"), ["wrong", "wrong"], "{own}");
    assert_eq!(verdicts(&own, "schemas"), ["left out"], "what cannot be checked has not passed: {own}");
    package(&folder, "1.0.0", GOOD, "");
    let built = folder.join("target/debug/tiny").display().to_string();
    let other = at_home(&folder, &home, &["--json", "doctor", "--protocol", "2025-06-18", "--", &built]);
    let value = json(&other);
    assert_eq!(
        (verdicts(&value, "toolchain"), verdicts(&value, "lock")),
        (vec!["left out"], vec!["left out"]),
        "{value}"
    );

    fs::write(folder.join("src/main.rs"), "fn main() { oops }\n").expect("a file");
    let run = at_home(&folder, &home, &["doctor"]);
    assert_eq!(run.code, 7, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("cannot find value `oops`"), "{}", run.stderr);
    assert!(run.stdout.contains("wrong     build     `tiny` does not build"), "{}", run.stdout);
    assert!(run.stdout.contains("left out  protocol  the package does not build"), "{}", run.stdout);
    let nowhere = Scratch::new("doctor-nowhere");
    let run = at_home(&nowhere.0, &home, &["doctor"]);
    assert_eq!(run.code, 2, "no package: {}", run.stderr);
}

#[test]
fn every_applications_configuration_is_looked_at_and_mended() {
    let scratch = Scratch::new("doctor-clients");
    let (folder, home) = (scratch.0.join("tiny"), scratch.0.join("home"));
    package(&folder, "1.0.0", GOOD, "");
    let doctor =
        |line: &[&str]| at_home(&folder, &home, &[&["--json", "doctor", "--protocol", "2025-06-18"], line].concat());
    let install = |name: &str, command: &[&str]| {
        let line =
            [&["install"], &CLIENTS[..], &["--scope", "user", "--name", name, "--env", "TOKEN=s3cret", "--"], command]
                .concat();
        let run = at_home(&folder, &home, &line);
        assert_eq!(run.code, 0, "{}", run.stderr);
    };
    install("sh", &["/bin/sh", "-c", "x"]);
    let value = json(&doctor(&[]));
    assert_eq!(verdicts(&value, "clients"), ["ok"], "{value}");
    let fine = value["checks"].as_array().and_then(|all| all.last()).map(|one| one["message"].clone());
    assert_eq!(fine.as_ref().and_then(Value::as_str), Some("11 servers in 11 configurations can be started"));

    install("gone", &["/no/such/program"]);
    install("tiny", &["/old/place/tiny", "--stdio"]);
    let run = doctor(&[]);
    assert_eq!(run.code, 7, "{}", run.stderr);
    let value = json(&run);
    let all: Vec<&Value> =
        value["checks"].as_array().into_iter().flatten().filter(|one| one["verdict"] == "wrong").collect();
    assert_eq!(all.len(), 22, "{value}");
    for client in CLIENTS {
        let fix = |name: &str| format!("cargo mcp install {client} --scope user --name {name}");
        let told =
            |name: &str| all.iter().find(|one| one["fix"].as_str().is_some_and(|text| text.contains(&fix(name))));
        let gone = told("gone").unwrap_or_else(|| panic!("{client}: {value}"));
        assert!(
            gone["message"].as_str().is_some_and(|text| text.contains("/no/such/program, which is not there")),
            "{gone}"
        );
        assert_eq!(gone["fixable"], false, "the program of others is not ours to move: {gone}");
        assert_eq!(told("tiny").map(|one| one["fixable"].clone()), Some(true.into()), "{client}");
    }
    assert!(!run.stdout.contains("s3cret"), "{}", run.stdout);

    let value = json(&doctor(&["--fix"]));
    assert_eq!(verdicts(&value, "clients").iter().filter(|one| **one == "fixed").count(), 11, "{value}");
    assert_eq!(verdicts(&value, "lock"), ["fixed"], "{value}");
    assert!(folder.join("mcp.lock").is_file());
    let value = json(&doctor(&[]));
    assert_eq!(value["wrong"], 11, "only those of others are left: {value}");
    assert_eq!(verdicts(&value, "lock"), ["ok"], "{value}");
    fs::write(folder.join("mcp.lock"), "{}\n").expect("a file");
    assert_eq!(
        verdicts(&json(&doctor(&["--fix"])), "lock"),
        ["note"],
        "what changes are compared with is not replaced"
    );
    assert_eq!(fs::read_to_string(folder.join("mcp.lock")).expect("a file"), "{}\n");
    let kept = fs::read_to_string(home.join(".codex/config.toml")).expect("a file");
    assert!(kept.contains("args = [\"--stdio\"]") && kept.contains("s3cret") && !kept.contains("/old/place"), "{kept}");
    let backup = fs::read_to_string(home.join(".codex/config.toml.cargo-mcp.bak")).expect("a copy");
    assert!(backup.contains("/old/place/tiny"), "{backup}");
}

#[test]
fn entries_that_cannot_work_are_told_from_those_that_can() {
    let scratch = Scratch::new("doctor-entries");
    let (folder, home) = (scratch.0.join("tiny"), scratch.0.join("home"));
    package(&folder, "1.0.0", GOOD, "");
    fs::create_dir_all(&home).expect("a folder");
    let plain = scratch.0.join("plain.txt");
    fs::write(&plain, "x").expect("a file");
    let plain = plain.display().to_string();
    let file = home.join(".claude.json");
    let check = |entry: &str| {
        fs::write(&file, format!("{{ \"mcpServers\": {{ \"a\": {entry} }} }}")).expect("a file");
        let value = json(&at_home(&folder, &home, &["--json", "doctor", "--protocol", "2025-06-18"]));
        let last = value["checks"].as_array().and_then(|all| all.last()).cloned().unwrap_or_default();
        format!("{}: {}", last["verdict"].as_str().unwrap_or_default(), last["message"].as_str().unwrap_or_default())
    };
    for (entry, expected) in [
        (r#"{ "command": "sh", "args": ["-c"] }"#, "ok: 1 server in 1 configuration can be started"),
        (r#"{ "type": "http", "url": "https://h/mcp" }"#, "ok: "),
        (r#"{ "command": "/no/such", "disabled": true }"#, "ok: "),
        (r#"{ "command": "cargo", "args": ["run", "--bin", "x"] }"#, "wrong: it starts `cargo run`, which builds"),
        (r#"{ "command": "no-such-program" }"#, "wrong: there is no program `no-such-program` in PATH"),
        (r#"{ "command": "./target/debug/none" }"#, "wrong: it starts ./target/debug/none, a relative path"),
        (r#"{ "command": "/" }"#, "wrong: it starts /, which is no program"),
        (&format!("{{ \"command\": {plain:?} }}"), if cfg!(unix) { "wrong: it starts " } else { "ok: " }),
        (r#"{ "command": "${workspaceFolder}/x" }"#, "left out: `${workspaceFolder}/x` holds something"),
        (r#"{ "command": "/a\u001b[2J" }"#, "wrong: it starts /a\\u{1b}[2J, which is not there"),
    ] {
        let told = check(entry);
        assert!(told.starts_with(expected), "{entry}: {told}");
    }
    for text in ["{ \"mcpServers\": { ", "{ \"mcpServers\": 1 }"] {
        fs::write(&file, text).expect("a file");
        let run = at_home(&folder, &home, &["doctor", "--fix", "--protocol", "2025-06-18"]);
        assert_eq!(run.code, 7, "{}", run.stdout);
        assert!(
            run.stdout.contains("wrong     clients   Claude Code: ") && run.stdout.contains("it does not parse"),
            "{}",
            run.stdout
        );
        assert_eq!(fs::read_to_string(&file).expect("a file"), text);
    }
    assert_eq!(mcp(&folder, &["doctor", "--protocol", "1999-01-01"]).code, 2);
}
