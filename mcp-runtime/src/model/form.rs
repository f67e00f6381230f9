//! The form of an elicitation: a flat JSON Schema whose properties are fields that a person can fill in.
//! Making one from a Rust type is not done here. Floor 0.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

use super::JsonObject;

/// The fields of a form, as the JSON Schema of an object without nesting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "object")]
pub struct RequestedSchema {
    /// The dialect of JSON Schema. Since 2025-11-25; absent means 2020-12.
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The fields.
    pub properties: FormFields,
    /// The names of those that must be filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<Vec<String>>,
}

impl RequestedSchema {
    /// What the fields hold before anybody fills them in: those that have a default (since 2025-11-25).
    pub fn defaults(&self) -> JsonObject {
        let default = |(name, field): &(String, PrimitiveSchemaDefinition)| Some((name.clone(), field.default()?));
        self.properties.0.iter().filter_map(default).collect()
    }
}

/// The fields of a form by name, in the order in which they are shown.
///
/// On the wire a JSON object; a Rust map would lose the order that its author chose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FormFields(pub Vec<(String, PrimitiveSchemaDefinition)>);

impl FormFields {
    /// The field of that name.
    pub fn get(&self, name: &str) -> Option<&PrimitiveSchemaDefinition> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, field)| field)
    }
}

impl<N: Into<String>> FromIterator<(N, PrimitiveSchemaDefinition)> for FormFields {
    fn from_iter<I: IntoIterator<Item = (N, PrimitiveSchemaDefinition)>>(fields: I) -> Self {
        Self(fields.into_iter().map(|(name, field)| (name.into(), field)).collect())
    }
}

impl Serialize for FormFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, field)| (name, field)))
    }
}

impl<'de> Deserialize<'de> for FormFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = FormFields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of schemas")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FormFields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(FormFields(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// One field of a form.
///
/// The choices among several (`Titled…`, `Untitled…`) since 2025-11-25; before, [`LegacyTitledEnumSchema`] was the only
/// choice there was, and none had several answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum PrimitiveSchemaDefinition {
    /// Text.
    String(StringSchema),
    /// A number.
    Number(NumberSchema),
    /// Yes or no.
    Boolean(BooleanSchema),
    /// One of several values.
    UntitledSingleSelect(UntitledSingleSelectEnumSchema),
    /// One of several values that are shown by other names.
    TitledSingleSelect(TitledSingleSelectEnumSchema),
    /// Any of several values.
    UntitledMultiSelect(UntitledMultiSelectEnumSchema),
    /// Any of several values that are shown by other names.
    TitledMultiSelect(TitledMultiSelectEnumSchema),
    /// One of several values that are shown by other names, as it was written until 2025-06-18.
    LegacyTitled(LegacyTitledEnumSchema),
}

impl PrimitiveSchemaDefinition {
    /// What the field holds before anybody fills it in.
    pub fn default(&self) -> Option<Value> {
        match self {
            Self::String(StringSchema { default, .. })
            | Self::UntitledSingleSelect(UntitledSingleSelectEnumSchema { default, .. })
            | Self::TitledSingleSelect(TitledSingleSelectEnumSchema { default, .. })
            | Self::LegacyTitled(LegacyTitledEnumSchema { default, .. }) => default.clone().map(Value::from),
            Self::Number(NumberSchema { default, .. }) => default.clone().map(Value::from),
            Self::Boolean(BooleanSchema { default, .. }) => default.map(Value::from),
            Self::UntitledMultiSelect(UntitledMultiSelectEnumSchema { default, .. })
            | Self::TitledMultiSelect(TitledMultiSelectEnumSchema { default, .. }) => default.clone().map(Value::from),
        }
    }
}

impl<'de> Deserialize<'de> for PrimitiveSchemaDefinition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let schema = JsonObject::deserialize(deserializer)?;
        let has = |key: &str| schema.contains_key(key);
        let items_have = |key: &str| schema.get("items").is_some_and(|items| items.get(key).is_some());
        // The kinds share their `type`; what tells them apart is how they list their choices.
        let decoded = match schema.get("type").and_then(Value::as_str) {
            Some("string") if has("oneOf") => decode(schema).map(Self::TitledSingleSelect),
            Some("string") if has("enumNames") => decode(schema).map(Self::LegacyTitled),
            Some("string") if has("enum") => decode(schema).map(Self::UntitledSingleSelect),
            Some("string") => decode(schema).map(Self::String),
            Some("number" | "integer") => decode(schema).map(Self::Number),
            Some("boolean") => decode(schema).map(Self::Boolean),
            Some("array") if items_have("anyOf") => decode(schema).map(Self::TitledMultiSelect),
            Some("array") => decode(schema).map(Self::UntitledMultiSelect),
            Some(other) => {
                return Err(de::Error::unknown_variant(other, &["string", "number", "integer", "boolean", "array"]));
            }
            None => return Err(de::Error::missing_field("type")),
        };
        decoded.map_err(de::Error::custom)
    }
}

fn decode<T: de::DeserializeOwned>(object: JsonObject) -> serde_json::Result<T> {
    T::deserialize(Value::Object(object))
}

/// A field for text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "string", rename_all = "camelCase")]
pub struct StringSchema {
    /// The name that people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What to fill in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The least number of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// The greatest number of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// What kind of text it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<StringFormat>,
    /// The text that is there from the beginning. Since 2025-11-25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// What kind of text a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StringFormat {
    /// An e-mail address.
    Email,
    /// A URI.
    Uri,
    /// A date.
    Date,
    /// A date and a time.
    DateTime,
}

/// A field for a number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberSchema {
    /// Which numbers.
    #[serde(rename = "type")]
    pub number_type: NumberType,
    /// The name that people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What to fill in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Number>,
    /// The greatest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Number>,
    /// The number that is there from the beginning. Since 2025-11-25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Number>,
}

/// Which numbers a field takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberType {
    /// Any.
    #[default]
    Number,
    /// Those without a fraction.
    Integer,
}

/// A field for yes or no.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "boolean")]
pub struct BooleanSchema {
    /// The name that people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The answer that is there from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
}

/// A field for one of several values. Since 2025-11-25; the same on the wire before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "string")]
pub struct UntitledSingleSelectEnumSchema {
    /// The name that people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What to choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The values.
    #[serde(rename = "enum")]
    pub values: Vec<String>,
    /// The value that is chosen from the beginning. Since 2025-11-25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// A field for one of several values that are shown by other names. Since 2025-11-25.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "string", rename_all = "camelCase")]
pub struct TitledSingleSelectEnumSchema {
    /// The name that people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What to choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The values and their names.
    pub one_of: Vec<EnumOption>,
    /// The value that is chosen from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// A value to choose, and the name that it is shown by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumOption {
    /// The value that is answered.
    #[serde(rename = "const")]
    pub value: String,
    /// The name that people see.
    pub title: String,
}

/// A field for any of several values. Since 2025-11-25.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "array", rename_all = "camelCase")]
pub struct UntitledMultiSelectEnumSchema {
    /// The name that people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What to choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The least number of choices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    /// The greatest number of choices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// The values.
    pub items: UntitledItems,
    /// The values that are chosen from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Vec<String>>,
}

/// The values of an [`UntitledMultiSelectEnumSchema`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "string")]
pub struct UntitledItems {
    /// The values.
    #[serde(rename = "enum")]
    pub values: Vec<String>,
}

/// A field for any of several values that are shown by other names. Since 2025-11-25.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "array", rename_all = "camelCase")]
pub struct TitledMultiSelectEnumSchema {
    /// The name that people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What to choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The least number of choices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    /// The greatest number of choices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// The values and their names.
    pub items: TitledItems,
    /// The values that are chosen from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Vec<String>>,
}

/// The values of a [`TitledMultiSelectEnumSchema`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TitledItems {
    /// The values and their names.
    pub any_of: Vec<EnumOption>,
}

/// A field for one of several values that are shown by other names, as it was written until 2025-06-18.
///
/// Without `enumNames` it would be an [`UntitledSingleSelectEnumSchema`], and is read as one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "string", rename_all = "camelCase")]
pub struct LegacyTitledEnumSchema {
    /// The name that people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What to choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The values.
    #[serde(rename = "enum")]
    pub values: Vec<String>,
    /// The names by which they are shown, in the same order.
    pub enum_names: Vec<String>,
    /// The value that is chosen from the beginning. Since 2025-11-25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::{PrimitiveSchemaDefinition as Field, RequestedSchema};

    #[test]
    fn each_kind_of_field_is_told_from_the_others_and_encoded_as_it_came() {
        type IsRight = fn(&Field) -> bool;
        let cases: [(&str, IsRight); 8] = [
            (r#"{"type":"string","minLength":1,"format":"date-time","default":"x"}"#, |f| {
                matches!(f, Field::String(_))
            }),
            (r#"{"type":"integer","minimum":1,"maximum":2.5}"#, |f| matches!(f, Field::Number(_))),
            (r#"{"type":"boolean","default":false}"#, |f| matches!(f, Field::Boolean(_))),
            (r#"{"type":"string","enum":["a"]}"#, |f| matches!(f, Field::UntitledSingleSelect(_))),
            (r#"{"type":"string","oneOf":[{"const":"a","title":"A"}]}"#, |f| matches!(f, Field::TitledSingleSelect(_))),
            (r#"{"type":"array","minItems":1,"items":{"type":"string","enum":["a"]}}"#, |f| {
                matches!(f, Field::UntitledMultiSelect(_))
            }),
            (r#"{"type":"array","items":{"anyOf":[{"const":"a","title":"A"}]},"default":["a"]}"#, |f| {
                matches!(f, Field::TitledMultiSelect(_))
            }),
            (r#"{"type":"string","enum":["a"],"enumNames":["A"]}"#, |f| matches!(f, Field::LegacyTitled(_))),
        ];
        for (json, is_right) in cases {
            let field: Field = serde_json::from_str(json).unwrap();
            assert!(is_right(&field), "{json} became {field:?}");
            assert_eq!(serde_json::to_string(&field).unwrap(), json);
        }
    }

    #[test]
    fn a_field_of_another_type_is_refused_by_name() {
        for (json, expected) in
            [(r#"{"type":"object"}"#, "unknown variant `object`"), (r#"{"title":"x"}"#, "missing field `type`")]
        {
            let message = serde_json::from_str::<Field>(json).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn fields_keep_their_order() {
        let json = r#"{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"boolean"}},"required":["z"]}"#;
        let schema: RequestedSchema = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&schema).unwrap(), json);
        assert!(matches!(schema.properties.get("a"), Some(Field::Boolean(_))));
        assert!(schema.properties.get("b").is_none());
    }
}
