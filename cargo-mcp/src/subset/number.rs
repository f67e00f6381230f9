//! Numbers of JSON, compared without losing digits, and intervals of them.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Integers with more digits than this compare as floating point numbers do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Exact {
    Integer(i128),
    Float(f64),
}

/// The largest integer up to which every integer is a floating point number too.
const FLOAT_IS_EXACT: f64 = 9_007_199_254_740_992.0;

impl Exact {
    pub(super) fn of(number: &Number) -> Option<Self> {
        if let Some(value) = number.as_i64() {
            return Some(Self::Integer(value.into()));
        }
        if let Some(value) = number.as_u64() {
            return Some(Self::Integer(value.into()));
        }
        let value = number.as_f64()?;
        #[expect(clippy::cast_possible_truncation, reason = "it is an integer of at most 53 bits")]
        Some(if value.fract() == 0.0 && value.abs() <= FLOAT_IS_EXACT {
            Self::Integer(value as i128)
        } else {
            Self::Float(value)
        })
    }

    pub(super) fn of_value(value: &Value) -> Option<Self> {
        value.as_number().and_then(Self::of)
    }

    #[expect(clippy::cast_precision_loss, reason = "used only where the other side is a floating point number")]
    pub(super) fn float(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    pub(super) fn is_integer(self) -> bool {
        match self {
            Self::Integer(_) => true,
            Self::Float(value) => value.fract() == 0.0,
        }
    }

    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            _ => self.float().total_cmp(&other.float()),
        }
    }

    /// As JSON; `None` beyond what JSON numbers hold here.
    pub(super) fn value(self) -> Option<Value> {
        match self {
            Self::Integer(value) => {
                i64::try_from(value).map(Value::from).or_else(|_| u64::try_from(value).map(Value::from)).ok()
            }
            Self::Float(value) => Number::from_f64(value).map(Value::Number),
        }
    }

    /// This much further.
    pub(super) fn plus(self, step: f64) -> Self {
        match self {
            #[expect(clippy::cast_possible_truncation, reason = "steps are small")]
            Self::Integer(value) if step.fract() == 0.0 => Self::Integer(value.saturating_add(step as i128)),
            _ => Self::Float(self.float() + step),
        }
    }
}

/// One end of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bound {
    pub(super) at: Exact,
    pub(super) is_open: bool,
}

/// The numbers between two ends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Interval {
    pub(super) least: Option<Bound>,
    pub(super) most: Option<Bound>,
}

impl Interval {
    pub(super) fn contains(&self, value: Exact) -> bool {
        let above = self.least.is_none_or(|least| match value.compare(least.at) {
            Ordering::Less => false,
            Ordering::Equal => !least.is_open,
            Ordering::Greater => true,
        });
        above
            && self.most.is_none_or(|most| match value.compare(most.at) {
                Ordering::Greater => false,
                Ordering::Equal => !most.is_open,
                Ordering::Less => true,
            })
    }

    pub(super) fn raise(&mut self, bound: Bound) {
        let is_tighter = self.least.is_none_or(|least| match bound.at.compare(least.at) {
            Ordering::Greater => true,
            Ordering::Equal => bound.is_open,
            Ordering::Less => false,
        });
        if is_tighter {
            self.least = Some(bound);
        }
    }

    pub(super) fn lower(&mut self, bound: Bound) {
        let is_tighter = self.most.is_none_or(|most| match bound.at.compare(most.at) {
            Ordering::Less => true,
            Ordering::Equal => bound.is_open,
            Ordering::Greater => false,
        });
        if is_tighter {
            self.most = Some(bound);
        }
    }

    pub(super) fn meet(mut self, other: Self) -> Self {
        other.least.into_iter().for_each(|bound| self.raise(bound));
        other.most.into_iter().for_each(|bound| self.lower(bound));
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        let (Some(least), Some(most)) = (self.least, self.most) else { return false };
        match least.at.compare(most.at) {
            Ordering::Greater => true,
            Ordering::Equal => least.is_open || most.is_open,
            Ordering::Less => false,
        }
    }

    /// The same for integers alone: ends that are integers and belong to it.
    pub(super) fn of_integers(&self) -> Self {
        let least = self.least.map(|Bound { at, is_open }| match at {
            Exact::Integer(value) => Exact::Integer(if is_open { value.saturating_add(1) } else { value }),
            Exact::Float(value) => whole(value.ceil()),
        });
        let most = self.most.map(|Bound { at, is_open }| match at {
            Exact::Integer(value) => Exact::Integer(if is_open { value.saturating_sub(1) } else { value }),
            Exact::Float(value) => whole(value.floor()),
        });
        let closed = |at| Bound { at, is_open: false };
        Self { least: least.map(closed), most: most.map(closed) }
    }

    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.meet(*other) == *self
    }

    /// The integers in it, if there are no more than that.
    pub(super) fn integers(&self, limit: usize) -> Option<Vec<Value>> {
        let whole = self.of_integers();
        let (Some(Bound { at: Exact::Integer(least), .. }), Some(Bound { at: Exact::Integer(most), .. })) =
            (whole.least, whole.most)
        else {
            return None;
        };
        let count = usize::try_from(most.checked_sub(least)?.checked_add(1)?).unwrap_or(0);
        (count <= limit).then(|| (least..=most).filter_map(|value| Exact::Integer(value).value()).collect())
    }
}

fn whole(value: f64) -> Exact {
    #[expect(clippy::cast_possible_truncation, reason = "it is an integer of at most 53 bits")]
    if value.abs() <= FLOAT_IS_EXACT { Exact::Integer(value as i128) } else { Exact::Float(value) }
}
