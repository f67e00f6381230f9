//! What a server says when it refuses a request: the `WWW-Authenticate` header of RFC 6750, RFC 9728 and RFC 9449. Floor 6.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// More scopes than these, or longer ones, are no honest request.
const MOST_SCOPES: usize = 100;
const LONGEST_SCOPE: usize = 256;

/// What a server asks for, of all its challenges together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Demand {
    /// Where the protected resource metadata is (RFC 9728 section 5.1).
    pub(super) metadata: Option<String>,
    /// The scopes that the request needs.
    pub(super) scopes: Option<Vec<String>>,
    /// The error of RFC 6750 or RFC 9449.
    pub(super) error: Option<String>,
    /// Whether it takes tokens that are bound to a key, and no others.
    pub(super) only_dpop: bool,
}

impl Demand {
    /// Reads the headers of an answer. What cannot be read counts as not there.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut demand = Self::default();
        let (mut bearer, mut dpop) = (false, false);
        let values = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        for challenge in values.filter_map(|value| http_auth::parse_challenges(value).ok()).flatten() {
            let is_dpop = challenge.scheme.eq_ignore_ascii_case("DPoP");
            let is_bearer = challenge.scheme.eq_ignore_ascii_case("Bearer");
            if !is_dpop && !is_bearer {
                continue;
            }
            bearer |= is_bearer;
            dpop |= is_dpop;
            for (name, value) in &challenge.params {
                let value = value.to_unescaped();
                match name.to_ascii_lowercase().as_str() {
                    "resource_metadata" => demand.metadata = demand.metadata.or(Some(value)),
                    "scope" => demand.scopes = demand.scopes.or_else(|| Some(scopes(&value))),
                    "error" => demand.error = demand.error.or(Some(value)),
                    _ => {}
                }
            }
        }
        demand.only_dpop = dpop && !bearer;
        demand
    }

    pub(super) fn is(&self, error: &str) -> bool {
        self.error.as_deref() == Some(error)
    }
}

/// The scopes of a list with spaces between them, as far as they are any (RFC 6749 section 3.3).
pub(super) fn scopes(list: &str) -> Vec<String> {
    sound(list.split(' '))
}

/// Those that are scopes, each once, in their order.
pub(super) fn sound<'s>(list: impl IntoIterator<Item = &'s str>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for scope in list {
        let is_scope = !scope.is_empty()
            && scope.len() <= LONGEST_SCOPE
            && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        if is_scope && kept.len() < MOST_SCOPES && !kept.iter().any(|known| known == scope) {
            kept.push(scope.to_owned());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(values: &[&str]) -> Demand {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(value).unwrap());
        }
        Demand::read(&headers)
    }

    #[test]
    fn parameters_are_found_among_several_challenges() {
        let expected = Demand {
            metadata: Some("https://a/b".to_owned()),
            scopes: Some(vec!["a".to_owned(), "b:c".to_owned()]),
            error: Some("insufficient_scope".to_owned()),
            only_dpop: false,
        };
        let one =
            r#"Basic realm="x, y", Bearer error="insufficient_scope", scope="a b:c", resource_metadata="https://a/b""#;
        assert_eq!(read(&[one]), expected);
        let mixed = r#"bearer Error=insufficient_scope,SCOPE="a  b:c a",resource_metadata="https://a\/b""#;
        assert_eq!(read(&["Negotiate", mixed]), expected);
    }

    #[test]
    fn a_server_that_takes_bound_tokens_alone_is_noticed() {
        assert!(read(&[r#"DPoP resource_metadata="https://a/b", algs="ES256""#]).only_dpop);
        assert!(!read(&["DPoP algs=\"ES256\"", "Bearer realm=\"x\""]).only_dpop);
        assert!(!read(&["Bearer realm=\"x\""]).only_dpop);
    }

    #[test]
    fn nonsense_counts_as_nothing() {
        for value in ["", "Bearer \"", "=", "Bearer scope=\"", ",,,", "Basic realm=\"x\""] {
            assert_eq!(read(&[value]), Demand::default(), "{value}");
        }
        let long = format!("Bearer scope=\"{} \u{7}\"", "a ".repeat(10).replace('a', &"x".repeat(300)));
        assert!(HeaderValue::from_str(&long).is_err());
        let many: String = (0..1000).map(|n| n.to_string() + " ").collect();
        assert_eq!(read(&[&format!("Bearer scope=\"{many}\"")]).scopes.unwrap().len(), MOST_SCOPES);
        assert_eq!(scopes(&format!("{} ok quo\"te", "x".repeat(300))), ["ok"]);
    }
}
