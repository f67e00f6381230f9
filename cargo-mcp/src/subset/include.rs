//! The comparison itself: each shape of the one schema must lie within a shape of the other. Where it does not, values are
//! collected that may show it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Strictness;
use super::meet::{UNSAYABLE, accepts};
use super::number::Exact;
use super::sample;
use super::shape::{Arrays, Document, Kind, Numbers, Objects, Shape, Texts};

/// The most integers of a range that are looked at one by one.
const COUNTED: usize = 64;
/// How deep members and items are compared.
const DEPTH: usize = 64;

/// The most values that a union hands on.
const CANDIDATES: usize = 256;
/// The most values of one member or item that are tried within an object or array: enough for several differences of it,
/// and few enough that every member gets its turn.
const LIFTED: usize = 12;

/// What is known of an inclusion.
#[derive(Debug, PartialEq)]
pub(super) enum Included {
    Yes,
    /// Not shown; these values may show the contrary.
    NotShown(Vec<Value>),
}

pub(super) fn compare(narrow: &Value, wide: &Value, strictness: Strictness, fuel: usize) -> Included {
    let mut comparison = Comparison {
        narrow: Document { root: narrow },
        wide: Document { root: wide },
        are_one: narrow == wide,
        strictness,
        open: BTreeSet::new(),
        depth: 0,
        fuel,
    };
    match comparison.schemas(narrow, wide) {
        Included::Yes => Included::Yes,
        Included::NotShown(mut candidates) => {
            // What the comparison does not see, a value may still show.
            candidates.extend(sample::values(comparison.narrow, narrow));
            Included::NotShown(candidates)
        }
    }
}

struct Comparison<'d> {
    narrow: Document<'d>,
    wide: Document<'d>,
    /// Both are the same document, so that the same text means the same.
    are_one: bool,
    strictness: Strictness,
    /// Pairs that are being compared further up. A value that breaks them would have a smaller one in it that does.
    open: BTreeSet<(String, String)>,
    depth: usize,
    fuel: usize,
}

impl Comparison<'_> {
    fn schemas(&mut self, narrow: &Value, wide: &Value) -> Included {
        if *wide == Value::Bool(true)
            || *narrow == Value::Bool(false)
            || (narrow == wide && (self.are_one || !has_reference(narrow)))
        {
            return Included::Yes;
        }
        let pair = (narrow.to_string(), wide.to_string());
        if self.open.contains(&pair) {
            return Included::Yes;
        }
        if self.depth >= DEPTH || self.fuel == 0 {
            return Included::NotShown(Vec::new());
        }
        self.depth += 1;
        self.open.insert(pair.clone());
        let included = self.unions(narrow, wide);
        self.open.remove(&pair);
        self.depth -= 1;
        included
    }

    fn unions(&mut self, narrow: &Value, wide: &Value) -> Included {
        let (Ok(narrow), Ok(wide)) = (self.narrow.shapes(narrow), self.wide.shapes(wide)) else {
            return Included::NotShown(Vec::new());
        };
        let mut candidates = Vec::new();
        let mut is_included = true;
        for shape in &narrow {
            if let Included::NotShown(found) = self.shape(shape, &wide) {
                is_included = false;
                candidates.extend(found.into_iter().take(CANDIDATES));
            }
        }
        if is_included { Included::Yes } else { Included::NotShown(candidates) }
    }

    /// One shape in a union.
    fn shape(&mut self, narrow: &Shape, wide: &[Shape]) -> Included {
        let mut candidates = Vec::new();
        for shape in wide {
            let Some(left) = self.fuel.checked_sub(1) else { return Included::NotShown(candidates) };
            self.fuel = left;
            match self.shapes(narrow, shape) {
                Included::Yes => return Included::Yes,
                Included::NotShown(found) => candidates.extend(found.into_iter().take(CANDIDATES)),
            }
        }
        // A range of a few integers may lie in several shapes.
        if let Kind::Number(numbers) = &narrow.kind
            && numbers.are_integers
            && let Some(integers) = numbers.interval.integers(COUNTED)
            && integers.iter().all(|value| wide.iter().any(|shape| accepts(shape, value) == Some(true)))
        {
            return Included::Yes;
        }
        candidates.extend(sample::of_shape(self.narrow, narrow, 0));
        Included::NotShown(candidates)
    }

    fn shapes(&mut self, narrow: &Shape, wide: &Shape) -> Included {
        let is_said = |keyword: &(String, Value)| {
            keyword.0 != UNSAYABLE
                && narrow.opaque.contains(keyword)
                && (self.are_one || !has_reference(&keyword.1))
                // What these mean depends on the keywords beside them.
                && !keyword.0.starts_with("unevaluated")
                && !matches!(keyword.0.as_str(), "$ref" | "if" | "then" | "else" | "contains" | "minContains" | "maxContains")
        };
        let is_opaque = !wide.opaque.iter().all(is_said);
        let included = match (&narrow.kind, &wide.kind) {
            (Kind::Constant(value), Kind::Constant(other)) => simple(super::shape::same(Some(value), Some(other))),
            (Kind::Constant(value), _) => self.constant(value, wide),
            (Kind::Number(narrow), Kind::Number(wide)) => numbers(narrow, wide),
            (Kind::Text(narrow), Kind::Text(wide)) => texts(narrow, wide),
            (Kind::Array(narrow), Kind::Array(wide)) => self.arrays(narrow, wide),
            (Kind::Object(narrow), Kind::Object(wide)) => self.objects(narrow, wide),
            _ => simple(false),
        };
        match included {
            Included::Yes if is_opaque => simple(false),
            included => included,
        }
    }

    /// A constant, where the type of shape that it may lie in has parts.
    fn constant(&mut self, value: &Value, wide: &Shape) -> Included {
        let plain = Shape { kind: wide.kind.clone(), opaque: Vec::new() };
        if let Some(accepted) = accepts(&plain, value) {
            return simple(accepted);
        }
        let parts: Vec<(Value, Value)> = match (value, &wide.kind) {
            (Value::Array(items), Kind::Array(arrays)) if !arrays.are_unique => {
                items.iter().enumerate().map(|(index, item)| (item.clone(), arrays.at(index).clone())).collect()
            }
            (Value::Object(members), Kind::Object(objects)) if objects.least == 0 && objects.most.is_none() => {
                members.iter().map(|(name, member)| (member.clone(), objects.member(name).clone())).collect()
            }
            _ => return simple(false),
        };
        simple(
            parts
                .into_iter()
                .all(|(part, schema)| self.schemas(&serde_json::json!({ "const": part }), &schema) == Included::Yes),
        )
    }

    fn arrays(&mut self, narrow: &Arrays, wide: &Arrays) -> Included {
        let longest = narrow.longest();
        if longest.is_some_and(|most| most < narrow.least) {
            return Included::Yes;
        }
        let mut found = Collected::default();
        let too_short = narrow.least < wide.least;
        let too_long = wide.longest().is_some_and(|most| longest.is_none_or(|longest| longest > most));
        if too_short {
            found.not_shown(sample::items(self.narrow, narrow, narrow.least, 0).map(Value::Array));
        }
        if too_long {
            let length = wide.longest().unwrap_or_default().saturating_add(1).max(narrow.least);
            found.not_shown(sample::items(self.narrow, narrow, length, 0).map(Value::Array));
        }
        if wide.are_unique && !narrow.are_unique && longest.is_none_or(|longest| longest > 1) {
            let twice = sample::items(self.narrow, narrow, narrow.least.max(2), 0).map(|mut items| {
                if let Some(last) = items.first().cloned() {
                    items.pop();
                    items.push(last);
                }
                Value::Array(items)
            });
            found.not_shown(twice);
        }
        let differing = narrow.prefix.len().max(wide.prefix.len());
        for index in 0..=differing {
            if longest.is_some_and(|longest| index as u64 >= longest) {
                break;
            }
            let (own, other) = (narrow.at(index).clone(), wide.at(index).clone());
            if let Included::NotShown(values) = self.schemas(&own, &other) {
                let length = narrow.least.max(index as u64 + 1);
                let base = sample::items(self.narrow, narrow, length, 0);
                found.lifted(values, |value| {
                    let mut items = base.clone()?;
                    *items.get_mut(index)? = value;
                    Some(Value::Array(items))
                });
            }
        }
        found.end()
    }

    fn objects(&mut self, narrow: &Objects, wide: &Objects) -> Included {
        let bases = self.bases(narrow, wide);
        let base = bases.first();
        let object = |members: Map<String, Value>| Value::Object(members);
        let mut found = Collected::default();
        for name in &wide.required {
            if !narrow.required.contains(name) {
                for base in &bases {
                    let mut without = base.clone();
                    without.shift_remove(name);
                    found.not_shown(Some(object(without)));
                }
                found.is_not_shown = true;
            }
        }
        if wide.least > narrow.least.max(narrow.required.len() as u64) {
            found.not_shown(base.cloned().map(object));
        }
        if let Some(most) = wide.most {
            let closed = (narrow.others == Value::Bool(false)).then_some(narrow.members.len() as u64);
            let largest = [closed, narrow.most].into_iter().flatten().min();
            if largest.is_none_or(|largest| largest > most) {
                let mut full = base.cloned().unwrap_or_default();
                let names = narrow.members.keys().cloned();
                for name in names.chain((0..COUNTED).map(|index| format!("x{index}"))) {
                    if full.len() as u64 > most {
                        break;
                    }
                    let value = sample::values(self.narrow, narrow.member(&name)).into_iter().next();
                    if let Some(value) = value {
                        full.entry(name).or_insert(value);
                    }
                }
                found.not_shown(Some(object(full)));
            }
        }
        let names: BTreeSet<&String> = narrow.members.keys().chain(wide.members.keys()).collect();
        for name in names {
            let is_mentioned = narrow.members.contains_key(name);
            if !is_mentioned && narrow.is_open() && self.strictness == Strictness::Mentioned {
                continue;
            }
            self.member(name, narrow, wide, &bases, &mut found);
        }
        let other = sample::unnamed([narrow, wide]);
        self.member(&other, narrow, wide, &bases, &mut found);
        found.end()
    }

    fn member(
        &mut self,
        name: &str,
        narrow: &Objects,
        wide: &Objects,
        bases: &[Map<String, Value>],
        found: &mut Collected,
    ) {
        let (own, other) = (narrow.member(name).clone(), wide.member(name).clone());
        if let Included::NotShown(values) = self.schemas(&own, &other) {
            found.is_not_shown = true;
            for base in bases {
                found.lifted(values.clone(), |value| {
                    let mut members = base.clone();
                    members.insert(name.to_owned(), value);
                    Some(Value::Object(members))
                });
            }
        }
    }

    /// The smallest object that the narrow schema accepts, and one that has what the wide one demands besides, so that a
    /// value can show one difference alone.
    fn bases(&self, narrow: &Objects, wide: &Objects) -> Vec<Map<String, Value>> {
        let Some(base) = sample::smallest(self.narrow, narrow, 0) else { return Vec::new() };
        let mut fuller = base.clone();
        for name in &wide.required {
            let value = || sample::values(self.narrow, narrow.member(name)).into_iter().next();
            if let Some(value) = (!fuller.contains_key(name)).then(value).flatten() {
                fuller.insert(name.clone(), value);
            }
        }
        if fuller == base { vec![base] } else { vec![base, fuller] }
    }
}

/// What several comparisons found.
#[derive(Default)]
struct Collected {
    is_not_shown: bool,
    candidates: Vec<Value>,
}

impl Collected {
    fn not_shown(&mut self, candidate: Option<Value>) {
        self.is_not_shown = true;
        self.candidates.extend(candidate);
    }

    fn lifted(&mut self, values: Vec<Value>, lift: impl Fn(Value) -> Option<Value>) {
        self.is_not_shown = true;
        self.candidates.extend(values.into_iter().take(LIFTED).filter_map(lift));
    }

    fn end(self) -> Included {
        if self.is_not_shown { Included::NotShown(self.candidates) } else { Included::Yes }
    }
}

fn simple(is_included: bool) -> Included {
    if is_included { Included::Yes } else { Included::NotShown(Vec::new()) }
}

fn has_reference(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            members.keys().any(|key| matches!(key.as_str(), "$ref" | "$dynamicRef" | "$recursiveRef"))
                || members.values().any(has_reference)
        }
        Value::Array(items) => items.iter().any(has_reference),
        _ => false,
    }
}

fn numbers(narrow: &Numbers, wide: &Numbers) -> Included {
    let interval = if narrow.are_integers { narrow.interval.of_integers() } else { narrow.interval };
    let other = if narrow.are_integers { wide.interval.of_integers() } else { wide.interval };
    let steps = |step: Exact| match (narrow.multiple_of, step) {
        (Some(own), step) if own == step => true,
        (Some(Exact::Integer(own)), Exact::Integer(step)) if step > 0 => own % step == 0,
        (None, Exact::Integer(1)) => narrow.are_integers,
        _ => false,
    };
    let is_included = interval.is_empty()
        || (interval.is_within(&other)
            && (!wide.are_integers || narrow.are_integers || matches!(narrow.multiple_of, Some(Exact::Integer(_))))
            && wide.multiple_of.is_none_or(steps));
    if is_included {
        return Included::Yes;
    }
    // Values at the ends of the other, and just beyond them.
    let ends = [wide.interval.least, wide.interval.most, narrow.interval.least, narrow.interval.most];
    let starts = ends.into_iter().flatten().map(|bound| bound.at).chain([Exact::Integer(0)]);
    let mut step = vec![0.0, 1.0, -1.0, 0.5, -0.5];
    if let Some(own) = narrow.multiple_of {
        step.extend([own.float(), -own.float()]);
    }
    let near = starts.flat_map(|start| step.iter().map(move |step| start.plus(*step)));
    let own = near.filter(|value| narrow.interval.contains(*value) && (!narrow.are_integers || value.is_integer()));
    Included::NotShown(own.filter_map(Exact::value).collect())
}

fn texts(narrow: &Texts, wide: &Texts) -> Included {
    let is_included = narrow.least >= wide.least
        && wide.most.is_none_or(|most| narrow.most.is_some_and(|own| own <= most))
        && wide.patterns.iter().all(|pattern| narrow.patterns.contains(pattern));
    if is_included {
        return Included::Yes;
    }
    let mut candidates = Vec::new();
    if let Some(most) = wide.most.filter(|most| *most < 100_000) {
        let length =
            usize::try_from(most + 1).unwrap_or(0).max(usize::try_from(narrow.least).unwrap_or(0).min(100_000));
        candidates.push(Value::String("x".repeat(length)));
    }
    Included::NotShown(candidates)
}
