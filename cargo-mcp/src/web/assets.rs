//! What the page is made of. It is part of the binary; nothing is loaded from elsewhere.

/// A file of the page.
pub(super) struct Asset {
    pub(super) path: &'static str,
    pub(super) mime: &'static str,
    pub(super) text: &'static str,
}

const fn script(path: &'static str, text: &'static str) -> Asset {
    Asset { path, mime: "text/javascript; charset=utf-8", text }
}

const ASSETS: &[Asset] = &[
    Asset { path: "", mime: "text/html; charset=utf-8", text: include_str!("page.html") },
    Asset { path: "page.css", mime: "text/css; charset=utf-8", text: include_str!("page.css") },
    script("page.js", include_str!("page.js")),
    script("text.js", include_str!("text.js")),
    script("wire.js", include_str!("wire.js")),
    script("list.js", include_str!("list.js")),
    script("pane.js", include_str!("pane.js")),
    script("schema.js", include_str!("schema.js")),
    script("form.js", include_str!("form.js")),
    script("uri.js", include_str!("uri.js")),
    script("result.js", include_str!("result.js")),
    script("frames.js", include_str!("frames.js")),
    script("ask.js", include_str!("ask.js")),
];

pub(super) fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}
