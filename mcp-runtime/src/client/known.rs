//! What the last list said of each tool, as far as calls depend on it: whether one may be made again, what its result looks
//! like, and which tools were left out. Floor 6.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::shortened;
use crate::model::{JsonObject, Tool, ToolAnnotations};

/// The most tools that are remembered; of further ones nothing is known.
const TOOLS: usize = 10_000;
/// The most that all that is remembered of them may take, in bytes of JSON.
const BYTES: usize = 16 << 20;
/// The most tools that are named as left out.
const LEFT_OUT: usize = 1000;
/// As much is told of each name and reason.
const TOLD: usize = 1024;

/// A tool that was left out of the list, because a client over HTTP must not call it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The tool's name.
    pub tool: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What is known of the tools.
#[derive(Debug, Default)]
pub(super) struct Known {
    tools: Mutex<Tools>,
    left_out: Mutex<Vec<LeftOut>>,
    /// For the checks of results.
    #[cfg(feature = "validate")]
    pub(super) turns: super::validate::Turns,
}

#[derive(Debug, Default)]
struct Tools {
    by_name: HashMap<String, Trait>,
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Trait {
    is_safe: bool,
    output: Option<Arc<JsonObject>>,
    bytes: usize,
}

impl Tools {
    fn learn(&mut self, tool: &Tool) {
        if let Some(before) = self.by_name.remove(&tool.name) {
            self.bytes -= before.bytes;
        }
        let schema =
            tool.output_schema.as_ref().map_or(Ok(0), |schema| serde_json::to_vec(schema).map(|json| json.len()));
        let bytes = tool.name.len().saturating_add(schema.unwrap_or(BYTES));
        if self.by_name.len() < TOOLS && self.bytes + bytes <= BYTES {
            let output = tool.output_schema.clone().map(Arc::new);
            let is_safe = is_safe(tool.annotations.as_ref());
            self.by_name.insert(tool.name.clone(), Trait { is_safe, output, bytes });
            self.bytes += bytes;
        }
    }
}

impl Known {
    /// Takes in what a page of the list says.
    pub(super) fn learn(&self, tools: &[Tool], left_out: Vec<(String, String)>) {
        let mut known = lock(&self.tools);
        for tool in tools {
            known.learn(tool);
        }
        drop(known);
        let mut named = lock(&self.left_out);
        named.retain(|old| {
            !tools.iter().any(|tool| tool.name == old.tool) && !left_out.iter().any(|(tool, _)| *tool == old.tool)
        });
        let room = LEFT_OUT.saturating_sub(named.len());
        let told = |text: String| if text.len() > TOLD { shortened(&text).into_owned() } else { text };
        let told = |(tool, reason)| LeftOut { tool: told(tool), reason: told(reason) };
        named.extend(left_out.into_iter().take(room).map(told));
    }

    /// Whether calling the tool twice is as good as once.
    pub(super) fn is_safe(&self, tool: &str) -> bool {
        lock(&self.tools).by_name.get(tool).is_some_and(|tool| tool.is_safe)
    }

    /// The schema of the tool's structured result.
    #[cfg_attr(not(feature = "validate"), expect(dead_code, reason = "only what checks results wants to know"))]
    pub(super) fn output(&self, tool: &str) -> Option<Arc<JsonObject>> {
        lock(&self.tools).by_name.get(tool)?.output.clone()
    }

    pub(super) fn left_out(&self) -> Vec<LeftOut> {
        lock(&self.left_out).clone()
    }
}

fn is_safe(annotations: Option<&ToolAnnotations>) -> bool {
    annotations.is_some_and(|hints| hints.read_only_hint == Some(true) || hints.idempotent_hint == Some(true))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic but an allocation runs while it is locked; what is there stays whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
