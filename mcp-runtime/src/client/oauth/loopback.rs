//! The browser of the system, and a listener on the loopback interface to which it is sent back (RFC 8252 section 7.3).
//! Floor 6.

use std::convert::Infallible;
use std::fmt;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use oauth2::url::form_urlencoded;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};

use super::browser::{Browser, Browsing, Page, Visit};
use super::error::Error;

/// Where the authorization server sends the browser.
const PATH: &str = "/callback";
/// A browser asks once or twice; whoever keeps a connection open longer or opens more is none.
const CONNECTION: Duration = Duration::from_secs(10);
const CONNECTIONS: usize = 16;
/// The longest head of a request: an authorization code is a few hundred bytes.
const HEAD: usize = 16 * 1024;

type Shown = Arc<dyn Fn(&str) + Send + Sync>;

/// The browser of the system, which is sent back to a listener of this process on 127.0.0.1.
///
/// The page is opened with `xdg-open`, `open` or the handler of Windows. The listener takes any free port, gives each visitor
/// a plain page, and ends with the first answer that has the right `state`; whatever else comes in is turned away. It waits for
/// five minutes.
///
/// ```
/// use mcp_runtime::client::oauth::{Loopback, OAuth};
///
/// let browser = Loopback::new().show_url(|url| eprintln!("Sign in at {url}"));
/// let oauth = OAuth::new().client_name("my app").browser(browser);
/// # let _ = oauth;
/// ```
#[derive(Clone)]
pub struct Loopback {
    port: u16,
    wait: Duration,
    shown: Option<Shown>,
    opens: Opens,
}

/// Whether a page is opened in the system's browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opens {
    System,
    Nothing,
}

impl Loopback {
    /// The browser of the system.
    pub fn new() -> Self {
        Self { port: 0, wait: Duration::from_mins(5), shown: None, opens: Opens::System }
    }

    /// Calls `f` with each address that the user has to visit, as well as opening it. With this, a system without a browser is
    /// no error: the user may visit the address from another place, as long as the way back leads here.
    pub fn show_url(mut self, f: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.shown = Some(Arc::new(f));
        self
    }

    /// Opens nothing; the user is only told, see [`Self::show_url`].
    pub fn without_opening(mut self) -> Self {
        self.opens = Opens::Nothing;
        self
    }

    /// Listens on this port, for authorization servers that know the client by a redirect URI with a port. Any free one unless
    /// set, or if 0.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How long the user may take, 5 minutes unless set.
    pub fn wait(mut self, time: Duration) -> Self {
        self.wait = time;
        self
    }
}

impl Default for Loopback {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Loopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loopback").field("port", &self.port).field("wait", &self.wait).finish_non_exhaustive()
    }
}

impl Browser for Loopback {
    fn begin(&self) -> Browsing<'_, Box<dyn Visit>> {
        Box::pin(async move {
            let failed = |error| Error::browser("no port of the loopback interface can be listened on").because(error);
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await.map_err(failed)?;
            let port = listener.local_addr().map_err(failed)?.port();
            let redirect_uri = format!("http://127.0.0.1:{port}{PATH}");
            Ok(Box::new(Listening { listener, redirect_uri, browser: self.clone() }) as Box<dyn Visit>)
        })
    }
}

struct Listening {
    listener: TcpListener,
    redirect_uri: String,
    browser: Loopback,
}

impl Visit for Listening {
    fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    fn show<'a>(&'a mut self, page: Page<'a>) -> Browsing<'a, String> {
        Box::pin(async move {
            if let Some(shown) = &self.browser.shown {
                shown(page.url);
            }
            let query = timeout(self.browser.wait, async {
                let answer = answered(&self.listener, page.state);
                tokio::pin!(answer);
                tokio::select! {
                    query = &mut answer => return query,
                    Err(error) = opened(page.url, self.browser.opens) => {
                        if self.browser.shown.is_none() {
                            return Err(error);
                        }
                    }
                }
                answer.await
            });
            match query.await {
                Ok(query) => Ok(format!("{}?{}", self.redirect_uri, query?)),
                Err(_) => Err(Error::browser(format!("nobody signed in within {:?}", self.browser.wait))),
            }
        })
    }
}

/// Waits for the query of the first request that answers the authorization request.
async fn answered(listener: &TcpListener, state: &str) -> Result<String, Error> {
    let (found, mut queries) = mpsc::channel(1);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut guests = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            Some(query) = queries.recv() => {
                // The page is on its way to the browser.
                let _ = timeout(Duration::from_millis(200), async { while guests.join_next().await.is_some() {} }).await;
                return Ok(query);
            }
            Some(_) = guests.join_next(), if !guests.is_empty() => {}
            guest = listener.accept() => {
                let (Ok((stream, _)), Ok(place)) = (guest, Arc::clone(&places).try_acquire_owned()) else {
                    // Too many at once, or too few descriptors: both get better with time.
                    sleep(Duration::from_millis(10)).await;
                    continue;
                };
                let (state, found) = (state.to_owned(), found.clone());
                guests.spawn(async move {
                    let _ = timeout(CONNECTION, serve(stream, state, found)).await;
                    drop(place);
                });
            }
        }
    }
}

async fn serve(stream: TcpStream, state: String, found: mpsc::Sender<String>) {
    let service = service_fn(|request: Request<Incoming>| {
        let query = answer(&request, &state);
        let response = page(query.is_some());
        if let Some(query) = query {
            // A second answer comes too late.
            let _ = found.try_send(query);
        }
        async { Ok::<_, Infallible>(response) }
    });
    // Whatever a guest does wrong is the end of its connection alone.
    let _ = http1::Builder::new()
        .max_buf_size(HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The query of a request, if it answers the authorization request with this state.
fn answer(request: &Request<Incoming>, state: &str) -> Option<String> {
    let query = request.uri().query()?;
    let mut states = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "state");
    let is_ours = states.next().is_some_and(|(_, value)| value == state) && states.next().is_none();
    (request.method() == http::Method::GET && request.uri().path() == PATH && is_ours).then(|| query.to_owned())
}

/// A page that repeats nothing of the request.
fn page(is_answer: bool) -> Response<Full<Bytes>> {
    const DONE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Signed in</title>\
        <h1>That is all</h1><p>The application has its answer. You can close this window and go back to it.</p></html>";
    const NOTHING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Not expected</title>\
        <h1>Nothing to see here</h1><p>This is not the answer that the application waits for.</p></html>";
    let (status, text) = if is_answer { (StatusCode::OK, DONE) } else { (StatusCode::BAD_REQUEST, NOTHING) };
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(target_os = "macos")]
const OPENERS: [(&str, &[&str]); 1] = [("open", &[])];
#[cfg(windows)]
const OPENERS: [(&str, &[&str]); 1] = [("rundll32", &["url.dll,FileProtocolHandler"])];
#[cfg(not(any(windows, target_os = "macos")))]
const OPENERS: [(&str, &[&str]); 3] = [("xdg-open", &[]), ("gio", &["open"]), ("wslview", &[])];

/// Opens a page in the system's browser, without a shell. Ends with the opener, which may be the browser itself.
async fn opened(url: &str, opens: Opens) -> Result<(), Error> {
    if opens == Opens::Nothing {
        return Ok(());
    }
    for (program, arguments) in OPENERS {
        let mut command = Command::new(program);
        command.args(arguments).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if command.status().await.is_ok_and(|status| status.success()) {
            return Ok(());
        }
    }
    Err(Error::browser("no browser can be opened: show the address yourself, with `Loopback::show_url`"))
}
