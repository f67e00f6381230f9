//! What two unions of shapes have in common, and whether a shape accepts a value.

use serde_json::{Value, json};

use super::number::Exact;
use super::shape::{Arrays, Kind, Numbers, Objects, Shape, Texts, same};

/// A keyword that nothing is equal to: what is in the way cannot be said in one.
pub(super) const UNSAYABLE: &str = "";

pub(super) fn meet_all(a: &[Shape], b: &[Shape]) -> Vec<Shape> {
    a.iter().flat_map(|a| b.iter().filter_map(move |b| meet(a, b))).collect()
}

fn meet(a: &Shape, b: &Shape) -> Option<Shape> {
    let mut opaque = a.opaque.clone();
    opaque.extend(b.opaque.iter().filter(|keyword| !a.opaque.contains(keyword)).cloned());
    let kind = match (&a.kind, &b.kind) {
        (Kind::Constant(value), _) => constant(value, b, &mut opaque)?,
        (_, Kind::Constant(value)) => constant(value, a, &mut opaque)?,
        (Kind::Number(a), Kind::Number(b)) => Kind::Number(numbers(a, b, &mut opaque)?),
        (Kind::Text(a), Kind::Text(b)) => Kind::Text(texts(a, b)?),
        (Kind::Array(a), Kind::Array(b)) => Kind::Array(Box::new(arrays(a, b))),
        (Kind::Object(a), Kind::Object(b)) => Kind::Object(Box::new(objects(a, b))),
        _ => return None,
    };
    Some(Shape { kind, opaque })
}

fn constant(value: &Value, other: &Shape, opaque: &mut Vec<(String, Value)>) -> Option<Kind> {
    let plain = Shape { kind: other.kind.clone(), opaque: Vec::new() };
    match accepts(&plain, value) {
        Some(true) => {}
        Some(false) => return None,
        None => opaque.push((UNSAYABLE.to_owned(), Value::Null)),
    }
    Some(Kind::Constant(value.clone()))
}

fn numbers(a: &Numbers, b: &Numbers, opaque: &mut Vec<(String, Value)>) -> Option<Numbers> {
    let multiple_of = match (a.multiple_of, b.multiple_of) {
        (Some(a), Some(b)) if a == b => Some(a),
        (Some(a), Some(b)) => {
            opaque.push((UNSAYABLE.to_owned(), b.value().unwrap_or_default()));
            Some(a)
        }
        (a, b) => a.or(b),
    };
    let interval = a.interval.meet(b.interval);
    let are_integers = a.are_integers || b.are_integers;
    let is_empty = if are_integers { interval.of_integers().is_empty() } else { interval.is_empty() };
    (!is_empty).then_some(Numbers { are_integers, interval, multiple_of })
}

fn texts(a: &Texts, b: &Texts) -> Option<Texts> {
    let mut patterns = a.patterns.clone();
    patterns.extend(b.patterns.iter().filter(|pattern| !a.patterns.contains(pattern)).cloned());
    let (least, most) = (a.least.max(b.least), smaller(a.most, b.most));
    most.is_none_or(|most| least <= most).then_some(Texts { least, most, patterns })
}

fn smaller(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    [a, b].into_iter().flatten().min()
}

fn both(a: &Value, b: &Value) -> Value {
    match (a, b) {
        (Value::Bool(true), other) | (other, Value::Bool(true)) => other.clone(),
        (Value::Bool(false), _) | (_, Value::Bool(false)) => Value::Bool(false),
        (a, b) if a == b => a.clone(),
        (a, b) => json!({ "allOf": [a, b] }),
    }
}

fn arrays(a: &Arrays, b: &Arrays) -> Arrays {
    let length = a.prefix.len().max(b.prefix.len());
    Arrays {
        prefix: (0..length).map(|index| both(a.at(index), b.at(index))).collect(),
        rest: both(&a.rest, &b.rest),
        least: a.least.max(b.least),
        most: smaller(a.most, b.most),
        are_unique: a.are_unique || b.are_unique,
    }
}

fn objects(a: &Objects, b: &Objects) -> Objects {
    let names = a.members.keys().chain(b.members.keys());
    let mut required = [a.required.clone(), b.required.clone()].concat();
    required.sort_unstable();
    required.dedup();
    Objects {
        members: names.map(|name| (name.clone(), both(a.member(name), b.member(name)))).collect(),
        others: both(&a.others, &b.others),
        required,
        least: a.least.max(b.least),
        most: smaller(a.most, b.most),
    }
}

/// Whether a shape accepts a value; `None` where it cannot be said here.
pub(super) fn accepts(shape: &Shape, value: &Value) -> Option<bool> {
    let accepted = match (&shape.kind, value) {
        (Kind::Constant(constant), value) => Some(same(Some(constant), Some(value))),
        (Kind::Number(numbers), Value::Number(number)) => accepts_number(numbers, Exact::of(number)?),
        (Kind::Text(texts), Value::String(text)) => accepts_text(texts, text),
        // Members and items refer to a document that is not known here.
        (Kind::Array(arrays), Value::Array(items)) => {
            let fits =
                items.len() as u64 >= arrays.least && arrays.longest().is_none_or(|most| items.len() as u64 <= most);
            if fits { None } else { Some(false) }
        }
        (Kind::Object(objects), Value::Object(members)) => {
            let fits = objects.required.iter().all(|name| members.contains_key(name));
            if fits { None } else { Some(false) }
        }
        _ => Some(false),
    };
    match accepted {
        Some(true) if !shape.opaque.is_empty() => None,
        accepted => accepted,
    }
}

fn accepts_number(numbers: &Numbers, value: Exact) -> Option<bool> {
    if (numbers.are_integers && !value.is_integer()) || !numbers.interval.contains(value) {
        return Some(false);
    }
    match (numbers.multiple_of, value) {
        (None, _) => Some(true),
        (Some(Exact::Integer(step)), Exact::Integer(value)) if step > 0 => Some(value % step == 0),
        _ => None,
    }
}

fn accepts_text(texts: &Texts, text: &str) -> Option<bool> {
    let length = text.chars().count() as u64;
    if length < texts.least || texts.most.is_some_and(|most| length > most) {
        return Some(false);
    }
    for pattern in &texts.patterns {
        // The crate that checks witnesses decides here, too: the same dialect.
        let validator = jsonschema::validator_for(&json!({ "pattern": pattern })).ok()?;
        if !validator.is_valid(&Value::String(text.to_owned())) {
            return Some(false);
        }
    }
    Some(true)
}
