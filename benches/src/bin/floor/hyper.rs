//! HTTP on hyper alone: one task for each connection, no path, no session.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::answer::{Head, Step, answer};

pub(crate) fn serve(address: &str) -> io::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(address).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let connection = hyper::server::conn::http1::Builder::new();
                // A client that goes away is none of the server's business.
                let _ = connection.serve_connection(TokioIo::new(stream), service_fn(service)).await;
            });
        }
    })
}

async fn service(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(response);
    };
    let (status, answered) = reply(&parts.headers, &body.to_bytes()).await;
    let mut response = Response::new(Full::new(answered));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// What answers a request's body.
pub(crate) async fn reply(headers: &HeaderMap, body: &[u8]) -> (StatusCode, Bytes) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let head = Head { version: text("mcp-protocol-version"), method: text("mcp-method"), name: text("mcp-name") };
    let mut out = Vec::with_capacity(256);
    match answer(body, Some(head), &mut out) {
        Step::Answered => {}
        Step::Silent => return (StatusCode::ACCEPTED, Bytes::new()),
        Step::Later(time, due) => {
            tokio::time::sleep(time).await;
            due.write(&mut out);
        }
    }
    (StatusCode::OK, Bytes::from(out))
}
