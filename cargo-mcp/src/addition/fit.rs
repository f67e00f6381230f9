//! Whether a type can be an argument or a result at all, as far as its form tells. Whether a type of the user's own has what is
//! needed is the business of `scope`.

use syn::{GenericArgument, PathArguments, Type};

use super::item::{Kind, written};
use super::scope::{PRELUDE, STANDARD};

/// Where a type stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Argument,
    Result,
    /// Inside another type.
    Inside,
}

/// Why no client can send such an argument.
pub(crate) fn argument(kind: Kind, ty: &Type) -> Option<String> {
    if is_injected(ty) {
        return None;
    }
    if kind != Kind::Tool && !is_text(ty) {
        return Some(format!(
            "`{}` is not read from a text, and texts are all that a {} is given",
            written(ty),
            kind.name()
        ));
    }
    part(ty, Part::Argument)
}

/// Why no client can be given such a result.
pub(crate) fn result(kind: Kind, ty: &Type) -> Option<String> {
    if kind == Kind::Prompt && !is_prompt(ty) {
        return Some(format!("`{}` is neither a text nor messages, which are what a prompt answers with", written(ty)));
    }
    part(ty, Part::Result)
}

/// A text, or a type that is not one of the standard library's: the runtime has some for messages.
fn is_prompt(ty: &Type) -> bool {
    match ty {
        Type::Paren(inner) => is_prompt(&inner.elem),
        Type::Reference(reference) => is_prompt(&reference.elem),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| match last.ident.to_string().as_str() {
            "str" | "String" | "Cow" => true,
            "Result" | "Vec" => {
                let first = inner(last).into_iter().next();
                first.is_some_and(|ty| is_prompt(ty) && !(last.ident == "Vec" && is_plain_text(ty)))
            }
            name => !PRELUDE.contains(&name) && !STANDARD.iter().any(|(known, _)| *known == name),
        }),
        _ => false,
    }
}

fn is_plain_text(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("String")) || matches!(ty, Type::Reference(_))
}

/// `State<T>`, `&Context`: what the server fills in.
fn is_injected(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => is_injected(&reference.elem),
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|last| last.ident == "State" || last.ident == "Context")
        }
        _ => false,
    }
}

/// A type of a name, perhaps in an `Option` or behind a `&`.
fn is_text(ty: &Type) -> bool {
    match ty {
        Type::Paren(inner) => is_text(&inner.elem),
        Type::Reference(reference) => is_text(&reference.elem),
        Type::Path(path) => match path.path.segments.last() {
            Some(last) if last.ident == "Option" || last.ident == "Cow" => inner(last).iter().all(|ty| is_text(ty)),
            Some(last) => matches!(last.arguments, PathArguments::None),
            None => false,
        },
        _ => false,
    }
}

/// What a function answers with when nothing goes wrong.
pub(crate) fn value(ty: &Type) -> &Type {
    match ty {
        Type::Path(path) => match path.path.segments.last() {
            Some(last) if last.ident == "Result" => inner(last).into_iter().next().unwrap_or(ty),
            _ => ty,
        },
        _ => ty,
    }
}

fn inner(segment: &syn::PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(list) = &segment.arguments else { return Vec::new() };
    let types = list.args.iter().filter_map(|one| match one {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

fn part(ty: &Type, at: Part) -> Option<String> {
    let refused = |why: &str| Some(format!("`{}` {why}", written(ty)));
    match ty {
        Type::Paren(inner) => part(&inner.elem, at),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(|one| part(one, Part::Inside)),
        Type::Array(array) => part(&array.elem, Part::Inside),
        Type::Reference(reference) => {
            let is_static = reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static");
            match at {
                Part::Result if !is_static => refused("borrows from nothing that outlives the call; take what owns it"),
                Part::Argument if reference.lifetime.is_some() => refused("names a lifetime; leave it out"),
                _ => match reference.elem.as_ref() {
                    Type::Slice(slice) => part(&slice.elem, Part::Inside),
                    Type::Path(path) if path.path.is_ident("str") => None,
                    other => part(other, Part::Inside),
                },
            }
        }
        Type::Path(path) if path.qself.is_none() => named(ty, path, at),
        _ => refused("is nothing that JSON can hold"),
    }
}

fn named(ty: &Type, path: &syn::TypePath, at: Part) -> Option<String> {
    let refused = |why: &str| Some(format!("`{}` {why}", written(ty)));
    let last = path.path.segments.last()?;
    let name = last.ident.to_string();
    let inside = inner(last);
    let is = |ty: &Type, names: &[&str]| match ty {
        Type::Path(path) => names.iter().any(|name| path.path.is_ident(name)),
        _ => false,
    };
    match name.as_str() {
        "str" => refused("has no size of its own; take `&str` or `String`"),
        "Rc" | "Arc" => refused("is shared, which no message is; take what is in it"),
        "State" | "Context" => refused("is the server's own, and no client can be given it"),
        "Cow" if at == Part::Argument && has_lifetime(last) => refused("names a lifetime; leave it out"),
        "Cow" if at != Part::Argument && !has_lifetime(last) => refused("needs a lifetime there: `Cow<'static, …>`"),
        "Cow" | "Box" if inside.iter().any(|ty| is(ty, &["str"])) => None,
        "HashSet" | "BTreeSet" | "HashMap" | "BTreeMap" if inside.first().is_some_and(|ty| is(ty, &["f32", "f64"])) => {
            refused("cannot tell its entries apart, because floating-point numbers cannot be")
        }
        // What went wrong is told as a text.
        "Result" => match inside.as_slice() {
            [_, Type::Tuple(_) | Type::Array(_) | Type::Slice(_)] => {
                refused("has an error that cannot be told to anybody")
            }
            [_, error] if holds(error) => refused("has an error that cannot be told to anybody"),
            [value, ..] => part(value, Part::Inside),
            [] => None,
        },
        _ => inside.into_iter().find_map(|ty| match ty {
            // `Option<&str>` and `Option<Cow<str>>` borrow as well.
            _ if at == Part::Argument && name == "Option" => part(ty, Part::Argument),
            Type::Reference(_) if at == Part::Result => part(ty, Part::Result),
            _ => part(ty, Part::Inside),
        }),
    }
}

fn has_lifetime(segment: &syn::PathSegment) -> bool {
    match &segment.arguments {
        PathArguments::AngleBracketed(list) => list.args.iter().any(|one| matches!(one, GenericArgument::Lifetime(_))),
        _ => false,
    }
}

/// A type that holds others, and is no text.
fn holds(ty: &Type) -> bool {
    const HOLDERS: &[&str] = &["Vec", "Option", "HashMap", "BTreeMap", "HashSet", "BTreeSet", "VecDeque", "PathBuf"];
    match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| HOLDERS.iter().any(|name| last.ident == name)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Type {
        syn::parse_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn types_that_no_message_holds_are_told_from_those_that_one_does() {
        for text in [
            "u8",
            "String",
            "&str",
            "Option<&str>",
            "Cow<str>",
            "Option<Cow<str>>",
            "Box<str>",
            "(i64, String)",
            "[u8; 4]",
            "&[u8]",
            "&i64",
            "()",
            "Vec<Option<PathBuf>>",
            "HashMap<String, f64>",
            "Option<Vec<(u8, bool)>>",
            "State<u8>",
            "&Context",
            "Note",
            "(u8)",
            "Result<String, String>",
        ] {
            assert_eq!(argument(Kind::Tool, &parse(text)), None, "{text}");
        }
        for text in [
            "str",
            "[u8]",
            "dyn Send",
            "Box<dyn Fn()>",
            "fn()",
            "*const u8",
            "!",
            "_",
            "Vec<_>",
            "Rc<u8>",
            "Arc<String>",
            "Cow<'static, str>",
            "&'static str",
            "HashSet<f64>",
            "Vec<State<u8>>",
            "x!()",
            "<u8 as A>::B",
            "Option<str>",
        ] {
            assert!(argument(Kind::Tool, &parse(text)).is_some(), "{text}");
        }
        for text in [
            "u8",
            "()",
            "&'static str",
            "Result<(), String>",
            "Result<Vec<u8>, Box<dyn Error>>",
            "Result<Note>",
            "Vec<Note>",
        ] {
            assert_eq!(result(Kind::Tool, &parse(text)), None, "{text}");
        }
        for text in
            ["&str", "Vec<&str>", "str", "Context", "Result<u8, Vec<u8>>", "Result<u8, ()>", "Rc<u8>", "impl Fn()"]
        {
            assert!(result(Kind::Tool, &parse(text)).is_some(), "{text}");
        }
        for text in ["u8", "String", "&str", "Option<u8>", "Language", "Cow<str>", "State<Db>"] {
            assert_eq!(argument(Kind::Prompt, &parse(text)), None, "{text}");
        }
        for text in ["(u8, u8)", "Vec<u8>", "[u8; 2]", "HashMap<u8, u8>", "()"] {
            assert!(argument(Kind::Resource, &parse(text)).is_some(), "{text}");
        }
        for text in
            ["String", "&'static str", "Result<String, String>", "Vec<PromptMessage>", "Result<GetPromptResult, Oops>"]
        {
            assert_eq!(result(Kind::Prompt, &parse(text)), None, "{text}");
        }
        for text in ["u8", "()", "Vec<u8>", "Vec<String>", "Option<String>", "(u8, u8)", "Result<u8, String>"] {
            assert!(result(Kind::Prompt, &parse(text)).is_some(), "{text}");
        }
    }
}
