//! Incidents of other implementations of the protocol: a test for each known class, named by its identifier, against the
//! default settings and over every transport that it applies to. Each check is shown to be able to fail: it is held against a
//! setting that is deliberately unsafe, or against a stand-in that makes the same mistake.

#![expect(clippy::needless_pass_by_value, reason = "arguments are written as `json!(…)` where they are needed")]

#[path = "incidents/careless.rs"]
mod careless;

#[path = "remote/fake.rs"]
#[expect(dead_code, reason = "the tests of the client need more of it")]
mod fake;

#[path = "oauth/mock.rs"]
#[expect(dead_code, reason = "the tests of OAuth need more of it")]
mod mock;

#[path = "oauth/world.rs"]
#[expect(dead_code, reason = "the tests of OAuth need more of it")]
mod world;

#[path = "incidents/browsers.rs"]
mod browsers;

#[path = "incidents/messages.rs"]
mod messages;

#[path = "incidents/clients.rs"]
mod clients;

#[path = "incidents/bounds.rs"]
mod bounds;

#[path = "incidents/abroad.rs"]
mod abroad;

#[path = "incidents/output.rs"]
mod output;
