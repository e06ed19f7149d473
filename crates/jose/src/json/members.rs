//! Reading an object whose members are already known into a type, without a second pass over its text.
//!
//! A struct, or a type that takes whatever comes, is given the members one by one: names and plain strings are borrowed,
//! members that it does not want cost nothing, everything else goes to `serde_json` with the text of one value. A type
//! that asks for anything else is read by `serde_json` from the start.

use std::cell::Cell;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use super::scan::{Elements, Form};
use super::{JsonError, Member};
use crate::jws::shown;

/// Reads a document that [`scan`](super::scan) has passed and whose members it has listed.
pub(crate) fn read_members<T: DeserializeOwned>(document: &str, members: &[Member]) -> Result<T, JsonError> {
    let failed = Cell::new(None);
    T::deserialize(Object { document, members, failed: &failed }).map_err(|error| match JsonError::from_serde(&error) {
        // A column would count from the start of one value.
        JsonError::Shape { reason } if !reason.starts_with("member ") => {
            let reason = match failed.get() {
                Some(member) => {
                    format!("member {} has the wrong type or content", shown(Member::name(member, document)))
                }
                None => "the members do not fit".to_owned(),
            };
            JsonError::Shape { reason }
        }
        error => error,
    })
}

struct Object<'de, 'f> {
    document: &'de str,
    members: &'de [Member],
    /// The member whose value did not fit.
    failed: &'f Cell<Option<&'de Member>>,
}

impl<'de> Object<'de, '_> {
    fn visit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut access = Access { object: self, next: 0 };
        let value = visitor.visit_map(&mut access)?;
        if access.next < access.object.members.len() {
            return Err(Error::custom("members are left"));
        }
        Ok(value)
    }
}

/// Has `serde_json` read the whole text for the shapes that are rare.
macro_rules! hand_over {
    ($($method:ident($($argument:ident: $kind:ty),*))*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $kind,)* visitor: V) -> Result<V::Value, Error> {
            serde_json::Deserializer::from_str(self.document).$method($($argument,)* visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Object<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.visit(visitor)
    }

    hand_over! {
        deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_option() deserialize_unit()
        deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_seq() deserialize_tuple(length: usize) deserialize_tuple_struct(name: &'static str, length: usize)
        deserialize_map() deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier() deserialize_ignored_any()
    }
}

struct Access<'de, 'f> {
    object: Object<'de, 'f>,
    next: usize,
}

impl<'de> MapAccess<'de> for &mut Access<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(member) = self.object.members.get(self.next) else { return Ok(None) };
        let name = member.name(self.object.document);
        seed.deserialize(de::value::BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let member = self.object.members.get(self.next).ok_or_else(|| Error::custom("no member is left"))?;
        self.next += 1;
        let document = self.object.document;
        let value = member.value(document);
        let read = match member.plain().and_then(|place| document.get(place)) {
            Some(text) => seed.deserialize(Plain { text, document: value }),
            None => seed.deserialize(Whole { document: value }),
        };
        read.inspect_err(|_| self.object.failed.set(Some(member)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.object.members.len() - self.next)
    }
}

/// A string without escapes: its content, and its text with the quotes.
struct Plain<'de> {
    text: &'de str,
    document: &'de str,
}

impl<'de> Deserializer<'de> for Plain<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.text)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { str string identifier char }

    hand_over! {
        deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_bytes() deserialize_byte_buf() deserialize_unit()
        deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_seq() deserialize_tuple(length: usize) deserialize_tuple_struct(name: &'static str, length: usize)
        deserialize_map() deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }
}

/// Any other value.
struct Whole<'de> {
    document: &'de str,
}

impl<'de> Deserializer<'de> for Whole<'de> {
    type Error = Error;

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_u64(visitor)
    }

    /// The numbers of tokens are dates: digits, and nothing else.
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.document.parse() {
            Ok(number) => visitor.visit_u64(number),
            Err(_) => serde_json::Deserializer::from_str(self.document).deserialize_u64(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.document == "null" { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.document.starts_with('[') {
            return serde_json::Deserializer::from_str(self.document).deserialize_seq(visitor);
        }
        let mut elements = Array(Elements::of(self.document));
        let value = visitor.visit_seq(&mut elements)?;
        if elements.0.next().is_some() {
            return Err(Error::custom("elements are left"));
        }
        Ok(value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    hand_over! {
        deserialize_any()
        deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit()
        deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(length: usize) deserialize_tuple_struct(name: &'static str, length: usize)
        deserialize_map() deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) deserialize_identifier()
    }
}

/// An array, element by element.
struct Array<'de>(Elements<'de>);

impl<'de> SeqAccess<'de> for &mut Array<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some((element, form)) = self.0.next() else { return Ok(None) };
        let read = match (form, element.get(1..element.len().saturating_sub(1))) {
            (Form::PlainString, Some(text)) => seed.deserialize(Plain { text, document: element }),
            _ => seed.deserialize(Whole { document: element }),
        };
        read.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeMap;
    use std::fmt::Debug;

    use serde::Deserialize;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;
    use crate::json;

    #[derive(Debug, PartialEq, Deserialize)]
    enum Kind {
        A,
        B(u8),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Newtype(String);

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Everything {
        a: Option<String>,
        #[serde(default)]
        kind: Option<Kind>,
        number: Option<i64>,
        float: Option<f64>,
        c: Option<char>,
        newtype: Option<Newtype>,
        aud: Option<OneOrMany>,
        nested: Option<BTreeMap<String, Value>>,
        unit: Option<()>,
    }

    /// Each member is one that arrays, numbers and their absence are read for.
    #[derive(Debug, PartialEq, Deserialize)]
    struct Lists {
        a: Option<Vec<Vec<Value>>>,
        kind: Option<Vec<Option<String>>>,
        number: Option<u64>,
        other: Option<Vec<Option<u8>>>,
        aud: Option<Vec<OneOrMany>>,
        z: Option<Value>,
    }

    /// Takes no more than one element.
    #[derive(Debug, PartialEq, Deserialize)]
    struct Pair {
        a: (String,),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "compared")]
    struct Closed {
        a: Cow<'static, str>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Flattened {
        a: String,
        #[serde(flatten)]
        more: BTreeMap<String, Value>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "a")]
    #[allow(non_camel_case_types, reason = "the tag")]
    enum Tagged {
        x { number: i64 },
        y,
    }

    /// Both ways of reading agree on what is read, and on whether anything is.
    fn agree<T: DeserializeOwned + PartialEq + Debug>(document: &str) -> usize {
        let members = json::scan(document).unwrap().unwrap();
        let (ours, theirs) = (read_members::<T>(document, &members), serde_json::from_str::<T>(document));
        let read = usize::from(ours.is_ok());
        assert_eq!(ours.ok(), theirs.ok(), "{document} as {}", std::any::type_name::<T>());
        read
    }

    #[test]
    fn reading_member_by_member_gives_what_serde_json_gives() {
        let values = [
            r#""x""#,
            r#""y""#,
            r#""A""#,
            r#""""#,
            r#""\u0041""#,
            r#""\n""#,
            "1",
            "-1",
            "1.5",
            "1e2",
            "256",
            "null",
            "true",
            "[]",
            r#"["x","y"]"#,
            r#"[ "x" , "\u0079" , "" ]"#,
            r#"[["x"],[ ],[{"a":["]",","]}]]"#,
            "[null]",
            "[ ]",
            "[1]",
            "{}",
            r#"{"B":7}"#,
            r#"{"x":{"y":[1,"z"]}}"#,
            r#"{"number":3}"#,
            "0",
            "-0",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "-9223372036854775808",
        ];
        let names = ["a", "kind", "number", "float", "c", "newtype", "aud", "nested", "unit", "other", "7", r"\u0061"];
        let mut read = 0;
        for value in values {
            for name in names {
                for document in [
                    format!(r#"{{"{name}":{value}}}"#),
                    format!(r#" {{ "z" : {value} , "{name}" : {value} , "q" : "w" }} "#),
                    format!(
                        r#"{{"a":"x","{}":{value}}}"#,
                        if name == "a" || name.starts_with('\\') { "b" } else { name }
                    ),
                ] {
                    read += agree::<Everything>(&document) + agree::<Closed>(&document) + agree::<Flattened>(&document);
                    read +=
                        agree::<Tagged>(&document) + agree::<Value>(&document) + agree::<Option<Everything>>(&document);
                    read += agree::<BTreeMap<u64, Value>>(&document) + agree::<BTreeMap<String, String>>(&document);
                    read += agree::<Lists>(&document) + agree::<Pair>(&document);
                    read += agree::<Kind>(&document) + agree::<Vec<String>>(&document) + agree::<(String,)>(&document);
                    let members = json::scan(&document).unwrap().unwrap();
                    let raw = read_members::<Box<RawValue>>(&document, &members).unwrap();
                    assert_eq!(raw.get(), document.trim());
                }
            }
        }
        assert!(read > 1_000, "{read}");
    }

    #[test]
    fn a_member_that_does_not_fit_is_named() {
        let reason = |document: &str| {
            let members = json::scan(document).unwrap().unwrap();
            read_members::<Closed>(document, &members).unwrap_err().to_string()
        };
        assert!(reason(r#"{"b":1,"a":7}"#).contains("do not fit"), "b is not known");
        assert!(reason(r#"{"a":7}"#).contains("member a has the wrong type"));
        assert!(reason("{}").contains("member a is missing"));
    }
}
