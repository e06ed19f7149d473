//! The numbers that a schema allows, and whether a constraint leaves any of them.

use super::node::Node;
use crate::constraint::{End, Operators, Range, Scalar, Side};
use crate::decimal::Decimal;

#[derive(Clone)]
pub(super) struct Numbers {
    pub(super) range: Range,
    /// Whole numbers only.
    pub(super) whole: bool,
}

impl Numbers {
    /// What a schema says about numbers by itself.
    pub(super) fn of(node: &Node, whole: bool) -> Self {
        let end = |bound: &_, side| End { bound: Clone::clone(bound), side };
        let at = |bound: &Option<_>| bound.as_ref().map(|bound| end(bound, Side::Included));
        let beyond = |bound: &Option<_>| bound.as_ref().map(|bound| end(bound, Side::Excluded));
        let inner = Range { least: at(&node.minimum), most: at(&node.maximum), steps: Vec::new() };
        let outer = Range { least: beyond(&node.above), most: beyond(&node.below), steps: Vec::new() };
        let steps = Range { steps: node.step.iter().cloned().collect(), ..Range::default() };
        Numbers { range: inner.and(&outer).and(&steps), whole }
    }

    pub(super) fn and(&self, other: &Numbers) -> Numbers {
        Numbers { range: self.range.and(&other.range), whole: self.whole || other.whole }
    }

    pub(super) fn contain(&self, number: &Decimal) -> bool {
        (!self.whole || number.is_integer()) && self.range.contains(number)
    }

    /// Whether a number is left within these limits that is not excluded. The answer is never no if there is one.
    pub(super) fn leave_any(&self, limits: &Operators, excluded: &[Scalar]) -> bool {
        let range = self.range.and(&Range::of(limits));
        let (Some(least), Some(most)) = (&range.least, &range.most) else { return true };
        let is_excluded = |number: &Decimal, unit: i64| {
            excluded.iter().any(|value| match value {
                Scalar::Number(bound) => bound.decimal.in_units_of(unit).as_ref() == Some(number),
                Scalar::Bool(_) | Scalar::Text(_) => false,
            })
        };
        let (low, high) = (&least.bound.decimal, &most.bound.decimal);
        match Grid::of(&range, self.whole) {
            Grid::Everything => low < high || (range.contains(low) && !is_excluded(low, 0)),
            Grid::Multiples { every, unit } => {
                // Beyond the numbers that are reckoned with, nobody excludes everything between two ends one by one.
                let Some((first, last)) = multiples_between(least, most, every, unit) else { return true };
                let free = |nth: i128| nth.checked_mul(every).is_none_or(|at| !is_excluded(&Decimal::from(at), unit));
                let most_excluded = i128::try_from(excluded.len()).unwrap_or(i128::MAX);
                last.saturating_sub(first) >= most_excluded.max(1) || (first..=last).any(free)
            }
            Grid::Unknown => low <= high,
        }
    }
}

/// The numbers that steps leave: every so many units, a unit being this power of ten.
enum Grid {
    Everything,
    Multiples {
        every: i128,
        unit: i64,
    },
    /// Steps too far apart from each other to be reckoned with.
    Unknown,
}

impl Grid {
    fn of(range: &Range, whole: bool) -> Self {
        let steps: Option<Vec<(u128, i64)>> = (range.steps.iter().map(|step| &step.decimal))
            .map(|step| Some((step.significant()?, step.unit()?)))
            .chain(whole.then_some(Some((1, 0))))
            .collect();
        let Some(steps) = steps else { return Grid::Unknown };
        let Some(unit) = steps.iter().map(|(_, unit)| *unit).min() else { return Grid::Everything };
        let in_units = |(step, of): (u128, i64)| {
            let zeros = of.checked_sub(unit).and_then(|zeros| u32::try_from(zeros).ok())?;
            i128::try_from(step).ok()?.checked_mul(10_i128.checked_pow(zeros)?)
        };
        let every = steps.into_iter().try_fold(1, |all, step| least_common_multiple(all, in_units(step)?));
        every.map_or(Grid::Unknown, |every| Grid::Multiples { every, unit })
    }
}

/// The first and the last multiple between two ends, counted from zero. `None` beyond 38 digits.
fn multiples_between(least: &End, most: &End, every: i128, unit: i64) -> Option<(i128, i128)> {
    let (low, high) = (least.bound.decimal.in_units_of(unit)?, most.bound.decimal.in_units_of(unit)?);
    let is_at = |nth: i128, end: &Decimal| nth.checked_mul(every).is_some_and(|at| Decimal::from(at) == *end);
    let mut last = high.floor()?.div_euclid(every);
    if most.side == Side::Excluded && is_at(last, &high) {
        last -= 1;
    }
    let mut first = -(low.ceiling()?.checked_neg()?.div_euclid(every));
    if least.side == Side::Excluded && is_at(first, &low) {
        first += 1;
    }
    Some((first, last))
}

fn least_common_multiple(one: i128, other: i128) -> Option<i128> {
    let (mut divisor, mut rest) = (one, other);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (one / divisor).checked_mul(other)
}
