//! What the values of an argument may be, as far as the tokens of its type and attributes tell: bounds that fit the type, and
//! defaults that fit the bounds.

use quote::ToTokens;
use regex_lite::Regex;
use syn::{Expr, ExprLit, ExprRange, ExprUnary, Lit, RangeLimits, Type, UnOp};

use crate::attr::span_of;
use crate::entry::Kind;
use crate::errors::Sink;
use crate::signature::{Argument, Param, is_named};

/// What a type takes, as far as its name tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Integer { bits: u32, signed: bool },
    Float,
    Text,
    Boolean,
    List,
    Map,
    Unknown,
}

impl Class {
    const fn words(self) -> &'static str {
        match self {
            Self::Integer { .. } => "an integer",
            Self::Float => "a number",
            Self::Text => "text",
            Self::Boolean => "a boolean",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Unknown => "a value",
        }
    }
}

pub(super) fn class(ty: &Type) -> Class {
    let Type::Path(path) = ty else {
        return if matches!(ty, Type::Array(_)) { Class::List } else { Class::Unknown };
    };
    let Some(last) = path.path.segments.last() else { return Class::Unknown };
    let name = last.ident.to_string();
    match name.as_str() {
        "String" | "str" | "char" | "Cow" | "PathBuf" => Class::Text,
        "bool" => Class::Boolean,
        "f32" | "f64" => Class::Float,
        "Vec" | "VecDeque" | "HashSet" | "BTreeSet" | "IndexSet" => Class::List,
        "HashMap" | "BTreeMap" | "IndexMap" => Class::Map,
        "usize" => Class::Integer { bits: 64, signed: false },
        "isize" => Class::Integer { bits: 64, signed: true },
        _ => {
            let (signed, digits) = match (name.strip_prefix('i'), name.strip_prefix('u')) {
                (Some(digits), _) => (true, digits),
                (_, Some(digits)) => (false, digits),
                _ => return Class::Unknown,
            };
            match digits.parse() {
                Ok(bits @ (8 | 16 | 32 | 64 | 128)) => Class::Integer { bits, signed },
                _ => Class::Unknown,
            }
        }
    }
}

pub(super) fn constraints(kind: Kind, param: &Param, argument: &Argument, sink: &Sink) {
    let ty = argument.shape.value_type();
    let class = class(&ty);
    if let Some(range) = &argument.range {
        match class {
            Class::Text => sink.at(range, "`range` is for numbers; bound a text with `length`"),
            Class::List => sink.at(range, "`range` is for numbers; bound a list with `items`"),
            Class::Boolean | Class::Map => {
                sink.at(range, format!("`range` is for numbers, and this takes {}", class.words()));
            }
            Class::Integer { .. } | Class::Float | Class::Unknown => bounds("range", range, Some(class), sink),
        }
    }
    if let Some(length) = &argument.length {
        match class {
            Class::Integer { .. } | Class::Float => {
                sink.at(length, "`length` is for texts; bound a number with `range`");
            }
            Class::List | Class::Map => sink.at(length, "`length` is for texts; bound a list with `items`"),
            Class::Boolean => sink.at(length, "`length` is for texts, and this takes a boolean"),
            Class::Text | Class::Unknown => bounds("length", length, None, sink),
        }
    }
    if let Some(items) = &argument.items {
        match class {
            Class::Text => sink.at(items, "`items` is for lists; bound a text with `length`"),
            Class::List | Class::Unknown => bounds("items", items, None, sink),
            _ => sink.at(items, format!("`items` is for lists, and this takes {}", class.words())),
        }
    }
    if let Some(pattern) = &argument.pattern {
        if !matches!(class, Class::Text | Class::Unknown) {
            sink.at(pattern, format!("`pattern` is for texts, and this takes {}", class.words()));
        } else if let Err(error) = Regex::new(&pattern.value()) {
            let reason = error.to_string();
            sink.at(
                pattern,
                format!("this regular expression does not compile: {}", reason.lines().last().unwrap_or("").trim()),
            );
        }
    }
    if let Some((span, default)) = &argument.default {
        if argument.shape.is_option() {
            sink.on(*span, "an `Option` is `None` when it is left out; take the inner type to have a default");
        }
        if let Some(default) = default {
            default_fits(default, class, argument, sink);
        }
    }
    for example in &argument.examples {
        literal_fits("example", example, class, sink);
    }
    if let Some(complete) = &argument.complete {
        if kind == Kind::Tool {
            sink.at(
                complete,
                "`complete` is for prompts and resource templates; the protocol completes no arguments of tools",
            );
        }
        if !matches!(complete, Expr::Path(_) | Expr::Array(_)) {
            sink.at(complete, "`complete` takes a function's path, or a list of texts: `complete = [\"a\", \"b\"]`");
        }
        if let Expr::Array(array) = complete {
            for item in &array.elems {
                if !matches!(item, Expr::Lit(ExprLit { lit: Lit::Str(_), .. })) {
                    sink.at(item, "a list of completions holds string literals");
                }
            }
        }
    }
    if kind != Kind::Tool && matches!(class, Class::List | Class::Map) && !is_named(&param.ty, "Option") {
        let what = if kind == Kind::Prompt { "a prompt's argument" } else { "a URI's variable" };
        sink.at(&param.ty, format!("{what} is text, which is never {}; take a `String` and parse it", class.words()));
    }
}

/// A range that is one, is not empty, and has bounds that its type can hold.
fn bounds(key: &str, expr: &Expr, class: Option<Class>, sink: &Sink) {
    let Expr::Range(range) = expr else {
        sink.at(expr, format!("`{key}` takes a range: `{key} = 1..=100`"));
        return;
    };
    let ExprRange { start, end, limits, .. } = range;
    if start.is_none() && end.is_none() {
        sink.at(range, format!("`{key} = ..` bounds nothing; remove it"));
    }
    let (low, high) = (start.as_deref().and_then(number), end.as_deref().and_then(number));
    if let (Some(low), Some(high)) = (low, high) {
        let is_empty = match limits {
            RangeLimits::Closed(_) => low > high,
            RangeLimits::HalfOpen(_) => low >= high,
        };
        if is_empty {
            sink.at(range, format!("the {key} is empty: nothing lies between {low} and {high}"));
        }
    }
    for bound in [start, end].into_iter().flatten() {
        match class {
            Some(class) => {
                literal_fits(key, bound, class, sink);
            }
            None if number(bound).is_some_and(|value| value < 0.0 || value.fract() != 0.0) => {
                sink.at(bound, format!("`{key}` counts, so its bounds are whole numbers from 0 on"));
            }
            None => {}
        }
    }
}

/// A literal default that its type can hold and its bounds allow.
fn default_fits(default: &Expr, class: Class, argument: &Argument, sink: &Sink) {
    if !literal_fits("default", default, class, sink) {
        return;
    }
    if let (Some(value), Some(Expr::Range(range))) = (number(default), &argument.range)
        && !contains(range, value)
    {
        sink.at(default, format!("the default {value} lies outside the range `{}`", shown(range)));
    }
    if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = default {
        let text = text.value();
        #[expect(clippy::cast_precision_loss, reason = "no literal has 2^52 characters")]
        let count = text.chars().count() as f64;
        if let Some(Expr::Range(range)) = &argument.length
            && !contains(range, count)
        {
            sink.at(default, format!("the default has {count} characters, outside the length `{}`", shown(range)));
        }
        if let Some(pattern) = &argument.pattern
            && Regex::new(&pattern.value()).is_ok_and(|pattern| !pattern.is_match(&text))
        {
            sink.at(default, "the default does not match the pattern");
        }
    }
}

fn shown(range: &ExprRange) -> String {
    range.to_token_stream().to_string().replace(' ', "")
}

fn contains(range: &ExprRange, value: f64) -> bool {
    let low = range.start.as_deref().and_then(number);
    let high = range.end.as_deref().and_then(number);
    let below = match range.limits {
        RangeLimits::Closed(_) => high.is_none_or(|high| value <= high),
        RangeLimits::HalfOpen(_) => high.is_none_or(|high| value < high),
    };
    low.is_none_or(|low| value >= low) && below
}

/// Whether a literal can be of the class; what is no literal is for the compiler to judge.
fn literal_fits(key: &str, expr: &Expr, class: Class, sink: &Sink) -> bool {
    let Some(found) = literal(expr) else { return true };
    let fits = match (class, found) {
        (Class::Unknown, _)
        | (Class::Float, Literal::Integer | Literal::Float)
        | (Class::Text, Literal::Text)
        | (Class::Boolean, Literal::Boolean) => true,
        (Class::Integer { .. }, Literal::Integer) => {
            let (low, high) = limits(class);
            match number(expr) {
                Some(value) if value < low || value > high => {
                    sink.at(expr, format!("`{key}` {value} does not fit the type, which holds {low} to {high}"));
                    return false;
                }
                _ => true,
            }
        }
        _ => false,
    };
    if !fits {
        sink.on(span_of(expr), format!("`{key}` is {}, and this argument takes {}", found.words(), class.words()));
    }
    fits
}

fn limits(class: Class) -> (f64, f64) {
    let Class::Integer { bits, signed } = class else { return (f64::NEG_INFINITY, f64::INFINITY) };
    let two = 2.0_f64;
    let power = |bits: u32| two.powi(i32::try_from(bits).unwrap_or(i32::MAX));
    if signed { (-power(bits - 1), power(bits - 1) - 1.0) } else { (0.0, power(bits) - 1.0) }
}

#[derive(Clone, Copy)]
enum Literal {
    Integer,
    Float,
    Text,
    Boolean,
}

impl Literal {
    const fn words(self) -> &'static str {
        match self {
            Self::Integer => "an integer",
            Self::Float => "a number with a fraction",
            Self::Text => "text",
            Self::Boolean => "a boolean",
        }
    }
}

fn literal(expr: &Expr) -> Option<Literal> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) if matches!(int.suffix(), "f32" | "f64") => Some(Literal::Float),
        Expr::Lit(ExprLit { lit: Lit::Int(_), .. }) => Some(Literal::Integer),
        Expr::Lit(ExprLit { lit: Lit::Float(_), .. }) => Some(Literal::Float),
        Expr::Lit(ExprLit { lit: Lit::Str(_) | Lit::Char(_), .. }) => Some(Literal::Text),
        Expr::Lit(ExprLit { lit: Lit::Bool(_), .. }) => Some(Literal::Boolean),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => literal(expr),
        _ => None,
    }
}

/// The value of a numeric literal.
pub(crate) fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => int.base10_digits().parse().ok(),
        Expr::Lit(ExprLit { lit: Lit::Float(float), .. }) => float.base10_digits().parse().ok(),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => number(expr).map(|value| -value),
        _ => None,
    }
}

/// Whether a type is a float, whose bounds and defaults may be written as integers.
pub(crate) fn is_float(ty: &Type) -> bool {
    class(ty) == Class::Float
}

/// Whether a type holds whole numbers.
pub(crate) fn is_integer(ty: &Type) -> bool {
    matches!(class(ty), Class::Integer { .. })
}
