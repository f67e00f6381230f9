//! Which revision a client and a server end up with.

use std::time::Duration;

use mcp_runtime::Revision;
use mcp_runtime::client::Error;
use mcp_runtime::model::{ClientCapabilities, Implementation, RootsCapability};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::fake::{discovered, initialized, modern, pair, play};

#[tokio::test(start_paused = true)]
async fn a_server_that_is_discovered_needs_no_handshake() {
    let (client, mut fake) = modern(|builder| builder).await;
    assert_eq!(client.revision(), Revision::V2026_07_28);
    assert_eq!(client.server_info(), Some(&Implementation::new("fake", "1")));
    assert_eq!(client.instructions(), Some("Ask nicely."));
    assert!(client.capabilities().tools.is_some());
    fake.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn every_request_of_2026_07_28_says_who_asks() {
    let roots = Some(RootsCapability { list_changed: Some(true) });
    let capabilities = ClientCapabilities { roots, ..ClientCapabilities::default() };
    let (builder, mut fake) = pair();
    let connecting = builder.info(Implementation::new("test", "2")).capabilities(capabilities).connect();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "2" },
        // Only up to 2025-11-25 do roots tell when they change.
        "io.modelcontextprotocol/clientCapabilities": { "roots": {} },
    });
    let (client, ()) = tokio::join!(connecting, async {
        let probe = fake.expect("server/discover").await;
        assert_eq!(probe["params"], json!({ "_meta": meta }));
        fake.answer(&probe, discovered(&["2026-07-28"])).await;
    });
    let client = client.unwrap();
    let (result, ()) = tokio::join!(client.call("add", json!({ "a": 1 })).into_future(), async {
        let request = fake.expect("tools/call").await;
        assert_eq!(request["params"], json!({ "name": "add", "arguments": { "a": 1 }, "_meta": meta }));
        fake.answer(&request, json!({ "content": [], "resultType": "complete" })).await;
    });
    result.unwrap();
}

#[tokio::test(start_paused = true)]
async fn any_refusal_of_the_probe_means_a_handshake() {
    // -32022 without a list is some old server's own code.
    for code in [-32601, -32602, -32600, -32000, -32022, 1] {
        let (builder, fake) = pair();
        let (client, _fake) = play(builder, fake, async |fake| {
            let probe = fake.expect("server/discover").await;
            fake.refuse(&probe, code, Value::Null).await;
            let request = fake.expect("initialize").await;
            assert_eq!(request["params"]["protocolVersion"], "2025-11-25");
            assert_eq!(request["params"].get("_meta"), None);
            fake.answer(&request, initialized("2025-11-25")).await;
            fake.expect("notifications/initialized").await;
        })
        .await;
        assert_eq!(client.unwrap().revision(), Revision::V2025_11_25, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_discovery_means_a_handshake() {
    for result in [json!({}), json!("hello"), json!({ "supportedVersions": "2026-07-28" })] {
        let (builder, fake) = pair();
        let (client, _fake) = play(builder, fake, async |fake| {
            let probe = fake.expect("server/discover").await;
            fake.answer(&probe, result.clone()).await;
            let request = fake.expect("initialize").await;
            fake.answer(&request, initialized("2024-11-05")).await;
        })
        .await;
        assert_eq!(client.unwrap().revision(), Revision::V2024_11_05, "{result}");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_means_a_handshake_after_three_seconds() {
    let began = Instant::now();
    let (builder, fake) = pair();
    let (client, mut fake) = play(builder, fake, async |fake| {
        let probe = fake.expect("server/discover").await;
        let request = fake.expect("initialize").await;
        assert_eq!(began.elapsed(), Duration::from_secs(3));
        // What comes for the probe now is too late to matter.
        fake.answer(&probe, discovered(&["2026-07-28"])).await;
        fake.answer(&request, initialized("2025-11-25")).await;
        fake.expect("notifications/initialized").await;
    })
    .await;
    assert_eq!(client.as_ref().unwrap().revision(), Revision::V2025_11_25);
    // In particular, the probe is not cancelled.
    fake.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_that_refuses_the_handshake_is_believed_its_late_discovery() {
    for is_late in [false, true] {
        let (builder, fake) = pair();
        let (client, _fake) = play(builder, fake, async |fake| {
            let probe = fake.expect("server/discover").await;
            let request = fake.expect("initialize").await;
            if is_late {
                fake.refuse(&request, -32601, Value::Null).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
                fake.answer(&probe, discovered(&["2026-07-28"])).await;
            } else {
                fake.answer(&probe, discovered(&["2026-07-28"])).await;
                fake.refuse(&request, -32601, Value::Null).await;
            }
        })
        .await;
        assert_eq!(client.unwrap().revision(), Revision::V2026_07_28);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_nothing_is_given_up() {
    let began = Instant::now();
    let (builder, fake) = pair();
    let (client, mut fake) = play(builder.timeout(Duration::from_secs(20)), fake, async |_| {}).await;
    assert_eq!(client.unwrap_err().to_string(), "the server did not answer `initialize` within 20s");
    assert_eq!(began.elapsed(), Duration::from_secs(23));
    fake.expect("server/discover").await;
    fake.expect("initialize").await;
    // The handshake is never cancelled: the client leaves.
    assert_eq!(fake.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_refused_revision_is_replaced_by_one_that_both_know() {
    for (offered, chosen) in [
        (&["2099-01-01", "2024-11-05", "2025-06-18"][..], Some("2025-06-18")),
        (&["2099-01-01"], None),
        (&["2026-07-28"], None),
        (&[], None),
    ] {
        let (builder, fake) = pair();
        let (client, mut fake) = play(builder, fake, async |fake| {
            let probe = fake.expect("server/discover").await;
            fake.refuse(&probe, -32022, json!({ "supported": offered, "requested": "2026-07-28" })).await;
            if offered.contains(&"2026-07-28") {
                // Once more, because it offers what it refuses.
                let probe = fake.expect("server/discover").await;
                fake.refuse(&probe, -32022, json!({ "supported": offered, "requested": "2026-07-28" })).await;
            }
            if let Some(chosen) = chosen {
                let request = fake.expect("initialize").await;
                assert_eq!(request["params"]["protocolVersion"], chosen);
                fake.answer(&request, initialized(chosen)).await;
                fake.expect("notifications/initialized").await;
            }
        })
        .await;
        if let Some(chosen) = chosen {
            assert_eq!(client.unwrap().revision().as_str(), chosen);
        } else {
            assert!(matches!(client, Err(Error::Version { wanted: None, .. })), "{client:?}");
            assert_eq!(fake.next().await, None, "no handshake is tried");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_what_it_offers_is_asked_once_more() {
    for pinned in [None, Some(Revision::V2026_07_28)] {
        let (builder, fake) = pair();
        let builder = pinned.into_iter().fold(builder, mcp_runtime::client::Connect::protocol);
        let (client, _fake) = play(builder, fake, async |fake| {
            let probe = fake.expect("server/discover").await;
            fake.refuse(&probe, -32022, json!({ "supported": ["2026-07-28"], "requested": "2026-07-28" })).await;
            let probe = fake.expect("server/discover").await;
            fake.answer(&probe, crate::fake::discovered(&["2026-07-28"])).await;
        })
        .await;
        assert_eq!(client.unwrap().revision(), Revision::V2026_07_28);
    }
}

#[tokio::test(start_paused = true)]
async fn a_discovered_server_is_spoken_to_in_the_newest_revision_that_both_know() {
    let all = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
    for (offered, chosen) in [
        (&all[..], Ok("2026-07-28")),
        (&["2099-01-01", "2025-03-26", "2025-06-18"], Ok("2025-06-18")),
        (
            &["2099-01-01"],
            Err("no revision in common: the server offers `2099-01-01`, this client speaks 2024-11-05, "),
        ),
    ] {
        let (builder, fake) = pair();
        let (client, _fake) = play(builder, fake, async |fake| {
            let probe = fake.expect("server/discover").await;
            fake.answer(&probe, discovered(offered)).await;
            if chosen == Ok("2025-06-18") {
                let request = fake.expect("initialize").await;
                fake.answer(&request, initialized("2025-06-18")).await;
            }
        })
        .await;
        match chosen {
            Ok(chosen) => assert_eq!(client.unwrap().revision().as_str(), chosen),
            Err(text) => assert!(client.unwrap_err().to_string().starts_with(text)),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_capability_is_told_and_no_handshake_is_tried() {
    let (builder, fake) = pair();
    let (client, mut fake) = play(builder, fake, async |fake| {
        let probe = fake.expect("server/discover").await;
        fake.refuse(&probe, -32021, json!({ "requiredCapabilities": { "sampling": {} } })).await;
    })
    .await;
    assert_eq!(client.unwrap_err().protocol().map(mcp_runtime::ProtocolError::code), Some(-32021));
    assert_eq!(fake.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_takes_any_revision_that_is_known() {
    for (answered, is_known) in
        [("2025-11-25", true), ("2024-11-05", true), ("2099-01-01", false), ("2026-07-28", false)]
    {
        let (builder, fake) = pair();
        let (client, mut fake) = play(builder, fake, async |fake| {
            let probe = fake.expect("server/discover").await;
            fake.refuse(&probe, -32601, Value::Null).await;
            let request = fake.expect("initialize").await;
            fake.answer(&request, initialized(answered)).await;
        })
        .await;
        assert_eq!(client.is_ok(), is_known, "{client:?}");
        let next = fake.next().await;
        assert_eq!(next.is_some(), is_known, "after an unknown revision the client says {next:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_refused_with_other_revisions_is_tried_once_more() {
    let (builder, fake) = pair();
    let (client, _fake) = play(builder, fake, async |fake| {
        let probe = fake.expect("server/discover").await;
        fake.refuse(&probe, -32601, Value::Null).await;
        let request = fake.expect("initialize").await;
        fake.refuse(&request, -32602, json!({ "supported": ["2024-11-05"], "requested": "2025-11-25" })).await;
        let request = fake.expect("initialize").await;
        assert_eq!(request["params"]["protocolVersion"], "2024-11-05");
        fake.answer(&request, initialized("2024-11-05")).await;
    })
    .await;
    assert_eq!(client.unwrap().revision(), Revision::V2024_11_05);
}

#[tokio::test(start_paused = true)]
async fn a_demanded_revision_that_is_refused_is_not_replaced() {
    let (builder, fake) = pair();
    let (client, mut fake) = play(builder.protocol(Revision::V2025_11_25), fake, async |fake| {
        let request = fake.expect("initialize").await;
        fake.refuse(&request, -32602, json!({ "supported": ["2024-11-05"] })).await;
    })
    .await;
    assert_eq!(client.unwrap_err().to_string(), "the server does not speak 2025-11-25; it offers `2024-11-05`");
    assert_eq!(fake.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_demanded_revision_with_a_handshake_is_taken_or_nothing() {
    for (answered, refusal) in
        [("2025-06-18", None), ("2025-11-25", Some("the server does not speak 2025-06-18; it offers `2025-11-25`"))]
    {
        let (builder, fake) = pair();
        let (client, _fake) = play(builder.protocol(Revision::V2025_06_18), fake, async |fake| {
            let request = fake.expect("initialize").await;
            assert_eq!(request["params"]["protocolVersion"], "2025-06-18");
            fake.answer(&request, initialized(answered)).await;
        })
        .await;
        assert_eq!(client.err().map(|error| error.to_string()).as_deref(), refusal);
    }
}

#[tokio::test(start_paused = true)]
async fn a_demanded_revision_without_a_handshake_is_taken_or_nothing() {
    for (offered, refusal) in [
        (Some("2026-07-28"), None),
        (Some("2025-11-25"), Some("the server does not speak 2026-07-28; it offers `2025-11-25`")),
        (None, Some("the server refused `server/discover`: no (-32601)")),
    ] {
        let (builder, fake) = pair();
        let (client, _fake) = play(builder.protocol(Revision::V2026_07_28), fake, async |fake| {
            let probe = fake.expect("server/discover").await;
            match offered {
                Some(offered) => fake.answer(&probe, discovered(&[offered])).await,
                None => fake.refuse(&probe, -32601, Value::Null).await,
            }
        })
        .await;
        assert_eq!(client.err().map(|error| error.to_string()).as_deref(), refusal);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_echoes_is_no_server() {
    let (builder, fake) = pair();
    let (client, _fake) = play(builder, fake, async |fake| {
        while let Some(message) = fake.next().await {
            fake.say(message).await;
        }
    })
    .await;
    assert!(matches!(client, Err(Error::Protocol { .. })), "{client:?}");
}
