//! Checks a structured result against the schema that the list gave for it (2025-06-18, "Tools", "Output Schema"). Both come
//! from the server, so that both are bounded, and so is the time. Nothing is ever fetched. Floor 6.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jsonschema::PatternOptions;
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::arguments::mismatch;
use crate::client::error::Error;
use crate::client::known::Known;
use crate::error::{quoted, shortened};
use crate::method::Method;
use crate::model::{CallToolResult, JsonObject};

/// The largest schema in bytes; results of a tool with a larger one are not checked.
const SCHEMA: usize = 256 * 1024;
/// The largest result in bytes; a larger one is not checked.
const RESULT: usize = 4 << 20;
/// How long one check may take.
const TIME: Duration = Duration::from_secs(2);
/// The product of the bytes of schema and result up to which the validator itself says what is wrong.
const GATHERED: usize = 1 << 22;
/// How far it is looked for what is wrong in others.
const STEPS: usize = 1000;
/// The largest program of a pattern in bytes.
const PATTERN: usize = 1 << 20;
/// How many checks of one client run at once; also how many threads a server's schemas can hold up that do not end.
const CHECKS: usize = 4;

/// Turns for the checks of one client.
#[derive(Clone, Debug)]
pub(in crate::client) struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CHECKS)))
    }
}

/// Checks the result of this tool. What fails, and what nobody has a schema for, is taken as it is.
///
/// # Errors
/// [`Error::Invalid`] when the result is not what the schema says, is missing, or cannot be checked in time.
pub(in crate::client) async fn check(known: &Known, tool: &str, result: &CallToolResult) -> Result<(), Error> {
    let wrong = |reason: String| Error::invalid(Method::CallTool, reason);
    let Some(schema) = known.output(tool).filter(|_| result.is_error != Some(true)) else { return Ok(()) };
    let Some(structured) = &result.structured_content else {
        return Err(wrong(format!("{} promises a structured result and gave none", quoted(tool))));
    };
    if structured.get().len() > RESULT {
        return Ok(());
    }
    // The depth of a message is bounded where it is read.
    let value: Value = serde_json::from_str(structured.get())
        .map_err(|error| wrong(format!("the structured result cannot be read: {error}")))?;
    let late = || wrong(format!("the structured result of {} cannot be checked within {TIME:?}", quoted(tool)));
    let found = timeout(TIME, run(&known.turns, schema, value, structured.get().len()))
        .await
        .map_err(|_| late())?
        .ok_or_else(late)?;
    found.map_err(|reason| {
        let reason = shortened(&reason).into_owned();
        wrong(format!("the structured result of {} is not what its schema says: {reason}", quoted(tool)))
    })
}

/// Runs a check on a thread of its own, which nobody waits for when it does not end.
async fn run(turns: &Turns, schema: Arc<JsonObject>, value: Value, length: usize) -> Option<Result<(), String>> {
    let permit = Arc::clone(&turns.0).acquire_owned().await.ok()?;
    let (to, from) = oneshot::channel();
    let check = move || {
        let _permit = permit;
        // It fails when nobody waits any more.
        let _ = to.send(compare(&schema, &value, length));
    };
    thread::Builder::new().name("schema check".to_owned()).spawn(check).ok()?;
    from.await.ok()
}

/// What is wrong with the value. A schema that cannot be used, because it is too large, makes no sense or points elsewhere,
/// finds nothing wrong.
fn compare(schema: &JsonObject, value: &Value, length: usize) -> Result<(), String> {
    let Some(text) = serde_json::to_string(schema).ok().filter(|json| json.len() <= SCHEMA) else { return Ok(()) };
    let whole = Value::Object(schema.clone());
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex().size_limit(PATTERN)).offline();
    let Ok(validator) = options.build(&whole) else { return Ok(()) };
    if validator.is_valid(value) {
        return Ok(());
    }
    // The validator gathers what every branch has against every part, which must not be too much: through references a part
    // may be looked at any number of times.
    let refers = ["\"$ref\"", "\"$dynamicRef\"", "\"$recursiveRef\""].iter().any(|key| text.contains(key));
    if !refers && text.len().saturating_mul(length) <= GATHERED {
        return validator
            .validate(value)
            .map_err(|error| format!("{error} at {:?}", error.instance_path().to_string()));
    }
    Err(mismatch(schema, value, "result", STEPS).unwrap_or_else(|| "one of its rules is broken".to_owned()))
}
