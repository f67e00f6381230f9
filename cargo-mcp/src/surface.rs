//! Everything that a server says of itself: what it answered when it was met, and all of its lists.

use mcp_runtime::Client;
use mcp_runtime::model::{Implementation, Prompt, Resource, ResourceTemplate, ServerCapabilities, Tool};
use serde::Serialize;

use crate::error::Failure;

/// A server as its clients see it, with the protocol's own names.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Surface {
    /// The revision that it was asked in.
    pub(crate) protocol_version: String,
    pub(crate) server_info: Option<Implementation>,
    pub(crate) capabilities: ServerCapabilities,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instructions: Option<String>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) resource_templates: Vec<ResourceTemplate>,
    pub(crate) prompts: Vec<Prompt>,
}

impl Surface {
    /// Asks the server for all of it.
    pub(crate) async fn read(client: &Client) -> Result<Self, Failure> {
        Ok(Self {
            protocol_version: client.revision().as_str().to_owned(),
            server_info: client.server_info().cloned(),
            capabilities: client.capabilities().clone(),
            instructions: client.instructions().map(str::to_owned),
            tools: client.list_tools().await?,
            resources: client.list_resources().await?,
            resource_templates: client.list_resource_templates().await?,
            prompts: client.list_prompts().await?,
        })
    }
}
