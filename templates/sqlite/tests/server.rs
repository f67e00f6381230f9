//! Calls the tools as a client does.

use std::fs;
use std::path::Path;

use mcp_runtime::{Client, Result, testing};
use serde_json::{Value, json};

use {{crate}}::server_over;

async fn client() -> Result<Client> {
    Ok(testing::client(server_over(Path::new(":memory:"))?).await)
}

#[test]
fn what_clients_see_changes_only_on_purpose() -> Result<()> {
    let server = server_over(Path::new(":memory:"))?;
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_json_snapshot!("surface", testing::surface(server));
    });
    Ok(())
}

#[tokio::test]
async fn a_bookmark_is_added_once_found_and_removed() -> Result<()> {
    let client = client().await?;
    for title in ["Rust", "Rust, 100 %"] {
        let page = json!({ "url": "https://www.rust-lang.org", "title": title });
        client.call("add", page).await?;
    }
    for (text, found) in [("rust", 1), ("0 %", 1), ("%t", 0), ("java", 0)] {
        let bookmarks: Vec<Value> = client.call_as("search", json!({ "text": text })).await?;
        assert_eq!(bookmarks.len(), found, "{text}");
    }
    for fails in [None, Some(true)] {
        let removed = client.call("remove", json!({ "id": 1 })).await?;
        assert_eq!(removed.is_error, fails);
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_address_is_refused() -> Result<()> {
    let page = json!({ "url": "javascript:alert(1)", "title": "Harmless" });
    let refused = client().await?.call("add", page).await?;
    assert_eq!(refused.is_error, Some(true));
    Ok(())
}

#[tokio::test]
async fn a_file_outlives_the_server() -> Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_PKG_NAME"));
    fs::create_dir_all(&folder)?;
    let file = folder.join("bookmarks.sqlite3");
    let page = json!({ "url": "https://www.rust-lang.org", "title": "Rust" });
    let client = testing::client(server_over(&file)?).await;
    client.call("add", page).await?;
    client.close().await;
    let client = testing::client(server_over(&file)?).await;
    let bookmarks: Vec<Value> = client.call_as("search", json!({})).await?;
    assert_eq!(bookmarks.len(), 1);
    fs::remove_dir_all(folder)?;
    Ok(())
}
