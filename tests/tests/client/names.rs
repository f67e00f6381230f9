//! Every error says which server it was.

use std::time::Duration;

use mcp_runtime::client::Error;
use mcp_runtime::model::Implementation;
use mcp_runtime::{Client, Revision, Server, server, tool};
use serde_json::json;

use crate::fake::{initialized, modern, pair, play};

/// Does not end.
#[tool]
async fn hang() {
    std::future::pending::<()>().await;
}

/// Fails.
#[tool]
fn fail() -> Result<String, String> {
    Err("no tea".to_owned())
}

/// A server whose name a terminal would act on.
fn notes() -> Server {
    server![hang, fail].info(Implementation::new("no\u{1b}[31mtes\n", "1"))
}

const NOTES: &str = r"the server `no\u{1b}[31mtes\n`";

#[tokio::test(start_paused = true)]
async fn a_server_in_the_same_process_goes_by_its_own_name() {
    for revision in Revision::ALL {
        let client = Client::memory(notes()).protocol(revision).connect().await.unwrap();
        let told = async |expected: &str, answer: Result<(), Error>| {
            assert_eq!(answer.unwrap_err().to_string(), expected.replace('@', NOTES), "{revision}");
        };
        let none = client.read("x://a").await.map(drop);
        assert!(none.unwrap_err().to_string().starts_with(&format!("{NOTES} refused `resources/read`: ")));
        let late = client.call("hang", ()).timeout(Duration::from_secs(5)).await.map(drop);
        told("@ did not answer `tools/call` within 5s", late).await;
        told("the tool `fail` of @ failed: no tea", client.call_as::<u32>("fail", ()).await.map(drop)).await;
        let wrong = client.call("fail", 7).await.map(drop);
        told("the arguments cannot be sent to @: they must be an object, not a number", wrong).await;
        client.clone().close().await;
        told("the connection to @ ended", client.ping().await).await;
        told("the connection to @ ended", client.call("fail", ()).await.map(drop)).await;
        told("the connection to @ ended", client.list_tools().await.map(drop)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_behind_plain_streams_has_no_name() {
    let (client, mut fake) = modern(|builder| builder).await;
    let input = json!({ "resultType": "input_required", "inputRequests": {
        "k": { "method": "roots/list", "params": {} },
    } });
    for (result, expected) in [
        (json!({ "content": 7 }), "the answer of the server to `tools/call` makes no sense: "),
        (json!({ "resultType": "x/y" }), "`tools/call` of the server has a result of the unknown type `x/y`"),
        (input, "`tools/call` of the server needs input: `k` is `roots/list`, and there is no handler for it"),
    ] {
        let (answer, ()) = tokio::join!(client.call("t", ()).into_future(), async {
            let request = fake.expect("tools/call").await;
            fake.answer(&request, result).await;
        });
        let told = answer.unwrap_err().to_string();
        assert!(told.starts_with(expected), "{told}");
    }
    let (builder, fake) = pair();
    let (client, _) = play(builder.protocol(Revision::V2025_06_18), fake, async |fake| {
        let request = fake.expect("initialize").await;
        fake.answer(&request, initialized("2025-11-25")).await;
    })
    .await;
    let told = client.unwrap_err().to_string();
    assert_eq!(told, "the server does not speak 2025-06-18; it offers `2025-11-25`");
}

#[tokio::test]
async fn a_long_or_strange_program_is_shown_in_short() {
    let program = format!("/no/such/\u{1b}]0;{}", "x".repeat(10_000));
    let told = Client::command(&program).connect().await.unwrap_err().to_string();
    assert!(told.starts_with(r"the server `/no/such/\u{1b}]0;xxx") && told.len() < 200, "{told}");
}
