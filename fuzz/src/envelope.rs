//! The decoder of messages, beside a plain JSON parser.

use mcp_runtime::fuzz::{Asked, Decoded, Refused, messages};
use serde_json::Value;

const PARSE: i64 = -32700;
const REQUEST: i64 = -32600;

/// The input is a frame.
pub fn envelope(frame: &[u8]) {
    let (decoded, is_batch) = messages(frame);
    // What is too deep or too large for a tree may still be passed over.
    let tree: Option<Value> = serde_json::from_slice(frame).ok();
    let is_json =
        std::str::from_utf8(frame).is_ok_and(|text| serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok());
    assert!(!decoded.is_empty() && (is_batch || decoded.len() == 1));
    if is_batch {
        assert!(is_json, "a batch that is no JSON");
        if let Some(tree) = &tree {
            let items = tree.as_array().expect("a batch is an array");
            assert_eq!(items.len(), decoded.len());
        }
    }
    for (index, message) in decoded.iter().enumerate() {
        let tree = if is_batch { tree.as_ref().and_then(|tree| tree.get(index)) } else { tree.as_ref() };
        check(message, tree, is_json);
    }
}

fn check(message: &Decoded, tree: Option<&Value>, is_json: bool) {
    match message {
        Decoded::Request { id, method, params } => {
            assert!(is_json && (id.is_string() || id.is_i64()));
            match params {
                Ok(asked) => compare(asked, tree),
                Err(refused) => told(refused),
            }
            if let Some(tree) = tree {
                assert_eq!(
                    (&tree["id"], &tree["method"], &tree["jsonrpc"]),
                    (id, &method.as_str().into(), &"2.0".into())
                );
            }
        }
        Decoded::Notification { method, params } => {
            assert!(is_json);
            if let Some(tree) = tree {
                assert_eq!((&tree["method"], &tree["jsonrpc"]), (&method.as_str().into(), &"2.0".into()));
                assert!(tree.get("id").is_none());
                // Nobody answers a call that has no id, and its parameters are not kept.
                if !matches!(method.as_str(), "tools/call" | "prompts/get" | "resources/read") {
                    same(params.as_deref(), tree.get("params"));
                }
            }
        }
        Decoded::Response { id, outcome } => {
            assert!(is_json);
            if let Some(tree) = tree {
                assert_eq!((&tree["id"], &tree["jsonrpc"]), (id, &"2.0".into()));
                same(outcome.as_deref().ok(), tree.get("result"));
                same(outcome.as_ref().err().map(String::as_str), tree.get("error"));
            }
        }
        Decoded::Malformed { id, refused, answer } => {
            told(refused);
            assert!(refused.code == PARSE || (is_json && refused.code == REQUEST), "{refused:?}");
            let answer: Value = serde_json::from_slice(answer).expect("an answer is JSON");
            assert_eq!(&answer["id"], id.as_ref().unwrap_or(&Value::Null));
            assert_eq!((&answer["error"]["code"], &answer["jsonrpc"]), (&refused.code.into(), &"2.0".into()));
            if let (Some(id), Some(tree)) = (id, tree) {
                assert_eq!(&tree["id"], id);
            }
        }
    }
}

fn compare(asked: &Asked, tree: Option<&Value>) {
    let Some(params) = tree.and_then(|tree| tree.get("params")) else { return };
    if let Some(arguments) = &asked.arguments {
        let arguments: Value = serde_json::from_str(arguments).expect("arguments are JSON where the whole frame is");
        assert_eq!(Some(&arguments), params.get("arguments"));
        assert!(arguments.is_object());
    }
    let names = ["name", "uri", "taskId"].map(|member| params.get(member).and_then(Value::as_str).unwrap_or_default());
    assert!(asked.name.is_empty() || names.contains(&asked.name.as_str()), "{asked:?}");
}

fn same(text: Option<&str>, tree: Option<&Value>) {
    let value = text.map(|text| serde_json::from_str::<Value>(text).expect("a part of JSON is JSON"));
    assert_eq!(value.as_ref(), tree);
}

fn told(refused: &Refused) {
    let Refused { code, message } = refused;
    assert!((-32_700..=-32_000).contains(code), "{refused:?}");
    assert!(message.len() > 10 && message.len() < 2000, "{} bytes", message.len());
    assert!(!message.chars().any(char::is_control), "{message:?}");
}
