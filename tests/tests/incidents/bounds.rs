//! What a peer can make a server keep, with the default settings.

use mcp_runtime::{HttpOptions, Limits};
use mcp_tests::http::{Request, Session, Site, call};
use mcp_tests::process::{self, Process};
use mcp_tests::raw::Raw;
use mcp_tests::site::{Log, server};
use mcp_tests::typed;
use serde_json::json;

const TYPED: &str = env!("CARGO_BIN_EXE_typed");
const MIB: usize = 1 << 20;

/// A message of so many bytes, most of them text.
fn long(bytes: usize) -> String {
    process::call(1, "same", json!({ "value": "x".repeat(bytes) })).to_string()
}

#[test]
fn cve_2026_63119_lines_without_end() {
    for mut raw in Raw::all(TYPED, typed::server).into_iter().filter(Raw::has_lines) {
        assert_eq!(raw.ask(long(5 * MIB))["error"]["code"], -32600, "{}", raw.name());
        raw.is_healthy().unwrap();
        assert!(raw.ask(long(3 * MIB))["result"].is_object());
    }
    // The control: a bound that is too high for the check.
    let mut open = Raw::memory(typed::server().limits(Limits::default().line(8 * MIB)));
    assert!(open.ask(long(5 * MIB))["result"].is_object());
}

/// How much memory a process has had at most, in MiB, after a line of so many MiB.
#[cfg(target_os = "linux")]
fn peak(mebibytes: usize, ends: bool) -> u64 {
    let mut process = Process::start(TYPED, &[]);
    process.assert_healthy();
    let piece = vec![b'x'; MIB];
    for _ in 0..mebibytes {
        process.write(&piece);
        if ends {
            process.write(b"\n");
        }
    }
    process.write(b"\n");
    for _ in 0..if ends { mebibytes } else { 1 } {
        let code = &process.receive()["error"]["code"];
        assert_eq!(*code, if ends { -32700 } else { -32600 });
    }
    process.assert_healthy();
    process.measured("status", "VmHWM") / 1024
}

#[cfg(target_os = "linux")]
#[test]
fn cve_2026_63119_what_is_skipped_is_not_kept() {
    let peak = peak(200, false);
    assert!(peak < 100, "{peak} MiB");
    // The control: as many bytes do fill a process that keeps them, and the measure shows it.
    let kept = vec![1_u8; 200 * MIB];
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let mine: usize = line.split_whitespace().next().unwrap().parse().unwrap();
    assert!(mine / 1024 > 200 && kept[199 * MIB] == 1, "{line}");
    assert!(self::peak(20, true) < 100);
}

#[test]
fn cve_2026_63119_bodies_without_end() {
    let site = Site::open(server(&Log::default()));
    let huge = call("echo", json!({ "text": "x".repeat(5 * MIB) }));
    site.send(&huge).refused(413, -32600);
    for length in ["4194305", "9223372036854775807"] {
        let mut wire = site.connect();
        wire.write(call("echo", json!({})).with("Content-Length", length).head());
        wire.answer().refused(413, -32600);
        wire.closed();
    }
    let mut wire = site.connect();
    wire.write(call("echo", json!({})).with("Transfer-Encoding", "chunked").head());
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(MIB));
    (0..5).for_each(|_| wire.write(&chunk));
    wire.answer().refused(413, -32600);
    assert_eq!(site.call("add", json!({ "a": 1, "b": 2 })).said(), "3");
    let open = Site::open(server(&Log::default()).limits(Limits::default().line(8 * MIB)));
    assert_eq!(open.send(&huge).said().len(), 5 * MIB);
}

/// The status of the handshake after so many sessions were opened.
fn handshake_after(site: &Site, sessions: usize) -> u16 {
    let mut wire = site.connect();
    let initialize = Request::post(Session::initialize("2025-11-25").to_string());
    for index in 0..sessions {
        let answer = wire.send(&initialize);
        assert_eq!(answer.status, 200, "{index}: {answer}");
    }
    wire.send(&initialize).status
}

#[test]
fn cve_2026_63119_sessions_without_end() {
    let site = Site::open(server(&Log::default()));
    assert_eq!(handshake_after(&site, 10_000), 503);
    // Whoever needs no session is served all the same.
    assert_eq!(site.call("add", json!({ "a": 1, "b": 2 })).said(), "3");
    // The control, on a smaller scale: the same number of sessions where there may be more.
    for (most, status) in [(20, 503), (21, 200)] {
        let open = Site::open(server(&Log::default()).http(HttpOptions::default().sessions(most)));
        assert_eq!(handshake_after(&open, 20), status);
    }
}
