//! From JSON to a compiled schema; everything outside the subset is refused here, with the place and what to do instead.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::alternatives::MOST;
use super::check::is_same;
use super::format::Format;
use super::keyword::{instead_of, is_about, is_annotation};
use super::node::{Additional, Alternatives, Members, Node, Quantity};
use super::pattern::Pattern;
use super::together;
use super::value_type::Type;
use crate::constraint::Bound;
use crate::decimal::Decimal;

/// Deeper than any request is read.
const DEPTH: usize = 16;
/// How many schemas there may be within one, each reference counted as what it refers to.
const SCHEMAS: usize = 2_000;

pub(super) fn root(schema: &Value) -> Result<Members, String> {
    let none = Map::new();
    let definitions = match schema.get("$defs") {
        None => &none,
        Some(Value::Object(definitions)) => definitions,
        Some(_) => return Err(at("#", "$defs is an object of schemas")),
    };
    let mut compiler = Compiler { definitions, followed: Vec::new(), schemas: 0, patterns: HashMap::new() };
    let mut root = compiler.node(schema, "#", 0)?;
    // What nothing refers to is shown to agents too, so it means something.
    for name in definitions.keys() {
        compiler.definition(name, "#", 0)?;
    }
    if !matches!(root.types.as_deref(), None | Some([Type::Object])) {
        return Err(at("#", "type: the outermost type is object"));
    }
    root.types = Some(vec![Type::Object]);
    let only_members = root.alternatives.is_none() && root.listed.is_none() && root.parts.is_empty();
    if !only_members || schema.as_object().is_some_and(|members| !members.keys().all(|keyword| root.can_mean(keyword)))
    {
        let words = "the outermost schema describes members and nothing else: they are what is limited. Give one of them \
                     alternatives, merge the parts of allOf, or offer several capabilities";
        return Err(at("#", words));
    }
    Ok(root.members.unwrap_or_default())
}

/// Says `"additionalProperties": false` in every object schema that leaves it out, so that what agents read is what holds.
pub(super) fn write_closure(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    for keyword in ["properties", "$defs"] {
        if let Some(Value::Object(schemas)) = members.get_mut(keyword) {
            schemas.values_mut().for_each(write_closure);
        }
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        if let Some(Value::Array(schemas)) = members.get_mut(keyword) {
            schemas.iter_mut().for_each(write_closure);
        }
    }
    if let Some(items) = members.get_mut("items") {
        write_closure(items);
    }
    if describes_objects(members) && !members.contains_key("additionalProperties") {
        members.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
}

/// Takes out of a schema, as it was compiled, every keyword that no call depends on. Members may be called like keywords.
pub(super) fn leave_out_annotations(schema: &mut Value) {
    let Value::Object(keywords) = schema else { return };
    keywords.retain(|keyword, _| keyword != "$id" && !is_annotation(keyword));
    for keyword in ["properties", "$defs"] {
        if let Some(Value::Object(schemas)) = keywords.get_mut(keyword) {
            schemas.values_mut().for_each(leave_out_annotations);
        }
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        if let Some(Value::Array(schemas)) = keywords.get_mut(keyword) {
            schemas.iter_mut().for_each(leave_out_annotations);
        }
    }
    if let Some(items) = keywords.get_mut("items") {
        leave_out_annotations(items);
    }
}

/// Beside alternatives and parts an object is what they say, and `"type": "object"` adds nothing.
fn describes_objects(schema: &Map<String, Value>) -> bool {
    let has = |keyword| schema.contains_key(keyword);
    let describes = has("properties") || has("required") || has("additionalProperties");
    !has("oneOf") && !has("anyOf") && (describes || (names_object(schema) && !has("allOf")))
}

fn names_object(schema: &Map<String, Value>) -> bool {
    match schema.get("type") {
        Some(Value::String(name)) => name == "object",
        Some(Value::Array(names)) => names.iter().any(|name| name == "object"),
        _ => false,
    }
}

struct Compiler<'a> {
    definitions: &'a Map<String, Value>,
    /// The definitions that are being read.
    followed: Vec<&'a str>,
    schemas: usize,
    patterns: HashMap<&'a str, Pattern>,
}

impl<'a> Compiler<'a> {
    fn node(&mut self, schema: &'a Value, path: &str, depth: usize) -> Result<Node, String> {
        let members = schema.as_object().ok_or_else(|| at(path, "a schema is an object"))?;
        self.schemas += 1;
        if depth > DEPTH {
            return Err(at(path, &format!("schemas are nested at most {DEPTH} deep, references included")));
        }
        if self.schemas > SCHEMAS {
            return Err(at(path, &format!("there are more than {SCHEMAS} schemas, references included")));
        }
        if let Some(target) = members.get("$ref") {
            return self.reference(members, target, path, depth);
        }
        let mut node = Node { members: describes_objects(members).then(Members::default), ..Node::default() };
        let mut described = Members::default();
        for (keyword, value) in members {
            let wrong = |words: String| at(path, &format!("{keyword}: {words}"));
            match keyword.as_str() {
                "type" => node.types = Some(types(value).map_err(wrong)?),
                "properties" => described.properties = self.properties(value, path, depth)?,
                "required" => described.required = names(value).map_err(wrong)?,
                "additionalProperties" => described.additional = additional(value).map_err(wrong)?,
                "items" => node.items = Some(Box::new(self.node(value, &format!("{path}/items"), depth + 1)?)),
                "enum" => node.list(value.as_array().ok_or_else(|| wrong("a list is expected".to_owned()))?),
                "const" => node.list(std::slice::from_ref(value)),
                "minimum" => node.minimum = Some(bound(value).map_err(wrong)?),
                "maximum" => node.maximum = Some(bound(value).map_err(wrong)?),
                "exclusiveMinimum" => node.above = Some(open_bound(value).map_err(wrong)?),
                "exclusiveMaximum" => node.below = Some(open_bound(value).map_err(wrong)?),
                "multipleOf" => node.step = Some(step(value).map_err(wrong)?),
                "minLength" => node.length.least = Some(size(value).map_err(wrong)?),
                "maxLength" => node.length.most = Some(size(value).map_err(wrong)?),
                "minItems" => node.count.least = Some(size(value).map_err(wrong)?),
                "maxItems" => node.count.most = Some(size(value).map_err(wrong)?),
                "pattern" => node.pattern = Some(self.pattern(value).map_err(wrong)?),
                "format" => node.format = Some(format(value).map_err(wrong)?),
                "oneOf" | "anyOf" => node.alternatives = Some(self.alternatives(members, keyword, value, path, depth)?),
                "allOf" => node.parts = self.parts(value, path, depth)?,
                // Told by the alternatives themselves, and compared with them there.
                "discriminator" if members.contains_key("oneOf") || members.contains_key("anyOf") => {}
                "$defs" | "$id" if path == "#" => {}
                "$defs" => return Err(wrong("definitions stand in the outermost schema".to_owned())),
                annotation if is_annotation(annotation) => {}
                other => return Err(wrong(format!("not understood here: {}", instead_of(other)))),
            }
        }
        if let Some(keyword) = members.keys().find(|keyword| !node.can_mean(keyword)) {
            return Err(at(path, &format!("{keyword}: says nothing about the type that is given; take it out")));
        }
        if let Some(name) = described.required.iter().find(|name| !described.properties.contains_key(*name)) {
            return Err(at(path, &format!("required: {name:?} is not among the properties; describe it there")));
        }
        if let Some(members) = &mut node.members {
            *members = described;
        }
        if node.listed.as_ref().is_some_and(Vec::is_empty) {
            return Err(at(path, "enum and const leave no value"));
        }
        if members.contains_key("allOf") {
            together::check(&node, names_object(members)).map_err(|words| at(path, &format!("allOf: {words}")))?;
        }
        Ok(node)
    }

    fn properties(&mut self, value: &'a Value, path: &str, depth: usize) -> Result<BTreeMap<String, Node>, String> {
        let members = value.as_object().ok_or_else(|| at(path, "properties: an object of schemas is expected"))?;
        let mut properties = BTreeMap::new();
        for (name, schema) in members {
            properties.insert(name.clone(), self.node(schema, &format!("{path}/properties/{name}"), depth + 1)?);
        }
        Ok(properties)
    }

    /// Drafts of JSON Schema disagree whether a keyword beside `$ref` holds, so only annotations may stand there.
    fn reference(
        &mut self,
        members: &Map<String, Value>,
        target: &Value,
        path: &str,
        depth: usize,
    ) -> Result<Node, String> {
        let stands = |keyword: &str| {
            keyword == "$ref" || is_annotation(keyword) || (path == "#" && matches!(keyword, "$defs" | "$id"))
        };
        if let Some(keyword) = members.keys().find(|keyword| !stands(keyword)) {
            let words = format!("{keyword}: only annotations may stand beside $ref; move it into the definition");
            return Err(at(path, &words));
        }
        match target.as_str().and_then(|target| target.strip_prefix("#/$defs/")) {
            Some(name) => self.definition(name, path, depth),
            None => Err(at(path, "$ref: only definitions in this schema can be referred to, as #/$defs/Name")),
        }
    }

    fn definition(&mut self, name: &str, path: &str, depth: usize) -> Result<Node, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || !name.chars().all(plain) {
            return Err(at(
                path,
                &format!("$defs: the name {name:?} is not of letters, digits, \".\", \"_\" and \"-\""),
            ));
        }
        let Some((name, schema)) = self.definitions.get_key_value(name) else {
            return Err(at(path, &format!("$ref: there is no definition {name:?} in $defs")));
        };
        if self.followed.contains(&name.as_str()) {
            return Err(at(
                path,
                &format!("$ref: the definition {name:?} contains itself; write out the levels that are meant"),
            ));
        }
        self.followed.push(name);
        let node = self.node(schema, &format!("#/$defs/{name}"), depth + 1)?;
        self.followed.pop();
        Ok(node)
    }

    fn alternatives(
        &mut self,
        members: &Map<String, Value>,
        keyword: &str,
        value: &'a Value,
        path: &str,
        depth: usize,
    ) -> Result<Alternatives, String> {
        let wrong = |words: &str| at(path, &format!("{keyword}: {words}"));
        let beside = ["properties", "required", "additionalProperties", "items"].into_iter();
        let others = beside.chain(if keyword == "anyOf" { vec!["oneOf"] } else { Vec::new() });
        if let Some(other) = others.into_iter().find(|other| members.contains_key(*other)) {
            return Err(wrong(&format!("{other} stands beside it; move it into the alternatives")));
        }
        let named = match members.get("discriminator") {
            None => None,
            Some(discriminator) => {
                let name = discriminator.get("propertyName").and_then(Value::as_str);
                Some(name.ok_or_else(|| at(path, "discriminator: propertyName is a text"))?)
            }
        };
        let list = value.as_array().ok_or_else(|| wrong("a list of schemas is expected"))?;
        let mut nodes = Vec::new();
        for (index, schema) in list.iter().enumerate() {
            nodes.push(self.node(schema, &format!("{path}/{keyword}/{index}"), depth + 1)?);
        }
        let quantity = if keyword == "oneOf" { Quantity::ExactlyOne } else { Quantity::AtLeastOne };
        Alternatives::new(quantity, nodes, named).map_err(|words| wrong(&words))
    }

    fn parts(&mut self, value: &'a Value, path: &str, depth: usize) -> Result<Vec<Node>, String> {
        let list = value.as_array().filter(|list| (1..=MOST).contains(&list.len()));
        let list = list.ok_or_else(|| at(path, &format!("allOf: a list of 1 to {MOST} schemas is expected")))?;
        let mut parts = Vec::new();
        for (index, schema) in list.iter().enumerate() {
            parts.push(self.node(schema, &format!("{path}/allOf/{index}"), depth + 1)?);
        }
        Ok(parts)
    }

    fn pattern(&mut self, value: &'a Value) -> Result<Pattern, String> {
        let text = value.as_str().ok_or("a text is expected")?;
        if let Some(known) = self.patterns.get(text) {
            return Ok(known.clone());
        }
        let pattern = Pattern::compile(text).map_err(|words| format!("{text:?} cannot be honoured: {words}"))?;
        self.patterns.insert(text, pattern.clone());
        Ok(pattern)
    }
}

impl Node {
    /// Whether a keyword is about a type that is given here.
    fn can_mean(&self, keyword: &str) -> bool {
        match (is_about(keyword), &self.types) {
            (Some(about), Some(given)) => given.iter().any(|one| about.contains(one)),
            _ => true,
        }
    }

    /// `enum` and `const` may stand together, and hold together.
    fn list(&mut self, values: &[Value]) {
        self.listed = Some(match self.listed.take() {
            None => values.to_vec(),
            Some(known) => known.into_iter().filter(|one| values.iter().any(|value| is_same(one, value))).collect(),
        });
    }
}

fn at(path: &str, words: &str) -> String {
    format!("{path}: {words}")
}

fn types(value: &Value) -> Result<Vec<Type>, String> {
    match value {
        Value::String(name) => Ok(vec![named(name)?]),
        Value::Array(list) if !list.is_empty() => names(value)?.iter().map(|name| named(name)).collect(),
        _ => Err("a name or a list of names is expected".to_owned()),
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
        unknown => Err(format!("there is no type {unknown:?}")),
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
        _ => Err("true or false is expected; name the members in properties".to_owned()),
    }
}

fn format(value: &Value) -> Result<Format, String> {
    let name = value.as_str().ok_or("a text is expected")?;
    Format::named(name).ok_or_else(|| format!("{name:?} is not asserted here, only {}: write a pattern", Format::NAMES))
}

fn bound(value: &Value) -> Result<Bound, String> {
    Bound::of(value).ok_or_else(|| "a number is expected".to_owned())
}

fn open_bound(value: &Value) -> Result<Bound, String> {
    match value {
        Value::Bool(_) => Err("the bound itself is expected, as in drafts since 6".to_owned()),
        value => bound(value),
    }
}

fn step(value: &Value) -> Result<Bound, String> {
    let fits = |bound: &Bound| bound.decimal.is_positive() && bound.decimal.significant().is_some();
    let words = || format!("a number above zero is expected, of at most {} digits", Decimal::STEP_DIGITS);
    Bound::of(value).filter(fits).ok_or_else(words)
}

fn size(value: &Value) -> Result<usize, String> {
    let size = value.as_u64().and_then(|size| usize::try_from(size).ok());
    size.ok_or_else(|| "a whole number is expected, not negative".to_owned())
}
