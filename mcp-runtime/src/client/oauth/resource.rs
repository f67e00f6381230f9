//! What a server says of itself: protected resource metadata (RFC 9728), in the order of the specification, 2026-07-28,
//! "Protected Resource Metadata Discovery Requirements". Floor 6.

use oauth2::url::Url;
use serde::Deserialize;

use super::challenge::sound;
use super::error::Error;
use super::fetch::Fetch;
use crate::client::http::shown;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The protected resource metadata, as far as a client needs it.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// The resource indicator, byte for byte as the metadata has it.
    pub(super) name: String,
    /// The authorization servers; none if there is no metadata, as before 2025-06-18.
    pub(super) issuers: Vec<String>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) only_dpop: bool,
}

#[derive(Deserialize)]
struct Document {
    resource: String,
    #[serde(default)]
    authorization_servers: Vec<String>,
    scopes_supported: Option<Vec<String>>,
    #[serde(default)]
    dpop_bound_access_tokens_required: bool,
}

/// Reads the metadata of a server: from where its challenge says, else from the two well-known places.
pub(super) async fn discover(fetch: &Fetch, server: &Url, named: Option<&str>) -> Result<Resource, Error> {
    if let Some(named) = named {
        let answer = fetch.get(named).await?;
        if !answer.status.is_success() {
            return Err(Error::fetch(named, format!("it answers {}", answer.status)));
        }
        return understood(server, named, answer.json(named)?);
    }
    for place in places(server) {
        let answer = fetch.get(&place).await?;
        // A server without metadata may answer anything there, a page for people included.
        if answer.status.is_success()
            && let Ok(document) = answer.json(&place)
        {
            return understood(server, &place, document);
        }
    }
    Ok(Resource { name: canonical(server), issuers: Vec::new(), scopes: None, only_dpop: false })
}

/// The well-known places: below the path of the server, and at the root.
fn places(server: &Url) -> Vec<String> {
    let origin = server.origin().ascii_serialization();
    let path = server.path().trim_end_matches('/');
    let mut places = vec![format!("{origin}{WELL_KNOWN}{path}")];
    if !path.is_empty() {
        places.push(format!("{origin}{WELL_KNOWN}"));
    }
    places
}

fn understood(server: &Url, place: &str, document: Document) -> Result<Resource, Error> {
    if !is_for(server, &document.resource) {
        return Err(Error::Resource { server: shown(server), found: document.resource });
    }
    if document.authorization_servers.is_empty() {
        return Err(Error::metadata(place, "it names no authorization server"));
    }
    let scopes = document.scopes_supported.map(|scopes| sound(scopes.iter().map(String::as_str)));
    Ok(Resource {
        name: document.resource,
        issuers: document.authorization_servers,
        scopes,
        only_dpop: document.dpop_bound_access_tokens_required,
    })
}

/// Whether a resource is this server, or all that lives below one of the segments of its path.
fn is_for(server: &Url, resource: &str) -> bool {
    let Ok(resource) = Url::parse(resource) else { return false };
    let base = resource.path().trim_end_matches('/');
    let covers = match server.path().strip_prefix(base) {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => false,
    };
    covers
        && resource.origin().is_tuple()
        && resource.origin() == server.origin()
        && resource.fragment().is_none()
        && resource.query().is_none_or(|query| server.query() == Some(query))
}

/// A server's own address as a resource indicator: without a fragment, and without the slash of an empty path.
fn canonical(server: &Url) -> String {
    let mut server = server.clone();
    server.set_fragment(None);
    if server.path() == "/" && server.query().is_none() {
        return server.origin().ascii_serialization();
    }
    server.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_of_another_server_is_not_for_this_one() {
        let server = Url::parse("https://mcp.example.com/a/mcp").unwrap();
        for (resource, expected) in [
            ("https://mcp.example.com/a/mcp", true),
            ("https://mcp.example.com/a/mcp/", true),
            ("https://mcp.example.com/a", true),
            ("https://mcp.example.com", true),
            ("https://mcp.example.com/", true),
            ("HTTPS://MCP.example.com:443/a", true),
            ("https://mcp.example.com/a/m", false),
            ("https://mcp.example.com/a/mcp/b", false),
            ("https://mcp.example.com/b", false),
            ("https://mcp.example.com/a#x", false),
            ("https://mcp.example.com/a?x", false),
            ("https://evil.example.com/a/mcp", false),
            ("https://mcp.example.com.evil.com/a/mcp", false),
            ("https://mcp.example.com:8443/a/mcp", false),
            ("http://mcp.example.com/a/mcp", false),
            ("data:a", false),
            ("", false),
        ] {
            assert_eq!(is_for(&server, resource), expected, "{resource}");
        }
    }

    #[test]
    fn places_come_from_the_path_first() {
        let of = |server: &str| places(&Url::parse(server).unwrap());
        let root = "https://a.example/.well-known/oauth-protected-resource";
        assert_eq!(of("https://a.example"), [root]);
        assert_eq!(of("https://a.example/x/mcp?y#z"), [format!("{root}/x/mcp"), root.to_owned()]);
    }
}
