//! What the server fills in: state by value, by reference and behind an alias, the context, and a type of the user's own.

use mcp_runtime::{Context, FromContext, ProtocolError, State, prompt, resource, server, testing, tool};
use serde_json::json;

struct Db(u32);
type Shared = State<Db>;

struct Caller(Option<String>);

impl FromContext for Caller {
    fn from_context(cx: &Context) -> Result<Self, ProtocolError> {
        Ok(Self(cx.client().map(|client| client.name.clone())))
    }
}

struct Refused;

impl FromContext for Refused {
    fn from_context(_: &Context) -> Result<Self, ProtocolError> {
        Err(ProtocolError::invalid_params("never"))
    }
}

#[tool]
fn by_value(db: State<Db>, one: mcp_runtime::State<Db>) -> u32 {
    db.0 + one.0
}

#[tool]
async fn by_reference(db: &State<Db>, cx: &mcp_runtime::Context, owned: Context) -> u32 {
    let _ = (cx, owned);
    std::future::ready(()).await;
    db.0
}

#[tool]
fn aliased(#[inject] db: Shared, #[inject] borrowed: &Shared, a: u32) -> u32 {
    db.0 + borrowed.0 + a
}

#[tool]
fn who(#[inject] caller: Caller) -> Option<String> {
    caller.0
}

#[tool]
fn refused(#[inject] _caller: Refused) {}

#[tool]
fn borrowed<'s>(words: &'s State<Vec<String>>) -> &'s str {
    &words[0]
}

#[resource("db://{a}")]
fn value(db: State<Db>, a: u32) -> String {
    (db.0 + a).to_string()
}

#[prompt]
fn ask(#[inject] db: Shared, cx: &Context) -> String {
    let _ = cx;
    db.0.to_string()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = server![by_value, by_reference, aliased, who, refused, borrowed, value, ask];
    let client = testing::client(server.state(Db(2)).state(vec!["w".to_string()])).await;
    for (name, arguments, expected) in [
        ("by_value", json!({}), "4"),
        ("by_reference", json!({}), "2"),
        ("aliased", json!({ "a": 1 }), "5"),
        ("borrowed", json!({}), "w"),
    ] {
        let result = client.call(name, arguments).await.unwrap();
        assert!(
            serde_json::to_string(&result.content).unwrap().contains(&format!("\"text\":\"{expected}\"")),
            "{name}"
        );
    }
    assert!(client.call("refused", json!({})).await.is_err());
    assert_eq!(aliased(Shared::new(Db(1)), &Shared::new(Db(1)), 1), 3);
}
