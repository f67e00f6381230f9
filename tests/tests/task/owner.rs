//! Whose a task is, and where it can be asked about: over HTTP, where each request is a connection of its own.

use std::sync::{Arc, Weak};
use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use mcp_runtime::{HttpService, Limits, Principal, Revision, server, tool};
use mcp_tests::client::{said, text};
use mcp_tests::frames::Conversation;
use serde_json::{Value, json};
use tokio::time::sleep;
use tower::ServiceExt;

use crate::{asked, count, id_of, kitchen, knowing, noted};

/// Something that a request carries.
type Token = Arc<&'static str>;

/// A request of a principal.
struct Asking<'a> {
    service: &'a HttpService,
    principal: Option<&'static str>,
    capabilities: Value,
    token: Token,
}

fn asking<'a>(service: &'a HttpService, principal: Option<&'static str>) -> Asking<'a> {
    Asking { service, principal, capabilities: knowing(Revision::LATEST), token: Arc::new("token") }
}

impl Asking<'_> {
    /// Sends a request, and gives the status and the result or the error.
    async fn send(&self, method: &str, params: Value) -> (StatusCode, Value) {
        let name = params.get("taskId").or(params.get("name")).and_then(Value::as_str).unwrap_or_default().to_owned();
        self.send_as(method, params, &name).await
    }

    /// The same with another name in the header.
    async fn send_as(&self, method: &str, mut params: Value, name: &str) -> (StatusCode, Value) {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": self.capabilities,
        });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut conversation = Conversation::default();
        assert_eq!(conversation.sent(&message), Vec::<String>::new());
        let mut request = Request::post("/mcp")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", method)
            .header("mcp-name", name)
            .extension(Arc::clone(&self.token))
            .body(message.to_string())
            .unwrap();
        if let Some(principal) = self.principal {
            request.extensions_mut().insert(Principal::new(principal));
        }
        let response = self.service.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let mut answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(conversation.received(&answer), Vec::<String>::new(), "{answer}");
        let member = if answer.get("error").is_some() { "error" } else { "result" };
        (status, answer[member].take())
    }

    async fn begin(&self, tool: &str) -> String {
        id_of(&self.send("tools/call", json!({ "name": tool })).await.1)
    }

    async fn get(&self, id: &str) -> Value {
        sleep(Duration::from_millis(10)).await;
        self.send("tasks/get", json!({ "taskId": id })).await.1
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_outlives_the_connection_that_made_it() {
    let (server, notes) = noted();
    let service = server.into_service().unwrap();
    let id = asking(&service, None).begin("both").await;
    let never = asking(&service, None).begin("never").await;
    sleep(Duration::from_mins(1)).await;
    assert_eq!(asked(&asking(&service, None).get(&id).await), ["ask-2", "dish-1"]);
    let answers = json!({ "dish-1": said("stew"), "ask-2": { "roots": [] } });
    asking(&service, None).send("tasks/update", json!({ "taskId": id, "inputResponses": answers })).await;
    assert_eq!(text(&asking(&service, None).get(&id).await["result"]), "stew in 0");
    assert_eq!((count(&notes.running), count(&notes.cancelled)), (1, 0));
    asking(&service, None).send("tasks/cancel", json!({ "taskId": never })).await;
    assert_eq!(asking(&service, None).get(&never).await["status"], "cancelled");
    assert_eq!(count(&notes.running), 0);
}

#[tokio::test(start_paused = true)]
async fn the_task_of_another_is_unknown_by_every_method() {
    let (server, notes) = noted();
    let service = server.into_service().unwrap();
    for owner in [Some("alice"), None] {
        let id = asking(&service, owner).begin("both").await;
        let before = asking(&service, owner).get(&id).await;
        for other in [Some("bob"), Some("alice/"), Some(""), Some("alice"), None] {
            let asking = asking(&service, other);
            for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
                if other == owner && method != "tasks/get" {
                    continue;
                }
                let params = |id: &str| json!({ "taskId": id, "inputResponses": { "dish-1": said("poison") } });
                let (status, answer) = asking.send(method, params(&id)).await;
                let unheard = "0123456789abcdef0123456789abcdef";
                let (_, unknown) = asking.send(method, params(unheard)).await;
                assert_eq!(unknown["code"], -32602);
                if other == owner {
                    assert_eq!((status, &answer["status"]), (StatusCode::OK, &json!("input_required")));
                } else {
                    assert_eq!(status, StatusCode::BAD_REQUEST);
                    // To the letter what is said of one that has never been.
                    assert_eq!(answer.to_string().replace(&id, unheard), unknown.to_string(), "{other:?} {method}");
                }
            }
        }
        assert_eq!(asking(&service, owner).get(&id).await, before);
    }
    assert_eq!(count(&notes.cancelled), 0);
}

#[tokio::test(start_paused = true)]
async fn each_principal_has_so_many_tasks_of_its_own() {
    let service = kitchen().limits(Limits::default().tasks(1)).into_service().unwrap();
    for principal in [Some("alice"), Some("bob"), None] {
        let asking = asking(&service, principal);
        asking.begin("work").await;
        let (_, refused) = asking.send("tools/call", json!({ "name": "work" })).await;
        assert_eq!(refused["code"], -32603, "{principal:?}: {refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_has_its_status_and_a_header_that_differs_is_one() {
    let service = kitchen().into_service().unwrap();
    let mut asking = asking(&service, None);
    let id = asking.begin("work").await;
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = json!({ "taskId": id, "inputResponses": {} });
        assert_eq!(asking.send(method, params.clone()).await.0, StatusCode::OK, "{method}");
        for name in ["unheard", ""] {
            let (status, answer) = asking.send_as(method, params.clone(), name).await;
            assert_eq!((status, &answer["code"]), (StatusCode::BAD_REQUEST, &json!(-32020)), "{method}: {answer}");
        }
    }
    asking.capabilities = json!({});
    for id in [&id, "unheard"] {
        let (status, answer) = asking.send("tasks/get", json!({ "taskId": id })).await;
        assert_eq!((status, &answer["code"]), (StatusCode::BAD_REQUEST, &json!(-32021)), "{answer}");
    }
    let (status, answer) = asking.send("tools/call", json!({ "name": "only" })).await;
    assert_eq!((status, &answer["code"]), (StatusCode::BAD_REQUEST, &json!(-32021)), "{answer}");
    let without = server![crate::greet].into_service().unwrap();
    let (status, answer) = self::asking(&without, None).send("tasks/get", json!({ "taskId": id })).await;
    assert_eq!((status, &answer["code"]), (StatusCode::NOT_FOUND, &json!(-32601)), "{answer}");
}

/// Reads what its request carries, as a task.
#[tool(task)]
async fn whose(cx: &mcp_runtime::Context) -> String {
    sleep(Duration::from_secs(1)).await;
    format!("{:?} {:?}", cx.principal(), cx.extension::<Token>())
}

#[tokio::test(start_paused = true)]
async fn a_task_knows_the_request_that_made_it_and_lets_it_go_at_its_end() {
    let service = server![whose, crate::both, crate::work, crate::explode].into_service().unwrap();
    for (tool, ends) in [("whose", true), ("work", true), ("both", false), ("explode", false)] {
        let asking = asking(&service, Some("alice"));
        let carried: Weak<_> = Arc::downgrade(&asking.token);
        let id = asking.begin(tool).await;
        drop(asking);
        sleep(Duration::from_secs(2)).await;
        let asking = self::asking(&service, Some("alice"));
        let task = asking.get(&id).await;
        if tool == "whose" {
            assert_eq!(text(&task["result"]), "Some(\"alice\") Some(\"token\")");
        }
        assert_eq!(carried.upgrade().is_none(), ends, "{tool}: {task}");
        asking.send("tasks/cancel", json!({ "taskId": id })).await;
        sleep(Duration::from_millis(10)).await;
        assert!(carried.upgrade().is_none(), "{tool}");
    }
}
