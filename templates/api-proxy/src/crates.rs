//! The tools.

use mcp_runtime::{Group, State, group, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{Api, Error};

/// What this module offers.
pub fn group() -> impl Group {
    group![search, describe]
}

/// A crate.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Crate {
    name: String,
    description: Option<String>,
    /// The newest version.
    #[serde(rename(deserialize = "max_version"))]
    version: String,
    downloads: u64,
    documentation: Option<String>,
    repository: Option<String>,
}

/// What the API answers to a search.
#[derive(Deserialize)]
struct Found {
    crates: Vec<Crate>,
}

/// What the API answers about a crate.
#[derive(Deserialize)]
struct Known {
    #[serde(rename = "crate")]
    known: Crate,
}

/// Search for crates.
#[tool(read_only, open_world)]
async fn search(
    api: State<Api>,
    /// Words to look for.
    #[arg(length = 1..=200)]
    query: &str,
    /// The most crates to return.
    #[arg(default = 10, range = 1..=50)]
    limit: u32,
) -> Result<Vec<Crate>, Error> {
    let limit = limit.to_string();
    let found: Found = api
        .get(&["crates"], &[("q", query), ("per_page", &limit)])
        .await?;
    Ok(found.crates)
}

/// Tell what is known of one crate.
#[tool(read_only, open_world)]
async fn describe(
    api: State<Api>,
    /// The crate's name.
    #[arg(length = 1..=64, pattern = "^[A-Za-z][A-Za-z0-9_-]*$")]
    name: &str,
) -> Result<Crate, Error> {
    let known: Known = api.get(&["crates", name], &[]).await?;
    Ok(known.known)
}
