//! docs/benchmarks.md, and the same tables for whoever ran this.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use crate::all::{TOOLS, table};
use crate::chart;
use crate::figures::{Figures, Key, Spread, shown};
use crate::options::Options;
use crate::server::{OURS, REFERENCE, Server, Transport, root, run};
use crate::targets::{targets, title};
use crate::wire::Era;
use crate::{Result, say};

const LOOPS: [&str; 9] = ["add", "add p50", "many", "search", "list", "echo64k", "echo64k p50", "echo1m", "echo1m p50"];
const ONCE: [&str; 4] = ["cold start", "resident", "flight", "flight time"];

const METHOD: &str = "\
One process for each server. In each round every server takes its turn in every scenario, and every answer is checked. Time is
what the operating system says that the server's process took, user and system, for one call, in microseconds; p50 is what half
of the calls took at most, as the client sees it. In each cell: the median of the rounds (the least to the most), and the median
of the ratios to the floor in the same round. \"The floor\" is a server written by hand that does the same typed work with
serde_json and nothing else: blocking reads and a runtime for calls that wait over stdio, axum over HTTP. All servers list the
same 54 tools. `search` answers twenty structured hits, as structured content and as text. Many in flight are 64 calls on one
pipe, and one call on each of 32 connections; `search` and `tools/list` are measured so too, the others one at a time.
For `add` one at a time, the server and its client are held on one core: left alone, the kernel has them now on one and now on both,
and to wake a core that idles takes many times as long as the call.

For memory, 10,000 calls of `sleep_ms` wait for a second on one pipe; over HTTP, 1,000 connections make ten calls each, one after
another, because HTTP/1.1 has one at a time; the growth is that of the resident memory at its peak, divided by the 10,000 calls, with
what the connections themselves take. The security defaults of this framework are on.
";

/// Prints the report, and writes it if everything was measured.
pub(crate) fn write(options: &Options, servers: &[Server], figures: &Figures) -> Result<()> {
    let text = text(options, servers, figures)?;
    say(&text);
    if !options.writes || !options.is_whole() {
        return Ok(());
    }
    let docs = root().join("docs");
    fs::create_dir_all(&docs)?;
    for (name, chart) in chart::charts(servers, figures) {
        fs::write(docs.join(name), chart)?;
    }
    // What building costs is measured by another command, and kept.
    let path = docs.join("benchmarks.md");
    let earlier = fs::read_to_string(&path).unwrap_or_default();
    let cost = earlier.split_once(COST).map_or("", |(_, cost)| cost);
    let cost = if cost.is_empty() { String::new() } else { format!("{COST}{cost}") };
    fs::write(&path, format!("{text}{cost}"))?;
    say(format_args!("written to {}", path.display()));
    Ok(())
}

/// The heading of the part that `build-cost` writes.
pub(crate) const COST: &str = "\n## What building costs\n";

fn text(options: &Options, servers: &[Server], figures: &Figures) -> Result<String> {
    let mut out = format!(
        "# Benchmarks\n\nMade by `cargo run --release -p benches -- all --rounds {}`{}.\n\n{METHOD}\n{}\n",
        options.rounds,
        if options.is_whole() { "" } else { " with parts left out" },
        machine()?
    );
    let _ = writeln!(out, "## What was asked for\n\n| | at most | measured | |\n|---|---|---|---|");
    for target in targets(figures) {
        let (measured, met) = match &target.measured {
            Some((measured, true)) => (measured.as_str(), "met"),
            Some((measured, false)) => (measured.as_str(), "**not met**"),
            None => ("", "not measured"),
        };
        let _ = writeln!(out, "| {} | {} | {measured} | {met} |", target.what, target.at_most);
    }
    out.push_str("\nWhat bounds the lines that are not met, or hold by little: [profile.md](profile.md).\n");
    for transport in Transport::ALL {
        for era in Era::ALL {
            let table = table(transport, era);
            let caption = format!("{table}: time of the server for a call, and latency, in µs");
            rows(&mut out, servers, figures, &table, &caption, &LOOPS);
            if era == Era::Session && options.is_whole() && options.writes {
                let _ = writeln!(out, "\n![The same as a chart]({})", chart::name(transport));
            }
        }
        let caption = format!("{}: start and memory", transport.name());
        rows(&mut out, servers, figures, transport.name(), &caption, &ONCE);
    }
    if options.is_whole() && options.writes {
        let _ = writeln!(out, "\n![Memory as a chart]({})", chart::MEMORY);
    }
    tools(&mut out, figures);
    let mut failures = figures.failures().peekable();
    if failures.peek().is_some() {
        out.push_str("\n## What went wrong\n\n");
        for (key, why) in failures {
            let why: String = why.lines().next().unwrap_or_default().chars().take(240).collect();
            let _ = writeln!(out, "- {}, {} {}: {}", key.server, key.table, key.column, why.replace('|', "\\|"));
        }
    }
    Ok(out)
}

fn rows(out: &mut String, servers: &[Server], figures: &Figures, table: &str, caption: &str, columns: &[&str]) {
    let there =
        |column: &&&str| servers.iter().any(|server| figures.spread(&Key::new(table, server.name, column)).is_some());
    let columns: Vec<&str> = columns.iter().filter(there).copied().collect();
    if columns.is_empty() {
        return;
    }
    let titles: Vec<&str> = columns.iter().map(|column| title(column)).collect();
    let _ = writeln!(out, "\n## {caption}\n\n| | {} |\n|---|{}", titles.join(" | "), "---|".repeat(columns.len()));
    for server in servers {
        let key = |column| Key::new(table, server.name, column);
        let cells: Vec<String> = columns.iter().map(|column| cell(figures, &key(column))).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            let _ = writeln!(out, "| {} ({}) | {} |", server.name, server.about, cells.join(" | "));
        }
    }
}

fn cell(figures: &Figures, key: &Key) -> String {
    let Some(spread) = figures.spread(key) else {
        return if figures.has_failed(key) { "fails, see below".to_owned() } else { String::new() };
    };
    let mut cell = with_range(spread);
    let reference = Key { server: REFERENCE.to_owned(), ..key.clone() };
    if let Some(ratio) = figures.ratio(key, &reference).filter(|_| key.server != REFERENCE) {
        let _ = write!(cell, " {:.2}×", ratio.median);
    }
    cell
}

fn with_range(spread: Spread) -> String {
    let (least, most) = (shown(spread.least), shown(spread.most));
    let range = if least == most { String::new() } else { format!(" ({least}–{most})") };
    format!("{}{range}", shown(spread.median))
}

fn tools(out: &mut String, figures: &Figures) {
    let key = |column: &str| Key::new("ours", OURS, column);
    let get = |column: &str| figures.spread(&key(column)).map(with_range).unwrap_or_default();
    if figures.spread(&key("call with 5")).is_some() {
        out.push_str("\n## By the number of tools\n\n| tools | start, ms | add, 64 in flight, µs |\n|---|---|---|\n");
        for tools in TOOLS {
            let (start, call) = (get(&format!("start with {tools}")), get(&format!("call with {tools}")));
            let _ = writeln!(out, "| {tools} | {start} | {call} |");
        }
    }
    if figures.spread(&key("computing")).is_some() {
        let _ = writeln!(
            out,
            "\n## Calls that compute\n\n64 calls of 5 ms on one pipe take {} × the ideal time on all cores. While one computes for \
             half a second, half of the others take at most {} ms, the longest {} ms.",
            get("computing"),
            get("spinning p50"),
            get("spinning")
        );
    }
}

/// The machine, the compiler, and what was measured.
pub(crate) fn machine() -> Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().next().and_then(|line| line.split_whitespace().nth(1)).unwrap_or("0");
    let git = |arguments: &[&str]| run(Command::new("git").current_dir(root()).args(arguments));
    // A source tree without its history can be measured too.
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|_| "unknown".to_owned());
    let changes = git(&["status", "--porcelain", "--", "mcp-runtime", "mcp-derive", "examples"]).unwrap_or_default();
    let mut versions: Vec<String> = vec![format!("mcp-runtime {}", env!("CARGO_PKG_VERSION"))];
    for (lock, names) in [
        ("Cargo.lock", &["tokio", "hyper", "axum", "serde_json"][..]),
        ("benches/peers/Cargo.lock", &["rmcp", "tower-mcp", "turbomcp"][..]),
    ] {
        let lock = fs::read_to_string(root().join(lock))?;
        versions.extend(names.iter().filter_map(|name| {
            let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
            Some(format!("{name} {}", rest.split_once('"')?.0))
        }));
    }
    Ok(format!(
        "- machine: {}, {} cores, {} GiB; Linux {}\n- compiler: {}\n- commit: {}{}\n- versions: {}\n",
        model.trim_matches([':', ' ', '\t']),
        std::thread::available_parallelism()?,
        memory.parse::<u64>().unwrap_or(0) >> 20,
        fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        run(Command::new("rustc").arg("--version"))?.trim(),
        commit.trim(),
        if changes.is_empty() { "" } else { ", with changes" },
        versions.join(", ")
    ))
}
