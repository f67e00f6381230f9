//! Edits a configuration: sets or removes one entry, and keeps comments, order and whatever else is there. What was written is
//! read again and compared with what was meant before anything reaches the file.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstRootNode};
use serde_json::{Map, Value};
use toml_edit::{DocumentMut, Item, Table};

use super::yaml;

/// The language of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// JSON, in which there may be comments and trailing commas.
    Json,
    Toml,
    Yaml,
}

/// Why a file is left as it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// It does not parse, or is not what it should be.
    Broken(String),
    /// It is written in a way that cannot be edited safely.
    Doubtful,
}

/// The text with the entry in its section, or without it.
pub(crate) fn edit(
    language: Language,
    text: &str,
    section: &str,
    name: &str,
    entry: Option<&Value>,
) -> Result<String, Refusal> {
    let before = whole(language, text)?;
    let meant = set(before.clone(), section, name, entry)?;
    if before == meant {
        return Ok(text.to_owned());
    }
    // An editor of a platform may put a mark in front.
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let edited = match language {
        Language::Json => json(bare, section, name, entry)?,
        Language::Toml => toml(bare, section, name, entry)?,
        Language::Yaml => yaml::edit(bare, section, name, entry).ok_or(Refusal::Doubtful)?,
    };
    // A section without servers may as well not be there: a table of TOML that has no heading of its own is not.
    let without_empty = |mut all: Value| {
        if let Some(members) = all.as_object_mut()
            && members.get(section).is_some_and(|servers| servers.as_object().is_some_and(Map::is_empty))
        {
            members.shift_remove(section);
        }
        all
    };
    match whole(language, &edited).map(without_empty) {
        Ok(after) if after == without_empty(meant) => Ok(edited),
        _ => Err(Refusal::Doubtful),
    }
}

/// The entry as it stands in the text.
pub(crate) fn find(language: Language, text: &str, section: &str, name: &str) -> Result<Option<Value>, Refusal> {
    Ok(whole(language, text)?.get(section).and_then(|section| section.get(name)).cloned())
}

/// All entries of a section; none where there is no section.
pub(crate) fn servers(language: Language, text: &str, section: &str) -> Result<Map<String, Value>, Refusal> {
    match whole(language, text)?.get(section) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(servers)) => Ok(servers.clone()),
        Some(_) => Err(Refusal::Broken(format!("`{section}` is no object"))),
    }
}

/// The whole text as a value. An empty one is an empty object.
pub(crate) fn whole(language: Language, text: &str) -> Result<Value, Refusal> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value = match language {
        Language::Json if text.trim().is_empty() => Value::Object(Map::new()),
        Language::Json => {
            let root = CstRootNode::parse(text, &options()).map_err(|error| Refusal::Broken(error.to_string()))?;
            root.to_serde_value().unwrap_or_else(|| Value::Object(Map::new()))
        }
        Language::Toml => {
            let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
                Refusal::Broken(error.to_string().lines().next().unwrap_or_default().to_owned())
            })?;
            of_table(document.as_table())
        }
        Language::Yaml => yaml::read(text).map_err(Refusal::Broken)?,
    };
    if value.is_object() { Ok(value) } else { Err(Refusal::Broken("it holds no object".to_owned())) }
}

/// The same value with the entry set or removed.
fn set(mut all: Value, section: &str, name: &str, entry: Option<&Value>) -> Result<Value, Refusal> {
    let Some(members) = all.as_object_mut() else { return Ok(all) };
    match (members.get_mut(section), entry) {
        (None | Some(Value::Null), None) => {}
        (Some(Value::Object(servers)), Some(entry)) => drop(servers.insert(name.to_owned(), entry.clone())),
        (Some(Value::Object(servers)), None) => drop(servers.shift_remove(name)),
        (None | Some(Value::Null), Some(entry)) => {
            let servers = Map::from_iter([(name.to_owned(), entry.clone())]);
            members.insert(section.to_owned(), Value::Object(servers));
        }
        (Some(_), _) => return Err(Refusal::Broken(format!("`{section}` is no object"))),
    }
    Ok(all)
}

fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        ..ParseOptions::default()
    }
}

fn json(text: &str, section: &str, name: &str, entry: Option<&Value>) -> Result<String, Refusal> {
    let root = CstRootNode::parse(text, &options()).map_err(|error| Refusal::Broken(error.to_string()))?;
    let is_new = root.value().is_none();
    let whole = root.object_value_or_set();
    let servers = whole.object_value_or_set(section);
    match (servers.get(name), entry) {
        (Some(there), Some(entry)) => there.set_value(input(entry)),
        (None, Some(entry)) => drop(servers.append(name, input(entry))),
        (Some(there), None) => there.remove(),
        (None, None) => {}
    }
    let mut edited = root.to_string();
    if is_new && !edited.ends_with('\n') {
        edited.push('\n');
    }
    Ok(edited)
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(members) => {
            CstInputValue::Object(members.iter().map(|(name, value)| (name.clone(), input(value))).collect())
        }
    }
}

fn toml(text: &str, section: &str, name: &str, entry: Option<&Value>) -> Result<String, Refusal> {
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| Refusal::Broken(error.to_string()))?;
    let servers = document.entry(section).or_insert_with(|| {
        let mut table = Table::new();
        // Only the tables in it need a heading.
        table.set_implicit(true);
        Item::Table(table)
    });
    let servers = servers.as_table_like_mut().ok_or(Refusal::Doubtful)?;
    match entry {
        Some(Value::Object(members)) => {
            let mut table = Table::new();
            for (key, value) in members {
                table.insert(key, Item::Value(toml_value(value).ok_or(Refusal::Doubtful)?));
            }
            // What stood there keeps its place and the comment above it.
            match servers.get_mut(name).and_then(Item::as_table_mut) {
                Some(there) => {
                    there.clear();
                    for (key, value) in &table {
                        there.insert(key, value.clone());
                    }
                }
                None => drop(servers.insert(name, Item::Table(table))),
            }
        }
        Some(_) => return Err(Refusal::Doubtful),
        None => drop(servers.remove(name)),
    }
    Ok(document.to_string())
}

fn toml_value(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => number.as_i64().map(Into::into).or_else(|| number.as_f64().map(Into::into))?,
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(toml_value).collect::<Option<toml_edit::Array>>()?.into(),
        Value::Object(members) => {
            let mut table = toml_edit::InlineTable::new();
            for (key, value) in members {
                table.insert(key, toml_value(value)?);
            }
            table.into()
        }
    })
}

fn of_table(table: &dyn toml_edit::TableLike) -> Value {
    Value::Object(table.iter().map(|(key, item)| (key.to_owned(), of_item(item))).collect())
}

fn of_item(item: &Item) -> Value {
    match item {
        Item::None => Value::Null,
        Item::Value(value) => of_value(value),
        Item::Table(table) => of_table(table),
        Item::ArrayOfTables(tables) => tables.iter().map(|table| of_table(table)).collect(),
    }
}

fn of_value(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(text) => text.value().as_str().into(),
        toml_edit::Value::Integer(number) => (*number.value()).into(),
        toml_edit::Value::Float(number) => (*number.value()).into(),
        toml_edit::Value::Boolean(value) => (*value.value()).into(),
        toml_edit::Value::Datetime(time) => time.value().to_string().into(),
        toml_edit::Value::Array(items) => items.iter().map(of_value).collect(),
        toml_edit::Value::InlineTable(table) => of_table(table),
    }
}
