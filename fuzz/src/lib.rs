//! What must hold of everything that reads what a peer sends, whatever it sends: a function for each target, which panics where
//! it does not hold. `fuzz/run` looks for such inputs, `tests/replay.rs` tries those that are known.

#![cfg(fuzzing)]
// The engine of `cargo mcp diff` is taken in from a binary, whose expectations are not those of this crate.
#![allow(unfulfilled_lint_expectations)]

mod pieces;

mod envelope;
mod events;
mod headers;
mod lines;
mod schema;
mod state;
mod subset;
mod uri;

#[path = "../../cargo-mcp/src"]
mod cargo_mcp {
    pub(crate) mod subset;
}

pub use envelope::envelope;
pub use events::events;
pub use headers::headers;
pub use lines::lines;
pub use schema::schema;
pub use state::state;
pub use subset::subset;
pub use uri::uri;

/// A target.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Target); 8] = [
    ("envelope", envelope),
    ("lines", lines),
    ("headers", headers),
    ("events", events),
    ("uri", uri),
    ("state", state),
    ("schema", schema),
    ("subset", subset),
];
