//! Servers by their names in the configurations of AI applications.

#[expect(dead_code, reason = "other tests need more of it")]
mod process;

#[path = "process/clients.rs"]
mod clients;

#[path = "process/served.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod served;

use std::fs;

use clients::CLIENTS;
use process::{Run, Scratch, mcp_with, repository};
use serde_json::json;
use served::Pages;

/// A home of its own, and a project in it.
struct Home(Scratch);

impl Home {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        fs::create_dir_all(scratch.0.join("project")).expect("a folder");
        Self(scratch)
    }

    fn mcp(&self, line: &[&str]) -> Run {
        self.mcp_with(line, &[])
    }

    fn mcp_with(&self, line: &[&str], more: &[(&str, &str)]) -> Run {
        let home = self.0.0.display().to_string();
        // Cargo and its compiler are where they were.
        let kept = |name: &str, below: &str| {
            std::env::var(name)
                .unwrap_or_else(|_| std::env::home_dir().unwrap_or_default().join(below).display().to_string())
        };
        let (cargo, rustup) = (kept("CARGO_HOME", ".cargo"), kept("RUSTUP_HOME", ".rustup"));
        let mut variables = vec![
            ("HOME", home.as_str()),
            ("XDG_CONFIG_HOME", ""),
            ("CODEX_HOME", ""),
            ("CARGO_HOME", &cargo),
            ("RUSTUP_HOME", &rustup),
        ];
        variables.extend(more);
        mcp_with(&self.0.0.join("project"), line, &variables)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.0.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

#[test]
fn what_is_installed_is_found_by_its_name_in_each_application() {
    let home = Home::new("named");
    let manifest = repository().join("examples/Cargo.toml").display().to_string();
    let server = ["--manifest-path", &manifest, "--bin", "notes", "--name", "my-notes", "--scope", "user"];
    let run = home.mcp(&[&["install"], &CLIENTS[..], &server].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    for client in CLIENTS {
        let run = home.mcp(&["list", "--server", &format!("my-notes@{client}"), "tools"]);
        assert_eq!(run.code, 0, "{client}: {}", run.stderr);
        assert!(run.stdout.contains("search(query: string"), "{client}: {}", run.stdout);
    }
    let run = home.mcp(&["call", "--server", "my-notes", "search", "--query", "rust"]);
    assert_eq!(run.code, 0, "the same server in all of them is one: {}", run.stderr);
    assert!(run.stdout.contains("ownership means"), "{}", run.stdout);
    let run = home.mcp(&["inspect", "--server", "my-nots"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(
        run.stderr.contains("did you mean `my-notes`?") && run.stderr.contains(".codex/config.toml"),
        "{}",
        run.stderr
    );

    // From one application to another.
    let run = home.mcp(&["install", "cursor", "--server", "my-notes@goose", "--name", "copied"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(home.mcp(&["list", "--server", "copied"]).code, 0);
}

#[test]
fn different_servers_of_one_name_are_not_mixed_up() {
    let home = Home::new("mixed");
    home.write(
        ".cursor/mcp.json",
        r#"{ "mcpServers": { "x": { "command": "false", "args": ["--token", "s3cret"] } } }"#,
    );
    home.write(".codex/config.toml", "[mcp_servers.x]\ncommand = \"true\"\n");
    home.write("project/.mcp.json", "{ broken s3cret");
    let run = home.mcp(&["list", "--server", "x"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("x@cursor  ") && run.stderr.contains("x@codex  "), "{}", run.stderr);
    let run = home.mcp(&["list", "--server", "x@cursor"]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("cannot talk to false"), "{}", run.stderr);
    let run = home.mcp(&["list", "--server", "y"]);
    assert!(run.stderr.contains("project/.mcp.json cannot be read"), "{}", run.stderr);
    assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn an_entry_is_started_as_its_application_does() {
    let home = Home::new("started");
    let folder = home.0.0.join("elsewhere");
    fs::create_dir_all(&folder).expect("a folder");
    let script = "printf '%s|%s|%s\\n' \"$1\" \"$FROM_ENTRY\" \"$PWD\" >&2";
    let entry = json!({ "mcpServers": { "x": {
        "command": "${SHELL_OF_TEST:-/bin/sh}", "args": ["-c", script, "sh", "${userHome}/a"], "cwd": folder,
        "env": { "FROM_ENTRY": "k-${KEY_OF_TEST}" },
    } } });
    home.write("project/.gemini/settings.json", &entry.to_string());
    let run = home.mcp_with(&["list", "--server", "x"], &[("KEY_OF_TEST", "1")]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    let expected = format!("{}/a|k-1|{}", home.0.0.display(), folder.display());
    assert!(run.stderr.contains(&expected), "{expected}: {}", run.stderr);
    let run = home.mcp(&["list", "--server", "x"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("needs the variable KEY_OF_TEST"), "{}", run.stderr);
}

#[test]
fn a_server_over_http_is_asked_as_its_application_does() {
    let home = Home::new("asked");
    let pages = Pages::new(|_| (404, "text/plain", ""));
    let url = format!("{}/mcp", pages.origin);
    let codex = format!(
        "[mcp_servers.x]\nurl = \"{url}\"\nbearer_token_env_var = \"TOKEN_OF_TEST\"\n\
         http_headers = {{ X-Plain = \"s3cret-1\" }}\nenv_http_headers = {{ X-Key = \"KEY_OF_TEST\" }}\n"
    );
    home.write(".codex/config.toml", &codex);
    let line = ["-v", "list", "--server", "x", "--header", "X-Plain: s3cret-4"];
    let run = home.mcp_with(&line, &[("TOKEN_OF_TEST", "s3cret-2"), ("KEY_OF_TEST", "s3cret-3")]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);
    let heads = pages.heads.lock().expect("nobody panicked").join("\n").to_ascii_lowercase();
    for header in ["authorization: bearer s3cret-2", "x-key: s3cret-3", "x-plain: s3cret-4"] {
        assert!(heads.contains(header), "{header}: {heads}");
    }
    assert!(!heads.contains("s3cret-1"), "the command line wins: {heads}");
    let run = home.mcp(&["list", "--server", "x"]);
    assert!(run.code == 2 && run.stderr.contains("KEY_OF_TEST"), "{}", run.stderr);
}
