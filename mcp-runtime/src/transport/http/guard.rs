//! Who may reach the server: `Host` and `Origin`, which keep web pages from reaching a server on the same machine by DNS
//! rebinding. What a request brings and takes is `media`. Floor 5.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use http::header::{HOST, HeaderValue, ORIGIN};
use http::{StatusCode, Uri};

use super::fields::Fields;
use crate::error::quoted;

/// Which names a client may use for this server, and which web pages may call it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    hosts: Vec<String>,
    origins: Vec<String>,
    /// What the first `Host` header said that was let in, by itself: nearly all say the same.
    usual: OnceLock<Box<[u8]>>,
}

/// Longer names are not kept.
const KEPT: usize = 255;

/// Why a request was turned away before anybody looked into it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl Guard {
    /// Lets clients use this name as well: `mcp.example.com`, with `:port` to bind it to a port, or `*` for any name.
    pub(crate) fn allow_host(&mut self, name: &str) {
        self.hosts.push(name.trim().to_owned());
    }

    /// Lets pages of this origin call the server: `https://app.example.com`, or `*` for any origin.
    pub(crate) fn allow_origin(&mut self, origin: &str) {
        self.origins.push(origin.trim().to_owned());
    }

    /// Whether a request with these headers is meant for this server and comes from where it may come from.
    ///
    /// # Errors
    /// 400 where the headers make no sense, 403 where they name somebody else.
    pub(super) fn check(&self, fields: &Fields<'_>, uri: &Uri) -> Result<(), Refusal> {
        self.check_host(fields, uri)?;
        self.check_origin(fields)
    }

    fn check_host(&self, fields: &Fields<'_>, uri: &Uri) -> Result<(), Refusal> {
        let Some(value) = fields.host.only(&HOST)? else {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "the request has no `Host` header"));
        };
        let stands_alone = uri.authority().is_none() && value.len() <= KEPT;
        if stands_alone && self.usual.get().is_some_and(|usual| **usual == *value.as_bytes()) {
            return Ok(());
        }
        let text = text(value);
        let Some(name) = Name::parse(&text) else {
            let message = format!("the `Host` header is no name of a host: {}", quoted(&text));
            return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
        };
        if let Some(authority) = uri.authority() {
            // RFC 9112, 3.2.2: the target's authority counts, so a `Host` that differs is a mistake or an attack.
            let usual = uri.scheme_str().and_then(usual_port);
            let agrees = Name::parse(authority.as_str())
                .is_some_and(|target| target.host == name.host && target.port.or(usual) == name.port.or(usual));
            if !agrees {
                let target = quoted(authority.as_str());
                let message = format!("the request is for {target} but its `Host` header says {}", quoted(&text));
                return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
            }
        }
        if name.is_loopback() || self.hosts.iter().any(|allowed| allowed == "*" || name.is(allowed)) {
            if stands_alone {
                self.usual.get_or_init(|| value.as_bytes().into());
            }
            return Ok(());
        }
        let message = format!(
            "{} is not among the names of this server; allow it with `--allow-host NAME` or `HttpOptions::allow_host`",
            quoted(&text)
        );
        Err(Refusal::new(StatusCode::FORBIDDEN, message))
    }

    fn check_origin(&self, fields: &Fields<'_>) -> Result<(), Refusal> {
        let Some(value) = fields.origin.only(&ORIGIN)? else { return Ok(()) };
        let text = text(value);
        let origin = Origin::parse(&text);
        let is_allowed = origin.as_ref().is_some_and(Origin::is_loopback)
            || self.origins.iter().any(|allowed| {
                allowed == "*" || origin.as_ref().is_some_and(|origin| Origin::parse(allowed).as_ref() == Some(origin))
            });
        if is_allowed {
            return Ok(());
        }
        let message = format!(
            "{} is not among the origins of this server; allow it with `--allow-origin ORIGIN` or \
             `HttpOptions::allow_origin`",
            quoted(&text)
        );
        Err(Refusal::new(StatusCode::FORBIDDEN, message))
    }
}

pub(super) fn text(value: &HeaderValue) -> Cow<'_, str> {
    match String::from_utf8_lossy(value.as_bytes()) {
        Cow::Borrowed(text) => text.trim().into(),
        Cow::Owned(text) => text.trim().to_owned().into(),
    }
}

/// A host and perhaps a port, in one way of writing.
#[derive(Debug, PartialEq, Eq)]
struct Name<'a> {
    host: Cow<'a, str>,
    port: Option<u16>,
}

impl<'a> Name<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']')?;
                (format!("[{}]", address.parse::<Ipv6Addr>().ok()?).into(), port)
            }
            None => {
                let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
                let host = host.strip_suffix('.').unwrap_or(host);
                let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&byte);
                if host.is_empty() || !host.bytes().all(is_name_byte) {
                    return None;
                }
                let is_lower = !host.bytes().any(|byte| byte.is_ascii_uppercase());
                (if is_lower { Cow::Borrowed(host) } else { host.to_ascii_lowercase().into() }, port)
            }
        };
        let port = match port.strip_prefix(':') {
            // RFC 3986, 3.2.3: a port may be empty.
            Some("") => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            None if port.is_empty() => None,
            _ => return None,
        };
        Some(Self { host, port })
    }

    /// Whether nobody but this machine can be meant.
    fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host == "[::1]"
            || self.host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
    }

    fn is(&self, allowed: &str) -> bool {
        let bracketed = allowed.parse::<Ipv6Addr>().map(|address| format!("[{address}]"));
        let Some(allowed) = Name::parse(bracketed.as_deref().unwrap_or(allowed)) else { return false };
        let fits_port = match (allowed.port, self.port) {
            (None, _) => true,
            // Clients leave out the usual port, and behind a proxy that ends TLS nobody here knows which one that is.
            (Some(port), None) => matches!(port, 80 | 443),
            (Some(port), Some(named)) => port == named,
        };
        allowed.host == self.host && fits_port
    }
}

/// Where a page comes from, in one way of writing.
#[derive(Debug, PartialEq, Eq)]
struct Origin<'a> {
    scheme: String,
    name: Name<'a>,
}

impl<'a> Origin<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        if scheme.is_empty() || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        // People copy origins from an address bar, which ends them with a slash.
        let mut name = Name::parse(rest.strip_suffix('/').unwrap_or(rest))?;
        name.port = name.port.or(usual_port(&scheme));
        Some(Self { scheme, name })
    }

    fn is_loopback(&self) -> bool {
        matches!(self.scheme.as_str(), "http" | "https") && self.name.is_loopback()
    }
}

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn guard() -> Guard {
        let mut guard = Guard::default();
        for host in ["MCP.example.com", "ported.example.com:8443", "secure.example.com:443", "2001:DB8::1"] {
            guard.allow_host(host);
        }
        for origin in ["https://app.example.com", "http://plain.example.com:80/", "vscode-webview://abc"] {
            guard.allow_origin(origin);
        }
        guard
    }

    fn check(guard: &Guard, lines: &[(&'static str, &str)], uri: &str) -> u16 {
        match guard.check(&Fields::of(&headers(lines)), &uri.parse().unwrap()) {
            Ok(()) => 200,
            Err(refusal) => refusal.status.as_u16(),
        }
    }

    fn host(guard: &Guard, name: &str) -> u16 {
        check(guard, &[("host", name)], "/mcp")
    }

    fn origin(guard: &Guard, origin: &str) -> u16 {
        check(guard, &[("host", "localhost"), ("origin", origin)], "/mcp")
    }

    #[test]
    fn loopback_names_are_served_without_being_asked() {
        for name in [
            "localhost",
            "LocalHost:8080",
            "localhost.",
            "localhost.:1",
            "localhost:",
            "127.0.0.1:80",
            "127.8.9.1",
            "[::1]:9",
            "[0:0::1]",
        ] {
            assert_eq!(host(&Guard::default(), name), 200, "{name}");
        }
    }

    #[test]
    fn other_names_are_refused_until_they_are_allowed() {
        let names = [
            "mcp.example.com",
            "mcp.EXAMPLE.com.:1234",
            "ported.example.com:8443",
            "secure.example.com",
            "secure.example.com:443",
            "[2001:db8:0::1]:80",
        ];
        for name in names {
            assert_eq!(host(&Guard::default(), name), 403, "{name}");
            assert_eq!(host(&guard(), name), 200, "{name}");
        }
        for name in [
            "ported.example.com",
            "ported.example.com:80",
            "example.com",
            "evil.mcp.example.com",
            "localhost.evil.com",
            "127.0.0.1.evil.com",
            "127.1",
            "0.0.0.0",
            "[::]",
            "localhost..",
        ] {
            assert_eq!(host(&guard(), name), 403, "{name}");
        }
        assert_eq!(host(&guard(), "localhost"), 200, "allowing names keeps the loopback names");
    }

    #[test]
    fn who_was_let_in_lets_nobody_else_in() {
        let guard = guard();
        for round in 0..2 {
            assert_eq!(host(&guard, "mcp.example.com"), 200, "{round}");
            for name in ["mcp.example.con", "mcp.example.com.evil.com", "evil.com", ""] {
                assert_ne!(host(&guard, name), 200, "{name}");
            }
            let lines = [("host", "mcp.example.com"), ("host", "mcp.example.com")];
            assert_eq!(check(&guard, &lines, "/mcp"), 400);
            assert_eq!(check(&guard, &lines[..1], "http://other.example.com/mcp"), 400);
            assert_eq!(check(&guard, &[lines[0], ("origin", "https://evil.com")], "/mcp"), 403);
        }
    }

    #[test]
    fn a_refusal_names_what_came_and_the_setting() {
        let guard = Guard::default();
        let refusal = guard.check(&Fields::of(&headers(&[("host", "evil.com")])), &Uri::from_static("/")).unwrap_err();
        assert!(refusal.message.contains("`evil.com`"), "{}", refusal.message);
        assert!(refusal.message.contains("`--allow-host NAME` or `HttpOptions::allow_host`"), "{}", refusal.message);
        let lines = headers(&[("host", "localhost"), ("origin", "https://evil.com")]);
        let refusal = guard.check(&Fields::of(&lines), &Uri::from_static("/")).unwrap_err();
        assert!(refusal.message.contains("`https://evil.com`"), "{}", refusal.message);
        assert!(
            refusal.message.contains("`--allow-origin ORIGIN` or `HttpOptions::allow_origin`"),
            "{}",
            refusal.message
        );
        let long = format!("http://{}", "a".repeat(5000));
        let lines = headers(&[("host", "localhost"), ("origin", &long)]);
        let refusal = guard.check(&Fields::of(&lines), &Uri::from_static("/")).unwrap_err();
        assert!(refusal.message.len() < 400, "{}", refusal.message.len());
    }

    #[test]
    fn exactly_one_well_formed_host_is_required() {
        let mut guard = Guard::default();
        guard.allow_host("*");
        assert_eq!(host(&guard, "any.example.com"), 200);
        assert_eq!(check(&guard, &[], "/mcp"), 400);
        assert_eq!(check(&guard, &[("host", "localhost"), ("host", "localhost")], "/mcp"), 400);
        for name in [
            "",
            ".",
            ":80",
            "user@localhost",
            "localhost:port",
            "localhost:80:80",
            "localhost:99999",
            "localhost:+1",
            "[::1",
            "[::1]x",
            "[localhost]",
            "::1",
            "a b",
            "localhost, evil.com/x",
            "löcalhost",
        ] {
            assert_eq!(host(&guard, name), 400, "{name}");
        }
    }

    #[test]
    fn an_absolute_target_must_agree_with_the_host() {
        let guard = guard();
        let same = [
            ("http://localhost:8080/mcp", "localhost:8080"),
            ("http://LOCALHOST/mcp", "localhost:80"),
            ("https://mcp.example.com:443/mcp", "mcp.example.com"),
        ];
        for (uri, host) in same {
            assert_eq!(check(&guard, &[("host", host)], uri), 200, "{uri}");
        }
        let different = [
            ("http://evil.com/mcp", "localhost"),
            ("http://localhost:81/mcp", "localhost"),
            ("https://localhost/mcp", "localhost:80"),
            ("http://user@localhost/mcp", "localhost"),
        ];
        for (uri, host) in different {
            assert_eq!(check(&guard, &[("host", host)], uri), 400, "{uri}");
        }
        assert_eq!(check(&guard, &[], "http://localhost/mcp"), 400);
    }

    #[test]
    fn pages_of_this_machine_and_allowed_ones_may_call() {
        let guard = guard();
        for allowed in [
            "http://localhost:3000",
            "https://127.0.0.1",
            "http://[::1]:5173",
            "https://app.example.com",
            "HTTPS://APP.example.com:443",
            "http://plain.example.com",
            "vscode-webview://abc",
        ] {
            assert_eq!(origin(&guard, allowed), 200, "{allowed}");
        }
        for refused in [
            "null",
            "",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.com",
            "https://evil.com",
            "http://localhost.evil.com",
            "ftp://localhost",
            "localhost",
            "http://localhost http://evil.com",
            "http://localhost@evil.com",
            "http://localhost/path",
            "*",
        ] {
            assert_eq!(origin(&guard, refused), 403, "{refused}");
        }
    }

    #[test]
    fn a_star_takes_any_origin_but_only_one() {
        let mut guard = Guard::default();
        guard.allow_origin("*");
        assert_eq!(origin(&guard, "null"), 200);
        assert_eq!(origin(&guard, "https://evil.com"), 200);
        let twice = [("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://localhost")];
        assert_eq!(check(&guard, &twice, "/mcp"), 400);
    }
}
