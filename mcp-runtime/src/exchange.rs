//! From a request to a call, and from a reply to bytes: what every transport does alike. Decides which revision a request
//! belongs to: one that names a revision stands for itself, any other belongs to a session. Floor 4.

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};

use serde_json::value::RawValue;

use crate::budget::FREE_ANSWER;
use crate::call::{Answered, Call, Reply};
use crate::context::{Asking, Context, Inner};
use crate::dispatch::cursor;
use crate::error::ProtocolError;
use crate::ground::Ground;
use crate::message::{Rest, Unreadable, encode_error, encode_result, encode_shared, encode_with};
use crate::method::Method;
use crate::model::lower::Lower;
use crate::model::{CallToolResult, ErrorObject, RequestId};
use crate::params::{Params, is_of_function};
use crate::party::Origin;
use crate::piece::Piece;
use crate::replay::{Recall, Replay};
use crate::revision::Revision;
use crate::server::{App, Core};
use crate::session::Session;

/// Whether somebody may be told of every call.
const IS_TRACED: bool = cfg!(feature = "tracing");

/// What becomes of a request.
pub(crate) enum Admitted {
    /// It needs no entry: this is how its answer ends.
    Answered(Rest),
    Call(Call),
}

/// Whether a request says itself that it is of a revision without a handshake.
pub(crate) fn is_modern(method: Method, params: &Params, session: Option<&Arc<Session>>) -> bool {
    // Without a session, `server/discover` is told what it lacks; within one it is no method.
    params.is_modern() || (session.is_none() && method == Method::Discover)
}

impl App {
    /// Decides what a request belongs to, and answers what needs no entry. `initialize` does not come here.
    ///
    /// # Errors
    /// Why it is refused.
    pub(crate) fn admit(
        &self,
        origin: &Origin<'_>,
        ground: &mut Ground,
        (id, method): (&RequestId, Method),
        mut outline: Box<Params>,
    ) -> Result<Admitted, ProtocolError> {
        let revision = if is_modern(method, &outline, origin.session) {
            outline.modern_revision()?
        } else if let Some(session) = origin.session {
            session.revision
        } else if method == Method::Ping {
            Revision::LATEST_WITH_HANDSHAKE
        } else {
            return Err(ProtocolError::invalid_params(format!(
                "`{}` came before `initialize` and names no protocol version; send `initialize` first (up to \
                 2025-11-25), or `_meta` with `{}` (2026-07-28)",
                method.as_str(),
                crate::model::PROTOCOL_VERSION_KEY
            )));
        };
        if !method.is_in(revision) {
            return Err(ProtocolError::method_not_found(method.as_str()));
        }
        let core = &self.core;
        ground.renew(core);
        let session = origin.session.filter(|_| revision.has_handshake());
        // Read even where nobody needs it: what a request must say is to be sound.
        let common = ground.common(core, origin, session, outline.stated())?;
        match (method, origin.session) {
            (Method::Ping, _) => return Ok(Admitted::Answered(Rest::empty())),
            (Method::Discover, _) => return Ok(Admitted::Answered(ground.catalog().discover())),
            (Method::SetLevel, Some(session)) if ground.catalog().offers(method) => {
                session.set_level(outline.whole.as_ref())?;
                return Ok(Admitted::Answered(Rest::empty()));
            }
            _ => {}
        }
        // Where nobody stands around calls or looks at them, a list that was made before needs none; like `ping` it takes no
        // place among those in flight, and no look at their ids.
        if !IS_TRACED
            && self.layered.is_none()
            && let Some(page) = ground.catalog().made(method, revision)
            && cursor(outline.whole.as_ref()) == Ok(None)
        {
            return Ok(Admitted::Answered(page));
        }
        let asking = asking(core, origin, session, method, &outline)?;
        let facts = outline.facts.take();
        let (log_level, progress_token) = facts.map_or((None, None), |facts| (facts.log_level, facts.progress_token));
        let is_replayed = matches!(asking, Asking::Replay(_));
        let context = Context::new(Inner {
            id: id.clone(),
            revision,
            common,
            log_level,
            progress_token,
            progress: AtomicU64::new(f64::NEG_INFINITY.to_bits()),
            arguments: outline.arguments.as_ref().filter(|_| is_replayed).map(Piece::span),
            meta: outline.meta.take(),
            asking,
            patience: core.limits.answer,
            principal: origin.principal.cloned(),
            carrier: origin.carrier.clone(),
            ended: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            wake: Mutex::default(),
        });
        let Params { name, arguments, whole: params, .. } = *outline;
        let call = Call { method, context, name, arguments, params };
        Ok(Admitted::Call(call))
    }

    /// Appends the answer to a call, but for what is given back.
    pub(crate) fn encode(&self, out: &mut Vec<u8>, revision: Revision, id: &RequestId, reply: Reply) -> Option<Rest> {
        encode(&self.core, out, revision, id, reply)
    }
}

fn encode(core: &Core, out: &mut Vec<u8>, revision: Revision, id: &RequestId, reply: Reply) -> Option<Rest> {
    let start = out.len();
    let encoded = match reply.0 {
        Ok(answer) => encode_answer(core, out, revision, id, answer),
        Err(mut error) => {
            error.lower(revision);
            encode_error(out, Some(id), Unreadable::Null, &error);
            Ok(None)
        }
    };
    let rest = encoded.as_ref().ok().and_then(Option::as_ref);
    let length = (out.len() - start).saturating_add(rest.map_or(0, Rest::len));
    let why = match encoded {
        Err(_) => "the result could not be serialized",
        Ok(_) if length > FREE_ANSWER && core.memory.flying.lacks(length) => {
            "the call was made, but there is no room for its answer: the server holds as much for others as it may"
        }
        Ok(rest) => return rest,
    };
    out.truncate(start);
    encode_error(out, Some(id), Unreadable::Null, &ProtocolError::internal(why));
    None
}

/// What a reply would say, without the message around it.
pub(crate) fn result_of(core: &Core, revision: Revision, reply: Reply) -> Result<Box<RawValue>, ErrorObject> {
    #[derive(serde::Deserialize)]
    struct Message {
        result: Option<Box<RawValue>>,
        error: Option<ErrorObject>,
    }
    let mut out = Vec::new();
    if let Some(rest) = encode(core, &mut out, revision, &RequestId::Number(0), reply) {
        rest.append_to(&mut out);
    }
    let message: Message = crate::text::from_bytes(&out).unwrap_or(Message { result: None, error: None });
    match (message.result, message.error) {
        (Some(result), _) => Ok(result),
        (None, Some(error)) => Err(error),
        (None, None) => {
            let error = ProtocolError::internal("the result could not be serialized");
            Err(ErrorObject { code: error.code(), message: error.message().to_owned(), data: None })
        }
    }
}

/// How the call may ask its client.
fn asking(
    core: &Core,
    origin: &Origin<'_>,
    session: Option<&Arc<Session>>,
    method: Method,
    outline: &Params,
) -> Result<Asking, ProtocolError> {
    if !is_of_function(method) {
        return Ok(Asking::Never);
    }
    if session.is_some() {
        return Ok(Asking::Requests);
    }
    let replay = Replay::of(&core.keeping, method, outline, origin.principal.map(|principal| &**principal))?;
    Ok(Asking::Replay(Recall::of(replay)))
}

fn encode_answer(
    core: &Core,
    out: &mut Vec<u8>,
    revision: Revision,
    id: &RequestId,
    answer: Answered,
) -> serde_json::Result<Option<Rest>> {
    let about = &core.about;
    macro_rules! send {
        ($result:expr) => {
            send!($result, encode_result)
        };
        ($result:expr, $encode:expr) => {{
            let mut result = $result;
            if revision < Revision::V2026_07_28 {
                return $encode(out, id, &result).map(|()| None);
            }
            if let Some(meta) = &mut result.meta {
                about.stamp_into(meta);
                return $encode(out, id, &result).map(|()| None);
            }
            $encode(out, id, &result)?;
            // `…}}`: the result's brace and the message's.
            out.truncate(out.len().saturating_sub(2));
            out.extend_from_slice(about.stamp());
            out.push(b'}');
            Ok(None)
        }};
    }
    macro_rules! lowered {
        ($result:expr) => {{
            let mut result = $result;
            result.lower(revision);
            send!(result)
        }};
    }
    match answer {
        Answered::Prepared(rest) => Ok(encode_shared(out, id, rest)),
        Answered::Tool(mut result, wraps) => {
            if wraps {
                result.lower_wrapped(revision);
            } else {
                result.lower(revision);
            }
            send!(result, encode_tool)
        }
        Answered::Resource(mut result) => {
            let (ttl_ms, cache_scope) = about.cache();
            result.ttl_ms.get_or_insert(ttl_ms);
            result.cache_scope.get_or_insert(cache_scope);
            lowered!(result)
        }
        Answered::Prompt(result) => lowered!(result),
        Answered::Completion(result) => lowered!(result),
        Answered::Input(result) => send!(*result),
        Answered::Listened(result) => lowered!(result),
        Answered::Empty(result) => lowered!(result),
        Answered::Task(result) => lowered!(result),
        Answered::TaskState(record) => send!(*record),
    }
}

fn encode_tool(out: &mut Vec<u8>, id: &RequestId, result: &CallToolResult) -> serde_json::Result<()> {
    encode_with(out, id, |out| result.write(out))
}
