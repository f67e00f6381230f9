//! The `Mcp-*` headers: whatever the client writes the server reads, and whatever else comes is refused in few words.

use arbitrary::{Arbitrary, Unstructured};
use mcp_runtime::fuzz::{Refused, agreed, header, headers as check};
use serde_json::{Map, Value, json};

const REVISION: &str = "2026-07-28";
const CALL: &str = "tools/call";

/// What an argument may be that a header repeats.
#[derive(Arbitrary, Debug)]
enum Count {
    Absent,
    Null,
    Whole(i64),
    Large(u64),
    Float(f64),
}

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    name: &'a str,
    region: Option<&'a str>,
    count: Count,
    dry: Option<bool>,
    inner: Option<Option<&'a str>>,
    lines: &'a [u8],
}

fn schema() -> Map<String, Value> {
    let Value::Object(schema) = json!({ "type": "object", "properties": {
        "region": { "type": "string", "x-mcp-header": "Region" },
        "count": { "type": "integer", "x-mcp-header": "Count" },
        "dry": { "type": "boolean", "x-mcp-header": "Dry" },
        "outer": { "type": "object", "properties": { "inner": { "type": "string", "x-mcp-header": "Inner" } } },
    } }) else {
        return Map::new();
    };
    schema
}

/// The input is taken apart into a name, arguments and lines of headers.
pub fn headers(data: &[u8]) {
    let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let said = [REVISION, CALL, input.name];
    let arguments = arguments(&input);
    let frame = json!({ "method": CALL, "params": {
        "name": input.name,
        "arguments": arguments,
        "_meta": { "io.modelcontextprotocol/protocolVersion": REVISION },
    } });
    let text = arguments.to_string();
    assert_eq!(agreed(&frame.to_string(), said, &schema(), Some(&text)), Some(Ok(())), "{frame}");
    // The same by hand, and another name that is not taken for it.
    let standard =
        [("mcp-protocol-version", REVISION), ("Mcp-Method", CALL)].map(|(a, b)| (a.as_bytes(), b.as_bytes()));
    let (name, other) = (header(input.name), header(&format!("{}x", input.name)));
    let named = |name: &str| {
        let lines = standard.into_iter().chain([(&b"mcp-name"[..], name.as_bytes())]);
        check(lines, said, &Map::new(), None)
    };
    assert_eq!(named(&name), Ok(()));
    told(named(&other).expect_err("it is another name"));
    // Lines of somebody else's making.
    let lines = input.lines.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((&line[..colon], &line[colon + 1..]))
    });
    if let Err(refused) = check(standard.into_iter().chain(lines), said, &schema(), Some(&text)) {
        told(refused);
    }
}

fn arguments(input: &Input<'_>) -> Value {
    let mut arguments = Map::new();
    if let Some(region) = input.region {
        arguments.insert("region".to_owned(), region.into());
    }
    match input.count {
        Count::Absent => {}
        Count::Null => drop(arguments.insert("count".to_owned(), Value::Null)),
        Count::Whole(number) => drop(arguments.insert("count".to_owned(), number.into())),
        Count::Large(number) => drop(arguments.insert("count".to_owned(), number.into())),
        // What is no number in JSON becomes `null`.
        Count::Float(number) => drop(arguments.insert("count".to_owned(), number.into())),
    }
    if let Some(dry) = input.dry {
        arguments.insert("dry".to_owned(), dry.into());
    }
    if let Some(inner) = input.inner {
        arguments.insert("outer".to_owned(), json!({ "inner": inner }));
    }
    arguments.into()
}

fn told(Refused { code, message }: Refused) {
    assert_eq!(code, -32_020);
    assert!(message.len() > 10 && message.len() < 1500 && !message.chars().any(char::is_control), "{message:?}");
}
