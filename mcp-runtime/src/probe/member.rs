//! What a server can be given. Floor 2.

use super::{Grouped, Probe, Untyped, Unusable};
use crate::entry::{Empty, Group};

/// Can a server be given it?
pub trait GroupValue<T> {
    /// The answer.
    fn group(&self) -> Grouped<T> {
        Grouped::new()
    }
}
impl<T: Group> GroupValue<T> for &&Probe<T> {}

/// Has it a `#[serve] impl` at least?
pub trait DeclaredValue<T> {
    /// The answer.
    fn group(&self) -> Untyped<T> {
        Untyped::new()
    }
}
impl<T: Declared> DeclaredValue<T> for &Probe<T> {}

/// Whatever it is.
pub trait AnyGroup<T> {
    /// The answer.
    fn group(&self) -> Unusable<T> {
        Unusable::new()
    }
}
impl<T> AnyGroup<T> for Probe<T> {}

/// Has a `#[serve] impl`, even one that is wrong and has been told of.
pub trait Declared {}

impl<T: Group> Grouped<T> {
    /// The group.
    pub fn given(&self, value: T) -> T {
        value
    }
}
impl<T> Untyped<T> {
    /// Nothing, in its place.
    pub fn given(&self, _: T) -> Empty {
        Empty
    }
}
impl<T> Unusable<T> {
    /// Nothing, in its place.
    pub fn given(&self, _: T) -> Empty {
        Empty
    }
}

/// Holds for what a server can be given.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a server can be given",
    label = "not a tool, resource, prompt or group",
    note = "name an annotated function by its path, without calling it; a value must be a `group![…]` or of a type with a \
            `#[serve] impl`"
)]
pub trait IsGroup<A>: Sized {
    /// Asserts it, on the span of the call.
    fn assert(_: &Probe<Self>, _: &A) {}
}
#[diagnostic::do_not_recommend]
impl<T> IsGroup<Grouped<T>> for T {}
#[diagnostic::do_not_recommend]
impl<T> IsGroup<Untyped<T>> for T {}
