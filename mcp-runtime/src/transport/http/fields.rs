//! The headers that every request is judged by, found in one pass over all that it has. What they mean is not decided here.
//! Floor 5.

use http::StatusCode;
use http::header::{GetAll, HeaderMap, HeaderName, HeaderValue};

use super::guard::Refusal;

/// The headers that are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'h> {
    all: &'h HeaderMap,
    pub(super) host: Field<'h>,
    pub(super) origin: Field<'h>,
    pub(super) content_type: Field<'h>,
    pub(super) content_encoding: Field<'h>,
    pub(super) accept: Field<'h>,
    pub(super) accept_encoding: Field<'h>,
    pub(super) session: Field<'h>,
    pub(super) version: Field<'h>,
}

/// What stands under one name.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Field<'h> {
    pub(super) first: Option<&'h HeaderValue>,
    pub(super) is_repeated: bool,
}

impl<'h> Fields<'h> {
    pub(super) fn of(all: &'h HeaderMap) -> Self {
        let none = Field::default();
        let mut fields = Self {
            all,
            host: none,
            origin: none,
            content_type: none,
            content_encoding: none,
            accept: none,
            accept_encoding: none,
            session: none,
            version: none,
        };
        for (name, value) in all {
            let field = match name.as_str() {
                "host" => &mut fields.host,
                "origin" => &mut fields.origin,
                "content-type" => &mut fields.content_type,
                "content-encoding" => &mut fields.content_encoding,
                "accept" => &mut fields.accept,
                "accept-encoding" => &mut fields.accept_encoding,
                "mcp-session-id" => &mut fields.session,
                "mcp-protocol-version" => &mut fields.version,
                _ => continue,
            };
            match field.first {
                None => field.first = Some(value),
                Some(_) => field.is_repeated = true,
            }
        }
        fields
    }

    /// All that stands under a name.
    pub(super) fn all(&self, name: HeaderName) -> GetAll<'h, HeaderValue> {
        self.all.get_all(name)
    }
}

impl<'h> Field<'h> {
    /// The only one of this name.
    ///
    /// # Errors
    /// 400 where there are more.
    pub(super) fn only(self, name: &HeaderName) -> Result<Option<&'h HeaderValue>, Refusal> {
        if self.is_repeated {
            let message = format!("the request has more than one `{name}` header; send it once");
            return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
        }
        Ok(self.first)
    }
}
