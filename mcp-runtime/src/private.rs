//! What generated code names. Nothing here is for people, and nothing here is stable.

pub use schemars;
pub use serde;

pub use crate::arguments::{Answer, BadArguments, Input, Slots};
pub use crate::context::{Context, FromContext};
pub use crate::entry::{
    Answering, Completer, Empty, FailedAnswer, Facts, Group, Handler, Item, Name, Names, Pair, PromptItem, Registry,
    ResourceItem, StaticItem, ToolItem, candidates, candidates_of, meta_value,
};
pub use crate::error::ProtocolError;
pub use crate::message::Text;
pub use crate::model::{CallToolResult, GetPromptResult, Implementation, ReadResourceResult};
pub use crate::output::IntoPrompt;
pub use crate::probe::{
    BorrowedOption, BorrowedText, Failure, Probe, assert_argument, assert_contents, assert_error, assert_output,
    assert_variable,
};
pub use crate::schema::{Field, Fields, Need};
pub use crate::server::Server;
pub use crate::state::Needs;
pub use crate::uri::{Part, Template};
pub use regex_lite::Regex;

/// The questions that generated code asks of types, as methods.
pub mod probe {
    pub use crate::probe::*;
}
