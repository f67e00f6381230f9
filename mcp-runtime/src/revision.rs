//! The five revisions of the protocol, ordered, and which of them a server and a client agree on.
//! Knows dates, not what changed between them: that is data in `method` and code in `model::lower`. Floor 0.

use std::fmt;

/// A revision of the Model Context Protocol.
///
/// Revisions are ordered by date, so `revision >= Revision::V2025_06_18` reads as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    /// 2024-11-05: the first one.
    V2024_11_05,
    /// 2025-03-26: Streamable HTTP, tool annotations, audio, batches.
    V2025_03_26,
    /// 2025-06-18: structured results, elicitation, resource links, titles; no batches any more.
    V2025_06_18,
    /// 2025-11-25: icons, URL elicitation; the last one with a handshake.
    V2025_11_25,
    /// 2026-07-28: no handshake; every request carries its own revision and capabilities.
    V2026_07_28,
}

impl Revision {
    /// Every revision, oldest first.
    pub const ALL: [Self; 5] =
        [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25, Self::V2026_07_28];

    /// The newest revision.
    pub const LATEST: Self = Self::V2026_07_28;

    /// The newest revision that begins with an `initialize` handshake.
    pub const LATEST_WITH_HANDSHAKE: Self = Self::V2025_11_25;

    /// The revision as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// The revision of that name, if it is one of the five.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == name)
    }

    /// Whether this revision begins with `initialize` and keeps what was agreed there for the session.
    pub const fn has_handshake(self) -> bool {
        !matches!(self, Self::V2026_07_28)
    }

    /// What a server answers to `initialize`: the revision asked for, or the newest one that has a handshake.
    ///
    /// Source: 2025-11-25, "Lifecycle", "Version Negotiation".
    pub fn negotiate(requested: &str) -> Self {
        Self::parse(requested).filter(|revision| revision.has_handshake()).unwrap_or(Self::LATEST_WITH_HANDSHAKE)
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Revision;

    #[test]
    fn negotiation_answers_the_requested_revision_or_the_newest_with_a_handshake() {
        for revision in Revision::ALL.into_iter().filter(|r| r.has_handshake()) {
            assert_eq!(Revision::negotiate(revision.as_str()), revision);
        }
        for unknown in ["2026-07-28", "1.0", "", "2025-11-26"] {
            assert_eq!(Revision::negotiate(unknown), Revision::V2025_11_25);
        }
    }
}
