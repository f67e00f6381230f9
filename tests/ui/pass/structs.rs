//! Structs as items: tools with a sync and an async `call`, without fields, with state; a prompt; resources by path and by
//! value.

use mcp_runtime::{Context, State, prompt, resource, server, testing, tool};
use serde::Serialize;
use serde_json::json;

/// Adds two numbers.
#[tool(read_only)]
pub struct Add {
    /// The first.
    pub a: i64,
    /// The second.
    #[arg(default = 1, range = 0..)]
    b: i64,
}

impl Add {
    fn call(self, _: &Context) -> i64 {
        self.a + self.b
    }
}

#[tool(name = "search")]
struct Search {
    words: State<Vec<String>>,
    query: String,
    limit: Option<usize>,
}

impl Search {
    async fn call(self, cx: &Context) -> Result<Vec<String>, String> {
        if cx.is_cancelled() {
            return Err("cancelled".to_owned());
        }
        std::future::ready(()).await;
        Ok(self.words.iter().filter(|word| word.contains(&self.query)).take(self.limit.unwrap_or(9)).cloned().collect())
    }
}

#[tool]
struct Unit;

impl Unit {
    fn call(&self, _: &Context) -> &'static str {
        "unit"
    }
}

#[tool]
struct Braces {}

impl Braces {
    fn call(&mut self, _: &Context) -> bool {
        true
    }
}

#[prompt]
struct Review {
    /// The code.
    #[arg(complete = ["fn main() {}"])]
    code: String,
    language: Option<String>,
}

impl Review {
    fn render(self) -> String {
        format!("Review this {}: {}", self.language.as_deref().unwrap_or("code"), self.code)
    }
}

#[prompt]
struct Later {
    words: State<Vec<String>>,
}

impl Later {
    async fn render(self) -> Result<String, String> {
        self.words.first().cloned().ok_or_else(|| "nothing".to_owned())
    }
}

/// How it is set up.
#[resource("config://by-path", mime = "application/json")]
#[derive(Serialize)]
struct ByPath {
    verbose: bool,
}

#[derive(Serialize)]
#[resource("config://by-value")]
struct ByValue {
    verbose: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let value = ByValue { verbose: true };
    let server = server![Add, Search, Unit, Braces, Review, Later, ByPath, (value)];
    let client = testing::client(server.state(ByPath { verbose: false }).state(vec!["word".to_owned()])).await;
    let text = async |name: &str, arguments| {
        let result = client.call(name, arguments).await.unwrap();
        serde_json::to_value(&result.content).unwrap()[0]["text"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(text("Add", json!({ "a": 1 })).await, "2");
    assert_eq!(text("search", json!({ "query": "or" })).await, r#"["word"]"#);
    assert_eq!(text("Unit", json!({})).await, "unit");
    assert_eq!(text("Braces", json!({})).await, "true");
    assert_eq!(Add { a: 1, b: 2 }.a, 1);
}
