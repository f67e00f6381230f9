//! What a server writes over a pipe instead of an answer, once hands are shaken: an error that says what, or nothing but the
//! answer that comes after it.

use mcp_runtime::client::Error;
use serde_json::{Value, json};

use crate::fake::{Fake, modern};

fn answer(id: &Value, text: &str) -> String {
    let result = json!({ "content": [{ "type": "text", "text": text }] });
    format!("{}\n", json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

/// What the server writes when it is asked with this id.
type Nonsense = fn(&Value) -> String;

/// None of these is an answer, and this many lines are no message at all.
const NONE: [(Nonsense, u64); 6] = [
    (|_| "<html>\n<body>Welcome</body>\n</html>\n".to_owned(), 3),
    (|id| answer(id, "half").split_at(30).0.to_owned() + "\n", 1),
    (|id| answer(id, "cut").replace("\"result\"", "\n\"result\""), 2),
    (|_| answer(&json!(999), "another's"), 0),
    (|id| answer(&json!(id.to_string()), "a text as its id"), 0),
    (|_| answer(&Value::Null, "nobody's"), 1),
];

async fn asked(fake: &mut Fake, write: impl Fn(&Value) -> String) {
    let request = fake.expect("tools/call").await;
    fake.raw(&write(&request["id"])).await;
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_no_answer_and_the_one_after_it_is() {
    for (row, (nonsense, stray)) in NONE.into_iter().enumerate() {
        let (client, mut fake) = modern(|builder| builder).await;
        let (result, ()) = tokio::join!(client.call("t", ()).into_future(), asked(&mut fake, nonsense));
        assert_eq!(result.unwrap_err().to_string(), "the server did not answer `tools/call` within 60s", "{row}");
        assert_eq!(client.stray_output().lines, stray, "{row}");
        fake.expect("notifications/cancelled").await;
        let both = |id: &Value| nonsense(id) + &answer(id, "good");
        let (result, ()) = tokio::join!(client.call("t", ()).into_future(), asked(&mut fake, both));
        assert_eq!(result.unwrap().content, [mcp_runtime::model::ContentBlock::text("good")], "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn nonsense_before_the_end_is_no_answer() {
    let half: Nonsense = |id| answer(id, "half").split_at(30).0.to_owned();
    for (row, nonsense) in NONE.into_iter().map(|(nonsense, _)| nonsense).chain([half]).enumerate() {
        let (client, mut fake) = modern(|builder| builder).await;
        let (result, ()) = tokio::join!(client.call("t", ()).into_future(), async {
            asked(&mut fake, nonsense).await;
            drop(fake);
        });
        assert!(matches!(result, Err(Error::Closed { .. })), "{row}: {result:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_twice_counts_once() {
    let (client, mut fake) = modern(|builder| builder).await;
    for _ in 0..2 {
        let twice = |id: &Value| answer(id, "one") + &answer(id, "two");
        let (result, ()) = tokio::join!(client.call("t", ()).into_future(), asked(&mut fake, twice));
        assert_eq!(result.unwrap().content, [mcp_runtime::model::ContentBlock::text("one")]);
    }
    assert_eq!(client.stray_output().lines, 0);
}
