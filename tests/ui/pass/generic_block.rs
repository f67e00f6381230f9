//! A served type with a parameter, which its methods take and return.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Mutex;

use mcp_runtime::{Context, State, serve, server, testing};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

struct Counter<T, const N: usize>
where
    T: Display,
{
    values: Mutex<Vec<T>>,
}

#[derive(Serialize, JsonSchema)]
struct Held<T> {
    values: Vec<T>,
    limit: usize,
}

#[serve]
impl<T: Clone + Send + Sync + 'static, const N: usize> Counter<T, N>
where
    T: Display + DeserializeOwned + Serialize + JsonSchema,
{
    /// Keeps a value.
    #[tool]
    async fn keep(&self, cx: &Context, value: T, others: Option<Vec<T>>) -> Result<Held<T>, String> {
        if cx.is_cancelled() {
            return Err("cancelled".to_owned());
        }
        let mut values = self.values.lock().unwrap();
        values.push(value);
        values.extend(others.unwrap_or_default());
        if values.len() > N { Err(format!("at most {N}")) } else { Ok(Held { values: values.clone(), limit: N }) }
    }

    /// The last value, as it is.
    #[tool]
    fn last(&self) -> Option<T> {
        self.values.lock().unwrap().last().cloned()
    }

    #[tool]
    fn whole(&self, #[inject] words: Words, by: &BTreeMap<String, T>) -> Vec<T> {
        let _ = words.len();
        by.values().cloned().collect()
    }

    /// Without `self`.
    #[tool]
    fn limit() -> usize {
        N
    }

    #[resource("values://{index}")]
    fn at(&self, index: usize) -> Option<String> {
        self.values.lock().unwrap().get(index).map(ToString::to_string)
    }

    #[prompt]
    fn ask(&self) -> String {
        format!("What are {N} values for?")
    }

    fn not_served(&self) -> Self {
        Self { values: Mutex::new(self.values.lock().unwrap().clone()) }
    }
}

type Words = State<Vec<String>>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let counter = Counter::<u8, 2> { values: Mutex::new(Vec::new()) }.not_served();
    let client = testing::client(server![counter.not_served()].state(Vec::<String>::new())).await;
    let kept = client.call("keep", json!({ "value": 7 })).await.unwrap();
    assert_eq!(kept.structured_content.unwrap().get(), r#"{"values":[7],"limit":2}"#);
    assert_eq!(client.call("keep", json!({ "value": 700 })).await.unwrap().is_error, Some(true));
    assert_eq!(client.call("keep", json!({ "value": 1, "others": [2, 3] })).await.unwrap().is_error, Some(true));
    assert_eq!(client.call("limit", json!({})).await.unwrap().is_error, None);
}
