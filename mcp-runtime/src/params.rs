//! What the server looks at in a request's parameters before its method does, and which revision the request says that it
//! belongs to. Floor 1.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{ProtocolError, reason};
use crate::message::Text;
use crate::method::Method;
use crate::model::{CLIENT_CAPABILITIES_KEY, LoggingLevel, PROTOCOL_VERSION_KEY, ProgressToken};
use crate::piece::{Piece, Span};
use crate::revision::Revision;

/// Members of an object that the server looks at; one that is `null` is not there. They are read where they are to be, because
/// they are many and on the way of every call; and from an object alone: what is derived takes a list of the members too, and
/// whoever looks at a message on its way does not see what is in there.
macro_rules! members {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $field:ident: $type:ty = $key:literal,)* }) => {
        $(#[$doc])*
        #[derive(Default)]
        pub(crate) struct $name<'a> { $($(#[$of])* $field: Member<$type>,)* }

        impl<'de> DeserializeSeed<'de> for &mut $name<'de> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_map(self)
            }
        }

        impl<'de> Visitor<'de> for &mut $name<'de> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while let Some(key) = map.next_key::<Text<'_>>()? {
                    match key.0.as_ref() {
                        $($key => once(&mut self.$field, $key, &mut map)?,)*
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(())
            }
        }
    };
}

/// A member that stands at most once: whether it has stood there, and what.
type Member<T> = Option<Option<T>>;

members! {
    /// The members of a request's parameters that the server looks at before the method does.
    Outline {
        meta: &'a RawValue = "_meta",
        name: Subject<'a> = "name",
        uri: Subject<'a> = "uri",
        task_id: Subject<'a> = "taskId",
        arguments: &'a RawValue = "arguments",
        input_responses: &'a RawValue = "inputResponses",
        request_state: &'a RawValue = "requestState",
    }
}

members! {
    /// The members of a request's `_meta` that the protocol itself reads.
    RequestMeta {
        progress_token: ProgressToken = "progressToken",
        revision: Text<'a> = "io.modelcontextprotocol/protocolVersion",
        client: &'a RawValue = "io.modelcontextprotocol/clientInfo",
        capabilities: &'a RawValue = "io.modelcontextprotocol/clientCapabilities",
        log_level: LoggingLevel = "io.modelcontextprotocol/logLevel",
    }
}

/// Reads the value of a member that may not stand twice.
pub(crate) fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    slot: &mut Option<T>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(A::Error::duplicate_field(name));
    }
    *slot = Some(map.next_value()?);
    Ok(())
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
    /// The revision, present in 2026-07-28 only.
    revision: Option<Asked>,
    /// Where it states its client's name and version, if it does, and what the client can do.
    client: Option<(Option<Span>, Span)>,
    pub(crate) log_level: Option<LoggingLevel>,
}

/// The revision that a request names.
#[derive(Debug)]
enum Asked {
    For(Revision),
    Unknown(Box<str>),
}

/// What a request states of its client, as it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stated<'a> {
    pub(crate) info: Option<&'a str>,
    pub(crate) capabilities: &'a str,
}

/// Reads the whole of a text with a seed.
///
/// # Errors
/// Those of the seed; something behind what it reads.
pub(crate) fn read_into<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S) -> Result<S::Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(read)
}

impl Params {
    /// Takes the parameters apart.
    ///
    /// # Errors
    /// Members of the wrong type, or that stand twice; for a method that needs a name, the lack of it.
    pub(crate) fn read(method: Method, params: Option<&Piece>) -> Result<Box<Self>, ProtocolError> {
        let mut outline = Outline::default();
        let Some(params) = params else { return Self::of(method, &mut outline, None) };
        read_into(params, &mut outline).map_err(|error| {
            ProtocolError::invalid_params(format!("wrong parameters for `{}`: {}", method.as_str(), reason(&error)))
        })?;
        let mut read = Self::of(method, &mut outline, Some(params))?;
        read.whole = Some(params.clone());
        Ok(read)
    }

    /// Takes up parameters that are parsed already, somewhere within this text.
    ///
    /// # Errors
    /// Those of [`Self::read`].
    pub(crate) fn of(
        method: Method,
        outline: &mut Outline<'_>,
        text: Option<&Piece>,
    ) -> Result<Box<Self>, ProtocolError> {
        let name = match wanted(method) {
            None => Box::default(),
            Some(member) => {
                let subject = match member {
                    "uri" => &mut outline.uri,
                    "taskId" => &mut outline.task_id,
                    _ => &mut outline.name,
                };
                match subject.take().flatten() {
                    Some(Subject::Text(text)) => Box::from(text),
                    Some(Subject::Other) => {
                        return Err(ProtocolError::invalid_params(format!("`{member}` must be a string")));
                    }
                    None => return Err(missing(method, member)),
                }
            }
        };
        let Some(text) = text else { return Ok(Box::new(Self { name, ..Self::default() })) };
        if let Some(raw) = outline.arguments.flatten().filter(|raw| !raw.get().starts_with('{')) {
            let kind = crate::message::kind_of(raw.get());
            return Err(ProtocolError::invalid_params(format!("`arguments` must be an object, not {kind}")));
        }
        let part = |member: Member<&RawValue>| member.flatten().map(|raw| text.part(raw.get()));
        let facts = outline.meta.flatten().map(|meta| Facts::read(text, meta)).transpose()?;
        Ok(Box::new(Self {
            name,
            arguments: part(outline.arguments),
            meta: part(outline.meta),
            input_responses: part(outline.input_responses),
            request_state: part(outline.request_state),
            whole: None,
            facts,
        }))
    }

    /// Whether they carry answers or state of an earlier round.
    pub(crate) fn carries(&self) -> bool {
        self.input_responses.is_some() || self.request_state.is_some()
    }

    /// The revision that it names.
    #[cfg(feature = "http")]
    pub(crate) fn revision(&self) -> Option<&str> {
        Some(match self.facts.as_ref()?.revision.as_ref()? {
            Asked::For(revision) => revision.as_str(),
            Asked::Unknown(name) => name,
        })
    }

    /// What it states of its client.
    pub(crate) fn stated(&self) -> Option<Stated<'_>> {
        let (info, capabilities) = self.facts.as_ref()?.client?;
        let meta = self.meta.as_ref()?;
        Some(Stated { info: info.map(|info| meta.at(info)), capabilities: meta.at(capabilities) })
    }

    /// Whether the request says that it belongs to a revision without a handshake.
    pub(crate) fn is_modern(&self) -> bool {
        self.facts.as_ref().is_some_and(Facts::are_modern)
    }

    /// The revision that a request without a handshake is made in.
    ///
    /// # Errors
    /// What it must say and does not (2026-07-28, "Overview", "Per-request protocol fields").
    pub(crate) fn modern_revision(&self) -> Result<Revision, ProtocolError> {
        let absent = |key: &str| ProtocolError::invalid_params(format!("the request's `_meta` lacks `{key}`"));
        let revision = match self.facts.as_ref().and_then(|facts| facts.revision.as_ref()) {
            None => return Err(absent(PROTOCOL_VERSION_KEY)),
            Some(Asked::For(revision)) if !revision.has_handshake() => *revision,
            // A revision with a handshake is served, but not to a request that comes without one.
            Some(Asked::For(revision)) => return Err(ProtocolError::unsupported_revision(revision.as_str())),
            Some(Asked::Unknown(name)) => return Err(ProtocolError::unsupported_revision(name)),
        };
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

/// Whether parameters say that their request belongs to a revision without a handshake. Of what is no such parameters at all
/// nothing is known.
pub(crate) fn are_modern(params: Option<&Piece>) -> bool {
    let mut outline = Outline::default();
    let Some(params) = params.filter(|params| read_into(params, &mut outline).is_ok()) else { return false };
    let meta = outline.meta.flatten();
    meta.is_some_and(|meta| Facts::read(params, meta).is_ok_and(|facts| facts.are_modern()))
}

impl Facts {
    /// Whether they are those of a revision without a handshake.
    fn are_modern(&self) -> bool {
        self.revision.is_some() || self.client.is_some()
    }

    fn read(params: &Piece, raw: &RawValue) -> Result<Self, ProtocolError> {
        let mut meta = RequestMeta::default();
        read_into(raw.get(), &mut meta)
            .map_err(|error| ProtocolError::invalid_params(format!("wrong `_meta`: {}", reason(&error))))?;
        Ok(Self {
            progress_token: meta.progress_token.flatten(),
            revision: meta
                .revision
                .flatten()
                .map(|name| Revision::parse(&name.0).map_or_else(|| Asked::Unknown(Box::from(name.0)), Asked::For)),
            client: meta.capabilities.flatten().map(|capabilities| {
                (meta.client.flatten().map(|info| params.span_of(info.get())), params.span_of(capabilities.get()))
            }),
            log_level: meta.log_level.flatten(),
        })
    }
}
