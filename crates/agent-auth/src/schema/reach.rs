//! Which scalars a schema allows, estimated: never fewer than it does.
//!
//! Constraints speak of texts, numbers and booleans only. What a schema says about these is gathered here, so that a
//! constraint can be held against it without an argument at hand.

use super::{Node, Span, Type};
use crate::constraint::{Bound, Operators, Scalar};
use crate::decimal::Decimal;

/// The scalars that a schema allows.
#[derive(Debug)]
pub(super) struct Reach<'a> {
    /// All of them, where the schema lists values.
    pub(super) listed: Option<Vec<Scalar>>,
    numbers: Option<Numbers<'a>>,
    texts: Option<Span>,
    booleans: bool,
}

#[derive(Clone, Copy, Debug)]
struct Numbers<'a> {
    whole: bool,
    least: Option<&'a Bound>,
    most: Option<&'a Bound>,
}

impl Node {
    pub(super) fn reach(&self) -> Reach<'_> {
        let may =
            |types: &[Type]| self.types.as_deref().is_none_or(|known| known.iter().any(|one| types.contains(one)));
        let numbers =
            Numbers { whole: !may(&[Type::Number]), least: self.minimum.as_ref(), most: self.maximum.as_ref() };
        Reach {
            listed: self.one_of.as_ref().map(|list| list.iter().filter_map(Scalar::of).collect()),
            numbers: may(&[Type::Number, Type::Integer]).then_some(numbers),
            texts: may(&[Type::String]).then_some(self.length),
            booleans: may(&[Type::Boolean]),
        }
    }
}

impl Reach<'_> {
    /// Whether it has any scalar at all.
    pub(super) fn is_empty(&self) -> bool {
        match &self.listed {
            Some(listed) => listed.is_empty(),
            None => self.numbers.is_none() && self.texts.is_none() && !self.booleans,
        }
    }

    /// Whether a value meets these limits too, as far as types, ranges and lengths tell. Lists are not looked at.
    pub(super) fn meets(&self, limits: &Operators) -> bool {
        let excluded = limits.none_of.as_deref().unwrap_or_default();
        let may_be = |sample: &Scalar| excluded.iter().all(|value| value.is_of_the_type_of(sample));
        let number = self.numbers.is_some_and(|numbers| numbers.leave_any(limits, excluded))
            && excluded.iter().all(|value| matches!(value, Scalar::Number(_)));
        let unbounded = limits.min.is_none() && limits.max.is_none();
        let text = Scalar::Text(String::new());
        let texts = self.texts.is_some_and(|length| length.leaves_any(excluded.contains(&text)));
        let boolean = [true, false].into_iter().any(|value| !excluded.contains(&Scalar::Bool(value)));
        number
            || (unbounded && texts && may_be(&text))
            || (unbounded && self.booleans && boolean && may_be(&Scalar::Bool(true)))
    }

    /// The range that every number has, if only numbers are allowed, or only they are asked for.
    pub(super) fn range(&self, asked: &Operators) -> Operators {
        let only_numbers = asked.min.is_some() || asked.max.is_some() || (self.texts.is_none() && !self.booleans);
        match self.numbers {
            Some(numbers) if only_numbers => {
                Operators { min: numbers.least.cloned(), max: numbers.most.cloned(), ..Operators::default() }
            }
            _ => Operators::default(),
        }
    }
}

impl Numbers<'_> {
    fn leave_any(self, limits: &Operators, excluded: &[Scalar]) -> bool {
        let decimal = |bound: Option<&Bound>| bound.map(|bound| bound.decimal.clone());
        let least = decimal(self.least).max(decimal(limits.min.as_ref()));
        let most = [decimal(self.most), decimal(limits.max.as_ref())].into_iter().flatten().min();
        let (Some(least), Some(most)) = (least, most) else { return true };
        if least > most {
            return false;
        }
        let is_excluded = |number: &Decimal| {
            excluded.iter().any(|value| matches!(value, Scalar::Number(bound) if bound.decimal == *number))
        };
        if !self.whole {
            return least < most || !is_excluded(&least);
        }
        // Beyond these numbers nobody excludes everything between two bounds one by one.
        let (Some(first), Some(last)) = (least.ceiling(), most.floor()) else { return true };
        let most_excluded = i128::try_from(excluded.len()).unwrap_or(i128::MAX);
        last.saturating_sub(first) >= most_excluded || (first..=last).any(|number| !is_excluded(&Decimal::from(number)))
    }
}

impl Span {
    fn leaves_any(self, without_the_empty_text: bool) -> bool {
        let least = self.least.unwrap_or(0).max(usize::from(without_the_empty_text));
        self.most.is_none_or(|most| least <= most)
    }
}
