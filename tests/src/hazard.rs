//! Results that panic where nobody expects it.

use schemars::JsonSchema;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// A value that panics when it is dropped, unless it has its pin.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Grenade {
    /// Whether it is harmless.
    pub pin: bool,
}

impl Drop for Grenade {
    fn drop(&mut self) {
        assert!(self.pin, "in drop");
    }
}

/// A value that panics when it is serialized.
#[derive(Debug, Default, JsonSchema)]
pub struct Shy {
    /// There for its schema.
    pub name: String,
}

impl Serialize for Shy {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("in serialize")
    }
}
