//! What kind of server it is that answers the probe like this: what the client asks it for next, or the error.

use mcp_runtime::client::{Error, Retry};
use mcp_runtime::{Client, Revision};
use serde_json::{Value, json};

use crate::fake::{Fake, Hit, discovered, initialized};

const JSON: &str = "Content-Type: application/json\r\n";
const HTML: &str = "Content-Type: text/html\r\n";

/// What becomes of a client whose probe is answered like this: the revision that it shakes hands for, or the error.
async fn after(status: u16, head: &str, body: impl FnOnce(&Hit) -> String) -> Result<Revision, Error> {
    let fake = Fake::open().await;
    let mut connecting = tokio::spawn(Client::http(fake.url()).retry(Retry::never()).connect());
    let hit = fake.expect("server/discover").await;
    let body = body(&hit);
    hit.answer(status, head, body).await;
    let hit = tokio::select! {
        hit = fake.expect("initialize") => hit,
        connected = &mut connecting => {
            fake.expect_silence().await;
            return connected.unwrap().map(|client| client.revision());
        }
    };
    let wanted = hit.body["params"]["protocolVersion"].as_str().unwrap().to_owned();
    assert_eq!((hit.header("mcp-session-id"), hit.header("mcp-method")), (None, None), "it is asked as older ones are");
    hit.result(initialized(&wanted)).await;
    fake.expect("notifications/initialized").await.answer(202, "", "").await;
    let revision = connecting.await.unwrap().unwrap().revision();
    assert_eq!(revision.as_str(), wanted);
    Ok(revision)
}

fn refusal(hit: &Hit, code: i64, data: &Value) -> String {
    let error = json!({ "code": code, "message": "no", "data": data });
    json!({ "jsonrpc": "2.0", "id": hit.body["id"], "error": error }).to_string()
}

#[tokio::test]
async fn what_is_no_answer_of_a_newer_server_leads_to_a_handshake() {
    let html = || "<html>Not here</html>".to_owned();
    let none = || Value::Null;
    let older = Revision::LATEST_WITH_HANDSHAKE;
    assert_eq!(after(404, HTML, |_| html()).await.unwrap(), older);
    assert_eq!(after(404, JSON, |hit| refusal(hit, -32601, &none())).await.unwrap(), older);
    assert_eq!(after(405, "", |_| String::new()).await.unwrap(), older);
    assert_eq!(after(400, "", |_| String::new()).await.unwrap(), older);
    assert_eq!(after(400, JSON, |hit| refusal(hit, -32022, &none())).await.unwrap(), older);
    assert_eq!(after(200, HTML, |_| html()).await.unwrap(), older);
    assert_eq!(after(500, HTML, |_| html()).await.unwrap(), older);
    assert_eq!(after(503, "", |_| String::new()).await.unwrap(), older);
    // The control: one that answers as newer ones do.
    let answer = |hit: &Hit| hit.done(&discovered()).to_string();
    assert_eq!(after(200, JSON, answer).await.unwrap(), Revision::V2026_07_28);
}

#[tokio::test]
async fn a_server_that_says_what_it_speaks_is_taken_at_its_word() {
    let offering = |offered: Value| after(400, JSON, move |hit| refusal(hit, -32022, &json!({ "supported": offered })));
    assert_eq!(offering(json!(["2025-06-18", "2024-11-05"])).await.unwrap(), Revision::V2025_06_18);
    let error = offering(json!(["2099-01-01"])).await.unwrap_err();
    assert!(matches!(&error, Error::Version { offered, .. } if offered == &["2099-01-01"]), "{error}");
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_says_nothing_of_its_revision() {
    for status in [401, 403] {
        let error = after(status, HTML, |_| "<html>Go away</html>".to_owned()).await.unwrap_err();
        assert!(matches!(&error, Error::Status { status: told, .. } if *told == status), "{error}");
    }
}
