//! Which scalars a schema allows, estimated: never fewer than it does.
//!
//! Constraints speak of texts, numbers and booleans only. What a schema says about these is gathered here, so that a
//! constraint can be held against it without an argument at hand.

use super::node::{Node, Span};
use super::value_type::Type;
use crate::constraint::{Bound, Operators, Scalar};
use crate::decimal::Decimal;

/// The scalars that a schema allows: those of each branch.
pub(super) struct Reach<'a>(Vec<Branch<'a>>);

/// A schema without alternatives, or one of its alternatives with all that stands around it.
#[derive(Clone)]
struct Branch<'a> {
    /// All of them, where the schema lists values; the rest then only adds to what it says.
    listed: Option<Vec<Scalar>>,
    numbers: Option<Numbers<'a>>,
    texts: Option<Span>,
    booleans: bool,
}

#[derive(Clone, Copy)]
struct Numbers<'a> {
    whole: bool,
    least: Option<&'a Bound>,
    most: Option<&'a Bound>,
}

impl Node {
    pub(super) fn reach(&self) -> Reach<'_> {
        Reach(self.branches())
    }

    fn branches(&self) -> Vec<Branch<'_>> {
        let may =
            |types: &[Type]| self.types.as_deref().is_none_or(|known| known.iter().any(|one| types.contains(one)));
        let numbers =
            Numbers { whole: !may(&[Type::Number]), least: self.minimum.as_ref(), most: self.maximum.as_ref() };
        let own = Branch {
            listed: self.listed.as_ref().map(|list| list.iter().filter_map(Scalar::of).collect()),
            numbers: may(&[Type::Number, Type::Integer]).then_some(numbers),
            texts: may(&[Type::String]).then_some(self.length),
            booleans: may(&[Type::Boolean]),
        };
        match &self.alternatives {
            None => vec![own.settled()],
            Some(alternatives) => alternatives.nodes().flat_map(Node::branches).map(|branch| own.and(branch)).collect(),
        }
    }
}

impl Reach<'_> {
    /// Whether it has any scalar at all.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Branch::is_empty)
    }

    /// All of them, if the schema lists them.
    pub(super) fn listed(&self) -> Option<Vec<Scalar>> {
        let mut all: Vec<Scalar> = Vec::new();
        for branch in self.0.iter().filter(|branch| !branch.is_empty()) {
            for value in branch.listed.as_ref()? {
                if !all.contains(value) {
                    all.push(value.clone());
                }
            }
        }
        (!self.is_empty()).then_some(all)
    }

    /// Whether a value meets these limits too, as far as types, ranges, lengths and lists tell.
    pub(super) fn meets(&self, limits: &Operators) -> bool {
        self.0.iter().any(|branch| branch.meets(limits))
    }

    /// The range that every number has, if only numbers are allowed, or only they are asked for.
    pub(super) fn range(&self, asked: &Operators) -> Operators {
        let only_numbers = asked.min.is_some() || asked.max.is_some() || self.0.iter().all(Branch::is_of_numbers);
        if !only_numbers {
            return Operators::default();
        }
        let ranges: Vec<_> = self.0.iter().filter_map(Branch::range).collect();
        let least: Option<Vec<Bound>> = ranges.iter().map(|(least, _)| least.clone()).collect();
        let most: Option<Vec<Bound>> = ranges.iter().map(|(_, most)| most.clone()).collect();
        let key = |bound: &Bound| bound.decimal.clone();
        Operators {
            min: least.and_then(|bounds| bounds.into_iter().min_by_key(key)),
            max: most.and_then(|bounds| bounds.into_iter().max_by_key(key)),
            ..Operators::default()
        }
    }
}

impl<'a> Branch<'a> {
    fn and(&self, other: Branch<'a>) -> Branch<'a> {
        let listed = match (&self.listed, other.listed) {
            (Some(one), Some(other)) => Some(other.into_iter().filter(|value| one.contains(value)).collect()),
            (one, other) => other.or_else(|| one.clone()),
        };
        Branch {
            listed,
            numbers: self.numbers.zip(other.numbers).map(|(one, other)| one.and(other)),
            texts: self.texts.zip(other.texts).map(|(one, other)| one.and(other)),
            booleans: self.booleans && other.booleans,
        }
        .settled()
    }

    /// Lists what the rest does not refuse.
    fn settled(mut self) -> Self {
        let Branch { listed, numbers, texts, booleans } = &mut self;
        if let Some(listed) = listed {
            listed.retain(|value| match value {
                Scalar::Number(bound) => numbers.is_some_and(|numbers| numbers.contain(&bound.decimal)),
                Scalar::Text(text) => texts.is_some_and(|length| length.contains(text.chars().count())),
                Scalar::Bool(_) => *booleans,
            });
        }
        self
    }

    fn is_empty(&self) -> bool {
        match &self.listed {
            Some(listed) => listed.is_empty(),
            None => self.numbers.is_none() && self.texts.is_none() && !self.booleans,
        }
    }

    fn is_of_numbers(&self) -> bool {
        match &self.listed {
            Some(listed) => listed.iter().all(|value| matches!(value, Scalar::Number(_))),
            None => self.texts.is_none() && !self.booleans,
        }
    }

    /// The least and the most of its numbers; `None` where it has none.
    fn range(&self) -> Option<(Option<Bound>, Option<Bound>)> {
        let Some(listed) = &self.listed else {
            return self.numbers.map(|numbers| (numbers.least.cloned(), numbers.most.cloned()));
        };
        let numbers = || {
            listed.iter().filter_map(|value| match value {
                Scalar::Number(bound) => Some(bound),
                Scalar::Bool(_) | Scalar::Text(_) => None,
            })
        };
        let key = |bound: &&Bound| bound.decimal.clone();
        let (least, most) = (numbers().min_by_key(key)?, numbers().max_by_key(key)?);
        Some((Some(least.clone()), Some(most.clone())))
    }

    fn meets(&self, limits: &Operators) -> bool {
        if let Some(listed) = &self.listed {
            return listed.iter().any(|value| limits.allow(value));
        }
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
}

impl<'a> Numbers<'a> {
    fn contain(self, number: &Decimal) -> bool {
        (!self.whole || number.is_integer())
            && self.least.is_none_or(|least| *number >= least.decimal)
            && self.most.is_none_or(|most| *number <= most.decimal)
    }

    fn and(self, other: Numbers<'a>) -> Numbers<'a> {
        let key = |bound: &&Bound| bound.decimal.clone();
        Numbers {
            whole: self.whole || other.whole,
            least: self.least.into_iter().chain(other.least).max_by_key(key),
            most: self.most.into_iter().chain(other.most).min_by_key(key),
        }
    }

    fn leave_any(self, limits: &Operators, excluded: &[Scalar]) -> bool {
        let asked = Numbers { whole: false, least: limits.min.as_ref(), most: limits.max.as_ref() };
        let both = self.and(asked);
        let (Some(least), Some(most)) = (both.least, both.most) else { return true };
        let (least, most) = (&least.decimal, &most.decimal);
        if least > most {
            return false;
        }
        let is_excluded = |number: &Decimal| {
            excluded.iter().any(|value| matches!(value, Scalar::Number(bound) if bound.decimal == *number))
        };
        if !self.whole {
            return least < most || !is_excluded(least);
        }
        // Beyond these numbers nobody excludes everything between two bounds one by one.
        let (Some(first), Some(last)) = (least.ceiling(), most.floor()) else { return true };
        let most_excluded = i128::try_from(excluded.len()).unwrap_or(i128::MAX);
        last.saturating_sub(first) >= most_excluded || (first..=last).any(|number| !is_excluded(&Decimal::from(number)))
    }
}

impl Span {
    fn contains(self, size: usize) -> bool {
        self.least.is_none_or(|least| size >= least) && self.most.is_none_or(|most| size <= most)
    }

    fn and(self, other: Span) -> Span {
        let fewest = |one: Option<usize>, other: Option<usize>| one.into_iter().chain(other).min();
        Span { least: self.least.max(other.least), most: fewest(self.most, other.most) }
    }

    fn leaves_any(self, without_the_empty_text: bool) -> bool {
        let least = self.least.unwrap_or(0).max(usize::from(without_the_empty_text));
        self.most.is_none_or(|most| least <= most)
    }
}
