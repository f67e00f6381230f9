//! What works on files of the user's: `expand` on source, `install` on configurations.

mod process;

use std::fs;
use std::path::Path;

use process::{Scratch, mcp, mcp_with, notes, repository};
use serde_json::{Value, json};

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn an_expansion_stands_beside_its_schema() {
    let run = notes(&["expand", "search"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.starts_with("// src/bin/notes.rs:") && run.stdout.contains(": tool search\n"), "{}", run.stdout);
    assert!(run.stdout.contains("    use ::mcp_runtime::__private as __mcp;\n"), "{}", run.stdout);
    assert!(run.stdout.contains("// As clients see it:\n// {\n//   \"name\": \"search\","), "{}", run.stdout);
    assert!(!run.stdout.contains(": tool add"), "only what was asked for");
    let run = mcp(&repository(), &["--json", "expand", "--bin", "notes", "--no-schema"]);
    let value: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let names: Vec<_> = value["items"].as_array().into_iter().flatten().map(|item| item["name"].as_str()).collect();
    assert_eq!(names, [Some("search"), Some("add"), Some("note"), Some("summarize"), Some("server")], "{}", run.stderr);
}

#[test]
fn an_expansion_needs_no_package_that_compiles() {
    let scratch = Scratch::new("expand");
    fs::create_dir_all(scratch.0.join("src")).expect("a folder");
    fs::write(
        scratch.0.join("Cargo.toml"),
        "[package]\nname = \"x\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n",
    )
    .expect("a file");
    fs::write(scratch.0.join("src/main.rs"), "#[tool]\nfn add(a: i64) -> i64 { oops }\nfn main() {}\n")
        .expect("a file");
    let run = mcp(&scratch.0, &["expand"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("fn add(a: i64)") && run.stderr.contains("the schemas are left out"),
        "{}{}",
        run.stdout,
        run.stderr
    );
    fs::write(scratch.0.join("src/main.rs"), "fn main() {\n  let = 1;\n}\n").expect("a file");
    let run = mcp(&scratch.0, &["expand", "--no-schema"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("src/main.rs:2:7: this is no Rust"), "{}", run.stderr);
}

#[test]
fn a_server_is_installed_once_changed_and_removed() {
    let scratch = Scratch::new("install");
    let home = scratch.0.join("home").display().to_string();
    fs::create_dir_all(scratch.0.join("home")).expect("a folder");
    let variables = [("HOME", home.as_str()), ("XDG_CONFIG_HOME", ""), ("CODEX_HOME", "")];
    let install = |line: &[&str]| mcp_with(&scratch.0, &[&["install"], line].concat(), &variables);
    let server = ["--", "/bin/sh", "-c", "x"];
    let line = |more: &[&'static str]| {
        [
            &["claude-code", "goose", "codex", "--scope", "user", "--name", "sh", "--env", "TOKEN=s3cret"],
            more,
            &server[..],
        ]
        .concat()
    };

    let run = install(&line(&["--dry-run"]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("Claude Code: sh would be added to"), "{}", run.stdout);
    assert!(!scratch.0.join("home/.claude.json").exists(), "a rehearsal writes nothing");
    let run = install(&line(&[]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("\"TOKEN\": \"…\"") && !run.stdout.contains("s3cret"), "{}", run.stdout);
    let value: Value = serde_json::from_str(&read(&scratch.0.join("home/.claude.json"))).expect("JSON");
    let expected = json!({ "type": "stdio", "command": "/bin/sh", "args": ["-c", "x"], "env": { "TOKEN": "s3cret" } });
    assert_eq!(value["mcpServers"]["sh"], expected);
    let goose = read(&scratch.0.join("home/.config/goose/config.yaml"));
    assert!(goose.contains("extensions:\n  sh:\n    type: \"stdio\"\n"), "{goose}");
    let codex = read(&scratch.0.join("home/.codex/config.toml"));
    assert!(codex.starts_with("[mcp_servers.sh]\ncommand = \"/bin/sh\"\n"), "{codex}");

    let run = install(&line(&[]));
    assert_eq!(run.stdout.matches("is installed already").count(), 3, "{}", run.stdout);
    assert!(!scratch.0.join("home/.claude.json.cargo-mcp.bak").exists(), "nothing changed");
    let run = install(&["claude-code", "--scope", "user", "--name", "sh", "--", "/bin/sh", "-c", "y"]);
    assert!(
        run.stdout.contains("Claude Code: sh changed in")
            && run.stdout.contains("  -      \"x\"\n")
            && run.stdout.contains("  +      \"y\"\n"),
        "{}",
        run.stdout
    );
    assert!(read(&scratch.0.join("home/.claude.json.cargo-mcp.bak")).contains("s3cret"), "the copy is what was there");
    let run = install(&["claude-code", "goose", "codex", "--scope", "user", "--name", "sh", "--remove"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stdout.matches("removed from").count(), 3, "{}", run.stdout);
    let run = install(&["claude-code", "--scope", "user", "--name", "sh", "--remove"]);
    assert!(run.stdout.contains("is not installed"), "{}", run.stdout);

    fs::write(scratch.0.join("home/.claude.json"), "{ \"mcpServers\": { ").expect("a file");
    let run = install(&line(&[]));
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains(".claude.json does not parse, and is left as it is"), "{}", run.stderr);
    assert_eq!(read(&scratch.0.join("home/.claude.json")), "{ \"mcpServers\": { ");
    assert!(!read(&scratch.0.join("home/.config/goose/config.yaml")).contains("sh:"), "all or nothing");
    let run = mcp_with(
        &scratch.0,
        &["--json", "install", "cursor", "--name", "h", "--url", "https://h/mcp", "--header", "A: s3cret"],
        &variables,
    );
    let value: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(
        (&value["clients"][0]["changed"], run.stdout.contains("s3cret")),
        (&json!(true), false),
        "{}",
        run.stderr
    );
    assert!(read(&scratch.0.join(".cursor/mcp.json")).contains("https://h/mcp"), "the project's file is the usual one");
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let scratch = Scratch::new("link");
    let (real, link) = (scratch.0.join("dotfiles/mcp.json"), scratch.0.join(".cursor/mcp.json"));
    for path in [&real, &link] {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    }
    fs::write(&real, "{}\n").expect("a file");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).expect("permissions");
    symlink("../dotfiles/mcp.json", &link).expect("a link");
    let run = mcp(&scratch.0, &["install", "cursor", "--name", "sh", "--", "/bin/sh"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(fs::symlink_metadata(&link).expect("a link").file_type().is_symlink());
    assert!(read(&real).contains("/bin/sh"));
    for path in [real.clone(), real.with_file_name("mcp.json.cargo-mcp.bak")] {
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    let left = fs::read_dir(real.parent().expect("a folder")).expect("a folder").count();
    assert_eq!(left, 2, "nothing is left over");
}

#[test]
fn the_packages_own_binary_is_installed_by_its_path() {
    let scratch = Scratch::new("own");
    fs::create_dir_all(scratch.0.join("src")).expect("a folder");
    fs::write(
        scratch.0.join("Cargo.toml"),
        "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n",
    )
    .expect("a file");
    fs::write(scratch.0.join("src/main.rs"), "fn main() {}\n").expect("a file");
    let run = mcp(&scratch.0, &["install", "vscode", "opencode"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let value: Value = serde_json::from_str(&read(&scratch.0.join(".vscode/mcp.json"))).expect("JSON");
    let command = value["servers"]["tiny"]["command"].as_str().unwrap_or_default().to_owned();
    assert!(Path::new(&command).is_absolute() && Path::new(&command).is_file(), "{command}");
    // A server of the `http` template serves over HTTP unless it is told otherwise.
    assert_eq!(value["servers"]["tiny"]["env"], json!({ "MCP_TRANSPORT": "stdio" }));
    let value: Value = serde_json::from_str(&read(&scratch.0.join("opencode.jsonc"))).expect("JSON");
    assert_eq!(value["mcp"]["tiny"]["command"], json!([command]));
    let run = mcp(&scratch.0, &["install", "vscode", "--env", "MCP_TRANSPORT=http"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let value: Value = serde_json::from_str(&read(&scratch.0.join(".vscode/mcp.json"))).expect("JSON");
    assert_eq!(value["servers"]["tiny"]["env"], json!({ "MCP_TRANSPORT": "http" }), "whoever says so has it");
    // The project is the package and not whatever folder of it somebody happens to be in.
    let elsewhere = Scratch::new("own-elsewhere");
    let manifest = scratch.0.join("Cargo.toml").display().to_string();
    for (folder, more) in [(scratch.0.join("src"), &[][..]), (elsewhere.0.clone(), &["--manifest-path", &manifest])] {
        let _ = fs::remove_file(scratch.0.join(".cursor/mcp.json"));
        let run = mcp(&folder, &[&["install", "cursor"], more].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(scratch.0.join(".cursor/mcp.json").is_file() && !folder.join(".cursor").exists(), "{}", run.stdout);
    }
    let run = mcp(&scratch.0.join("src"), &["install", "cursor", "--name", "sh", "--", "/bin/sh"]);
    assert!(
        run.code == 0 && scratch.0.join("src/.cursor/mcp.json").is_file(),
        "another's is installed here: {}",
        run.stderr
    );
}
