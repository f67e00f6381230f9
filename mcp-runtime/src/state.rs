//! Values that the author gives to a server once and that its functions take by type. Knows nothing of calls. Floor 2.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A value that was given to the server with [`Server::state`](crate::Server::state).
///
/// Take it as a parameter of any tool, resource or prompt: it is filled in by the server and is no argument that a
/// client could send. Cloning it clones a pointer. A server that lacks a state which one of its functions takes refuses to
/// start and says which function needs it.
///
/// ```
/// use mcp_runtime::{server, tool, State};
///
/// struct Greeting(String);
///
/// /// Greets somebody.
/// #[tool(read_only)]
/// fn greet(greeting: State<Greeting>, name: &str) -> String {
///     format!("{}, {name}!", greeting.0)
/// }
///
/// let server = server![greet].state(Greeting("Good day".into()));
/// # let _ = server;
/// assert_eq!(greet(State::new(Greeting("Hi".into())), "Ada"), "Hi, Ada!");
/// ```
pub struct State<T: ?Sized>(Arc<T>);

impl<T> State<T> {
    /// A state made by hand, to call a function directly, as a unit test does.
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T: ?Sized> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> AsRef<T> for State<T> {
    fn as_ref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> From<Arc<T>> for State<T> {
    fn from(value: Arc<T>) -> Self {
        Self(value)
    }
}

impl<T: fmt::Debug + ?Sized> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The states of a server, one for each type.
#[derive(Clone, Default)]
pub(crate) struct States(Vec<(TypeId, Arc<dyn Any + Send + Sync>)>);

impl States {
    /// Keeps a value, unless there is one of its type; says whether there was none.
    pub(crate) fn insert(&mut self, id: TypeId, value: Arc<dyn Any + Send + Sync>) -> bool {
        let is_new = !self.contains(id);
        if is_new {
            self.0.push((id, value));
        }
        is_new
    }

    /// Keeps a value in place of the one of its type.
    #[cfg(feature = "http")]
    pub(crate) fn set<T: Send + Sync + 'static>(&mut self, value: Arc<T>) {
        let id = TypeId::of::<T>();
        self.0.retain(|(known, _)| *known != id);
        self.0.push((id, value));
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<State<T>> {
        let id = TypeId::of::<T>();
        let (_, value) = self.0.iter().find(|(known, _)| *known == id)?;
        Arc::clone(value).downcast().ok().map(State)
    }

    pub(crate) fn contains(&self, id: TypeId) -> bool {
        self.0.iter().any(|(known, _)| *known == id)
    }
}

impl IntoIterator for States {
    type Item = (TypeId, Arc<dyn Any + Send + Sync>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// What a function needs from the server, so that a lack is found before anything is served.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    pub(crate) states: Vec<(TypeId, &'static str)>,
    /// It takes the context, or a value from it: it may log.
    pub(crate) context: bool,
}

impl Needs {
    /// Declares that the value comes from the state of this type.
    pub fn state<T: 'static>(&mut self) {
        self.states.push((TypeId::of::<T>(), type_name::<T>()));
    }

    /// Whether somebody takes the state of this type.
    pub(crate) fn takes<T: 'static>(&self) -> bool {
        self.states.iter().any(|(id, _)| *id == TypeId::of::<T>())
    }

    /// What declares nothing.
    pub const fn nothing(_: &mut Self) {}

    /// Declares that the value comes from the call.
    pub fn context(&mut self) {
        self.context = true;
    }
}
