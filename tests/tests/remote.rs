//! The client over HTTP: against servers of this project in every revision, and against fakes that send bytes by hand over a
//! loopback socket.

#[path = "remote/fake.rs"]
mod fake;

#[path = "remote/revisions.rs"]
mod revisions;

#[path = "remote/sessions.rs"]
mod sessions;

#[path = "remote/headers.rs"]
mod headers;

#[path = "remote/credentials.rs"]
mod credentials;

#[path = "remote/bad.rs"]
mod bad;

#[path = "remote/batch.rs"]
mod batch;

#[path = "remote/again.rs"]
mod again;

#[path = "remote/era.rs"]
mod era;

#[path = "remote/dialed.rs"]
mod dialed;
