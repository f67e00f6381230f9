//! Lets generated code ask what a type can do without naming a wrapper: `(&&Probe::<T>::new()).argument()` picks the most
//! specific of several traits, because method lookup tries fewer dereferences first. Each question has a last answer that
//! fits every type and does nothing, so that only the one assertion in generated code fails, with one message. Floor 2.

mod answer;
mod argument;
mod failure;
mod json;
mod member;
mod method;
mod shape;

use std::marker::PhantomData;

pub use self::answer::*;
pub use self::argument::*;
pub use self::failure::*;
pub use self::json::*;
pub use self::member::*;
pub use self::method::*;
pub use self::shape::*;

/// A question about a type.
pub struct Probe<T>(PhantomData<fn(T)>);

impl<T> Probe<T> {
    /// About a type that is named.
    #[expect(clippy::new_without_default, reason = "only generated code makes one")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// About the type that a function returns; the function is not called.
    pub fn returned<A>(_: impl FnOnce(A) -> T) -> Self {
        Self::new()
    }

    /// About the type of a value.
    pub const fn of(_: &T) -> Self {
        Self(PhantomData)
    }
}

/// No answer. Where only one answer would do, the compiler took it for granted and complained about a mismatch instead.
pub struct Nothing;

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        pub struct $name<T>(PhantomData<fn(T)>);
        impl<T> $name<T> {
            const fn new() -> Self { Self(PhantomData) }
        }
    )* };
}

answers! {
    /// A type that can be an argument and has a schema.
    Typed;
    /// A type that can be read but has no schema: enough for prompts and URIs.
    Untyped;
    /// A type that cannot be used here.
    Unusable;
    /// A type that says itself how it is sent.
    Direct;
    /// A type that is sent as its serialized value.
    Serialized;
    /// A type that is an error with causes.
    Caused;
    /// A type that can at least be displayed.
    Displayed;
    /// A type that is no `Result` and no `Option`.
    Plain;
    /// A `Result`.
    Fallible;
    /// An `Option`.
    Optional;
    /// A future.
    Waiting;
    /// A type that serializes.
    Json;
    /// A type that a server can be given.
    Grouped;
}
