//! Tools that take their time: clients that know tasks get a handle, the others wait.

use std::time::Duration;

use mcp_runtime::{AskError, Context, Elicited, Group, ProtocolError, group, tool};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::sleep;

/// Greets, at once.
#[tool(read_only)]
fn greet(
    /// Whom to greet.
    name: &str,
) -> String {
    format!("Hello, {name}!")
}

/// Computes for a while.
#[tool(task, read_only)]
async fn slow_compute(
    /// For how many seconds.
    #[arg(default = 1.0, range = 0.0..=300.0)]
    seconds: f64,
    /// What to call the result.
    #[arg(default = "result")]
    label: String,
) -> String {
    sleep(Duration::from_secs_f64(seconds)).await;
    format!("{label}: computed for {seconds} s")
}

/// Works for a while, and fails. Only for clients that know tasks.
#[tool(task = "required")]
async fn failing_job() -> anyhow::Result<()> {
    sleep(Duration::from_secs(1)).await;
    anyhow::bail!("the job failed, as it always does")
}

/// Works for a while, and finds that it should never have begun.
#[tool(task)]
async fn protocol_error_job() -> Result<(), ProtocolError> {
    sleep(Duration::from_millis(200)).await;
    Err(ProtocolError::internal("the job could not be done"))
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Deletion {
    /// Whether to delete it.
    confirm: bool,
}

/// Deletes a file once the user has agreed.
#[tool(task, destructive)]
async fn confirm_delete(
    cx: &Context,
    /// The file.
    filename: String,
) -> Result<String, AskError> {
    Ok(match cx.elicit::<Deletion>(format!("Delete {filename}?")).key("confirm").await? {
        Elicited::Accepted(Deletion { confirm: true }) => format!("{filename} would be gone now."),
        _ => format!("{filename} is still there."),
    })
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Name {
    /// A name.
    name: String,
}

/// Asks two questions at once.
#[tool(task)]
async fn multi_input(cx: &Context) -> Result<String, AskError> {
    let (first, second) = tokio::join!(
        cx.elicit::<Name>("What is your first name?").key("first"),
        cx.elicit::<Name>("What is your last name?").key("last"),
    );
    Ok(format!("{:?} {:?}", first?, second?))
}

/// Asks for a name, and then works for a while.
#[tool(task = "later")]
async fn test_tool_with_task(cx: &Context) -> Result<String, AskError> {
    let name = cx.elicit::<Name>("What is your name?").key("user_name").await?.accepted();
    cx.begin_task().await;
    sleep(Duration::from_millis(300)).await;
    Ok(format!("Hello, {}!", name.map_or_else(|| "stranger".to_owned(), |answer| answer.name)))
}

pub(crate) fn group() -> impl Group {
    group![greet, slow_compute, failing_job, protocol_error_job, confirm_delete, multi_input, test_tool_with_task,]
}
