//! Servers that make the mistakes: each test names one, and its check must see it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use serde_json::{Value, json};

/// Serves HTTP for as long as the test runs; `answer` gives what goes back to a body, head and all.
pub(crate) fn serve(answer: impl Fn(&[u8]) -> String + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            thread::spawn(move || converse(stream, &answer));
        }
    });
    address
}

fn converse(stream: TcpStream, answer: &impl Fn(&[u8]) -> String) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).is_ok_and(|read| read > 0) {
                continue;
            }
            return;
        }
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        if stream.get_mut().write_all(answer(&body).as_bytes()).is_err() {
            return;
        }
    }
}

/// An answer over HTTP with these headers besides.
pub(crate) fn ok(headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What a call of `add` is answered with.
pub(crate) fn sum(message: &Value) -> Value {
    let arguments = &message["params"]["arguments"];
    let sum = arguments["a"].as_i64().unwrap_or(0) + arguments["b"].as_i64().unwrap_or(0);
    let content = json!([{ "type": "text", "text": sum.to_string() }]);
    json!({ "jsonrpc": "2.0", "id": message["id"], "result": { "content": content } })
}
