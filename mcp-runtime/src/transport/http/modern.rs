//! A request of 2026-07-28: it stands for itself, and is answered on its own connection. Whoever closes that gives the call
//! up. Floor 5.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;

use super::context::Request;
use super::events::{Body, Source};
use super::mirror::{Mirrors, check_standard};
use super::reply::{self, Manner};
use super::service::Shared;
use crate::call::Call;
use crate::error::ProtocolError;
use crate::exchange::{Admitted, Origin, requested};
use crate::message::encode_prepared;
use crate::method::Method;
use crate::model::RequestId;
use crate::peer::Peer;
use crate::revision::Revision;
use crate::server::App;
use crate::session::Params;

/// Answers a request. Checked are, in this order: that headers and body say the same, that the method is there, the
/// version, what `_meta` must say, and the method's own parameters (2026-07-28, "Streamable HTTP", "Server Validation").
pub(super) async fn request(
    shared: &Shared,
    parts: Parts,
    principal: Option<Arc<str>>,
    id: RequestId,
    name: &str,
    params: Option<Bytes>,
) -> Response<Body> {
    let peer = Arc::new(Peer::new(shared.app.core.limits.outgoing));
    let parts = Arc::new(Request { parts, stream: None });
    let admitted = admit(&shared.app, &parts, &peer, principal.as_ref(), &id, name, params.as_ref());
    let call = match admitted {
        Err(error) => return reply::error(Some(&id), &error),
        Ok(Admitted::Answered(answer)) => {
            let mut out = Vec::new();
            // Made by this crate of its own types.
            let _ = encode_prepared(&mut out, &id, &answer);
            peer.send_later(|frame| frame.append(&mut out));
            peer.close();
            return reply::answer(Source::of(peer), manner(shared, &parts)).await;
        }
        Ok(Admitted::Call(call)) => call,
    };
    let context = call.context.clone();
    let running = shared.app.start(call);
    let source = Source::running(Arc::clone(&shared.app), peer, context, running);
    reply::answer(source, manner(shared, &parts)).await
}

fn manner<'a>(shared: &Shared, request: &'a Request) -> Manner<'a> {
    Manner { headers: &request.parts.headers, compresses: shared.options.compress, is_modern: true, stream: None }
}

fn admit(
    app: &App,
    request: &Arc<Request>,
    peer: &Arc<Peer>,
    principal: Option<&Arc<str>>,
    id: &RequestId,
    name: &str,
    params: Option<&Bytes>,
) -> Result<Admitted, ProtocolError> {
    let headers = &request.parts.headers;
    // What no revision without a handshake has is unknown here, whatever its parameters are.
    let method = requested(name).and_then(|method| {
        if method.is_in(Revision::LATEST) { Ok(method) } else { Err(ProtocolError::method_not_found(name)) }
    });
    let outline = match &method {
        Ok(method) => Params::read(*method, params),
        // What an unknown method is about is unknown too.
        Err(_) => Params::read(Method::Discover, params),
    };
    match &outline {
        Ok(outline) => {
            let subject = Some(&*outline.name).filter(|name| !name.is_empty() && method.is_ok());
            check_standard(headers, outline.facts.revision.as_deref(), name, subject)?;
        }
        // Parameters that cannot be read say nothing that could be compared.
        Err(_) => check_standard(headers, None, name, None)?,
    }
    let method = method?;
    let outline = outline?;
    let revision = outline.facts.modern_revision()?;
    if !method.is_in(revision) {
        return Err(ProtocolError::method_not_found(name));
    }
    let carrier: Arc<dyn Any + Send + Sync> = Arc::<Request>::clone(request);
    let origin = Origin { session: None, peer, principal, carrier: Some(carrier) };
    let admitted = app.admit(&origin, id, method, outline, params)?;
    if let Admitted::Call(call) = &admitted
        && method == Method::CallTool
    {
        check_arguments(app, call, &request.parts.headers)?;
    }
    Ok(admitted)
}

/// Compares what a tool's arguments are mirrored to.
fn check_arguments(app: &App, call: &Call, headers: &http::HeaderMap) -> Result<(), ProtocolError> {
    let catalog = app.core.catalog();
    let Some(row) = catalog.tables.tool(call.name()).filter(|row| app.core.shows(row, call.context())) else {
        return Ok(());
    };
    let mirrors = row.entry.worked_out.get_or_init(|| Arc::new(Mirrors::of(&row.entry.schema)));
    match mirrors.downcast_ref::<Mirrors>() {
        Some(mirrors) if !mirrors.is_empty() => mirrors.check(headers, call.arguments()),
        _ => Ok(()),
    }
}
