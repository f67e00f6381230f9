//! What a server can do to a client's memory: a line of 100 MB, notifications without end, a million events that say nothing.
//! One test, because it measures the process that it is in.

#![cfg(target_os = "linux")]

use std::fs;
use std::time::{Duration, Instant};

use mcp_runtime::client::{Connect, Error, Process, Retry};
use mcp_runtime::model::ContentBlock;
use mcp_runtime::{Client, Revision};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, duplex, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const MIB: usize = 1024;
const HANG: Duration = Duration::from_mins(2);

/// How much memory the process has, or has had at most, in KiB.
fn memory(key: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Fails if the process has ever been larger meanwhile than it was before, by this many KiB.
async fn measured<T>(what: &str, most: usize, work: impl Future<Output = T>) -> T {
    // The peak is counted from here on.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let (before, began) = (memory("VmRSS"), Instant::now());
    let done = timeout(HANG, work).await.unwrap_or_else(|_| panic!("{what}: it hangs"));
    let grown = memory("VmHWM").saturating_sub(before);
    println!("{what}: grown by {grown} KiB in {:?}", began.elapsed());
    assert!(grown < most, "{what}: memory grew by {grown} KiB");
    done
}

const INITIALIZED: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"logging":{}},"serverInfo":{"name":"f","version":"1"}}}"#;
const DONE: &str = r#"{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"done"}]}}"#;

/// A process that shakes hands, takes a request, and then does what `rest` says.
fn script(rest: &str) -> Connect<Process> {
    let text = format!("read -r line; echo '{INITIALIZED}'; read -r line; read -r line; {rest}");
    Client::command("sh").args(["-c", &text]).protocol(Revision::V2025_11_25).retry(Retry::never())
}

async fn a_line_of_a_hundred_megabytes(longest: usize) {
    let client = script("head -c 100000000 /dev/zero | tr '\\0' x; echo; exec sleep 60");
    let client = client.longest_message(longest).connect().await.unwrap();
    let error = client.call("t", ()).timeout(HANG).await.unwrap_err();
    let Error::Closed { server, cause: Some(cause), .. } = &error else { panic!("{error:?}") };
    assert_eq!(server, "the server `sh`");
    assert!(cause.to_string().starts_with(&format!("the server sent a line of more than {longest} bytes")), "{cause}");
}

async fn a_million_notifications() {
    let data = "x".repeat(100);
    let line =
        format!(r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"level":"info","data":"{data}"}}}}"#);
    let client = script(&format!("yes '{line}' | head -n 1000000; echo '{DONE}'; cat >/dev/null")).connect();
    let client = client.await.unwrap();
    // Somebody listens, and does not keep up.
    let mut logs = client.logs();
    let result = client.call("t", ()).timeout(HANG).await.unwrap();
    assert_eq!(result.content, [ContentBlock::text("done")]);
    assert!(logs.missed() > 900_000, "{}", logs.missed());
    logs.next().await.unwrap();
}

/// The next request: its head is read, and its body.
async fn request(stream: &mut BufReader<TcpStream>) {
    let (mut line, mut length) = (String::new(), 0);
    while stream.read_line(&mut line).await.unwrap() > 2 {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    stream.read_exact(&mut vec![0; length]).await.unwrap();
}

async fn a_million_empty_events() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let discovered = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}}"#;
    let serve = async {
        let mut stream = BufReader::new(listener.accept().await.unwrap().0);
        request(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
        stream
            .write_all(format!("{head}Content-Length: {}\r\n\r\n{discovered}", discovered.len()).as_bytes())
            .await
            .unwrap();
        let mut stream = BufReader::new(listener.accept().await.unwrap().0);
        request(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // 100 bytes each, of which nothing is to be kept.
        let events = format!("event: nothing\nid: 1\ndata:\n: {}\n\n", "x".repeat(68)).repeat(1000);
        for _ in 0..1000 {
            stream.write_all(events.as_bytes()).await.unwrap();
        }
        stream.write_all(format!("data: {DONE}\n\n").as_bytes()).await.unwrap();
    };
    let ask = async {
        let client = Client::http(url).retry(Retry::never()).connect().await.unwrap();
        client.call("t", ()).timeout(HANG).await.unwrap()
    };
    let (result, ()) = tokio::join!(ask, serve);
    assert_eq!(result.content, [ContentBlock::text("done")]);
}

/// A list of which each entry fits none of the many branches of its schema.
async fn a_list_that_fits_none_of_many_branches() {
    let branches: Vec<Value> = (0..5000).map(|n| json!({ "const": n })).collect();
    let items = json!({ "type": "object", "properties": { "list": { "items": { "anyOf": branches } } } });
    let list: Vec<i64> = (0..50_000).map(|n| -1 - n).collect();
    let (here, there) = duplex(64 * 1024);
    let (reader, writer) = split(here);
    let serving = tokio::spawn(async move {
        let (reader, mut writer) = split(there);
        let mut lines = BufReader::new(reader).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            let request: Value = serde_json::from_str(&line).unwrap();
            let tool = json!({ "name": "t", "inputSchema": { "type": "object" }, "outputSchema": items });
            let result = match request["method"].as_str().unwrap() {
                "server/discover" => json!({ "supportedVersions": ["2026-07-28"], "capabilities": { "tools": {} } }),
                "tools/list" => json!({ "tools": [tool] }),
                _ => json!({ "content": [], "structuredContent": { "list": list } }),
            };
            let answer = json!({ "jsonrpc": "2.0", "id": request["id"], "result": result });
            writer.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
        }
    });
    let client = Client::stream(reader, writer).connect().await.unwrap();
    assert_eq!(client.list_tools().await.unwrap().len(), 1);
    // Refused, or given up: in any case soon.
    let error = client.call("t", ()).await.unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
    client.close().await;
    serving.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_server_floods_a_client_with_is_not_held() {
    // A buffer that grows is held twice while it moves.
    for longest in [1, 16] {
        let line = a_line_of_a_hundred_megabytes(longest << 20);
        measured("a line of 100 MB", (3 * longest + 24) * MIB, line).await;
    }
    // The list and the schema themselves are held a few times, and a message for each pair of them would be gigabytes.
    measured("many branches", 96 * MIB, a_list_that_fits_none_of_many_branches()).await;
    measured("a million notifications", 16 * MIB, a_million_notifications()).await;
    measured("a million empty events", 16 * MIB, a_million_empty_events()).await;
}
