//! A call of a page: made through the client, its progress told as it comes, its result or what went wrong at last.

use std::future::IntoFuture as _;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcp_runtime::client::{Error, Request, Response};
use mcp_runtime::model::{GetPromptResult, ReadResourceResult};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Shared;
use super::pages::Caller;

/// How long the client lets a call last; before that the patience with the server ends, or that of the person at the page.
const LONGEST: Duration = Duration::from_hours(24);

/// What a page asks for. Arguments stay as they were typed: a number can have more digits than a browser would keep.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Asked {
    Tool { name: String, arguments: Box<RawValue> },
    Resource { uri: String },
    Prompt { name: String, arguments: Box<RawValue> },
}

/// Makes the call and tells the page all of it.
pub(super) async fn make(shared: Arc<Shared>, caller: Caller, asked: Asked) {
    let begun = Instant::now();
    caller.tell(json!({ "type": "begun", "after": shared.desk.journal.last() })).await;
    let client = &shared.client;
    let outcome = match asked {
        Asked::Tool { name, arguments } => {
            let result = run(&shared, &caller, client.call(name, arguments)).await;
            result.and_then(|result| {
                let structured = result.structured_content.as_ref().map(|raw| raw.get().to_owned());
                Ok(json!({ "type": "result", "result": value(&result)?, "structured": structured }))
            })
        }
        Asked::Resource { uri } => {
            run::<ReadResourceResult>(&shared, &caller, client.read(uri)).await.and_then(|result| told(&result))
        }
        Asked::Prompt { name, arguments } => {
            run::<GetPromptResult>(&shared, &caller, client.get(name, arguments)).await.and_then(|result| told(&result))
        }
    };
    let mut event = outcome.unwrap_or_else(|problem| problem);
    event["milliseconds"] = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).into();
    event["until"] = shared.desk.journal.last().into();
    caller.tell(event).await;
}

fn told(result: &impl Serialize) -> Result<Value, Value> {
    Ok(json!({ "type": "result", "result": value(result)? }))
}

fn value(result: &impl Serialize) -> Result<Value, Value> {
    serde_json::to_value(result).map_err(|error| json!({ "type": "error", "message": error.to_string() }))
}

/// Waits for the answer. The server's time stands still while the user is asked something.
async fn run<R: Response>(shared: &Shared, caller: &Caller, request: Request<'_, R>) -> Result<R, Value> {
    let (request, mut progress) = request.timeout(LONGEST).max_timeout(LONGEST).progress();
    let mut request = pin!(request.into_future());
    let mut late = pin!(tokio::time::sleep(shared.patience));
    let again = || tokio::time::Instant::now() + shared.patience;
    let answer = loop {
        tokio::select! {
            biased;
            Some(progress) = progress.next() => {
                caller.tell(event_of(&progress)).await;
                late.as_mut().reset(again());
            }
            answer = &mut request => break answer,
            () = &mut late => {
                if shared.desk.questions.are_open() {
                    late.as_mut().reset(again());
                    continue;
                }
                let seconds = shared.patience.as_secs();
                let message = format!("the server did not answer in {seconds} s; --timeout gives it more");
                return Err(json!({ "type": "error", "message": message }));
            }
        }
    };
    // The request is over, and so is this stream as soon as it is empty.
    while let Some(progress) = progress.next().await {
        caller.tell(event_of(&progress)).await;
    }
    answer.map_err(|error| problem(&error))
}

fn event_of(progress: &mcp_runtime::model::ProgressNotificationParams) -> Value {
    json!({
        "type": "progress",
        "progress": progress.progress,
        "total": progress.total,
        "message": progress.message,
    })
}

/// What went wrong, with the code and the data of a JSON-RPC error.
fn problem(error: &Error) -> Value {
    if let Some(error) = error.protocol() {
        return json!({ "type": "error", "code": error.code(), "message": error.message(), "data": error.data() });
    }
    json!({ "type": "error", "message": explained(error) })
}

/// An error with what caused it.
pub(super) fn explained(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
