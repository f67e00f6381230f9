//! `mcp.lock`: the surface of a server as canonical JSON (RFC 8785), the same bytes for the same surface whoever writes it.
//! What a release changes and clients do not rely on, such as the version, is not in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mcp_runtime::model::{PromptArgument, Resource, ResourceTemplate, Tool};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::error::Failure;
use crate::print::visible;
use crate::surface::Surface;

/// The file's name, beside the package's `Cargo.toml`.
pub(crate) const FILE: &str = "mcp.lock";
/// The version of the file's form.
const VERSION: u32 = 1;
/// The largest file that is read.
const LONGEST: u64 = 64 << 20;

/// The surface of a server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lock {
    #[serde(rename = "lockVersion")]
    version: u32,
    pub(crate) protocol_versions: Vec<String>,
    pub(crate) capabilities: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) instructions: Option<String>,
    pub(crate) tools: BTreeMap<String, LockedTool>,
    pub(crate) prompts: BTreeMap<String, LockedPrompt>,
    /// By URI.
    pub(crate) resources: BTreeMap<String, LockedResource>,
    /// By URI template.
    pub(crate) resource_templates: BTreeMap<String, LockedResource>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LockedTool {
    /// SHA-256 of name, description and input schema: what a user agreed to.
    pub(crate) hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<Value>,
    pub(crate) input_schema: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output_schema: Option<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LockedPrompt {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) arguments: Vec<PromptArgument>,
}

/// A resource, or a template of some.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LockedResource {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mime_type: Option<String>,
}

impl Lock {
    /// The lock of a surface that is served in these revisions, without the tools that `leaves_out` names.
    pub(crate) fn of(
        surface: &Surface,
        mut protocol_versions: Vec<String>,
        leaves_out: impl Fn(&str) -> bool,
    ) -> Result<Self, Failure> {
        protocol_versions.sort_unstable();
        let capabilities = serde_json::to_value(&surface.capabilities).map_err(Failure::own)?;
        let tools = surface.tools.iter().filter(|tool| !leaves_out(&tool.name));
        let lock = Self {
            version: VERSION,
            protocol_versions,
            capabilities: serde_json::from_value(capabilities).map_err(Failure::own)?,
            instructions: surface.instructions.clone(),
            tools: tools.map(|tool| Ok((tool.name.clone(), locked(tool)?))).collect::<Result<_, Failure>>()?,
            prompts: surface
                .prompts
                .iter()
                .map(|prompt| {
                    let (title, description) = (prompt.title.clone(), prompt.description.clone());
                    let arguments = prompt.arguments.clone().unwrap_or_default();
                    (prompt.name.clone(), LockedPrompt { title, description, arguments })
                })
                .collect(),
            resources: surface.resources.iter().map(|one| (one.uri.clone(), one.into())).collect(),
            resource_templates: surface
                .resource_templates
                .iter()
                .map(|one| (one.uri_template.clone(), one.into()))
                .collect(),
        };
        // Numbers are compared as the file has them.
        Self::parse(&lock.to_text()?, "the server's surface")
    }

    /// The bytes of the file.
    pub(crate) fn to_text(&self) -> Result<String, Failure> {
        let mut text = serde_json_canonicalizer::to_string(self).map_err(Failure::own)?;
        text.push('\n');
        Ok(text)
    }

    /// Reads the bytes of a file of that name.
    pub(crate) fn parse(text: &str, name: &str) -> Result<Self, Failure> {
        let name = visible(name);
        let lock: Self = serde_json::from_str(text).map_err(|error| {
            Failure::usage(format!("{name} is no lock file"))
                .cause(error)
                .hint("`cargo mcp lock` writes one; a merge conflict in it is solved by writing it again")
        })?;
        if lock.version != VERSION {
            return Err(Failure::usage(format!(
                "{name} has lockVersion {}, this program knows {VERSION}",
                lock.version
            ))
            .hint("use the cargo-mcp that wrote it, or write it again with `cargo mcp lock`"));
        }
        Ok(lock)
    }

    /// Reads a file.
    pub(crate) fn read(path: &std::path::Path) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let cannot = |error: std::io::Error| {
            Failure::usage(format!("{} cannot be read", visible(&shown)))
                .cause(error)
                .hint("`cargo mcp lock` writes it; `--against` names another one, or `git:REV`")
        };
        if std::fs::metadata(path).map_err(cannot)?.len() > LONGEST {
            return Err(Failure::usage(format!("{} is larger than {} MiB", visible(&shown), LONGEST >> 20)));
        }
        Self::parse(&std::fs::read_to_string(path).map_err(cannot)?, &shown)
    }
}

fn locked(tool: &Tool) -> Result<LockedTool, Failure> {
    let annotations = tool.annotations.as_ref().map(serde_json::to_value).transpose().map_err(Failure::own)?;
    Ok(LockedTool {
        hash: hash(tool)?,
        title: tool.title.clone(),
        description: tool.description.clone(),
        annotations,
        input_schema: Value::Object(tool.input_schema.clone()),
        output_schema: tool.output_schema.clone().map(Value::Object),
    })
}

/// SHA-256 over the canonical JSON of name, description and input schema.
fn hash(tool: &Tool) -> Result<String, Failure> {
    let subject = json!({ "name": tool.name, "description": tool.description, "inputSchema": tool.input_schema });
    let bytes = serde_json_canonicalizer::to_vec(&subject).map_err(Failure::own)?;
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(&bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

impl From<&Resource> for LockedResource {
    fn from(one: &Resource) -> Self {
        let Resource { name, title, description, mime_type, .. } = one.clone();
        Self { name, title, description, mime_type }
    }
}

impl From<&ResourceTemplate> for LockedResource {
    fn from(one: &ResourceTemplate) -> Self {
        let ResourceTemplate { name, title, description, mime_type, .. } = one.clone();
        Self { name, title, description, mime_type }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn the_same_surface_has_the_same_bytes() {
        let surface = |schema: Value| Surface {
            tools: vec![Tool::new("b", schema.as_object().cloned().unwrap_or_default()), Tool::new("a", Map::new())],
            ..Surface::default()
        };
        let of = |schema| Lock::of(&surface(schema), vec!["2".into(), "1".into()], |_| false).expect("a lock");
        let one = of(json!({ "type": "object", "maximum": 1.0 }));
        let other = of(json!({ "maximum": 1, "type": "object" }));
        let text = one.to_text().expect("text");
        assert_eq!(text, other.to_text().expect("text"));
        assert!(
            text.starts_with(r#"{"capabilities":{},"lockVersion":1,"prompts":{},"protocolVersions":["1","2"]"#),
            "{text}"
        );
        assert!(text.ends_with("}\n") && text.matches('\n').count() == 1, "{text}");
        // SHA-256 of {"description":null,"inputSchema":{},"name":"a"}.
        assert_eq!(one.tools["a"].hash, format!("sha256:{HASH_OF_A}"));
        assert_eq!(Lock::parse(&text, "it").expect("a lock"), one);
    }

    const HASH_OF_A: &str = "d448a2251fa09aa66a548ddbd7b7c655ddfe0322c9e489cde5400643bd9964da";

    #[test]
    fn unstable_tools_are_left_out_and_foreign_files_refused() {
        let surface = Surface { tools: vec![Tool::new("beta_x", serde_json::Map::new())], ..Surface::default() };
        assert!(Lock::of(&surface, Vec::new(), |name| name.starts_with("beta_")).expect("a lock").tools.is_empty());
        let told = |text: &str| Lock::parse(text, "x.lock").expect_err(text).message().to_owned();
        assert_eq!(told("{"), "x.lock is no lock file");
        let text = Lock::default().to_text().expect("text");
        assert_eq!(told(&text), "x.lock has lockVersion 0, this program knows 1");
    }
}
