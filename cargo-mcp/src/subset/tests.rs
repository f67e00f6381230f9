//! Whether the comparison keeps its word: by hand, and against random schemas.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::{Outcome, Strictness, compare};

fn check(narrow: &Value, wide: &Value) -> Outcome {
    compare(narrow, wide, Strictness::Letter)
}

#[test]
fn what_is_narrower_lies_within_what_is_wider() {
    let recursive = json!({ "$ref": "#/$defs/node", "$defs": { "node": {
        "type": "object", "properties": { "next": { "$ref": "#/$defs/node" }, "v": { "type": "integer" } } } } });
    let wider = json!({ "$ref": "#/$defs/n", "$defs": { "n": {
        "type": "object", "properties": { "next": { "$ref": "#/$defs/n" }, "v": { "type": "number" } } } } });
    for (narrow, wide) in [
        (json!({ "type": "integer" }), json!({ "type": "number" })),
        (json!({ "type": "integer", "minimum": 1, "maximum": 3 }), json!({ "enum": [1, 2, 3, "x"] })),
        (json!({ "enum": ["a", 1] }), json!({ "type": ["string", "integer"] })),
        (json!({ "type": "boolean" }), json!({ "enum": [true, false] })),
        (json!({ "type": "string", "minLength": 2 }), json!({ "type": "string", "minLength": 1 })),
        (
            json!({ "type": "array", "items": { "const": 1 } }),
            json!({ "type": "array", "items": { "type": "integer" } }),
        ),
        (
            json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
            json!({ "type": ["null", "string", "object"] }),
        ),
        (json!({ "type": "integer", "multipleOf": 6 }), json!({ "type": "number", "multipleOf": 3 })),
        (json!({ "allOf": [{ "minimum": 1 }, { "type": "integer" }] }), json!({ "exclusiveMinimum": 0 })),
        (json!({ "not": { "type": "string" }, "maximum": 1 }), json!({ "not": { "type": "string" } })),
        (recursive.clone(), wider.clone()),
        (
            json!({ "oneOf": [
                { "type": "object", "required": ["k"], "properties": { "k": { "const": "a" } } },
                { "type": "object", "required": ["k"], "properties": { "k": { "const": "b" } } }] }),
            json!({ "type": "object", "required": ["k"], "properties": { "k": { "enum": ["a", "b", "c"] } } }),
        ),
    ] {
        assert_eq!(check(&narrow, &wide), Outcome::Compatible, "{narrow} in {wide}");
        assert!(
            matches!(check(&wide, &narrow), Outcome::Witnesses(_))
                || narrow.get("not").is_some()
                || narrow["type"] == "boolean",
            "{wide} in {narrow}: {:?}",
            check(&wide, &narrow)
        );
    }
}

#[test]
fn what_is_not_taken_apart_is_not_guessed_at() {
    let old = json!({ "type": "string", "pattern": "^[a-m]+$" });
    let new = json!({ "type": "string", "pattern": "^[a-z]+$" });
    assert_eq!(check(&old, &new), Outcome::Unknown);
    assert!(matches!(check(&json!({ "type": "string" }), &new), Outcome::Witnesses(_)));
    let odd = json!({ "if": { "type": "string" }, "then": { "minLength": 3 } });
    assert_eq!(check(&json!({ "type": "string", "minLength": 4 }), &odd), Outcome::Unknown);
    assert!(matches!(check(&json!({ "type": "string" }), &odd), Outcome::Witnesses(_)));
}

#[test]
fn nobody_relies_on_a_name_that_an_open_object_does_not_mention() {
    let old = json!({ "type": "object", "properties": { "a": { "type": "integer" } } });
    let new = json!({ "type": "object", "properties": { "a": { "type": "integer" }, "b": { "type": "string" } } });
    assert!(matches!(check(&old, &new), Outcome::Witnesses(_)));
    assert_eq!(compare(&old, &new, Strictness::Mentioned), Outcome::Compatible);
    let mut closed = new;
    closed["additionalProperties"] = json!(false);
    assert!(matches!(compare(&old, &closed, Strictness::Mentioned), Outcome::Witnesses(_)));
}

#[test]
fn a_schema_without_end_is_given_up() {
    let mut deep = json!({ "type": "integer" });
    for _ in 0..200 {
        deep = json!({ "type": "array", "items": deep });
    }
    assert_eq!(
        check(&deep, &json!({ "type": "array", "items": { "anyOf": [deep, { "type": "null" }] } })),
        Outcome::Unknown
    );
    let around = json!({ "$ref": "#" });
    assert_eq!(check(&around, &json!({ "type": "string" })), Outcome::Unknown);
}

/// Values that small schemas tell apart.
fn value() -> impl Strategy<Value = Value> {
    let leaf = select(vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(-1),
        json!(0.5),
        json!(1.0),
        json!(2.5),
        json!(6),
        json!(""),
        json!("a"),
        json!("b"),
        json!("ab"),
        json!("abc"),
        json!("1"),
    ]);
    leaf.prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((select(vec!["a", "b", "c"]), inner), 0..4)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

/// Small schemas, with keywords that are taken apart and some that are not.
fn schema() -> impl Strategy<Value = Value> {
    let number = || select(vec![json!(0), json!(1), json!(2), json!(2.5), json!(3)]);
    let leaf = prop_oneof![
        4 => select(vec!["null", "boolean", "integer", "number", "string", "array", "object"]).prop_map(|name| json!({ "type": name })),
        2 => (select(vec!["integer", "number"]), select(vec!["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"]), number())
            .prop_map(|(name, key, bound)| if key == "multipleOf" && bound == json!(0) { json!({ "type": name }) } else { json!({ "type": name, key: bound }) }),
        2 => (select(vec!["minLength", "maxLength"]), 0..3_u8).prop_map(|(key, length)| json!({ "type": "string", key: length })),
        1 => select(vec!["^a", "b$", "^[ab]+$"]).prop_map(|pattern| json!({ "type": "string", "pattern": pattern })),
        2 => subsequence(vec![json!("a"), json!("b"), json!(1), json!(2), json!(null), json!(true)], 1..4)
            .prop_map(|values| json!({ "enum": values })),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => subsequence(vec!["string", "integer", "null", "object"], 1..3).prop_map(|names| json!({ "type": names })),
    ];
    leaf.prop_recursive(2, 10, 3, |inner| {
        let object = (
            vec((select(vec!["a", "b", "c"]), inner.clone()), 0..3),
            subsequence(vec!["a", "b", "c"], 0..3),
            prop_oneof![2 => Just(None), 2 => Just(Some(json!(false))), 1 => inner.clone().prop_map(Some)],
        )
            .prop_map(|(members, required, others)| {
                let members: serde_json::Map<_, _> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                let mut schema = json!({ "type": "object", "properties": members, "required": required });
                if let Some(others) = others {
                    schema["additionalProperties"] = others;
                }
                schema
            });
        let array = (inner.clone(), 0..3_u8, any::<bool>(), proptest::option::of(1..4_u8), vec(inner.clone(), 0..2))
            .prop_map(|(items, least, unique, most, prefix)| {
                let mut schema = json!({ "type": "array", "items": items, "minItems": least, "uniqueItems": unique, "prefixItems": prefix });
                if let Some(most) = most {
                    schema["maxItems"] = most.into();
                }
                schema
            });
        prop_oneof![
            4 => object,
            2 => array,
            2 => vec(inner.clone(), 1..3).prop_map(|branches| json!({ "anyOf": branches })),
            1 => vec(inner.clone(), 1..3).prop_map(|branches| json!({ "oneOf": branches })),
            1 => vec(inner.clone(), 1..3).prop_map(|branches| json!({ "allOf": branches })),
            1 => inner.prop_map(|not| json!({ "not": not })),
        ]
    })
}

/// The second schema is often the first one with something changed, so that the two have much in common.
fn pair() -> impl Strategy<Value = (Value, Value)> {
    let changed = (schema(), schema(), 0..5_u8).prop_map(|(old, other, how)| {
        let new = match how {
            0 => json!({ "anyOf": [old, other] }),
            1 => json!({ "allOf": [old, other] }),
            2 => json!({ "$ref": "#/$defs/it", "$defs": { "it": old } }),
            3 => {
                let mut new = old.clone();
                if let Some(new) = new.as_object_mut() {
                    new.remove("required");
                    new.remove("minItems");
                    new.remove("minimum");
                }
                new
            }
            _ => other,
        };
        (old, new)
    });
    (changed, proptest::bool::weighted(0.25))
        .prop_map(|((old, new), is_turned)| if is_turned { (new, old) } else { (old, new) })
}

/// The same schema where objects hold only what it names, wherever that makes it narrower.
fn sealed(schema: &Value) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let mut sealed = members.clone();
    for (key, value) in &mut sealed {
        match value {
            // What is denied would become wider.
            _ if key == "not" => {}
            Value::Object(named) if matches!(key.as_str(), "properties" | "$defs") => {
                named.values_mut().for_each(|schema| *schema = self::sealed(schema));
            }
            Value::Object(_) => *value = self::sealed(value),
            Value::Array(branches) => branches.iter_mut().for_each(|schema| *schema = self::sealed(schema)),
            _ => {}
        }
    }
    if matches!(members.get("additionalProperties"), None | Some(Value::Bool(true))) {
        sealed.insert("additionalProperties".to_owned(), json!(false));
    }
    Value::Object(sealed)
}

#[test]
fn no_value_contradicts_what_is_claimed_to_the_letter() {
    no_value_contradicts_what_is_claimed(Strictness::Letter, 400);
}

#[test]
fn no_value_of_mentioned_names_contradicts_what_is_claimed_of_them() {
    no_value_contradicts_what_is_claimed(Strictness::Mentioned, 200);
}

fn no_value_contradicts_what_is_claimed(strictness: Strictness, cases: u32) {
    let counts = [const { std::sync::atomic::AtomicUsize::new(0) }; 3];
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let result = runner.run(&(pair(), vec(value(), 60)), |((old, new), values)| {
        let (Ok(accepts), Ok(also)) = (jsonschema::validator_for(&old), jsonschema::validator_for(&new)) else {
            return Ok(());
        };
        let contradicts = |value: &Value| accepts.is_valid(value) && !also.is_valid(value);
        let outcome = compare(&old, &new, strictness);
        let meant = if strictness == Strictness::Letter { old.clone() } else { sealed(&old) };
        let Ok(meant) = jsonschema::validator_for(&meant) else { return Ok(()) };
        let index = match &outcome {
            Outcome::Compatible => {
                let found = values.iter().find(|value| meant.is_valid(value) && contradicts(value));
                prop_assert!(found.is_none(), "{} in {}: {:?}", old, new, found);
                0
            }
            Outcome::Witnesses(values) => {
                prop_assert!(!values.is_empty() && values.iter().all(contradicts), "{} in {}: {:?}", old, new, values);
                1
            }
            Outcome::Unknown => 2,
        };
        counts[index].fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
    let [compatible, witness, unknown] = counts.map(std::sync::atomic::AtomicUsize::into_inner);
    // An engine that never commits itself would pass, too.
    let (few, many) = (cases as usize / 6, cases as usize / 5);
    assert!(compatible > few && witness > few, "{compatible} compatible, {witness} with a witness, {unknown} unknown");
    assert!(unknown < many, "{compatible} compatible, {witness} with a witness, {unknown} unknown");
}
