//! Lists of many pages, and of pages without end.

use mcp_runtime::client::Error;
use serde_json::{Value, json};

use crate::fake::{Fake, discovered, modern, pair, play};

/// Answers every page with what `page` makes of its cursor.
async fn serve(fake: &mut Fake, page: impl Fn(Option<&str>) -> Value) {
    while let Some(request) = fake.next().await {
        let page = page(request["params"]["cursor"].as_str());
        fake.answer(&request, page).await;
    }
}

fn tool(name: &str) -> Value {
    json!({ "name": name, "inputSchema": { "type": "object" } })
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_in_order() {
    let (client, mut fake) = modern(|builder| builder).await;
    let pages = |cursor: Option<&str>| match cursor {
        None => json!({ "tools": [tool("a"), tool("b")], "nextCursor": "two" }),
        Some("two") => json!({ "tools": [], "nextCursor": "three" }),
        Some("three") => json!({ "tools": [tool("c")] }),
        Some(other) => panic!("{other}"),
    };
    tokio::select! {
        () = serve(&mut fake, pages) => panic!("the client has gone"),
        () = async {
            let names: Vec<_> = client.list_tools().await.unwrap().into_iter().map(|tool| tool.name).collect();
            assert_eq!(names, ["a", "b", "c"]);
            let page = client.list_tools_page(Some("three")).await.unwrap();
            assert_eq!(page.tools.len(), 1);
        } => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_end_is_an_error() {
    let (client, mut fake) = modern(|builder| builder).await;
    let circle = |_: Option<&str>| json!({ "prompts": [], "nextCursor": "again" });
    tokio::select! {
        () = serve(&mut fake, circle) => panic!("the client has gone"),
        result = client.list_prompts() => {
            let told = "the answer of the server to `prompts/list` makes no sense: the cursor `again` came twice";
            assert_eq!(result.unwrap_err().to_string(), told);
        }
    }
    let endless = |cursor: Option<&str>| {
        let next = cursor.map_or(0, |cursor| cursor.parse::<u64>().unwrap()) + 1;
        json!({ "resources": [], "nextCursor": next.to_string() })
    };
    tokio::select! {
        () = serve(&mut fake, endless) => panic!("the client has gone"),
        result = client.list_resources() => {
            assert!(matches!(result, Err(Error::Invalid { ref reason, .. }) if reason.contains("1000 pages")), "{result:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_server_does_not_declare_is_not_asked_for() {
    let (builder, fake) = pair();
    let (client, mut fake) = play(builder, fake, async |fake| {
        let probe = fake.expect("server/discover").await;
        let mut result = discovered(&["2026-07-28"]);
        result["capabilities"] = json!({ "resources": {} });
        fake.answer(&probe, result).await;
    })
    .await;
    let client = client.unwrap();
    assert!(client.list_tools().await.unwrap().is_empty());
    assert!(client.list_prompts().await.unwrap().is_empty());
    let (resources, templates, ()) = tokio::join!(client.list_resources(), client.list_resource_templates(), async {
        let request = fake.expect("resources/list").await;
        fake.answer(&request, json!({ "resources": [{ "uri": "a://b", "name": "b" }] })).await;
        let request = fake.expect("resources/templates/list").await;
        fake.answer(&request, json!({ "resourceTemplates": [{ "uriTemplate": "a://{c}", "name": "c" }] })).await;
    });
    assert_eq!((resources.unwrap().len(), templates.unwrap().len()), (1, 1));
}
