//! A server whose tools take an argument of every type that there is, and which counts how often one of them was entered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcp_runtime::{Server, State, server, tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// How often a tool was entered, the counter's own aside.
#[derive(Clone, Debug, Default)]
pub struct Entered(Arc<AtomicUsize>);

impl Entered {
    /// A tool begins.
    pub fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// How often a tool was entered.
#[tool]
fn entered(entered: State<Entered>) -> usize {
    entered.0.load(Ordering::Relaxed)
}

/// Adds two integers.
#[tool]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Gives back whatever it gets.
#[tool]
fn same(value: Value) -> String {
    value.to_string()
}

/// Whole numbers.
#[tool]
fn whole(entered: State<Entered>, tiny: u8, signed: i64, unsigned: u64, #[arg(range = 1..=10)] bounded: u32) -> String {
    entered.note();
    format!("{tiny} {signed} {unsigned} {bounded}")
}

/// A number, and the truth.
#[tool]
fn scalars(entered: State<Entered>, ratio: f64, on: bool) -> String {
    entered.note();
    format!("{ratio} {on}")
}

/// Texts.
#[tool]
fn texts(
    entered: State<Entered>,
    borrowed: &str,
    owned: String,
    #[arg(length = 1..=4)] short: String,
    #[arg(pattern = "^[a-z]+$")] word: String,
) -> String {
    entered.note();
    format!("{borrowed} {owned} {short} {word}")
}

/// What may be left out.
#[tool]
fn optional(
    entered: State<Entered>,
    number: Option<i32>,
    text: Option<String>,
    on: Option<bool>,
    list: Option<Vec<u8>>,
) -> String {
    entered.note();
    format!("{number:?} {text:?} {on:?} {list:?}")
}

/// What has a value if it is left out.
#[tool]
fn defaulted(entered: State<Entered>, #[arg(default = 10)] limit: u32, #[arg(default = "x")] name: String) -> String {
    entered.note();
    format!("{limit} {name}")
}

/// Lists.
#[tool]
fn lists(entered: State<Entered>, numbers: Vec<i16>, texts: Vec<String>, pair: (u8, String)) -> String {
    entered.note();
    format!("{numbers:?} {texts:?} {pair:?}")
}

/// A colour.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
    Text,
}

/// A point.
#[derive(Debug, Deserialize, JsonSchema)]
struct Point {
    x: i64,
    label: Option<String>,
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.x, self.label.as_deref().unwrap_or_default())
    }
}

/// A shape.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Shape {
    Circle { radius: f64 },
    Dot { at: Point },
}

/// A number or a name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Key {
    Number(i64),
    Name(String),
}

/// Types of one's own.
#[tool]
fn own(
    entered: State<Entered>,
    colour: Colour,
    point: Point,
    points: Vec<Point>,
    shape: Shape,
    key: Key,
    sizes: BTreeMap<String, u32>,
) -> String {
    entered.note();
    let shape = match shape {
        Shape::Circle { radius } => radius.to_string(),
        Shape::Dot { at } => at.to_string(),
    };
    let key = match key {
        Key::Number(number) => number.to_string(),
        Key::Name(name) => name,
    };
    let points: Vec<_> = points.iter().map(ToString::to_string).collect();
    format!("{colour:?} {point} {points:?} {shape} {key} {sizes:?}")
}

/// A term of arithmetic, as deep as one likes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Term {
    Number { value: i64 },
    Add { left: Box<Term>, right: Box<Term> },
    Multiply { left: Box<Term>, right: Box<Term> },
    Negate { of: Box<Term> },
    Halve { of: Box<Term> },
    Square { of: Box<Term> },
}

impl Term {
    fn size(&self) -> usize {
        match self {
            Self::Number { value } => usize::from(*value != 0),
            Self::Add { left, right } | Self::Multiply { left, right } => left.size() + right.size(),
            Self::Negate { of } | Self::Halve { of } | Self::Square { of } => of.size(),
        }
    }
}

/// A word, by its pattern.
#[derive(Debug, Deserialize, JsonSchema)]
struct Word(#[schemars(regex(pattern = "^[a-z]+$"))] String);

/// A type that is within itself.
#[tool]
fn recursive(entered: State<Entered>, term: Term, words: Option<Vec<Word>>) -> String {
    entered.note();
    format!("{} {:?}", term.size(), words.unwrap_or_default().first().map(|word| &word.0))
}

/// The server.
pub fn server() -> Server {
    server![entered, add, same, whole, scalars, texts, optional, defaulted, lists, own, recursive]
        .state(Entered::default())
}
