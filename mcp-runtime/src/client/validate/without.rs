//! Every result is taken as it is. Floor 6.

use crate::client::error::Error;
use crate::client::known::Known;
use crate::model::CallToolResult;

pub(in crate::client) async fn check(_: &Known, _: &str, _: &CallToolResult) -> Result<(), Error> {
    Ok(())
}
