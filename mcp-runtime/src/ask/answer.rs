//! What the answer to an ask is read into. Floor 3.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{AskError, Elicited};
use crate::error::reason;
use crate::form::filled;
use crate::model::{
    CreateMessageResult, ElicitAction, ElicitRequestParams, ElicitResult, InputRequest, ListRootsResult, Root,
};

/// What an ask is answered with. Sealed: a user names no such type.
pub trait Answer: Sized + Send {
    /// The result on the wire.
    #[doc(hidden)]
    type Wire: DeserializeOwned + Send;

    #[doc(hidden)]
    fn read(wire: Self::Wire, question: &InputRequest) -> Result<Self, AskError>;
}

impl<T: Fields> Answer for Elicited<T> {
    type Wire = ElicitResult;

    fn read(wire: ElicitResult, question: &InputRequest) -> Result<Self, AskError> {
        match wire.action {
            ElicitAction::Accept => {
                T::read(wire.content.as_ref(), question).map(Self::Accepted).map_err(AskError::Invalid)
            }
            ElicitAction::Decline => Ok(Self::Declined),
            ElicitAction::Cancel => Ok(Self::Cancelled),
        }
    }
}

/// What a form's answer is read into.
pub trait Fields: Sized + Send {
    #[doc(hidden)]
    fn read(content: Option<&Map<String, Value>>, question: &InputRequest) -> Result<Self, String>;
}

impl<T: DeserializeOwned + Send> Fields for T {
    fn read(content: Option<&Map<String, Value>>, question: &InputRequest) -> Result<Self, String> {
        match question {
            InputRequest::Elicit(ElicitRequestParams::Form(form)) => filled(&form.requested_schema, content),
            // A page is not filled in here: all there is to read is that the user agreed.
            _ => serde_json::from_value(Value::Null).map_err(|error| reason(&error)),
        }
    }
}

impl Answer for CreateMessageResult {
    type Wire = Self;

    fn read(wire: Self, _: &InputRequest) -> Result<Self, AskError> {
        Ok(wire)
    }
}

impl Answer for Vec<Root> {
    type Wire = ListRootsResult;

    fn read(wire: ListRootsResult, _: &InputRequest) -> Result<Self, AskError> {
        Ok(wire.roots)
    }
}
