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

#[path = "client/lists.rs"]
mod lists;

#[path = "client/own.rs"]
mod own;

#[cfg(unix)]
#[path = "client/process.rs"]
mod process;
