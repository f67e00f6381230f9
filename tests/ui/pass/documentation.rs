//! Descriptions: doc comments of items and parameters, their paragraphs, `#[doc = …]`, and the keys that replace them.

use mcp_runtime::{server, testing, tool};

/// The first paragraph
/// of two lines.
///
///   - indented
///
/// The last.
#[tool]
fn documented(
    /// The parameter's first.
    ///
    /// Its second.
    a: u32,
    #[doc = "By attribute."] b: u32,
    /// Replaced.
    #[arg(description = "By key.")]
    c: u32,
    /** In a block. */
    d: u32,
    e: u32,
) -> u32 {
    a + b + c + d + e
}

/// Replaced.
#[tool(description = "By key.")]
fn described() {}

#[tool]
fn bare() {}

fn main() {
    let surface = testing::surface(server![documented, described, bare]);
    let tools = &surface["tools"];
    assert_eq!(tools[0]["description"], "The first paragraph\nof two lines.\n\n  - indented\n\nThe last.");
    let properties = &tools[0]["inputSchema"]["properties"];
    assert_eq!(properties["a"]["description"], "The parameter's first.\n\nIts second.");
    assert_eq!(properties["b"]["description"], "By attribute.");
    assert_eq!(properties["c"]["description"], "By key.");
    assert_eq!(properties["d"]["description"], "In a block.");
    assert!(properties["e"].get("description").is_none());
    assert_eq!(tools[1]["description"], "By key.");
    assert!(tools[2].get("description").is_none());
}
