//! What the tests share: a server to try everything on, connections to it in memory and as a process, and validators.

#![expect(clippy::missing_panics_doc, reason = "a helper of tests fails the test by panicking")]
#![expect(clippy::needless_pass_by_value, reason = "arguments are written as `json!(…)` where they are needed")]

pub mod schema;

pub mod frames;

pub mod sample;

pub mod client;
pub mod connection;
pub mod golden;
pub mod process;

pub mod gate;
pub mod hazard;
pub mod http;
pub mod judge;
pub mod scenario;
pub mod scene;
pub mod site;
pub mod talk;

pub mod application;
pub mod raw;
pub mod typed;

pub mod json_suite;
