//! What generated code names. Nothing here is for people, and nothing here is stable.

pub use schemars;
pub use serde_json::Error as Misfit;

pub use crate::arguments::{Answer, BadArguments, Given, Input, Slots, nearest};
pub use crate::context::{Context, FromContext};
pub use crate::entry::{
    Answering, Candidates, Completer, Empty, Facts, FailedAnswer, Group, Handler, Item, Members, Pair, PromptItem,
    Registry, ResourceItem, StaticItem, Suggesting, Tasking, ToolItem, candidates_of, lost, meta_value, no_members,
};
pub use crate::error::ProtocolError;
pub use crate::message::Text;
pub use crate::model::{CallToolResult, GetPromptResult, Implementation, ReadResourceResult};
pub use crate::names::{Name, Names};
pub use crate::output::IntoPrompt;
pub use crate::probe::{
    BorrowedOption, BorrowedText, Declared, Failure, HasCall, HasRender, IsArgument, IsContents, IsError, IsGroup,
    IsJson, IsList, IsOutput, IsText, IsVariable, Probe, no_context,
};
pub use crate::schema::{Field, Fields, Need, Pattern};
pub use crate::server::Server;
pub use crate::state::{Needs, State};
pub use crate::uri::{Part, Template};

/// The questions that generated code asks of types, as methods without names that a user's could clash with.
pub mod traits {
    pub use crate::probe::{
        AnyArgument as _, AnyContents as _, AnyFailure as _, AnyGroup as _, AnyOutput as _, AnyValue as _,
        CausedFailure as _, DeclaredValue as _, DirectContents as _, DirectOutput as _, DisplayedFailure as _,
        GroupValue as _, IsAbsent as _, IsFuture as _, IsNoFuture as _, IsNoOption as _, IsNoResult as _,
        IsOption as _, IsPresent as _, IsResult as _, JsonValue as _, NoCall as _, NoRender as _, ProtocolFailure as _,
        ReadArgument as _, ResourceOutput as _, SerializedContents as _, StructuredOutput as _, TellError as _,
        ToJson as _, ToolOutput as _, TypedArgument as _, UntypedArgument as _,
    };
}

/// Who the server is, from the user's own Cargo.toml.
pub fn package(
    name: Option<&str>,
    version: Option<&str>,
    description: Option<&str>,
    homepage: Option<&str>,
) -> Implementation {
    let mut info = Implementation::new(name.unwrap_or("server"), version.unwrap_or("0.0.0"));
    info.description = description.filter(|text| !text.is_empty()).map(str::to_owned);
    info.website_url = homepage.filter(|text| !text.is_empty()).map(str::to_owned);
    info
}
