//! Constraints and a schema taken together: whether they leave anything, and how that is told to people.
//!
//! This is what no validator can do, and one of the reasons why the schema is read by code of our own: a limit must be
//! narrowed, compared with the schema, refused when it leaves nothing, and shown to a person in words.

use countersign_web::text;

use super::InputSchema;
use super::node::{Node, Span};
use super::value_type::Type;
use crate::constraint::{ANY, Constraints, FieldConstraint, Operators, Range, Scalar, values_in_words};

/// A constraint under which no call would ever be allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Contradiction<'a> {
    /// The field, as it was written.
    pub field: &'a str,
    /// Why nothing is left: our words, without any value.
    pub reason: &'static str,
}

/// What a constraint and a schema allow together.
enum Left {
    Nothing(&'static str),
    Values(Vec<Scalar>),
    /// More than can be listed.
    Open,
}

impl InputSchema {
    /// The first constraint under which no call would ever be allowed: it contradicts itself (`min` above `max`, an empty
    /// `in`), the schema (`min` above its `maximum`, no value of `in` that it allows), or the field cannot be constrained.
    ///
    /// `None` is no promise: what a `pattern` leaves is not looked into, unless the values are listed.
    pub fn contradiction<'a>(&self, constraints: &'a Constraints) -> Option<Contradiction<'a>> {
        constraints.iter().find_map(|(field, constraint)| match self.left(field, Some(constraint)) {
            Left::Nothing(reason) => Some(Contradiction { field, reason }),
            Left::Values(_) | Left::Open => None,
        })
    }

    /// What a call may say in this field, by the constraint and the schema together, for the person who approves: `from 0
    /// to 100` for `max: 100` on a field with `minimum: 0`. Without either: `any value`.
    pub(crate) fn limit_in_words(&self, field: &str, constraint: Option<&FieldConstraint>) -> String {
        let may_be_compound = |node: &Node| node.kinds().iter().any(|kind| matches!(kind, Type::Array | Type::Object));
        if constraint.is_none() && self.field(field).is_none_or(may_be_compound) {
            return ANY.to_owned();
        }
        match self.left(field, constraint) {
            Left::Nothing(_) => values_in_words(&[]),
            Left::Values(values) => values_in_words(&values),
            Left::Open => {
                let nothing = Operators::default();
                let asked = match constraint {
                    Some(FieldConstraint::Operators(asked)) => asked,
                    Some(FieldConstraint::Exact(_)) | None => &nothing,
                };
                let range = self.range(field, asked);
                // Whoever asks for a range asks for numbers.
                match self.field(field).filter(|_| asked.min.is_none() && asked.max.is_none()) {
                    Some(node) => {
                        let words = asked.in_words_within(&range, &node.any_in_words());
                        std::iter::once(words).chain(node.if_a_text()).collect::<Vec<_>>().join("; ")
                    }
                    None => asked.in_words_within(&range, ANY),
                }
            }
        }
    }

    fn left(&self, field: &str, constraint: Option<&FieldConstraint>) -> Left {
        let anything = Node::default();
        let node = match self.field(field) {
            Some(node) => node,
            None if self.knows(field) => &anything,
            None => return Left::Nothing("the capability has no such field"),
        };
        let Some(constraint) = constraint else { return node.listed_values().map_or(Left::Open, Left::Values) };
        if node.reach().is_empty() {
            return Left::Nothing("only texts, numbers and booleans can be limited, and the field never is one");
        }
        match constraint.left_alone() {
            Left::Nothing(reason) => Left::Nothing(reason),
            Left::Values(values) => {
                let values: Vec<_> = values.into_iter().filter(|value| node.allows_scalar(value)).collect();
                match values.is_empty() {
                    true => Left::Nothing("the input schema allows none of its values"),
                    false => Left::Values(values),
                }
            }
            Left::Open => node.left_by(constraint),
        }
    }

    fn range(&self, field: &str, asked: &Operators) -> Range {
        self.field(field).map(|node| node.reach().range(asked)).unwrap_or_default()
    }
}

impl FieldConstraint {
    /// What it allows by itself.
    fn left_alone(&self) -> Left {
        let limits = match self {
            FieldConstraint::Exact(value) => return Left::Values(vec![value.clone()]),
            FieldConstraint::Operators(limits) => limits,
        };
        if let (Some(min), Some(max)) = (&limits.min, &limits.max)
            && min.decimal > max.decimal
        {
            return Left::Nothing("its min is above its max");
        }
        match &limits.one_of {
            Some(list) if list.is_empty() => Left::Nothing("its list of allowed values is empty"),
            Some(list) => {
                let values: Vec<_> = list.iter().filter(|value| self.allows_scalar(value)).cloned().collect();
                match values.is_empty() {
                    true => Left::Nothing("min, max and not_in refuse every value that in allows"),
                    false => Left::Values(values),
                }
            }
            None if Node::default().reach().meets(limits) => Left::Open,
            None => Left::Nothing("min, max and not_in leave no value"),
        }
    }
}

impl Node {
    /// What it leaves of a constraint that lists no values.
    fn left_by(&self, constraint: &FieldConstraint) -> Left {
        if let Some(values) = self.listed_values() {
            let values: Vec<_> = values.into_iter().filter(|value| constraint.allows_scalar(value)).collect();
            return match values.is_empty() {
                true => Left::Nothing("it refuses every value that the input schema lists"),
                false => Left::Values(values),
            };
        }
        let FieldConstraint::Operators(limits) = constraint else { return Left::Open };
        if self.reach().meets(limits) {
            return Left::Open;
        }
        let (asked, schema) = (Range::of(limits), self.reach().range(limits));
        let above = |low: &Range, high: &Range| match (&low.least, &high.most) {
            (Some(least), Some(most)) => least.bound.decimal > most.bound.decimal,
            _ => false,
        };
        Left::Nothing(if above(&asked, &schema) {
            "its min is above the maximum of the input schema"
        } else if above(&schema, &asked) {
            "its max is below the minimum of the input schema"
        } else {
            "it refuses every value that the input schema allows"
        })
    }

    /// What it allows, for people: `any text of 1 to 64 characters`.
    fn any_in_words(&self) -> String {
        match (self.kinds().as_slice(), self.types.as_deref()) {
            ([Type::String], _) => match self.texts_in_words() {
                Some(texts) => format!("any text {texts}"),
                None => "any text".to_owned(),
            },
            ([Type::Number], Some([Type::Integer])) => "any whole number".to_owned(),
            ([Type::Number], _) => "any number".to_owned(),
            ([Type::Boolean], _) => "true or false".to_owned(),
            _ => ANY.to_owned(),
        }
    }

    /// What it demands of texts, where it allows something else, too.
    fn if_a_text(&self) -> Option<String> {
        let kinds = self.kinds();
        let texts = self.texts_in_words().filter(|_| kinds.len() > 1 && kinds.contains(&Type::String))?;
        Some(format!("if a text, one {texts}"))
    }

    /// Which texts it allows: `of 1 to 64 characters that matches the pattern “^[a-z]”`. A pattern is shown whole; it is quoted and
    /// escaped, so that it cannot pass for our own words.
    fn texts_in_words(&self) -> Option<String> {
        let parts: Vec<&Node> = std::iter::once(self).chain(self.every_part()).collect();
        let lengths: Vec<String> = parts.iter().filter_map(|part| length_in_words(part.length)).collect();
        let forms: Vec<String> = parts.iter().flat_map(|part| part.forms_in_words()).collect();
        let lengths = (!lengths.is_empty()).then(|| format!("of {}", lengths.join(" and ")));
        let forms = (!forms.is_empty()).then(|| format!("that {}", forms.join(" and ")));
        let words: Vec<String> = lengths.into_iter().chain(forms).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }

    fn forms_in_words(&self) -> Vec<String> {
        let format = self.format.map(|format| format.for_people().to_owned());
        let pattern = self.pattern.as_ref().map(|pattern| {
            format!("matches the pattern “{}” (a regular expression)", text::escaped(pattern.written()))
        });
        format.into_iter().chain(pattern).collect()
    }

    fn every_part(&self) -> Vec<&Node> {
        self.parts.iter().flat_map(|part| std::iter::once(part).chain(part.every_part())).collect()
    }

    /// The scalars that it allows, where it lists them.
    fn listed_values(&self) -> Option<Vec<Scalar>> {
        let listed = self.reach().listed()?;
        Some(listed.into_iter().filter(|value| self.allows_scalar(value)).collect())
    }
}

/// `None` where any length will do.
fn length_in_words(length: Span) -> Option<String> {
    let characters = |count: usize| if count == 1 { "1 character".to_owned() } else { format!("{count} characters") };
    match (length.least, length.most) {
        (None | Some(0), None) => None,
        (Some(least), None) => Some(format!("at least {}", characters(least))),
        (None | Some(0), Some(most)) => Some(format!("at most {}", characters(most))),
        (Some(least), Some(most)) if least == most => Some(format!("exactly {}", characters(most))),
        (Some(least), Some(most)) => Some(format!("{least} to {}", characters(most))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn schema() -> InputSchema {
        InputSchema::compile(json!({
            "type": "object",
            "properties": {
                "amount": { "type": "number", "minimum": 0, "maximum": 1000.5 },
                "balance": { "type": "number" },
                "count": { "type": "integer", "minimum": 1 },
                "currency": { "type": "string", "enum": ["USD", "EUR", "CHF"] },
                "either": { "type": ["number", "string"], "minimum": 0 },
                "flag": { "type": "boolean" },
                "list": { "type": "array", "items": { "type": "string" } },
                "name": { "type": "string", "maxLength": 5 },
                "free": {},
            }
        }))
        .unwrap()
    }

    fn constrained(field: &str, constraint: &Value) -> Constraints {
        Constraints::parse(&json!({ field: constraint })).unwrap()
    }

    #[test]
    fn a_constraint_that_leaves_nothing_is_told_with_its_reason() {
        let rows = [
            ("amount", json!({ "min": 5, "max": 1 }), "its min is above its max"),
            ("amount", json!({ "in": [] }), "its list of allowed values is empty"),
            ("amount", json!({ "in": [1, 2], "min": 3 }), "min, max and not_in refuse every value that in allows"),
            ("free", json!({ "in": ["a"], "not_in": ["a"] }), "min, max and not_in refuse every value that in allows"),
            ("free", json!({ "min": 1, "not_in": ["a"] }), "min, max and not_in leave no value"),
            ("free", json!({ "min": 1, "max": 1, "not_in": [1.0] }), "min, max and not_in leave no value"),
            ("flag", json!({ "not_in": [true, false] }), "min, max and not_in leave no value"),
            ("amount", json!({ "min": 1000.51 }), "its min is above the maximum of the input schema"),
            ("amount", json!({ "max": -0.01 }), "its max is below the minimum of the input schema"),
            ("count", json!({ "min": 1.2, "max": 1.8 }), "it refuses every value that the input schema allows"),
            ("count", json!({ "max": 3, "not_in": [1, 2, 3] }), "it refuses every value that the input schema allows"),
            ("name", json!({ "max": 3 }), "it refuses every value that the input schema allows"),
            ("flag", json!({ "not_in": ["a"] }), "it refuses every value that the input schema allows"),
            (
                "currency",
                json!({ "not_in": ["USD", "EUR", "CHF"] }),
                "it refuses every value that the input schema lists",
            ),
            ("currency", json!({ "in": ["GBP", 5] }), "the input schema allows none of its values"),
            ("currency", json!("usd"), "the input schema allows none of its values"),
            ("amount", json!(2000), "the input schema allows none of its values"),
            (
                "list",
                json!({ "in": ["a"] }),
                "only texts, numbers and booleans can be limited, and the field never is one",
            ),
            ("other", json!(1), "the capability has no such field"),
        ];
        for (field, constraint, reason) in rows {
            let constraints = constrained(field, &constraint);
            let expected = Contradiction { field, reason };
            assert_eq!(schema().contradiction(&constraints), Some(expected), "{field} {constraint}");
        }
    }

    #[test]
    fn open_ends_steps_and_parts_are_looked_into_and_told() {
        let schema = InputSchema::compile(json!({
            "$defs": { "Price": { "type": "number", "exclusiveMinimum": 0, "multipleOf": 0.05 } },
            "properties": {
                "open": { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 100 },
                "half": { "type": "number", "exclusiveMinimum": 0, "maximum": 100 },
                "both": { "type": "number", "minimum": 1, "exclusiveMinimum": 1, "exclusiveMaximum": 2, "maximum": 3 },
                "stepped": { "type": "number", "multipleOf": 0.05 },
                "price": { "allOf": [{ "$ref": "#/$defs/Price" }], "maximum": 10, "description": "What it costs" },
                "dozens": { "type": "integer", "allOf": [{ "multipleOf": 4 }, { "multipleOf": 6 }] },
                "either": { "allOf": [
                    { "anyOf": [{ "type": "number", "minimum": 5 }, { "type": "string" }] },
                    { "anyOf": [{ "const": "all" }, { "type": "number", "exclusiveMaximum": 9 }] },
                ] },
                "mixed": { "anyOf": [
                    { "type": "number", "multipleOf": 2, "maximum": 4 }, { "type": "number", "minimum": 10 },
                ] },
                "between": { "type": "integer", "exclusiveMinimum": 4.5, "exclusiveMaximum": 5.5 },
                "whole": { "allOf": [{ "type": "integer" }, { "type": "number", "minimum": 1.2, "maximum": 1.8 }] },
                "fraction": { "allOf": [{ "type": "number", "minimum": 1.2, "maximum": 1.8 }, { "type": "integer" }] },
                "some": { "enum": [1, 2, 3, 4, "x"], "allOf": [{ "type": "integer" }, { "multipleOf": 2 }] },
                "far": { "type": "number", "allOf": [{ "multipleOf": 1e-30 }, { "multipleOf": 1e30 }] },
            },
        }))
        .unwrap();
        let nothing = "it refuses every value that the input schema allows";
        let rows = [
            ("open", json!({ "min": 100 }), Err(nothing)),
            ("open", json!({ "max": 0 }), Err(nothing)),
            ("open", json!({ "min": 100.1 }), Err("its min is above the maximum of the input schema")),
            ("open", json!({ "max": -0.1 }), Err("its max is below the minimum of the input schema")),
            ("open", json!({ "min": 99.999 }), Ok("at least 99.999 and less than 100")),
            ("open", json!({ "max": 5 }), Ok("more than 0 and at most 5")),
            ("open", json!({ "not_in": [1] }), Ok("more than 0 and less than 100, except 1")),
            ("open", json!(100), Err("the input schema allows none of its values")),
            ("half", json!({ "min": 100 }), Ok("only 100")),
            ("half", json!({ "max": 100, "min": 100, "not_in": [100.0] }), Err("min, max and not_in leave no value")),
            ("both", json!({ "max": 1 }), Err(nothing)),
            ("both", json!({ "min": 1 }), Ok("more than 1 and less than 2")),
            ("stepped", json!({ "min": 0.01, "max": 0.04 }), Err(nothing)),
            ("stepped", json!({ "min": 0.01, "max": 0.05 }), Ok("from 0.01 to 0.05, a multiple of 0.05")),
            ("stepped", json!({ "min": 0, "max": 0.05, "not_in": [0, 0.05] }), Err(nothing)),
            (
                "stepped",
                json!({ "min": 0, "max": 0.05, "not_in": [0, 0.04] }),
                Ok("from 0 to 0.05, a multiple of 0.05, except 0, 0.04"),
            ),
            ("stepped", json!({ "in": [0.05, 0.07] }), Ok("only 0.05")),
            ("price", json!({ "max": 0.04 }), Err(nothing)),
            ("price", json!({ "max": 1 }), Ok("more than 0 and at most 1, a multiple of 0.05")),
            ("dozens", json!({ "min": 13, "max": 23 }), Err(nothing)),
            (
                "dozens",
                json!({ "min": -12, "max": 12, "not_in": [-12, 0] }),
                Ok("from -12 to 12, a multiple of 4 and of 6, except -12, 0"),
            ),
            ("dozens", json!({ "min": -12, "max": 12, "not_in": [-12, 0, 12] }), Err(nothing)),
            ("either", json!({ "max": 4 }), Err("its max is below the minimum of the input schema")),
            ("either", json!({ "min": 9 }), Err(nothing)),
            ("either", json!({ "min": 6 }), Ok("at least 6 and less than 9")),
            ("either", json!({ "in": ["all", "some"] }), Ok("only “all”")),
            ("some", json!({ "max": 3 }), Ok("only 2")),
            ("some", json!({ "in": [1, 3] }), Err("the input schema allows none of its values")),
            ("some", json!({ "max": 1 }), Err("it refuses every value that the input schema lists")),
            ("mixed", json!({ "min": 3 }), Ok("at least 3, no upper limit")),
            ("between", json!({ "min": 5 }), Ok("at least 5 and less than 5.5")),
            ("between", json!({ "max": 5 }), Ok("more than 4.5 and at most 5")),
            ("between", json!({ "not_in": [5] }), Err(nothing)),
            ("whole", json!({ "min": 1 }), Err(nothing)),
            ("fraction", json!({ "min": 1 }), Err(nothing)),
            // Not reckoned with, so it is not said that nothing is left.
            ("far", json!({ "min": 1, "max": 2 }), Ok("from 1 to 2, a multiple of 1e-30 and of 1e+30")),
        ];
        for (field, constraint, expected) in rows {
            let constraints = constrained(field, &constraint);
            let found = match schema.contradiction(&constraints) {
                Some(contradiction) => Err(contradiction.reason),
                None => Ok(schema.limit_in_words(field, constraints.on(field))),
            };
            assert_eq!(found, expected.map(str::to_owned), "{field} {constraint}");
        }
        for (field, words) in [
            ("open", "more than 0 and less than 100"),
            ("half", "more than 0 and at most 100"),
            ("stepped", "any multiple of 0.05"),
            ("price", "more than 0 and at most 10, a multiple of 0.05"),
            ("dozens", "any multiple of 4 and of 6"),
            ("either", "any value"),
            ("some", "one of 2, 4"),
        ] {
            assert_eq!(schema.limit_in_words(field, None), words, "{field}");
        }
    }

    #[test]
    fn a_constraint_that_leaves_something_is_no_contradiction() {
        for (field, constraint) in [
            ("amount", json!({ "min": 1000.5 })),
            ("amount", json!({ "max": 0 })),
            ("amount", json!({ "min": 5, "max": 5 })),
            ("amount", json!({ "in": [2000, 7] })),
            ("count", json!({ "min": 0.5, "max": 1.5 })),
            ("count", json!({ "max": 4, "not_in": [1, 2, 3] })),
            ("count", json!({ "min": 1e30, "max": 1e30 })),
            ("currency", json!({ "not_in": ["USD", "EUR"] })),
            ("either", json!({ "not_in": [""] })),
            ("flag", json!({ "not_in": [true] })),
            ("name", json!({ "not_in": ["", "a"] })),
            ("free", json!({ "not_in": [1] })),
        ] {
            assert_eq!(schema().contradiction(&constrained(field, &constraint)), None, "{field} {constraint}");
        }
        let open = InputSchema::compile(json!({ "type": "object", "additionalProperties": true })).unwrap();
        assert_eq!(open.contradiction(&constrained("anything", &json!(1))), None);
    }

    /// The new keywords: what may be constrained, what is left, and how it is told.
    #[test]
    fn alternatives_patterns_and_formats_are_looked_into() {
        let schema = InputSchema::compile(json!({
            "$defs": { "Pair": { "type": "object", "properties": {} } },
            "properties": {
                "pair": { "anyOf": [{ "$ref": "#/$defs/Pair" }, { "type": "null" }] },
                "ranges": { "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 5 }, { "type": "number", "minimum": 10, "maximum": 20 }] },
                "open": { "oneOf": [{ "type": "number", "maximum": 5 }, { "type": "null" }] },
                "outer": { "maximum": 3, "anyOf": [{ "type": "integer", "minimum": 1 }, { "const": -2 }, { "const": 9 }] },
                "level": { "type": "string", "oneOf": [{ "const": "low" }, { "enum": ["high", 5] }] },
                "code": { "type": "string", "pattern": "^[A-Z]{2}$" },
                "mail": { "anyOf": [{ "type": "string", "format": "email" }, { "const": "" }] },
                "either": { "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "array" }] },
            },
        }))
        .unwrap();
        let rows = [
            ("pair", json!("x"), Err("only texts, numbers and booleans can be limited, and the field never is one")),
            ("ranges", json!({ "min": 3 }), Ok("from 3 to 20")),
            ("ranges", json!({ "min": 6, "max": 9 }), Err("it refuses every value that the input schema allows")),
            ("ranges", json!({ "min": 5.5, "max": 9.5 }), Err("it refuses every value that the input schema allows")),
            ("ranges", json!({ "min": 21 }), Err("its min is above the maximum of the input schema")),
            ("ranges", json!({ "max": 0 }), Err("its max is below the minimum of the input schema")),
            ("open", json!({ "min": 5 }), Ok("only 5")),
            ("open", json!({ "min": 6 }), Err("its min is above the maximum of the input schema")),
            ("outer", json!({ "min": 0 }), Ok("from 0 to 3")),
            ("outer", json!({ "max": 0 }), Ok("from -2 to 0")),
            ("outer", json!({ "min": 4 }), Err("its min is above the maximum of the input schema")),
            ("level", json!({ "not_in": ["low"] }), Ok("only “high”")),
            ("level", json!({ "not_in": ["low", "high"] }), Err("it refuses every value that the input schema lists")),
            ("level", json!({ "in": ["low", "none"] }), Ok("only “low”")),
            ("code", json!({ "in": ["DE", "de", "GER"] }), Ok("only “DE”")),
            ("code", json!("de"), Err("the input schema allows none of its values")),
            ("mail", json!({ "in": ["a@x.test", "", "a"] }), Ok("one of “a@x.test”, “”")),
            ("mail", json!({ "not_in": ["a@x.test"] }), Ok("any text, except “a@x.test”")),
            ("either", json!({ "max": 9 }), Ok("from 0 to 9")),
        ];
        for (field, constraint, expected) in rows {
            let constraints = constrained(field, &constraint);
            let found = match schema.contradiction(&constraints) {
                Some(contradiction) => Err(contradiction.reason),
                None => Ok(schema.limit_in_words(field, constraints.on(field))),
            };
            assert_eq!(found, expected.map(str::to_owned), "{field} {constraint}");
        }
        let unconstrained = [
            ("pair", "any value"),
            ("ranges", "from 1 to 20"),
            ("open", "at most 5, no lower limit"),
            ("outer", "from -2 to 3"),
            ("level", "one of “low”, “high”"),
            ("code", "any text that matches the pattern “^[A-Z]{2}$” (a regular expression)"),
            ("mail", "any text"),
            ("either", "any value"),
        ];
        for (field, words) in unconstrained {
            assert_eq!(schema.limit_in_words(field, None), words, "{field}");
        }
    }

    /// What a person reads where a text is limited by its form.
    #[test]
    fn what_the_schema_demands_of_texts_is_told_to_people() {
        let schema = InputSchema::compile(json!({
            "properties": {
                "mail": { "type": "string", "format": "email" },
                "link": { "type": "string", "format": "uri" },
                "when": { "type": "string", "format": "date-time" },
                "code": { "type": "string", "pattern": "^[A-Z]{2}\"\u{201d}\\u200B$" },
                "name": { "type": "string", "minLength": 2, "maxLength": 5 },
                "long": { "type": "string", "minLength": 3 },
                "short": { "type": "string", "minLength": 0, "maxLength": 9, "allOf": [{ "pattern": "^a" }, { "pattern": "b$" }] },
                "either": { "type": ["string", "number"], "minimum": 1, "format": "email" },
            },
        }))
        .unwrap();
        let pattern = |text: &str| format!("matches the pattern “{text}” (a regular expression)");
        let code = schema.limit_in_words("code", None);
        assert_eq!(code, format!("any text that {}", pattern(r#"^[A-Z]{2}\"\u{201D}\\u200B$"#)));
        assert_eq!(code.matches('”').count(), 1, "the pattern cannot end its own quotation: {code}");
        for (field, constraint, words) in [
            ("mail", None, "any text that looks like an e-mail address".to_owned()),
            (
                "mail",
                Some(json!({ "not_in": ["a@x.test"] })),
                "any text that looks like an e-mail address, except “a@x.test”".to_owned(),
            ),
            ("mail", Some(json!("a@x.test")), "only “a@x.test”".to_owned()),
            ("link", None, "any text that is a web address or another URI".to_owned()),
            ("when", None, "any text that is a date with a time, such as 2030-12-31T23:59:59Z".to_owned()),
            ("name", None, "any text of 2 to 5 characters".to_owned()),
            ("long", None, "any text of at least 3 characters".to_owned()),
            ("short", None, format!("any text of at most 9 characters that {} and {}", pattern("^a"), pattern("b$"))),
            ("either", None, "any value; if a text, one that looks like an e-mail address".to_owned()),
            ("either", Some(json!({ "max": 9 })), "from 1 to 9".to_owned()),
        ] {
            let constraints = constraint.as_ref().map(|constraint| constrained(field, constraint));
            let constraint = constraints.as_ref().and_then(|constraints| constraints.on(field));
            assert_eq!(schema.limit_in_words(field, constraint), words, "{field}");
        }
    }

    #[test]
    fn limits_of_the_schema_are_limits_in_the_words_for_people() {
        let rows = [
            ("amount", json!({ "max": 100 }), "from 0 to 100"),
            ("amount", json!({ "min": -5, "max": 2000 }), "from 0 to 1000.5"),
            ("balance", json!({ "max": 100 }), "at most 100, no lower limit"),
            ("count", json!({ "max": 9 }), "from 1 to 9"),
            ("either", json!({ "max": 9 }), "from 0 to 9"),
            ("either", json!({ "not_in": ["a"] }), "anything except “a”"),
            ("currency", json!({ "not_in": ["USD"] }), "one of “EUR”, “CHF”"),
            ("currency", json!({ "in": ["GBP", "EUR"] }), "only “EUR”"),
            ("currency", json!("EUR"), "only “EUR”"),
            ("amount", json!({ "in": [1, 2, 3], "max": 2 }), "one of 1, 2"),
            ("amount", json!({ "min": 5, "max": 1 }), "nothing (no value is allowed)"),
            ("free", json!({ "min": 5 }), "at least 5, no upper limit"),
        ];
        for (field, constraint, words) in rows {
            let constraints = constrained(field, &constraint);
            assert_eq!(schema().limit_in_words(field, constraints.on(field)), words, "{field} {constraint}");
        }
        for (field, words) in [
            ("amount", "from 0 to 1000.5"),
            ("balance", "any number"),
            ("count", "at least 1, no upper limit"),
            ("currency", "one of “USD”, “EUR”, “CHF”"),
            ("either", "any value"),
            ("list", "any value"),
        ] {
            assert_eq!(schema().limit_in_words(field, None), words, "{field}");
        }
    }
}
