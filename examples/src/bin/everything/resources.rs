//! Resources, and a template of them.

use mcp_runtime::{Group, group, resource};
use serde::Serialize;

use crate::content::PIXEL;

/// A text that never changes.
#[resource("test://static-text", mime = "text/plain")]
fn static_text() -> &'static str {
    "This is the content of the static text resource."
}

/// A picture that never changes.
#[resource("test://static-binary", mime = "image/png")]
fn static_binary() -> &'static [u8] {
    PIXEL
}

/// A text that clients may watch.
#[resource("test://watched-resource", mime = "text/plain")]
fn watched() -> &'static str {
    "Nothing has changed yet."
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    id: String,
    template_test: bool,
    #[serde(rename = "data")]
    text: String,
}

/// One of many, by its id.
#[resource("test://template/{id}/data", mime = "application/json")]
fn template(id: String) -> Data {
    Data { text: format!("Data for ID: {id}"), template_test: true, id }
}

pub(crate) fn group() -> impl Group {
    group![static_text, static_binary, watched, template]
}
