//! Whether the arguments as a whole are what the tool's schema wants, before anything is sent. A schema that makes no sense
//! keeps nobody from calling, nor does one that takes forever to judge by: then the server is the judge.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use mcp_runtime::__private::nearest;
use mcp_runtime::model::{JsonObject, Tool};
use serde_json::Value;

use super::place;
use crate::error::Failure;
use crate::print::visible;
use crate::signature;

/// The longest value that a message shows.
const LONGEST: usize = 60;

/// How long the judgement may take. A schema whose branches lead to each other can need more time than there is.
const PATIENCE: Duration = Duration::from_secs(1);

/// Refuses arguments that the schema refuses, with the flag that is to blame.
pub(super) fn judge(tool: &Tool, arguments: &JsonObject) -> Result<(), Failure> {
    let (done, judged) = mpsc::channel();
    let (tool, arguments) = (tool.clone(), arguments.clone());
    // It cannot be stopped; it ends with the process.
    thread::spawn(move || done.send(refusal(&tool, arguments)));
    match judged.recv_timeout(PATIENCE) {
        Ok(Some(failure)) => Err(failure),
        _ => Ok(()),
    }
}

fn refusal(tool: &Tool, arguments: JsonObject) -> Option<Failure> {
    let schema = Value::Object(tool.input_schema.clone());
    let validator = jsonschema::options().build(&schema).ok()?;
    let arguments = Value::Object(arguments);
    let first = validator.iter_errors(&arguments).next().filter(|error| !cannot_tell(error))?;
    let (message, nearest) = told(tool, &first);
    let signature = signature::of(tool);
    let hint = nearest.map(|nearest| format!("  did you mean `{}`?\n  {signature}", visible(&nearest)));
    Some(Failure::usage(message).hint(hint.unwrap_or_else(|| format!("  {signature}"))))
}

/// Whether it is the check that failed, and not what was checked.
fn cannot_tell(error: &ValidationError<'_>) -> bool {
    matches!(
        error.kind(),
        ValidationErrorKind::BacktrackLimitExceeded { .. }
            | ValidationErrorKind::RegexEngineFailure { .. }
            | ValidationErrorKind::Referencing(_)
    )
}

/// What is wrong, and the name that was meant where there is one like it.
fn told(tool: &Tool, error: &ValidationError<'_>) -> (String, Option<String>) {
    if let ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } = error.kind() {
        // Where all branches but one are for values of another type, that one says what is wrong.
        let is_meant = |branch: &&Vec<ValidationError<'static>>| {
            !branch.iter().any(|inner| {
                matches!(inner.kind(), ValidationErrorKind::Type { .. })
                    && inner.instance_path().as_str() == error.instance_path().as_str()
            })
        };
        let mut meant = context.iter().filter(is_meant);
        if let (Some(branch), None) = (meant.next(), meant.next())
            && let Some(inner) = branch.first()
        {
            return told(tool, inner);
        }
    }
    let path = error.instance_path().to_string();
    let below = |name: &str| flag(&format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")));
    let got = shortened(&error.instance().to_string());
    let at = flag(&path);
    let message = match error.kind() {
        ValidationErrorKind::Required { property } => {
            return (format!("missing {}", below(property.as_str().unwrap_or_default())), None);
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let shown = below(unexpected.first().map(String::as_str).unwrap_or_default());
            let known: Vec<String> = place::flags(&tool.input_schema).iter().map(|flag| flag.place.name()).collect();
            let nearest = nearest(shown.trim_start_matches('-'), known.iter().map(String::as_str));
            return (format!("{} has no argument {shown}", visible(&tool.name)), nearest.map(str::to_owned));
        }
        ValidationErrorKind::Type { kind } => {
            let names = match kind {
                TypeKind::Single(kind) => kind.to_string(),
                TypeKind::Multiple(kinds) => kinds.iter().map(|kind| kind.to_string()).collect::<Vec<_>>().join(" or "),
            };
            format!("expected {names}, got {got}")
        }
        ValidationErrorKind::Pattern { pattern } => {
            format!("expected a text that matches {}, got {got}", visible(pattern))
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<_> =
                options.as_array().into_iter().flatten().map(|one| visible(&one.to_string())).collect();
            format!("expected one of {}, got {got}", options.join(", "))
        }
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("expected more than {limit}, got {got}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("expected less than {limit}, got {got}"),
        ValidationErrorKind::Minimum { limit } => format!("expected at least {limit}, got {got}"),
        ValidationErrorKind::Maximum { limit } => format!("expected at most {limit}, got {got}"),
        _ => visible(&error.masked_with(got).to_string()),
    };
    (format!("{at}: {message}"), None)
}

/// A JSON pointer as the flag that gives the value: `/filter/tags/0` is `--filter.tags[0]`.
fn flag(pointer: &str) -> String {
    if pointer.is_empty() {
        return "the arguments".to_owned();
    }
    let mut text = "--".to_owned();
    for (index, step) in pointer.split('/').skip(1).enumerate() {
        let step = step.replace("~1", "/").replace("~0", "~");
        if index > 0 && step.bytes().all(|byte| byte.is_ascii_digit()) {
            text.extend(["[", &step, "]"]);
        } else {
            text.extend([if index > 0 { "." } else { "" }, &visible(&step)]);
        }
    }
    text
}

fn shortened(json: &str) -> String {
    let json = visible(json);
    match json.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", json.get(..end).unwrap_or_default()),
        None => json,
    }
}
