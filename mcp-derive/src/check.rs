//! Every rule that is decided from the tokens alone, each with its message on the smallest wrong token: those of signatures,
//! entries and their names here, those of values in `values`.

mod values;

use std::collections::HashSet;

use proc_macro2::Span;
use syn::{GenericParam, ReturnType, Safety, Signature, Type};

use self::values::{Class, class, constraints};
pub(crate) use self::values::{is_float, is_integer, number};
use crate::attr::nearest;
use crate::entry::{Callee, Entry, Kind, Spec};
use crate::errors::Sink;
use crate::signature::{Argument, Param, Role};

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
