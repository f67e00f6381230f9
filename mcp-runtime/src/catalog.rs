//! What a server says of itself: identity, capabilities, lists. The same bytes for every client of a revision, so each
//! page is made once, when the first client of that revision asks. Floor 4.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{ProtocolError, quoted};
use crate::method::Method;
use crate::model::lower::Lower;
use crate::model::{
    CacheScope, DiscoverResult, Implementation, InitializeResult, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, Meta, PromptsCapability, ResourcesCapability, SERVER_INFO_KEY,
    ServerCapabilities, ToolsCapability,
};
use crate::revision::Revision;
use crate::server::Listed;

/// What a server tells of itself beyond its lists.
#[derive(Default)]
pub(crate) struct About {
    pub(crate) info: Implementation,
    pub(crate) instructions: Option<String>,
    pub(crate) page_size: usize,
    pub(crate) ttl: Duration,
    pub(crate) cache_scope: CacheScope,
    pub(crate) logs: bool,
    pub(crate) completes: bool,
}

/// The tables behind `initialize`, `server/discover` and the lists.
#[derive(Default)]
pub(crate) struct Catalog {
    listed: Listed,
    about: About,
    /// `,"_meta":{…}}`: what ends a result of the newest revision, in place of its closing brace.
    stamp: Vec<u8>,
    discover: OnceLock<Bytes>,
    pages: [[OnceLock<Vec<Bytes>>; 4]; Revision::ALL.len()],
}

impl Catalog {
    pub(crate) fn new(listed: Listed, about: About) -> Self {
        let mut catalog = Self { listed, about, ..Self::default() };
        let mut stamp = b",\"_meta\":".to_vec();
        // A map of strings and identities always serializes; without it, results would only lack their stamp.
        if serde_json::to_writer(&mut stamp, &catalog.server_meta()).is_ok() {
            stamp.push(b'}');
            catalog.stamp = stamp;
        } else {
            catalog.stamp = b"}".to_vec();
        }
        catalog
    }

    /// What replaces a result's closing brace in 2026-07-28, so that every result names the server (2026-07-28,
    /// "Overview", "Per-response protocol fields").
    pub(crate) fn stamp(&self) -> &[u8] {
        &self.stamp
    }

    /// The same, for a result that has a `_meta` already.
    pub(crate) fn stamp_into(&self, meta: &mut Meta) {
        for (key, value) in self.server_meta() {
            meta.entry(key).or_insert(value);
        }
    }

    fn server_meta(&self) -> Meta {
        let info = serde_json::to_value(&self.about.info).unwrap_or(Value::Null);
        Map::from_iter([(SERVER_INFO_KEY.to_owned(), info)])
    }

    /// Milliseconds that a result may be kept, and by whom.
    pub(crate) fn cache(&self) -> (u64, CacheScope) {
        (u64::try_from(self.about.ttl.as_millis()).unwrap_or(u64::MAX), self.about.cache_scope)
    }

    fn capabilities(&self) -> ServerCapabilities {
        let Listed { tools, resources, templates, prompts } = &self.listed;
        let is_readable = !resources.is_empty() || !templates.is_empty();
        ServerCapabilities {
            tools: (!tools.is_empty()).then(ToolsCapability::default),
            prompts: (!prompts.is_empty()).then(PromptsCapability::default),
            resources: is_readable.then(ResourcesCapability::default),
            completions: self.about.completes.then(Map::new),
            logging: self.about.logs.then(Map::new),
            ..ServerCapabilities::default()
        }
    }

    /// Whether the server has anything that this method is about. A method without its capability is not there.
    pub(crate) fn offers(&self, method: Method) -> bool {
        let Listed { tools, resources, templates, prompts } = &self.listed;
        match method {
            Method::ListTools | Method::CallTool => !tools.is_empty(),
            Method::ListPrompts | Method::GetPrompt => !prompts.is_empty(),
            Method::ListResources | Method::ListResourceTemplates | Method::ReadResource => {
                !resources.is_empty() || !templates.is_empty()
            }
            Method::Complete => self.about.completes,
            Method::SetLevel => self.about.logs,
            _ => true,
        }
    }

    /// The answer to `initialize`.
    pub(crate) fn initialize(&self, revision: Revision) -> InitializeResult {
        let mut result = InitializeResult {
            protocol_version: revision.as_str().to_owned(),
            capabilities: self.capabilities(),
            server_info: self.about.info.clone(),
            instructions: self.about.instructions.clone(),
            meta: None,
        };
        result.lower(revision);
        result
    }

    /// The answer to `server/discover`.
    pub(crate) fn discover(&self) -> Bytes {
        let made = self.discover.get_or_init(|| {
            let (ttl_ms, cache_scope) = self.cache();
            let mut result = DiscoverResult {
                supported_versions: Revision::ALL.iter().rev().map(|revision| revision.as_str().to_owned()).collect(),
                capabilities: self.capabilities(),
                instructions: self.about.instructions.clone(),
                ttl_ms: Some(ttl_ms),
                cache_scope: Some(cache_scope),
                ..DiscoverResult::default()
            };
            result.lower(Revision::LATEST);
            result.meta = Some(self.server_meta());
            prepared(&result)
        });
        made.clone()
    }

    /// One page of a list.
    pub(crate) fn page(
        &self,
        method: Method,
        revision: Revision,
        cursor: Option<&str>,
    ) -> Result<Bytes, ProtocolError> {
        let list = match method {
            Method::ListTools => 0,
            Method::ListResources => 1,
            Method::ListResourceTemplates => 2,
            Method::ListPrompts => 3,
            _ => return Err(ProtocolError::method_not_found(method.as_str())),
        };
        let pages = self.pages[revision.index()][list].get_or_init(|| self.pages(method, revision));
        let page = match cursor {
            None => 0,
            Some(cursor) => page_of(cursor, list)
                .filter(|page| *page < pages.len())
                .ok_or_else(|| ProtocolError::invalid_params(format!("unknown cursor {}", quoted(cursor))))?,
        };
        pages.get(page).cloned().ok_or_else(|| ProtocolError::internal("the list has no such page"))
    }

    fn pages(&self, method: Method, revision: Revision) -> Vec<Bytes> {
        let Listed { tools, resources, templates, prompts } = &self.listed;
        macro_rules! pages {
            ($items:expr, $list:literal, $result:ident, $field:ident) => {
                self.split($items, $list, revision, |items, next_cursor, (ttl_ms, cache_scope), meta| {
                    let mut result = $result {
                        $field: items,
                        next_cursor,
                        ttl_ms: Some(ttl_ms),
                        cache_scope: Some(cache_scope),
                        ..$result::default()
                    };
                    result.lower(revision);
                    result.meta = meta;
                    prepared(&result)
                })
            };
        }
        match method {
            Method::ListTools => pages!(tools, 0, ListToolsResult, tools),
            Method::ListResources => pages!(resources, 1, ListResourcesResult, resources),
            Method::ListResourceTemplates => pages!(templates, 2, ListResourceTemplatesResult, resource_templates),
            _ => pages!(prompts, 3, ListPromptsResult, prompts),
        }
    }

    fn split<T: Clone>(
        &self,
        items: &[T],
        list: usize,
        revision: Revision,
        page: impl Fn(Vec<T>, Option<String>, (u64, CacheScope), Option<Meta>) -> Bytes,
    ) -> Vec<Bytes> {
        let count = items.len().div_ceil(self.about.page_size.max(1)).max(1);
        (0..count)
            .map(|index| {
                let items = items.iter().skip(index * self.about.page_size).take(self.about.page_size);
                let next = (index + 1 < count).then(|| cursor_of(index + 1, list));
                let meta = (revision == Revision::LATEST).then(|| self.server_meta());
                page(items.cloned().collect(), next, self.cache(), meta)
            })
            .collect()
    }

    /// Everything the server shows in the newest revision, as one value.
    #[cfg(feature = "testing")]
    pub(crate) fn surface(&self) -> Value {
        let Listed { tools, resources, templates, prompts } = &self.listed;
        serde_json::json!({
            "capabilities": self.capabilities(),
            "instructions": self.about.instructions,
            "tools": tools,
            "resources": resources,
            "resourceTemplates": templates,
            "prompts": prompts,
        })
    }
}

fn prepared(result: &impl Serialize) -> Bytes {
    // The crate's own types always serialize.
    serde_json::to_vec(result).unwrap_or_else(|_| b"{}".to_vec()).into()
}

/// Says which page a cursor means and of which list, in a form that invites nobody to take it apart.
fn cursor_of(page: usize, list: usize) -> String {
    BASE64.encode(format!("{list}.{page}"))
}

fn page_of(cursor: &str, list: usize) -> Option<usize> {
    // Longer than any cursor that was handed out.
    if cursor.len() > 64 {
        return None;
    }
    let text = String::from_utf8(BASE64.decode(cursor).ok()?).ok()?;
    let (of, page) = text.split_once('.')?;
    let page: usize = page.parse().ok()?;
    (of.parse() == Ok(list) && page > 0).then_some(page)
}
