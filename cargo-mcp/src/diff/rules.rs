//! The rules of what breaks clients, as a table. Names serve the message; what a schema still accepts is decided by
//! `subset`.

use serde::Serialize;

/// What a change means for clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// Nothing that a program relies on.
    Info,
    /// Something new that nobody has to know.
    Compatible,
    /// Fine for most.
    Warn,
    Breaking,
}

impl Verdict {
    pub(crate) const ALL: [Self; 4] = [Self::Info, Self::Compatible, Self::Warn, Self::Breaking];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Compatible => "compatible",
            Self::Warn => "warn",
            Self::Breaking => "breaking",
        }
    }
}

macro_rules! rules {
    ($($rule:ident $name:literal $verdict:ident $($security:ident)?;)*) => {
        /// A kind of change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Rule {
            $($rule),*
        }

        impl Rule {
            pub(crate) const ALL: &[Self] = &[$(Self::$rule),*];

            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$rule => $name),*
                }
            }

            /// What the change means, and whether it is worse where security matters.
            const fn row(self) -> (Verdict, bool) {
                match self {
                    $(Self::$rule => (Verdict::$verdict, false $(|| { let $security = true; $security })?)),*
                }
            }
        }
    };
}

rules! {
    ToolRemoved "tool-removed" Breaking;
    ToolRenamed "tool-renamed" Breaking;
    ToolAdded "tool-added" Compatible;
    PromptRemoved "prompt-removed" Breaking;
    PromptRenamed "prompt-renamed" Breaking;
    PromptAdded "prompt-added" Compatible;
    ResourceRemoved "resource-removed" Breaking;
    ResourceRenamed "resource-renamed" Breaking;
    ResourceAdded "resource-added" Compatible;
    TemplateRemoved "template-removed" Breaking;
    TemplateRenamed "template-renamed" Breaking;
    TemplateAdded "template-added" Compatible;
    TemplateVariables "template-variables-changed" Breaking;
    MimeType "mime-type-changed" Warn;

    InputAdded "input-added" Compatible;
    InputNamed "input-named" Warn;
    InputAddedRequired "input-added-required" Breaking;
    InputBecameOptional "input-became-optional" Compatible;
    InputBecameRequired "input-became-required" Breaking;
    InputRemoved "input-removed" Breaking;
    InputForgotten "input-forgotten" Warn;
    InputOpened "input-opened" Compatible;
    InputClosed "input-closed" Breaking;
    InputWidened "input-widened" Compatible;
    InputTypeNarrowed "input-type-narrowed" Breaking;
    InputEnumNarrowed "input-enum-narrowed" Breaking;
    InputBoundNarrowed "input-bound-narrowed" Breaking;
    InputPatternNarrowed "input-pattern-narrowed" Breaking;
    InputUnknown "input-undecided" Warn;
    DefaultChanged "input-default-changed" Warn;
    FormatChanged "input-format-changed" Warn;
    HeaderChanged "header-changed" Breaking;
    HeaderInvalid "header-invalid" Breaking;

    OutputSchemaAdded "output-schema-added" Compatible;
    OutputSchemaRemoved "output-schema-removed" Breaking;
    OutputAdded "output-added" Compatible;
    OutputAddedClosed "output-added-to-closed" Breaking;
    OutputRemoved "output-required-removed" Breaking;
    OutputForgotten "output-optional-removed" Warn;
    OutputBecameOptional "output-became-optional" Breaking;
    OutputBecameRequired "output-became-required" Compatible;
    OutputOpened "output-opened" Breaking;
    OutputClosed "output-closed" Compatible;
    OutputNarrowed "output-narrowed" Compatible;
    OutputTypeWidened "output-type-widened" Breaking;
    OutputEnumWidened "output-enum-widened" Breaking;
    OutputBoundWidened "output-bound-widened" Breaking;
    OutputNullAdded "output-null-added" Breaking;
    OutputUnknown "output-undecided" Warn;

    ArgumentAdded "argument-added" Compatible;
    ArgumentAddedRequired "argument-added-required" Breaking;
    ArgumentRemoved "argument-removed" Breaking;
    ArgumentBecameRequired "argument-became-required" Breaking;
    ArgumentBecameOptional "argument-became-optional" Compatible;

    ReadOnlyDropped "read-only-dropped" Warn security;
    ReadOnlyClaimed "read-only-claimed" Info;
    BecameDestructive "became-destructive" Warn security;
    DestructiveDropped "destructive-dropped" Info;
    IdempotentDropped "idempotent-dropped" Warn security;
    IdempotentClaimed "idempotent-claimed" Info;
    BecameOpenWorld "became-open-world" Warn security;
    OpenWorldDropped "open-world-dropped" Info;

    TitleChanged "title-changed" Info;
    DescriptionChanged "description-changed" Info;
    InstructionsChanged "instructions-changed" Info;
    CapabilityRemoved "capability-removed" Breaking;
    CapabilityAdded "capability-added" Compatible;
    ProtocolDropped "protocol-dropped" Breaking;
    ProtocolAdded "protocol-added" Compatible;
}

impl Rule {
    /// What the change means for clients.
    pub(crate) const fn verdict(self, is_security: bool) -> Verdict {
        let (verdict, is_worse) = self.row();
        if is_worse && is_security { Verdict::Breaking } else { verdict }
    }
}
