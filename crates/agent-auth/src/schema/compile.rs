//! From JSON to a compiled schema; everything outside the subset is refused here.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Additional, Node, Span, Type};
use crate::constraint::Bound;

/// Deeper than any request is read.
const DEPTH: usize = 12;

pub(super) fn root(schema: &Value) -> Result<Node, String> {
    let mut root = node(schema, 0)?;
    match root.types.as_deref() {
        None => root.types = Some(vec![Type::Object]),
        Some([Type::Object]) => {}
        Some(_) => return Err("the outermost type is not object".to_owned()),
    }
    Ok(root)
}

/// Says `"additionalProperties": false` in every object schema that leaves it out, so that what agents read is what holds.
pub(super) fn write_closure(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    let is_object = members.contains_key("properties") || names_object(members.get("type"));
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        properties.values_mut().for_each(write_closure);
    }
    if let Some(items) = members.get_mut("items") {
        write_closure(items);
    }
    if is_object && !members.contains_key("additionalProperties") {
        members.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
}

fn names_object(types: Option<&Value>) -> bool {
    match types {
        Some(Value::String(name)) => name == "object",
        Some(Value::Array(names)) => names.iter().any(|name| name == "object"),
        _ => false,
    }
}

fn node(schema: &Value, depth: usize) -> Result<Node, String> {
    let members = schema.as_object().ok_or("a schema is an object")?;
    if depth > DEPTH {
        return Err(format!("nested deeper than {DEPTH}"));
    }
    let mut node = Node::default();
    for (keyword, value) in members {
        match keyword.as_str() {
            "type" => node.types = Some(types(value)?),
            "properties" => node.properties = properties(value, depth)?,
            "required" => node.required = names(value)?,
            "additionalProperties" => node.additional = additional(value)?,
            "items" => node.items = Some(Box::new(self::node(value, depth + 1)?)),
            "enum" => node.one_of = Some(value.as_array().cloned().ok_or("enum is a list")?),
            "const" => node.one_of = Some(vec![value.clone()]),
            "minimum" => node.minimum = Some(bound(value)?),
            "maximum" => node.maximum = Some(bound(value)?),
            "minLength" => node.length.least = Some(size(value)?),
            "maxLength" => node.length.most = Some(size(value)?),
            "minItems" => node.count.least = Some(size(value)?),
            "maxItems" => node.count.most = Some(size(value)?),
            "title" | "description" | "default" | "examples" | "format" | "$schema" | "deprecated" => {}
            unknown => return Err(format!("the keyword {unknown:?} is not in the subset")),
        }
    }
    match node.required.iter().find(|name| !node.properties.contains_key(*name)) {
        Some(name) => Err(format!("{name:?} is required but not among the properties")),
        None => Ok(node),
    }
}

fn properties(value: &Value, depth: usize) -> Result<BTreeMap<String, Node>, String> {
    let members: &Map<String, Value> = value.as_object().ok_or("properties is an object")?;
    members.iter().map(|(name, schema)| Ok((name.clone(), node(schema, depth + 1)?))).collect()
}

fn types(value: &Value) -> Result<Vec<Type>, String> {
    match value {
        Value::String(name) => Ok(vec![named(name)?]),
        Value::Array(_) => names(value)?.iter().map(|name| named(name)).collect(),
        _ => Err("type is a name or a list of names".to_owned()),
    }
}

fn named(name: &str) -> Result<Type, String> {
    match name {
        "array" => Ok(Type::Array),
        "boolean" => Ok(Type::Boolean),
        "integer" => Ok(Type::Integer),
        "null" => Ok(Type::Null),
        "number" => Ok(Type::Number),
        "object" => Ok(Type::Object),
        "string" => Ok(Type::String),
        unknown => Err(format!("the type {unknown:?} does not exist")),
    }
}

fn names(value: &Value) -> Result<Vec<String>, String> {
    let list = value.as_array().ok_or("a list of names is expected")?;
    list.iter().map(|name| name.as_str().map(str::to_owned).ok_or("a name is a text".to_owned())).collect()
}

fn additional(value: &Value) -> Result<Additional, String> {
    match value {
        Value::Bool(true) => Ok(Additional::Allowed),
        Value::Bool(false) => Ok(Additional::Refused),
        _ => Err("additionalProperties is true or false".to_owned()),
    }
}

fn bound(value: &Value) -> Result<Bound, String> {
    Bound::of(value).ok_or_else(|| "minimum and maximum are numbers".to_owned())
}

fn size(value: &Value) -> Result<usize, String> {
    let size = value.as_u64().and_then(|size| usize::try_from(size).ok());
    size.ok_or_else(|| "lengths and counts are whole numbers".to_owned())
}

impl Span {
    pub(super) fn contains(self, size: usize) -> bool {
        self.least.is_none_or(|least| size >= least) && self.most.is_none_or(|most| size <= most)
    }
}
