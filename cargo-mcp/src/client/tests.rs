//! Each application with a file as its users have it, and each platform's paths.

use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use serde_json::{Value, json};

use super::edit::{Language, Refusal, edit, find};
use super::places::System;
use super::{Client, Launch, Scope, Surroundings, masked};

fn around(system: System) -> Surroundings {
    Surroundings {
        system,
        home: "/home/ada".into(),
        xdg: None,
        state: None,
        cache: None,
        app_data: (system == System::Windows).then(|| "/home/ada/AppData/Roaming".into()),
        codex: None,
        project: "/project".into(),
    }
}

#[test]
fn each_platform_has_its_paths() {
    const LIBRARY: &str = "/home/ada/Library/Application Support";
    const ROAMING: &str = "/home/ada/AppData/Roaming";
    // Linux, macOS, Windows.
    for (client, linux, mac, windows) in [
        (
            Client::ClaudeDesktop,
            "/home/ada/.config/Claude/claude_desktop_config.json".to_owned(),
            format!("{LIBRARY}/Claude/claude_desktop_config.json"),
            format!("{ROAMING}/Claude/claude_desktop_config.json"),
        ),
        (
            Client::Vscode,
            "/home/ada/.config/Code/User/mcp.json".into(),
            format!("{LIBRARY}/Code/User/mcp.json"),
            format!("{ROAMING}/Code/User/mcp.json"),
        ),
        (
            Client::Zed,
            "/home/ada/.config/zed/settings.json".into(),
            "/home/ada/.config/zed/settings.json".into(),
            format!("{ROAMING}/Zed/settings.json"),
        ),
        (
            Client::Goose,
            "/home/ada/.config/goose/config.yaml".into(),
            "/home/ada/.config/goose/config.yaml".into(),
            format!("{ROAMING}/Block/goose/config/config.yaml"),
        ),
        (
            Client::Opencode,
            "/home/ada/.config/opencode/opencode.jsonc".into(),
            "/home/ada/.config/opencode/opencode.jsonc".into(),
            "/home/ada/.config/opencode/opencode.jsonc".into(),
        ),
    ] {
        for (system, expected) in [(System::Linux, linux), (System::MacOs, mac), (System::Windows, windows)] {
            assert_eq!(
                client.file(Scope::User, &around(system)),
                Some(PathBuf::from(expected)),
                "{client:?} {system:?}"
            );
        }
    }
    for (client, expected) in [
        (Client::ClaudeCode, ".claude.json"),
        (Client::Cursor, ".cursor/mcp.json"),
        (Client::Windsurf, ".codeium/windsurf/mcp_config.json"),
        (Client::Codex, ".codex/config.toml"),
        (Client::Gemini, ".gemini/settings.json"),
        (Client::Copilot, ".copilot/mcp-config.json"),
    ] {
        for system in [System::Linux, System::MacOs, System::Windows] {
            assert_eq!(
                client.file(Scope::User, &around(system)),
                Some(Path::new("/home/ada").join(expected)),
                "{client:?}"
            );
        }
    }
    for (client, expected) in [
        (Client::ClaudeDesktop, None),
        (Client::ClaudeCode, Some(".mcp.json")),
        (Client::Cursor, Some(".cursor/mcp.json")),
        (Client::Vscode, Some(".vscode/mcp.json")),
        (Client::Windsurf, None),
        (Client::Zed, Some(".zed/settings.json")),
        (Client::Codex, Some(".codex/config.toml")),
        (Client::Gemini, Some(".gemini/settings.json")),
        (Client::Goose, None),
        (Client::Copilot, None),
        (Client::Opencode, Some("opencode.jsonc")),
    ] {
        let expected = expected.map(|path| Path::new("/project").join(path));
        assert_eq!(client.file(Scope::Project, &around(System::Linux)), expected, "{client:?}");
    }
    let moved = Surroundings { xdg: Some("/xdg".into()), codex: Some("/codex".into()), ..around(System::Linux) };
    for (client, expected) in [
        (Client::ClaudeDesktop, "/xdg/Claude/claude_desktop_config.json"),
        (Client::Vscode, "/xdg/Code/User/mcp.json"),
        (Client::Zed, "/xdg/zed/settings.json"),
        (Client::Goose, "/xdg/goose/config.yaml"),
        (Client::Codex, "/codex/config.toml"),
    ] {
        assert_eq!(client.file(Scope::User, &moved), Some(PathBuf::from(expected)));
    }
}

fn launch(url: Option<&str>) -> Launch {
    Launch {
        name: "notes".into(),
        command: "/bin/notes".into(),
        args: vec!["--stdio".into()],
        env: vec![("TOKEN".into(), "s3cret".into())],
        url: url.map(str::to_owned),
        headers: vec![("Authorization".into(), "Bearer s3cret".into())],
        ..Launch::default()
    }
}

#[test]
fn each_application_has_its_shapes() {
    let (command, args, env) = (json!("/bin/notes"), json!(["--stdio"]), json!({ "TOKEN": "s3cret" }));
    let (url, headers) = (json!("https://h/mcp"), json!({ "Authorization": "Bearer s3cret" }));
    let plain = json!({ "command": command, "args": args, "env": env });
    let typed = json!({ "type": "stdio", "command": command, "args": args, "env": env });
    let http = json!({ "type": "http", "url": url, "headers": headers });
    for (client, stdio, over_http) in [
        (Client::ClaudeDesktop, plain.clone(), None),
        (Client::ClaudeCode, typed.clone(), Some(http.clone())),
        (Client::Cursor, plain.clone(), Some(json!({ "url": url, "headers": headers }))),
        (Client::Vscode, typed.clone(), Some(http.clone())),
        (Client::Windsurf, plain.clone(), Some(json!({ "serverUrl": url, "headers": headers }))),
        (
            Client::Zed,
            json!({ "source": "custom", "command": command, "args": args, "env": env }),
            Some(json!({ "source": "custom", "url": url, "headers": headers })),
        ),
        (Client::Codex, plain.clone(), Some(json!({ "url": url, "http_headers": headers }))),
        (Client::Gemini, plain, Some(json!({ "httpUrl": url, "headers": headers }))),
        (
            Client::Goose,
            json!({ "type": "stdio", "name": "notes", "enabled": true, "cmd": command, "args": args, "envs": env, "timeout": 300 }),
            Some(
                json!({ "type": "streamable_http", "name": "notes", "enabled": true, "uri": url, "headers": headers, "timeout": 300 }),
            ),
        ),
        (Client::Copilot, typed, Some(http)),
        (
            Client::Opencode,
            json!({ "type": "local", "command": ["/bin/notes", "--stdio"], "environment": env, "enabled": true }),
            Some(json!({ "type": "remote", "url": url, "headers": headers, "enabled": true })),
        ),
    ] {
        assert_eq!(client.row().shape.entry(&launch(None)), Some(stdio), "{client:?}");
        assert_eq!(client.row().shape.entry(&launch(Some("https://h/mcp"))), over_http, "{client:?}");
    }
}

/// A file with everything that may get lost: comments, an order of its own, other servers, keys that are nobody's business here.
fn odd(language: Language, section: &str) -> String {
    match language {
        Language::Json => format!(
            "// mine\n{{\n\t\"zeta\": 1, // odd order\n\t\"{section}\": {{\n\t\t/* the other one */\n\t\t\"other\": {{ \"command\": \"x\", \"env\": {{ \"A\": \"b\" }} }}, // keep\n\t}},\n\t\"alpha\": [1, 2,],\n}}\n"
        ),
        Language::Toml => format!(
            "# mine\nmodel = 'o3'   # odd quotes\n\n[{section}.other] # keep\ncommand = \"x\"\n\n  [{section}.other.env]\n  A = \"b\"\n\n[tui]\nx = [ 1,2 ]\n"
        ),
        Language::Yaml => format!(
            "# mine\nGOOSE_PROVIDER: 'anthropic'   # odd quotes\n{section}:\n  # the other one\n  other:\n    cmd: x\n    args:\n    - a   # keep\n\n# last\nzeta: [1, 2]\n"
        ),
    }
}

/// A file as the application and its users write it.
fn recorded(client: Client) -> &'static str {
    match client {
        Client::ClaudeDesktop => include_str!("recorded/claude-desktop.json"),
        Client::ClaudeCode => include_str!("recorded/claude-code.json"),
        Client::Cursor => include_str!("recorded/cursor.json"),
        Client::Vscode => include_str!("recorded/vscode.json"),
        Client::Windsurf => include_str!("recorded/windsurf.json"),
        Client::Zed => include_str!("recorded/zed.json"),
        Client::Codex => include_str!("recorded/codex.toml"),
        Client::Gemini => include_str!("recorded/gemini.json"),
        Client::Goose => include_str!("recorded/goose.yaml"),
        Client::Copilot => include_str!("recorded/copilot.json"),
        Client::Opencode => include_str!("recorded/opencode.jsonc"),
    }
}

/// Adds an entry to a file, changes it, and takes it out again.
fn check(client: Client, text: &str) {
    let row = client.row();
    let entry = row.shape.entry(&launch(None)).expect("an entry");
    let edit =
        |text: &str, entry: Option<&Value>| edit(row.language, text, row.section, "notes", entry).expect("an edit");
    let added = edit(text, Some(&entry));
    assert_eq!(find(row.language, &added, row.section, "notes"), Ok(Some(entry.clone())), "{client:?}: {added}");
    // Every line that was there is still there, in order; one that holds the whole file is laid out anew at most.
    let mut lines = added.lines();
    for line in text.lines().filter(|_| text.lines().count() > 1) {
        let line = line.trim_end_matches(',');
        assert!(lines.any(|other| other.trim_end_matches(',').contains(line)), "{client:?}: {line:?} in\n{added}");
    }
    assert_eq!(edit(&added, Some(&entry)), added, "{client:?}: once more changes nothing");
    let other = row.shape.entry(&Launch { args: Vec::new(), ..launch(None) }).expect("an entry");
    let changed = edit(&added, Some(&other));
    assert_eq!(find(row.language, &changed, row.section, "notes"), Ok(Some(other)), "{client:?}: {changed}");
    let removed = edit(&changed, None);
    let without = |text: &str| {
        let text = text.split_whitespace().collect::<String>();
        text.replace(",}", "}").replace(",//", "//").replace(",/*", "/*")
    };
    assert_eq!(without(&removed), without(text), "{client:?}: {removed}");
}

#[test]
fn each_applications_file_keeps_what_is_not_ours() {
    for client in Client::value_variants() {
        let row = client.row();
        check(*client, &odd(row.language, row.section));
        check(*client, recorded(*client));
        // A file that is not there yet, one that is empty, one without the section.
        let entry = row.shape.entry(&launch(None)).expect("an entry");
        for text in ["", "\n"] {
            let fresh = edit(row.language, text, row.section, "notes", Some(&entry)).expect("an edit");
            assert_eq!(
                find(row.language, &fresh, row.section, "notes"),
                Ok(Some(entry.clone())),
                "{client:?}: {fresh}"
            );
        }
    }
}

#[test]
fn what_does_not_parse_or_is_no_object_is_refused() {
    for client in Client::value_variants() {
        let row = client.row();
        let entry = row.shape.entry(&launch(None)).expect("an entry");
        let broken = match row.language {
            Language::Json => vec!["{", "[]", "{\"a\" 1}", "7"],
            Language::Toml => vec!["a = ", "[x", "a = 1\na = 2"],
            Language::Yaml => vec!["a: [", "- x", "a: 1\n---\nb: 2\n"],
        };
        for text in broken {
            let edited = edit(row.language, text, row.section, "notes", Some(&entry));
            assert!(matches!(edited, Err(Refusal::Broken(_))), "{client:?} {text:?}: {edited:?}");
        }
    }
    let taken = edit(Language::Json, "{\"mcpServers\": 1}", "mcpServers", "notes", Some(&json!({})));
    assert_eq!(taken, Err(Refusal::Broken("`mcpServers` is no object".into())));
}

#[test]
fn yaml_in_another_way_is_edited_or_refused_never_damaged() {
    let entry = json!({ "cmd": "x", "args": [], "envs": { "A B": "c: d" } });
    let check = |text: &str| edit(Language::Yaml, text, "extensions", "notes", Some(&entry));
    for text in [
        "extensions: {}\n",
        "extensions:\n",
        "extensions: {} # none\nb: 1\n",
        "a: 1",
        "extensions:\n    deep:\n        cmd: x\n# end\nb: 1\n",
        "extensions:\n  notes:\n    cmd: old\n    args: [\n      1\n    ]\n\n  # the next\n  next:\n    cmd: y\n",
        "extensions:\n  \"notes\": { cmd: old }\n",
        "extensions:\n  other:\n    cmd: |\n      notes:\n        x\n    args: []\n",
    ] {
        let edited = check(text).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"));
        assert_eq!(find(Language::Yaml, &edited, "extensions", "notes"), Ok(Some(entry.clone())), "{edited}");
        let comments = |text: &str| text.matches("# ").count();
        assert!(comments(&edited) >= comments(text), "{edited}");
    }
    for text in ["extensions: { other: { cmd: x } }\n", "{extensions: {}}\n"] {
        assert_eq!(check(text), Err(Refusal::Doubtful), "{text}");
    }
}

#[test]
fn no_secret_is_shown() {
    for client in Client::value_variants() {
        let row = client.row();
        let mut launch = launch(None);
        launch.args = ["--token", "s3cret", "--api-key=s3cret", "--port", "80"].map(str::to_owned).to_vec();
        let shown = masked(&row.shape.entry(&launch).expect("an entry")).to_string();
        assert!(
            !shown.contains("s3cret") && shown.contains("TOKEN") && shown.contains("--port"),
            "{client:?}: {shown}"
        );
        launch.url = Some("https://ada:s3cret@h/mcp?key=s3cret".into());
        let Some(entry) = row.shape.entry(&launch) else { continue };
        let shown = masked(&entry).to_string();
        assert!(!shown.contains("s3cret") && shown.contains("https://h/mcp"), "{client:?}: {shown}");
    }
}
