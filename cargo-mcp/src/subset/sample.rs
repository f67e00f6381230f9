//! Values that a schema accepts, a few that are telling: its ends, its shortest, one of each branch. They are candidates,
//! whoever uses them checks them.

use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind};
use serde_json::{Map, Value};

use super::number::Exact;
use super::shape::{Arrays, Document, Kind, Numbers, Objects, Shape, Texts};

/// How deep a value is filled in.
const DEPTH: usize = 8;
/// The most values of one schema.
const VALUES: usize = 24;
/// The longest text or array that is made up.
const LENGTH: u64 = 10_000;

/// Some values of the schema, the smallest first.
pub(super) fn values(document: Document<'_>, schema: &Value) -> Vec<Value> {
    at(document, schema, 0)
}

fn at(document: Document<'_>, schema: &Value, depth: usize) -> Vec<Value> {
    if depth > DEPTH {
        return Vec::new();
    }
    let Ok(shapes) = document.shapes(schema) else { return Vec::new() };
    let mut found = Vec::new();
    for shape in &shapes {
        for value in of_shape(document, shape, depth) {
            if found.len() < VALUES && !found.contains(&value) {
                found.push(value);
            }
        }
    }
    found
}

/// Some values of a shape.
pub(super) fn of_shape(document: Document<'_>, shape: &Shape, depth: usize) -> Vec<Value> {
    match &shape.kind {
        Kind::Constant(value) => vec![value.clone()],
        Kind::Number(numbers) => of_numbers(numbers),
        Kind::Text(texts) => of_texts(texts),
        Kind::Array(arrays) => of_arrays(document, arrays, depth),
        Kind::Object(objects) => of_objects(document, objects, depth),
    }
}

fn of_numbers(numbers: &Numbers) -> Vec<Value> {
    let ends = [numbers.interval.least, numbers.interval.most];
    let zero = Exact::Integer(0);
    let starts = ends.into_iter().flatten().map(|bound| bound.at).chain([zero]);
    let mut found: Vec<Value> = Vec::new();
    let steps =
        numbers.multiple_of.map_or(vec![0.0, 1.0, -1.0, 0.5, -0.5], |step| vec![0.0, step.float(), -step.float()]);
    for start in starts {
        let start = match numbers.multiple_of {
            Some(step) => Exact::Float((start.float() / step.float()).round() * step.float()).plus(0.0),
            None => start,
        };
        for step in &steps {
            let Some(value) = start.plus(*step).value() else { continue };
            let fits = Exact::of_value(&value)
                .is_some_and(|exact| numbers.interval.contains(exact) && (!numbers.are_integers || exact.is_integer()));
            // What is a whole number is written as one.
            let value = Exact::of_value(&value).and_then(Exact::value).unwrap_or(value);
            if fits && !found.contains(&value) {
                found.push(value);
            }
        }
    }
    found
}

fn of_texts(texts: &Texts) -> Vec<Value> {
    let fits = |text: &String| {
        let length = text.chars().count() as u64;
        length >= texts.least && texts.most.is_none_or(|most| length <= most)
    };
    let mut found: Vec<String> = texts.patterns.iter().flat_map(|pattern| matching(pattern)).collect();
    for begin in ["", "a", "0", "A", " ", "é", "-", "a b", "aaaaaaaa"] {
        let missing = texts.least.saturating_sub(begin.chars().count() as u64);
        if missing <= LENGTH {
            found.push(format!("{begin}{}", "x".repeat(usize::try_from(missing).unwrap_or(0))));
        }
    }
    if let Some(most) = texts.most.filter(|most| *most <= LENGTH) {
        found.push("x".repeat(usize::try_from(most).unwrap_or(0)));
    }
    found.into_iter().filter(fits).map(Value::String).collect()
}

/// Short texts that the pattern matches, where that can be read off: of each class the first character or the last one,
/// of what may be repeated as little as possible or once more.
fn matching(pattern: &str) -> Vec<String> {
    let Ok(hir) = regex_syntax::parse(pattern) else { return Vec::new() };
    let choices = [(false, 0), (true, 0), (false, 1), (true, 1)];
    choices
        .into_iter()
        .filter_map(|(takes_last, more)| {
            let mut writer = Writer { text: String::new(), takes_last, more };
            writer.write(&hir).then_some(writer.text)
        })
        .collect()
}

struct Writer {
    text: String,
    takes_last: bool,
    more: u32,
}

impl Writer {
    fn write(&mut self, hir: &Hir) -> bool {
        if self.text.len() as u64 > LENGTH {
            return false;
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => true,
            HirKind::Literal(literal) => std::str::from_utf8(&literal.0).is_ok_and(|literal| {
                self.text.push_str(literal);
                true
            }),
            HirKind::Class(Class::Unicode(class)) => {
                let is_plain = |c: char| c.is_ascii_graphic();
                let found = if self.takes_last {
                    let mut ends = class.ranges().iter().rev().map(ClassUnicodeRange::end);
                    ends.clone().find(|c| is_plain(*c)).or_else(|| ends.next())
                } else {
                    let mut starts = class.ranges().iter().map(ClassUnicodeRange::start);
                    starts.clone().find(|c| is_plain(*c)).or_else(|| starts.next())
                };
                self.text.extend(found);
                found.is_some()
            }
            HirKind::Class(Class::Bytes(_)) => false,
            HirKind::Repetition(repetition) => {
                let count = repetition.min.saturating_add(self.more);
                (0..count.min(repetition.max.unwrap_or(count))).all(|_| self.write(&repetition.sub))
            }
            HirKind::Capture(capture) => self.write(&capture.sub),
            HirKind::Concat(parts) => parts.iter().all(|part| self.write(part)),
            HirKind::Alternation(parts) => {
                let part = if self.takes_last { parts.last() } else { parts.first() };
                part.is_some_and(|part| self.write(part))
            }
        }
    }
}

fn of_arrays(document: Document<'_>, arrays: &Arrays, depth: usize) -> Vec<Value> {
    let mut found = Vec::new();
    let longer = arrays.longest().map_or(arrays.least + 1, |most| most.min(arrays.least + 2));
    let longest = arrays.longest().filter(|most| *most <= 64).unwrap_or(longer);
    for length in [arrays.least, longer, longest] {
        if let Some(items) = items(document, arrays, length, depth) {
            let value = Value::Array(items);
            if !found.contains(&value) {
                found.push(value);
            }
        }
    }
    found
}

/// So many items.
pub(super) fn items(document: Document<'_>, arrays: &Arrays, length: u64, depth: usize) -> Option<Vec<Value>> {
    if length > LENGTH.min(256) {
        return None;
    }
    let mut items: Vec<Value> = Vec::new();
    for index in 0..usize::try_from(length).ok()? {
        let choices = at(document, arrays.at(index), depth + 1);
        let fresh = choices.iter().find(|choice| !arrays.are_unique || !items.contains(choice)).cloned();
        let fresh = fresh.or_else(|| {
            // More texts and numbers than those that are telling.
            let more = [Value::from(index + 100), Value::from(format!("x{index}"))];
            more.into_iter().find(|value| choices.iter().any(|choice| kind(choice) == kind(value)))
        });
        items.push(fresh?);
    }
    Some(items)
}

fn kind(value: &Value) -> std::mem::Discriminant<Value> {
    std::mem::discriminant(value)
}

fn of_objects(document: Document<'_>, objects: &Objects, depth: usize) -> Vec<Value> {
    let Some(smallest) = smallest(document, objects, depth) else { return Vec::new() };
    let mut found = vec![Value::Object(smallest.clone())];
    let mut full = smallest.clone();
    for (name, schema) in &objects.members {
        let choices = at(document, schema, depth + 1);
        for choice in choices.iter().take(if depth == 0 { VALUES } else { 3 }) {
            let mut with = smallest.clone();
            with.insert(name.clone(), choice.clone());
            found.push(Value::Object(with));
        }
        if let Some(first) = choices.into_iter().next() {
            full.entry(name.clone()).or_insert(first);
        }
    }
    found.push(Value::Object(full));
    if objects.others != Value::Bool(false)
        && let Some(other) = at(document, &objects.others, depth + 1).into_iter().next()
    {
        let mut with = smallest;
        with.insert(unnamed([objects]), other);
        found.push(Value::Object(with));
    }
    found
}

/// An object with what it must have.
pub(super) fn smallest(document: Document<'_>, objects: &Objects, depth: usize) -> Option<Map<String, Value>> {
    let mut members = Map::new();
    for name in &objects.required {
        members.insert(name.clone(), at(document, objects.member(name), depth + 1).into_iter().next()?);
    }
    let optional: Vec<String> = objects.members.keys().filter(|name| !members.contains_key(*name)).cloned().collect();
    let others = (0..64).map(|index| format!("x{index}")).filter(|name| !objects.members.contains_key(name));
    for name in optional.into_iter().chain(others) {
        if members.len() as u64 >= objects.least {
            break;
        }
        if let Some(value) = at(document, objects.member(&name), depth + 1).into_iter().next() {
            members.insert(name, value);
        }
    }
    (members.len() as u64 >= objects.least).then_some(members)
}

/// A name that none of them mentions.
pub(super) fn unnamed<'o>(objects: impl IntoIterator<Item = &'o Objects>) -> String {
    let all: Vec<_> = objects.into_iter().collect();
    let mut name = "extra".to_owned();
    // It ends: it grows, and there are only so many names.
    while all.iter().any(|one| one.members.contains_key(&name)) {
        name.push('x');
    }
    name
}
