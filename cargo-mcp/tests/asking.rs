//! What a server asks the user: on a terminal, and where there is none.

#![cfg(unix)]

#[expect(dead_code, reason = "other tests need more of it")]
mod process;

#[path = "process/terminal.rs"]
mod terminal;

use std::fs;
use std::time::{Duration, Instant};

use process::{Scratch, mcp, repository};
use terminal::on_terminal;

/// Calls a tool of the example that shows everything.
const EVERYTHING: [&str; 3] = ["call", "--bin", "everything"];

fn everything(rest: &[&'static str]) -> Vec<&'static str> {
    EVERYTHING.iter().chain(rest).copied().collect()
}

/// A server that asks with these parameters when its tool is called, and keeps the answer in `answer`.
const ASKING: &str = r#"
while read -r line; do
  id=$(printf '%s' "$line" | sed 's/.*"id":\([0-9]*\).*/\1/')
  case "$line" in
    *'"initialize"'*) result='{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"asking","version":"1"}}' ;;
    *'"tools/list"'*) result='{"tools":[{"name":"ask","inputSchema":{"type":"object"}}]}' ;;
    *'"tools/call"'*)
      printf '%s\n' '{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":@PARAMS@}'
      read -r answer
      printf '%s\n' "$answer" > answer
      result='{"content":[{"type":"text","text":"done"}]}' ;;
    *) continue ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done
"#;

fn typed(keys: &str) -> (Duration, &str) {
    (Duration::ZERO, keys)
}

#[test]
fn a_form_is_filled_in_field_by_field() {
    let here = repository();
    for protocol in ["2025-06-18", "2025-11-25", "2026-07-28"] {
        let line = everything(&["--protocol", protocol, "test_elicitation", "--message", "Who are you?"]);
        let Some((code, seen)) = on_terminal(&here, &line, typed("ada\n\nada@example.com\n\n"), &[]) else { return };
        assert_eq!(code, 0, "{seen}");
        assert!(seen.contains("The server asks: Who are you?") && seen.contains("it must be answered"), "{seen}");
        assert!(seen.contains("email = ada@example.com"), "what is sent is shown before: {seen}");
        assert!(seen.contains("User response: ada <ada@example.com>"), "{seen}");
    }
}

#[test]
fn choices_are_made_by_number_name_or_default() {
    let line = everything(&["test_elicitation_sep1330_enums"]);
    let keys = "2\nFirst Option\nnonsense\noption3\n1,option3\n1\n\n";
    let Some((code, seen)) = on_terminal(&repository(), &line, typed(keys), &[]) else { return };
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("\"nonsense\" is none of the choices"), "{seen}");
    assert!(
        seen.contains("\"untitledSingle\": \"option2\"") && seen.contains("\"titledSingle\": \"value1\""),
        "{seen}"
    );
    assert!(seen.contains("\"legacyEnum\": \"option3\""), "{seen}");
    let line = everything(&["test_elicitation_sep1034_defaults"]);
    let Some((code, seen)) = on_terminal(&repository(), &line, typed("\n\nhigh\n1.5\n\n\n\n"), &[]) else { return };
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("\"high\" is no number") && seen.contains("\"score\": 1.5"), "{seen}");
    assert!(seen.contains("\"verified\": true"), "what is left empty has its default: {seen}");
}

#[test]
fn a_user_can_say_no_and_turn_away() {
    let scratch = Scratch::new("asking");
    let form =
        r#"{"message":"Sure?\u001b[2J","requestedSchema":{"type":"object","properties":{"why":{"type":"string"}}}}"#;
    let page = r#"{"mode":"url","message":"Pay","url":"https://bank.example@evil.example/x","elicitationId":"1"}"#;
    let opened = scratch.0.join("opened");
    fs::write(scratch.0.join("browser"), format!("#!/bin/sh\nprintf '%s' \"$1\" > '{}'\n", opened.display()))
        .expect("a file");
    fs::set_permissions(scratch.0.join("browser"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("permissions");
    let browser = scratch.0.join("browser").display().to_string();
    for (params, keys, action) in [
        (form, "because\ny\n", r#"{"action":"accept","content":{"why":"because"}}"#),
        (form, "\n\n", r#"{"action":"accept","content":{}}"#),
        (form, "because\na\nanother\n\n", r#"{"action":"accept","content":{"why":"another"}}"#),
        (form, "!decline\n", r#"{"action":"decline"}"#),
        (form, "because\nn\n", r#"{"action":"decline"}"#),
        (form, "!cancel\n", r#"{"action":"cancel"}"#),
        (form, "\u{4}", r#"{"action":"cancel"}"#),
        (page, "n\n", r#"{"action":"decline"}"#),
        (page, "\n", r#"{"action":"decline"}"#),
        (page, "what\nc\n", r#"{"action":"cancel"}"#),
        (page, "y\n", r#"{"action":"accept"}"#),
    ] {
        fs::write(scratch.0.join("server"), ASKING.replace("@PARAMS@", params)).expect("a file");
        let line = ["call", "--protocol", "2025-11-25", "ask", "--", "/bin/sh", "server"];
        let Some((code, seen)) = on_terminal(&scratch.0, &line, typed(keys), &[("BROWSER", &browser)]) else { return };
        assert_eq!(code, 0, "{seen}");
        let answer = fs::read_to_string(scratch.0.join("answer")).expect("an answer");
        assert!(answer.contains(&format!("\"result\":{action}")), "{keys:?}: {answer}\n{seen}");
        assert!(!seen.contains("\u{1b}[2J"), "what a server sends does not reach the terminal: {seen}");
        assert_eq!(seen.contains("a page of evil.example\n"), params == page, "{seen}");
        if action != r#"{"action":"accept"}"# {
            assert!(!opened.exists(), "nothing is opened without the user's word: {keys:?}");
        }
    }
    for _ in 0..100 {
        if fs::read_to_string(&opened).is_ok_and(|url| !url.is_empty()) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(fs::read_to_string(&opened).ok().as_deref(), Some("https://bank.example@evil.example/x"));
}

#[test]
fn where_nobody_can_answer_it_is_told_what_was_asked() {
    let begun = Instant::now();
    for protocol in ["2025-06-18", "2025-11-25", "2026-07-28"] {
        let run = mcp(&repository(), &everything(&["--protocol", protocol, "test_elicitation", "--message", "Who?"]));
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
        assert!(run.stderr.contains("nobody is there to answer: Who?"), "{}", run.stderr);
        assert!(run.stderr.contains("username (string, required), email (string, required)"), "{}", run.stderr);
    }
    assert!(begun.elapsed().as_secs() < 60, "nothing waits for anybody");
    let line = everything(&["test_elicitation", "--message", "Who?"]);
    if let Some((code, seen)) = on_terminal(&repository(), &line, typed("ada\n"), &[("CI", "true")]) {
        assert_eq!(code, 2, "{seen}");
    }
    let line = ["--json", "call", "--bin", "everything", "test_elicitation", "--message", "Who?"];
    let run = mcp(&repository(), &line);
    let value: serde_json::Value = serde_json::from_str(&run.stderr).expect("one line of JSON");
    assert_eq!((run.code, value["error"]["code"].as_str()), (2, Some("usage")), "{value}");
}

#[test]
fn the_users_time_is_not_the_servers() {
    let line = everything(&["--timeout", "1", "--protocol", "2025-11-25", "test_elicitation", "--message", "Who?"]);
    let keys = (Duration::from_secs(3), "ada\na@example.com\n\n");
    let Some((code, seen)) = on_terminal(&repository(), &line, keys, &[]) else { return };
    assert!(code == 0 && seen.contains("User response: ada"), "{seen}");
    let Some((code, seen)) = on_terminal(&repository(), &line, (Duration::from_secs(2), "\u{3}"), &[]) else { return };
    assert!(code == 130 && seen.contains("interrupted"), "{seen}");

    let scratch = Scratch::new("silent");
    let silent = ASKING.replace("@PARAMS@", "{}").replace("      read -r answer\n", "      continue\n");
    fs::write(scratch.0.join("server"), silent).expect("a file");
    let line = ["call", "--timeout", "1", "--protocol", "2025-11-25", "ask", "--", "/bin/sh", "server"];
    let run = mcp(&scratch.0, &line);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("did not answer within 1s") && run.stderr.contains("--timeout"), "{}", run.stderr);
}

#[test]
fn progress_is_seen_on_a_terminal_and_nowhere_else() {
    let line = everything(&["test_tool_with_progress"]);
    let run = mcp(&repository(), &line);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    let Some((code, seen)) = on_terminal(&repository(), &line, typed(""), &[]) else { return };
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("[==========          ]  50%"), "{seen}");
}
