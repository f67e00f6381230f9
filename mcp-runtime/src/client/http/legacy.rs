//! The transport of 2024-11-05: one stream for all that the server says, which begins with the address for all that the
//! client says. Floor 6.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Response, Url};
use tokio::time::timeout;

use super::answer::{Ending, follow, is, reopen};
use super::gate::{broken, failed, shown};
use super::post::Remote;
use super::sse::{Decoder, Event};
use crate::client::error::Error;
use crate::client::wire::{End, Wire};
use crate::error::quoted;
use crate::method::Method;

/// How long a server may take to say where messages go.
const ENDPOINT: Duration = Duration::from_secs(10);

/// Looks whether the server has this transport (2025-11-25, "Transports", "Backwards Compatibility").
///
/// # Errors
/// When it has, and names an address that the client must not send to.
pub(super) async fn fall_back(remote: &Arc<Remote>, wire: &Arc<Wire>) -> Result<bool, Error> {
    if remote.endpoint.get().is_some() {
        return Ok(false);
    }
    let opened = timeout(ENDPOINT, reopen(remote, None)).await;
    let Ok(Ok(response)) = opened else { return Ok(false) };
    if !response.status().is_success() || !is(&response, "text/event-stream") {
        return Ok(false);
    }
    let url = response.url().clone();
    let mut stream = Stream { response, decoder: Decoder::new(remote.longest), rest: Bytes::new() };
    let Ok(endpoint) = timeout(ENDPOINT, stream.endpoint(&url)).await else { return Ok(false) };
    let endpoint = endpoint?;
    // Only one task falls back.
    let _ = remote.endpoint.set(endpoint);
    let (wire, longest) = (Arc::clone(wire), remote.longest);
    let task = tokio::spawn(async move {
        let ended = stream.tell(&wire, longest, &url).await;
        wire.end(End { status: None, cause: Some(Arc::new(ended)) });
    });
    remote.listen_with(task.abort_handle());
    Ok(true)
}

/// The stream that everything comes on.
struct Stream {
    response: Response,
    decoder: Decoder,
    /// What came with the first event.
    rest: Bytes,
}

impl Stream {
    /// The address that the first event names.
    async fn endpoint(&mut self, url: &Url) -> Result<Url, Error> {
        let too_long = |_| failed(url, "it does not say where messages go".to_owned());
        let event: Event = loop {
            if let Some(event) = self.decoder.next(&mut self.rest).map_err(too_long)? {
                break event;
            }
            let chunk = self.response.chunk().await.map_err(|error| broken(url, error))?;
            self.rest = chunk.ok_or_else(|| failed(url, "it does not say where messages go".to_owned()))?;
        };
        let endpoint = std::str::from_utf8(&event.data).ok().filter(|_| event.kind == "endpoint");
        let endpoint = endpoint.and_then(|endpoint| url.join(endpoint).ok());
        let endpoint = endpoint.ok_or_else(|| failed(url, "it does not say where messages go".to_owned()))?;
        if endpoint.origin() != url.origin() {
            let endpoint = quoted(&shown(&endpoint));
            return Err(failed(url, format!("it wants messages to be sent to another origin, {endpoint}")));
        }
        Ok(endpoint)
    }

    /// Hands on what comes, to the end.
    async fn tell(mut self, wire: &Arc<Wire>, longest: usize, url: &Url) -> io::Error {
        loop {
            match self.decoder.next(&mut self.rest) {
                Ok(Some(event)) => wire.receive(&event.data),
                Ok(None) => break,
                Err(_) => return io::Error::other(format!("the server sent an event of more than {longest} bytes")),
            }
        }
        match follow(wire, None, &mut self.decoder, self.response, longest, Method::Ping).await {
            Ok(Ending::Ended(Some(error))) => io::Error::other(error.without_url()),
            Ok(_) => {
                io::Error::other(format!("the server at {} ended the stream of its messages", quoted(&shown(url))))
            }
            Err(error) => io::Error::other(error),
        }
    }
}
