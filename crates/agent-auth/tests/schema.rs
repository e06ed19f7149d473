//! Input schemas as a whole: the same verdict as another implementation of JSON Schema, and constraints that only narrow.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is the test's own report")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use countersign_agent_auth::Constraints;
use countersign_agent_auth::schema::InputSchema;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

/// Without what the other implementation reads by the rules of Rust: `\b`, `.`, and `&&` in a class (see `schema/pattern.rs`).
const PATTERNS: [&str; 7] = [r"^a", r"b$", r"^\d{1,2}$", r"^[^\s@]+$", r"^(?:a|bc)*$", r"^\w\W?$", r"[&@]"];
const TEXTS: [&str; 16] = [
    "",
    "a",
    "b",
    "ab",
    "bc",
    "7",
    "42",
    "٣",
    "aé",
    "é b",
    "a b",
    "&&",
    "a@x.test",
    "https://x.test/a",
    "2030-01-01T00:00:00Z",
    "\n",
];

fn numbers() -> Vec<Value> {
    vec![
        json!(-1),
        json!(-0.5),
        json!(0),
        json!(-0.0),
        json!(0.5),
        json!(1),
        json!(1.0),
        json!(1.5),
        json!(2),
        json!(2.5),
        json!(10),
        json!(1e3),
        json!(9_007_199_254_740_993_i64),
        json!(9_007_199_254_740_992_i64),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e-7),
        json!(1e300),
    ]
}

fn scalars() -> Vec<Value> {
    let others = [json!(true), json!(false), json!(null)];
    numbers().into_iter().chain(TEXTS.into_iter().map(Value::from)).chain(others).collect()
}

fn one_of(values: Vec<Value>) -> impl Strategy<Value = Value> + Clone {
    prop::sample::select(values)
}

/// A schema from the keywords that are `Some`.
fn with(keywords: Vec<(&str, Option<Value>)>) -> Value {
    Value::Object(keywords.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

/// Schemas of texts, numbers, booleans and `null`. Steps are powers of two: the other implementation divides in binary.
fn leaf() -> BoxedStrategy<Value> {
    let size = || prop::option::of((0_u64..4).prop_map(|size| json!(size)));
    let bound = || prop::option::of(one_of(numbers()));
    let number_type =
        one_of(vec![json!("number"), json!("integer"), json!(["integer", "null"]), json!(["number", "string"])]);
    let step = prop::option::weighted(0.3, one_of(vec![json!(0.25), json!(0.5), json!(1), json!(2)]));
    let ends = prop::sample::select(vec![
        ("minimum", "maximum"),
        ("exclusiveMinimum", "exclusiveMaximum"),
        ("exclusiveMinimum", "maximum"),
    ]);
    let number = (number_type, ends, bound(), bound(), step).prop_map(|(types, (low, high), least, most, step)| {
        with(vec![("type", Some(types)), (low, least), (high, most), ("multipleOf", step)])
    });
    let text_type =
        prop::option::of(one_of(vec![json!("string"), json!(["string", "null"]), json!(["boolean", "string"])]));
    let pattern = prop::option::of(prop::sample::select(PATTERNS.to_vec()).prop_map(Value::from));
    let format = prop::option::weighted(0.2, one_of(vec![json!("email"), json!("uri"), json!("date-time")]));
    let text = (text_type, size(), size(), pattern, format).prop_map(|(types, least, most, pattern, format)| {
        with(vec![("type", types), ("minLength", least), ("maxLength", most), ("pattern", pattern), ("format", format)])
    });
    let listed = prop::collection::vec(one_of(scalars()), 1..4).prop_map(|values| json!({ "enum": values }));
    let constant = one_of(scalars()).prop_map(|value| json!({ "const": value, "title": "C" }));
    let simple = one_of(vec![json!({}), json!({ "type": "boolean" }), json!({ "type": "null" })]);
    let free = (bound(), size()).prop_map(|(least, most)| with(vec![("minimum", least), ("maxLength", most)]));
    prop_oneof![3 => number.boxed(), 3 => text.boxed(), 2 => listed.boxed(), 2 => constant.boxed(), 1 => simple.boxed(), 1 => free.boxed()].boxed()
}

/// Schemas within schemas: lists, objects, alternatives, references to the definitions `A` and `B`.
fn node() -> BoxedStrategy<Value> {
    leaf().prop_recursive(3, 24, 4, |inner| {
        let size = || prop::option::of((0_u64..3).prop_map(|size| json!(size)));
        let list = (prop::option::of(inner.clone()), size(), size()).prop_map(|(items, least, most)| {
            with(vec![("type", Some(json!("array"))), ("items", items), ("minItems", least), ("maxItems", most)])
        });
        let reference =
            one_of(vec![json!({ "$ref": "#/$defs/A", "description": "A" }), json!({ "$ref": "#/$defs/B" })]);
        let keyword = || prop::sample::select(vec!["oneOf", "anyOf"]);
        let scalars = (keyword(), prop::collection::vec(typed_leaf(), 1..4), prop::option::of(list.clone())).prop_map(
            |(keyword, mut alternatives, list)| {
                alternatives.extend(list);
                json!({ keyword: alternatives })
            },
        );
        let tagged = (keyword(), object(inner.clone()), object(inner.clone()), typed_leaf()).prop_map(
            |(keyword, mut one, mut other, scalar)| {
                for (object, tag) in [(&mut one, json!({ "const": "a" })), (&mut other, json!({ "enum": ["b", 7] }))] {
                    object["properties"]["kind"] = tag;
                    object["required"] = json!(["kind"]);
                }
                json!({ keyword: [one, other, scalar] })
            },
        );
        let wrapped = inner.clone().prop_map(|part| json!({ "description": "W", "allOf": [part] }));
        let numbers =
            (number_part(), number_part(), prop::option::of(one_of(numbers()))).prop_map(|(one, other, most)| {
                with(vec![("type", Some(json!("number"))), ("maximum", most), ("allOf", Some(json!([one, other])))])
            });
        let texts = (prop::sample::select(PATTERNS.to_vec()), 0_usize..3).prop_map(|(pattern, least)| {
            json!({ "pattern": pattern, "allOf": [{ "type": "string", "minLength": least }, { "maxLength": 2 }] })
        });
        let objects = (object(inner.clone()), inner.clone(), any::<bool>()).prop_map(|(whole, again, beside)| {
            let name = whole["properties"].as_object().unwrap().keys().next().unwrap().clone();
            let mut open = json!({ "required": [name], "properties": { name: again }, "additionalProperties": true });
            if beside {
                open["allOf"] = json!([whole]);
                open
            } else {
                json!({ "type": "object", "allOf": [open, whole] })
            }
        });
        let parts = prop_oneof![2 => wrapped.boxed(), 3 => numbers.boxed(), 1 => texts.boxed(), 3 => objects.boxed()].boxed();
        prop_oneof![2 => list.boxed(), 3 => object(inner).boxed(), 2 => scalars.boxed(), 2 => tagged.boxed(), 2 => reference.boxed(), 3 => parts]
    }).boxed()
}

/// Something about numbers.
fn number_part() -> impl Strategy<Value = Value> + Clone {
    let keyword = prop::sample::select(vec!["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]);
    let bound = (keyword, one_of(numbers())).prop_map(|(keyword, bound)| json!({ keyword: bound }));
    let step = one_of(vec![json!(0.5), json!(2), json!(4)]).prop_map(|step| json!({ "multipleOf": step }));
    let kind = one_of(vec![json!({ "type": "integer" }), json!({ "type": ["null", "number"] })]);
    let either = (one_of(numbers()), one_of(numbers()))
        .prop_map(|(one, other)| json!({ "anyOf": [{ "const": one }, { "type": "number", "minimum": other }] }));
    prop_oneof![4 => bound, 2 => step, 1 => kind, 2 => either]
}

/// A leaf that cannot be a list or an object.
fn typed_leaf() -> impl Strategy<Value = Value> + Clone {
    leaf().prop_map(|mut schema| {
        let says = |keyword: &str| schema.get(keyword).is_some();
        if !says("type") && !says("enum") && !says("const") {
            let number = says("minimum");
            schema["type"] = json!(if number { "number" } else { "string" });
            schema.as_object_mut().unwrap().remove(if number { "maxLength" } else { "minimum" });
        }
        schema
    })
}

fn object(inner: impl Strategy<Value = Value> + Clone) -> impl Strategy<Value = Value> + Clone {
    let additional = prop::option::of(one_of(vec![json!(true), json!(false)]));
    (prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c"]), inner, 1..4), any::<bool>(), additional)
        .prop_map(|(properties, is_required, additional)| {
            let required = properties.keys().next().filter(|_| is_required).map(|name| json!([name]));
            with(vec![
                ("type", Some(json!("object"))),
                ("properties", Some(json!(properties))),
                ("required", required),
                ("additionalProperties", additional),
            ])
        })
}

fn schema() -> impl Strategy<Value = Value> {
    (leaf(), leaf(), object(node())).prop_map(|(one, other, mut root)| {
        root["$defs"] = json!({ "A": one, "B": { "type": "array", "items": { "$ref": "#/$defs/A" } }, "C": other });
        root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        root
    })
}

/// Values that are made after a schema, and miss it now and then.
struct Guess<'a> {
    definitions: &'a Value,
    seed: u64,
}

impl Guess<'_> {
    fn below(&mut self, limit: usize) -> usize {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.seed >> 33) % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn pick(&mut self, values: &[Value]) -> Value {
        let place = self.below(values.len());
        values.get(place).cloned().unwrap_or(Value::Null)
    }

    fn value(&mut self, schema: &Value) -> Value {
        if self.below(12) == 0 {
            let mut any = scalars();
            any.extend([
                json!([]),
                json!({}),
                json!([1, "a"]),
                json!({ "kind": "a" }),
                json!({ "a": 1 }),
                json!({ "z": 1 }),
            ]);
            return self.pick(&any);
        }
        if let Some(name) = schema["$ref"].as_str() {
            let definition = self.definitions[name.trim_start_matches("#/$defs/")].clone();
            return self.value(&definition);
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(alternatives) = schema[keyword].as_array() {
                let one = self.pick(alternatives);
                return self.value(&one);
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let of_objects = |part: &&Value| part.get("properties").is_some();
            let part = parts.iter().rfind(of_objects).cloned().unwrap_or_else(|| self.pick(parts));
            return self.value(&part);
        }
        if let Some(listed) = schema["enum"].as_array() {
            return self.pick(listed);
        }
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(properties) = schema["properties"].as_object() {
            let mut members = Map::new();
            for (name, schema) in properties {
                if self.below(6) > 0 {
                    members.insert(name.clone(), self.value(schema));
                }
            }
            if self.below(10) == 0 {
                members.insert("z".to_owned(), json!(1));
            }
            return Value::Object(members);
        }
        if schema["type"] == "array" {
            let length = self.below(4);
            return (0..length).map(|_| self.value(&schema["items"])).collect();
        }
        let of_numbers = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
        let numeric = ["number", "integer"].iter().any(|name| schema["type"] == *name)
            || of_numbers.iter().any(|keyword| schema.get(keyword).is_some());
        let texts: Vec<Value> = TEXTS.into_iter().map(Value::from).collect();
        self.pick(&if numeric { numbers() } else { texts })
    }
}

fn oracle(schema: &Value) -> Result<jsonschema::Validator, TestCaseError> {
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
    options.build(schema).map_err(|error| TestCaseError::fail(format!("{schema}\n{error}")))
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// The subset means what JSON Schema says: closed objects are shown written out, so both read the same schema. Every kind
/// of refusal is met in every run.
#[test]
fn another_validator_gives_the_same_verdict() {
    let (met, fitting) = (RefCell::new(BTreeSet::new()), Cell::new(0));
    let verdict = |(schema, seed): (Value, u64)| {
        let ours =
            InputSchema::compile(schema.clone()).map_err(|error| TestCaseError::fail(format!("{schema}\n{error}")))?;
        let shown = ours.shown().unwrap();
        let theirs = oracle(shown)?;
        let mut guess = Guess { definitions: &schema["$defs"], seed };
        for _ in 0..16 {
            let arguments = guess.value(&schema);
            let Some(members) = arguments.as_object() else { continue };
            let verdict = ours.check(members);
            prop_assert_eq!(verdict.is_ok(), theirs.is_valid(&arguments), "{}\n{}\n{:?}", shown, arguments, verdict);
            match verdict {
                Ok(()) => fitting.set(fitting.get() + 1),
                Err(mismatch) => drop(met.borrow_mut().insert(mismatch.rule.into_owned())),
            }
        }
        Ok(())
    };
    TestRunner::new(config(1_500)).run(&(schema(), any::<u64>()), verdict).unwrap();
    assert!(fitting.get() > 3_000, "{}", fitting.get());
    for rule in [
        "is missing",
        "has a member that the schema does not name",
        "is not one of the allowed values",
        "must be a number",
        "must be a whole number",
        "must be a text",
        "must be a list",
        "must be an object",
        "must be true or false",
        "must be null",
        "must be at least",
        "must be at most",
        "must be more than",
        "must be less than",
        "must be a multiple of",
        "must have at least 1 items",
        "must have at most 1 items",
        "must have at least 2 characters",
        "must have at most 1 characters",
        "must match the pattern",
        "must be an e-mail address",
        "must be an absolute URI",
        "must be a time",
        "fits none of the alternatives",
        "fits several alternatives",
        "is not one of the values that tell",
    ] {
        assert!(met.borrow().iter().any(|met| met.starts_with(rule)), "{rule} was never met");
    }
}

/// Texts near to valid ones.
fn nearly(valid: &'static [&'static str]) -> impl Strategy<Value = String> {
    let strange = "a:/@.?#[]%\\ \t\n-+TZtz0195é_&=;\"'<>(){}|^`~$!*,";
    let edit = (
        any::<prop::sample::Index>(),
        0_usize..3,
        prop::collection::vec(prop::sample::select(strange.chars().collect::<Vec<_>>()), 0..3),
    );
    (prop::sample::select(valid), prop::collection::vec(edit, 0..4)).prop_map(|(valid, edits)| {
        let mut text: Vec<char> = valid.chars().collect();
        for (place, removed, inserted) in edits {
            let start = place.index(text.len() + 1);
            let end = (start + removed).min(text.len());
            text.splice(start..end, inserted);
        }
        text.into_iter().collect()
    })
}

/// Regular expressions that both read alike, on texts of ASCII.
fn pattern() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(vec![
        "a", "b", "-", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", "[ab]", "[^a]", r"[\d_-]", r"[^\w.]", r"\.",
        r"\u0061", "[a-c1-3]",
    ]);
    let quantifier = prop::sample::select(vec!["", "", "", "*", "+", "?", "{2}", "{0,1}", "{1,}", "*?"]);
    let piece = (atom, quantifier).prop_map(|(atom, quantifier)| format!("{atom}{quantifier}"));
    let piece = piece.prop_recursive(2, 8, 3, |inner| {
        let quantifier = prop::sample::select(vec!["", "*", "+", "?", "{2}"]);
        let group = prop::sample::select(vec!["(", "(?:"]);
        (group, prop::collection::vec(inner, 1..3), any::<bool>(), quantifier).prop_map(
            |(group, pieces, either, quantifier)| {
                format!("{group}{}){quantifier}", pieces.join(if either { "|" } else { "" }))
            },
        )
    });
    let anchors = (any::<bool>(), any::<bool>());
    (prop::collection::vec(piece, 1..4), anchors).prop_map(|(pieces, (start, end))| {
        format!("{}{}{}", if start { "^" } else { "" }, pieces.concat(), if end { "$" } else { "" })
    })
}

proptest! {
    #![proptest_config(config(3_000))]

    #[test]
    fn what_a_format_takes_is_right_for_others_too(
        email in nearly(&["a@x.test", "A.b+c@sub.x-y.test"]),
        uri in nearly(&["https://u:p@x.test:8443/a/b;c?d=e&f#g", "http://[::1]:80/", "mailto:a@x.test", "urn:a:b", "https://x.test/%C3%A4"]),
        time in nearly(&["2030-12-31T23:59:59Z", "1985-04-12T23:20:50.52+01:00", "2024-02-29t00:00:00z"]),
    ) {
        for (format, text) in [("email", email), ("uri", uri), ("date-time", time)] {
            let schema = json!({ "properties": { "x": { "type": "string", "format": format } } });
            let arguments = json!({ "x": text });
            let ours = InputSchema::compile(schema.clone()).unwrap().check(arguments.as_object().unwrap()).is_ok();
            prop_assert!(!ours || oracle(&schema)?.is_valid(&arguments), "{} {:?}", format, text);
        }
    }

    #[test]
    fn a_pattern_finds_what_others_find(pattern in pattern(), texts in prop::collection::vec("[ab1_. -]{0,6}", 8)) {
        let schema = json!({ "properties": { "x": { "pattern": pattern } } });
        let (ours, theirs) = (InputSchema::compile(schema.clone()).unwrap(), oracle(&schema)?);
        for text in texts {
            let arguments = json!({ "x": text });
            let found = ours.check(arguments.as_object().unwrap()).is_ok();
            prop_assert_eq!(found, theirs.is_valid(&arguments), "{} {:?}", pattern, text);
        }
    }
}

/// Constraints at their edges: bounds that touch, lists that are empty or overlap, values of the other type.
fn edges() -> Vec<Value> {
    vec![
        json!({ "min": 0 }),
        json!({ "min": 1 }),
        json!({ "max": 1 }),
        json!({ "max": 0 }),
        json!({ "min": 1, "max": 1 }),
        json!({ "min": 1.5 }),
        json!({ "min": 2, "max": 1 }),
        json!({ "max": -0.5 }),
        json!({ "min": 9_007_199_254_740_993_i64 }),
        json!({ "max": 1e300 }),
        json!({ "in": [] }),
        json!({ "in": [1, "a"] }),
        json!({ "in": [1.0, 2] }),
        json!({ "in": ["a", "ab", ""] }),
        json!({ "in": [true] }),
        json!({ "not_in": [1] }),
        json!({ "not_in": [0, 1, 2] }),
        json!({ "not_in": ["a"] }),
        json!({ "not_in": ["a", "b", ""] }),
        json!({ "not_in": [true, false] }),
        json!({ "min": 0, "max": 2, "not_in": [1] }),
        json!({ "in": [1, 2, 10], "max": 2 }),
        json!(1),
        json!("a"),
        json!("a@x.test"),
        json!(true),
        json!(-0.0),
    ]
}

/// Schemas of a field, with every keyword on which a constraint could lean.
fn fields() -> Vec<Value> {
    vec![
        json!({}),
        json!({ "type": "number" }),
        json!({ "type": "integer", "minimum": 0, "maximum": 2 }),
        json!({ "type": "number", "minimum": 1 }),
        json!({ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 }),
        json!({ "type": "integer", "exclusiveMinimum": 0, "maximum": 2 }),
        json!({ "type": "number", "multipleOf": 0.5, "minimum": 0, "maximum": 1 }),
        json!({ "type": "integer", "multipleOf": 2, "exclusiveMinimum": -2, "exclusiveMaximum": 4 }),
        json!({ "allOf": [{ "type": "integer", "minimum": 0 }, { "multipleOf": 2 }, { "multipleOf": 5, "maximum": 10 }] }),
        json!({ "type": "string", "allOf": [{ "minLength": 1 }, { "maxLength": 1 }] }),
        json!({ "allOf": [{ "enum": [1, "a", true] }, { "type": ["number", "boolean"] }] }),
        json!({ "maximum": 1, "allOf": [{ "$ref": "#/$defs/A" }, { "anyOf": [{ "type": "number" }, { "type": "null" }] }] }),
        json!({ "type": ["number", "string"], "maximum": 1, "maxLength": 1 }),
        json!({ "type": ["integer", "null"], "maximum": 1.5 }),
        json!({ "enum": [1, "a", null, true] }),
        json!({ "const": "a" }),
        json!({ "enum": ["", "a", "ab", "abc", 1], "minLength": 1, "maxLength": 2 }),
        json!({ "enum": ["", "a", 1], "minLength": 1 }),
        json!({ "enum": ["", "ab", true], "minLength": 2 }),
        json!({ "enum": ["", "a", true], "maxLength": 0 }),
        json!({ "type": "boolean" }),
        json!({ "type": "null" }),
        json!({ "type": "string", "pattern": "^a" }),
        json!({ "type": "string", "format": "email" }),
        json!({ "type": "string", "maxLength": 0 }),
        json!({ "type": "array" }),
        json!({ "type": "object" }),
        json!({ "anyOf": [{ "type": "integer", "maximum": 0 }, { "type": "number", "minimum": 1.5, "maximum": 2 }] }),
        json!({ "oneOf": [{ "type": "integer" }, { "type": "number", "minimum": 2 }] }),
        json!({ "oneOf": [{ "type": "string", "pattern": "b$" }, { "const": 1 }, { "type": "null" }] }),
        json!({ "anyOf": [{ "type": "object" }, { "type": "array" }, { "type": "boolean" }] }),
        json!({ "$ref": "#/$defs/A" }),
    ]
}

fn arguments() -> Vec<Map<String, Value>> {
    let others = [json!([]), json!({}), json!([1])];
    let mut all: Vec<Map<String, Value>> =
        (scalars().into_iter().chain(others)).map(|value| json!({ "x": value }).as_object().unwrap().clone()).collect();
    all.push(Map::new());
    all
}

/// Every schema with every pair of constraints on every argument: no luck is needed to meet an edge.
#[test]
fn constraints_narrow_every_schema_at_every_edge() {
    let constraints: Vec<Constraints> =
        edges().iter().map(|edge| Constraints::parse(&json!({ "x": edge })).unwrap()).collect();
    let arguments = arguments();
    let (mut allowed, mut emptied) = (0, 0);
    for field in fields() {
        let schema = json!({ "$defs": { "A": { "type": "number", "maximum": 1 } }, "properties": { "x": field } });
        let schema = InputSchema::compile(schema).unwrap();
        let fitting: Vec<_> = arguments.iter().filter(|arguments| schema.check(arguments).is_ok()).collect();
        for one in &constraints {
            let by_one: Vec<_> = fitting.iter().filter(|arguments| one.violations(arguments).is_empty()).collect();
            for other in &constraints {
                let both = one.narrowed_by(other);
                let by_both: Vec<_> =
                    fitting.iter().filter(|arguments| both.violations(arguments).is_empty()).collect();
                assert!(by_both.iter().all(|one| by_one.contains(one)), "narrowing widened {one:?} {other:?}");
                let expected = by_one.iter().filter(|arguments| other.violations(arguments).is_empty()).count();
                assert_eq!(by_both.len(), expected, "narrowing is the intersection {one:?} {other:?}");
                if let Some(contradiction) = schema.contradiction(&both) {
                    assert!(
                        by_both.is_empty(),
                        "{contradiction:?} allows {by_both:?}, {one:?} {other:?} {:?}",
                        schema.shown()
                    );
                    emptied += 1;
                }
                allowed += by_both.len();
            }
            // Nothing that was taken away comes back.
            if schema.contradiction(one).is_some() {
                let again = constraints.iter().find(|other| schema.contradiction(&one.narrowed_by(other)).is_none());
                assert!(again.is_none(), "{one:?} {again:?} {:?}", schema.shown());
            }
        }
    }
    assert!(allowed > 4_000 && emptied > 8_000, "{allowed} {emptied}");
}

/// Where no value at the edges is left, that is noticed, as far as the schema can be looked into.
#[test]
fn a_constraint_that_leaves_nothing_is_noticed() {
    let arguments = arguments();
    let mut missed = Vec::new();
    for field in fields() {
        let schema = InputSchema::compile(
            json!({ "$defs": { "A": { "type": "number", "maximum": 1 } }, "properties": { "x": field } }),
        )
        .unwrap();
        for edge in edges() {
            let constraints = Constraints::parse(&json!({ "x": edge })).unwrap();
            let allows = |arguments: &&Map<String, Value>| {
                schema.check(arguments).is_ok() && constraints.violations(arguments).is_empty()
            };
            if schema.contradiction(&constraints).is_none() && !arguments.iter().any(|one| allows(&one)) {
                missed.push(format!("{field} {edge}"));
            }
        }
    }
    // No fraction that large can be held, and whole numbers fit both alternatives; this is not looked into.
    let known = r#"{"oneOf":[{"type":"integer"},{"minimum":2,"type":"number"}]} {"min":9007199254740993}"#;
    assert_eq!(missed, [known]);
}
