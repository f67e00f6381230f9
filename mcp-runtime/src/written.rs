//! The result of a tool as JSON, written by hand: the one serialization that every call pays for. Floor 1.

use serde::Serialize;

use crate::escape::write_string;
use crate::message::blank_breaks;
use crate::model::{CallToolResult, ContentBlock, Mirror, TextContent};

impl CallToolResult {
    /// Appends what `Serialize` makes of it, in a third of the time where it is text, and in one line. A text that is structured
    /// content as well is written in both places, of which `Serialize` knows nothing.
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let Self { content, structured_content: _, is_error, result_type, meta, mirror } = self;
        out.reserve(self.weight());
        out.extend_from_slice(br#"{"content":["#);
        for (index, block) in content.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            if let ContentBlock::Text(TextContent { text, annotations: None, meta: None }) = block {
                out.extend_from_slice(br#"{"type":"text","text":"#);
                write_string(out, text);
                out.push(b'}');
            } else {
                serde_json::to_writer(&mut *out, block)?;
            }
        }
        out.push(b']');
        let start = out.len();
        if let Some(json) = self.structured_text() {
            out.extend_from_slice(br#","structuredContent":"#);
            let is_wrapped = *mirror == Mirror::Wrapped;
            if is_wrapped {
                out.extend_from_slice(br#"{"result":"#);
            }
            out.extend_from_slice(json.as_bytes());
            if is_wrapped {
                out.push(b'}');
            }
            // Somebody may have laid it out by hand.
            blank_breaks(out, start);
        }
        member(out, br#","isError":"#, is_error.as_ref())?;
        member(out, br#","resultType":"#, result_type.as_ref())?;
        member(out, br#","_meta":"#, meta.as_ref())?;
        out.push(b'}');
        Ok(())
    }

    /// About how many bytes it comes to, so that a buffer grows once. A quarter of a text is left for what must be escaped: in
    /// JSON as text that is every quote.
    fn weight(&self) -> usize {
        let texts = self.content.iter().map(|block| match block {
            ContentBlock::Text(TextContent { text, .. }) => BLOCK + text.len() + text.len() / 4,
            _ => BLOCK,
        });
        texts.sum::<usize>() + self.structured_text().map_or(0, str::len)
    }
}

/// What a block of content takes beside its text.
const BLOCK: usize = 64;

fn member(out: &mut Vec<u8>, name: &[u8], value: Option<&impl Serialize>) -> serde_json::Result<()> {
    let Some(value) = value else { return Ok(()) };
    out.extend_from_slice(name);
    serde_json::to_writer(out, value)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use serde_json::{Map, json};

    use super::*;
    use crate::model::{Annotations, ImageContent, ResultType, Role};

    #[test]
    fn it_is_what_serialize_makes_of_it() -> Result<(), Box<dyn std::error::Error>> {
        let mut annotated = TextContent::new("for you");
        annotated.annotations = Some(Annotations::default().audience(vec![Role::User]));
        let blocks = [
            ContentBlock::text("with \"quotes\", \\ and \n breaks, \u{1} and ä"),
            ContentBlock::Text(annotated),
            ContentBlock::Image(ImageContent::new(b"png", "image/png")),
        ];
        let raw = |json: &str| RawValue::from_string(json.to_owned()).map(Some);
        for blocks in [&blocks[..0], &blocks[..1], &blocks[..]] {
            for structured_content in [None, raw("{\"a\":[1, 2]}")?, raw("{\n\"a\":\r\n[]}")?] {
                for is_error in [None, Some(true), Some(false)] {
                    for result_type in [None, Some(ResultType::Complete)] {
                        for meta in [None, Some(Map::from_iter([("k".to_owned(), json!("v"))]))] {
                            let result = CallToolResult {
                                content: blocks.to_vec(),
                                structured_content: structured_content.clone(),
                                is_error,
                                result_type: result_type.clone(),
                                meta,
                                mirror: Mirror::None,
                            };
                            let mut out = Vec::new();
                            result.write(&mut out)?;
                            let expected = serde_json::to_string(&result)?.replace(['\n', '\r'], " ");
                            assert_eq!(String::from_utf8(out)?, expected);
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
