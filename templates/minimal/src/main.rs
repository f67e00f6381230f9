//! A Model Context Protocol server with one tool.

use mcp_runtime::{Server, server, tool};

/// Greet somebody.
#[tool(read_only)]
fn hello(
    /// Whom to greet.
    name: &str,
) -> String {
    format!("Hello, {name}!")
}

fn server() -> Server {
    server![hello]
}

fn main() -> mcp_runtime::Result<()> {
    server().run_blocking()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mcp_runtime::testing;

    use super::{hello, server};

    #[test]
    fn the_function_is_still_a_function() {
        assert_eq!(hello("Ada"), "Hello, Ada!");
    }

    #[test]
    fn what_clients_see_changes_only_on_purpose() {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_json_snapshot!("surface", testing::surface(server()));
        });
    }

    #[tokio::test]
    async fn a_client_calls_the_tool() -> Result<(), mcp_runtime::client::Error> {
        let client = testing::client(server()).await;
        let result = client
            .call("hello", BTreeMap::from([("name", "Ada")]))
            .await?;
        assert_eq!(result.is_error, None);
        Ok(())
    }
}
