//! The server as a router of axum. Floor 5.

use axum::Router;

use super::pair;
use crate::error::Result;
use crate::server::Server;

impl Server {
    /// Makes an axum router of the server, at the path that [`Self::http`] sets: to merge into an application, whose
    /// layers then run around it.
    ///
    /// ```no_run
    /// use mcp_runtime::{server, tool};
    ///
    /// /// Adds two numbers.
    /// #[tool(read_only)]
    /// fn add(a: i64, b: i64) -> i64 {
    ///     a + b
    /// }
    ///
    /// # fn main() -> mcp_runtime::Result<()> {
    /// let application: axum::Router = axum::Router::new().merge(server![add].into_router()?);
    /// # let _ = application;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Everything that is wrong with the server.
    pub fn into_router<S: Clone + Send + Sync + 'static>(self) -> Result<Router<S>> {
        let service = self.into_service()?;
        let mut router = Router::new().route_service(service.path(), service.clone());
        if service.0.options.pair {
            router = router.route_service(pair::STREAM, service.clone()).route_service(pair::MESSAGES, service);
        }
        Ok(router)
    }
}
