//! The tools.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mcp_runtime::{Context, Group, State, group, tool};
use schemars::JsonSchema;
use serde::Serialize;

/// The most messages that are kept; older ones make room.
const MOST: usize = 1_000;

/// What this module offers.
pub fn group() -> impl Group {
    group![post, messages, wait]
}

/// The messages, shared by all clients.
#[derive(Default)]
pub struct Board(Mutex<VecDeque<Message>>);

/// A message.
#[derive(Clone, Serialize, JsonSchema)]
struct Message {
    text: String,
    /// The program that sent it, as it calls itself.
    from: String,
}

impl Board {
    /// A call that panicked left the messages as they are.
    fn messages(&self) -> MutexGuard<'_, VecDeque<Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Post a message.
#[tool]
fn post(
    board: State<Board>,
    cx: &Context,
    /// What everybody will read.
    #[arg(length = 1..=1_000)]
    text: String,
) -> Message {
    let from = cx.client().map_or("somebody", |client| &client.name);
    let message = Message {
        text,
        from: from.to_owned(),
    };
    let mut messages = board.messages();
    if messages.len() >= MOST {
        messages.pop_front();
    }
    messages.push_back(message.clone());
    message
}

/// Read the newest messages.
#[tool(read_only)]
fn messages(
    board: State<Board>,
    /// The most messages to return.
    #[arg(default = 20, range = 1..=100)]
    limit: usize,
) -> Vec<Message> {
    let messages = board.messages();
    messages.iter().rev().take(limit).cloned().collect()
}

/// Wait a little, to see progress, and what becomes of a call when the server stops.
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
