//! What was measured: for each table, row and column one number for each round. Ratios are made round by round, because both of
//! their sides were measured in the same mood of the machine.

use std::collections::BTreeMap;

/// Where a number belongs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) table: String,
    pub(crate) server: String,
    pub(crate) column: String,
}

impl Key {
    pub(crate) fn new(table: &str, server: &str, column: &str) -> Self {
        Self { table: table.to_owned(), server: server.to_owned(), column: column.to_owned() }
    }
}

#[derive(Default)]
pub(crate) struct Figures {
    rounds: BTreeMap<Key, Vec<(usize, f64)>>,
    failures: BTreeMap<Key, String>,
}

/// The middle of some numbers, and how far they are apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Spread {
    pub(crate) fn of(mut numbers: Vec<f64>) -> Option<Self> {
        numbers.sort_unstable_by(f64::total_cmp);
        let (least, most) = (*numbers.first()?, *numbers.last()?);
        let middle = numbers.len() / 2;
        let median = if numbers.len().is_multiple_of(2) {
            f64::midpoint(numbers[middle - 1], numbers[middle])
        } else {
            numbers[middle]
        };
        Some(Self { least, median, most })
    }
}

impl Figures {
    pub(crate) fn add(&mut self, key: Key, round: usize, number: f64) {
        self.rounds.entry(key).or_default().push((round, number));
    }

    /// Notes why there is no number.
    pub(crate) fn fail(&mut self, key: Key, why: String) {
        self.failures.entry(key).or_insert(why);
    }

    pub(crate) fn failures(&self) -> impl Iterator<Item = (&Key, &str)> {
        self.failures.iter().map(|(key, why)| (key, why.as_str()))
    }

    pub(crate) fn spread(&self, key: &Key) -> Option<Spread> {
        Spread::of(self.rounds.get(key)?.iter().map(|(_, number)| *number).collect())
    }

    pub(crate) fn has_failed(&self, key: &Key) -> bool {
        self.failures.contains_key(key)
    }

    /// One by the other, as it was in each round.
    pub(crate) fn ratio(&self, one: &Key, other: &Key) -> Option<Spread> {
        self.combined(one, other, |one, other| one / other)
    }

    /// By how much one is more than the other, as it was in each round.
    pub(crate) fn difference(&self, one: &Key, other: &Key) -> Option<Spread> {
        self.combined(one, other, |one, other| one - other)
    }

    fn combined(&self, one: &Key, other: &Key, combine: impl Fn(f64, f64) -> f64) -> Option<Spread> {
        let per_round = |key| -> Option<BTreeMap<usize, f64>> {
            let mut rounds: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
            for (round, number) in self.rounds.get(key)? {
                rounds.entry(*round).or_default().push(*number);
            }
            Some(rounds.into_iter().filter_map(|(round, all)| Some((round, Spread::of(all)?.median))).collect())
        };
        let (one, other) = (per_round(one)?, per_round(other)?);
        Spread::of(one.iter().filter_map(|(round, one)| Some(combine(*one, *other.get(round)?))).collect())
    }
}

/// A number with as many digits as say something.
pub(crate) fn shown(number: f64) -> String {
    let digits = match number.abs() {
        10.0.. => 0,
        1.0.. => 1,
        _ => 2,
    };
    let text = format!("{number:.digits$}");
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |text| ("-", text));
    let (whole, rest) = text.split_once('.').map_or((text, String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    let groups: Vec<&str> =
        whole.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    format!("{sign}{}{rest}", groups.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_of_figures_lies_between_two() {
        let spread = Spread::of(vec![4.0, 1.0, 3.0, 2.0]).map(|spread| (spread.least, spread.median, spread.most));
        assert_eq!(spread, Some((1.0, 2.5, 4.0)));
        assert!(Spread::of(Vec::new()).is_none());
    }

    #[test]
    fn ratios_are_made_round_by_round() {
        let mut figures = Figures::default();
        let (one, other) = (Key::new("t", "one", "c"), Key::new("t", "other", "c"));
        for (round, mood) in [(0, 1.0), (1, 10.0), (2, 3.0)] {
            figures.add(one.clone(), round, 2.0 * mood);
            figures.add(other.clone(), round, mood);
        }
        let ratio = figures.ratio(&one, &other).map(|ratio| (ratio.least, ratio.most));
        assert_eq!(ratio, Some((2.0, 2.0)));
    }

    #[test]
    fn numbers_are_shown_with_what_they_say() {
        let shown: Vec<String> = [0.123, 1.25, 12.5, 1234.4, 1_234_567.0, -1234.0].map(shown).into();
        assert_eq!(shown, ["0.12", "1.2", "12", "1,234", "1,234,567", "-1,234"]);
    }
}
