//! Calls the tools as clients do, in memory and over HTTP.

use std::net::TcpListener;

use mcp_runtime::{Client, Http, testing};
use serde_json::{Value, json};

use {{crate}}::server;

#[test]
fn what_clients_see_changes_only_on_purpose() {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_json_snapshot!("surface", testing::surface(server()));
    });
}

#[tokio::test]
async fn an_empty_message_is_refused() -> mcp_runtime::Result<()> {
    let client = testing::client(server()).await;
    let refused = client.call("post", json!({ "text": "" })).await?;
    assert_eq!(refused.is_error, Some(true));
    let posted = client.call("post", json!({ "text": "Hello" })).await?;
    assert_eq!(posted.is_error, None);
    Ok(())
}

#[tokio::test]
async fn what_one_client_posts_another_reads() -> mcp_runtime::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    let serving = tokio::spawn(server().serve(Http::listener(listener)?));
    let (writes, reads) = (
        Client::http(&url).connect().await?,
        Client::http(&url).connect().await?,
    );
    for text in ["first", "second"] {
        writes.call("post", json!({ "text": text })).await?;
    }
    let messages: Vec<Value> = reads.call_as("messages", json!({})).await?;
    let texts: Vec<_> = messages.iter().map(|message| &message["text"]).collect();
    assert_eq!(texts, ["second", "first"]);
    serving.abort();
    Ok(())
}
