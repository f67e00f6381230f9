//! The client against servers that this project did not write: `@modelcontextprotocol/server-everything` from npm, over
//! standard input and output, Streamable HTTP and the older HTTP with SSE, and one on the official Rust SDK. The first run
//! installs the one, which needs npm and Node, and builds the other, which the benchmarks have too; where that cannot be, a
//! test says so and leaves it at that, unless `MCP_TESTS_NOTHING_LEFT_OUT` is set.

#[path = "others/programs.rs"]
mod programs;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mcp_runtime::client::{Connect, Source};
use mcp_runtime::model::{ContentBlock, CreateMessageResult, ElicitResult, Root};
use mcp_runtime::{Client, Revision};
use serde_json::json;
use tokio::time::{sleep, timeout};

use programs::{everything, or_return, rmcp};

const PATIENCE: Duration = Duration::from_mins(1);

/// A server that listens at a port, as long as this lives.
struct Served(Child, u16);

impl Served {
    async fn start(program: &Path, transport: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start_at(program, transport, port).await
    }

    async fn start_at(program: &Path, transport: &str, port: u16) -> Self {
        let mut node = Command::new("node");
        node.arg(program).arg(transport).env("PORT", port.to_string());
        Self::run(&mut node, port).await
    }

    async fn run(command: &mut Command, port: u16) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let served = Self(child, port);
        let listening = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, listening).await.expect("the server does not listen");
        served
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Uses whatever the server has.
async fn use_everything(builder: Connect<impl Source>) {
    let client = builder
        .on_elicit(async |form| Ok(ElicitResult::accept(form.requested_schema.defaults())))
        .on_sample(async |_| Ok(CreateMessageResult::new("m", "I am a test.")))
        .roots([Root { uri: "file:///a".into(), ..Root::default() }])
        .connect()
        .await
        .unwrap();
    assert!(client.revision().has_handshake());
    assert!(client.server_info().unwrap().name.contains("everything"));
    let tools: Vec<String> = client.list_tools().await.unwrap().into_iter().map(|tool| tool.name).collect();
    for tool in ["echo", "get-sum", "trigger-long-running-operation"] {
        assert!(tools.iter().any(|name| name == tool), "{tool} is not among {tools:?}");
    }
    let echo = client.call("echo", json!({ "message": "hello" })).await.unwrap();
    assert_eq!(echo.content, [ContentBlock::text("Echo: hello")]);
    let calls = (0..20).map(|n| tokio::spawn(client.call("get-sum", json!({ "a": n, "b": 1 })).into_future()));
    for (n, call) in calls.collect::<Vec<_>>().into_iter().enumerate() {
        let sum = call.await.unwrap().unwrap();
        assert_eq!(sum.content, [ContentBlock::text(format!("The sum of {n} and 1 is {}.", n + 1))]);
    }
    let mut steps = 0;
    let long = client.call("trigger-long-running-operation", json!({ "duration": 1, "steps": 4 }));
    long.on_progress(|_| steps += 1).await.unwrap();
    assert_eq!(steps, 4);
    if tools.iter().any(|name| name == "trigger-sampling-request") {
        let sampled =
            client.call("trigger-sampling-request", json!({ "prompt": "Who?", "maxTokens": 10 })).await.unwrap();
        assert!(format!("{:?}", sampled.content).contains("I am a test."), "{sampled:?}");
    }
    let resources = client.list_resources().await.unwrap();
    let resource = resources.first().expect("there are resources");
    assert!(!client.read(&resource.uri).await.unwrap().contents.is_empty());
    let changes = client.subscribe(&resource.uri).await.unwrap();
    drop(changes);
    let prompts = client.list_prompts().await.unwrap();
    assert!(!prompts.is_empty());
    assert!(!client.get("simple-prompt", ()).await.unwrap().messages.is_empty());
    let error = client.call("no-such-tool", ()).await;
    assert!(error.is_err() || error.is_ok_and(|result| result.is_error == Some(true)));
    client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_everything_over_standard_input_and_output() {
    let program = or_return!(everything());
    use_everything(Client::command("node").arg(program).arg("stdio").stderr(Stdio::null())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_everything_over_streamable_http() {
    let program = or_return!(everything());
    let served = Served::start(&program, "streamableHttp").await;
    use_everything(Client::http(format!("http://127.0.0.1:{}/mcp", served.1))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_everything_over_http_with_sse() {
    let program = or_return!(everything());
    let served = Served::start(&program, "sse").await;
    use_everything(Client::http(format!("http://127.0.0.1:{}/sse", served.1))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_everything_started_anew_is_used_again() {
    let program = or_return!(everything());
    let first = Served::start(&program, "streamableHttp").await;
    let port = first.1;
    let client = Client::http(format!("http://127.0.0.1:{port}/mcp")).connect().await.unwrap();
    client.call("echo", json!({ "message": "one" })).await.unwrap();
    drop(first);
    let _second = Served::start_at(&program, "streamableHttp", port).await;
    let echo = client.call("echo", json!({ "message": "two" })).await.unwrap();
    assert_eq!(echo.content, [ContentBlock::text("Echo: two")]);
}

/// Uses what the server on rmcp has.
async fn use_rmcp(builder: Connect<impl Source>, revision: Option<Revision>) {
    let builder = revision.into_iter().fold(builder, Connect::protocol);
    let client = builder.connect().await.unwrap();
    // Left to itself it finds the newest, so that both eras are used.
    assert_eq!(client.revision(), revision.unwrap_or(Revision::LATEST));
    assert!(client.list_tools().await.unwrap().len() > 50);
    assert_eq!(client.call_as::<i64>("add", json!({ "a": 1, "b": 2 })).await.unwrap(), 3);
    let calls = (0..50).map(|n| tokio::spawn(client.call("echo", json!({ "text": n.to_string() })).into_future()));
    for (n, call) in calls.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap().content, [ContentBlock::text(n.to_string())]);
    }
    client.ping().await.unwrap();
    client.call("no_such_tool", ()).await.unwrap_err();
    client.close().await;
}

const ERAS: [Option<Revision>; 3] = [None, Some(Revision::V2025_11_25), Some(Revision::V2025_06_18)];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_rmcp_over_standard_input_and_output() {
    let program = or_return!(rmcp());
    for revision in ERAS {
        use_rmcp(Client::command(&program).args(["--documented", "--stdio"]), revision).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_rmcp_over_streamable_http() {
    let program = or_return!(rmcp());
    for documented in [true, false] {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(&program);
        command.args(documented.then_some("--documented")).args(["--http", &format!("127.0.0.1:{port}")]);
        let served = Served::run(&mut command, port).await;
        for revision in ERAS {
            use_rmcp(Client::http(format!("http://127.0.0.1:{}/mcp", served.1)), revision).await;
        }
    }
}
