//! An HTTP server that answers what a closure says, and remembers what it was asked.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The fields of a form.
    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        pairs(&self.body)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) fn pairs(query: &str) -> BTreeMap<String, String> {
    let url = Url::parse(&format!("http://x/?{query}")).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// What to answer.
pub(crate) enum Reply {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// A body of this many bytes, with or without saying so first.
    Flood {
        bytes: usize,
        announced: Announced,
    },
    /// Nothing, ever.
    Silence,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Announced {
    Yes,
    No,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self::Answer { status, headers, body: body.to_string().into_bytes() }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Answer { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn redirect(to: impl Into<String>) -> Self {
        Self::status(302).with("location", to)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

/// A socket that listens already, so that others can name it before it answers.
pub(crate) struct Bound {
    listener: TcpListener,
    pub(crate) origin: String,
}

impl Bound {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        Self { listener, origin }
    }

    pub(crate) fn serve(self, handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Mock {
        let log = Arc::<Mutex<Vec<Seen>>>::default();
        let handler = Arc::new(handler);
        let (listener, seen) = (self.listener, Arc::clone(&log));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (handler, seen) = (Arc::clone(&handler), Arc::clone(&seen));
                tokio::spawn(async move { drop(answer(stream, &seen, &*handler).await) });
            }
        });
        Mock { origin: self.origin, log, task: task.abort_handle() }
    }
}

pub(crate) struct Mock {
    pub(crate) origin: String,
    log: Arc<Mutex<Vec<Seen>>>,
    task: AbortHandle,
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Mock {
    pub(crate) fn log(&self) -> Vec<Seen> {
        self.log.lock().unwrap().clone()
    }

    /// The requests to this path.
    pub(crate) fn at(&self, path: &str) -> Vec<Seen> {
        self.log().into_iter().filter(|seen| seen.path == path).collect()
    }

    /// The paths that were asked for, in order.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.log().into_iter().map(|seen| seen.path).collect()
    }
}

async fn answer(
    stream: TcpStream,
    log: &Mutex<Vec<Seen>>,
    handler: &(dyn Fn(&Seen) -> Reply + Send + Sync),
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let Some(seen) = read(&mut stream).await? else { return Ok(()) };
    log.lock().unwrap().push(seen.clone());
    let reply = handler(&seen);
    let mut stream = stream.into_inner();
    match reply {
        Reply::Answer { status, headers, body } => {
            let mut head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                head = head + name + ": " + &value + "\r\n";
            }
            stream.write_all(format!("{head}\r\n").as_bytes()).await?;
            stream.write_all(&body).await?;
        }
        Reply::Flood { bytes, announced } => {
            let length =
                if announced == Announced::Yes { format!("content-length: {bytes}\r\n") } else { String::new() };
            stream.write_all(format!("HTTP/1.1 200 x\r\nconnection: close\r\n{length}\r\n").as_bytes()).await?;
            for _ in 0..bytes / 1024 {
                stream.write_all(&[b' '; 1024]).await?;
            }
        }
        Reply::Silence => tokio::time::sleep(Duration::from_mins(10)).await,
    }
    stream.shutdown().await
}

async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Seen>> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut seen = Seen {
        method: method.to_owned(),
        path: path.to_owned(),
        query: pairs(query),
        headers: HeaderMap::new(),
        body: String::new(),
    };
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let name: HeaderName = name.parse().unwrap();
        seen.headers.append(name, HeaderValue::from_str(value.trim()).unwrap());
    }
    let length = seen.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    seen.body = String::from_utf8(body).unwrap();
    Ok(Some(seen))
}
