//! Everything that a tool, a resource and a prompt may return.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use mcp_runtime::model::{
    CallToolResult, ContentBlock, GetPromptResult, ImageContent, PromptMessage, ResourceContents, ResourceLink,
    TextContent,
};
use mcp_runtime::{ProtocolError, prompt, resource, server, testing, tool};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Serialize, JsonSchema)]
struct Note {
    text: String,
}

/// An error like that of `anyhow`: no `Error` itself, and causes in its alternate form.
struct Chain;

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if f.alternate() { "outer: inner" } else { "outer" })
    }
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

macro_rules! tools {
    ($($name:ident: $type:ty = $value:expr;)*) => { $(
        #[tool]
        fn $name() -> $type {
            $value
        }
    )* };
}

tools! {
    string: String = "x".into();
    fixed: &'static str = "x";
    cow: Cow<'static, str> = "x".into();
    boxed: Box<str> = "x".into();
    number: u64 = 5;
    float: f64 = 0.5;
    truth: bool = true;
    letter: char = 'x';
    unit: () = ();
    option_text: Option<String> = None;
    option_struct: Option<Note> = None;
    structure: Note = Note { text: "x".into() };
    list: Vec<Note> = vec![Note { text: "x".into() }];
    numbers: Vec<u32> = vec![1];
    map: BTreeMap<String, u32> = BTreeMap::new();
    pair: (u32, String) = (1, "x".into());
    value: Value = json!({ "a": 1 });
    content: ContentBlock = ContentBlock::text("x");
    contents: Vec<ContentBlock> = vec![ContentBlock::text("x")];
    text_content: TextContent = TextContent::new("x");
    images: Vec<ImageContent> = vec![ImageContent::new("eA==", "image/png")];
    link: ResourceLink = ResourceLink::new("note://1", "one");
    result: CallToolResult = CallToolResult::text("x");
    ok_text: Result<String, String> = Ok("x".into());
    ok_struct: Result<Note, Chain> = Ok(Note { text: "x".into() });
    ok_option: Result<Option<Note>, Outer> = Ok(None);
    err_text: Result<String, &'static str> = Err("broken");
    err_chain: Result<(), Chain> = Err(Chain);
    err_source: Result<(), Outer> = Err(Outer("x".parse::<u8>().unwrap_err()));
    err_box: Result<(), Box<dyn Error + Send + Sync>> = Err("boxed".into());
    err_protocol: Result<(), ProtocolError> = Err(ProtocolError::invalid_params("no such thing"));
}

#[tool]
fn elided() {}

#[tool]
fn echo(text: &str) -> &str {
    text
}

#[tool]
async fn echo_async(text: &str) -> Result<Option<&str>, Box<dyn Error + Send + Sync>> {
    std::future::ready(()).await;
    Ok(Some(text))
}

#[tool]
fn echo_cow<'t>(text: Cow<'t, str>) -> Cow<'t, str> {
    text
}

#[resource("r://text")]
fn text_resource() -> &'static str {
    "x"
}

#[resource("r://bytes/{n}")]
fn bytes_resource(n: u8) -> Option<Vec<u8>> {
    (n > 0).then(|| vec![n])
}

#[resource("r://json")]
async fn json_resource() -> Result<Vec<Note>, Chain> {
    Ok(Vec::new())
}

#[resource("r://own")]
fn own_resource() -> Result<Option<Vec<ResourceContents>>, ProtocolError> {
    Ok(None)
}

#[prompt]
fn text_prompt() -> String {
    "x".into()
}

#[prompt]
fn messages_prompt() -> Vec<PromptMessage> {
    vec![PromptMessage::user("x")]
}

#[prompt]
async fn result_prompt() -> Result<GetPromptResult, Outer> {
    Ok(GetPromptResult::default())
}

#[prompt]
fn echo_prompt(text: &str) -> [PromptMessage; 2] {
    [PromptMessage::user(text), PromptMessage::assistant(text)]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let client = testing::client(server![
        string,
        fixed,
        cow,
        boxed,
        number,
        float,
        truth,
        letter,
        unit,
        option_text,
        option_struct,
        structure,
        list,
        numbers,
        map,
        pair,
        value,
        content,
        contents,
        text_content,
        images,
        link,
        result,
        ok_text,
        ok_struct,
        ok_option,
        err_text,
        err_chain,
        err_source,
        err_box,
        err_protocol,
        elided,
        echo,
        echo_async,
        echo_cow,
        text_resource,
        bytes_resource,
        json_resource,
        own_resource,
        text_prompt,
        messages_prompt,
        result_prompt,
        echo_prompt,
    ])
    .await;
    let text = async |name: &str, arguments: Value| {
        let result = client.call(name, arguments).await.unwrap();
        let content = serde_json::to_value(&result.content).unwrap();
        (content[0]["text"].as_str().unwrap_or_default().to_owned(), result.is_error == Some(true))
    };
    for name in
        ["string", "fixed", "cow", "boxed", "letter", "content", "contents", "text_content", "result", "ok_text"]
    {
        assert_eq!(text(name, json!({})).await, ("x".to_owned(), false), "{name}");
    }
    for name in ["echo", "echo_async", "echo_cow"] {
        assert_eq!(text(name, json!({ "text": "y\n" })).await, ("y\n".to_owned(), false), "{name}");
    }
    for name in ["structure", "ok_struct"] {
        assert_eq!(text(name, json!({})).await, (r#"{"text":"x"}"#.to_owned(), false), "{name}");
    }
    for (name, told) in [
        ("err_text", "broken"),
        ("err_chain", "outer: inner"),
        ("err_source", "outer: invalid digit found in string"),
        ("err_box", "boxed"),
    ] {
        assert_eq!(text(name, json!({})).await, (told.to_owned(), true), "{name}");
    }
    assert!(client.call("err_protocol", json!({})).await.is_err());
    for name in ["option_struct", "list", "numbers", "map", "pair", "value", "images", "link", "unit", "ok_option"] {
        assert!(!text(name, json!({})).await.1, "{name}");
    }
}
