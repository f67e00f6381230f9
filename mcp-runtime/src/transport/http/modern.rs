//! A request of 2026-07-28: it stands for itself, and is answered on its own connection. Whoever closes that gives the call
//! up. Floor 5.

use std::any::Any;
use std::sync::Arc;

use http::HeaderMap;

use super::context::Request;
use super::events::Source;
use super::mirror::{Mirrors, check_standard};
use super::reply::{self, Answer, Manner};
use super::service::Shared;
use crate::call::Call;
use crate::catalog::Catalog;
use crate::dispatch::Begun;
use crate::error::ProtocolError;
use crate::exchange::Admitted;
use crate::ground::Ground;
use crate::message::encode_shared;
use crate::method::{Method, Name};
use crate::model::RequestId;
use crate::params::{Parameters, Params};
use crate::party::Origin;
use crate::peer::Whole;
use crate::revision::Revision;
use crate::server::App;
use crate::tables::Listed as _;

/// What a request asks, as far as it can be read: no revision without a handshake may have the method.
pub(super) struct Asked {
    method: Result<Method, ProtocolError>,
    outline: Result<Box<Params>, ProtocolError>,
}

impl Asked {
    pub(super) fn read(name: &Name, params: Parameters) -> Self {
        // What no revision without a handshake has is unknown there, whatever its parameters are.
        let method = name.requested().and_then(|method| {
            if method.is_in(Revision::LATEST) { Ok(method) } else { Err(ProtocolError::method_not_found(name)) }
        });
        // What an unknown method is about is unknown too.
        let outline = params.read(method.as_ref().map_or(Method::Discover, |method| *method));
        Self { method, outline }
    }

    /// Whether it says itself that it belongs to no session.
    pub(super) fn is_modern(&self) -> bool {
        self.outline.as_ref().is_ok_and(|params| params.is_modern())
    }

    /// The parameters, for a session after all.
    pub(super) fn into_parameters(self) -> Parameters {
        Parameters::Read(self.outline)
    }

    pub(super) fn is_discovery(&self) -> bool {
        self.method == Ok(Method::Discover)
    }
}

/// Answers a request. Checked are, in this order: that headers and body say the same, that the method is there, the
/// version, what `_meta` must say, and the method's own parameters (2026-07-28, "Streamable HTTP", "Server Validation").
pub(super) fn request<'a>(
    shared: &'a Shared,
    request: Arc<Request>,
    principal: Option<&Arc<str>>,
    (id, name): (RequestId, Name),
    asked: Asked,
) -> Answer<'a> {
    let peer = Arc::new(shared.app.core.way_out());
    let origin = Origin {
        session: None,
        peer: &peer,
        principal,
        carrier: Some(Arc::<Request>::clone(&request) as Arc<dyn Any + Send + Sync>),
    };
    let mut ground = Ground::once(&shared.app.core);
    let admitted = admit(&shared.app, &origin, &mut ground, &request.parts.headers, (&id, &name), asked);
    let mut source = match admitted {
        Err(error) => return Answer::Ready(reply::error(Some(&id), &error)),
        Ok(Admitted::Answered(rest)) => {
            let mut text = Vec::new();
            let rest = encode_shared(&mut text, &id, rest);
            return reply::whole(Whole { text, rest, held: None }, None, &Manner::of(shared, &request, None));
        }
        Ok(Admitted::Call(call)) => {
            let context = call.context.clone();
            match shared.app.start(call, ground.catalog()) {
                Begun::Replied(reply) => Source::replied(&shared.app, peer, &context, reply),
                Begun::Waiting(running) => Source::running(Arc::clone(&shared.app), peer, context, running),
            }
        }
    };
    match source.take_whole() {
        Some(frame) => reply::whole(frame, source.refused(), &Manner::of(shared, &request, None)),
        None => Answer::later(async move { reply::later(source, Manner::of(shared, &request, None)).await }),
    }
}

fn admit(
    app: &App,
    origin: &Origin<'_>,
    ground: &mut Ground,
    headers: &HeaderMap,
    (id, name): (&RequestId, &Name),
    asked: Asked,
) -> Result<Admitted, ProtocolError> {
    let Asked { method, outline } = asked;
    match &outline {
        Ok(outline) => {
            let subject = Some(&*outline.name).filter(|name| !name.is_empty() && method.is_ok());
            check_standard(headers, outline.revision(), name, subject)?;
        }
        // Parameters that cannot be read say nothing that could be compared.
        Err(_) => check_standard(headers, None, name, None)?,
    }
    let (method, outline) = (method?, outline?);
    // Before anything else is looked at: the version, and what `_meta` must say.
    outline.modern_revision()?;
    let admitted = app.admit(origin, ground, (id, method), outline)?;
    if let Admitted::Call(call) = &admitted
        && method == Method::CallTool
    {
        check_arguments(app, ground.catalog(), call, headers)?;
    }
    Ok(admitted)
}

/// Compares what a tool's arguments are mirrored to.
fn check_arguments(app: &App, catalog: &Catalog, call: &Call, headers: &HeaderMap) -> Result<(), ProtocolError> {
    let Some(row) = catalog.tables.tool(call.name()).filter(|row| app.core.shows(row, call.context())) else {
        return Ok(());
    };
    let mirrors = row.entry.worked_out.get_or_init(|| Arc::new(Mirrors::of(&row.listed.item().input_schema)));
    match mirrors.downcast_ref::<Mirrors>() {
        Some(mirrors) if !mirrors.is_empty() => mirrors.check(headers, call.arguments.as_deref()),
        _ => Ok(()),
    }
}
