//! Keywords beside those that are compiled: the ones without effect, and what to write in place of the rest.

use super::value_type::Type;

/// Annotations: tools write them, people read them, and no call depends on them.
const ANNOTATIONS: [&str; 11] = [
    "$comment",
    "$schema",
    "default",
    "deprecated",
    "description",
    "example",
    "examples",
    "externalDocs",
    "readOnly",
    "title",
    "writeOnly",
];

/// Whether a keyword says nothing about what is allowed. `default` says what a capability does without the member; it is
/// not filled in.
pub(super) fn is_annotation(keyword: &str) -> bool {
    ANNOTATIONS.contains(&keyword)
}

/// The types that a keyword is about, if not all.
pub(super) fn is_about(keyword: &str) -> Option<&'static [Type]> {
    match keyword {
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
            Some(&[Type::Integer, Type::Number])
        }
        "minLength" | "maxLength" | "pattern" | "format" => Some(&[Type::String]),
        "items" | "minItems" | "maxItems" => Some(&[Type::Array]),
        "properties" | "required" | "additionalProperties" => Some(&[Type::Object]),
        _ => None,
    }
}

/// What to write in place of a keyword that is not understood.
pub(super) fn instead_of(keyword: &str) -> &'static str {
    match keyword {
        "not" | "if" | "then" | "else" | "dependentSchemas" | "dependentRequired" | "dependencies" => {
            "write what is allowed as alternatives of oneOf, each with a const that tells it apart"
        }
        "nullable" => "write \"type\": [\"string\", \"null\"]",
        "definitions" => "call it $defs, and refer to #/$defs/Name",
        "$id" | "id" | "$anchor" | "$dynamicAnchor" | "$dynamicRef" | "$recursiveAnchor" | "$recursiveRef" => {
            "refer to #/$defs/Name; $id may stand in the outermost schema alone"
        }
        "patternProperties" | "propertyNames" | "unevaluatedProperties" | "minProperties" | "maxProperties" => {
            "name the members in properties, or open the object with \"additionalProperties\": true"
        }
        "prefixItems" | "additionalItems" | "unevaluatedItems" | "contains" | "minContains" | "maxContains"
        | "uniqueItems" => "describe every item with items, and check the rest when the call is performed",
        "contentEncoding" | "contentMediaType" | "contentSchema" => "write a pattern",
        _ => "take it out, or check it when the call is performed",
    }
}
