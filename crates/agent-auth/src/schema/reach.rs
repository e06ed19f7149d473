//! Which scalars a schema allows: an estimate that never leaves one out.
//!
//! Constraints speak of texts, numbers and booleans only. What a schema says about these is gathered here, so that a
//! constraint can be held against it without an argument at hand.

use super::node::{Node, Span};
use super::numbers::Numbers;
use super::value_type::Type;
use crate::constraint::{Bound, End, Operators, Range, Scalar};

/// The scalars that a schema allows: those of each branch.
pub(super) struct Reach(Vec<Branch>);

/// A schema without alternatives, or one of its alternatives with all that stands around it.
#[derive(Clone)]
struct Branch {
    /// All of them, where the schema lists values; the rest then only adds to what it says.
    listed: Option<Vec<Scalar>>,
    numbers: Option<Numbers>,
    texts: Option<Span>,
    booleans: bool,
}

impl Node {
    pub(super) fn reach(&self) -> Reach {
        Reach(self.branches())
    }

    fn branches(&self) -> Vec<Branch> {
        let may =
            |types: &[Type]| self.types.as_deref().is_none_or(|known| known.iter().any(|one| types.contains(one)));
        let numbers = Numbers::of(self, !may(&[Type::Number]));
        let own = Branch {
            listed: self.listed.as_ref().map(|list| list.iter().filter_map(Scalar::of).collect()),
            numbers: may(&[Type::Number, Type::Integer]).then_some(numbers),
            texts: may(&[Type::String]).then_some(self.length),
            booleans: may(&[Type::Boolean]),
        };
        let own = match &self.alternatives {
            None => vec![own.settled()],
            Some(alternatives) => alternatives.nodes().flat_map(Node::branches).map(|branch| own.and(branch)).collect(),
        };
        self.parts.iter().fold(own, |all, part| {
            let part = part.branches();
            all.iter().flat_map(|one| part.iter().map(|other| one.and(other.clone()))).collect()
        })
    }
}

impl Reach {
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

    /// The range that every number is in, if only numbers are allowed, or only they are asked for.
    pub(super) fn range(&self, asked: &Operators) -> Range {
        let only_numbers = asked.min.is_some() || asked.max.is_some() || self.0.iter().all(Branch::is_of_numbers);
        if !only_numbers {
            return Range::default();
        }
        let ranges: Vec<Range> = self.0.iter().filter_map(Branch::range).collect();
        let least: Option<Vec<&End>> = ranges.iter().map(|range| range.least.as_ref()).collect();
        let most: Option<Vec<&End>> = ranges.iter().map(|range| range.most.as_ref()).collect();
        let mut steps = ranges.first().map(|range| range.steps.clone()).unwrap_or_default();
        steps.retain(|step| ranges.iter().all(|range| range.steps.contains(step)));
        Range {
            least: least.and_then(|ends| ends.into_iter().min_by(|one, other| one.cmp_as_least(other))).cloned(),
            most: most.and_then(|ends| ends.into_iter().max_by(|one, other| one.cmp_as_most(other))).cloned(),
            steps,
        }
    }
}

impl Branch {
    fn and(&self, other: Branch) -> Branch {
        let listed = match (&self.listed, other.listed) {
            (Some(one), Some(other)) => Some(other.into_iter().filter(|value| one.contains(value)).collect()),
            (one, other) => other.or_else(|| one.clone()),
        };
        Branch {
            listed,
            numbers: self.numbers.as_ref().zip(other.numbers.as_ref()).map(|(one, other)| one.and(other)),
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
                Scalar::Number(bound) => numbers.as_ref().is_some_and(|numbers| numbers.contain(&bound.decimal)),
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

    /// The range of its numbers; `None` where it has none.
    fn range(&self) -> Option<Range> {
        let Some(listed) = &self.listed else {
            return self.numbers.as_ref().map(|numbers| numbers.range.clone());
        };
        let numbers = || {
            listed.iter().filter_map(|value| match value {
                Scalar::Number(bound) => Some(bound),
                Scalar::Bool(_) | Scalar::Text(_) => None,
            })
        };
        let key = |bound: &&Bound| bound.decimal.clone();
        let (least, most) = (numbers().min_by_key(key)?, numbers().max_by_key(key)?);
        let only = Operators { min: Some(least.clone()), max: Some(most.clone()), ..Operators::default() };
        Some(Range::of(&only))
    }

    fn meets(&self, limits: &Operators) -> bool {
        if let Some(listed) = &self.listed {
            return listed.iter().any(|value| limits.allow(value));
        }
        let excluded = limits.none_of.as_deref().unwrap_or_default();
        let may_be = |sample: &Scalar| excluded.iter().all(|value| value.is_of_the_type_of(sample));
        let number = self.numbers.as_ref().is_some_and(|numbers| numbers.leave_any(limits, excluded))
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
