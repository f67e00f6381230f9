//! What each older revision must (not) see, and what the newest one requires: the only place that knows.
//! Every type that is sent is taken apart without `..`, so that a new field does not compile until somebody has decided
//! about it. Here is what a server answers and notifies; in the files below, content, what a server asks of a client, its
//! tasks, and what a client sends. Floor 0.

use std::borrow::Cow;

use crate::model::{
    CacheScope, CallToolResult, CancelledNotificationParams, CompleteResult, ContentBlock, DiscoverResult,
    ElicitationCompleteNotificationParams, EmptyResult, GetPromptResult, Implementation, JsonObject, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, LoggingMessageNotificationParams, Mirror,
    ProgressNotificationParams, Prompt, PromptArgument, PromptMessage, ReadResourceResult, Resource, ResourceTemplate,
    ResourceUpdatedNotificationParams, ResultType, ServerCapabilities, SubscriptionsAcknowledgedNotificationParams,
    SubscriptionsListenResult, Tool,
};
use crate::revision::Revision;

mod ask;
mod client;
mod content;
mod output;
mod task;
#[cfg(test)]
mod tests;

/// Takes from a value what a revision does not know, and adds what it requires.
///
/// What cannot be said in the revision is said in other words if there are any: audio and resource links become text.
/// Nothing is allocated where nothing changes, and for the newest revision nothing ever is. Lowering twice to the same
/// revision is the same as once.
pub(crate) trait Lower {
    /// Makes `self` fit to be sent in `revision`.
    fn lower(&mut self, revision: Revision);

    /// Whether it is known to fit as it is; of most types nobody asks.
    fn is_fit(&self, _revision: Revision) -> bool {
        false
    }
}

/// A value as it fits to be sent in `revision`: a copy where something has to change.
pub(crate) fn fit<T: Lower + Clone>(value: &T, revision: Revision) -> Cow<'_, T> {
    if value.is_fit(revision) {
        return Cow::Borrowed(value);
    }
    let mut value = value.clone();
    value.lower(revision);
    Cow::Owned(value)
}

impl<T: Lower> Lower for Vec<T> {
    fn lower(&mut self, revision: Revision) {
        for item in self {
            item.lower(revision);
        }
    }
}

impl<T: Lower> Lower for Option<T> {
    fn lower(&mut self, revision: Revision) {
        if let Some(value) = self {
            value.lower(revision);
        }
    }
}

/// Drops a member that `revision` does not know yet.
fn since<T>(first: Revision, revision: Revision, member: &mut Option<T>) {
    if revision < first {
        *member = None;
    }
}

/// Drops a member that `revision` no longer knows.
fn until<T>(last: Revision, revision: Revision, member: &mut Option<T>) {
    if revision > last {
        *member = None;
    }
}

/// Every result of 2026-07-28 says its type; no result of a revision before does.
fn result_type(revision: Revision, member: &mut Option<ResultType>) {
    if revision >= Revision::V2026_07_28 {
        member.get_or_insert(ResultType::Complete);
    } else {
        *member = None;
    }
}

/// A cacheable result of 2026-07-28 says for how long and for whom. The default is the safe one: not at all.
fn cache(revision: Revision, ttl_ms: &mut Option<u64>, cache_scope: &mut Option<CacheScope>) {
    if revision >= Revision::V2026_07_28 {
        ttl_ms.get_or_insert(0);
        cache_scope.get_or_insert(CacheScope::Private);
    } else {
        *ttl_ms = None;
        *cache_scope = None;
    }
}

// The handshake, and what stands in for it.

impl Lower for DiscoverResult {
    fn lower(&mut self, revision: Revision) {
        let Self {
            supported_versions: _,
            capabilities,
            instructions: _,
            ttl_ms,
            cache_scope,
            result_type: kind,
            meta: _,
        } = self;
        capabilities.lower(revision);
        cache(revision, ttl_ms, cache_scope);
        result_type(revision, kind);
    }
}

impl Lower for ServerCapabilities {
    fn lower(&mut self, revision: Revision) {
        let Self { logging: _, completions, prompts: _, resources: _, tools: _, extensions, experimental: _, other } =
            self;
        since(Revision::V2025_03_26, revision, completions);
        since(Revision::V2026_07_28, revision, extensions);
        tasks(revision, other);
    }

    fn is_fit(&self, revision: Revision) -> bool {
        revision >= Revision::V2025_11_25 && self.extensions.is_none() && !self.other.contains_key("tasks")
    }
}

/// Tasks were a capability in 2025-11-25 and are an extension since.
fn tasks(revision: Revision, capabilities: &mut JsonObject) {
    if revision != Revision::V2025_11_25 {
        capabilities.shift_remove("tasks");
    }
}

impl Lower for Implementation {
    fn lower(&mut self, revision: Revision) {
        let Self { name: _, version: _, title, description, website_url, icons } = self;
        since(Revision::V2025_06_18, revision, title);
        since(Revision::V2025_11_25, revision, description);
        since(Revision::V2025_11_25, revision, website_url);
        since(Revision::V2025_11_25, revision, icons);
    }

    fn is_fit(&self, revision: Revision) -> bool {
        revision >= Revision::V2025_11_25
    }
}

impl Lower for EmptyResult {
    fn lower(&mut self, revision: Revision) {
        let Self { result_type: kind, meta: _ } = self;
        result_type(revision, kind);
    }
}

// Tools.

impl Lower for ListToolsResult {
    fn lower(&mut self, revision: Revision) {
        let Self { tools, next_cursor: _, ttl_ms, cache_scope, result_type: kind, meta: _ } = self;
        tools.lower(revision);
        cache(revision, ttl_ms, cache_scope);
        result_type(revision, kind);
    }
}

impl Lower for Tool {
    fn lower(&mut self, revision: Revision) {
        let Self { name: _, title, description: _, input_schema, output_schema, annotations, icons, meta } = self;
        if revision == Revision::V2025_03_26
            && let Some(title) = title.take()
        {
            // This revision has titles, but in another place.
            annotations.get_or_insert_default().title.get_or_insert(title);
        }
        since(Revision::V2025_06_18, revision, title);
        since(Revision::V2025_03_26, revision, annotations);
        since(Revision::V2025_11_25, revision, icons);
        since(Revision::V2025_06_18, revision, meta);
        since(Revision::V2025_06_18, revision, output_schema);
        if revision < Revision::V2026_07_28 {
            output::spell_out_boolean_properties(input_schema);
            if let Some(schema) = output_schema {
                if output::needs_wrapping(schema) {
                    output::wrap_schema(schema);
                }
                output::spell_out_boolean_properties(schema);
            }
        }
    }
}

impl Tool {
    /// Whether [`Lower`] wraps the output schema for the revisions that allow only objects, 2025-06-18 and 2025-11-25.
    ///
    /// To be asked before lowering; the results of such a tool are lowered by [`CallToolResult::lower_wrapped`].
    pub(crate) fn wraps_output(&self) -> bool {
        self.output_schema.as_ref().is_some_and(output::needs_wrapping)
    }
}

impl Lower for CallToolResult {
    /// For tools of which [`Tool::wraps_output`] is false. Structured content that is no object is wrapped here too where
    /// the revision allows only objects, because a tool without an output schema may answer with anything.
    fn lower(&mut self, revision: Revision) {
        let is_object = self.structured_text().is_none_or(|json| json.starts_with('{'));
        self.lower_structured(revision, !is_object);
    }
}

impl CallToolResult {
    /// Lowers the result of a tool whose output schema was wrapped, see [`Tool::wraps_output`]. To be done once: what is
    /// wrapped may be wrapped again.
    pub(crate) fn lower_wrapped(&mut self, revision: Revision) {
        self.lower_structured(revision, true);
    }

    fn lower_structured(&mut self, revision: Revision, wraps: bool) {
        let Self { content, structured_content, is_error: _, result_type: kind, meta: _, mirror } = self;
        if revision < Revision::V2025_06_18 {
            *mirror = Mirror::None;
            if let Some(json) = structured_content.take()
                && content.is_empty()
            {
                content.push(ContentBlock::text(json.get()));
            }
        } else if revision < Revision::V2026_07_28 && wraps {
            match structured_content {
                Some(json) => output::wrap_value(json),
                None if *mirror == Mirror::Plain => *mirror = Mirror::Wrapped,
                None => {}
            }
        }
        content.lower(revision);
        result_type(revision, kind);
    }
}

// Resources.

impl Lower for ListResourcesResult {
    fn lower(&mut self, revision: Revision) {
        let Self { resources, next_cursor: _, ttl_ms, cache_scope, result_type: kind, meta: _ } = self;
        resources.lower(revision);
        cache(revision, ttl_ms, cache_scope);
        result_type(revision, kind);
    }
}

impl Lower for ListResourceTemplatesResult {
    fn lower(&mut self, revision: Revision) {
        let Self { resource_templates, next_cursor: _, ttl_ms, cache_scope, result_type: kind, meta: _ } = self;
        resource_templates.lower(revision);
        cache(revision, ttl_ms, cache_scope);
        result_type(revision, kind);
    }
}

impl Lower for Resource {
    fn lower(&mut self, revision: Revision) {
        let Self { uri: _, name: _, title, description: _, mime_type: _, annotations, size: _, icons, meta } = self;
        since(Revision::V2025_06_18, revision, title);
        annotations.lower(revision);
        since(Revision::V2025_11_25, revision, icons);
        since(Revision::V2025_06_18, revision, meta);
    }
}

impl Lower for ResourceTemplate {
    fn lower(&mut self, revision: Revision) {
        let Self { uri_template: _, name: _, title, description: _, mime_type: _, annotations, icons, meta } = self;
        since(Revision::V2025_06_18, revision, title);
        annotations.lower(revision);
        since(Revision::V2025_11_25, revision, icons);
        since(Revision::V2025_06_18, revision, meta);
    }
}

impl Lower for ReadResourceResult {
    fn lower(&mut self, revision: Revision) {
        let Self { contents, ttl_ms, cache_scope, result_type: kind, meta: _ } = self;
        contents.lower(revision);
        cache(revision, ttl_ms, cache_scope);
        result_type(revision, kind);
    }
}

// Prompts and completion.

impl Lower for ListPromptsResult {
    fn lower(&mut self, revision: Revision) {
        let Self { prompts, next_cursor: _, ttl_ms, cache_scope, result_type: kind, meta: _ } = self;
        prompts.lower(revision);
        cache(revision, ttl_ms, cache_scope);
        result_type(revision, kind);
    }
}

impl Lower for Prompt {
    fn lower(&mut self, revision: Revision) {
        let Self { name: _, title, description: _, arguments, icons, meta } = self;
        since(Revision::V2025_06_18, revision, title);
        arguments.lower(revision);
        since(Revision::V2025_11_25, revision, icons);
        since(Revision::V2025_06_18, revision, meta);
    }
}

impl Lower for PromptArgument {
    fn lower(&mut self, revision: Revision) {
        let Self { name: _, title, description: _, required: _ } = self;
        since(Revision::V2025_06_18, revision, title);
    }
}

impl Lower for GetPromptResult {
    fn lower(&mut self, revision: Revision) {
        let Self { description: _, messages, result_type: kind, meta: _ } = self;
        messages.lower(revision);
        result_type(revision, kind);
    }
}

impl Lower for PromptMessage {
    fn lower(&mut self, revision: Revision) {
        let Self { role: _, content } = self;
        content.lower(revision);
    }
}

impl Lower for CompleteResult {
    fn lower(&mut self, revision: Revision) {
        let Self { completion: _, result_type: kind, meta: _ } = self;
        result_type(revision, kind);
    }
}

// Notifications and subscriptions. Their `_meta` is in every revision.

impl Lower for ProgressNotificationParams {
    fn lower(&mut self, revision: Revision) {
        let Self { progress_token: _, progress: _, total: _, message, meta: _ } = self;
        since(Revision::V2025_03_26, revision, message);
    }
}

impl Lower for LoggingMessageNotificationParams {
    fn lower(&mut self, _: Revision) {
        let Self { level: _, logger: _, data: _, meta: _ } = self;
    }
}

impl Lower for CancelledNotificationParams {
    fn lower(&mut self, _: Revision) {
        let Self { request_id: _, reason: _, meta: _ } = self;
    }
}

impl Lower for ResourceUpdatedNotificationParams {
    fn lower(&mut self, _: Revision) {
        let Self { uri: _, meta: _ } = self;
    }
}

impl Lower for ElicitationCompleteNotificationParams {
    fn lower(&mut self, _: Revision) {
        let Self { elicitation_id: _, meta: _ } = self;
    }
}

impl Lower for SubscriptionsAcknowledgedNotificationParams {
    fn lower(&mut self, _: Revision) {
        let Self { notifications: _, meta: _ } = self;
    }
}

impl Lower for SubscriptionsListenResult {
    fn lower(&mut self, revision: Revision) {
        let Self { result_type: kind, meta: _ } = self;
        result_type(revision, kind);
    }
}
