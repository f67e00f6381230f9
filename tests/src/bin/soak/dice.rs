//! Chances that the same seed brings again (`SplitMix64`, by Steele, Lea and Flood).

use std::ops::RangeInclusive;

#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The chances of one of those that take part.
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let mut dice = Self(seed);
        dice.0 = dice.next().wrapping_add(number);
        dice.0 = dice.next();
        dice
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn of(&mut self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.next() % (range.end() - range.start() + 1)
    }

    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// One of these, each as often as its weight says.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[(u64, T)]) -> T {
        let mut at = self.next() % all.iter().map(|(weight, _)| weight).sum::<u64>();
        for (weight, one) in all {
            match at.checked_sub(*weight) {
                Some(rest) => at = rest,
                None => return *one,
            }
        }
        all[0].1
    }
}
