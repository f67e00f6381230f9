//! Hand-written servers: the same typed work with serde and `serde_json`, and nothing that a server could do without (memchr, which
//! `serde_json` brings along, finds the ends of lines). What they cost is what a framework has to be measured against.
//!
//! `floor --stdio-blocking` runs every call in place, `floor --stdio` gives calls that wait to a runtime, `floor --http-hyper ADDR`
//! and `floor --http ADDR` (axum) serve HTTP. All read `_meta` and the headers of 2026-07-28 when they are there.

mod answer;
mod axum;
mod hyper;
mod stdio;

#[path = "../../work.rs"]
#[expect(unreachable_pub, reason = "the peers take this file too")]
mod work;

use std::io;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--stdio-blocking"] => stdio::blocking(),
        ["--stdio"] => stdio::with_runtime(),
        ["--http-hyper", address] => hyper::serve(address),
        ["--http", address] => axum::serve(address),
        _ => Err(io::Error::other("usage: floor --stdio-blocking | --stdio | --http-hyper ADDR | --http ADDR")),
    }
}
