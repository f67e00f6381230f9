//! HTTP on axum: a router with one route.

use std::io;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use hyper::HeaderMap;
use tokio::net::TcpListener;

use crate::hyper::reply;

pub(crate) fn serve(address: &str) -> io::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        // A connection that is gone already needs no option.
        let listener = TcpListener::bind(address).await?.tap_io(|stream| _ = stream.set_nodelay(true));
        axum::serve(listener, Router::new().route("/mcp", post(handle))).await
    })
}

async fn handle(headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let (status, answered) = reply(&headers, &body).await;
    (status, [(CONTENT_TYPE, "application/json")], answered)
}
