//! Lists: one page, all pages in one go, or entry by entry as they come. Floor 6.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use futures_core::Stream;

use super::Client;
use super::error::Error;
use super::request::{Request, Response};
use crate::error::{INVALID_PARAMS, quoted};
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
    type Item: Send + 'static;

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

    /// The tools of the server one by one; a page is asked for when the one before is used up.
    ///
    /// None, without asking, if the server does not declare tools. An error ends the stream; they are those of
    /// [`Self::list_tools`].
    pub fn tools(&self) -> Entries<Tool> {
        self.entries::<ListToolsResult>(self.capabilities().tools.is_some())
    }

    /// The resources of the server one by one, see [`Self::tools`].
    pub fn resources(&self) -> Entries<Resource> {
        self.entries::<ListResourcesResult>(self.capabilities().resources.is_some())
    }

    /// The resource templates of the server one by one, see [`Self::tools`].
    pub fn resource_templates(&self) -> Entries<ResourceTemplate> {
        self.entries::<ListResourceTemplatesResult>(self.capabilities().resources.is_some())
    }

    /// The prompts of the server one by one, see [`Self::tools`].
    pub fn prompts(&self) -> Entries<Prompt> {
        self.entries::<ListPromptsResult>(self.capabilities().prompts.is_some())
    }

    fn entries<P: Page>(&self, is_there: bool) -> Entries<P::Item> {
        let walk = Walk { client: self.clone(), seen: HashSet::new(), bytes: 0, cursor: None, is_over: !is_there };
        let step: fn(Walk) -> Stepping<P::Item> = |walk| Box::pin(walk.step::<P>(false));
        Entries { items: VecDeque::new(), pending: Some(step(walk)), step }
    }

    /// Reads the list of tools again, whatever the cache has.
    pub(super) fn reread_tools(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + '_>> {
        Box::pin(async {
            let read = self.walk::<ListToolsResult>(true).await;
            read.map(drop).map_err(|(_, error)| error)
        })
    }

    async fn all<P: Page>(&self) -> Result<Vec<P::Item>, Error> {
        match self.walk::<P>(false).await {
            // A page that was kept led to one that is no more (2026-07-28, "Caching", "Interaction with Pagination").
            Err((true, error)) if error.protocol().is_some_and(|error| error.code() == INVALID_PARAMS) => {
                self.0.hub.cache.forget(P::METHOD);
                self.walk::<P>(true).await.map_err(|(_, error)| error)
            }
            walked => walked.map_err(|(_, error)| error),
        }
    }

    /// All pages; with an error, whether it came after the first one.
    async fn walk<P: Page>(&self, is_fresh: bool) -> Result<Vec<P::Item>, (bool, Error)> {
        let mut walk = Walk { client: self.clone(), seen: HashSet::new(), bytes: 0, cursor: None, is_over: false };
        let mut items = Vec::new();
        while !walk.is_over {
            let is_later = walk.cursor.is_some();
            let (more, next) = walk.step::<P>(is_fresh).await.map_err(|error| (is_later, error))?;
            items.extend(more);
            walk = next;
        }
        Ok(items)
    }
}

/// A walk over the pages of a list, which a server must not make endless.
struct Walk {
    client: Client,
    seen: HashSet<Cursor>,
    bytes: usize,
    cursor: Option<Cursor>,
    is_over: bool,
}

impl Walk {
    /// One page further.
    async fn step<P: Page>(self, is_fresh: bool) -> Result<(Vec<P::Item>, Self), Error> {
        let client = self.client.clone();
        self.turn::<P>(is_fresh).await.map_err(|error| client.0.named(error))
    }

    async fn turn<P: Page>(mut self, is_fresh: bool) -> Result<(Vec<P::Item>, Self), Error> {
        if self.is_over {
            return Ok((Vec::new(), self));
        }
        let request = self.client.page::<P>(self.cursor.as_deref());
        let (page, length) = if is_fresh { request.fresh() } else { request }.answer().await?;
        self.bytes = self.bytes.saturating_add(length);
        let (items, next) = page.into_parts();
        let Some(next) = next else {
            self.is_over = true;
            return Ok((items, self));
        };
        if self.seen.len() + 1 >= PAGES || self.bytes > BYTES {
            let reason = format!("the list does not end within {PAGES} pages or {} MiB", BYTES >> 20);
            return Err(Error::invalid(P::METHOD, reason));
        }
        if !self.seen.insert(next.clone()) {
            return Err(Error::invalid(P::METHOD, format!("the cursor {} came twice", quoted(&next))));
        }
        self.cursor = Some(next);
        Ok((items, self))
    }
}

type Stepping<T> = Pin<Box<dyn Future<Output = Result<(Vec<T>, Walk), Error>> + Send>>;

/// The entries of a list one by one, see [`Client::tools`].
pub struct Entries<T> {
    items: VecDeque<T>,
    pending: Option<Stepping<T>>,
    step: fn(Walk) -> Stepping<T>,
}

impl<T: Unpin> Stream for Entries<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            let Some(pending) = &mut self.pending else { return Poll::Ready(None) };
            let stepped = ready!(pending.as_mut().poll(cx));
            self.pending = None;
            match stepped {
                Err(error) => return Poll::Ready(Some(Err(error))),
                Ok((items, walk)) => {
                    self.items = items.into();
                    self.pending = (!walk.is_over).then(|| (self.step)(walk));
                }
            }
        }
    }
}

impl<T> fmt::Debug for Entries<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries").finish_non_exhaustive()
    }
}

impl<T: Unpin> Entries<T> {
    /// The next entry. Dropping the future is harmless.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}
