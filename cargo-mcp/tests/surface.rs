//! What commands say of a whole surface: `inspect`, `lock`, `diff`, `schema`; and `read` and `prompt`.

mod process;
#[path = "process/tiny.rs"]
mod tiny;

use std::fs;
use std::path::Path;
use std::process::Command;

use process::{Run, Scratch, mcp, notes, repository};
use serde_json::Value;
use tiny::package;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn add(schema: &str) -> String {
    format!(r#"[{{"name":"add","description":"Adds \u001b[2J.","inputSchema":{schema}}}]"#)
}

const BEFORE: &str = r#"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"required":["a"],"additionalProperties":false}"#;
const AFTER: &str = r#"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"required":["a","b"],"additionalProperties":false}"#;

fn git(folder: &Path, line: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
        .args(line)
        .current_dir(folder)
        .output()
        .expect("git runs");
    assert!(done.status.success(), "{line:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn ok(run: &Run) -> &str {
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    &run.stdout
}

#[test]
fn the_rules_are_told_and_some_are_stricter_for_security() {
    let told = |line: &[&str]| {
        let run = mcp(&repository(), line);
        ok(&run).to_owned()
    };
    assert!(
        told(&["diff", "--rules"]).lines().any(|line| line.starts_with("tool-removed ") && line.ends_with("breaking"))
    );
    let verdicts = |line: &[&str]| {
        let rules = json(&told(line))["rules"].as_array().expect("a list").clone();
        rules.iter().filter(|rule| rule["verdict"] == "breaking").count()
    };
    let (usual, strict) =
        (verdicts(&["--json", "diff", "--rules"]), verdicts(&["--json", "diff", "--rules", "--security"]));
    assert_eq!(strict - usual, 4, "each of the hints");
}

#[test]
fn a_resource_is_read_and_a_prompt_rendered() {
    let run = notes(&["read", "note://1"]);
    assert!(ok(&run).contains("ownership means"), "{}", run.stdout);
    let run = mcp(&repository(), &["--json", "read", "--bin", "notes", "note://1"]);
    let value = json(ok(&run));
    assert_eq!((&value["schemaVersion"], &value["contents"][0]["mimeType"]), (&1.into(), &"text/markdown".into()));
    let run = notes(&["read", "note://999"]);
    assert_eq!(run.code, 6, "{}", run.stderr);
    assert!(run.stderr.contains("cargo mcp list templates"), "{}", run.stderr);

    let run = notes(&["prompt", "summarize", "--topic", "tea"]);
    assert!(ok(&run).starts_with("user: ") && run.stdout.contains("tea"), "{}", run.stdout);
    assert!(ok(&notes(&["prompt", "summarize", "--help"])).contains("--topic <string>  (required)"));
    for (line, expected) in [
        (&["prompt", "summarize"][..], "missing --topic"),
        (&["prompt", "summarise", "--topic", "x"], "did you mean `summarize`?"),
        (&["prompt", "summarize", "--topik", "x"], "did you mean `topic`?"),
        (&["prompt", "--nonsense", "summarize"], "unknown option --nonsense"),
    ] {
        let run = notes(line);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}

#[test]
fn inspect_prints_all_of_it() {
    let run = notes(&["inspect"]);
    let value = json(ok(&run));
    assert_eq!(value["protocolVersion"], "2026-07-28");
    assert_eq!(value["tools"][0]["name"], "search");
    assert_eq!(value["resourceTemplates"][0]["uriTemplate"], "note://{id}");
    assert_eq!(value["prompts"][0]["name"], "summarize");
    let run = mcp(&repository(), &["inspect", "--json", "--bin", "notes", "--protocol", "2024-11-05"]);
    let value = json(ok(&run));
    assert_eq!((&value["schemaVersion"], &value["protocolVersion"]), (&1.into(), &"2024-11-05".into()));
    assert_eq!(run.stdout.lines().count(), 1);
}

#[test]
fn what_a_server_prints_beside_the_protocol_is_found() {
    assert!(ok(&notes(&["inspect", "--check-stdout"])).contains("is clean"));
    let scratch = Scratch::new("noise");
    package(&scratch.0, "1.0.0", &add(BEFORE), "loading\\n");
    let run = mcp(&scratch.0, &["inspect", "--check-stdout"]);
    assert_eq!((run.code, run.stdout.as_str()), (7, ""), "{}", run.stderr);
    assert!(run.stderr.contains("3 lines on standard output are no messages"), "{}", run.stderr);
    assert!(run.stderr.contains("the first one is \"loading\""), "{}", run.stderr);
}

#[test]
fn a_wrong_command_line_is_one_line_of_json_for_programs() {
    let run = mcp(&repository(), &["--json", "list", "--nonsense"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.lines().count()), (2, "", 1), "{}", run.stderr);
    let error = &json(&run.stderr)["error"];
    assert_eq!(
        (&error["code"], error["message"].as_str().map(|text| text.contains("--nonsense"))),
        (&"usage".into(), Some(true))
    );
}

#[test]
fn a_lock_is_written_checked_and_compared_with() {
    let scratch = Scratch::new("lock");
    let folder = &scratch.0;
    package(folder, "1.2.1", &add(BEFORE), "");
    git(folder, &["init", "--quiet"]);
    git(folder, &["add", "Cargo.toml", "src"]);
    git(folder, &["commit", "--quiet", "-m", "first"]);
    git(folder, &["tag", "v1.2.0"]);

    let run = mcp(folder, &["diff"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("`cargo mcp lock` writes it"), "{}", run.stderr);
    assert_eq!(mcp(folder, &["lock", "--check"]).code, 7);
    ok(&mcp(folder, &["lock"]));
    let text = fs::read_to_string(folder.join("mcp.lock")).expect("a lock");
    assert!(text.contains(r#""protocolVersions":["2025-06-18"]"#) && text.contains(r#""hash":"sha256:"#), "{text}");
    ok(&mcp(folder, &["lock", "--check"]));
    assert_eq!(ok(&mcp(folder, &["diff"])), "nothing changed since mcp.lock\n");

    package(folder, "1.2.1", &add(AFTER), "");
    let stale = mcp(folder, &["lock", "--check"]);
    assert_eq!(stale.code, 7, "{}", stale.stderr);
    assert_eq!(fs::read_to_string(folder.join("mcp.lock")).expect("a lock"), text, "a check writes nothing");
    let run = mcp(folder, &["diff", "--against", "git:v1.2.0"]);
    assert_eq!(run.code, 100, "{}{}", run.stdout, run.stderr);
    let expected = "BREAKING    input-became-required  add.b  \"b\" is now required\n            \
                    witness {\"a\":0}: accepted by v1.2.0, rejected now\n\
                    1 change, 1 breaking: needs 2.0.0 (Cargo.toml says 1.2.1)\n";
    assert_eq!(run.stdout, expected);
    let left = Command::new("git").args(["worktree", "list"]).current_dir(folder).output().expect("git runs");
    assert_eq!(String::from_utf8_lossy(&left.stdout).lines().count(), 1, "the older source is gone");

    let run = mcp(folder, &["diff", "--format", "github"]);
    assert!(
        run.stdout.starts_with("::error title=breaking input-became-required::add.b: \"b\" is now required%0Awitness"),
        "{}",
        run.stdout
    );
    let run = mcp(folder, &["diff", "--format", "md"]);
    assert!(run.stdout.contains("| **breaking** | `input-became-required` | add.b |"), "{}", run.stdout);
    let run = mcp(folder, &["--json", "diff", "--against", "mcp.lock"]);
    let value = json(&run.stdout);
    assert_eq!((run.code, &value["changes"][0]["witness"]["input"]["a"]), (100, &0.into()), "{value}");
    assert_eq!(json(&run.stderr)["error"]["code"], "breaking");

    let manifest = folder.join("Cargo.toml");
    let plain = fs::read_to_string(&manifest).expect("a manifest");
    let overrides = "[package.metadata.mcp.diff]\noverrides = [{ rule = \"input-became-required\", verdict = \"warn\", reason = \"nobody left it out\" }]\n";
    fs::write(&manifest, plain.clone() + overrides).expect("a file");
    let run = mcp(folder, &["diff"]);
    assert!(ok(&run).contains("overridden: nobody left it out"), "{}", run.stdout);
    fs::write(&manifest, plain.clone() + "[package.metadata.mcp.diff]\nunstable = [\"a*\"]\n").expect("a file");
    assert_eq!(ok(&mcp(folder, &["diff"])), "nothing changed since mcp.lock\n");
    fs::write(&manifest, plain).expect("a file");

    for (against, expected) in [
        ("git:nothing", "git knows no revision `nothing`"),
        ("nothing.lock", "nothing.lock cannot be read"),
        ("Cargo.toml", "Cargo.toml is no lock file"),
        ("ftp://example.com/mcp", "begins with `http://` or `https://`"),
    ] {
        let run = mcp(folder, &["diff", "--against", against]);
        assert_eq!(run.code, 2, "{against}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{against}: {}", run.stderr);
    }
}

#[test]
fn a_lock_of_a_server_of_this_library_names_every_revision() {
    let scratch = Scratch::new("notes-lock");
    let path = scratch.0.join("mcp.lock");
    ok(&notes(&["lock", "--output", &path.display().to_string()]));
    let value = json(&fs::read_to_string(&path).expect("a lock"));
    assert_eq!(value["protocolVersions"].as_array().map(Vec::len), Some(5), "{value}");
    assert_eq!(ok(&notes(&["diff", "--against", &path.display().to_string()])).lines().count(), 1);
}

#[test]
fn schemas_are_written_and_checked() {
    let scratch = Scratch::new("schema");
    let path = scratch.0.join("types/notes.ts").display().to_string();
    let run = notes(&["schema", "--format", "ts", "--output", &path, "--check"]);
    assert_eq!(run.code, 7, "{}", run.stderr);
    ok(&notes(&["schema", "--format", "ts", "--output", &path]));
    ok(&notes(&["schema", "--format", "ts", "--output", &path, "--check"]));
    let text = fs::read_to_string(&path).expect("a file");
    assert!(
        text.contains("export interface Tools {") && text.contains("language?: \"english\" | \"german\""),
        "{text}"
    );
    fs::write(&path, text + "\n").expect("a file");
    let run = notes(&["schema", "--format", "ts", "--output", &path, "--check"]);
    assert_eq!(run.code, 7, "{}", run.stderr);
    assert!(run.stderr.contains("is stale"), "{}", run.stderr);
    assert_eq!(json(ok(&notes(&["schema", "--format", "openapi"])))["openapi"], "3.1.0");
    assert!(ok(&notes(&["schema", "--format", "md"])).contains("### search"));
    assert!(json(ok(&notes(&["schema"])))["$defs"]["tools.search.input"].is_object());
}
