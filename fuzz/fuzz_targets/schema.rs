//! Input schemas, arguments and constraints: a schema is refused with its place, or means the same when it is read again as
//! it is shown; a refusal of arguments names a place that the schema has and repeats nothing of them; constraints only
//! narrow, and what is said to leave nothing leaves nothing.
#![no_main]

use arbitrary::Arbitrary;
use countersign_agent_auth::Constraints;
use countersign_agent_auth::schema::InputSchema;
use countersign_fuzz::{Edit, edited_text};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    schema: Source<'a>,
    arguments: Vec<(Name<'a>, Json<'a>)>,
    constraints: [Vec<(Name<'a>, Json<'a>)>; 2],
}

#[derive(Arbitrary, Debug)]
enum Source<'a> {
    /// A valid schema, spoiled.
    Spoiled(Vec<Edit<'a>>),
    /// Keywords in any place, with any value.
    Written(Json<'a>),
    /// A pattern on the field `a`, and nothing else.
    Pattern(&'a str),
    /// A schema of the field `a`.
    Field(Json<'a>),
}

#[derive(Arbitrary, Debug)]
enum Name<'a> {
    Keyword(u8),
    Field(u8),
    Operator(u8),
    Any(&'a str),
}

#[derive(Arbitrary, Debug)]
enum Json<'a> {
    Null,
    Bool(bool),
    Whole(i64),
    Small(i8),
    Double(f64),
    Word(u8),
    Text(&'a str),
    List(Vec<Json<'a>>),
    Object(Vec<(Name<'a>, Json<'a>)>),
}

const KEYWORDS: [&str; 28] = [
    "$defs",
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "discriminator",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "properties",
    "propertyName",
    "required",
    "title",
    "type",
];
const FIELDS: [&str; 6] = ["a", "b", "c", "kind", "A", "B"];
const OPERATORS: [&str; 4] = ["min", "max", "in", "not_in"];
const WORDS: [&str; 24] = [
    "#/$defs/A",
    "#/$defs/B",
    "2030-12-31T23:59:59Z",
    "^[a-c]{1,3}$",
    "a",
    "a@x.test",
    "array",
    "b",
    "boolean",
    "card",
    "date-time",
    "email",
    "https://x.test/a",
    "integer",
    "kind",
    "null",
    "number",
    "object",
    "string",
    "uri",
    r"(a+)+$",
    r"\p{L}",
    r"[^\s]\b",
    "",
];
const VALID: &str = r##"{"$defs":{"A":{"type":"object","required":["kind","to"],"properties":{"kind":{"const":"card"},
    "to":{"type":"string","pattern":"^[a-c]{1,3}$"}}},"B":{"anyOf":[{"type":"string","minLength":2},{"type":"null"}]}},
    "type":"object","required":["a"],"properties":{"a":{"type":"number","minimum":0,"maximum":10.5},"b":{"oneOf":[
    {"$ref":"#/$defs/A"},{"type":"object","required":["kind"],"properties":{"kind":{"enum":["a","b"]}}},{"const":"cash"}]},
    "c":{"type":"array","items":{"$ref":"#/$defs/B"},"maxItems":3},"kind":{"type":"string","format":"email","allOf":[{"maxLength":9},{"minLength":1}]},
    "d":{"allOf":[{"exclusiveMinimum":0},{"type":"number","multipleOf":0.5}]}}}"##;
/// What no schema says and every refusal would show if it repeated its argument.
const UNSPEAKABLE: &str = "\u{1F512}";

fuzz_target!(|input: Input<'_>| {
    let Some(schema) = schema(&input.schema) else { return };
    let compiled = match InputSchema::compile(schema.clone()) {
        Ok(compiled) => compiled,
        Err(words) => {
            assert!(words.starts_with('#') && words.contains(": "), "{words}");
            return;
        }
    };
    let arguments = object(&input.arguments);
    let verdict = compiled.check(&arguments);
    again(&compiled, &arguments, verdict.is_ok());
    if let Err(mismatch) = &verdict {
        place(&schema, &mismatch.path);
        assert!(!mismatch.rule.is_empty() && mismatch.rule.len() < 1_000);
    }
    silent(&compiled, &arguments, &schema);

    let [one, other] = &input.constraints;
    let (Ok(one), Ok(other)) = (Constraints::parse(&object(one).into()), Constraints::parse(&object(other).into()))
    else {
        return;
    };
    let both = one.narrowed_by(&other);
    let allows = |constraints: &Constraints| constraints.violations(&arguments).is_empty();
    assert_eq!(allows(&both), allows(&one) && allows(&other), "{one:?} {other:?}");
    for constraints in [&one, &other, &both] {
        if let Some(contradiction) = compiled.contradiction(constraints) {
            assert!(
                verdict.is_err() || !allows(constraints),
                "{contradiction:?} {constraints:?} {arguments:?} {schema}"
            );
        }
    }
    if compiled.contradiction(&one).is_some()
        && one.fields().all(|field| Some(field) == compiled.contradiction(&one).map(|c| c.field))
    {
        assert!(compiled.contradiction(&both).is_some(), "narrowing brings nothing back: {one:?} {other:?} {schema}");
    }
});

/// What agents are shown is what holds.
fn again(compiled: &InputSchema, arguments: &Map<String, Value>, fits: bool) {
    let shown = compiled.shown().expect("a schema that was given is shown");
    let read = InputSchema::compile(shown.clone()).expect("what is shown is a schema");
    assert_eq!(read.shown(), Some(shown));
    assert_eq!(read.check(arguments).is_ok(), fits, "{shown}");
}

/// Every name in the path of a refusal is one that the schema has.
fn place(schema: &Value, path: &str) {
    let text = schema.to_string();
    for name in path.split(['.', '[', ']']).filter(|name| !name.bytes().all(|b| b.is_ascii_digit())) {
        let written = Value::from(name).to_string();
        assert!(text.contains(written.trim_matches('"')), "{path} is not of {text}");
    }
}

/// The same arguments with every text marked: no refusal shows the mark.
fn silent(compiled: &InputSchema, arguments: &Map<String, Value>, schema: &Value) {
    if schema.to_string().contains(UNSPEAKABLE) {
        return;
    }
    let Value::Object(marked) = marked(&Value::Object(arguments.clone())) else { return };
    if let Err(mismatch) = compiled.check(&marked) {
        assert!(!format!("{mismatch:?}").contains(UNSPEAKABLE), "{mismatch:?}");
    }
}

fn marked(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(format!("{text}{UNSPEAKABLE}")),
        Value::Array(items) => items.iter().map(marked).collect(),
        Value::Object(members) => {
            let mut all: Map<String, Value> =
                members.iter().map(|(name, value)| (name.clone(), marked(value))).collect();
            all.insert(UNSPEAKABLE.to_owned(), Value::Null);
            Value::Object(all)
        }
        other => other.clone(),
    }
}

fn schema(source: &Source<'_>) -> Option<Value> {
    match source {
        Source::Spoiled(edits) => serde_json::from_str(&edited_text(VALID, edits)?).ok(),
        Source::Written(schema) => Some(json(schema)),
        Source::Pattern(pattern) => Some(json!({ "properties": { "a": { "type": "string", "pattern": pattern } } })),
        Source::Field(schema) => Some(json!({ "properties": { "a": json(schema) } })),
    }
}

fn json(value: &Json<'_>) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => json!(value),
        Json::Whole(value) => json!(value),
        Json::Small(value) => json!(value),
        Json::Double(value) => json!(value),
        Json::Word(word) => json!(WORDS[usize::from(*word) % WORDS.len()]),
        Json::Text(text) => json!(text),
        Json::List(items) => items.iter().map(json).collect(),
        Json::Object(members) => Value::Object(object(members)),
    }
}

fn object(members: &[(Name<'_>, Json<'_>)]) -> Map<String, Value> {
    let name = |name: &Name<'_>| match name {
        Name::Keyword(keyword) => KEYWORDS[usize::from(*keyword) % KEYWORDS.len()].to_owned(),
        Name::Field(field) => FIELDS[usize::from(*field) % FIELDS.len()].to_owned(),
        Name::Operator(operator) => OPERATORS[usize::from(*operator) % OPERATORS.len()].to_owned(),
        Name::Any(text) => (*text).to_owned(),
    };
    members.iter().map(|(key, value)| (name(key), json(value))).collect()
}
