//! Results as values, times that progress extends, lists entry by entry.

use std::time::Duration;

use mcp_runtime::client::Error;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::fake::modern;

#[tokio::test(start_paused = true)]
async fn a_result_is_read_from_its_structure_or_its_text() {
    let (client, mut fake) = modern(|builder| builder).await;
    let text = |text: &str| json!({ "content": [{ "type": "text", "text": text }] });
    let structured = |value: Value| json!({ "content": [], "structuredContent": value });
    for (result, expected) in [
        (structured(json!([1, 2])), Ok(vec![1, 2])),
        (structured(json!({ "result": [1, 2] })), Ok(vec![1, 2])),
        (text("[1, 2]"), Ok(vec![1, 2])),
        (text("one"), Err("invalid type: string \"one\"")),
        (structured(json!({ "other": 1 })), Err("invalid type: map")),
        (
            json!({ "content": [{ "type": "text", "text": "no" }], "isError": true }),
            Err("the tool `t` of the server failed: no"),
        ),
    ] {
        let (answer, ()) = tokio::join!(client.call_as::<Vec<u32>>("t", ()), async {
            let request = fake.expect("tools/call").await;
            fake.answer(&request, result).await;
        });
        match (answer, expected) {
            (Ok(answer), Ok(expected)) => assert_eq!(answer, expected),
            (Err(error), Err(expected)) => {
                let told = error.to_string();
                assert!(told.contains(expected) || told.contains("does not fit"), "{told}");
            }
            (answer, expected) => panic!("{answer:?} instead of {expected:?}"),
        }
    }
    let (answer, ()) = tokio::join!(client.call_as::<String>("t", ()), async {
        let request = fake.expect("tools/call").await;
        fake.answer(&request, text("plain")).await;
    });
    assert_eq!(answer.unwrap(), "plain");
}

#[tokio::test(start_paused = true)]
async fn progress_extends_the_time_but_not_the_longest() {
    let (client, mut fake) = modern(|builder| builder).await;
    let second = Duration::from_secs(1);
    let began = Instant::now();
    let call = client.call("t", ()).timeout(10 * second).max_timeout(35 * second).on_progress(|_| {});
    let (answer, ()) = tokio::join!(call.into_future(), async {
        let request = fake.expect("tools/call").await;
        for n in 1.. {
            tokio::time::sleep(8 * second).await;
            if n > 5 {
                break;
            }
            let params = json!({ "progressToken": request["id"], "progress": n });
            fake.say(json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params })).await;
        }
    });
    assert!(matches!(answer, Err(Error::Timeout { after, .. }) if after == 35 * second), "{answer:?}");
    assert_eq!((began.elapsed().as_secs()), 48);
    // Without progress the time is what was said.
    let began = Instant::now();
    let (call, mut progress) = client.call("t", ()).timeout(10 * second).max_timeout(35 * second).progress();
    let (answer, heard, ()) = tokio::join!(call.into_future(), progress.next(), async {
        let request = loop {
            let message = fake.next().await.unwrap();
            if message["method"] == "tools/call" {
                break message;
            }
        };
        let params = json!({ "progressToken": request["id"], "progress": 1 });
        fake.say(json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params })).await;
    });
    assert!(matches!(answer, Err(Error::Timeout { after, .. }) if after == 10 * second), "{answer:?}");
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(heard.unwrap().progress.as_u64(), Some(1));
    assert!(progress.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_list_comes_entry_by_entry_and_page_by_page() {
    let (client, mut fake) = modern(|builder| builder).await;
    let mut tools = client.tools();
    let tool = |name: &str| json!({ "name": name, "inputSchema": { "type": "object" } });
    let (first, ()) = tokio::join!(tools.next(), async {
        let request = fake.expect("tools/list").await;
        fake.answer(&request, json!({ "tools": [tool("a"), tool("b")], "nextCursor": "2" })).await;
    });
    assert_eq!(first.unwrap().unwrap().name, "a");
    assert_eq!(tools.next().await.unwrap().unwrap().name, "b");
    let (third, ()) = tokio::join!(tools.next(), async {
        let request = fake.expect("tools/list").await;
        assert_eq!(request["params"]["cursor"], "2");
        fake.answer(&request, json!({ "tools": [tool("c")], "nextCursor": "2" })).await;
    });
    // The cursor came twice, which ends the stream after what is there.
    assert!(matches!(third, Some(Err(Error::Invalid { .. }))), "{third:?}");
    assert!(tools.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn resources_templates_and_prompts_come_entry_by_entry_too() {
    let (client, mut fake) = modern(|builder| builder).await;
    let serving = async {
        for (method, member, entries) in [
            (
                "resources/list",
                "resources",
                [json!({ "uri": "a://1", "name": "1" }), json!({ "uri": "a://2", "name": "2" })],
            ),
            (
                "resources/templates/list",
                "resourceTemplates",
                [json!({ "uriTemplate": "a://{1}", "name": "1" }), json!({ "uriTemplate": "a://{2}", "name": "2" })],
            ),
            ("prompts/list", "prompts", [json!({ "name": "1" }), json!({ "name": "2" })]),
        ] {
            let [first, second] = entries;
            let request = fake.expect(method).await;
            assert_eq!(request["params"].get("cursor"), None);
            fake.answer(&request, json!({ member: [first], "nextCursor": "next" })).await;
            let request = fake.expect(method).await;
            assert_eq!(request["params"]["cursor"], "next");
            fake.answer(&request, json!({ member: [second] })).await;
        }
    };
    let taking = async {
        let mut seen = Vec::new();
        let (mut resources, mut templates, mut prompts) =
            (client.resources(), client.resource_templates(), client.prompts());
        while let Some(resource) = resources.next().await {
            seen.push(resource.unwrap().uri);
        }
        while let Some(template) = templates.next().await {
            seen.push(template.unwrap().uri_template);
        }
        while let Some(prompt) = prompts.next().await {
            seen.push(prompt.unwrap().name);
        }
        seen
    };
    let (seen, ()) = tokio::join!(taking, serving);
    assert_eq!(seen, ["a://1", "a://2", "a://{1}", "a://{2}", "1", "2"]);
}
