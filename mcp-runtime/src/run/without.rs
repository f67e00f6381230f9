//! What `run` does when it is asked to serve over HTTP and was built without it. Floor 5.

use super::Listening;
use crate::error::{Error, Result};
use crate::server::Server;

/// What `--help` says of it: nothing.
pub(super) const HELP: &str = "";

/// What `--help` says of the environment: nothing.
pub(super) const VARIABLES: &str = "";

#[expect(clippy::unused_async, reason = "it stands in for one that waits")]
pub(super) async fn serve(_: Server, asked: Listening) -> Result<()> {
    Err(Error::msg(format!("cannot serve at {}: this server is built without the feature `http`", asked.address)))
}
