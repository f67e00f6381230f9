//! Structs as users write them, with their forms and their answers, word for word.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::Ipv4Addr;

use serde::Serialize;

use super::*;

fn form_json<T: JsonSchema + 'static>() -> Value {
    serde_json::to_value(form_of::<T>().unwrap()).unwrap()
}

fn filled_with<T: DeserializeOwned + JsonSchema + 'static>(content: &Value) -> Result<T, String> {
    filled(&form_of::<T>().unwrap(), content.as_object())
}

#[derive(Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    #[default]
    Active,
    Inactive,
    Pending,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
struct Profile {
    /// User name
    name: String,
    /// User age
    age: u32,
    /// User score
    score: f64,
    /// User status
    status: Status,
    /// Whether the user is verified
    verified: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self { name: "John Doe".to_owned(), age: 30, score: 95.5, status: Status::Active, verified: true }
    }
}

#[test]
fn every_kind_of_default_is_in_the_form() {
    let expected = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "description": "User name", "default": "John Doe" },
            "age": { "type": "integer", "description": "User age", "minimum": 0, "default": 30 },
            "score": { "type": "number", "description": "User score", "default": 95.5 },
            "status": {
                "type": "string",
                "description": "User status",
                "enum": ["active", "inactive", "pending"],
                "default": "active"
            },
            "verified": { "type": "boolean", "description": "Whether the user is verified", "default": true }
        }
    });
    assert_eq!(form_json::<Profile>(), expected);
}

#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Untitled {
    Option1,
    Option2,
    Option3,
}

#[derive(Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Titled {
    #[schemars(title = "First Option")]
    Value1,
    /// Second
    /// Option
    ///
    /// Not often chosen.
    Value2,
    Value3,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(extend("enumNames" = ["Option One", "Option Two"]))]
enum Legacy {
    Opt1,
    Opt2,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Choices {
    untitled_single: Untitled,
    titled_single: Titled,
    legacy_enum: Legacy,
    #[schemars(length(min = 1, max = 3))]
    untitled_multi: BTreeSet<Untitled>,
    titled_multi: HashSet<Titled>,
}

#[test]
fn every_kind_of_choice_is_written_in_its_own_way() {
    let titled = json!([
        { "const": "value3", "title": "value3" },
        { "const": "value1", "title": "First Option" },
        { "const": "value2", "title": "Second Option" }
    ]);
    let expected = json!({
        "type": "object",
        "properties": {
            "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
            "titledSingle": { "type": "string", "oneOf": titled },
            "legacyEnum": { "type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"] },
            "untitledMulti": {
                "type": "array",
                "minItems": 1,
                "maxItems": 3,
                "items": { "type": "string", "enum": ["option1", "option2", "option3"] }
            },
            "titledMulti": { "type": "array", "items": { "anyOf": titled } }
        },
        "required": ["untitledSingle", "titledSingle", "legacyEnum", "untitledMulti", "titledMulti"]
    });
    assert_eq!(form_json::<Choices>(), expected);
}

#[test]
fn what_was_chosen_becomes_variants() {
    let content = json!({
        "untitledSingle": "option2",
        "titledSingle": "value1",
        "legacyEnum": "opt2",
        "untitledMulti": ["option1", "option3", "option1"],
        "titledMulti": []
    });
    let expected = Choices {
        untitled_single: Untitled::Option2,
        titled_single: Titled::Value1,
        legacy_enum: Legacy::Opt2,
        untitled_multi: BTreeSet::from([Untitled::Option1, Untitled::Option3]),
        titled_multi: HashSet::new(),
    };
    assert_eq!(filled_with(&content), Ok(expected));
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Optional {
    text: Option<String>,
    small: Option<u8>,
    status: Option<Status>,
    titled: Option<Titled>,
    legacy: Option<Legacy>,
    several: Option<Vec<Status>>,
    #[serde(default)]
    defaulted: Option<bool>,
}

#[test]
fn an_optional_field_is_not_required_and_not_null() {
    let form = form_json::<Optional>();
    assert_eq!(form.get("required"), None);
    assert!(!form.to_string().contains("null"), "{form}");
    assert_eq!(form["properties"]["small"], json!({ "type": "integer", "minimum": 0, "maximum": 255 }));
    assert_eq!(form["properties"]["titled"]["oneOf"][1], json!({ "const": "value1", "title": "First Option" }));
    assert_eq!(form["properties"]["legacy"]["enumNames"], json!(["Option One", "Option Two"]));
    assert_eq!(form["properties"]["defaulted"], json!({ "type": "boolean" }));

    let nothing = filled::<Optional>(&form_of::<Optional>().unwrap(), None).unwrap();
    assert_eq!(filled_with(&json!({ "text": null, "titled": null, "several": null })), Ok(nothing));
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Refined {
    /// # Address
    ///
    /// Where to write to.
    #[schemars(email, length(min = 3, max = 99))]
    email: String,
    #[schemars(url)]
    page: Option<String>,
    #[schemars(extend("format" = "date"))]
    day: Option<String>,
    #[schemars(regex(pattern = "^a"), extend("format" = "hostname"))]
    host: Option<String>,
    #[schemars(range(min = 0.5, max = 2))]
    factor: f32,
    #[serde(default = "a_tenth")]
    tenth: f32,
    #[schemars(extend("default" = 7.0))]
    days: i64,
    /// Nobody unless given.
    #[serde(default)]
    #[schemars(length(min = 1))]
    nickname: String,
}

fn a_tenth() -> f32 {
    0.1
}

#[test]
fn a_field_keeps_what_a_form_can_say_of_it() {
    let expected = json!({
        "type": "object",
        "properties": {
            "email": {
                "type": "string",
                "title": "Address",
                "description": "Where to write to.",
                "minLength": 3,
                "maxLength": 99,
                "format": "email"
            },
            "page": { "type": "string", "format": "uri" },
            "day": { "type": "string", "format": "date" },
            "host": { "type": "string" },
            "factor": { "type": "number", "minimum": 0.5, "maximum": 2 },
            "tenth": { "type": "number", "default": 0.1 },
            "days": { "type": "integer", "default": 7 },
            "nickname": { "type": "string", "description": "Nobody unless given.", "minLength": 1 }
        },
        "required": ["email", "factor"]
    });
    assert_eq!(form_json::<Refined>(), expected);
}

#[test]
fn a_field_that_is_left_out_gets_its_default() {
    assert_eq!(filled_with(&json!({})), Ok(Profile::default()));
    // The first of these is serde's own default, the second only the form's.
    let refined: Refined = filled_with(&json!({ "email": "a@b", "factor": 1 })).unwrap();
    assert_eq!((refined.tenth.to_string().as_str(), refined.days, refined.nickname.as_str()), ("0.1", 7, ""));
}

#[test]
fn a_text_stands_for_a_number_or_a_boolean() {
    let content = json!({ "age": "31", "score": " 1.5", "verified": "false", "extra": [1] });
    let expected = Profile { age: 31, score: 1.5, verified: false, ..Profile::default() };
    assert_eq!(filled_with(&content), Ok(expected));
    assert_eq!(filled_with::<Profile>(&json!({ "age": 31.0 })).map(|profile| profile.age), Ok(31));
}

#[test]
fn everything_that_does_not_fit_is_told_at_once() {
    let content = json!({ "name": 5, "age": -1, "score": "high", "status": "Active", "verified": "perhaps" });
    let expected = "the answer does not fit the form:\
        \n- `name`: expected a string, got 5\
        \n- `age`: expected an integer at least 0, got -1\
        \n- `score`: expected a number, got \"high\"\
        \n- `status`: expected one of \"active\", \"inactive\", \"pending\", got \"Active\"\
        \n- `verified`: expected a boolean, got \"perhaps\"";
    assert_eq!(filled_with::<Profile>(&content), Err(expected.to_owned()));

    let content = json!({
        "titledSingle": "First Option",
        "legacyEnum": null,
        "untitledMulti": [],
        "titledMulti": ["value1", "value4"]
    });
    let expected = "the answer does not fit the form:\
        \n- `untitledSingle`: required field is missing, expected one of \"option1\", \"option2\", \"option3\"\
        \n- `titledSingle`: expected one of \"value3\", \"value1\", \"value2\", got \"First Option\"\
        \n- `legacyEnum`: required field is missing, expected one of \"opt1\", \"opt2\"\
        \n- `untitledMulti`: expected an array of 1 to 3 items, got 0 items\
        \n- `titledMulti[1]`: expected one of \"value3\", \"value1\", \"value2\", got \"value4\"";
    assert_eq!(filled_with::<Choices>(&content), Err(expected.to_owned()));

    let expected = "the answer does not fit the form:\
        \n- `email`: expected a string of 3 to 99 characters, got \"ä\"\
        \n- `factor`: expected a number from 0.5 to 2, got 2.5\
        \n- `days`: expected an integer, got 1.5";
    let content = json!({ "email": "ä", "factor": 2.5, "days": 1.5 });
    assert_eq!(filled_with::<Refined>(&content), Err(expected.to_owned()));
}

#[test]
fn numbers_beyond_their_type_are_refused() {
    let content: Value = serde_json::from_str(r#"{"days":9223372036854775808,"email":"a@b","factor":1}"#).unwrap();
    let error = filled_with::<Refined>(&content).unwrap_err();
    assert!(error.starts_with("the answer does not fit the form: `days`: "), "{error}");
    for days in [json!(1e300), json!("-99999999999999999999999999"), json!([]), json!({}), json!(true)] {
        let content = json!({ "days": days, "email": "a@b", "factor": 1 });
        let error = filled_with::<Refined>(&content).unwrap_err();
        assert!(error.starts_with("the answer does not fit the form: `days`: "), "{error}");
    }
}

#[test]
fn what_only_the_type_can_refuse_is_told_by_field() {
    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Addresses {
        from: Ipv4Addr,
        via: Ipv4Addr,
        to: Ipv4Addr,
    }
    let expected = "the answer does not fit the form:\
        \n- `from`: invalid IPv4 address syntax, got \"x\"\
        \n- `to`: invalid IPv4 address syntax, got \"y\"";
    let content = json!({ "from": "x", "via": "127.0.0.1", "to": "y" });
    assert_eq!(filled_with::<Addresses>(&content), Err(expected.to_owned()));
    let content = json!({ "from": "127.0.0.1", "via": "127.0.0.1", "to": "127.0.0.1" });
    assert!(filled_with::<Addresses>(&content).is_ok());
}

#[test]
fn a_struct_without_fields_is_a_form_without_fields() {
    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Empty {}
    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Unit;

    let expected = json!({ "type": "object", "properties": {} });
    assert_eq!((form_json::<Empty>(), form_json::<Unit>()), (expected.clone(), expected));
    for content in [Value::Null, json!({}), json!({ "extra": 1 })] {
        assert_eq!(filled_with(&content), Ok(Empty {}));
        assert_eq!(filled_with(&content), Ok(Unit));
    }
}

#[test]
fn a_flattened_struct_adds_its_fields() {
    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Inner {
        age: u8,
        status: Status,
    }
    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Outer {
        name: String,
        #[serde(flatten)]
        inner: Inner,
    }

    let content = json!({ "name": "a", "age": "9", "status": "pending" });
    let expected = Outer { name: "a".to_owned(), inner: Inner { age: 9, status: Status::Pending } };
    assert_eq!(filled_with(&content), Ok(expected));
    assert_eq!(form_json::<Outer>()["required"], json!(["name", "age", "status"]));
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
enum Data {
    Name,
    Number(u8),
}

#[test]
fn a_field_that_a_form_has_no_place_for_is_named() {
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Node {
        good: String,
        profile: Profile,
        map: Option<BTreeMap<String, u8>>,
        pair: (u8, u8),
        tags: Vec<String>,
        data: Data,
        next: Option<Box<Node>>,
        any: Value,
        unit: (),
        #[schemars(extend("enum" = [1, 2]))]
        number: u8,
        #[schemars(extend("enumNames" = ["A"]))]
        names: Untitled,
        #[schemars(extend("default" = "none"))]
        default: Untitled,
    }
    let expected = "`Node` cannot be a form: \
        \n- `profile`: a nested object; a form is flat, so add `#[serde(flatten)]` or ask for it in a form of its own\
        \n- `map`: a map; a form has fields whose names are known beforehand\
        \n- `pair`: a tuple; give each part a field of its own\
        \n- `tags`: a list of anything but choices; in a form a list chooses among the variants of an enum\
        \n- `data`: an enum whose variants hold data; a choice is among names alone\
        \n- `next`: a nested object; a form is flat\
        \n- `any`: its type can be anything; a field is text, a number, a boolean or a choice\
        \n- `unit`: its type has a single value, so there is nothing to ask for\
        \n- `number`: a choice among values that are not text; name its values by the variants of an enum\
        \n- `names`: 3 values have 1 `enumNames`; give each value one\
        \n- `default`: the field does not take its own `default`: expected one of \"option1\", \"option2\", \
        \"option3\", got \"none\"";
    assert_eq!(form_of::<Node>(), Err(expected.to_owned()));
}

#[test]
fn what_is_no_struct_is_no_form() {
    let errors = [
        form_of::<String>(),
        form_of::<Vec<Status>>(),
        form_of::<Status>(),
        form_of::<Data>(),
        form_of::<(u8, u8)>(),
        form_of::<BTreeMap<String, u8>>(),
        form_of::<Value>(),
    ];
    for error in errors {
        assert!(error.as_ref().is_err_and(|error| error.contains("a struct with named fields")), "{error:?}");
    }
    assert!(form_of::<Option<Profile>>().is_ok());
}
