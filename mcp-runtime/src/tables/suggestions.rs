//! What suggests values for the arguments of an entry: functions, and closed lists of values, which complete themselves. Floor 4.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use crate::entry::Completer;
use crate::schema::{ArgumentsSchema, Fields};

/// What the arguments of an entry are, and what suggests values for them.
pub(crate) struct Suggestions {
    pub(crate) schema: ArgumentsSchema,
    completers: HashMap<&'static str, Completer>,
    /// The values that each argument may have, if its type is a closed list; made when somebody asks.
    choices: OnceLock<BTreeMap<String, Vec<String>>>,
    /// Whether no argument's type is one.
    is_plain: bool,
}

impl Suggestions {
    pub(super) fn new(
        describe: fn(&mut Fields<'_>),
        open: bool,
        completers: Vec<(&'static str, Completer)>,
        is_plain: bool,
    ) -> Self {
        let schema = ArgumentsSchema::Described(describe, open);
        Self { schema, completers: completers.into_iter().collect(), choices: OnceLock::new(), is_plain }
    }

    /// What suggests values of this argument, if something does.
    pub(crate) fn completer(&self, argument: &str) -> Option<&Completer> {
        self.completers.get(argument)
    }

    /// The values of this argument, none of which stands for any; `None` if there is no such argument.
    pub(crate) fn choices(&self, argument: &str) -> Option<&[String]> {
        self.all_choices().get(argument).map(Vec::as_slice)
    }

    /// Whether there are any. A server that starts asks this, and seldom needs a schema for it.
    pub(super) fn exist(&self) -> bool {
        !self.completers.is_empty() || !self.is_plain && self.all_choices().values().any(|values| !values.is_empty())
    }

    fn all_choices(&self) -> &BTreeMap<String, Vec<String>> {
        self.choices.get_or_init(|| {
            let schema = self.schema.get();
            let properties = schema.get("properties").and_then(|properties| properties.as_object());
            let choices = properties.into_iter().flatten().map(|(name, property)| {
                let values = property.get("enum").and_then(|values| values.as_array()).into_iter().flatten();
                (name.clone(), values.filter_map(|value| value.as_str()).map(str::to_owned).collect())
            });
            choices.collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use schemars::json_schema;

    use super::*;
    use crate::schema::Need;

    fn never(_: &mut Fields<'_>) {
        unreachable!("nothing needs a schema");
    }

    fn closed(fields: &mut Fields<'_>) {
        fields.add("kind", "", Need::Required, json_schema!({ "type": "string", "enum": ["a", "b"] })).end();
        fields.add("text", "", Need::Required, json_schema!({ "type": "string" })).end();
    }

    #[test]
    fn no_schema_is_made_to_know_that_nothing_is_suggested() {
        assert!(!Suggestions::new(never, false, Vec::new(), true).exist());
        let completer: Completer = Box::new(|_, _| Box::pin(std::future::ready(Vec::new())));
        assert!(Suggestions::new(never, false, vec![("text", completer)], false).exist());
    }

    #[test]
    fn a_closed_list_suggests_its_values() {
        let suggestions = Suggestions::new(closed, false, Vec::new(), false);
        assert!(suggestions.exist());
        assert_eq!(suggestions.choices("kind"), Some(["a".to_owned(), "b".to_owned()].as_slice()));
        assert_eq!(suggestions.choices("text"), Some([].as_slice()));
        assert_eq!(suggestions.choices("other"), None);
    }
}
