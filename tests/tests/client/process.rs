//! Servers that are processes: shell scripts, so that nothing has to be built.

use std::io;
use std::time::Duration;

use mcp_runtime::client::{Change, Connect, Error, Process, Retry};
use mcp_runtime::model::CallToolResult;
use mcp_runtime::{Client, Revision};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

/// Shakes hands, then does what `rest` says.
fn script(rest: &str) -> Connect<Process> {
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"resources":{"subscribe":true}},"serverInfo":{"name":"'"$NAME"'","version":"'"$1"'"}}}"#;
    let text = format!("read -r line; echo '{answer}'; read -r line; {rest}");
    Client::command("sh").args(["-c", &text, "sh", "7"]).env("NAME", "script").protocol(Revision::V2025_11_25)
}

const CALL: &str =
    r#"read -r line; echo '{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"'"$PWD"'"}]}}'; "#;

fn is_alive(pid: &str) -> bool {
    std::process::Command::new("sh").args(["-c", "kill -0 $0 2>/dev/null", pid]).status().unwrap().success()
}

async fn wait_until_gone(pid: &str) {
    let gone = async {
        while is_alive(pid) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_mins(1), gone).await.unwrap_or_else(|_| panic!("process {pid} lives"));
}

#[tokio::test]
async fn a_program_is_started_with_its_arguments_environment_and_directory() {
    let client = script(&format!("{CALL} cat >/dev/null")).current_dir("/").connect().await.unwrap();
    let info = client.server_info().unwrap();
    assert_eq!((info.name.as_str(), info.version.as_str()), ("script", "7"));
    let result = client.call("pwd", ()).await.unwrap();
    assert_eq!(result.content, [mcp_runtime::model::ContentBlock::text("/")]);
    assert!(client.close().await.unwrap().success());
}

#[tokio::test]
async fn a_program_that_cannot_be_run_is_named() {
    let error = Client::command("/no/such/program").connect().await.unwrap_err();
    assert_eq!(error.to_string(), "the server `/no/such/program` cannot be started");
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<io::Error>()).unwrap();
    assert_eq!(source.kind(), io::ErrorKind::NotFound);
}

#[tokio::test]
async fn a_process_that_ends_is_reported_with_its_status() {
    let error = Client::command("sh").args(["-c", "exit 3"]).connect().await.unwrap_err();
    assert_eq!(error.to_string(), "the server `sh` ended (exit status: 3)");
    let client = script("read -r line; exit 4").connect().await.unwrap();
    let error = client.call("t", ()).await.unwrap_err();
    assert!(matches!(error, Error::Closed { status: Some(status), .. } if status.code() == Some(4)), "{error}");
    let error = client.call("t", ()).await.unwrap_err();
    assert_eq!(error.to_string(), "the server `sh` ended (exit status: 4)");
}

#[tokio::test]
async fn calls_that_give_up_do_not_put_off_the_next_attempt() {
    // It dies as soon as it has answered, so that the client waits before it starts another one, longer than any call does.
    let retry = Retry::default().pause(Duration::from_secs(2), Duration::from_secs(2));
    let client = script(CALL).retry(retry).connect().await.unwrap();
    for round in 0..3 {
        let answered = async {
            let time = Duration::from_millis(300);
            while client.call("t", ()).timeout(time).max_timeout(time).await.is_err() {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_mins(1), answered)
            .await
            .unwrap_or_else(|_| panic!("it is never started again, {round}"));
    }
}

#[tokio::test]
async fn all_who_wait_for_a_server_that_is_gone_are_told_together() {
    let folder = std::env::temp_dir().join(format!("mcp-tests-gone-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // What is not there any more cannot be started in.
    let client = script(CALL).current_dir(&folder).connect().await.unwrap();
    client.call("t", ()).await.unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    // Until the client knows.
    while !matches!(client.call("t", ()).await, Err(Error::Start { .. })) {
        sleep(Duration::from_millis(1)).await;
    }
    let start = Instant::now();
    let calls: Vec<_> = (0..50).map(|_| tokio::spawn(client.call("t", ()).into_future())).collect();
    for call in calls {
        call.await.unwrap().unwrap_err();
    }
    // One after the other they would take minutes: each attempt waits longer than the one before.
    assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_process_that_died_is_started_again_for_the_next_call() {
    let (teller, mut starts) = mpsc::unbounded_channel();
    let client = script(&format!("echo start $$ >&2; {CALL}")).on_stderr(move |line| drop(teller.send(line)));
    let client = client.connect().await.unwrap();
    for _ in 0..3 {
        client.call("t", ()).await.unwrap();
        let start = starts.recv().await.unwrap();
        // It ends after its answer.
        wait_until_gone(start.strip_prefix("start ").unwrap()).await;
    }
    let client = script("read -r line").retry(Retry::never()).connect().await.unwrap();
    for _ in 0..2 {
        let error = client.call("t", ()).await.unwrap_err();
        assert!(matches!(error, Error::Closed { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_fallback_answers_for_a_process_that_died() {
    let client = script("read -r line").retry(Retry::never());
    let client = client.fallback("t", async |arguments| CallToolResult::text(arguments["a"].to_string()));
    let client = client.connect().await.unwrap();
    for a in [7, 8] {
        let result = client.call("t", serde_json::json!({ "a": a })).await.unwrap();
        assert_eq!(result.content, CallToolResult::text(a.to_string()).content);
    }
    // The control: a tool that has none.
    let error = client.call("other", ()).await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error}");
}

#[tokio::test]
async fn a_subscription_goes_on_with_the_process_that_is_started_next() {
    let (teller, mut asked) = mpsc::unbounded_channel();
    let dies = r#"read -r line; echo "$line" >&2; echo '{"jsonrpc":"2.0","id":2,"result":{}}';
        echo '{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"x://a"}}'; exit 3"#;
    let client = script(dies).on_stderr(move |line| drop(teller.send(line))).connect().await.unwrap();
    let mut changes = client.subscribe("x://a").await.unwrap();
    for n in 0..4 {
        if n > 0 {
            let again = timeout(Duration::from_mins(1), changes.next()).await.unwrap();
            assert_eq!(again.unwrap(), Change::Anything, "{n}");
        }
        let change = timeout(Duration::from_mins(1), changes.next()).await.unwrap();
        assert_eq!(change.unwrap(), Change::Resource("x://a".to_owned()), "{n}");
        let asked = asked.recv().await.unwrap();
        assert!(asked.contains(r#""method":"resources/subscribe""#) && asked.contains("x://a"), "{asked}");
    }
}

#[tokio::test]
async fn what_a_process_wrote_last_explains_why_it_did_not_start() {
    let error = Client::command("sh").args(["-c", "echo it is broken >&2; exit 3"]).connect().await.unwrap_err();
    assert_eq!(error.to_string(), "the server `sh` ended (exit status: 3)");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "it wrote to standard error: it is broken");
}

#[tokio::test]
async fn a_process_that_ends_counts_as_ended_though_its_child_holds_the_pipe() {
    let began = Instant::now();
    let client = script("sleep 120 & exit 5").connect().await.unwrap();
    let error = client.call("t", ()).await.unwrap_err();
    assert_eq!(error.to_string(), "the server `sh` ended (exit status: 5)");
    assert!(began.elapsed() < Duration::from_mins(1));
}

#[tokio::test]
async fn lines_of_standard_error_are_handed_on() {
    let (teller, mut listener) = mpsc::unbounded_channel();
    let client = script("echo one >&2; echo two >&2; exec cat >/dev/null")
        .on_stderr(move |line| teller.send(line).unwrap())
        .connect()
        .await
        .unwrap();
    assert_eq!(listener.recv().await.as_deref(), Some("one"));
    assert_eq!(listener.recv().await.as_deref(), Some("two"));
    client.close().await;
    assert_eq!(listener.recv().await, None);
}

#[tokio::test]
async fn a_process_that_goes_on_is_told_to_end_and_then_killed() {
    use std::os::unix::process::ExitStatusExt;

    // What ends on its signal has time for that, on however busy a machine.
    let (short, long) = (Duration::from_millis(300), Duration::from_secs(3));
    for (rest, grace, signal) in
        [("exec sleep 600", long, 15), ("trap '' TERM; echo ready >&2; while :; do sleep 0.1; done", short, 9)]
    {
        let (teller, mut listener) = mpsc::unbounded_channel();
        let client = script(&format!("echo ready >&2; {rest}"))
            .grace(grace)
            .on_stderr(move |line| drop(teller.send(line)))
            .connect()
            .await
            .unwrap();
        listener.recv().await;
        if signal == 9 {
            listener.recv().await;
        }
        assert_eq!(client.close().await.and_then(|status| status.signal()), Some(signal));
    }
}

#[tokio::test]
async fn dropping_the_last_client_kills_the_process() {
    let (teller, mut listener) = mpsc::unbounded_channel();
    let client = script("echo $$ >&2; trap '' TERM; while :; do sleep 0.1; done")
        .on_stderr(move |line| drop(teller.send(line)))
        .connect()
        .await
        .unwrap();
    let pid = listener.recv().await.unwrap();
    let other = client.clone();
    drop(client);
    sleep(Duration::from_millis(200)).await;
    assert!(is_alive(&pid));
    drop(other);
    wait_until_gone(&pid).await;
}

#[tokio::test]
async fn a_process_does_not_outlive_a_handshake_that_failed() {
    let (teller, mut listener) = mpsc::unbounded_channel();
    let error = Client::command("sh")
        .args(["-c", "echo $$ >&2; exec sleep 600"])
        .on_stderr(move |line| drop(teller.send(line)))
        .protocol(Revision::V2025_11_25)
        // Long enough for the script to say its number.
        .timeout(Duration::from_secs(3))
        .connect()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    wait_until_gone(&listener.recv().await.unwrap()).await;
}
