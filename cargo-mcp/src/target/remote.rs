//! A server over HTTP: its address, and as whom it is asked. Headers and tokens are shown nowhere.

use std::fmt;
use std::net::IpAddr;

use mcp_runtime::Client;
use mcp_runtime::client::{Connect, Http};

use super::sign_in;
use crate::cli::Elsewhere;
use crate::client::address;
use crate::error::Failure;
use crate::print::{Console, visible};

/// A server over HTTP.
#[derive(Clone)]
pub(crate) struct Remote {
    url: String,
    headers: Vec<(String, String)>,
}

/// A header of the command line, not looked at yet: a complaint of the command line's parser would show its value.
#[derive(Clone)]
pub(crate) struct Header(String);

impl From<String> for Header {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Header {
    /// Its name and its value.
    pub(crate) fn read(&self) -> Result<(String, String), Failure> {
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
        };
        match self.0.split_once(':') {
            Some((name, value)) if is_name(name.trim()) => Ok((name.trim().to_owned(), value.trim().to_owned())),
            _ => Err(Failure::usage("--header: expected 'Name: value'")
                .hint("such as --header 'X-Api-Key: …'; the value is not shown here")),
        }
    }
}

impl Elsewhere {
    /// The headers of the command line, that with the token among them.
    pub(crate) fn headers(&self) -> Result<Vec<(String, String)>, Failure> {
        let mut headers: Vec<_> = self.header.iter().map(Header::read).collect::<Result<_, _>>()?;
        if let Some(variable) = &self.bearer_env {
            let token = std::env::var(variable).ok().filter(|token| !token.trim().is_empty()).ok_or_else(|| {
                Failure::usage(format!("--bearer-env: the variable {} is not set", visible(variable)))
                    .hint("name the variable that holds the token, without `$`")
            })?;
            headers.push(("Authorization".to_owned(), format!("Bearer {}", token.trim())));
        }
        Ok(headers)
    }

    /// Refuses headers and tokens where there is nobody to send them to.
    pub(crate) fn needs_address(&self) -> Result<(), Failure> {
        if self.header.is_empty() && self.bearer_env.is_none() {
            return Ok(());
        }
        Err(Failure::usage("--header and --bearer-env are for a server over HTTP").hint("name it with --url"))
    }
}

impl Remote {
    /// The server at this address, asked with what the command line says.
    pub(crate) fn of(url: &str, elsewhere: &Elsewhere) -> Result<Self, Failure> {
        Ok(Self { headers: elsewhere.headers()?, ..Self::plain(url)? })
    }

    /// The server at this address, asked with nothing in hand.
    pub(crate) fn plain(url: &str) -> Result<Self, Failure> {
        if host(url).is_some() {
            return Ok(Self { url: url.to_owned(), headers: Vec::new() });
        }
        let failure = Failure::usage("the address of a server begins with `http://` or `https://`");
        Err(if url.contains("://") {
            failure.hint("a server that is a command stands behind `--`, one of an application is --server NAME")
        } else {
            failure.hint(format!("did you mean http://{}?", visible(url)))
        })
    }

    /// Adds headers; those that are there already win.
    pub(crate) fn add(&mut self, headers: &[(String, String)]) {
        for (name, value) in headers {
            if !self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                self.headers.push((name.clone(), value.clone()));
            }
        }
    }

    pub(crate) fn shown(&self) -> String {
        visible(&address(&self.url))
    }

    /// Whether the user has said as whom to ask.
    pub(crate) fn has_credentials(&self) -> bool {
        self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
    }

    /// Whether nobody listens on the way to it.
    fn keeps_secrets(&self) -> bool {
        let name = host(&self.url).unwrap_or_default();
        let name = name.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(name, |(name, _)| name);
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        is_of(&self.url, "https://") || name == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    /// A connection in the making. Without credentials of the user's own, one signs in where the server demands it.
    pub(super) fn connect(&self, console: &Console) -> Connect<Http> {
        let mut connect = Client::http(&self.url);
        for (name, value) in &self.headers {
            connect = connect.header(name, value);
        }
        // Where a token could be read on its way, nobody signs in.
        if self.has_credentials() || !self.keeps_secrets() {
            return connect;
        }
        connect.authorize(sign_in::oauth(console))
    }
}

/// The host of an address of the web with its port, which the rest of the address may try to hide.
pub(crate) fn host(url: &str) -> Option<&str> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| is_of(url, scheme))?;
    let authority = url.get(scheme.len()..)?.split(['/', '?', '#', '\\']).next()?;
    authority.rsplit('@').next().filter(|host| !host.is_empty())
}

fn is_of(url: &str, scheme: &str) -> bool {
    url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Remote").field(&self.shown()).finish()
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Header(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_told_whatever_stands_around_it() {
        assert_eq!(host("https://example.com/a@b.com"), Some("example.com"));
        assert_eq!(host("https://bank.com@evil.com/"), Some("evil.com"));
        assert_eq!(host("HTTP://127.0.0.1:1?x"), Some("127.0.0.1:1"));
        assert_eq!(host("https://evil.com\\@bank.com/"), Some("evil.com"));
        assert_eq!(host("javascript:alert(1)"), None);
        assert_eq!(host("https://"), None);
    }

    #[test]
    fn nobody_signs_in_where_a_token_could_be_read() {
        let check = |url: &str| Remote { url: url.to_owned(), headers: Vec::new() }.keeps_secrets();
        for url in
            ["https://a.b/mcp", "http://localhost:80/mcp", "http://127.0.0.1/mcp", "http://[::1]:80", "HTTPS://x"]
        {
            assert!(check(url), "{url}");
        }
        for url in ["http://a.b/mcp", "http://10.0.0.1:80/mcp", "http://localhost.a.b/", "http://[fe80::1]/"] {
            assert!(!check(url), "{url}");
        }
    }

    #[test]
    fn a_header_is_read_and_its_value_never_shown() {
        let read = |text: &str| Header(text.to_owned()).read();
        assert_eq!(read("X-Key: a: b ").ok(), Some(("X-Key".into(), "a: b".into())));
        for wrong in ["s3cret", ": s3cret", "a b: s3cret"] {
            let failure = read(wrong).unwrap_err();
            let told: Vec<_> = failure.details().map(|(_, text)| text).chain([failure.message()]).collect();
            assert!(!told.concat().contains("s3cret"), "{told:?}");
        }
        assert_eq!(format!("{:?}", Header("a: s3cret".into())), "Header(…)");
    }
}
