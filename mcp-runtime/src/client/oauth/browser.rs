//! How a user is asked: the traits that stand for a browser. Floor 6.

use std::future::Future;
use std::pin::Pin;

use super::error::Error;

/// What a [`Browser`] or a [`Visit`] returns: a future, boxed so that the traits can be trait objects.
pub type Browsing<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Shows users the authorization server's pages and learns where it sends them afterwards.
///
/// [`Loopback`](super::Loopback) is the default. An application with a window of its own implements this:
///
/// ```
/// use mcp_runtime::client::oauth::{Browser, Browsing, OAuth, Page, Visit};
///
/// struct Window;
///
/// impl Browser for Window {
///     fn begin(&self) -> Browsing<'_, Box<dyn Visit>> {
///         Box::pin(async { Ok(Box::new(Window) as Box<dyn Visit>) })
///     }
/// }
///
/// impl Visit for Window {
///     fn redirect_uri(&self) -> &str {
///         "com.example.app:/callback"
///     }
///
///     fn show<'a>(&'a mut self, page: Page<'a>) -> Browsing<'a, String> {
///         Box::pin(async move {
///             // Show `page.url`, and wait until the window is sent to the redirect URI.
///             Ok(format!("com.example.app:/callback?code=…&state={}", page.state))
///         })
///     }
/// }
///
/// let oauth = OAuth::new().client_name("my app").browser(Window);
/// # let _ = oauth;
/// ```
pub trait Browser: Send + Sync + 'static {
    /// Gets ready for one authorization.
    ///
    /// # Errors
    /// [`Error::Browser`], made with [`Error::browser`]: the request that needs credentials fails with it.
    fn begin(&self) -> Browsing<'_, Box<dyn Visit>>;
}

/// One authorization in a [`Browser`]. Dropping it ends it.
pub trait Visit: Send {
    /// Where the authorization server shall send the user afterwards.
    fn redirect_uri(&self) -> &str;

    /// Shows the page, and waits until the user is sent to the redirect URI. Gives the address that the user was sent to in
    /// full, with its query. The caller checks what it says.
    ///
    /// # Errors
    /// The same as of [`Browser::begin`]. An implementation should not wait forever.
    fn show<'a>(&'a mut self, page: Page<'a>) -> Browsing<'a, String>;
}

/// A page to show to the user.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Page<'a> {
    /// Its address: `https`, or on this machine.
    pub url: &'a str,
    /// The `state` that the answer to this request has; whatever comes with another one is none.
    pub state: &'a str,
}
