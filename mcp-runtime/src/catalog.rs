//! What a server says of itself: identity, capabilities, lists. What is the same for every caller of a revision is made
//! once, when the first of them asks; where it depends on the caller, pages are put together from entries that are made
//! once. An edit makes the next catalog. Floor 4.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::context::Context;
use crate::error::{ProtocolError, quoted};
use crate::message::Rest;
use crate::method::Method;
use crate::model::lower::{Lower, fit};
use crate::model::{
    CacheScope, DiscoverResult, Implementation, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, Meta, PromptsCapability, ResourcesCapability, SERVER_INFO_KEY, ServerCapabilities,
    SubscriptionFilter, TASKS_EXTENSION, ToolsCapability,
};
use crate::revision::Revision;
use crate::state::States;
use crate::tables::{Listed, Row, Tables, Visible};

/// What a server tells of itself beyond its entries: the same for its whole life.
pub(crate) struct About {
    pub(crate) info: Implementation,
    pub(crate) instructions: Option<String>,
    pub(crate) page_size: usize,
    pub(crate) ttl: Duration,
    pub(crate) cache_scope: CacheScope,
    pub(crate) logs: bool,
    /// Somebody may change lists or say that resources changed.
    pub(crate) changes: bool,
    pub(crate) visible: Vec<Visible>,
    /// `,"_meta":{…}}`: what ends a result of the newest revision, in place of its closing brace.
    pub(crate) stamp: Vec<u8>,
}

impl About {
    /// The stamp of a server that is this one.
    pub(crate) fn stamp_of(info: &Implementation) -> Vec<u8> {
        let mut stamp = format!(",\"_meta\":{{\"{SERVER_INFO_KEY}\":").into_bytes();
        // An identity always serializes; without it, results would only lack their stamp.
        let is_written = serde_json::to_writer(&mut stamp, info).is_ok();
        stamp.extend_from_slice(b"}}");
        if is_written { stamp } else { b"}".to_vec() }
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
        let info = serde_json::to_value(&self.info).unwrap_or(Value::Null);
        Map::from_iter([(SERVER_INFO_KEY.to_owned(), info)])
    }

    /// Milliseconds that a result may be kept, and by whom.
    pub(crate) fn cache(&self) -> (u64, CacheScope) {
        (u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX), self.cache_scope)
    }
}

/// An [`InitializeResult`](crate::model::InitializeResult) of what is there already.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Initialized<'a> {
    protocol_version: &'a str,
    capabilities: &'a ServerCapabilities,
    server_info: &'a Implementation,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
}

/// The entries behind `initialize`, `server/discover` and the lists, as they are at one time.
pub(crate) struct Catalog {
    pub(crate) tables: Tables,
    pub(crate) states: Arc<States>,
    about: Arc<About>,
    /// What the server can do, but for its extensions.
    capabilities: ServerCapabilities,
    is_gated: bool,
    has_tasks: bool,
    discover: OnceLock<Rest>,
    pages: [[OnceLock<Vec<Rest>>; 4]; Revision::ALL.len()],
}

impl Catalog {
    pub(crate) fn new(tables: Tables, states: Arc<States>, about: Arc<About>) -> Self {
        let Tables { tools, resources, templates, prompts, .. } = &tables;
        let changes = about.changes;
        let is_readable = changes || !resources.is_empty() || !templates.is_empty();
        let list_changed = changes.then_some(true);
        let capabilities = ServerCapabilities {
            tools: (changes || !tools.is_empty()).then_some(ToolsCapability { list_changed }),
            prompts: (changes || !prompts.is_empty()).then_some(PromptsCapability { list_changed }),
            resources: is_readable.then_some(ResourcesCapability { subscribe: changes.then_some(true), list_changed }),
            completions: tables.completes().then(Map::new),
            logging: about.logs.then(Map::new),
            extensions: None,
            experimental: None,
            other: Map::new(),
        };
        let is_gated = tables.is_gated() || !about.visible.is_empty();
        let has_tasks = tables.has_tasks();
        let (discover, pages) = (OnceLock::new(), Default::default());
        Self { tables, states, about, capabilities, is_gated, has_tasks, discover, pages }
    }

    /// What the server can do in the newest revision, which alone has extensions.
    fn latest_capabilities(&self) -> ServerCapabilities {
        let mut capabilities = self.capabilities.clone();
        capabilities.extensions =
            self.has_tasks.then(|| Map::from_iter([(TASKS_EXTENSION.to_owned(), Map::new().into())]));
        capabilities
    }

    /// Whether the server has anything that this method is about. A method without its capability is not there.
    pub(crate) fn offers(&self, method: Method) -> bool {
        let ServerCapabilities { tools, prompts, resources, completions, logging, .. } = &self.capabilities;
        match method {
            Method::ListTools | Method::CallTool => tools.is_some(),
            Method::ListPrompts | Method::GetPrompt => prompts.is_some(),
            Method::ListResources | Method::ListResourceTemplates | Method::ReadResource => resources.is_some(),
            Method::Subscribe | Method::Unsubscribe => self.about.changes,
            Method::Complete => completions.is_some(),
            Method::GetTask | Method::UpdateTask | Method::CancelTask => self.has_tasks,
            Method::SetLevel => logging.is_some(),
            _ => true,
        }
    }

    /// What of a filter the server agrees to tell.
    pub(crate) fn agree(&self, filter: SubscriptionFilter, is_resource: impl Fn(&str) -> bool) -> SubscriptionFilter {
        if !self.about.changes {
            return SubscriptionFilter::default();
        }
        let wanted = |wanted: Option<bool>| wanted.filter(|wanted| *wanted);
        SubscriptionFilter {
            tools_list_changed: wanted(filter.tools_list_changed),
            prompts_list_changed: wanted(filter.prompts_list_changed),
            resources_list_changed: wanted(filter.resources_list_changed),
            task_ids: None,
            resource_subscriptions: filter
                .resource_subscriptions
                .map(|uris| uris.into_iter().filter(|uri| is_resource(uri)).collect()),
        }
    }

    /// The answer to `initialize`.
    pub(crate) fn initialize(&self, revision: Revision) -> Rest {
        let About { info, instructions, .. } = &*self.about;
        Rest::alone(prepared(&Initialized {
            protocol_version: revision.as_str(),
            capabilities: &fit(&self.capabilities, revision),
            server_info: &fit(info, revision),
            instructions: instructions.as_deref(),
        }))
    }

    /// The answer to `server/discover`.
    pub(crate) fn discover(&self) -> Rest {
        let made = self.discover.get_or_init(|| {
            let (ttl_ms, cache_scope) = self.about.cache();
            let mut result = DiscoverResult {
                supported_versions: Revision::ALL.iter().rev().map(|revision| revision.as_str().to_owned()).collect(),
                capabilities: self.latest_capabilities(),
                instructions: self.about.instructions.clone(),
                ttl_ms: Some(ttl_ms),
                cache_scope: Some(cache_scope),
                ..DiscoverResult::default()
            };
            result.lower(Revision::LATEST);
            result.meta = Some(self.about.server_meta());
            Rest::shared(prepared(&result))
        });
        made.clone()
    }

    /// The first page of a list that everybody sees alike, if it was made already.
    pub(crate) fn made(&self, method: Method, revision: Revision) -> Option<Rest> {
        // One that somebody may not see is never kept.
        self.pages[revision.index()][number_of(method)?].get()?.first().cloned()
    }

    /// One page of a list.
    pub(crate) fn page(&self, method: Method, caller: &Context, cursor: Option<&str>) -> Result<Rest, ProtocolError> {
        let Some(list) = number_of(method) else { return Err(ProtocolError::method_not_found(method.as_str())) };
        let revision = caller.revision();
        let page = match cursor {
            None => 0,
            Some(cursor) => page_of(cursor, list)
                .ok_or_else(|| ProtocolError::invalid_params(format!("unknown cursor {}", quoted(cursor))))?,
        };
        let found = if self.is_gated {
            self.pages(method, revision, Some(caller), Some(page)).pop().map(Rest::alone)
        } else {
            let pages = self.pages[revision.index()][list]
                .get_or_init(|| self.pages(method, revision, None, None).into_iter().map(Rest::shared).collect());
            pages.get(page).cloned()
        };
        found.ok_or_else(|| {
            ProtocolError::invalid_params(format!("unknown cursor {}", quoted(cursor.unwrap_or_default())))
        })
    }

    /// The pages of a list, or only the one that is wanted.
    fn pages(
        &self,
        method: Method,
        revision: Revision,
        caller: Option<&Context>,
        wanted: Option<usize>,
    ) -> Vec<Vec<u8>> {
        let (ttl_ms, mut cache_scope) = self.about.cache();
        if caller.is_some() {
            // What one caller sees is not for others.
            cache_scope = CacheScope::Private;
        }
        macro_rules! pages {
            ($rows:expr, $list:literal, $result:ident, $name:literal) => {
                self.split($rows, caller, wanted, revision, ($list, $name), |next_cursor| {
                    let (ttl_ms, cache_scope) = (Some(ttl_ms), Some(cache_scope));
                    let mut result = $result { next_cursor, ttl_ms, cache_scope, ..$result::default() };
                    result.lower(revision);
                    result.meta = (revision == Revision::LATEST).then(|| self.about.server_meta());
                    prepared(&result)
                })
            };
        }
        let tables = &self.tables;
        match method {
            Method::ListTools => pages!(&tables.tools, 0, ListToolsResult, "tools"),
            Method::ListResources => pages!(&tables.resources, 1, ListResourcesResult, "resources"),
            Method::ListResourceTemplates => {
                pages!(&tables.templates, 2, ListResourceTemplatesResult, "resourceTemplates")
            }
            _ => pages!(&tables.prompts, 3, ListPromptsResult, "prompts"),
        }
    }

    /// Puts pages together: what `empty` makes, with the rows in its empty list.
    fn split<T: Listed, E>(
        &self,
        rows: &[Arc<Row<T, E>>],
        caller: Option<&Context>,
        wanted: Option<usize>,
        revision: Revision,
        (list, name): (usize, &str),
        empty: impl Fn(Option<String>) -> Vec<u8>,
    ) -> Vec<Vec<u8>> {
        let rows: Vec<_> = rows.iter().filter(|row| row.is_visible(&self.about.visible, caller)).collect();
        let size = self.about.page_size.max(1);
        let count = rows.len().div_ceil(size).max(1);
        let opening = format!("{{\"{name}\":[");
        (0..count)
            .filter(|index| wanted.is_none_or(|wanted| wanted == *index))
            .map(|index| {
                let page = empty((index + 1 < count).then(|| cursor_of(index + 1, list)));
                // The list is the first member of the result, and empty.
                let Some(rest) = page.strip_prefix(opening.as_bytes()) else { return page };
                let mut filled = opening.clone().into_bytes();
                for (place, row) in rows.iter().skip(index * size).take(size).enumerate() {
                    if place > 0 {
                        filled.push(b',');
                    }
                    filled.extend_from_slice(row.shown(revision));
                }
                filled.extend_from_slice(rest);
                filled
            })
            .collect()
    }

    /// Everything the server shows in the newest revision, as one value.
    #[cfg(feature = "testing")]
    pub(crate) fn surface(&self) -> Value {
        fn listed<T: Listed, E>(rows: &[Arc<Row<T, E>>]) -> Vec<&T::Item> {
            rows.iter().map(|row| row.listed.item()).collect()
        }
        serde_json::json!({
            "capabilities": self.latest_capabilities(),
            "instructions": self.about.instructions,
            "tools": listed(&self.tables.tools),
            "resources": listed(&self.tables.resources),
            "resourceTemplates": listed(&self.tables.templates),
            "prompts": listed(&self.tables.prompts),
        })
    }
}

fn prepared(result: &impl Serialize) -> Vec<u8> {
    // The crate's own types always serialize.
    serde_json::to_vec(result).unwrap_or_else(|_| b"{}".to_vec())
}

/// Which of the lists it is.
fn number_of(method: Method) -> Option<usize> {
    match method {
        Method::ListTools => Some(0),
        Method::ListResources => Some(1),
        Method::ListResourceTemplates => Some(2),
        Method::ListPrompts => Some(3),
        _ => None,
    }
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
