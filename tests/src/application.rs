//! An application that a server is mounted in, and that says who makes each request.

use http_body_util::BodyExt;
use mcp_runtime::{HttpService, Principal, Server};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::connection::modern;
use crate::http::{Answer, Session};

/// The application.
#[derive(Clone, Debug)]
pub struct Application(pub HttpService);

impl Application {
    /// An application with this server in it.
    pub fn new(server: Server) -> Self {
        Self(server.into_service().unwrap())
    }

    /// A request as an application hands it on: who makes it stands beside it.
    pub async fn send(&self, who: Option<&str>, verb: &str, lines: &[(&str, &str)], message: &Value) -> Answer {
        let mut request = http::Request::builder()
            .method(verb)
            .uri("/wherever/it/is/mounted")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let mut request = request.body(message.to_string()).unwrap();
        if let Some(who) = who {
            request.extensions_mut().insert(Principal::new(who));
        }
        let (head, body) = self.0.clone().oneshot(request).await.unwrap().into_parts();
        let headers = head.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        // What goes on for ever is not waited for.
        let is_stream = head.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let body =
            if is_stream && verb == "GET" { Vec::new() } else { body.collect().await.unwrap().to_bytes().to_vec() };
        Answer { status: head.status.as_u16(), headers, body }
    }

    /// Calls a tool as 2026-07-28 has it, for a client that can do what it may be asked.
    pub async fn modern(&self, who: Option<&str>, tool: &str, params: Value) -> Answer {
        let mut params = params;
        params["name"] = tool.into();
        let mut message = modern("call", "tools/call", params);
        message["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({ "elicitation": {} });
        let lines = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", tool)];
        self.send(who, "POST", &lines, &message).await
    }

    /// Opens a session and gives its id.
    pub async fn open(&self, who: Option<&str>) -> String {
        let answer = self.send(who, "POST", &[], &Session::initialize("2025-11-25")).await;
        assert_eq!(answer.status, 200, "{answer}");
        answer.header("mcp-session-id").unwrap().to_owned()
    }
}
