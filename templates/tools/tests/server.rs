//! Calls the tools as a client does.

use mcp_runtime::client::Error;
use mcp_runtime::testing;
use serde_json::{Value, json};

use {{crate}}::server;

#[test]
fn what_clients_see_changes_only_on_purpose() {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_json_snapshot!("surface", testing::surface(server()));
    });
}

#[tokio::test]
async fn a_task_is_added_and_finished() -> Result<(), Error> {
    let client = testing::client(server()).await;
    client
        .call("add", json!({ "title": "Learn Rust", "priority": "high" }))
        .await?;
    let open = client.call("list", json!({})).await?;
    let open: Value = open
        .structured_content
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default();
    assert_eq!(
        open,
        json!([{ "id": 1, "title": "Learn Rust", "priority": "high", "done": false }])
    );
    client.call("finish", json!({ "id": 1 })).await?;
    let missing = client.call("finish", json!({ "id": 2 })).await?;
    assert_eq!(missing.is_error, Some(true));
    Ok(())
}
