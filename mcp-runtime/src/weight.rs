//! How much memory arguments may take once they are read, from what their schema lets them become. An estimate that errs on
//! the side of too much: three bytes of JSON are a map of its own, or the struct of fifty fields that all have defaults. Floor 1.

use serde_json::Value;

use crate::model::JsonObject;

/// What a value may take, in bytes: as an element of a list of any JSON, which grows ahead of its need.
const VALUE: usize = 48;
/// The same for half a text: the memory that it has of its own.
const QUOTE: usize = 16;
/// What a field of a struct takes, as a text or a list does.
const FIELD: usize = 32;

/// What a list and an object may take beside what is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weight {
    list: usize,
    object: usize,
    /// There are texts and numbers alone, which take no more than their length.
    is_flat: bool,
}

impl Weight {
    /// Of any JSON: a list has room for some elements from the first one on, and the node of a map for eleven members.
    pub(crate) const ANY: Self = Self { list: 160, object: 704, is_flat: false };

    /// Of arguments that this schema describes: those of types whose fields it names, unless somewhere anything may stand.
    pub(crate) fn of_schema(schema: &JsonObject) -> Self {
        let mut survey = Survey::default();
        for (key, value) in schema {
            survey.keyword(key, value);
        }
        if survey.is_free {
            return Self::ANY;
        }
        // The arguments themselves stand on the stack, once.
        let own = schema.get("properties").and_then(Value::as_object).map_or(0, JsonObject::len);
        let object = 2 * FIELD + FIELD * survey.fields.saturating_sub(own);
        // Lists grow ahead of their need: by twice what is in them, and by room for four elements at first.
        Self { list: 2 * FIELD + 3 * object, object: 2 * object, is_flat: !survey.is_nested }
    }

    /// How much this text may take: its own length is not part of it.
    pub(crate) fn weigh(self, text: &[u8]) -> usize {
        if self.is_flat {
            return text.len();
        }
        let count = |byte| memchr::memchr_iter(byte, text).count();
        // What is in it may be copied once: a text to a text.
        text.len() + count(b',') * VALUE + count(b'[') * self.list + count(b'{') * self.object + count(b'"') * QUOTE
    }
}

/// What is found in a schema.
#[derive(Default)]
struct Survey {
    /// How many fields its objects name, all together.
    fields: usize,
    /// Somewhere anything may stand, or an object of any keys.
    is_free: bool,
    /// Somewhere below the arguments themselves there may be a list or an object.
    is_nested: bool,
}

impl Survey {
    fn keyword(&mut self, key: &str, value: &Value) {
        match (key, value) {
            ("properties", Value::Object(members)) => {
                self.fields += members.len();
                members.values().for_each(|schema| self.schema(schema));
            }
            ("$defs" | "definitions", Value::Object(members)) => {
                members.values().for_each(|schema| self.schema(schema));
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(schemas)) => {
                for schema in schemas {
                    self.schema(schema);
                }
            }
            ("items", schema) => self.schema(schema),
            ("additionalProperties" | "unevaluatedProperties" | "patternProperties", value) => {
                self.is_free |= *value != Value::Bool(false);
            }
            _ => {}
        }
    }

    fn schema(&mut self, schema: &Value) {
        let Value::Object(schema) = schema else {
            self.is_free |= *schema != Value::Bool(false);
            return;
        };
        let says = |keys: &[&str]| keys.iter().any(|key| schema.contains_key(*key));
        let is = |kind: &str| match schema.get("type") {
            Some(Value::String(one)) => one == kind,
            Some(Value::Array(many)) => many.iter().any(|one| one == kind),
            _ => false,
        };
        self.is_nested |= is("array") || is("object") || says(&["properties", "items", "prefixItems", "$ref"]);
        self.is_free |= !says(&["type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const", "properties"]);
        self.is_free |= is("object") && !says(&["properties", "$ref", "anyOf", "oneOf", "allOf"]);
        self.is_free |= is("array") && !says(&["items", "prefixItems"]);
        for (key, value) in schema {
            self.keyword(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(schema: &Value) -> Weight {
        let Value::Object(schema) = schema else { panic!("{schema}") };
        Weight::of_schema(schema)
    }

    fn taking(argument: &Value) -> Weight {
        of(&json!({ "type": "object", "properties": { "a": argument }, "additionalProperties": false }))
    }

    #[test]
    fn types_weigh_less_than_any_json() {
        let text = taking(&json!({ "type": "string" }));
        assert!(text.is_flat);
        assert_eq!(text.weigh(b"[[[{{{,,,"), 9);
        let point = json!({ "type": "object", "properties": { "x": { "type": "number" }, "y": { "type": "number" } },
            "additionalProperties": false });
        let points = taking(&json!({ "type": "array", "items": point }));
        assert_eq!((points.object, points.is_flat), (256, false));
        for free in [
            json!({}),
            json!(true),
            json!({ "type": "object" }),
            json!({ "type": ["object", "null"] }),
            json!({ "type": "array" }),
            json!({ "type": "object", "additionalProperties": { "type": "string" } }),
            json!({ "type": "array", "items": {} }),
            json!({ "anyOf": [{ "type": "string" }, { "description": "anything" }] }),
        ] {
            assert_eq!(taking(&free), Weight::ANY, "{free}");
        }
        let elsewhere = json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/A" } },
            "$defs": { "A": { "type": "object", "properties": { "b": true } } } });
        assert_eq!(of(&elsewhere), Weight::ANY);
    }

    #[test]
    fn a_text_weighs_as_much_as_what_it_becomes() {
        assert_eq!(Weight::ANY.weigh(b"plain"), 5);
        assert_eq!(Weight::ANY.weigh(br#"{"a":[1,2,3]}"#), 13 + 704 + 160 + 2 * VALUE + 2 * QUOTE);
        let long = "[],".repeat(1000);
        assert_eq!(Weight::ANY.weigh(long.as_bytes()), 3000 + 1000 * (160 + VALUE));
    }
}
