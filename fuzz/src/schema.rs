//! What the runtime does with schemas: brings them to the portable subset, says what is wrong with a value, finds the
//! arguments that headers repeat. A client gets schemas from servers that it does not trust.

use std::time::{Duration, Instant};

use mcp_runtime::fuzz::{agreed, headers, made_portable, problems};
use serde_json::{Map, Value};

/// How long any of it may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// A schema on the first line, and a value on the second one.
pub fn schema(data: &[u8]) {
    let Some((schema, value)) = pair(data) else { return };
    let Value::Object(schema) = schema else { return };
    let start = Instant::now();
    for is_of_arguments in [true, false] {
        let portable = made_portable(schema.clone(), is_of_arguments);
        assert!(!portable.contains_key("$schema") && !portable.contains_key("oneOf"));
        told(&portable, &value);
    }
    told(&schema, &value);
    let arguments = value.to_string();
    let frame = format!(
        r#"{{"method":"tools/call","params":{{"name":"t","arguments":{arguments},"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}}}}"#
    );
    let said = ["2026-07-28", "tools/call", "t"];
    if let Some(Err(refused)) = agreed(&frame, said, &schema, Some(&arguments)) {
        assert!(refused.code == -32_020 && refused.message.len() < 1500, "{refused:?}");
    }
    let refused = headers(std::iter::empty(), said, &schema, Some(&arguments)).expect_err("no header is there");
    assert_eq!(refused.code, -32_020);
    assert!(start.elapsed() < PATIENCE, "it took {:?}", start.elapsed());
}

fn told(schema: &Map<String, Value>, value: &Value) {
    if let Some(problems) = problems(schema, value) {
        assert!(problems.lines().count() <= 22, "{problems}");
    }
}

/// Two JSON texts, each on a line.
pub(crate) fn pair(data: &[u8]) -> Option<(Value, Value)> {
    let (one, other) = std::str::from_utf8(data).ok()?.split_once('\n')?;
    Some((serde_json::from_str(one).ok()?, serde_json::from_str(other).ok()?))
}
