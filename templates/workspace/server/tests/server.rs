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
async fn the_tools_of_the_library_are_served() -> Result<(), Error> {
    let client = testing::client(server()).await;
    let counts: Value = client.call_as("count", json!({ "text": "a b" })).await?;
    assert_eq!(counts, json!({ "lines": 1, "words": 2, "characters": 3 }));
    let slug: String = client.call_as("slug", json!({ "title": "A B" })).await?;
    assert_eq!(slug, "a-b");
    let refused = client.call("slug", json!({ "title": "!" })).await?;
    assert_eq!(refused.is_error, Some(true));
    Ok(())
}
