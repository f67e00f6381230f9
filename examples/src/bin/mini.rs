//! A tool, a template, a prompt and state in 28 lines; `mini --help` lists the transports.
use mcp_runtime::{State, prompt, resource, server, tool};

/// Price of an order, tax included.
#[tool(read_only)]
fn price(
    tax: State<f64>,
    /// Price of one piece.
    piece: f64,
    /// How many pieces.
    count: u32,
    /// What to take off, in percent.
    discount: Option<f64>,
) -> f64 {
    piece * f64::from(count) * (1.0 - discount.unwrap_or(0.0) / 100.0) * (1.0 + *tax)
}

/// The tax on an amount.
#[resource("tax://{amount}")]
fn tax(tax: State<f64>, amount: f64) -> String {
    format!("{:.2}", amount * *tax)
}

/// Ask for an offer.
#[prompt]
fn offer(item: &str) -> String {
    format!("Write an offer for {item} and compute its price.")
}

fn main() -> mcp_runtime::Result<()> {
    server![price, tax, offer].state(0.19).run_blocking()
}
