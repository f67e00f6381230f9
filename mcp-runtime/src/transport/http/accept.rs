//! Connections: accepted up to a bound, given little time for their heads and to take what is written, and let go in order when
//! the process is told to stop. Floor 5.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::header::{CONNECTION, HeaderValue};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::body::{Body, Sent};
use super::gathered::keep_memory;
use super::head::{Verdict, Verdicts};
use super::reply;
use super::service::{Arrived, HttpService};
use super::watched::Watched;
use crate::error::Result;
use crate::transport::signal::Signals;
use crate::usage::{Holds, Usage};

/// The longest head of a request.
const HEAD: usize = 64 * 1024;
/// How long to wait when the system has no more files to give.
const BREATHER: Duration = Duration::from_millis(100);
/// How long connections that are given up may take to drop what they hold.
const DROPPING: Duration = Duration::from_millis(100);

/// Serves until a signal.
pub(super) async fn serve(listener: TcpListener, service: HttpService) -> Result<()> {
    let mut signals = Signals::new()?;
    keep_memory();
    tell(&listener, &service);
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let most = service.0.options.connections;
    let slots = Arc::new(Slots { free: Arc::new(Semaphore::new(most)), most });
    let holder: Weak<Slots> = Arc::downgrade(&slots);
    service.0.app.core.holders.enter(holder);
    let accepting = async {
        loop {
            let stream = accept(&listener).await;
            let Ok(slot) = Arc::clone(&slots.free).acquire_owned().await else { return };
            let (service, stopped) = (service.clone(), stopped.clone());
            let connected = service.0.app.core.pulse.busy(&Handle::current());
            connections.spawn(async move {
                connection(stream, service, stopped).await;
                drop((slot, connected));
            });
            // What has ended is not kept.
            while connections.try_join_next().is_some() {}
        }
    };
    signals.or(accepting).await;
    drop(listener);
    // Streams of changes end in order, connections when what they carry is answered.
    let grace = service.0.app.core.limits.grace;
    service.0.app.core.hub.close();
    drop(stop);
    let draining = async {
        // Whoever gives calls up when the time is over has to live a little longer than that.
        let joining = tokio::time::timeout(grace, async { while connections.join_next().await.is_some() {} });
        let _ = tokio::join!(service.0.sessions.wind_down(grace), service.0.pairs.wind_down(grace), joining);
    };
    signals.or(draining).await;
    // What computes or blocks does not end because it was told to; the end of the process ends it.
    let _ = tokio::time::timeout(DROPPING, connections.shutdown()).await;
    Ok(())
}

/// How many connections there may be, and how many more.
struct Slots {
    free: Arc<Semaphore>,
    most: usize,
}

impl Holds for Slots {
    fn add_to(&self, usage: &mut Usage) {
        usage.connections += self.most.saturating_sub(self.free.available_permits());
    }
}

/// Says on standard error where the server is to be found.
#[expect(clippy::print_stderr, reason = "whoever starts a server wants to know where it is")]
fn tell(listener: &TcpListener, service: &HttpService) {
    if let Ok(address) = listener.local_addr() {
        eprintln!("listening at http://{address}{}", service.path());
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // A client that is gone again is no reason to wait; anything else is a lack that may pass.
            Err(error) if is_of_the_client(&error) => {}
            Err(_) => tokio::time::sleep(BREATHER).await,
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(stream: TcpStream, service: HttpService, stop: watch::Receiver<()>) {
    // Without it, an answer in two writes waits 40 ms for an acknowledgement. A socket that refuses works all the same.
    let _ = stream.set_nodelay(true);
    let options = &service.0.options;
    let (io, verdicts) = Watched::new(TokioIo::new(stream), options.header_time, options.write_time);
    let line = Arc::new(Line { service, verdicts });
    let answering = service_fn(move |request: Request<Incoming>| {
        let (parts, body) = request.into_parts();
        answer(Asked(Arc::clone(&line)), arrive(&line, parts), body)
    });
    let connection = http1::Builder::new()
        // Bounded where the connection is watched, without a clock for every request.
        .header_read_timeout(None)
        .max_buf_size(HEAD)
        .serve_connection(io, answering);
    let mut connection = pin!(connection);
    let mut stopped = stop.clone();
    let mut stopped = pin!(stopped.changed());
    let mut waits = Waits::Unheard;
    poll_fn(|cx| {
        // Once it is known whom to wake, to look at the channel says as much as to wait for it, and takes no lock.
        if waits == Waits::Unheard || waits == Waits::Heard && stop.has_changed().is_err() {
            waits = Waits::Heard;
            if stopped.as_mut().poll(cx).is_ready() {
                waits = Waits::Over;
                connection.as_mut().graceful_shutdown();
            }
        }
        // A connection that fails has nobody who could be told.
        connection.as_mut().poll(cx).map(drop)
    })
    .await;
}

/// Whether a connection waits to be told to stop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// Nobody knows yet that it does.
    Unheard,
    Heard,
    /// It was told.
    Over,
}

/// What answers the requests of one connection.
struct Line {
    service: HttpService,
    verdicts: Verdicts,
}

/// A request that is not answered yet.
struct Asked(Arc<Line>);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.verdicts.answered();
    }
}

/// Judges a request before its body is read.
fn arrive(line: &Line, parts: Parts) -> std::result::Result<Arrived, Box<Response<Body>>> {
    if let Verdict::Ambiguous(why) = line.verdicts.next() {
        let message = format!("the request could be read in two ways: {why}");
        let mut response = reply::refusal(StatusCode::BAD_REQUEST, &message);
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        return Err(Box::new(response));
    }
    line.service.route(parts)
}

async fn answer(
    asked: Asked,
    arrived: std::result::Result<Arrived, Box<Response<Body>>>,
    body: Incoming,
) -> std::result::Result<Response<Sent<Asked>>, Infallible> {
    let response = match arrived {
        Ok(arrived) => asked.0.service.answer(arrived, body).await,
        Err(response) => *response,
    };
    Ok(response.map(|body| Sent(body, asked)))
}
