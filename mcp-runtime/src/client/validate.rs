//! Whether a tool's structured result is what its schema says, where the crate is built with `validate`; without it every
//! result is. Floor 6.

#[cfg_attr(not(feature = "validate"), path = "validate/without.rs")]
mod check;

#[cfg(feature = "validate")]
pub(super) use self::check::Turns;
pub(super) use self::check::check;
