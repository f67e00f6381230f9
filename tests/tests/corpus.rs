//! Bad input by the thousand, over every transport and one connection each: every case is answered, and a healthy call is
//! answered after it.

#[path = "corpus/json.rs"]
mod json;

#[path = "corpus/kinds.rs"]
mod kinds;

#[path = "corpus/texts.rs"]
mod texts;

#[path = "corpus/headers.rs"]
mod headers;
