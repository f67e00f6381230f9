//! Resources whose contents change, and who hears of it.

use mcp_runtime::{Limits, group};
use serde_json::{Value, json};

use crate::{LATEST, changing, client, level, level_at, listen, news, sessions, stream_of};

#[tokio::test(start_paused = true)]
async fn a_session_hears_of_the_resources_that_it_subscribed_to() {
    for revision in sessions() {
        let (server, handle) = changing();
        handle.add(group![level, level_at]).unwrap();
        let mut client = client(server, revision).await;
        let touch_all =
            || ["sea://level", "sea://Brest/level", "sea://unheard/of"].map(|uri| handle.resource_updated(uri));
        touch_all();
        assert_eq!(client.rest().await, Vec::<Value>::new(), "{revision}");
        for uri in ["sea://level", "sea://Brest/level", "sea://Brest/level"] {
            let answer = client.request("resources/subscribe", json!({ "uri": uri })).await;
            assert_eq!(answer, json!({}), "{revision}");
        }
        touch_all();
        let frames = client.rest().await;
        assert_eq!(news(&frames), ["sea://Brest/level", "sea://level"], "{revision}");
        assert_eq!(stream_of(&frames[0]), None, "{revision}");
        let answer = client.request("resources/unsubscribe", json!({ "uri": "sea://Brest/level" })).await;
        assert_eq!(answer, json!({}), "{revision}");
        touch_all();
        assert_eq!(news(&client.rest().await), ["sea://level"], "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_subscribes_to_what_is_not_there() {
    for revision in sessions() {
        let (server, handle) = changing();
        handle.add(group![level]).unwrap();
        let mut client = client(server, revision).await;
        for (uri, code) in [("sea://unheard_of", json!(-32002)), ("sea://level", Value::Null)] {
            let answer = client.request("resources/subscribe", json!({ "uri": uri })).await;
            assert_eq!(answer["code"], code, "{revision}: {answer}");
            handle.resource_updated(uri);
        }
        assert_eq!(news(&client.rest().await), ["sea://level"], "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_hears_of_the_resources_of_its_filter_under_its_id() {
    let (server, handle) = changing();
    handle.add(group![level, level_at]).unwrap();
    let mut client = client(server, LATEST).await;
    let uris = json!({ "resourceSubscriptions": ["sea://unheard_of", "sea://Brest/level", "sea://level"] });
    let agreed = listen(&mut client, "many", uris).await;
    assert_eq!(agreed, json!({ "resourceSubscriptions": ["sea://Brest/level", "sea://level"] }));
    listen(&mut client, 1, json!({ "resourceSubscriptions": ["sea://level"] })).await;
    for uri in ["sea://level", "sea://unheard_of", "sea://Brest/level", "sea://Bristol/level"] {
        handle.resource_updated(uri);
    }
    let frames = client.rest().await;
    for (id, expected) in [(json!("many"), vec!["sea://Brest/level", "sea://level"]), (json!(1), vec!["sea://level"])] {
        let own: Vec<Value> = frames.iter().filter(|frame| stream_of(frame) == Some(&id)).cloned().collect();
        assert_eq!(news(&own), expected, "{id}");
    }
    assert_eq!(frames.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_client_subscribes_to_as_many_resources_as_the_limit_says() {
    let limited = || {
        let (server, handle) = changing();
        handle.add(group![level_at]).unwrap();
        server.limits(Limits::default().subscriptions(2))
    };
    for revision in sessions() {
        let mut client = client(limited(), revision).await;
        let mut subscribe = async |method: &str, uri: &str| {
            client.request(&format!("resources/{method}"), json!({ "uri": uri })).await["code"].take()
        };
        assert_eq!(subscribe("subscribe", "sea://a/level").await, Value::Null, "{revision}");
        assert_eq!(subscribe("subscribe", "sea://b/level").await, Value::Null, "{revision}");
        assert_eq!(subscribe("subscribe", "sea://c/level").await, -32602, "{revision}");
        // One that is subscribed to already is no further one, and one that is given back makes room.
        assert_eq!(subscribe("subscribe", "sea://a/level").await, Value::Null, "{revision}");
        assert_eq!(subscribe("unsubscribe", "sea://a/level").await, Value::Null, "{revision}");
        assert_eq!(subscribe("subscribe", "sea://c/level").await, Value::Null, "{revision}");
    }
    let mut client = client(limited(), LATEST).await;
    let three = json!({ "resourceSubscriptions": ["sea://a/level", "sea://b/level", "sea://c/level"] });
    let answer = client.request("subscriptions/listen", json!({ "notifications": three })).await;
    assert_eq!(answer["code"], -32602, "{answer}");
    let two = json!({ "resourceSubscriptions": ["sea://a/level", "sea://b/level"] });
    assert_eq!(listen(&mut client, 1, two.clone()).await, two);
}
