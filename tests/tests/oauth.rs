//! OAuth as a server and an authorization server see it: real sockets, and a driver that does with an `Authorize` what a
//! transport does.

#![expect(clippy::needless_pass_by_value, reason = "arguments are written as `json!(…)` where they are needed")]

#[path = "oauth/mock.rs"]
mod mock;

#[path = "oauth/world.rs"]
mod world;

#[path = "oauth/discovery.rs"]
mod discovery;

#[path = "oauth/clients.rs"]
mod clients;

#[path = "oauth/scopes.rs"]
mod scopes;

#[path = "oauth/responses.rs"]
mod responses;

#[path = "oauth/refresh.rs"]
mod refresh;

#[path = "oauth/machines.rs"]
mod machines;

#[path = "oauth/bound.rs"]
mod bound;

#[path = "oauth/hostile.rs"]
mod hostile;

#[path = "oauth/loopback.rs"]
mod loopback;

#[path = "oauth/store.rs"]
mod store;
