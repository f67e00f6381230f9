//! Attributes of other kinds keep working, above and below the annotation.
#![deny(warnings)]

use mcp_runtime::{prompt, resource, serve, server, tool};

#[tool]
#[inline]
#[must_use]
fn below(a: u32) -> u32 {
    a
}

#[inline]
#[must_use]
#[tool]
fn above(a: u32) -> u32 {
    a
}

#[expect(unused_variables)]
#[tool]
fn expecting_above(a: u32) {}

#[tool]
#[expect(unused_variables)]
fn expecting_below(a: u32) {}

#[tool]
fn on_a_parameter(#[expect(unused_variables)] a: u32, #[allow(unused_variables)] b: u32) {}

#[tool]
#[deprecated = "use `above`"]
fn old() {}

#[deprecated]
#[tool(deprecated = "use above")]
fn older() {}

#[resource("r://x")]
#[cold]
fn cold() -> String {
    String::new()
}

#[prompt]
#[doc(alias = "question")]
fn ask() -> &'static str {
    "?"
}

#[derive(Clone, Debug)]
#[tool]
#[derive(PartialEq)]
struct Derived {
    #[allow(dead_code)]
    a: u32,
}

impl Derived {
    fn call(self, _: &mcp_runtime::Context) -> u32 {
        assert_eq!(self.clone(), self);
        self.a
    }
}

struct Block;

#[serve]
#[allow(clippy::unused_self)]
impl Block {
    #[inline]
    #[tool]
    #[expect(unused_variables)]
    fn method(&self, a: u32) {}
}

fn main() {
    let server = server![
        below,
        above,
        expecting_above,
        expecting_below,
        on_a_parameter,
        old,
        older,
        cold,
        ask,
        Derived,
        (Block),
    ];
    let _ = server;
    assert_eq!(below(1) + above(1), 2);
}
