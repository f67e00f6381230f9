//! Gets JSON from the API: in time, within bounds, and with errors that a model understands. What to ask is with the tools.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use serde::de::DeserializeOwned;

/// How to reach the API.
pub struct Settings {
    /// What all addresses begin with.
    pub url: String,
    /// Sent as a bearer token.
    pub token: Option<String>,
    /// How long an answer may take, from the first byte sent to the last one read.
    pub timeout: Duration,
    /// The longest answer that is read, in bytes.
    pub longest: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: "{{api}}".to_owned(),
            token: None,
            timeout: Duration::from_secs(20),
            longest: 1024 * 1024,
        }
    }
}

/// Why there is no answer, for a model to read. Nothing that the API says is passed on unread.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such thing")]
    NotFound,
    #[error("the API refuses the credentials; set `API_TOKEN` where the server is started")]
    Unauthorized,
    #[error("too many requests; try again in {0} s")]
    TooMany(u64),
    #[error("the API answers {0}; try again later")]
    Failed(StatusCode),
    #[error("the API did not answer in time; try again later")]
    TimedOut,
    #[error("the answer is longer than {0} bytes; ask for less")]
    TooLong(usize),
    #[error("the API cannot be reached")]
    Unreachable,
    #[error("the answer is not what was expected: {0}")]
    Unreadable(serde_json::Error),
}

/// The API, shared by all calls.
pub struct Api {
    client: Client,
    url: Url,
    longest: usize,
}

impl Api {
    /// # Errors
    /// When the address is none, or the token nothing that a header can carry.
    pub fn new(settings: &Settings) -> mcp_runtime::Result<Self> {
        let invalid = |what: &str| mcp_runtime::Error::msg(format!("`{what}` is not valid"));
        let url = Url::parse(&settings.url).map_err(|_| invalid("API_URL"))?;
        if url.cannot_be_a_base() {
            return Err(invalid("API_URL"));
        }
        let mut headers = HeaderMap::new();
        if let Some(token) = &settings.token {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| invalid("API_TOKEN"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let mut builder = Client::builder()
            .user_agent(concat!(
                env!("CARGO_PKG_NAME"),
                "/",
                env!("CARGO_PKG_VERSION")
            ))
            .default_headers(headers)
            .connect_timeout(Duration::from_secs(5))
            .timeout(settings.timeout)
            .redirect(Policy::limited(3));
        if matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")) {
            // What runs on this machine is not reached through a proxy.
            builder = builder.no_proxy();
        }
        Ok(Self {
            client: builder.build()?,
            url,
            longest: settings.longest,
        })
    }

    /// Gets what is at a path, whose parts are escaped here.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Error> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url.query_pairs_mut().extend_pairs(query);
        let response = self.client.get(url).send().await.map_err(unanswered)?;
        let body = self.body(accepted(response)?).await?;
        serde_json::from_slice(&body).map_err(Error::Unreadable)
    }

    /// Reads no more than is allowed, whatever length the API promises.
    async fn body(&self, mut response: Response) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(unanswered)? {
            if body.len() + piece.len() > self.longest {
                return Err(Error::TooLong(self.longest));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

fn unanswered(error: reqwest::Error) -> Error {
    if error.is_timeout() {
        return Error::TimedOut;
    }
    Error::Unreachable
}

/// The response, if it is one that has an answer.
fn accepted(response: Response) -> Result<Response, Error> {
    match response.status() {
        status if status.is_success() => Ok(response),
        StatusCode::NOT_FOUND => Err(Error::NotFound),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Error::Unauthorized),
        StatusCode::TOO_MANY_REQUESTS => {
            let seconds = response.headers().get(RETRY_AFTER);
            let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
            Err(Error::TooMany(seconds.unwrap_or(60)))
        }
        status => Err(Error::Failed(status)),
    }
}
