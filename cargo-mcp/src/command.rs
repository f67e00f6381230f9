//! The commands, one file each.

pub(crate) mod call;
pub(crate) mod list;
pub(crate) mod new;
