//! Charts as SVG: horizontal bars, one block for each scenario, readable on light and on dark ground.

use std::fmt::Write as _;

use crate::all::table;
use crate::figures::{Figures, Key, shown};
use crate::server::{OURS, Server, Transport};
use crate::targets::title;
use crate::wire::Era;

const WIDTH: f64 = 760.0;
const LABEL: f64 = 130.0;
const BAR: f64 = 420.0;
const LINE: f64 = 18.0;
const COLUMNS: [&str; 4] = ["many", "search", "list", "echo64k"];
const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#24292f}.t{font-weight:600;font-size:13px}.b{fill:#9aa5b1}\
.o{fill:#2f6fde}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.b{fill:#6b7683}.o{fill:#5b95f5}}";

/// The file that holds the chart of memory.
pub(crate) const MEMORY: &str = "benchmarks-memory.svg";

/// The file that holds a transport's chart.
pub(crate) fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::Stdio => "benchmarks-stdio.svg",
        Transport::Http => "benchmarks-http.svg",
    }
}

/// All charts by file.
pub(crate) fn charts(servers: &[Server], figures: &Figures) -> Vec<(&'static str, String)> {
    let mut charts = Vec::new();
    for transport in Transport::ALL {
        let table = table(transport, Era::Session);
        let blocks: Vec<Block> = COLUMNS
            .iter()
            .map(|column| {
                let caption = format!("{}: {}, µs of the server's time for a call", transport.name(), title(column));
                block(servers, figures, &table, column, caption)
            })
            .collect();
        charts.push((name(transport), draw(&blocks)));
    }
    let memory = Transport::ALL.map(|transport| {
        let caption = format!("{}: {}", transport.name(), title("flight"));
        block(servers, figures, transport.name(), "flight", caption)
    });
    charts.push((MEMORY, draw(&memory)));
    charts
}

struct Block {
    caption: String,
    bars: Vec<(&'static str, f64)>,
}

fn block(servers: &[Server], figures: &Figures, table: &str, column: &str, caption: String) -> Block {
    let number = |server: &Server| Some((server.name, figures.spread(&Key::new(table, server.name, column))?.median));
    Block { caption, bars: servers.iter().filter_map(number).collect() }
}

fn draw(blocks: &[Block]) -> String {
    let mut body = String::new();
    let mut y = 20.0;
    for block in blocks.iter().filter(|block| !block.bars.is_empty()) {
        // Writing to a string does not fail.
        let _ = writeln!(body, r#"<text class="t" x="8" y="{y}">{}</text>"#, block.caption);
        let most = block.bars.iter().map(|(_, number)| *number).fold(f64::MIN_POSITIVE, f64::max);
        for (server, number) in &block.bars {
            y += LINE;
            let (length, class) = (BAR * number / most, if *server == OURS { "o" } else { "b" });
            let _ = writeln!(
                body,
                r#"<text x="{}" y="{y}" text-anchor="end">{server}</text><rect class="{class}" x="{LABEL}" y="{}" width="{:.1}" height="12" rx="2"/><text x="{:.1}" y="{y}">{}</text>"#,
                LABEL - 8.0,
                y - 10.0,
                length.max(1.0),
                LABEL + length + 6.0,
                shown(*number)
            );
        }
        y += LINE * 2.0;
    }
    let height = (y - LINE).max(LINE);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\">\n<style>{STYLE}</style>\n{body}</svg>\n"
    )
}
