//! The tools.

use std::sync::Mutex;
use std::time::Duration;

use mcp_runtime::{Context, Group, State, group, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Every task, shared by all calls.
#[derive(Default)]
pub struct Tasks(Mutex<Vec<Task>>);

/// A task.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Task {
    id: usize,
    title: String,
    priority: Priority,
    done: bool,
}

/// How much a task matters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    Low,
    Normal,
    High,
}

/// What this module offers.
pub fn group() -> impl Group {
    group![add, list, finish, wait]
}

/// Add a task.
#[tool]
fn add(
    tasks: State<Tasks>,
    /// What is to be done.
    #[arg(length = 1..=200)]
    title: String,
    /// How much it matters.
    #[arg(default = Priority::Normal)]
    priority: Priority,
) -> Result<Task, String> {
    let mut tasks = tasks.0.lock().map_err(|error| error.to_string())?;
    let task = Task {
        id: tasks.len() + 1,
        title,
        priority,
        done: false,
    };
    tasks.push(task.clone());
    Ok(task)
}

/// List the tasks.
#[tool(read_only)]
fn list(
    tasks: State<Tasks>,
    /// Only tasks of this priority.
    priority: Option<Priority>,
    /// Finished tasks too.
    #[arg(default = false)]
    all: bool,
) -> Result<Vec<Task>, String> {
    let tasks = tasks.0.lock().map_err(|error| error.to_string())?;
    let wanted = |task: &&Task| {
        (all || !task.done) && priority.is_none_or(|priority| task.priority == priority)
    };
    Ok(tasks.iter().filter(wanted).cloned().collect())
}

/// Finish a task.
#[tool(idempotent)]
fn finish(tasks: State<Tasks>, id: usize) -> Result<String, String> {
    let mut tasks = tasks.0.lock().map_err(|error| error.to_string())?;
    let task = tasks
        .iter_mut()
        .find(|task| task.id == id)
        .ok_or_else(|| format!("there is no task {id}"))?;
    task.done = true;
    Ok(format!("\"{}\" is done", task.title))
}

/// Wait a little, to see progress.
#[tool(read_only)]
async fn wait(
    cx: &Context,
    /// How many seconds.
    #[arg(default = 3, range = 1..=60)]
    seconds: u64,
) -> String {
    for second in 1..=seconds {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cx.progress(second).of(seconds).send();
    }
    format!("waited {seconds} s")
}
