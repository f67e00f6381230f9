//! THE table of methods: name, kind, who sends it, since which revision and until which. Whatever depends on a method's
//! name or age derives from this table. Floor 1.

use std::ops::Deref;

use crate::error::ProtocolError;
use crate::revision::Revision;

/// Whether a message wants an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It has an id and is answered exactly once.
    Request,
    /// It has no id and is never answered.
    Notification,
}

/// Who sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The client.
    Client,
    /// The server.
    Server,
    /// Either side.
    Either,
}

macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $kind:ident $sender:ident $since:ident ..= $until:ident;)*) => {
        /// A method of the protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Method { $($(#[$doc])* $variant,)* }

        impl Method {
            /// Every method of every revision.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The method of that name in any revision.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whether it wants an answer.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }

            /// Who sends it.
            pub const fn sender(self) -> Sender {
                match self { $(Self::$variant => Sender::$sender,)* }
            }

            /// The first revision that has it.
            pub const fn since(self) -> Revision {
                match self { $(Self::$variant => Revision::$since,)* }
            }

            /// The last revision that has it.
            pub const fn until(self) -> Revision {
                match self { $(Self::$variant => Revision::$until,)* }
            }
        }
    };
}

methods! {
    /// Opens a session (up to 2025-11-25).
    Initialize = "initialize" Request Client V2024_11_05..=V2025_11_25;
    /// The client has understood the answer to `initialize`.
    Initialized = "notifications/initialized" Notification Client V2024_11_05..=V2025_11_25;
    /// Asks for versions, capabilities and identity (2026-07-28).
    Discover = "server/discover" Request Client V2026_07_28..=V2026_07_28;
    /// Asks whether the other side is there (up to 2025-11-25).
    Ping = "ping" Request Either V2024_11_05..=V2025_11_25;
    /// Lists tools, a page at a time.
    ListTools = "tools/list" Request Client V2024_11_05..=V2026_07_28;
    /// Calls a tool.
    CallTool = "tools/call" Request Client V2024_11_05..=V2026_07_28;
    /// Lists resources, a page at a time.
    ListResources = "resources/list" Request Client V2024_11_05..=V2026_07_28;
    /// Lists resource templates, a page at a time.
    ListResourceTemplates = "resources/templates/list" Request Client V2024_11_05..=V2026_07_28;
    /// Reads a resource.
    ReadResource = "resources/read" Request Client V2024_11_05..=V2026_07_28;
    /// Asks to hear when a resource changes (up to 2025-11-25).
    Subscribe = "resources/subscribe" Request Client V2024_11_05..=V2025_11_25;
    /// Takes that back (up to 2025-11-25).
    Unsubscribe = "resources/unsubscribe" Request Client V2024_11_05..=V2025_11_25;
    /// Asks about a task (2026-07-28, extension).
    GetTask = "tasks/get" Request Client V2026_07_28..=V2026_07_28;
    /// Answers what a task asks (2026-07-28, extension).
    UpdateTask = "tasks/update" Request Client V2026_07_28..=V2026_07_28;
    /// Gives a task up (2026-07-28, extension).
    CancelTask = "tasks/cancel" Request Client V2026_07_28..=V2026_07_28;
    /// Opens a stream of changes (2026-07-28).
    Listen = "subscriptions/listen" Request Client V2026_07_28..=V2026_07_28;
    /// Lists prompts, a page at a time.
    ListPrompts = "prompts/list" Request Client V2024_11_05..=V2026_07_28;
    /// Renders a prompt.
    GetPrompt = "prompts/get" Request Client V2024_11_05..=V2026_07_28;
    /// Asks for values that complete an argument.
    Complete = "completion/complete" Request Client V2024_11_05..=V2026_07_28;
    /// Sets the lowest level of log messages for the session (up to 2025-11-25).
    SetLevel = "logging/setLevel" Request Client V2024_11_05..=V2025_11_25;
    /// A request's progress.
    Progress = "notifications/progress" Notification Either V2024_11_05..=V2026_07_28;
    /// A request is given up.
    Cancelled = "notifications/cancelled" Notification Either V2024_11_05..=V2026_07_28;
    /// A log message.
    LogMessage = "notifications/message" Notification Server V2024_11_05..=V2026_07_28;
    /// A stream of changes is open (2026-07-28).
    Acknowledged = "notifications/subscriptions/acknowledged" Notification Server V2026_07_28..=V2026_07_28;
    /// The list of tools changed.
    ToolsListChanged = "notifications/tools/list_changed" Notification Server V2024_11_05..=V2026_07_28;
    /// The list of prompts changed.
    PromptsListChanged = "notifications/prompts/list_changed" Notification Server V2024_11_05..=V2026_07_28;
    /// The list of resources changed.
    ResourcesListChanged = "notifications/resources/list_changed" Notification Server V2024_11_05..=V2026_07_28;
    /// The contents of a resource changed.
    ResourceUpdated = "notifications/resources/updated" Notification Server V2024_11_05..=V2026_07_28;
    /// Asks the client's user (2025-06-18 to 2025-11-25; a part of results since).
    Elicit = "elicitation/create" Request Server V2025_06_18..=V2025_11_25;
    /// Asks the client's model (up to 2025-11-25; a part of results since).
    CreateMessage = "sampling/createMessage" Request Server V2024_11_05..=V2025_11_25;
    /// Asks for the client's roots (up to 2025-11-25; a part of results since).
    ListRoots = "roots/list" Request Server V2024_11_05..=V2025_11_25;
    /// The client's roots changed (up to 2025-11-25).
    RootsListChanged = "notifications/roots/list_changed" Notification Client V2024_11_05..=V2025_11_25;
}

impl Method {
    /// Whether this revision has the method.
    pub fn is_in(self, revision: Revision) -> bool {
        self.since() <= revision && revision <= self.until()
    }

    /// Whether a client may send it.
    pub(crate) fn is_from_client(self) -> bool {
        self.sender() != Sender::Server
    }
}

/// A method as a message names it: one that is known, or whatever else stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// A method of some revision.
    Known(Method),
    /// None of any revision.
    Unknown(Box<str>),
}

impl Name {
    /// The method, if there is one.
    pub(crate) fn known(&self) -> Option<Method> {
        match self {
            Self::Known(method) => Some(*method),
            Self::Unknown(_) => None,
        }
    }

    /// The method, if a client may request it.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn requested(&self) -> Result<Method, ProtocolError> {
        self.known()
            .filter(|method| method.kind() == Kind::Request && method.is_from_client())
            .ok_or_else(|| ProtocolError::method_not_found(self))
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Method::parse(name).map_or_else(|| Self::Unknown(name.into()), Self::Known)
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Known(method) => method.as_str(),
            Self::Unknown(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back_and_only_exactly() {
        for method in Method::ALL {
            assert_eq!(Method::parse(method.as_str()), Some(*method));
            assert_eq!(Method::parse(&method.as_str().to_uppercase()), None);
            assert_eq!(method.as_str().starts_with("notifications/"), method.kind() == Kind::Notification);
            assert!(method.since() <= method.until());
        }
    }
}
