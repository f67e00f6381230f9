//! Who a server says it is: the user's own package, in every revision.

use mcp_runtime::{Client, Revision, Server, server, tool};

/// Does nothing.
#[tool]
fn nothing() {}

fn named() -> Server {
    server![nothing]
}

#[tokio::test]
async fn the_name_and_version_are_those_of_the_users_package() -> Result<(), mcp_runtime::client::Error> {
    for revision in Revision::ALL {
        let client = Client::memory(named()).protocol(revision).connect().await?;
        let info = client.server_info().expect("the server says who it is");
        assert_eq!((info.name.as_str(), info.version.as_str()), ("mcp-tests", env!("CARGO_PKG_VERSION")), "{revision}");
    }
    Ok(())
}

#[tokio::test]
async fn another_name_can_be_given() -> Result<(), mcp_runtime::client::Error> {
    let server = named().info(mcp_runtime::model::Implementation::new("other", "9.9.9"));
    let client = Client::memory(server).connect().await?;
    assert_eq!(client.server_info().map(|info| info.name.as_str()), Some("other"));
    Ok(())
}
