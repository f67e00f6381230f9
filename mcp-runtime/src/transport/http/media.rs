//! What a request brings and what its client takes: `Content-Type` and `Accept`. Knows nothing of what is in a body. Floor 5.

use http::StatusCode;
use http::header::ACCEPT;

use super::encoding::weight;
use super::fields::{Field, Fields};
use super::guard::{Refusal, text};
use crate::error::quoted;

/// Whether the body says that it is JSON.
///
/// # Errors
/// 415 if it says something else, or nothing. Pages can send some other types without asking the server first, so a type
/// that is missing is not taken for JSON.
pub(super) fn check_content_type(field: Field<'_>) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    let Some(value) = field.first else {
        return refuse("the request has no `Content-Type`; send `application/json`".to_owned());
    };
    if field.is_repeated {
        return refuse("the request has more than one `Content-Type` header; send `application/json` once".to_owned());
    }
    // What nearly every client sends needs no taking apart.
    if value == "application/json" {
        return Ok(());
    }
    let text = text(value);
    let mut parts = split(&text, ';');
    if !parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        return refuse(format!("the body must be `application/json`, not {}", quoted(&text)));
    }
    for parameter in parts {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        let charset = value.trim().trim_matches('"');
        // RFC 8259, 8.1: JSON is UTF-8.
        let is_utf8 = charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8");
        if name.trim().eq_ignore_ascii_case("charset") && !is_utf8 {
            return refuse(format!("JSON must be UTF-8, not {}", quoted(charset)));
        }
    }
    Ok(())
}

/// What nearly every client says that it takes.
const USUAL: &str = "application/json, text/event-stream";

/// Which kinds of answer a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) json: bool,
    pub(crate) event_stream: bool,
}

/// Reads `Accept`; a client that does not send it takes everything.
pub(super) fn accepted(fields: &Fields<'_>) -> Accepted {
    // What nearly every client sends needs no taking apart.
    if let Field { first: Some(only), is_repeated: false } = fields.accept
        && only == USUAL
    {
        return Accepted { json: true, event_stream: true };
    }
    let mut is_silent = true;
    let mut json = Taken::default();
    let mut event_stream = Taken::default();
    for value in fields.all(ACCEPT) {
        for item in split(value.to_str().unwrap_or_default(), ',').filter(|item| !item.is_empty()) {
            is_silent = false;
            let mut parts = split(item, ';');
            let range = parts.next().unwrap_or_default();
            let Some(weight) = weight(parts) else { continue };
            json.consider(range, weight, "application", "json");
            event_stream.consider(range, weight, "text", "event-stream");
        }
    }
    Accepted { json: is_silent || json.weight > 0.0, event_stream: is_silent || event_stream.weight > 0.0 }
}

/// What the most precise range so far says of one type: RFC 9110, 12.5.1 has it win, whatever the others say.
#[derive(Default)]
struct Taken {
    precision: u8,
    weight: f32,
}

impl Taken {
    fn consider(&mut self, range: &str, weight: f32, kind: &str, subtype: &str) {
        let Some((range_kind, range_subtype)) = range.split_once('/') else { return };
        let precision = match (range_kind, range_subtype) {
            ("*", "*") => 1,
            (range_kind, "*") if range_kind.eq_ignore_ascii_case(kind) => 2,
            _ if range_kind.eq_ignore_ascii_case(kind) && range_subtype.eq_ignore_ascii_case(subtype) => 3,
            _ => return,
        };
        if precision > self.precision {
            *self = Self { precision, weight };
        } else if precision == self.precision {
            self.weight = self.weight.max(weight);
        }
    }
}

/// The trimmed parts between separators that do not stand in a quoted string.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |c| {
        if is_escaped {
            is_escaped = false;
        } else if is_quoted && c == '\\' {
            is_escaped = true;
        } else if c == '"' {
            is_quoted = !is_quoted;
        } else {
            return c == separator && !is_quoted;
        }
        false
    })
    .map(str::trim)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn check(lines: &[(&'static str, &str)]) -> Result<(), Refusal> {
        check_content_type(Fields::of(&headers(lines)).content_type)
    }

    #[test]
    fn only_json_in_utf8_is_taken() {
        for value in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; profile=\"a;charset=latin1\"",
            "application/json;",
        ] {
            assert_eq!(check(&[("content-type", value)]), Ok(()), "{value}");
        }
        for value in [
            "",
            "text/plain",
            "application/jsonx",
            "application/json, text/plain",
            "application/json; charset=latin1",
            "text/plain; x=application/json",
        ] {
            let refusal = check(&[("content-type", value)]).unwrap_err();
            assert_eq!(refusal.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{value}");
        }
        assert!(check(&[]).is_err());
        let twice = [("content-type", "application/json"), ("content-type", "application/json")];
        assert!(check(&twice).is_err());
    }

    #[test]
    fn the_most_precise_range_says_what_is_accepted() {
        let cases: [(&[&str], bool, bool); 14] = [
            (&[], true, true),
            (&[""], true, true),
            (&["application/json, text/event-stream"], true, true),
            (&["application/json", "text/event-stream"], true, true),
            (&["*/*"], true, true),
            (&["application/*"], true, false),
            (&["text/*;q=0.1"], false, true),
            (&["Application/JSON;charset=utf-8"], true, false),
            (&["application/json;q=0, */*"], false, true),
            (&["*/*;q=0, text/event-stream;q=0.001"], false, true),
            (&["application/json;q=0.0;x=y"], false, false),
            (&["text/html"], false, false),
            (&["text/html;x=\", application/json\""], false, false),
            (&["nonsense, application/json;q=high, text/event-stream"], false, true),
        ];
        for (lines, json, event_stream) in cases {
            let lines: Vec<_> = lines.iter().map(|line| ("accept", *line)).collect();
            assert_eq!(accepted(&Fields::of(&headers(&lines))), Accepted { json, event_stream }, "{lines:?}");
        }
    }
}
