//! Ranges of numbers: what is between two ends, each of which belongs to it or not, in steps.

use std::cmp::Ordering;

use super::field::{Bound, Operators};
use crate::decimal::Decimal;

/// What is said about a number; an absent end says nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Range {
    pub(crate) least: Option<End>,
    pub(crate) most: Option<End>,
    /// It is a multiple of each.
    pub(crate) steps: Vec<Bound>,
}

#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) bound: Bound,
    pub(crate) side: Side,
}

/// Whether an end belongs to its range.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Side {
    Included,
    Excluded,
}

impl Range {
    pub(crate) fn of(operators: &Operators) -> Self {
        let end = |bound: &Bound| End { bound: bound.clone(), side: Side::Included };
        Range { least: operators.min.as_ref().map(end), most: operators.max.as_ref().map(end), steps: Vec::new() }
    }

    /// What both contain.
    #[must_use]
    pub(crate) fn and(&self, other: &Range) -> Range {
        let least = self.least.iter().chain(&other.least).max_by(|one, other| one.cmp_as_least(other));
        let most = self.most.iter().chain(&other.most).min_by(|one, other| one.cmp_as_most(other));
        let mut steps = self.steps.clone();
        steps.extend(other.steps.iter().filter(|step| !self.steps.contains(step)).cloned());
        Range { least: least.cloned(), most: most.cloned(), steps }
    }

    pub(crate) fn contains(&self, number: &Decimal) -> bool {
        let meets = |end: &End, within: Ordering| match number.cmp(&end.bound.decimal) {
            Ordering::Equal => end.side == Side::Included,
            found => found == within,
        };
        self.least.as_ref().is_none_or(|least| meets(least, Ordering::Greater))
            && self.most.as_ref().is_none_or(|most| meets(most, Ordering::Less))
            && self.steps.iter().all(|step| number.is_multiple_of(&step.decimal) == Some(true))
    }

    /// `None` where it says nothing. An open end is said aloud, because a limit on one side looks like a limit on both.
    pub(super) fn in_words(&self) -> Option<String> {
        let least = |end: &End| match end.side {
            Side::Included => format!("at least {}", end.bound.written),
            Side::Excluded => format!("more than {}", end.bound.written),
        };
        let most = |end: &End| match end.side {
            Side::Included => format!("at most {}", end.bound.written),
            Side::Excluded => format!("less than {}", end.bound.written),
        };
        let included = |end: &End| end.side == Side::Included;
        let ends = match (&self.least, &self.most) {
            (Some(low), Some(high)) if included(low) && included(high) && low.bound.decimal == high.bound.decimal => {
                return Some(format!("only {}", low.bound.written));
            }
            (Some(low), Some(high)) if included(low) && included(high) => {
                Some(format!("from {} to {}", low.bound.written, high.bound.written))
            }
            (Some(low), Some(high)) => Some(format!("{} and {}", least(low), most(high))),
            (Some(low), None) => Some(format!("{}, no upper limit", least(low))),
            (None, Some(high)) => Some(format!("{}, no lower limit", most(high))),
            (None, None) => None,
        };
        let steps: Vec<String> = self.steps.iter().map(|step| format!("of {}", step.written)).collect();
        match (ends, steps.is_empty()) {
            (ends, true) => ends,
            (Some(ends), false) => Some(format!("{ends}, a multiple {}", steps.join(" and "))),
            (None, false) => Some(format!("any multiple {}", steps.join(" and "))),
        }
    }
}

impl End {
    /// An end that is excluded is the higher one of two at the same number.
    pub(crate) fn cmp_as_least(&self, other: &End) -> Ordering {
        self.bound.decimal.cmp(&other.bound.decimal).then(self.side.cmp(&other.side))
    }

    /// An end that is excluded is the lower one of two at the same number.
    pub(crate) fn cmp_as_most(&self, other: &End) -> Ordering {
        self.bound.decimal.cmp(&other.bound.decimal).then(other.side.cmp(&self.side))
    }
}
