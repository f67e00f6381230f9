//! Each rule that says more than "not yet", case by case. Those that say only that are in `tests/members`.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Lower, fit};
use crate::model::*;
use crate::revision::Revision::{self, V2024_11_05, V2025_03_26, V2025_06_18, V2025_11_25, V2026_07_28};

mod members;

use members::{full_implementation, full_server_capabilities, full_tool};

fn lowered<T: DeserializeOwned + Serialize + Lower>(json: &Value, revision: Revision) -> Value {
    let mut value: T = serde_json::from_str(&json.to_string()).unwrap_or_else(|error| panic!("{error}: {json}"));
    value.lower(revision);
    serde_json::to_value(value).unwrap()
}

/// Lowers `json` to each of the revisions and compares.
fn check<T: DeserializeOwned + Serialize + Lower>(json: &Value, expected: &[(Revision, Value)]) {
    for (revision, expected) in expected {
        assert_eq!(lowered::<T>(json, *revision), *expected, "in {revision}");
    }
}

#[test]
fn the_newest_revision_keeps_what_a_server_said() {
    for (hints, kept) in [
        (json!({}), json!({ "ttlMs": 0, "cacheScope": "private" })),
        (json!({ "ttlMs": 5, "cacheScope": "public" }), json!({ "ttlMs": 5, "cacheScope": "public" })),
    ] {
        let mut result = hints;
        result["tools"] = json!([full_tool()]);
        let lowered = lowered::<ListToolsResult>(&result, V2026_07_28);
        assert_eq!(lowered["tools"][0], full_tool());
        assert_eq!((&lowered["ttlMs"], &lowered["cacheScope"]), (&kept["ttlMs"], &kept["cacheScope"]));
        assert_eq!(lowered["resultType"], "complete");
    }
    check::<EmptyResult>(&json!({ "resultType": "x" }), &[(V2026_07_28, json!({ "resultType": "x" }))]);
}

#[test]
fn what_fits_as_it_is_is_not_copied() {
    fn check<T: DeserializeOwned + Serialize + Lower + Clone>(json: &Value, first: Revision) {
        let value: T = serde_json::from_str(&json.to_string()).unwrap();
        for revision in Revision::ALL {
            let fit = fit(&value, revision);
            assert_eq!(serde_json::to_value(&*fit).unwrap(), lowered::<T>(json, revision), "in {revision}");
            assert_eq!(matches!(fit, Cow::Borrowed(_)), revision >= first, "in {revision}");
        }
    }
    check::<Implementation>(&full_implementation(), V2025_11_25);
    let mut capabilities = full_server_capabilities();
    capabilities.as_object_mut().unwrap().retain(|name, _| name != "extensions" && name != "tasks");
    check::<ServerCapabilities>(&capabilities, V2025_11_25);
}

#[test]
fn content_that_a_revision_lacks_becomes_text() {
    let audio = json!({ "type": "audio", "data": "YQ==", "mimeType": "audio/wav", "annotations": { "priority": 1 } });
    let text = "[audio/wav audio, left out because this session's protocol revision has no audio content]";
    let as_text = json!({ "type": "text", "text": text, "annotations": { "priority": 1 } });
    check::<ContentBlock>(
        &audio,
        &[(V2024_11_05, as_text), (V2025_03_26, audio.clone()), (V2026_07_28, audio.clone())],
    );

    for (link, text) in [
        (json!({ "uri": "file:///a", "name": "n" }), "[resource n: file:///a]"),
        (
            json!({ "uri": "file:///a", "name": "n", "title": "T", "mimeType": "a/b", "description": "d" }),
            "[resource T: file:///a, a/b] d",
        ),
    ] {
        let mut block = link;
        block["type"] = "resource_link".into();
        let as_text = json!({ "type": "text", "text": text });
        check::<ContentBlock>(
            &block,
            &[(V2024_11_05, as_text.clone()), (V2025_03_26, as_text), (V2025_06_18, block.clone())],
        );
    }
}

#[test]
fn a_tools_title_moves_to_where_the_revision_has_it() {
    let tool = |title: Value| json!({ "name": "n", "title": "t", "inputSchema": {}, "annotations": title });
    for (annotations, title) in [(json!({}), "t"), (json!({ "title": "own" }), "own")] {
        check::<Tool>(
            &tool(annotations),
            &[
                (V2024_11_05, json!({ "name": "n", "inputSchema": {} })),
                (V2025_03_26, json!({ "name": "n", "inputSchema": {}, "annotations": { "title": title } })),
            ],
        );
    }
}

#[test]
fn boolean_schemas_of_properties_are_spelled_out_for_older_revisions() {
    let schema = |yes: Value, no: Value| {
        let schema = json!({ "type": "object", "properties": { "yes": yes, "no": no, "other": { "items": true } } });
        json!({ "name": "n", "inputSchema": schema, "outputSchema": schema })
    };
    let short = schema(json!(true), json!(false));
    check::<Tool>(&short, &[(V2025_11_25, schema(json!({}), json!({ "not": {} }))), (V2026_07_28, short.clone())]);
}

#[test]
fn output_schemas_of_anything_but_objects_are_wrapped_where_only_objects_are_allowed() {
    let wrap = |result: Value| json!({ "type": "object", "properties": { "result": result }, "required": ["result"] });
    let mut recursive = wrap(json!({ "type": ["array", "null"], "items": { "$ref": "#/properties/result" } }));
    recursive["$schema"] = "s".into();
    let mut hoisted = wrap(json!({ "anyOf": [{ "$ref": "#/$defs/A" }, { "$ref": "#/properties/result/anyOf/0" }] }));
    hoisted["$defs"] = json!({ "A": { "items": { "$ref": "#/$defs/A" } }, "B": { "$ref": "#/properties/result" } });
    let root_reference = json!({ "$ref": "#/definitions/A", "definitions": { "A": { "type": "object" } } });
    let mut root_wrapped = wrap(json!({ "$ref": "#/definitions/A" }));
    root_wrapped["definitions"] = root_reference["definitions"].clone();
    let with_id = json!({ "$id": "https://a.b/c", "$ref": "#/$defs/A", "$defs": { "A": {} } });
    let anchors = json!({ "anyOf": [{ "$ref": "#name" }, { "$ref": "https://a.b/c#/d" }] });
    for (schema, expected) in [
        (json!({ "type": "object", "properties": {} }), None),
        (json!({ "type": "array" }), Some(wrap(json!({ "type": "array" })))),
        (json!({}), Some(wrap(json!({})))),
        (json!({ "$schema": "s", "type": ["array", "null"], "items": { "$ref": "#" } }), Some(recursive)),
        (
            json!({
                "anyOf": [{ "$ref": "#/$defs/A" }, { "$ref": "#/anyOf/0" }],
                "$defs": { "A": { "items": { "$ref": "#/$defs/A" } }, "B": { "$ref": "#" } }
            }),
            Some(hoisted),
        ),
        (root_reference, Some(root_wrapped)),
        (with_id.clone(), Some(wrap(with_id))),
        (anchors.clone(), Some(wrap(anchors))),
    ] {
        let tool = |schema: &Value| json!({ "name": "n", "inputSchema": {}, "outputSchema": schema });
        let plain: Tool = serde_json::from_value(tool(&schema)).unwrap();
        assert_eq!(plain.wraps_output(), expected.is_some(), "{schema}");
        let expected = tool(&expected.unwrap_or_else(|| schema.clone()));
        check::<Tool>(
            &tool(&schema),
            &[
                (V2025_03_26, json!({ "name": "n", "inputSchema": {} })),
                (V2025_06_18, expected.clone()),
                (V2025_11_25, expected),
                (V2026_07_28, tool(&schema)),
            ],
        );
    }
    assert!(!Tool::default().wraps_output());
}

#[test]
fn structured_content_is_wrapped_with_its_schema_or_when_it_is_no_object() {
    let result = |structured: &str| {
        let mut result = CallToolResult::text("t");
        result.structured_content = Some(serde_json::value::RawValue::from_string(structured.to_owned()).unwrap());
        result
    };
    // What comes of each value in 2025-06-18 and 2025-11-25: when its tool's schema was left alone, and when wrapped.
    for (structured, plain, wrapped) in [
        (r#"{"a":1.50}"#, r#"{"a":1.50}"#, r#"{"result":{"a":1.50}}"#),
        ("[1]", r#"{"result":[1]}"#, r#"{"result":[1]}"#),
        ("null", r#"{"result":null}"#, r#"{"result":null}"#),
        (r#""{""#, r#"{"result":"{"}"#, r#"{"result":"{"}"#),
    ] {
        for revision in Revision::ALL {
            let (mut as_plain, mut as_wrapped) = (result(structured), result(structured));
            as_plain.lower(revision);
            as_wrapped.lower_wrapped(revision);
            let expected = match revision {
                V2024_11_05 | V2025_03_26 => (None, None),
                V2025_06_18 | V2025_11_25 => (Some(plain), Some(wrapped)),
                V2026_07_28 => (Some(structured), Some(structured)),
            };
            let text = |result: &CallToolResult| result.structured_content.as_ref().map(|json| json.get().to_owned());
            assert_eq!(
                (text(&as_plain).as_deref(), text(&as_wrapped).as_deref()),
                expected,
                "{structured} in {revision}"
            );
        }
    }
}

#[test]
fn a_text_that_is_structured_content_too_is_written_as_if_both_stood_there() -> serde_json::Result<()> {
    for json in [r#"{"a":"\n"}"#, "[1]", "null", r#""{""#] {
        let both = CallToolResult::structured(&serde_json::from_str::<serde_json::Value>(json)?)?;
        for revision in Revision::ALL {
            for lower in [CallToolResult::lower as fn(&mut _, _), CallToolResult::lower_wrapped] {
                let written = |mut result: CallToolResult| {
                    lower(&mut result, revision);
                    let mut out = Vec::new();
                    result.write(&mut out).map(|()| String::from_utf8(out).unwrap())
                };
                assert_eq!(written(CallToolResult::mirrored(json.to_owned()))?, written(both.clone())?);
            }
        }
    }
    Ok(())
}

#[test]
fn structured_content_alone_becomes_text_where_there_is_none() {
    check::<CallToolResult>(
        &json!({ "content": [], "structuredContent": { "a": 1 } }),
        &[(V2025_03_26, json!({ "content": [{ "type": "text", "text": r#"{"a":1}"# }] }))],
    );
}

#[test]
fn a_url_elicitation_has_an_id_only_in_the_revision_that_requires_one() {
    let own = json!({ "mode": "url", "message": "m", "url": "https://a.b", "elicitationId": "1" });
    let none = json!({ "mode": "url", "message": "m", "url": "https://a.b" });
    let filled = json!({ "mode": "url", "message": "m", "url": "https://a.b", "elicitationId": "https://a.b" });
    check::<ElicitRequestParams>(&own, &[(V2025_11_25, own.clone()), (V2026_07_28, none.clone())]);
    check::<ElicitRequestParams>(&none, &[(V2025_11_25, filled), (V2026_07_28, none.clone())]);
}

#[test]
fn choices_with_names_are_written_the_old_way_for_the_first_revision_with_forms() {
    let new = json!({ "type": "string", "title": "t", "oneOf": [{ "const": "a", "title": "A" }], "default": "a" });
    let old = json!({ "type": "string", "title": "t", "enum": ["a"], "enumNames": ["A"] });
    check::<PrimitiveSchemaDefinition>(&new, &[(V2025_06_18, old), (V2025_11_25, new.clone())]);
}

#[test]
fn sampling_messages_say_one_thing_each_before_they_could_say_several() {
    let conversation = json!({
        "messages": [
            { "role": "user", "content": [{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }] },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "1", "name": "n", "input": { "x": 1 } }] },
            { "role": "user", "content": { "type": "tool_result", "toolUseId": "1", "content": [
                { "type": "text", "text": "c" }, { "type": "image", "data": "YQ==", "mimeType": "image/png" },
                { "type": "resource_link", "uri": "file:///a", "name": "n" }
            ] } }
        ],
        "maxTokens": 1
    });
    let message = |role: &str, text: &str| json!({ "role": role, "content": { "type": "text", "text": text } });
    let lowered = json!({
        "messages": [
            message("user", "a"),
            message("user", "b"),
            message("assistant", r#"[call 1 of the tool n] {"x":1}"#),
            message("user", "[result of call 1] c [image/png image, left out] [resource n: file:///a]"),
        ],
        "maxTokens": 1
    });
    check::<CreateMessageRequestParams>(
        &conversation,
        &[(V2024_11_05, lowered.clone()), (V2025_06_18, lowered), (V2025_11_25, conversation.clone())],
    );
}

#[test]
fn tasks_say_what_kind_of_result_they_are() {
    let task = |more: Value| {
        let mut task = json!({ "taskId": "t", "createdAt": "c", "lastUpdatedAt": "l", "ttlMs": null });
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    };
    check::<CreateTaskResult>(
        &task(json!({ "status": "working" })),
        &[(V2026_07_28, task(json!({ "status": "working", "resultType": "task" })))],
    );
}

#[test]
fn what_is_asked_is_asked_as_the_newest_revision_does() {
    let asked = |params: Value| json!({ "method": "elicitation/create", "params": params });
    let own = asked(json!({ "mode": "url", "message": "m", "url": "https://a.b", "elicitationId": "1" }));
    let lowered = asked(json!({ "mode": "url", "message": "m", "url": "https://a.b" }));
    check::<InputRequest>(&own, &[(V2026_07_28, lowered)]);
    let roots = json!({ "method": "roots/list" });
    check::<InputRequest>(&roots, &[(V2026_07_28, roots.clone())]);
}
