//! Names that a macro could stumble over: raw identifiers, its own words, a parameter named like its function, and types of
//! the user's that hide those of the standard library.
#![allow(non_camel_case_types, dead_code)]

use mcp_runtime::{Context, State, prompt, resource, server, testing, tool};
use serde_json::json;

mod std {}
mod core {}
mod mcp {}

struct Arguments;
struct Slots;
struct A;
struct Name;
struct Box;
struct Vec;
struct Some;
struct None;
struct Ok;
struct Err;
struct Default;
struct Probe;
struct Input;
trait Send {}
trait Sync {}
trait Group {}
trait StaticItem {}
trait Into {}
trait From {}

type Result<T> = ::std::result::Result<T, ::std::string::String>;

#[derive(::serde::Serialize, ::schemars::JsonSchema)]
struct Note {
    text: ::std::string::String,
}

#[tool]
fn r#match(r#type: &str, r#fn: u32) -> ::std::string::String {
    format!("{}{}", r#type, r#fn)
}

/// Its own name, those of what is around it in generated code, and a local's.
#[tool]
fn a0(a0: u32, a1: u32, slots: u32, registry: u32, map: u32, cx: &Context, input: u32, __mcp: u32) -> u32 {
    let _ = cx;
    a0 + a1 + slots + registry + map + input + __mcp
}

#[tool]
fn result(fail: bool) -> Result<Note> {
    if fail {
        ::std::result::Result::Err("no".to_string())
    } else {
        ::std::result::Result::Ok(Note { text: "yes".to_string() })
    }
}

#[tool]
async fn needs(needs: State<u8>, self_: Option<u8>) -> u8 {
    *needs + self_.unwrap_or(1)
}

#[prompt]
fn prompt_(prompt: &str) -> Result<::std::string::String> {
    ::std::result::Result::Ok(prompt.to_string())
}

#[resource("r://{type}/{fn}")]
fn r#loop(r#type: &str, r#fn: u8) -> ::std::string::String {
    format!("{}{}", r#type, r#fn)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // A local of the same name hides nothing: items are named by their types.
    let result = 5;
    let client = testing::client(server![r#match, a0, result, needs, prompt_, r#loop].state(1_u8)).await;
    let _ = result;
    let said = client.call("match", json!({ "type": "a", "fn": 1 })).await.unwrap();
    assert_eq!(said.is_error, ::std::option::Option::None);
    let sum = json!({ "a0": 1, "a1": 1, "slots": 1, "registry": 1, "map": 1, "input": 1, "__mcp": 1 });
    assert_eq!(client.call("a0", sum).await.unwrap().is_error, ::std::option::Option::None);
    let note = client.call("result", json!({ "fail": false })).await.unwrap();
    assert_eq!(note.structured_content.unwrap().get(), r#"{"text":"yes"}"#);
    assert_eq!(
        client.call("result", json!({ "fail": true })).await.unwrap().is_error,
        ::std::option::Option::Some(true)
    );
    assert_eq!(r#match("b", 2), "b2");
}
