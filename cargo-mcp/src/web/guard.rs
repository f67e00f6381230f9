//! Who may use the page: a request must be for the loopback interface, must not come from another site's page, and must
//! know the token. The first two keep out pages that point a name of their own at 127.0.0.1 (DNS rebinding).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::http::request::Parts;
use subtle::ConstantTimeEq as _;

use crate::error::Failure;

/// Random bytes in the token: 192 bits.
const TOKEN: usize = 24;
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) struct Guard {
    token: String,
    port: u16,
}

impl Guard {
    pub(super) fn new(port: u16) -> Result<Self, Failure> {
        let mut random = [0; TOKEN];
        getrandom::fill(&mut random)
            .map_err(|error| Failure::own("the system gives no random numbers").cause(error))?;
        Ok(Self { token: URL_SAFE_NO_PAD.encode(random), port })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.port, self.token)
    }

    /// The part of the path behind the token, or why the request is turned away.
    pub(super) fn check<'r>(&self, request: &'r Parts) -> Result<&'r str, &'static str> {
        let host = only(&request.headers, &HOST).filter(|host| self.is_ours(host));
        let target = request.uri.authority().map(hyper::http::uri::Authority::as_str);
        if host.is_none() || target.is_some_and(|target| !self.is_ours(target)) {
            return Err("this is served at 127.0.0.1 alone: open the address that cargo mcp printed");
        }
        // A page's own requests have its origin; what a person opens has none.
        if request.headers.contains_key(ORIGIN) {
            let origin = only(&request.headers, &ORIGIN).and_then(|origin| origin.strip_prefix("http://"));
            if !origin.is_some_and(|origin| self.is_ours(origin)) {
                return Err("other sites may not use this page");
            }
        }
        let path = request.uri.path();
        let (token, rest) = path.strip_prefix('/').and_then(|path| path.split_once('/')).unwrap_or_default();
        if !bool::from(token.as_bytes().ct_eq(self.token.as_bytes())) {
            return Err("the address lacks the token: open the address that cargo mcp printed");
        }
        // A terminal that is itself a page may lead to this one; what this page loads it asks for itself. A browser that says
        // nothing about it is judged by the rest.
        let site = only(&request.headers, &FETCH_SITE);
        if request.headers.contains_key(FETCH_SITE) && site != Some("same-origin") && !rest.is_empty() {
            return Err("other sites may not use this page");
        }
        Ok(rest)
    }

    /// Whether an authority names this very server.
    fn is_ours(&self, authority: &str) -> bool {
        // Browsers leave out the port that HTTP has anyway.
        let (name, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
        (name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")) && port == self.port.to_string()
    }
}

/// The only header of this name, if it is text.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn check(guard: &Guard, uri: &str, headers: &[(&str, &str)]) -> Result<String, &'static str> {
        let builder = headers.iter().fold(Request::get(uri), |builder, (name, value)| builder.header(*name, *value));
        let (parts, ()) = builder.body(()).expect("a request").into_parts();
        guard.check(&parts).map(str::to_owned)
    }

    #[test]
    fn only_our_own_page_with_its_token_gets_in() {
        let guard = Guard::new(4000).expect("a guard");
        let path = |rest: &str| format!("/{}/{rest}", guard.token);
        let host = ("host", "127.0.0.1:4000");
        for (headers, rest) in [
            (vec![host], ""),
            (vec![("host", "LOCALHOST:4000")], "surface"),
            (vec![host, ("origin", "http://127.0.0.1:4000"), ("sec-fetch-site", "same-origin")], "call"),
            (vec![host, ("sec-fetch-site", "none")], ""),
            (vec![host, ("sec-fetch-site", "cross-site")], ""),
        ] {
            assert_eq!(check(&guard, &path(rest), &headers).as_deref(), Ok(rest), "{headers:?}");
        }
        for headers in [
            vec![],
            vec![host, host],
            vec![("host", "127.0.0.1")],
            vec![("host", "127.0.0.1:4001")],
            vec![("host", "evil.example:4000")],
            vec![("host", "127.0.0.1.evil.example:4000")],
            vec![host, ("origin", "null")],
            vec![host, ("origin", "")],
            vec![host, ("origin", "https://127.0.0.1:4000")],
            vec![host, ("origin", "http://evil.example")],
            vec![host, ("origin", "http://127.0.0.1:4000"), ("origin", "http://127.0.0.1:4000")],
        ] {
            assert!(check(&guard, &path(""), &headers).is_err(), "{headers:?}");
        }
        for site in ["cross-site", "same-site", "none"] {
            assert!(check(&guard, &path("surface"), &[host, ("sec-fetch-site", site)]).is_err(), "{site}");
        }
        assert!(check(&guard, &format!("http://evil.example{}", path("")), &[host]).is_err(), "the target counts too");
        for path in ["/", "//", "/surface", &path("").to_lowercase(), &format!("/{}", guard.token), "/x/"] {
            assert!(check(&guard, path, &[host]).is_err(), "{path}");
        }
    }

    #[test]
    fn every_token_is_another_one() {
        let tokens: std::collections::BTreeSet<_> = (0..100)
            .map(|_| Guard::new(1).expect("a guard").token)
            .inspect(|token| assert_eq!(token.len(), 32))
            .collect();
        assert_eq!(tokens.len(), 100);
    }
}
