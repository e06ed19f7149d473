use serde_json::json;

use super::*;

fn transfer() -> Value {
    json!({
        "type": "object",
        "required": ["amount", "currency"],
        "properties": {
            "amount": { "type": "number", "minimum": 0, "maximum": 1000.5 },
            "currency": { "type": "string", "enum": ["USD", "EUR"] },
            "to": { "type": "object", "properties": { "iban": { "type": "string", "minLength": 2, "maxLength": 4 } } },
            "tags": { "type": "array", "items": { "type": "string" }, "maxItems": 2 },
            "count": { "type": ["integer", "null"] },
            "flag": { "const": true },
        }
    })
}

#[test]
fn arguments_are_checked_member_by_member_and_extra_ones_are_refused() {
    let schema = InputSchema::compile(transfer()).unwrap();
    let rows: &[(Value, Option<&str>)] = &[
        (json!({ "amount": 1, "currency": "USD" }), None),
        (json!({ "amount": 1000.5, "currency": "EUR", "to": { "iban": "DE12" }, "tags": ["a", "b"] }), None),
        (json!({ "amount": 1, "currency": "USD", "count": null, "flag": true }), None),
        (json!({ "amount": 1, "currency": "USD", "count": 2.0 }), None),
        (json!({ "currency": "USD" }), Some("amount")),
        (json!({ "amount": "1", "currency": "USD" }), Some("amount")),
        (json!({ "amount": -1, "currency": "USD" }), Some("amount")),
        (json!({ "amount": 1000.51, "currency": "USD" }), Some("amount")),
        (json!({ "amount": 1, "currency": "usd" }), Some("currency")),
        (json!({ "amount": 1, "currency": "USD", "override_limit": true }), Some("")),
        (json!({ "amount": 1, "currency": "USD", "to": { "iban": "DE12", "amount": 5 } }), Some("to")),
        (json!({ "amount": 1, "currency": "USD", "to": { "iban": "D" } }), Some("to.iban")),
        (json!({ "amount": 1, "currency": "USD", "to": { "iban": "DE123" } }), Some("to.iban")),
        (json!({ "amount": 1, "currency": "USD", "to": [] }), Some("to")),
        (json!({ "amount": 1, "currency": "USD", "tags": ["a", "b", "c"] }), Some("tags")),
        (json!({ "amount": 1, "currency": "USD", "tags": ["a", 2] }), Some("tags[1]")),
        (json!({ "amount": 1, "currency": "USD", "count": 1.5 }), Some("count")),
        (json!({ "amount": 1, "currency": "USD", "flag": false }), Some("flag")),
    ];
    for (arguments, expected) in rows {
        let found = schema.check(arguments.as_object().unwrap()).err().map(|mismatch| mismatch.path);
        assert_eq!(found.as_deref(), *expected, "{arguments}");
    }
}

#[test]
fn a_capability_without_input_takes_no_arguments() {
    let schema = InputSchema::empty();
    assert_eq!(schema.check(&Map::new()), Ok(()));
    assert!(schema.check(json!({ "x": 1 }).as_object().unwrap()).is_err());
    assert_eq!(schema.shown(), None);
}

#[test]
fn what_is_shown_says_that_objects_are_closed() {
    let schema = InputSchema::compile(transfer()).unwrap();
    let shown = schema.shown().unwrap();
    assert_eq!(shown["additionalProperties"], json!(false));
    assert_eq!(shown["properties"]["to"]["additionalProperties"], json!(false));
    let open = InputSchema::compile(json!({ "type": "object", "additionalProperties": true })).unwrap();
    assert_eq!(open.shown().unwrap()["additionalProperties"], json!(true));
    assert_eq!(open.check(json!({ "x": [1] }).as_object().unwrap()), Ok(()));
}

#[test]
fn what_cannot_be_honoured_is_refused_with_its_place_and_what_to_do_instead() {
    let in_field = |schema: Value| json!({ "properties": { "a": schema } });
    let two = |one: Value, other: Value| json!({ "properties": { "a": { "oneOf": [one, other] } } });
    let object = |tag: Value| json!({ "type": "object", "required": ["kind"], "properties": { "kind": tag } });
    let mut deep = json!({ "type": "string" });
    for _ in 0..20 {
        deep = json!({ "type": "array", "items": deep });
    }
    let rows = [
        (json!([]), "#: a schema is an object"),
        (json!({ "type": "string" }), "#: type: the outermost type is object"),
        (json!({ "type": "object", "pattern": "x" }), "#: pattern: says nothing about the type"),
        (json!({ "pattern": "x" }), "#: the outermost schema describes members and nothing else"),
        (json!({ "enum": [{}] }), "#: the outermost schema describes members and nothing else"),
        (json!({ "oneOf": [{ "type": "object" }] }), "#: the outermost schema describes members and nothing else"),
        (json!({ "properties": [] }), "#: properties: an object of schemas"),
        (json!({ "required": ["a"] }), "#: required: \"a\" is not among the properties"),
        (json!({ "additionalProperties": {} }), "#: additionalProperties: true or false is expected"),
        (in_field(json!(true)), "#/properties/a: a schema is an object"),
        (in_field(json!({ "type": "text" })), "#/properties/a: type: there is no type \"text\""),
        (in_field(json!({ "type": [] })), "#/properties/a: type: a name"),
        (in_field(json!({ "minimum": "1" })), "#/properties/a: minimum: a number"),
        (in_field(json!({ "minLength": -1 })), "#/properties/a: minLength: a whole number"),
        (in_field(json!({ "type": "string", "minimum": 1 })), "#/properties/a: minimum: says nothing about the type"),
        (in_field(json!({ "enum": [] })), "#/properties/a: enum and const leave no value"),
        (in_field(json!({ "enum": [1, 2], "const": 3 })), "#/properties/a: enum and const leave no value"),
        (
            in_field(json!({ "type": "string", "nullable": true })),
            "#/properties/a: nullable: not understood here: write",
        ),
        (in_field(json!({ "not": {} })), "#/properties/a: not: not understood here: write what is allowed as"),
        (in_field(json!({ "definitions": {} })), "#/properties/a: definitions: not understood here: call it $defs"),
        (in_field(json!({ "$anchor": "x" })), "#/properties/a: $anchor: not understood here: refer to"),
        (
            in_field(json!({ "patternProperties": {} })),
            "#/properties/a: patternProperties: not understood here: name the members",
        ),
        (in_field(json!({ "uniqueItems": true })), "#/properties/a: uniqueItems: not understood here: describe every"),
        (
            in_field(json!({ "contentEncoding": "x" })),
            "#/properties/a: contentEncoding: not understood here: write a pattern",
        ),
        (in_field(json!({ "unheard": 1 })), "#/properties/a: unheard: not understood here: take it out"),
        (in_field(json!({ "allOf": [] })), "#/properties/a: allOf: a list of 1 to 32 schemas"),
        (in_field(json!({ "allOf": [{ "not": {} }] })), "#/properties/a/allOf/0: not: not understood here"),
        (
            in_field(json!({ "type": "number", "allOf": [{ "type": "string" }] })),
            "#/properties/a: allOf: no type is left",
        ),
        (
            in_field(json!({ "allOf": [{ "properties": { "x": {} } }, { "properties": { "y": {} } }] })),
            "#/properties/a: allOf: one part names the member \"y\", and another refuses it; merge them",
        ),
        (
            in_field(json!({ "properties": { "x": {} }, "allOf": [{ "allOf": [object(json!({ "const": 1 }))] }] })),
            "#/properties/a: allOf: one part names the member \"x\", and another refuses it",
        ),
        (
            in_field(json!({
                "allOf": [
                    { "oneOf": [object(json!({ "const": 1 })), object(json!({ "const": 2 }))] },
                    { "properties": { "x": {} }, "additionalProperties": true },
                ],
            })),
            "#/properties/a: allOf: one part names the member \"x\", and another refuses it",
        ),
        (
            in_field(json!({ "type": "object", "allOf": [{}] })),
            "#/properties/a: allOf: none of the parts describes the object",
        ),
        (
            in_field(json!({ "allOf": vec![json!({ "anyOf": vec![json!({ "type": "null" }); 32] }); 3] })),
            "#/properties/a: allOf: there are more than 1000 combinations",
        ),
        (json!({ "allOf": [{ "type": "object" }] }), "#: the outermost schema describes members and nothing else"),
        (
            in_field(json!({ "exclusiveMinimum": true, "minimum": 1 })),
            "#/properties/a: exclusiveMinimum: the bound itself",
        ),
        (
            in_field(json!({ "type": "string", "exclusiveMaximum": 1 })),
            "#/properties/a: exclusiveMaximum: says nothing",
        ),
        (
            in_field(json!({ "multipleOf": 1_234_567_890_123_456_789_u64 })),
            "#/properties/a: multipleOf: a number above zero",
        ),
        (in_field(json!({ "multipleOf": 0 })), "#/properties/a: multipleOf: a number above zero is expected"),
        (in_field(json!({ "multipleOf": -1 })), "#/properties/a: multipleOf: a number above zero is expected"),
        (in_field(json!({ "not": {} })), "#/properties/a: not: not understood here: write what is allowed"),
        (in_field(json!({ "x-limit": 5 })), "#/properties/a: x-limit: not understood here: take it out"),
        (in_field(json!({ "$id": "https://x.test" })), "#/properties/a: $id: not understood here"),
        (in_field(json!({ "items": { "prefixItems": [] } })), "#/properties/a/items: prefixItems: not understood here"),
        (in_field(json!({ "format": "uuid" })), "#/properties/a: format: \"uuid\" is not asserted here, only"),
        (in_field(json!({ "pattern": "(?=x)" })), "#/properties/a: pattern: \"(?=x)\" cannot be honoured: look-ahead"),
        (in_field(json!({ "$ref": "#/properties/a" })), "#/properties/a: $ref: only definitions in this schema"),
        (in_field(json!({ "$ref": "https://x.test/s" })), "#/properties/a: $ref: only definitions in this schema"),
        (in_field(json!({ "$ref": "#/$defs/X" })), "#/properties/a: $ref: there is no definition \"X\""),
        (
            in_field(json!({ "$ref": "#/$defs/X", "minimum": 1 })),
            "#/properties/a: minimum: only annotations may stand beside",
        ),
        (in_field(json!({ "$defs": {} })), "#/properties/a: $defs: definitions stand in the outermost"),
        (json!({ "$defs": [] }), "#: $defs is an object"),
        (json!({ "$defs": { "a/b": {} } }), "#: $defs: the name \"a/b\""),
        (json!({ "$defs": { "X": { "not": {} } } }), "#/$defs/X: not: not understood here"),
        (
            json!({ "$defs": { "X": { "items": { "$ref": "#/$defs/X" } } } }),
            "#/$defs/X/items: $ref: the definition \"X\" contains itself",
        ),
        (
            json!({ "$defs": { "X": { "items": { "$ref": "#/$defs/Y" } }, "Y": { "items": { "$ref": "#/$defs/X" } } } }),
            "#/$defs/Y/items: $ref: the definition \"X\" contains itself",
        ),
        (in_field(json!({ "oneOf": [] })), "#/properties/a: oneOf: 1 to 32 alternatives"),
        (
            in_field(json!({ "anyOf": vec![json!({ "type": "null" }); 33] })),
            "#/properties/a: anyOf: 1 to 32 alternatives",
        ),
        (in_field(json!({ "oneOf": [{}], "anyOf": [{}] })), "#/properties/a: anyOf: oneOf stands beside it"),
        (in_field(json!({ "oneOf": [{}], "properties": {} })), "#/properties/a: oneOf: properties stands beside it"),
        (
            two(json!({ "type": "array" }), json!({ "type": "array" })),
            "#/properties/a: oneOf: two alternatives may be lists",
        ),
        (two(json!({}), json!({ "type": "array" })), "#/properties/a: oneOf: two alternatives may be lists"),
        (
            two(json!({ "type": "object" }), json!({ "type": "object" })),
            "#/properties/a: oneOf: objects are told apart",
        ),
        (
            two(object(json!({ "const": "x" })), object(json!({ "enum": ["x", "y"] }))),
            "#/properties/a: oneOf: objects are told",
        ),
        (
            two(object(json!({ "const": "x" })), object(json!({ "type": "string" }))),
            "#/properties/a: oneOf: objects are told",
        ),
        (
            in_field(
                json!({ "oneOf": [object(json!({ "const": 1 })), object(json!({ "const": 2 }))], "discriminator": { "propertyName": "type" } }),
            ),
            "#/properties/a: oneOf: objects are told apart",
        ),
        (
            in_field(json!({ "discriminator": { "propertyName": "type" } })),
            "#/properties/a: discriminator: not understood here",
        ),
        (in_field(deep), "schemas are nested at most 16 deep"),
    ];
    for (schema, words) in rows {
        let error = InputSchema::compile(schema.clone()).unwrap_err();
        assert!(error.contains(words), "{schema}\n{error}");
    }
}

#[test]
fn references_that_multiply_each_other_are_refused_early() {
    let mut definitions = json!({ "A0": { "type": "string" } });
    for level in 1..5 {
        let reference = json!({ "$ref": format!("#/$defs/A{}", level - 1) });
        definitions[format!("A{level}")] = json!({ "anyOf": vec![reference; 32] });
    }
    let error = InputSchema::compile(json!({ "$defs": definitions })).unwrap_err();
    assert!(error.contains("there are more than 2000 schemas"), "{error}");
}

#[test]
fn annotations_are_accepted_and_have_no_effect() {
    let annotated = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://x.test/s", "$comment": "c",
        "title": "T", "description": "D", "examples": [{}],
        "properties": {
            "a": { "title": "A", "description": "D", "default": "x", "examples": [1], "example": 1, "deprecated": true,
                   "readOnly": true, "writeOnly": true, "type": "string" },
        },
    });
    let schema = InputSchema::compile(annotated).unwrap();
    assert_eq!(schema.check(&Map::new()), Ok(()));
    assert_eq!(schema.check(json!({ "a": "y" }).as_object().unwrap()), Ok(()));
    assert!(schema.check(json!({ "a": 1 }).as_object().unwrap()).is_err());
}

/// Each of these was once passed over in silence.
#[test]
fn what_an_object_schema_says_holds_however_it_is_said() {
    let rows = [
        (json!({ "additionalProperties": false }), json!({}), json!({ "x": 1 })),
        (json!({ "properties": {} }), json!({}), json!({ "x": 1 })),
        (json!({ "enum": [1, 2], "const": 1 }), json!(1), json!(2)),
        (json!({ "const": [1, { "b": 2 }] }), json!([1.0, { "b": 2.0 }]), json!([1, { "b": 3 }])),
        (json!({ "enum": [{ "a": 1 }] }), json!({ "a": 1.0 }), json!({ "a": 1, "b": 1 })),
    ];
    for (field, fitting, refused) in rows {
        let schema = InputSchema::compile(json!({ "properties": { "a": field } })).unwrap();
        for (value, fits) in [(fitting, true), (refused, false)] {
            assert_eq!(
                schema.check(json!({ "a": value }).as_object().unwrap()).is_ok(),
                fits,
                "{:?} {value}",
                schema.shown()
            );
        }
    }
}

fn alternatives() -> InputSchema {
    InputSchema::compile(json!({
        "$defs": {
            "Card": { "type": "object", "required": ["kind", "number"],
                      "properties": { "kind": { "const": "card" }, "number": { "type": "string", "pattern": "^[0-9]{4}$" } } },
            "Bank": { "type": "object", "required": ["kind"],
                      "properties": { "kind": { "enum": ["iban", "bic"] }, "to": { "$ref": "#/$defs/Optional" } } },
            "Optional": { "anyOf": [{ "type": "string", "minLength": 2 }, { "type": "null" }] },
        },
        "properties": {
            "method": { "oneOf": [{ "$ref": "#/$defs/Card" }, { "$ref": "#/$defs/Bank" }, { "const": "cash" }],
                        "discriminator": { "propertyName": "kind", "mapping": {} } },
            "note": { "$ref": "#/$defs/Optional", "description": "free", "default": null },
            "steps": { "oneOf": [{ "type": "integer" }, { "type": "number", "minimum": 10 }] },
            "level": { "type": "string", "oneOf": [{ "const": "low", "title": "Low" }, { "const": "high" }] },
            "ids": { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] },
            "mail": { "type": "string", "format": "email", "maxLength": 10 },
        },
    }))
    .unwrap()
}

#[test]
fn an_argument_is_held_against_the_alternative_that_is_meant() {
    let rows = [
        (json!({ "method": "cash" }), None),
        (json!({ "method": { "kind": "card", "number": "1234" } }), None),
        (json!({ "method": { "kind": "bic", "to": null } }), None),
        (json!({ "method": { "kind": "iban", "to": "DE" } }), None),
        (json!({ "method": "credit" }), Some(("method", "is not one of the allowed values"))),
        (json!({ "method": null }), Some(("method", "must be an object, or a text"))),
        (json!({ "method": {} }), Some(("method.kind", "is missing"))),
        (
            json!({ "method": { "kind": "gold" } }),
            Some(("method.kind", "is not one of the values that tell the alternatives apart")),
        ),
        (
            json!({ "method": { "kind": ["card"] } }),
            Some(("method.kind", "is not one of the values that tell the alternatives apart")),
        ),
        (json!({ "method": { "kind": "card" } }), Some(("method.number", "is missing"))),
        (
            json!({ "method": { "kind": "card", "number": "12345" } }),
            Some(("method.number", "must match the pattern of the schema")),
        ),
        (
            json!({ "method": { "kind": "card", "number": "1234", "to": "DE" } }),
            Some(("method", "has a member that the schema does not name")),
        ),
        (json!({ "method": { "kind": "iban", "to": "D" } }), Some(("method.to", "must have at least 2 characters"))),
        (json!({ "note": null, "ids": ["a"], "steps": 9, "level": "low" }), None),
        (json!({ "note": 1 }), Some(("note", "must be a text, or null"))),
        (json!({ "steps": 10 }), Some(("steps", "fits several alternatives where one is to fit"))),
        (json!({ "steps": 10.5 }), None),
        (json!({ "steps": 9.5 }), Some(("steps", "fits none of the alternatives"))),
        (json!({ "level": "middle" }), Some(("level", "fits none of the alternatives"))),
        (json!({ "level": null }), Some(("level", "must be a text"))),
        (json!({ "ids": "a" }), None),
        (json!({ "ids": ["a", 1] }), Some(("ids[1]", "must be a text"))),
        (json!({ "mail": "a@x.test" }), None),
        (json!({ "mail": "a@x.testing" }), Some(("mail", "must have at most 10 characters"))),
        (json!({ "mail": "x.test" }), Some(("mail", "must be an e-mail address"))),
    ];
    for (arguments, expected) in rows {
        let found = alternatives().check(arguments.as_object().unwrap());
        let expected =
            expected.map_or(Ok(()), |(path, rule)| Err(Mismatch { path: path.to_owned(), rule: rule.into() }));
        assert_eq!(found, expected, "{arguments}");
    }
}

/// Objects are told apart by what their own alternatives require, and by what their parts do.
#[test]
fn alternatives_of_alternatives_and_of_parts_are_told_apart() {
    let kind = |kinds: Value, member: &str| json!({ "type": "object", "required": ["kind"], "properties": { "kind": { "enum": kinds }, member: {} } });
    let compile = |first: Value| {
        let inner = json!({ "oneOf": [kind(json!(["a"]), "of_a"), kind(json!(["b"]), "of_b"), { "type": "null" }] });
        InputSchema::compile(json!({ "properties": { "x": { "oneOf": [first, inner, { "const": 1 }] } } }))
    };
    let part = json!({ "description": "C", "allOf": [kind(json!(["c", "d"]), "of_c")] });
    let schema = compile(part).unwrap();
    for (value, expected) in [
        (json!({ "kind": "a", "of_a": 1 }), None),
        (json!({ "kind": "b", "of_b": 1 }), None),
        (json!({ "kind": "d", "of_c": 1 }), None),
        (json!(null), None),
        (json!({ "kind": "a", "of_b": 1 }), Some("has a member that the schema does not name")),
        (json!({ "kind": "c", "of_a": 1 }), Some("has a member that the schema does not name")),
        (json!({ "kind": "e" }), Some("is not one of the values that tell the alternatives apart")),
        (json!({}), Some("is missing")),
    ] {
        let found = schema.check(json!({ "x": value }).as_object().unwrap()).err();
        assert_eq!(found.map(|mismatch| mismatch.rule.into_owned()).as_deref(), expected, "{value}");
    }
    for overlapping in [kind(json!(["b", "c"]), "z"), json!({ "allOf": [kind(json!(["c", "a"]), "z")] })] {
        let error = compile(overlapping).unwrap_err();
        assert!(error.contains("objects are told apart by a member"), "{error}");
    }
}

#[test]
fn alternatives_are_shown_closed_as_they_are_held() {
    let schema = alternatives();
    let shown = schema.shown().unwrap();
    assert_eq!(shown["$defs"]["Card"]["additionalProperties"], json!(false));
    assert_eq!(shown["properties"]["method"].get("additionalProperties"), None);
    let inline =
        json!({ "properties": { "a": { "type": "object", "anyOf": [{ "type": "object" }, { "type": "null" }] } } });
    let schema = InputSchema::compile(inline).unwrap();
    let field = &schema.shown().unwrap()["properties"]["a"];
    assert_eq!((field.get("additionalProperties"), &field["anyOf"][0]["additionalProperties"]), (None, &json!(false)));
    assert_eq!(schema.check(json!({ "a": {} }).as_object().unwrap()), Ok(()));
    assert!(schema.check(json!({ "a": null }).as_object().unwrap()).is_err());
}

#[test]
fn a_refusal_says_what_was_expected_and_repeats_nothing() {
    let schema = InputSchema::compile(json!({
        "properties": {
            "a": { "type": "array", "maxItems": 2, "items": { "type": "object", "properties": {
                "b": { "type": ["integer", "null"], "minimum": -1, "maximum": 2.5 } } } },
            "c": { "exclusiveMinimum": 0, "allOf": [{ "exclusiveMaximum": 1 }, { "multipleOf": 0.1 }] },
            "at": { "format": "date-time" }, "link": { "format": "uri" },
        },
    }))
    .unwrap();
    let rows = [
        (json!({ "a": [{}, { "b": "SECRET" }] }), "a[1].b", "must be a whole number, or null"),
        (json!({ "a": [{ "b": -2 }] }), "a[0].b", "must be at least -1"),
        (json!({ "a": [{ "b": 3 }] }), "a[0].b", "must be at most 2.5"),
        (json!({ "a": [{ "SECRET": 3 }] }), "a[0]", "has a member that the schema does not name"),
        (json!({ "a": [{}, {}, {}] }), "a", "must have at most 2 items"),
        (json!({ "a": "SECRET" }), "a", "must be a list"),
        (json!({ "at": "SECRET" }), "at", "must be a time such as 2030-12-31T23:59:59Z (RFC 3339)"),
        (json!({ "link": "SECRET" }), "link", "must be an absolute URI (RFC 3986)"),
        (json!({ "c": 0 }), "c", "must be more than 0"),
        (json!({ "c": 1 }), "c", "must be less than 1"),
        (json!({ "c": 0.35 }), "c", "must be a multiple of 0.1"),
    ];
    for (arguments, path, rule) in rows {
        let found = schema.check(arguments.as_object().unwrap()).unwrap_err();
        assert_eq!((found.path.as_str(), &*found.rule), (path, rule), "{arguments}");
    }
}
