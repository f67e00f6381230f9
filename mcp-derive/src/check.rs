//! Every rule that is decided from the tokens alone, each with its message on the smallest wrong token.

use std::collections::HashSet;

use proc_macro2::Span;
use quote::ToTokens;
use regex_lite::Regex;
use syn::{
    Expr, ExprLit, ExprRange, ExprUnary, GenericParam, Lit, RangeLimits, ReturnType, Safety, Signature, Type, UnOp,
};

use crate::attr::{nearest, span_of};
use crate::entry::{Callee, Entry, Kind, Spec};
use crate::errors::Sink;
use crate::signature::{Argument, Param, Role, is_named};

/// The most arguments that one item can have.
const ARGUMENTS: usize = 64;

/// Names that are types already: the macro makes a type of the function's name.
const TYPES: &[&str] = &[
    "bool", "char", "str", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize",
    "f32", "f64",
];

/// Checks a function's signature for what no client could use.
pub(crate) fn signature(sig: &Signature, sink: &Sink) {
    let generic = sig.generics.params.iter().find(|param| !matches!(param, GenericParam::Lifetime(_)));
    if let Some(generic) = generic {
        sink.at(
            generic,
            "a generic function cannot be served, because nobody says for which types; write it for one type, or make it \
             a method of a generic type with `#[serve] impl`",
        );
    } else if let Some(clause) = &sig.generics.where_clause {
        sink.at(clause, "a function that is served has no type parameters that a `where` could be about; remove it");
    }
    if !matches!(sig.safety, Safety::Default) {
        sink.at(
            &sig.safety,
            "an `unsafe` function cannot be served, because a client keeps no promises; call it from a safe one",
        );
    }
    if let Some(abi) = &sig.abi {
        sink.at(abi, "a function of another ABI cannot be served; call it from a plain function");
    }
    if let Some(variadic) = &sig.variadic {
        sink.at(variadic, "a variadic function cannot be served");
    }
    if let ReturnType::Type(_, ty) = &sig.output
        && let Some(opaque) = opaque(ty)
    {
        sink.at(opaque, "a return type `impl Trait` has no schema; name the type");
    }
}

fn opaque(ty: &Type) -> Option<&Type> {
    match ty {
        Type::ImplTrait(_) => Some(ty),
        Type::Reference(reference) => opaque(&reference.elem),
        _ => None,
    }
}

/// Checks everything else about an item.
pub(crate) fn entry(entry: &Entry, sink: &Sink) {
    let spec = &entry.spec;
    facts(spec, sink);
    tasking(entry, sink);
    if let Callee::Function(ident) = &entry.callee
        && TYPES.contains(&ident.to_string().as_str())
    {
        sink.on(
            ident.span(),
            format!("the macro makes a type of the function's name, which would hide the type `{ident}`; rename the function \
                     and set `name = \"{ident}\"`"),
        );
    }
    let arguments: Vec<(&Param, &Argument)> = entry
        .params
        .iter()
        .filter_map(|param| match &param.role {
            Role::Argument(argument) => Some((param, argument.as_ref())),
            Role::Context | Role::Injected { .. } => None,
        })
        .collect();
    if let Some((param, _)) = arguments.get(ARGUMENTS) {
        sink.at(&param.ident, format!("an item has at most {ARGUMENTS} arguments; take a struct that holds them"));
    }
    names(&arguments, sink);
    headers(spec.kind, &arguments, sink);
    for (param, argument) in &arguments {
        constraints(spec.kind, param, argument, sink);
    }
    match spec.kind {
        Kind::Tool => {}
        Kind::Prompt => required_first(&arguments, sink),
        Kind::Resource => variables(spec, &arguments, sink),
    }
}

fn facts(spec: &Spec, sink: &Sink) {
    if spec.kind != Kind::Resource || spec.has_own_name {
        name(spec.kind.name(), &spec.name, spec.name_span, sink);
    }
    for (index, alias) in spec.aliases.iter().enumerate() {
        name("tool", &alias.value(), alias.span(), sink);
        if alias.value() == spec.name {
            sink.at(alias, "an alias is another name than the tool's own; remove it");
        }
        if spec.aliases.iter().take(index).any(|other| other.value() == alias.value()) {
            sink.at(alias, "this alias stands twice; remove one");
        }
    }
    for icon in &spec.icons {
        let source = icon.value();
        if !source.starts_with("https://") && !source.starts_with("data:") {
            sink.at(icon, "an icon is an `https://…` or `data:…` address; clients take no other");
        }
    }
    for (key, _) in &spec.meta {
        if key.value().starts_with("io.modelcontextprotocol/") || key.value().is_empty() {
            sink.at(key, "this key belongs to the protocol; use a prefix of your own, as in `com.example/key`");
        }
    }
    if spec.read_only == Some(true) && spec.destructive == Some(true) {
        let span = spec.destructive_span.unwrap_or(spec.name_span);
        sink.on(span, "a tool that is `read_only` cannot be `destructive`; remove one of them");
    }
    if let Some(mime) = &spec.mime
        && mime.value().split('/').filter(|part| !part.is_empty() && !part.contains(char::is_whitespace)).count() != 2
    {
        sink.at(mime, "a media type is `type/subtype`, as in `text/markdown`");
    }
    for audience in &spec.audience {
        if !matches!(audience.value().as_str(), "user" | "assistant") {
            sink.at(audience, "an audience is \"user\" or \"assistant\"");
        }
    }
    if let Some(priority) = &spec.priority
        && number(priority).is_none_or(|value| !(0.0..=1.0).contains(&value))
    {
        sink.at(priority, "`priority` is a number from 0 to 1");
    }
    if let Some(size) = &spec.size
        && number(size).is_none_or(|value| value < 0.0 || value.fract() != 0.0)
    {
        sink.at(size, "`size` is a number of bytes");
    }
    if let Some(ttl) = &spec.ttl
        && number(ttl).is_none_or(|value| value < 0.0 || value.fract() != 0.0)
    {
        sink.at(ttl, "`ttl` is a number of seconds");
    }
    if let Some(cache) = &spec.cache
        && !matches!(cache.value().as_str(), "public" | "private")
    {
        sink.at(cache, "`cache` is \"public\" (clients may share what they read) or \"private\"");
    }
}

/// A task runs beside other calls; a function that holds its thread meanwhile would hold them up.
fn tasking(entry: &Entry, sink: &Sink) {
    if let Some((_, span)) = entry.spec.tasking
        && !entry.is_async
        && !matches!(entry.callee, Callee::Struct(_))
    {
        sink.on(span, "a tool that becomes a task is an `async fn`; make it one, or remove `task`");
    }
}

fn name(kind: &str, name: &str, span: Span, sink: &Sink) {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 128 || !name.chars().all(is_allowed) {
        sink.on(
            span,
            format!(
                "{kind} names have 1 to 128 characters and allow letters, digits, `_`, `-` and `.`; rename it or set \
                     `name = \"…\"`"
            ),
        );
    }
}

fn names(arguments: &[(&Param, &Argument)], sink: &Sink) {
    let mut seen: HashSet<&str> = HashSet::new();
    for (_, argument) in arguments {
        if argument.name.is_empty() {
            sink.on(argument.name_span, "an argument needs a name");
        }
        if !seen.insert(&argument.name) {
            sink.on(argument.name_span, format!("two arguments are named `{}`; rename one", argument.name));
        }
    }
}

fn headers(kind: Kind, arguments: &[(&Param, &Argument)], sink: &Sink) {
    let mut seen: HashSet<String> = HashSet::new();
    for (param, argument) in arguments {
        let Some(header) = &argument.header else { continue };
        let value = header.value();
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if kind != Kind::Tool {
            sink.at(header, "`header` is for arguments of tools");
        } else if value.is_empty() || !value.chars().all(is_token) {
            sink.at(header, "a header name allows letters, digits and `!#$%&'*+-.^_|~`");
        } else if !seen.insert(value.to_lowercase()) {
            sink.at(header, format!("two arguments are mirrored to the header `{value}`; header names ignore case"));
        }
        if matches!(class(&argument.shape.value_type()), Class::Float | Class::List | Class::Map) {
            sink.at(&param.ty, "only strings, integers and booleans can be mirrored to a header; remove `header`");
        }
    }
}

/// What a type takes, as far as its name tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
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

fn class(ty: &Type) -> Class {
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

fn constraints(kind: Kind, param: &Param, argument: &Argument, sink: &Sink) {
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

/// A client that leaves arguments out from the end must not skip one that is required.
fn required_first(arguments: &[(&Param, &Argument)], sink: &Sink) {
    let mut optional: Option<&str> = None;
    for (param, argument) in arguments {
        if argument.is_optional() {
            optional.get_or_insert(&argument.name);
        } else if let Some(optional) = optional {
            sink.at(
                &param.ident,
                format!(
                    "the required argument `{}` comes after the optional `{optional}`; people fill prompts in from the \
                         front, so put it before",
                    argument.name
                ),
            );
        }
    }
}

fn variables(spec: &Spec, arguments: &[(&Param, &Argument)], sink: &Sink) {
    let Some(uri) = &spec.uri else { return };
    let is_filled = |name: &str| arguments.iter().any(|(_, argument)| argument.name == name);
    let mut missing: Vec<&str> = uri.variables().filter(|name| !is_filled(name)).collect();
    for (param, argument) in arguments {
        let name = &argument.name;
        if uri.variables().any(|variable| variable == name) {
            continue;
        }
        // Nearly the name of a variable that nobody takes: one mistake, so one error.
        if let Some(meant) = nearest(name, missing.iter().copied()) {
            missing.retain(|variable| *variable != meant);
            sink.on(
                param.ident.span(),
                format!(
                    "the template has no variable `{name}`; did you mean `{meant}`? Both need the same name, or \
                         `#[arg(name = \"{meant}\")]`"
                ),
            );
            continue;
        }
        sink.on(
            param.ident.span(),
            format!("the parameter `{name}` is no variable of the template; add `{{{name}}}` to it, or mark the parameter with \
                     `#[inject]`"),
        );
    }
    for name in missing {
        sink.at(
            &uri.text,
            format!("the template has the variable `{name}` and the function no parameter of that name; add `{name}: String`"),
        );
    }
    for name in uri.variables() {
        let Some((param, argument)) = arguments.iter().find(|(_, argument)| argument.name == name) else { continue };
        let is_query = uri.query.iter().any(|known| known == name);
        if is_query && !argument.is_optional() {
            sink.at(
                &param.ty,
                format!("`{name}` is in the query, which may leave it out; take an `Option`, or give it a default"),
            );
        }
        if !is_query && argument.shape.is_option() {
            sink.at(
                &param.ty,
                format!("`{name}` is in the path, where it is always present; take the type inside the `Option`"),
            );
        }
    }
}
