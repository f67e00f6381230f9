//! Lists: one page, or all pages in one go. Floor 6.

use std::collections::HashSet;

use super::Client;
use super::error::Error;
use super::request::{Request, Response, decode};
use crate::error::quoted;
use crate::model::{
    Cursor, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, Prompt, Resource, ResourceTemplate, Tool,
};

/// The most pages of one list.
const PAGES: usize = 1000;
/// The most bytes of all pages of one list.
const BYTES: usize = 256 << 20;

/// One page of a list.
trait Page: Response<Params = PaginatedRequestParams> {
    type Item;

    fn into_parts(self) -> (Vec<Self::Item>, Option<Cursor>);
}

macro_rules! pages {
    ($($page:ident of $item:ident in $field:ident;)*) => { $(
        impl Page for $page {
            type Item = $item;

            fn into_parts(self) -> (Vec<$item>, Option<Cursor>) {
                (self.$field, self.next_cursor)
            }
        }
    )* };
}

pages! {
    ListToolsResult of Tool in tools;
    ListResourcesResult of Resource in resources;
    ListResourceTemplatesResult of ResourceTemplate in resource_templates;
    ListPromptsResult of Prompt in prompts;
}

impl Client {
    /// All tools of the server, from however many pages. None, without asking, if the server does not declare tools.
    ///
    /// # Errors
    /// Those of a [`Request`] for each page; [`Error::Invalid`] for a list that comes back to an earlier page, or that has
    /// more than 1,000 pages or 256 MiB.
    pub async fn list_tools(&self) -> Result<Vec<Tool>, Error> {
        if self.capabilities().tools.is_none() {
            return Ok(Vec::new());
        }
        self.all::<ListToolsResult>().await
    }

    /// One page of the server's tools: the first, or the one that begins at the cursor of the page before.
    pub fn list_tools_page<'a>(&self, cursor: Option<&str>) -> Request<'a, ListToolsResult> {
        self.page(cursor)
    }

    /// All resources of the server, from however many pages. None, without asking, if the server does not declare
    /// resources.
    ///
    /// # Errors
    /// Those of [`Self::list_tools`].
    pub async fn list_resources(&self) -> Result<Vec<Resource>, Error> {
        if self.capabilities().resources.is_none() {
            return Ok(Vec::new());
        }
        self.all::<ListResourcesResult>().await
    }

    /// One page of the server's resources: the first, or the one that begins at the cursor of the page before.
    pub fn list_resources_page<'a>(&self, cursor: Option<&str>) -> Request<'a, ListResourcesResult> {
        self.page(cursor)
    }

    /// All resource templates of the server, from however many pages. None, without asking, if the server does not declare
    /// resources.
    ///
    /// # Errors
    /// Those of [`Self::list_tools`].
    pub async fn list_resource_templates(&self) -> Result<Vec<ResourceTemplate>, Error> {
        if self.capabilities().resources.is_none() {
            return Ok(Vec::new());
        }
        self.all::<ListResourceTemplatesResult>().await
    }

    /// One page of the server's resource templates: the first, or the one that begins at the cursor of the page before.
    pub fn list_resource_templates_page<'a>(&self, cursor: Option<&str>) -> Request<'a, ListResourceTemplatesResult> {
        self.page(cursor)
    }

    /// All prompts of the server, from however many pages. None, without asking, if the server does not declare prompts.
    ///
    /// # Errors
    /// Those of [`Self::list_tools`].
    pub async fn list_prompts(&self) -> Result<Vec<Prompt>, Error> {
        if self.capabilities().prompts.is_none() {
            return Ok(Vec::new());
        }
        self.all::<ListPromptsResult>().await
    }

    /// One page of the server's prompts: the first, or the one that begins at the cursor of the page before.
    pub fn list_prompts_page<'a>(&self, cursor: Option<&str>) -> Request<'a, ListPromptsResult> {
        self.page(cursor)
    }

    fn page<'a, P: Page>(&self, cursor: Option<&str>) -> Request<'a, P> {
        Request::new(self, Ok(PaginatedRequestParams { cursor: cursor.map(str::to_owned), meta: None }))
    }

    async fn all<P: Page>(&self) -> Result<Vec<P::Item>, Error> {
        let mut items = Vec::new();
        let mut seen = HashSet::new();
        let mut bytes = 0_usize;
        let mut cursor: Option<Cursor> = None;
        loop {
            let page = self.page::<P>(cursor.as_deref()).bytes().await?;
            bytes = bytes.saturating_add(page.len());
            let (more, next) = decode::<P>(P::METHOD, &page)?.into_parts();
            items.extend(more);
            let Some(next) = next else { return Ok(items) };
            if seen.len() + 1 >= PAGES || bytes > BYTES {
                let reason = format!("the list does not end within {PAGES} pages or {} MiB", BYTES >> 20);
                return Err(Error::invalid(P::METHOD, reason));
            }
            if !seen.insert(next.clone()) {
                return Err(Error::invalid(P::METHOD, format!("the cursor {} came twice", quoted(&next))));
            }
            cursor = Some(next);
        }
    }
}
