//! A server that demands OAuth: a user on a terminal signs in once, and nobody else is asked.

#![cfg(unix)]

#[expect(dead_code, reason = "other tests need more of it")]
mod process;

#[path = "process/terminal.rs"]
mod terminal;

#[path = "../../tests/tests/oauth/mock.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod mock;

#[path = "../../tests/tests/oauth/world.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod world;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use mock::{Reply, Seen};
use process::{Scratch, mcp_with};
use serde_json::{Value, json};
use terminal::on_terminal;
use world::{Plan, World};

/// A server of 2025-06-18 behind the token: what the world itself answers is no server's.
fn server(seen: &Seen) -> Option<Reply> {
    let is_let_in = seen.header("authorization").is_some_and(|token| token.starts_with("Bearer test-token"));
    if seen.path != "/mcp" || !is_let_in {
        return None;
    }
    let call: Value = serde_json::from_str(&seen.body).unwrap_or_default();
    let result = match call["method"].as_str() {
        Some("initialize") => json!({
            "protocolVersion": "2025-06-18", "capabilities": { "tools": {} }, "serverInfo": { "name": "w", "version": "1" },
        }),
        Some("tools/list") => json!({ "tools": [{ "name": "guarded", "inputSchema": { "type": "object" } }] }),
        Some("server/discover") => {
            let error = json!({ "code": -32601, "message": "unknown" });
            return Some(Reply::json(200, &json!({ "jsonrpc": "2.0", "id": call["id"], "error": error })));
        }
        _ => return Some(Reply::status(if seen.method == "POST" { 202 } else { 405 })),
    };
    Some(Reply::json(200, &json!({ "jsonrpc": "2.0", "id": call["id"], "result": result })))
}

/// A browser that notes which page it shall open.
fn browser(folder: &Path) -> String {
    let (browser, page) = (folder.join("browser"), folder.join("page"));
    let script = format!("#!/bin/sh\nprintf '%s' \"$1\" > '{0}.new'\nmv '{0}.new' '{0}'\n", page.display());
    fs::write(&browser, script).expect("a file");
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).expect("permissions");
    browser.display().to_string()
}

/// Visits the page as soon as it is known, and goes where the authorization server sends the user.
async fn visit(folder: &Path) {
    let page = folder.join("page");
    while !page.exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = fs::read_to_string(&page).expect("a page");
    assert!(client.get(url).send().await.expect("an answer").status().is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_in_once_and_is_not_asked_again() {
    let world = World::new(Plan { server: Box::new(|seen, _, _| server(seen)), ..Plan::default() }).await;
    let scratch = Scratch::new("signing-in");
    let (folder, url) = (scratch.0.clone(), world.url());
    let (home, browser) = (folder.display().to_string(), browser(&folder));
    let line = |url: &str| ["list", "--url", url, "tools"].map(str::to_owned);

    // Nobody is there who could sign in.
    let run = tokio::task::spawn_blocking({
        let (folder, home, line) = (folder.clone(), home.clone(), line(&url));
        move || mcp_with(&folder, &line.each_ref().map(String::as_str), &[("HOME", &home), ("XDG_STATE_HOME", "")])
    });
    let run = run.await.expect("it runs");
    assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{}", run.stderr);
    assert!(run.stderr.contains("--bearer-env") && run.stderr.contains("on a terminal"), "{}", run.stderr);
    assert!(world.authority.at("/register").is_empty(), "nothing is begun that cannot be ended");

    let signing = tokio::task::spawn_blocking({
        let (folder, home, line) = (folder.clone(), home.clone(), line(&url));
        move || {
            let variables = [("HOME", home.as_str()), ("XDG_STATE_HOME", ""), ("BROWSER", browser.as_str())];
            on_terminal(&folder, &line.each_ref().map(String::as_str), (Duration::ZERO, ""), &variables)
        }
    });
    let visiting = tokio::spawn({
        let folder = folder.clone();
        async move { visit(&folder).await }
    });
    let Some((code, seen)) = signing.await.expect("it runs") else {
        visiting.abort();
        return;
    };
    visiting.await.expect("the page is there");
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("guarded()"), "{seen}");
    let page = fs::read_to_string(folder.join("page")).expect("a page");
    assert!(seen.contains(&page), "the address is told as well: {seen}");
    assert!(!seen.contains("test-token") && !seen.contains("test-auth-code"), "{seen}");
    let kept = folder.join(".local/state/cargo-mcp/credentials.json");
    assert_eq!(fs::metadata(&kept).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(kept.parent().expect("a folder")).expect("a folder").permissions().mode() & 0o777, 0o700);

    // What is kept is good for scripts, too.
    let asked = world.asked().len();
    let again = tokio::task::spawn_blocking(move || {
        mcp_with(&folder, &line(&url).each_ref().map(String::as_str), &[("HOME", &home), ("XDG_STATE_HOME", "")])
    });
    let again = again.await.expect("it runs");
    assert_eq!((again.code, again.stdout.as_str()), (0, "guarded()\n"), "{}", again.stderr);
    assert_eq!(world.asked().len(), asked, "nobody is asked twice");
}
