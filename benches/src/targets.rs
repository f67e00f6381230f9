//! What was asked for: each line of the table, and whether it holds.

use crate::all::table;
use crate::figures::{Figures, Key, shown};
use crate::server::{OURS, REFERENCE, Transport};
use crate::wire::Era;

/// One line of the table.
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) at_most: String,
    /// What was measured, and whether that is within the bound; `None` if it was not measured.
    pub(crate) measured: Option<(String, bool)>,
}

/// The most that a ratio may be, by scenario.
const STDIO: [(&str, f64); 7] =
    [("add", 1.5), ("add p50", 2.0), ("many", 1.5), ("search", 1.2), ("list", 1.0), ("echo64k", 1.1), ("echo1m", 1.1)];
const HTTP: [(&str, f64); 5] = [("many", 1.2), ("search", 1.2), ("list", 1.0), ("echo64k", 1.1), ("echo1m", 1.1)];
/// In 2026-07-28 against a floor that reads `_meta` and the headers too.
const MODERN: f64 = 1.25;
/// What two measurements of the same thing differ by anyway.
const NOISE: f64 = 0.02;

pub(crate) fn targets(figures: &Figures) -> Vec<Target> {
    let mut targets = Vec::new();
    for (transport, scenarios) in [(Transport::Stdio, &STDIO[..]), (Transport::Http, &HTTP[..])] {
        for era in Era::ALL {
            for (column, most) in scenarios {
                let table = table(transport, era);
                let most = if era == Era::Modern { most.max(MODERN) } else { *most };
                let ratio = figures.ratio(&Key::new(&table, OURS, column), &Key::new(&table, REFERENCE, column));
                targets.push(Target {
                    what: format!("{table}: {}", title(column)),
                    at_most: format!("{most}× the floor"),
                    measured: ratio.map(|ratio| (format!("{:.2}×", ratio.median), ratio.median <= most + NOISE)),
                });
            }
        }
    }
    for (transport, most) in [(Transport::Stdio, 4.0), (Transport::Http, 5.0)] {
        let key = |server, column| Key::new(transport.name(), server, column);
        let later = figures.difference(&key(OURS, "cold start"), &key(REFERENCE, "cold start"));
        targets.push(Target {
            what: format!("{}: cold start", transport.name()),
            at_most: "floor + 0.5 ms".to_owned(),
            measured: later.map(|later| (format!("floor {:+.2} ms", later.median), later.median <= 0.5)),
        });
        targets.push(absolute(figures, &key(OURS, "resident"), "resident at start", most, "MiB"));
    }
    let stdio = |column| Key::new(Transport::Stdio.name(), OURS, column);
    targets.push(absolute(figures, &stdio("flight time"), "10,000 calls of 1 s in flight: the last answer", 1.1, "s"));
    targets.push(absolute(figures, &stdio("flight"), "10,000 calls in flight: resident for each", 1.5, "KiB"));
    let http = Key::new(Transport::Http.name(), OURS, "flight");
    targets.push(absolute(figures, &http, "10,000 calls over 1,000 connections: resident for each", 3.5, "KiB"));
    let ours = |column| Key::new("ours", OURS, column);
    let ratio = figures.ratio(&ours("call with 1000"), &ours("call with 5"));
    targets.push(Target {
        what: "1,000 tools: a call".to_owned(),
        at_most: "1.1× of 5 tools".to_owned(),
        measured: ratio.map(|ratio| (format!("{:.2}×", ratio.median), ratio.median <= 1.1)),
    });
    targets.push(absolute(figures, &ours("start with 1000"), "1,000 tools: start", 30.0, "ms"));
    targets.push(absolute(
        figures,
        &ours("computing"),
        "64 calls of 5 ms of computing on one pipe",
        1.2,
        "× the ideal time",
    ));
    targets.push(absolute(figures, &ours("spinning"), "the longest call beside one that computes", 10.0, "ms"));
    targets
}

fn absolute(figures: &Figures, key: &Key, what: &str, most: f64, unit: &str) -> Target {
    let measured =
        figures.spread(key).map(|spread| (format!("{} {unit}", shown(spread.median)), spread.median <= most));
    let prefix = if key.table == "ours" { String::new() } else { format!("{}: ", key.table) };
    Target { what: format!("{prefix}{what}"), at_most: format!("{most} {unit}"), measured }
}

/// What a column is called.
pub(crate) fn title(column: &str) -> &'static str {
    match column {
        "add" => "add, one at a time",
        "add p50" => "its p50 latency",
        "many" => "add, many in flight",
        "search" => "search, structured",
        "list" => "tools/list",
        "echo64k" => "echo 64 KiB",
        "echo64k p50" => "p50 of echo 64 KiB",
        "echo1m" => "echo 1 MiB",
        "echo1m p50" => "p50 of echo 1 MiB",
        "cold start" => "cold start, ms",
        "resident" => "resident at start, MiB",
        "flight" => "resident for each call in flight, KiB",
        "flight time" => "until the last answer, s",
        _ => "",
    }
}
