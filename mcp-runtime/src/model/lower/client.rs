//! What a client sends to a server of an older revision. Floor 0.

use super::{Lower, since, tasks, until};
use crate::model::{
    CallToolRequestParams, ClientCapabilities, CompleteReference, CompleteRequestParams, CreateMessageResult,
    ElicitResult, ElicitationCapability, GetPromptRequestParams, InitializeRequestParams, InputResponse,
    InputResponses, ListRootsResult, PromptReference, ReadResourceRequestParams, ResourceTemplateReference, Root,
    RootsCapability, SamplingCapability,
};
use crate::revision::Revision;

impl Lower for InitializeRequestParams {
    fn lower(&mut self, revision: Revision) {
        let Self { protocol_version: _, capabilities, client_info, meta: _ } = self;
        capabilities.lower(revision);
        client_info.lower(revision);
    }
}

impl Lower for ClientCapabilities {
    fn lower(&mut self, revision: Revision) {
        let Self { roots, sampling, elicitation, extensions, experimental: _, other } = self;
        if let Some(RootsCapability { list_changed }) = roots {
            until(Revision::V2025_11_25, revision, list_changed);
        }
        if let Some(SamplingCapability { context, tools }) = sampling {
            since(Revision::V2025_11_25, revision, context);
            since(Revision::V2025_11_25, revision, tools);
        }
        since(Revision::V2025_06_18, revision, elicitation);
        if let Some(ElicitationCapability { form, url }) = elicitation {
            since(Revision::V2025_11_25, revision, form);
            since(Revision::V2025_11_25, revision, url);
        }
        since(Revision::V2026_07_28, revision, extensions);
        tasks(revision, other);
    }
}

impl Lower for CallToolRequestParams {
    fn lower(&mut self, revision: Revision) {
        let Self { name: _, arguments: _, input_responses, request_state, meta: _ } = self;
        retry(revision, input_responses, request_state);
    }
}

impl Lower for GetPromptRequestParams {
    fn lower(&mut self, revision: Revision) {
        let Self { name: _, arguments: _, input_responses, request_state, meta: _ } = self;
        retry(revision, input_responses, request_state);
    }
}

impl Lower for ReadResourceRequestParams {
    fn lower(&mut self, revision: Revision) {
        let Self { uri: _, input_responses, request_state, meta: _ } = self;
        retry(revision, input_responses, request_state);
    }
}

/// Only 2026-07-28 makes a request again to answer what the first attempt asked.
fn retry(revision: Revision, responses: &mut Option<InputResponses>, state: &mut Option<String>) {
    since(Revision::V2026_07_28, revision, responses);
    since(Revision::V2026_07_28, revision, state);
    for response in responses.iter_mut().flat_map(|responses| responses.values_mut()) {
        response.lower(revision);
    }
}

impl Lower for InputResponse {
    fn lower(&mut self, revision: Revision) {
        match self {
            Self::CreateMessage(result) => result.lower(revision),
            Self::ListRoots(result) => result.lower(revision),
            Self::Elicit(result) => result.lower(revision),
        }
    }
}

impl Lower for CompleteRequestParams {
    fn lower(&mut self, revision: Revision) {
        let Self { reference, argument: _, context, meta: _ } = self;
        match reference {
            CompleteReference::Prompt(PromptReference { name: _, title }) => {
                since(Revision::V2025_06_18, revision, title);
            }
            CompleteReference::Resource(ResourceTemplateReference { uri: _ }) => {}
        }
        since(Revision::V2025_06_18, revision, context);
    }
}

impl Lower for CreateMessageResult {
    fn lower(&mut self, revision: Revision) {
        let Self { role: _, content, model: _, stop_reason: _, meta: _ } = self;
        content.lower(revision);
    }
}

impl Lower for ListRootsResult {
    fn lower(&mut self, revision: Revision) {
        let Self { roots, meta } = self;
        roots.lower(revision);
        until(Revision::V2025_11_25, revision, meta);
    }
}

impl Lower for Root {
    fn lower(&mut self, revision: Revision) {
        let Self { uri: _, name: _, meta } = self;
        since(Revision::V2025_06_18, revision, meta);
    }
}

impl Lower for ElicitResult {
    fn lower(&mut self, revision: Revision) {
        let Self { action: _, content: _, meta } = self;
        until(Revision::V2025_11_25, revision, meta);
    }
}
