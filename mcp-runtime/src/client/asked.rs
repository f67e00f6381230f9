//! A request of the server's, in the revisions that have them: read, handed to whoever answers, and answered. The reading
//! side never waits for it. Floor 6.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::wire::Wire;
use crate::error::{ProtocolError, reason};
use crate::method::Method;
use crate::model::lower::Lower;
use crate::model::{InputRequest, InputResponse, RequestId};

/// Handles one request.
pub(super) fn receive(wire: &Arc<Wire>, id: &RequestId, method: &str, params: Option<&[u8]>) {
    // A server that asks and does not read is not answered.
    if !wire.revision().has_handshake() || !wire.has_room() {
        return;
    }
    if method == Method::Ping.as_str() {
        return wire.reply(id, b"{}");
    }
    let answering = read(wire, method, params).and_then(|request| {
        let undeclared = || ProtocolError::invalid_params("the client does not declare this kind of question");
        wire.hub.handlers.answer(request).ok_or_else(undeclared)
    });
    let answering = match answering {
        Ok(answering) => answering,
        Err(error) => return wire.refuse(id, &error),
    };
    let Ok(permit) = Arc::clone(&wire.hub.answers).try_acquire_owned() else {
        let error = ProtocolError::internal("the client answers too many questions at once; ask again later");
        return wire.refuse(id, &error);
    };
    // It begins once it is noted, so that the server can give it up from the first moment on.
    let (begin, noted) = oneshot::channel();
    let task = tokio::spawn({
        let (wire, id) = (Arc::clone(wire), id.clone());
        async move {
            let _permit = permit;
            if noted.await.is_err() {
                return;
            }
            let answer = answering.await;
            // One that the server gave up is not answered.
            if wire.take_answering(&id) {
                tell(&wire, &id, answer);
            }
        }
    });
    if wire.note_answering(id, task.abort_handle()) {
        // It fails when the task is gone with its runtime.
        let _ = begin.send(());
    }
}

fn tell(wire: &Arc<Wire>, id: &RequestId, answer: Result<InputResponse, ProtocolError>) {
    let encoded = answer.and_then(|mut response| {
        response.lower(wire.revision());
        serde_json::to_vec(&response).map_err(|_| ProtocolError::internal("the answer cannot be sent as JSON"))
    });
    match encoded {
        Ok(result) => wire.reply(id, &result),
        Err(error) => wire.refuse(id, &error),
    }
}

/// What is asked, if it is something that this client can be asked.
fn read(wire: &Wire, name: &str, params: Option<&[u8]>) -> Result<InputRequest, ProtocolError> {
    let params = params.unwrap_or(b"{}");
    let undeclared = || ProtocolError::method_not_found(name).because("the client does not declare it");
    let method = Method::parse(name).filter(|method| wire.hub.handlers.answers(*method)).ok_or_else(undeclared)?;
    let request = match method {
        Method::Elicit => crate::text::from_bytes(params).map(InputRequest::Elicit),
        Method::CreateMessage => crate::text::from_bytes(params).map(InputRequest::CreateMessage),
        _ => crate::text::from_bytes(params).map(|params| InputRequest::ListRoots(Some(params))),
    };
    request.map_err(|error| ProtocolError::invalid_params(reason(&error)))
}
