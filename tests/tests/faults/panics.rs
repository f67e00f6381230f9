//! Functions that panic ten thousand times in a row: each call is answered, and nothing is left of any.

use std::time::Instant;

use mcp_tests::http::{self, Wire};
use mcp_tests::process::{Process, call};
use serde_json::json;

use super::machine::{FAULTY, Held, MIB, alone, over_http};

/// In itself, in a task of its own, in the drop of a value, in that of its result, and while its result is serialized.
const WAYS: [&str; 5] =
    ["panics", "panics_later", "panics_in_drop", "panics_in_drop_of_its_result", "panics_in_serialize"];
const TIMES: usize = 10_000;
/// Over HTTP, where a call costs more, as many in all.
const EACH: usize = TIMES / WAYS.len();

/// Fails unless nothing is left of what happened meanwhile.
fn check(before: Held, after: Held, said: &str) {
    println!("{said}: before {before:?}, after {after:?}");
    assert!(after.memory < before.memory + 4 * MIB, "{said}: memory is left");
    assert!(after.threads <= before.threads + 1, "{said}: threads are left");
    assert!(after.files <= before.files, "{said}: files are left");
}

/// So many calls, each answered with an error that names the function.
fn panicking(process: &mut Process, tool: &str, times: usize) {
    let line = format!("{}\n", call("same", tool, json!({})));
    let one = line.replace("\"same\"", "\"0\"");
    // As many at a time as the pipe holds.
    let batch = 32 * 1024 / line.len();
    for first in (0..times).step_by(batch) {
        let ids = first..times.min(first + batch);
        let lines = ids.clone().map(|id| one.replace("\"0\"", &format!("\"{id}\"")));
        process.write(lines.collect::<String>().as_bytes());
        let mut left: std::collections::BTreeSet<_> = ids.map(|id| id.to_string()).collect();
        while !left.is_empty() {
            let answer = process.receive();
            assert!(left.remove(answer["id"].as_str().unwrap()), "{answer}");
            assert_eq!(answer["result"]["isError"], true, "{answer}");
            let text = answer["result"]["content"][0]["text"].as_str().unwrap();
            assert!(text.contains(&format!("`{tool}` panicked")), "{text}");
        }
    }
}

#[test]
fn ten_thousand_panics_of_each_kind_leave_nothing_behind() {
    let _alone = alone();
    let mut process = Process::start(FAULTY, &[]);
    // Whatever is made once is made before anything is counted.
    for tool in WAYS {
        panicking(&mut process, tool, 1000);
    }
    let before = Held::at_rest(&process);
    for tool in WAYS {
        let start = Instant::now();
        panicking(&mut process, tool, TIMES);
        process.assert_healthy();
        check(before, Held::at_rest(&process), &format!("{TIMES} × `{tool}` in {:?}", start.elapsed()));
    }
    // The control: the server saw every one of them.
    assert!(process.errors().matches("panicked at").count() >= TIMES * WAYS.len());
}

fn panicking_over_http(wire: &mut Wire, tool: &str, times: usize) {
    let request = http::call(tool, json!({}));
    for _ in 0..times {
        let answer = wire.send(&request).json();
        assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!("call"), &json!(true)), "{answer}");
    }
}

#[test]
fn ten_thousand_panics_leave_nothing_behind_over_http() {
    let _alone = alone();
    let (process, site) = over_http(&[]);
    // One connection bears them all.
    let mut wire = site.connect();
    for tool in WAYS {
        panicking_over_http(&mut wire, tool, 500);
    }
    let before = Held::at_rest(&process);
    for tool in WAYS {
        let start = Instant::now();
        panicking_over_http(&mut wire, tool, EACH);
        assert_eq!(wire.send(&http::call("add", json!({ "a": 1, "b": 2 }))).said(), "3");
        check(before, Held::at_rest(&process), &format!("{EACH} × `{tool}` over HTTP in {:?}", start.elapsed()));
    }
    assert!(process.errors().matches("panicked at").count() >= TIMES);
}
