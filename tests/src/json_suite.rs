//! Cases by the names of the suite `JSONTestSuite` ("Parsing JSON is a Minefield", N. Seriot): `n_` is no JSON, `y_` is, and about
//! `i_` RFC 8259 leaves the parser its choice. The texts are written anew after those names.
//!
//! A line break ends a message on stdio, so the rows have a carriage return wherever a case has a line feed: to JSON both
//! are blanks between tokens, and both are forbidden inside a string.

mod accepted;
mod rejected;
mod undefined;

pub use self::accepted::ACCEPTED;
pub use self::rejected::REJECTED;
pub use self::undefined::UNDEFINED;

/// One case.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name in the suite.
    pub name: &'static str,
    open: &'static [u8],
    close: &'static [u8],
    times: usize,
}

impl Case {
    /// The text.
    pub fn bytes(&self) -> Vec<u8> {
        [self.open.repeat(self.times), self.close.repeat(self.times)].concat()
    }
}

const fn case(name: &'static str, text: &'static [u8]) -> Case {
    nested(name, text, b"", 1)
}

const fn nested(name: &'static str, open: &'static [u8], close: &'static [u8], times: usize) -> Case {
    Case { name, open, close, times }
}
