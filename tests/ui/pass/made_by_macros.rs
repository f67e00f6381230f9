//! Items that the user's own `macro_rules!` make: types, names, expressions and texts reach the attribute in invisible brackets.

use mcp_runtime::{Context, State, prompt, resource, serve, server, testing, tool};
use serde_json::json;

macro_rules! make {
    ($name:ident, $doc:literal, $argument:ty, $optional:ty, $state:ty, $cx:ty, $result:ty, $range:expr, $default:expr) => {
        #[doc = $doc]
        #[tool(title = $doc)]
        fn $name(
            #[doc = $doc] a: $argument,
            b: $optional,
            state: $state,
            cx: $cx,
            #[arg(range = $range, default = $default)] c: u32,
        ) -> $result {
            let _ = (cx, b);
            Ok(format!("{a}{}{c}", *state))
        }
    };
}

make!(made, "Made.", &str, Option<u32>, State<u8>, &Context, Result<String, String>, 1..=9, 5);

macro_rules! others {
    ($uri:literal, $id:ty, $ask:ty) => {
        #[resource($uri)]
        fn at(id: $id) -> String {
            id.to_string()
        }

        #[prompt]
        fn ask(about: $ask) -> String {
            about.unwrap_or("?").to_owned()
        }

        struct Block;

        #[serve]
        impl Block {
            #[tool]
            fn block(&self, id: $id, about: $ask) -> $id {
                let _ = about;
                id
            }
        }

        #[tool]
        struct Record {
            id: Option<$id>,
        }

        impl Record {
            fn call(self, _: &Context) -> Option<$id> {
                self.id
            }
        }
    };
}

others!("at://{id}", u32, Option<&str>);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = || server![made, at, ask, (Block), Record].state(1_u8);
    let surface = testing::surface(server());
    let schema = &surface["tools"][0]["inputSchema"];
    assert_eq!(surface["tools"][0]["description"], "Made.");
    assert_eq!(surface["tools"][0]["title"], "Made.");
    assert_eq!(schema["properties"]["a"]["description"], "Made.");
    assert_eq!(schema["properties"]["c"]["maximum"], 9);
    assert_eq!(schema["required"], json!(["a"]));
    assert_eq!(surface["tools"][1]["inputSchema"]["required"], json!(["id"]));
    assert_eq!(surface["prompts"][0]["arguments"][0]["required"], false);
    let client = testing::client(server()).await;
    let result = client.call("made", json!({ "a": "x" })).await.unwrap();
    assert!(serde_json::to_string(&result.content).unwrap().contains("x15"));
}
