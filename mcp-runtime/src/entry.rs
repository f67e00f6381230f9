//! What a server is made of: tools, resources and prompts, and groups of them. The macros implement these traits; a user
//! meets `Group` alone. Floor 2.

mod answer;
mod item;
mod registry;

use std::marker::PhantomData;
use std::sync::Arc;

pub(crate) use self::answer::Later;
pub use self::answer::{Answering, Candidates, Completer, FailedAnswer, Handler, Suggesting, candidates_of, lost};
pub use self::item::{Facts, Members, PromptItem, ResourceItem, Tasking, ToolItem, meta_value, no_members};
pub use self::registry::Registry;
pub(crate) use self::registry::{Gate, Scope, Sink};
use crate::context::Context;
use crate::names::Names;

/// Something that a server can be given: a tool, a resource, a prompt, or several of them.
///
/// `group![…]` makes one, the value of a type with a `#[serve] impl` is one, and `server![…]` takes them beside single functions:
///
/// ```
/// mod notes {
///     use mcp_runtime::{group, tool, Group};
///
///     /// Counts words.
///     #[tool]
///     fn count(text: &str) -> usize {
///         text.split_whitespace().count()
///     }
///
///     pub fn group() -> impl Group {
///         group![count]
///     }
/// }
///
/// let server = mcp_runtime::server![notes::group()];
/// # let _ = server;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a server can be given",
    label = "not a tool, resource, prompt or group",
    note = "name an annotated function by its path, without calling it; a value must be a `group![…]` or of a type with a \
            `#[serve] impl`"
)]
pub trait Group: Sized {
    #[doc(hidden)]
    const NAMES: Names;

    #[doc(hidden)]
    fn register(self, registry: &mut Registry<'_>);

    /// The same group with every tool and prompt named `prefix` and its own name, and resources likewise: their URIs stay.
    ///
    /// Prefixes nest: the outer one comes first. Names that clash or are too long are reported before the server starts.
    ///
    /// ```
    /// use mcp_runtime::{group, server, tool, Group};
    ///
    /// /// Counts words.
    /// #[tool]
    /// fn count(text: &str) -> usize {
    ///     text.split_whitespace().count()
    /// }
    ///
    /// let server = server![group![count].prefix("notes_")];
    /// # let _ = server;
    /// ```
    fn prefix(self, prefix: impl Into<String>) -> impl Group {
        Scoped { group: self, prefix: prefix.into(), gate: None }
    }

    /// The same group for those callers alone for whom `visible` says so; for the others its items are not there: neither
    /// listed nor called.
    ///
    /// ```
    /// use mcp_runtime::{group, server, tool, Group};
    ///
    /// /// Removes everything.
    /// #[tool(destructive)]
    /// fn wipe() {}
    ///
    /// let server = server![group![wipe].visible_if(|cx| cx.principal() == Some("admin"))];
    /// # let _ = server;
    /// ```
    fn visible_if(self, visible: impl Fn(&Context) -> bool + Send + Sync + 'static) -> impl Group {
        Scoped { group: self, prefix: String::new(), gate: Some(Arc::new(visible)) }
    }
}

/// A group under a prefix, or for some callers only.
struct Scoped<G> {
    group: G,
    prefix: String,
    gate: Option<Gate>,
}

#[diagnostic::do_not_recommend]
impl<G: Group> Group for Scoped<G> {
    // A name is known only with its prefix, when the server starts: clashes are found then.
    const NAMES: Names = Names { own: &[], parts: &[] };

    fn register(self, registry: &mut Registry<'_>) {
        self.group.register(&mut registry.within(&self.prefix, self.gate));
    }
}

/// One tool, resource or prompt, by what clients call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A tool by its name.
    Tool(&'a str),
    /// A resource by its URI, or a template by its text.
    Resource(&'a str),
    /// A prompt by its name.
    Prompt(&'a str),
}

/// A single item, known by its type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool, resource or prompt",
    label = "not annotated",
    note = "annotate it with `#[tool]`, `#[resource(\"…\")]` or `#[prompt]`",
    note = "a value of a type with a `#[serve] impl` is written as one: `Counter::new()`, or `(counter)` where it is a name"
)]
pub trait StaticItem: Sized {
    /// Its name.
    const NAMES: Names;
    /// Adds it to a server.
    fn register(registry: &mut Registry<'_>);
    /// The item as a group.
    fn item() -> impl Group {
        Item::<Self>(PhantomData)
    }
}

/// A single item as a group.
pub struct Item<T>(PhantomData<fn(T)>);

#[diagnostic::do_not_recommend]
impl<T: StaticItem> Group for Item<T> {
    const NAMES: Names = T::NAMES;

    fn register(self, registry: &mut Registry<'_>) {
        T::register(registry);
    }
}

/// A group of nothing.
pub struct Empty;

#[diagnostic::do_not_recommend]
impl Group for Empty {
    const NAMES: Names = Names { own: &[], parts: &[] };

    fn register(self, _: &mut Registry<'_>) {}
}

/// Two groups as one.
pub struct Pair<A, B>(pub A, pub B);

#[diagnostic::do_not_recommend]
impl<A: Group, B: Group> Group for Pair<A, B> {
    const NAMES: Names = Names { own: &[], parts: &[&A::NAMES, &B::NAMES] };

    fn register(self, registry: &mut Registry<'_>) {
        self.0.register(registry);
        self.1.register(registry);
    }
}
