//! The specification's own examples of 2026-07-28: each is decoded into the model, encoded again, and must be what it was
//! and valid. A directory that names no type known here fails, so that none is skipped.

use std::fs;
use std::path::{Path, PathBuf};

use mcp_runtime::model::*;
use mcp_tests::schema::validator;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const REVISION: &str = "2026-07-28";

/// A request or a notification; the example of `ListRootsRequest` has an id and no version.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message<P> {
    #[serde(skip_serializing_if = "Option::is_none")]
    jsonrpc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<RequestId>,
    method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<P>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Response<R> {
    jsonrpc: String,
    id: RequestId,
    result: R,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorResponse {
    jsonrpc: String,
    id: RequestId,
    error: ErrorObject,
}

fn again<T: DeserializeOwned + Serialize>(text: &str) -> serde_json::Result<Value> {
    serde_json::to_value(serde_json::from_str::<T>(text)?)
}

/// Decodes and encodes an example of the type that its directory names.
fn round_trip(directory: &str, text: &str) -> Option<serde_json::Result<Value>> {
    let value = match directory {
        "AudioContent" | "EmbeddedResource" | "ImageContent" | "ResourceLink" | "TextContent" => {
            again::<ContentBlock>(text)
        }
        "ToolResultContent" | "ToolUseContent" => again::<SamplingMessageContentBlock>(text),
        "BlobResourceContents" => again::<BlobResourceContents>(text),
        "TextResourceContents" => again::<TextResourceContents>(text),
        "Resource" => again::<Resource>(text),
        "Root" => again::<Root>(text),
        "SamplingMessage" => again::<SamplingMessage>(text),
        "ModelPreferences" => again::<ModelPreferences>(text),
        "Tool" => again::<Tool>(text),
        "ClientCapabilities" => again::<ClientCapabilities>(text),
        "ServerCapabilities" => again::<ServerCapabilities>(text),
        "InputRequests" => again::<InputRequests>(text),
        "InputResponses" => again::<InputResponses>(text),

        "BooleanSchema"
        | "NumberSchema"
        | "StringSchema"
        | "TitledMultiSelectEnumSchema"
        | "TitledSingleSelectEnumSchema"
        | "UntitledMultiSelectEnumSchema"
        | "UntitledSingleSelectEnumSchema" => again::<PrimitiveSchemaDefinition>(text),

        "CallToolRequestParams" => again::<CallToolRequestParams>(text),
        "CancelledNotificationParams" => again::<CancelledNotificationParams>(text),
        "CompleteRequestParams" => again::<CompleteRequestParams>(text),
        "CreateMessageRequestParams" => again::<CreateMessageRequestParams>(text),
        "ElicitRequestFormParams" | "ElicitRequestURLParams" => again::<ElicitRequestParams>(text),
        "GetPromptRequestParams" => again::<GetPromptRequestParams>(text),
        "LoggingMessageNotificationParams" => again::<LoggingMessageNotificationParams>(text),
        "PaginatedRequestParams" => again::<PaginatedRequestParams>(text),
        "ProgressNotificationParams" => again::<ProgressNotificationParams>(text),
        "ResourceUpdatedNotificationParams" => again::<ResourceUpdatedNotificationParams>(text),

        "CallToolRequest" => again::<Message<CallToolRequestParams>>(text),
        "CompleteRequest" => again::<Message<CompleteRequestParams>>(text),
        "CreateMessageRequest" | "ElicitRequest" => again::<InputRequest>(text),
        "DiscoverRequest" => again::<Message<RequestParams>>(text),
        "GetPromptRequest" => again::<Message<GetPromptRequestParams>>(text),
        "ListPromptsRequest" | "ListResourceTemplatesRequest" | "ListResourcesRequest" | "ListToolsRequest" => {
            again::<Message<PaginatedRequestParams>>(text)
        }
        "ListRootsRequest" => again::<Message<ListRootsRequestParams>>(text),
        "ReadResourceRequest" => again::<Message<ReadResourceRequestParams>>(text),
        "SubscriptionsListenRequest" => again::<Message<SubscriptionsListenRequestParams>>(text),

        "CancelledNotification" => again::<Message<CancelledNotificationParams>>(text),
        "LoggingMessageNotification" => again::<Message<LoggingMessageNotificationParams>>(text),
        "ProgressNotification" => again::<Message<ProgressNotificationParams>>(text),
        "PromptListChangedNotification" | "ResourceListChangedNotification" | "ToolListChangedNotification" => {
            again::<Message<NotificationParams>>(text)
        }
        "ResourceUpdatedNotification" => again::<Message<ResourceUpdatedNotificationParams>>(text),
        "SubscriptionsAcknowledgedNotification" => again::<Message<SubscriptionsAcknowledgedNotificationParams>>(text),

        "CallToolResult" => again::<CallToolResult>(text),
        "CompleteResult" => again::<CompleteResult>(text),
        "CreateMessageResult" => again::<CreateMessageResult>(text),
        "DiscoverResult" => again::<DiscoverResult>(text),
        "ElicitResult" => again::<ElicitResult>(text),
        "GetPromptResult" => again::<GetPromptResult>(text),
        "InputRequiredResult" => again::<InputRequiredResult>(text),
        "ListPromptsResult" => again::<ListPromptsResult>(text),
        "ListResourceTemplatesResult" => again::<ListResourceTemplatesResult>(text),
        "ListResourcesResult" => again::<ListResourcesResult>(text),
        "ListRootsResult" => again::<ListRootsResult>(text),
        "ListToolsResult" => again::<ListToolsResult>(text),
        "ReadResourceResult" => again::<ReadResourceResult>(text),
        "SubscriptionsListenResult" => again::<SubscriptionsListenResult>(text),

        "CallToolResultResponse" => again::<Response<CallToolResult>>(text),
        "CompleteResultResponse" => again::<Response<CompleteResult>>(text),
        "DiscoverResultResponse" => again::<Response<DiscoverResult>>(text),
        "GetPromptResultResponse" => again::<Response<GetPromptResult>>(text),
        "ListPromptsResultResponse" => again::<Response<ListPromptsResult>>(text),
        "ListResourceTemplatesResultResponse" => again::<Response<ListResourceTemplatesResult>>(text),
        "ListResourcesResultResponse" => again::<Response<ListResourcesResult>>(text),
        "ListToolsResultResponse" => again::<Response<ListToolsResult>>(text),
        "ReadResourceResultResponse" => again::<Response<ReadResourceResult>>(text),
        "SubscriptionsListenResultResponse" => again::<Response<SubscriptionsListenResult>>(text),

        "InternalError" | "InvalidParamsError" | "MethodNotFoundError" | "ParseError" => again::<ErrorObject>(text),
        "HeaderMismatchError" | "MissingRequiredClientCapabilityError" | "UnsupportedProtocolVersionError" => {
            again::<ErrorResponse>(text)
        }
        _ => return None,
    };
    Some(value)
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let list = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<PathBuf> = list.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", directory.display());
    paths
}

#[test]
fn every_example_of_the_specification_survives_the_model() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol").join(REVISION).join("examples");
    let mut mistakes = Vec::new();
    let mut count = 0;
    for directory in entries(&root) {
        let name = directory.file_name().unwrap().to_str().unwrap();
        let validator = validator(REVISION, name);
        for path in entries(&directory) {
            let shown = path.strip_prefix(&root).unwrap().display();
            let text = fs::read_to_string(&path).unwrap();
            match round_trip(name, &text) {
                None => mistakes.push(format!("{shown}: no type of the model stands for {name}")),
                Some(Err(error)) => mistakes.push(format!("{shown}: {error}")),
                Some(Ok(value)) => {
                    let original: Value = serde_json::from_str(&text).unwrap();
                    if value != original {
                        mistakes.push(format!("{shown}: was {original:#}, became {value:#}"));
                    }
                    mistakes.extend(validator.iter_errors(&value).map(|error| format!("{shown}: {error}")));
                }
            }
            count += 1;
        }
    }
    println!("{count} examples");
    assert!(mistakes.is_empty(), "{} of {count} examples:\n{}", mistakes.len(), mistakes.join("\n"));
}

#[test]
fn the_round_trip_notices_what_is_lost() {
    let tool = r#"{"name":"n","inputSchema":{"type":"object"},"color":"red"}"#;
    let original: Value = serde_json::from_str(tool).unwrap();
    let value = round_trip("Tool", tool).unwrap().unwrap();
    assert_ne!(value, original);
    assert!(validator(REVISION, "Tool").is_valid(&value));
    assert!(round_trip("Tool", "{}").unwrap().is_err());
    assert!(!validator(REVISION, "Tool").is_valid(&serde_json::json!({})));
    assert!(round_trip("Widget", tool).is_none());
}
