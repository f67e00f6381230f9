//! What the server looks at in a request's parameters before its method does, and which revision the request says that it
//! belongs to. Floor 1.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{ProtocolError, reason};
use crate::message::Text;
use crate::method::Method;
use crate::model::{CLIENT_CAPABILITIES_KEY, LoggingLevel, PROTOCOL_VERSION_KEY, ProgressToken};
use crate::piece::Piece;
use crate::revision::Revision;

/// Reads types from an object alone. What is derived (here as functions of the types themselves) takes a list of the members too, and
/// whoever looks at a message on its way does not see what is in there.
macro_rules! from_an_object {
    ($($name:ident)*) => { $(
        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members<'a>(PhantomData<$name<'a>>);
                impl<'de: 'a, 'a> Visitor<'de> for Members<'a> {
                    type Value = $name<'a>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                        $name::deserialize(MapAccessDeserializer::new(map))
                    }
                }
                deserializer.deserialize_map(Members(PhantomData))
            }
        }
    )* };
}

from_an_object!(Outline RequestMeta);

/// The members of a request's parameters that the server looks at before the method does.
#[derive(Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct Outline<'a> {
    #[serde(rename = "_meta", borrow)]
    meta: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<Subject<'a>>,
    #[serde(borrow)]
    uri: Option<Subject<'a>>,
    #[serde(rename = "taskId", borrow)]
    task_id: Option<Subject<'a>>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(rename = "inputResponses", borrow)]
    input_responses: Option<&'a RawValue>,
    #[serde(rename = "requestState", borrow)]
    request_state: Option<&'a RawValue>,
}

/// What a request is about, if it is a text: of many methods it may be anything, because they do not look at it.
enum Subject<'a> {
    Text(Cow<'a, str>),
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Subject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Subject<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Subject::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Subject::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Subject::Other)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Subject::Other)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Subject::Other)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Subject::Other)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Subject::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Subject::Other)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A request's parameters as its message brings them.
#[derive(Debug)]
pub(crate) enum Parameters {
    /// As they came.
    Raw(Option<Piece>),
    /// Taken apart in passing, as those of the methods that are called most.
    Read(Result<Box<Params>, ProtocolError>),
}

impl Parameters {
    /// Takes them apart.
    ///
    /// # Errors
    /// Those of [`Params::read`].
    pub(crate) fn read(self, method: Method) -> Result<Box<Params>, ProtocolError> {
        match self {
            Self::Raw(params) => Params::read(method, params.as_ref()),
            Self::Read(params) => params,
        }
    }

    /// The same, if they are still as they came: what is taken apart depends on the method that it was done for.
    #[cfg(feature = "http")]
    pub(crate) fn clone_raw(&self) -> Option<Self> {
        match self {
            Self::Raw(params) => Some(Self::Raw(params.clone())),
            Self::Read(_) => None,
        }
    }

    /// As they came; nothing, if they were taken apart.
    pub(crate) fn raw(&self) -> Option<&Piece> {
        match self {
            Self::Raw(params) => params.as_ref(),
            Self::Read(_) => None,
        }
    }
}

/// Whether a function answers the method. Nothing but the parts of its parameters is looked at.
pub(crate) fn is_of_function(method: Method) -> bool {
    matches!(method, Method::CallTool | Method::GetPrompt | Method::ReadResource)
}

/// A request's parameters, taken apart as far as every method needs it.
#[derive(Debug, Default)]
pub(crate) struct Params {
    pub(crate) name: Box<str>,
    pub(crate) arguments: Option<Piece>,
    pub(crate) meta: Option<Piece>,
    /// Answers of an earlier round, and what the server wanted back with them.
    pub(crate) input_responses: Option<Piece>,
    pub(crate) request_state: Option<Piece>,
    /// All of them, where the method needs more than the parts.
    pub(crate) whole: Option<Piece>,
    /// What it says of itself, if it says anything: most requests of a session do not.
    pub(crate) facts: Option<Facts>,
}

/// What a request says of itself in `_meta`.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) progress_token: Option<ProgressToken>,
    /// The revision by name, present in 2026-07-28 only.
    pub(crate) revision: Option<String>,
    pub(crate) client: Option<Stated>,
    pub(crate) log_level: Option<LoggingLevel>,
}

/// What a request states of its client, as it came.
#[derive(Debug)]
pub(crate) struct Stated {
    pub(crate) info: Option<Piece>,
    pub(crate) capabilities: Piece,
}

impl Params {
    /// Takes the parameters apart.
    ///
    /// # Errors
    /// Members of the wrong type, or that stand twice; for a method that needs a name, the lack of it.
    pub(crate) fn read(method: Method, params: Option<&Piece>) -> Result<Box<Self>, ProtocolError> {
        let Some(params) = params else { return Self::of(method, Outline::default(), None) };
        let outline = serde_json::from_str(params).map_err(|error| {
            ProtocolError::invalid_params(format!("wrong parameters for `{}`: {}", method.as_str(), reason(&error)))
        })?;
        let mut read = Self::of(method, outline, Some(params))?;
        read.whole = Some(params.clone());
        Ok(read)
    }

    /// Takes up parameters that are parsed already, somewhere within this text.
    ///
    /// # Errors
    /// Those of [`Self::read`].
    pub(crate) fn of(method: Method, outline: Outline<'_>, text: Option<&Piece>) -> Result<Box<Self>, ProtocolError> {
        let name = match wanted(method) {
            None => Box::default(),
            Some(member) => {
                let subject = match member {
                    "uri" => outline.uri,
                    "taskId" => outline.task_id,
                    _ => outline.name,
                };
                match subject {
                    Some(Subject::Text(text)) => Box::from(text),
                    Some(Subject::Other) => {
                        return Err(ProtocolError::invalid_params(format!("`{member}` must be a string")));
                    }
                    None => return Err(missing(method, member)),
                }
            }
        };
        let Some(text) = text else { return Ok(Box::new(Self { name, ..Self::default() })) };
        if let Some(raw) = outline.arguments.filter(|raw| !raw.get().starts_with('{')) {
            let kind = crate::message::kind_of(raw.get());
            return Err(ProtocolError::invalid_params(format!("`arguments` must be an object, not {kind}")));
        }
        let part = |raw: &RawValue| text.part(raw.get());
        Ok(Box::new(Self {
            name,
            arguments: outline.arguments.map(part),
            meta: outline.meta.map(part),
            input_responses: outline.input_responses.map(part),
            request_state: outline.request_state.map(part),
            whole: None,
            facts: outline.meta.map(|meta| Facts::read(text, meta)).transpose()?,
        }))
    }

    /// Whether they carry answers or state of an earlier round.
    pub(crate) fn carries(&self) -> bool {
        self.input_responses.is_some() || self.request_state.is_some()
    }

    /// The revision that it names.
    pub(crate) fn revision(&self) -> Option<&str> {
        self.facts.as_ref()?.revision.as_deref()
    }

    /// Whether the request says that it belongs to a revision without a handshake.
    pub(crate) fn is_modern(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.revision.is_some() || facts.client.is_some())
    }

    /// The revision that a request without a handshake is made in.
    ///
    /// # Errors
    /// What it must say and does not (2026-07-28, "Overview", "Per-request protocol fields").
    pub(crate) fn modern_revision(&self) -> Result<Revision, ProtocolError> {
        let absent = |key: &str| ProtocolError::invalid_params(format!("the request's `_meta` lacks `{key}`"));
        let requested = self.revision().ok_or_else(|| absent(PROTOCOL_VERSION_KEY))?;
        let revision = Revision::parse(requested).filter(|revision| !revision.has_handshake());
        // A revision with a handshake is served, but not to a request that comes without one.
        let revision = revision.ok_or_else(|| ProtocolError::unsupported_revision(requested))?;
        if self.facts.as_ref().is_none_or(|facts| facts.client.is_none()) {
            return Err(absent(CLIENT_CAPABILITIES_KEY));
        }
        Ok(revision)
    }
}

/// The member that names what a method is about.
fn wanted(method: Method) -> Option<&'static str> {
    match method {
        Method::CallTool | Method::GetPrompt => Some("name"),
        Method::ReadResource | Method::Subscribe | Method::Unsubscribe => Some("uri"),
        Method::GetTask | Method::UpdateTask | Method::CancelTask => Some("taskId"),
        _ => None,
    }
}

fn missing(method: Method, member: &str) -> ProtocolError {
    ProtocolError::invalid_params(format!("`{}` needs the parameter `{member}`", method.as_str()))
}

impl Facts {
    fn read(params: &Piece, raw: &RawValue) -> Result<Self, ProtocolError> {
        let meta: RequestMeta<'_> = serde_json::from_str(raw.get())
            .map_err(|error| ProtocolError::invalid_params(format!("wrong `_meta`: {}", reason(&error))))?;
        Ok(Self {
            progress_token: meta.progress_token,
            revision: meta.revision.map(|revision| revision.0.into_owned()),
            client: meta.capabilities.map(|capabilities| Stated {
                info: meta.client.map(|info| params.part(info.get())),
                capabilities: params.part(capabilities.get()),
            }),
            log_level: meta.log_level,
        })
    }
}

/// The members of a request's `_meta` that the protocol itself reads.
#[derive(Default, serde::Deserialize)]
#[serde(default, remote = "Self")]
struct RequestMeta<'a> {
    #[serde(rename = "progressToken")]
    progress_token: Option<ProgressToken>,
    #[serde(rename = "io.modelcontextprotocol/protocolVersion", borrow)]
    revision: Option<Text<'a>>,
    #[serde(rename = "io.modelcontextprotocol/clientInfo", borrow)]
    client: Option<&'a RawValue>,
    #[serde(rename = "io.modelcontextprotocol/clientCapabilities", borrow)]
    capabilities: Option<&'a RawValue>,
    #[serde(rename = "io.modelcontextprotocol/logLevel")]
    log_level: Option<LoggingLevel>,
}
