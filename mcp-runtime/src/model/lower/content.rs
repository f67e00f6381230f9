//! Content in older revisions: what they can carry, and the text that stands in for what they cannot. Floor 0.

use super::{Lower, since};
use crate::model::{
    Annotations, AudioContent, BlobResourceContents, ContentBlock, EmbeddedResource, ImageContent, ResourceContents,
    ResourceLink, TextContent, TextResourceContents,
};
use crate::revision::Revision;

impl Lower for ContentBlock {
    fn lower(&mut self, revision: Revision) {
        match self {
            Self::Audio(content) if revision < Revision::V2025_03_26 => *self = Self::Text(describe_audio(content)),
            Self::ResourceLink(link) if revision < Revision::V2025_06_18 => *self = Self::Text(describe_link(link)),
            _ => {}
        }
        match self {
            Self::Text(content) => content.lower(revision),
            Self::Image(content) => content.lower(revision),
            Self::Audio(content) => content.lower(revision),
            Self::ResourceLink(link) => link.lower(revision),
            Self::Resource(content) => content.lower(revision),
        }
    }
}

/// The text that stands in for audio where a revision has none.
pub(super) fn describe_audio(audio: &mut AudioContent) -> TextContent {
    let AudioContent { data: _, mime_type, annotations, meta } = audio;
    TextContent {
        text: format!("[{mime_type} audio, left out because this session's protocol revision has no audio content]"),
        annotations: annotations.take(),
        meta: meta.take(),
    }
}

/// The text that stands in for a resource link where a revision has none: name, URI, MIME type, description.
fn describe_link(link: &mut ResourceLink) -> TextContent {
    let ResourceLink { uri, name, title, description, mime_type, annotations, size: _, icons: _, meta } = link;
    let mut text = format!("[resource {}: {uri}", title.as_deref().unwrap_or(name));
    if let Some(mime_type) = mime_type {
        text.push_str(", ");
        text.push_str(mime_type);
    }
    text.push(']');
    if let Some(description) = description {
        text.push(' ');
        text.push_str(description);
    }
    TextContent { text, annotations: annotations.take(), meta: meta.take() }
}

impl Lower for TextContent {
    fn lower(&mut self, revision: Revision) {
        let Self { text: _, annotations, meta } = self;
        annotations.lower(revision);
        since(Revision::V2025_06_18, revision, meta);
    }
}

impl Lower for ImageContent {
    fn lower(&mut self, revision: Revision) {
        let Self { data: _, mime_type: _, annotations, meta } = self;
        annotations.lower(revision);
        since(Revision::V2025_06_18, revision, meta);
    }
}

impl Lower for AudioContent {
    fn lower(&mut self, revision: Revision) {
        let Self { data: _, mime_type: _, annotations, meta } = self;
        annotations.lower(revision);
        since(Revision::V2025_06_18, revision, meta);
    }
}

impl Lower for ResourceLink {
    fn lower(&mut self, revision: Revision) {
        // What a link has beyond a revision's resources is lowered like theirs; the link itself is as old as titles.
        let Self { uri: _, name: _, title: _, description: _, mime_type: _, annotations, size: _, icons, meta: _ } =
            self;
        annotations.lower(revision);
        since(Revision::V2025_11_25, revision, icons);
    }
}

impl Lower for EmbeddedResource {
    fn lower(&mut self, revision: Revision) {
        let Self { resource, annotations, meta } = self;
        resource.lower(revision);
        annotations.lower(revision);
        since(Revision::V2025_06_18, revision, meta);
    }
}

impl Lower for ResourceContents {
    fn lower(&mut self, revision: Revision) {
        let meta = match self {
            Self::Text(TextResourceContents { uri: _, mime_type: _, text: _, meta })
            | Self::Blob(BlobResourceContents { uri: _, mime_type: _, blob: _, meta }) => meta,
        };
        since(Revision::V2025_06_18, revision, meta);
    }
}

impl Lower for Annotations {
    fn lower(&mut self, revision: Revision) {
        let Self { audience: _, priority: _, last_modified } = self;
        since(Revision::V2025_06_18, revision, last_modified);
    }
}
