//! What breaks underneath a server and around it: clients that are killed, stop reading, send nothing or vanish; functions that
//! panic, spin, deadlock and listen to nobody; signals, and the end of the server itself. Against real processes over pipes
//! and sockets. `MCP_TESTS_LONG=1` waits for as long as the default bounds are, instead of a few seconds.
//!
//! What is tried elsewhere is not repeated here:
//! - one call in flight when the input ends or a signal comes, one that outlasts the grace period, a second signal: `stdio.rs`,
//!   `holding.rs`, and over HTTP `http/process.rs`
//! - 10,000 calls in flight on one pipe, one more than may be in flight: `stdio.rs`
//! - a client that does not read until the server has nothing more to do: `pressure.rs`
//! - what each way to panic is answered with: `panics.rs`; a caller that is left waiting: `incidents/output.rs`
//! - cancellation of calls that listen to it: `cancel.rs`
//! - who closes a connection gives up its call, or takes its stream up again: `http/answers.rs`, `http/streams.rs`, `http/pair.rs`
//! - one slow head, one slow body, a connection that lies idle, connections beyond the most: `http/bounds.rs`
//! - a server that is killed a hundred times under load of calls that may be repeated: `restarts.rs`
//! - servers that flood a client: `flooded.rs`

#![cfg(target_os = "linux")]

#[path = "faults/machine.rs"]
mod machine;

#[path = "faults/clients.rs"]
mod clients;

#[path = "faults/endings.rs"]
mod endings;

#[path = "faults/readers.rs"]
mod readers;

#[path = "faults/functions.rs"]
mod functions;

#[path = "faults/panics.rs"]
mod panics;

#[path = "faults/crowds.rs"]
mod crowds;

#[path = "faults/kills.rs"]
mod kills;
