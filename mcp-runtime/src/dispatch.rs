//! From a call to the entry that answers it: the single match on `Method`. Floor 4.

mod running;

use std::sync::Arc;

pub(crate) use self::running::{Bare, Begun, Running};
use self::running::{Stage, as_task, completion, replying};
use crate::arguments::{Input, Source};
use crate::budget::FREE;
use crate::call::{Answered, Call, Reply};
use crate::catalog::Catalog;
use crate::context::Context;
use crate::entry::{Tasking, candidates_of};
use crate::error::{ProtocolError, quoted, reason};
use crate::method::Method;
use crate::model::{
    CallToolResult, CompleteReference, CompleteRequestParams, PaginatedRequestParams, SubscriptionsListenRequestParams,
    TASKS_EXTENSION,
};
use crate::piece::Piece;
use crate::server::Core;
use crate::subscribe::{Denied, listen};
use crate::tables::{Listed, ResourceRow, Row, TemplateRow};
use crate::task::{knows_tasks, needs_tasks};

impl Core {
    /// Finds what answers a call, and begins it.
    fn route(self: &Arc<Self>, catalog: &Catalog, method: Method, name: &str, call: Call) -> Begun<Stage> {
        if !catalog.offers(method) {
            return ProtocolError::method_not_found(method.as_str()).into();
        }
        match method {
            Method::CallTool => self.call_tool(catalog, name, call),
            Method::ReadResource => self.read_resource(catalog, name, call),
            Method::GetPrompt => self.get_prompt(catalog, name, call),
            Method::Complete => self.complete(catalog, call),
            Method::ListTools | Method::ListResources | Method::ListResourceTemplates | Method::ListPrompts => {
                let page = cursor(call.params.as_ref())
                    .and_then(|cursor| catalog.page(method, &call.context, cursor.as_deref()));
                Reply(page.map(Answered::Prepared)).into()
            }
            Method::Subscribe | Method::Unsubscribe => self.subscribe(catalog, method, name, &call.context).into(),
            Method::Listen => self.listen(catalog, &call),
            Method::GetTask | Method::UpdateTask | Method::CancelTask => self.ask_task(method, name, call),
            // The transports answer these themselves, and the rest are no requests of a client.
            _ => ProtocolError::method_not_found(method.as_str()).into(),
        }
    }

    /// Answers a request about a task.
    fn ask_task(self: &Arc<Self>, method: Method, id: &str, call: Call) -> Begun<Stage> {
        if !call.context.client_capabilities().has_extension(TASKS_EXTENSION) {
            return needs_tasks().into();
        }
        let (core, id, context) = (Arc::clone(self), Box::from(id), call.context);
        Begun::Waiting(match method {
            Method::GetTask => {
                replying(
                    async move { core.get_task(context, id).await.map(|result| Answered::TaskState(Box::new(result))) },
                )
            }
            Method::UpdateTask => {
                replying(
                    async move { core.update_task(context, id, call.params).await.map(Box::new).map(Answered::Empty) },
                )
            }
            _ => replying(async move { core.cancel_task(context, id).await.map(Box::new).map(Answered::Empty) }),
        })
    }

    fn call_tool(self: &Arc<Self>, catalog: &Catalog, name: &str, call: Call) -> Begun<Stage> {
        let Some(row) = catalog.tables.tool(name).filter(|row| self.shows(row, &call.context)) else {
            return ProtocolError::invalid_params(format!("unknown tool {}", quoted(name))).into();
        };
        let entry = &row.entry;
        let context = call.context;
        let is_task = match entry.tasking {
            Tasking::Never => false,
            Tasking::Always => knows_tasks(&context),
            Tasking::Required if knows_tasks(&context) => true,
            Tasking::Required if context.revision().has_handshake() => {
                return Reply::tool(CallToolResult::error("this tool needs a client of 2026-07-28 that knows tasks"))
                    .into();
            }
            Tasking::Required => return needs_tasks().into(),
            Tasking::Later => {
                if knows_tasks(&context)
                    && let Some(replay) = context.wanted_replay()
                {
                    replay.let_task();
                }
                false
            }
        };
        // What a short text can become is not worth being counted.
        let long = call.arguments.as_deref().filter(|arguments| arguments.len() > FREE);
        let held = long.map(|arguments| self.memory.flying.charge(row.weight().weigh(arguments.as_bytes())));
        let held = match held.transpose() {
            Ok(held) => held.map(Box::new),
            Err(exhausted) => return ProtocolError::from(exhausted).into(),
        };
        let (source, schema) = (Source::Typed(call.arguments), entry.schema.clone());
        if !is_task {
            return Stage::of_tool(row, Input { context, source, schema }, held);
        }
        let ripe = Stage::Ripe(Arc::clone(row), Some(Input { context: context.clone(), source, schema }), held);
        Begun::Waiting(as_task(Arc::clone(self), context, ripe, name.into()))
    }

    fn get_prompt(&self, catalog: &Catalog, name: &str, call: Call) -> Begun<Stage> {
        let row = catalog.tables.prompt(name).filter(|row| self.shows(row, &call.context));
        let Some(entry) = row.map(|row| &row.entry) else {
            return ProtocolError::invalid_params(format!("unknown prompt {}", quoted(name))).into();
        };
        let source = Source::Strings(call.arguments);
        let schema = entry.suggestions.schema.clone();
        Stage::of_prompt(&entry.handler, Input { context: call.context, source, schema })
    }

    fn read_resource(&self, catalog: &Catalog, uri: &str, call: Call) -> Begun<Stage> {
        let context = call.context;
        match self.find_resource(catalog, uri, &context) {
            Some(Found::Resource(row)) => {
                let source = Source::Variables { uri: uri.into(), values: Vec::new() };
                let schema = row.entry.schema.clone();
                Stage::of_resource(&row.entry.handler, Input { context, source, schema }, row.entry.cache)
            }
            Some(Found::Template(row, values)) => {
                let source = Source::Variables { uri: uri.into(), values };
                let schema = row.entry.suggestions.schema.clone();
                Stage::of_resource(&row.entry.handler, Input { context, source, schema }, row.entry.cache)
            }
            None => ProtocolError::resource_not_found(uri).into(),
        }
    }

    /// What answers for a URI, among what the caller sees.
    fn find_resource<'c>(&self, catalog: &'c Catalog, uri: &str, caller: &Context) -> Option<Found<'c>> {
        if let Some(row) = catalog.tables.resource(uri).filter(|row| self.shows(row, caller)) {
            return Some(Found::Resource(row));
        }
        catalog.tables.templates.iter().find_map(|row| {
            let values = row.entry.uri.matches(uri)?;
            self.shows(row, caller).then_some(Found::Template(row, values))
        })
    }

    /// The one decision about who sees what: lists make the same.
    pub(crate) fn shows<T: Listed, E>(&self, row: &Row<T, E>, caller: &Context) -> bool {
        row.is_visible(&self.about.visible, Some(caller))
    }

    fn subscribe(&self, catalog: &Catalog, method: Method, uri: &str, caller: &Context) -> Reply {
        let Some(session) = caller.session() else {
            return Reply::error(ProtocolError::method_not_found(method.as_str()));
        };
        let watcher = &session.watcher;
        if method == Method::Unsubscribe {
            watcher.forget_resource(uri);
        } else if self.find_resource(catalog, uri, caller).is_none() {
            return Reply::error(ProtocolError::resource_not_found(uri));
        } else if let Err(denied) = watcher.want_resource(uri, self.limits.subscriptions, &self.memory.kept) {
            return Reply::error(denied.into());
        }
        Reply(Ok(Answered::Empty(Box::default())))
    }

    fn listen(&self, catalog: &Catalog, call: &Call) -> Begun<Stage> {
        let params = call.params.as_deref().unwrap_or("{}");
        let params: SubscriptionsListenRequestParams = match serde_json::from_str(params) {
            Ok(params) => params,
            Err(error) => {
                let what = format!("wrong parameters for `subscriptions/listen`: {}", reason(&error));
                return ProtocolError::invalid_params(what).into();
            }
        };
        let filter = params.notifications;
        if filter.task_ids.is_some()
            && catalog.offers(Method::GetTask)
            && !call.context.client_capabilities().has_extension(TASKS_EXTENSION)
        {
            return needs_tasks().into();
        }
        if filter.resource_subscriptions.as_ref().is_some_and(|uris| uris.len() > self.limits.subscriptions) {
            return ProtocolError::from(Denied::TooMany(self.limits.subscriptions)).into();
        }
        let caller = &call.context;
        let agreed = catalog.agree(filter, |uri| self.find_resource(catalog, uri, caller).is_some());
        let peer = Arc::clone(caller.peer());
        Begun::Waiting(Stage::Listening(Box::pin(listen(self.hub.watch(), peer, caller.id().clone(), agreed))))
    }

    fn complete(&self, catalog: &Catalog, call: Call) -> Begun<Stage> {
        let params = call.params.as_deref().unwrap_or("{}");
        let params: CompleteRequestParams = match serde_json::from_str(params) {
            Ok(params) => params,
            Err(error) => {
                return ProtocolError::invalid_params(format!(
                    "wrong parameters for `completion/complete`: {}",
                    reason(&error)
                ))
                .into();
            }
        };
        let argument = params.argument;
        let tables = &catalog.tables;
        let suggestions = match &params.reference {
            CompleteReference::Prompt(prompt) => {
                let row = tables.prompt(&prompt.name).filter(|row| self.shows(row, &call.context));
                match row.map(|row| &row.entry) {
                    Some(entry) => &entry.suggestions,
                    None => {
                        return ProtocolError::invalid_params(format!("unknown prompt {}", quoted(&prompt.name)))
                            .into();
                    }
                }
            }
            CompleteReference::Resource(resource) => {
                let mut rows = tables.templates.iter().filter(|row| row.listed.uri_template == resource.uri);
                match rows.find(|row| self.shows(row, &call.context)).map(|row| &row.entry) {
                    Some(entry) => &entry.suggestions,
                    None => {
                        let uri = quoted(&resource.uri);
                        return ProtocolError::invalid_params(format!("unknown resource template {uri}")).into();
                    }
                }
            }
        };
        if let Some(completer) = suggestions.completer(&argument.name) {
            return Begun::Waiting(Stage::Completion(completer(argument.value, call.context)));
        }
        let Some(choices) = suggestions.choices(&argument.name) else {
            return ProtocolError::invalid_params(format!("unknown argument {}", quoted(&argument.name))).into();
        };
        let values: Vec<&str> = choices.iter().map(String::as_str).collect();
        let values = candidates_of(&values, &argument.value);
        completion(values).into()
    }
}

/// What answers for a URI.
enum Found<'c> {
    Resource(&'c ResourceRow),
    Template(&'c TemplateRow, Vec<(&'static str, String)>),
}

/// Which page of a list is wanted.
pub(crate) fn cursor(params: Option<&Piece>) -> Result<Option<String>, ProtocolError> {
    let Some(params) = params else { return Ok(None) };
    serde_json::from_str::<PaginatedRequestParams>(params)
        .map(|params| params.cursor)
        .map_err(|_| ProtocolError::invalid_params("`cursor` must be a string that an earlier page gave"))
}
