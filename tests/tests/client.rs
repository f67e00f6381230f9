//! The client against servers that behave and servers that do not. Nearly all of them are fakes that speak raw lines over a
//! pipe in memory, under a clock that does not run.

#[path = "client/fake.rs"]
mod fake;

#[path = "client/era.rs"]
mod era;

#[path = "client/calls.rs"]
mod calls;

#[path = "client/connection.rs"]
mod connection;

#[path = "client/bad.rs"]
mod bad;

#[path = "client/batch.rs"]
mod batch;

#[path = "client/lists.rs"]
mod lists;

#[path = "client/questions.rs"]
mod questions;

#[path = "client/checked.rs"]
mod checked;

#[path = "client/typed.rs"]
mod typed;

#[path = "client/names.rs"]
mod names;

#[path = "client/own.rs"]
mod own;

#[cfg(unix)]
#[path = "client/process.rs"]
mod process;
