//! A form, field by field. Before anything is sent the user sees all of it and can still say no.

use mcp_runtime::model::{ElicitRequestFormParams, ElicitResult, JsonObject};

use super::field::{Question, plain};
use super::lines::Lines;
use crate::print::{Console, visible, visible_lines};

const DECLINE: &str = "!decline";
const CANCEL: &str = "!cancel";

/// How the user leaves a form, or does not.
enum Step<T> {
    On(T),
    Decline,
    Cancel,
}

/// What is asked, on one line, and the fields, if there are any.
pub(super) fn told(form: &ElicitRequestFormParams) -> (String, Option<String>) {
    let fields: Vec<_> = questions(form).iter().map(Question::summary).collect();
    (form.message.clone(), (!fields.is_empty()).then(|| fields.join(", ")))
}

fn questions(form: &ElicitRequestFormParams) -> Vec<Question<'_>> {
    let required = form.requested_schema.required.as_deref().unwrap_or_default();
    let fields = form.requested_schema.properties.0.iter();
    fields.map(|(name, field)| Question::new(name, field, required.contains(name))).collect()
}

/// Has the user fill in a form.
pub(super) async fn fill_in(form: &ElicitRequestFormParams, lines: &mut Lines, console: &Console) -> ElicitResult {
    console.end_progress();
    console.say(&format!("The server asks: {}", visible_lines(&form.message)), "\n");
    console.say(&format!("(`{DECLINE}` says no, `{CANCEL}` or the end of input turns away)"), "\n");
    loop {
        let answers = match all(form, lines, console).await {
            Step::On(answers) => answers,
            Step::Decline => return ElicitResult::decline(),
            Step::Cancel => return ElicitResult::cancel(),
        };
        for (name, value) in &answers {
            console.say(&format!("  {} = {}", visible(name), visible(&plain(value))), "\n");
        }
        let again = if answers.is_empty() { "" } else { ", (a)gain" };
        let Some(line) = lines.ask(&format!("Send this? (y)es{again}, (n)o, (c)ancel [y]> "), console).await else {
            return ElicitResult::cancel();
        };
        match line.trim().to_ascii_lowercase().as_str() {
            "" | "y" | "yes" => return ElicitResult::accept(answers),
            "n" | "no" | DECLINE => return ElicitResult::decline(),
            "c" | "cancel" | CANCEL => return ElicitResult::cancel(),
            _ => {}
        }
    }
}

async fn all(form: &ElicitRequestFormParams, lines: &mut Lines, console: &Console) -> Step<JsonObject> {
    let mut answers = JsonObject::new();
    for ((name, _), question) in form.requested_schema.properties.0.iter().zip(questions(form)) {
        match one(&question, lines, console).await {
            Step::On(Some(value)) => drop(answers.insert(name.clone(), value)),
            Step::On(None) => {}
            Step::Decline => return Step::Decline,
            Step::Cancel => return Step::Cancel,
        }
    }
    Step::On(answers)
}

/// Asks until the answer fits. An empty line takes the default, or leaves out what may be left out.
async fn one(question: &Question<'_>, lines: &mut Lines, console: &Console) -> Step<Option<serde_json::Value>> {
    loop {
        let Some(line) = lines.ask(&question.prompt(), console).await else { return Step::Cancel };
        match line.trim() {
            DECLINE => return Step::Decline,
            CANCEL => return Step::Cancel,
            "" if question.default().is_some() => return Step::On(question.default()),
            "" if !question.is_required => return Step::On(None),
            "" => console.say("  it must be answered", "\n"),
            line => match question.read(line) {
                Ok(value) => return Step::On(Some(value)),
                Err(reason) => console.say(&format!("  {reason}"), "\n"),
            },
        }
    }
}
