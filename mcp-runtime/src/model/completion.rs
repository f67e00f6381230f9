//! Completion of prompt arguments and of the variables of resource templates. Floor 0.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Meta, ResultType};

/// The parameters of `completion/complete`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompleteRequestParams {
    /// What the argument belongs to.
    #[serde(rename = "ref")]
    pub reference: CompleteReference,
    /// The argument and what has been typed so far.
    pub argument: CompleteArgument,
    /// What is already known. Since 2025-06-18.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<CompleteContext>,
    /// Metadata of the request.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// What an argument that is to be completed belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum CompleteReference {
    /// A prompt.
    #[serde(rename = "ref/prompt")]
    Prompt(PromptReference),
    /// A resource template.
    #[serde(rename = "ref/resource")]
    Resource(ResourceTemplateReference),
}

/// A prompt, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptReference {
    /// The name that programs use for the prompt.
    pub name: String,
    /// The name that people see. Since 2025-06-18.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A resource or a resource template, by its URI. Named `ResourceReference` until 2025-03-26.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceTemplateReference {
    /// The URI, or the template of the URIs.
    pub uri: String,
}

/// An argument that is to be completed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompleteArgument {
    /// Which argument.
    pub name: String,
    /// What has been typed so far.
    pub value: String,
}

/// What is already known when an argument is completed. Since 2025-06-18.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompleteContext {
    /// The values of the other arguments, as far as they have been filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<BTreeMap<String, String>>,
}

/// The answer to `completion/complete`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CompleteResult {
    /// The values.
    pub completion: Completion,
    /// How the result is to be read. Since 2026-07-28.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_type: Option<ResultType>,
    /// Metadata of the result.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

impl CompleteResult {
    /// The answer with these values, best first.
    ///
    /// All are counted; the first hundred are sent.
    pub fn new<V: Into<String>>(values: impl IntoIterator<Item = V>) -> Self {
        let mut values = values.into_iter();
        let sent: Vec<String> = values.by_ref().take(Completion::MAX_VALUES).map(Into::into).collect();
        let held_back = values.count();
        let completion = Completion {
            total: u64::try_from(sent.len() + held_back).ok(),
            has_more: Some(held_back > 0),
            values: sent,
        };
        Self { completion, ..Self::default() }
    }
}

/// Values that complete an argument.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Completion {
    /// The values, best first; at most a hundred.
    pub values: Vec<String>,
    /// How many there are in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Whether there are more than were sent, even if nobody knows how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_more: Option<bool>,
}

impl Completion {
    /// How many values one answer may have.
    ///
    /// Source: every revision, "Completion", "Completion Results".
    pub const MAX_VALUES: usize = 100;
}

#[cfg(test)]
mod tests {
    use super::CompleteResult;

    #[test]
    fn a_hundred_values_are_sent_and_all_are_counted() {
        for (count, sent, has_more) in [(0, 0, false), (1, 1, false), (100, 100, false), (101, 100, true)] {
            let completion = CompleteResult::new((0..count).map(|n| n.to_string())).completion;
            assert_eq!(completion.values.len(), sent);
            assert_eq!((completion.total, completion.has_more), (Some(count), Some(has_more)));
        }
    }
}
