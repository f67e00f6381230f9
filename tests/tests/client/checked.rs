//! Structured results against the schemas that the list gave for them.

use std::time::{Duration, Instant};

use mcp_runtime::Client;
use mcp_runtime::client::Error;
use serde_json::{Value, json};

use crate::fake::{Fake, modern};

/// A client that knows a tool `t` with this output schema.
async fn knowing(schema: Value) -> (Client, Fake) {
    let (client, mut fake) = modern(|builder| builder).await;
    let tool = json!({ "name": "t", "inputSchema": { "type": "object" }, "outputSchema": schema });
    let (tools, ()) = tokio::join!(client.list_tools(), async {
        let request = fake.expect("tools/list").await;
        fake.answer(&request, json!({ "tools": [tool] })).await;
    });
    assert_eq!(tools.unwrap().len(), 1);
    (client, fake)
}

async fn call(client: &Client, fake: &mut Fake, result: Value) -> Result<(), Error> {
    let (result, ()) = tokio::join!(client.call("t", ()).into_future(), async {
        let request = fake.expect("tools/call").await;
        fake.answer(&request, result).await;
    });
    result.map(drop)
}

#[tokio::test]
async fn a_result_that_is_not_what_its_schema_says_is_an_error() {
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
    let (client, mut fake) = knowing(schema).await;
    for (result, expected) in [
        (json!({ "content": [], "structuredContent": { "n": 1 } }), None),
        (json!({ "content": [], "structuredContent": { "n": "1" } }), Some("is not of type \"integer\" at \"/n\"")),
        (json!({ "content": [], "structuredContent": {} }), Some("is a required property")),
        (json!({ "content": [] }), Some("promises a structured result and gave none")),
        (json!({ "content": [], "isError": true }), None),
    ] {
        let error = call(&client, &mut fake, result.clone()).await.err().map(|error| error.to_string());
        match (&error, expected) {
            (None, None) => {}
            (Some(error), Some(expected)) => assert!(error.contains(expected), "{error}"),
            _ => panic!("{result} became {error:?}"),
        }
    }
}

#[tokio::test]
async fn schemas_that_point_elsewhere_or_make_no_sense_are_not_followed() {
    for schema in [
        json!({ "$ref": "http://127.0.0.1:9/schema.json" }),
        json!({ "$ref": "file:///etc/passwd" }),
        json!({ "type": "object", "properties": 7 }),
        json!({ "type": "object", "properties": { "a": { "pattern": "(" } } }),
        json!({ "type": "object", "description": "x".repeat(300 * 1024) }),
    ] {
        let (client, mut fake) = knowing(schema).await;
        call(&client, &mut fake, json!({ "content": [], "structuredContent": { "a": "b" } })).await.unwrap();
    }
}

#[tokio::test]
async fn a_schema_that_points_to_the_network_reaches_nobody() {
    let door = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/schema.json", door.local_addr().unwrap());
    for schema in [
        json!({ "$ref": url }),
        json!({ "type": "object", "properties": { "a": { "$ref": format!("{url}#/$defs/a") } } }),
        json!({ "$id": url, "type": "object", "properties": { "a": { "$ref": "other.json" } } }),
        json!({ "$schema": url, "type": "object" }),
        json!({ "$dynamicRef": url }),
    ] {
        let (client, mut fake) = knowing(schema).await;
        call(&client, &mut fake, json!({ "content": [], "structuredContent": { "a": "b" } })).await.unwrap();
    }
    let visit = tokio::time::timeout(Duration::from_millis(300), door.accept()).await;
    assert!(visit.is_err(), "somebody came: {visit:?}");
}

#[tokio::test]
async fn a_schema_that_takes_forever_is_given_up() {
    let mut definitions = serde_json::Map::new();
    for n in 0..40 {
        let next = json!({ "$ref": format!("#/$defs/d{}", n + 1) });
        definitions.insert(format!("d{n}"), json!({ "allOf": [next, next] }));
    }
    definitions.insert("d40".to_owned(), json!({ "type": "object" }));
    let (client, mut fake) = knowing(json!({ "$ref": "#/$defs/d0", "$defs": definitions })).await;
    let began = Instant::now();
    let outcome = call(&client, &mut fake, json!({ "content": [], "structuredContent": {} })).await;
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    if let Err(error) = outcome {
        assert!(error.to_string().contains("cannot be checked within 2s"), "{error}");
    }
}

/// A schema that no object fits, this long.
fn unfitting(length: usize) -> Value {
    json!({ "type": "object", "required": ["missing"], "description": "x".repeat(length) })
}

#[tokio::test]
async fn a_schema_that_is_too_long_is_not_checked() {
    for (length, is_checked) in [(200 << 10, true), (300 << 10, false)] {
        let (client, mut fake) = knowing(unfitting(length)).await;
        let outcome = call(&client, &mut fake, json!({ "content": [], "structuredContent": {} })).await;
        assert_eq!(outcome.is_err(), is_checked, "{length}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_result_that_is_too_long_is_not_checked() {
    let (client, mut fake) = knowing(unfitting(0)).await;
    for (length, is_checked) in [(3 << 20, true), (5 << 20, false)] {
        let structured = json!({ "a": "x".repeat(length) });
        let outcome = call(&client, &mut fake, json!({ "content": [], "structuredContent": structured })).await;
        assert_eq!(outcome.is_err(), is_checked, "{length}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_result_is_checked_as_deep_as_a_message_may_be() {
    let within = json!({ "anyOf": [{ "$ref": "#" }, { "type": "integer" }] });
    let schema = json!({ "type": "object", "properties": { "a": within } });
    let (client, mut fake) = knowing(schema).await;
    let nested = |depth: usize, inside: Value| (0..depth).fold(inside, |inside, _| json!({ "a": inside }));
    call(&client, &mut fake, json!({ "content": [], "structuredContent": nested(120, json!(1)) })).await.unwrap();
    let wrong = json!({ "content": [], "structuredContent": nested(120, json!("1")) });
    let told = call(&client, &mut fake, wrong).await.unwrap_err().to_string();
    assert!(told.contains("is not what its schema says"), "{told}");
    let deep = json!({ "content": [], "structuredContent": nested(200, json!(1)) });
    let error = call(&client, &mut fake, deep).await.unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
    assert!(error.to_string().contains("nested deeper than 128 levels"), "{error}");
    assert_eq!(client.stray_output().lines, 0);
}
