//! The stream on which a server of a session says what nobody asked (2025-11-25, "Transports", "Listening for Messages from
//! the Server"). Opened once a session is, and again when it ends. Floor 6.

use std::sync::Arc;

use http::StatusCode;
use tokio::sync::oneshot;
use tokio::time::{Duration, Instant, sleep, timeout};

use super::answer::{Ending, follow, is, pause, reopen};
use super::post::Remote;
use super::sse::Decoder;
use crate::client::wire::Wire;
use crate::method::Method;

/// How long a server may take to open the stream before anything is asked of it.
const OPENING: Duration = Duration::from_secs(1);
/// A stream that lasted that long was a good one.
const GOOD: Duration = Duration::from_secs(5);

/// Whether the same request may succeed later.
fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}

/// Begins to listen. Where the server may ask something, this takes until it can be heard: there are servers that ask on this
/// stream in the middle of a call, and forget what they asked where nobody listens yet. Some say nothing before they have
/// something to say, and are not waited for.
pub(super) async fn begin(remote: &Arc<Remote>, wire: &Arc<Wire>) {
    // A server of 2024-11-05 has one stream for everything.
    if remote.endpoint.get().is_some() || wire.is_over() {
        return;
    }
    let (opened, is_open) = oneshot::channel();
    let task = tokio::spawn(listen(Arc::clone(remote), Arc::clone(wire), opened));
    remote.listen_with(task.abort_handle());
    if wire.hub.handlers.answers_any() {
        let _ = timeout(OPENING, is_open).await;
    }
}

async fn listen(remote: Arc<Remote>, wire: Arc<Wire>, opened: oneshot::Sender<()>) {
    let mut opened = Some(opened);
    let mut decoder = Decoder::new(remote.longest);
    let mut attempts = 0;
    loop {
        let last = decoder.last_id().map(str::to_owned);
        let began = Instant::now();
        let reopened = reopen(&remote, last.as_deref()).await;
        // However that went: nobody waits for more than one attempt.
        drop(opened.take());
        match reopened {
            Ok(response) if response.status().is_success() && is(&response, "text/event-stream") => {
                decoder.restart();
                let followed = follow(&wire, None, &mut decoder, response, remote.longest, Method::Ping).await;
                // An event that is too long is skipped with the rest of its stream.
                let has_told = matches!(followed, Ok(Ending::Ended(_))) && decoder.last_id() != last.as_deref();
                if has_told || began.elapsed() > GOOD {
                    attempts = 0;
                }
            }
            Ok(response) if response.status() == StatusCode::NOT_FOUND && remote.has_session() && attempts > 0 => {
                // It was there before. A server that never had it may say the same.
                return remote.expire(&wire);
            }
            Ok(response) if response.status() == StatusCode::BAD_REQUEST && last.is_some() => {
                // It no longer has what came before, and goes on from here.
                decoder = Decoder::new(remote.longest);
            }
            Ok(response) if !may_pass(response.status()) => return,
            _ => {}
        }
        sleep(pause(&decoder, attempts)).await;
        attempts = attempts.saturating_add(1);
    }
}
