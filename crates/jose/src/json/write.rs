//! Writing an object that the reader accepts.
//!
//! `serde_json` writes whatever a type asks for: a name twice through a flattened map, text that was never checked, any
//! depth. It is watched while it writes; only what was not seen to be strict is read again.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};

use super::scan::{Marks, is_reserved};
use super::{MAX_DEPTH, scan};

/// Writes a value; `None` unless it is an object and the reader accepts it.
pub(crate) fn write_object(value: &impl Serialize) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(1024);
    let mut seen = Seen::default();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Watching(&mut seen))).ok()?;
    let is_object = if seen.is_strict() {
        bytes.first() == Some(&b'{')
    } else {
        scan(std::str::from_utf8(&bytes).ok()?).ok()?.is_some()
    };
    is_object.then_some(bytes)
}

#[derive(Default)]
struct Seen {
    /// How many arrays and objects are open.
    depth: usize,
    /// The names in each that is open.
    names: [Marks; MAX_DEPTH],
    name: Name,
    /// A name was written, and its value was not begun.
    owes_value: bool,
    /// Something was written of which it takes reading to know whether it is strict.
    unsure: bool,
}

/// How much of a name has been written.
#[derive(Clone, Copy, Default, PartialEq)]
enum Name {
    /// What is written is no name.
    #[default]
    No,
    Begun,
    Whole,
}

impl Seen {
    fn is_strict(&self) -> bool {
        !self.unsure
    }

    fn open(&mut self) {
        match self.names.get_mut(self.depth) {
            Some(names) => *names = Marks::default(),
            None => self.unsure = true,
        }
        self.depth += 1;
    }

    /// A name without a value and a value without a name are what a type asks for that does not follow the rules of its
    /// serializer; nobody else sees to these.
    fn value(&mut self, begins: bool) {
        self.unsure |= self.owes_value != begins;
        self.owes_value = false;
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// A name that is written in pieces, is reserved, or whose mark another one of its object has, is for the reader to
    /// judge.
    fn text(&mut self, fragment: &str) {
        if self.name == Name::No {
            return;
        }
        let names = self.depth.checked_sub(1).and_then(|index| self.names.get_mut(index));
        let is_new = names.is_some_and(|names| names.is_new(fragment.as_bytes()));
        self.unsure |= self.name == Name::Whole || !is_new || is_reserved(fragment.as_bytes());
        self.name = Name::Whole;
    }
}

/// Writes as `serde_json` does by default, and notes what it sees.
struct Watching<'a>(&'a mut Seen);

/// Notes that what is written here is for the reader to judge.
macro_rules! unsure {
    ($($method:ident($value:ident: $kind:ty))*) => {
        $(fn $method<W: ?Sized + Write>(&mut self, writer: &mut W, $value: $kind) -> io::Result<()> {
            self.0.unsure = true;
            serde_json::ser::CompactFormatter.$method(writer, $value)
        })*
    };
}

impl Formatter for Watching<'_> {
    unsure! {
        write_i128(value: i128) write_u128(value: u128) write_f32(value: f32) write_f64(value: f64)
        write_number_str(value: &str) write_raw_fragment(fragment: &str)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.open();
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.value(false);
        self.0.close();
        writer.write_all(b"}")
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.open();
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.close();
        writer.write_all(b"]")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.value(false);
        self.0.name = Name::Begun;
        if first { Ok(()) } else { writer.write_all(b",") }
    }

    /// A name of which no text was seen is empty or a number.
    fn end_object_key<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.0.unsure |= self.0.name != Name::Whole;
        self.0.name = Name::No;
        self.0.owes_value = true;
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.value(true);
        writer.write_all(b":")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        self.0.text(fragment);
        writer.write_all(fragment.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.unsure |= self.0.name != Name::No;
        serde_json::ser::CompactFormatter.write_char_escape(writer, escape)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::ser::SerializeMap;
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Serialize)]
    struct Flattened<T> {
        sub: &'static str,
        #[serde(flatten)]
        more: BTreeMap<&'static str, T>,
    }

    /// What is written, and whether it had to be read again.
    fn written(value: &impl Serialize) -> (Option<String>, bool) {
        let mut seen = Seen::default();
        let mut bytes = Vec::new();
        value.serialize(&mut Serializer::with_formatter(&mut bytes, Watching(&mut seen))).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, serde_json::to_string(value).unwrap());
        let accepted = scan(&text).is_ok_and(|members| members.is_some());
        assert!(!seen.is_strict() || scan(&text).is_ok(), "{text}");
        let object = write_object(value).map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(object, accepted.then_some(text));
        (object, !seen.is_strict())
    }

    fn nested(depth: usize) -> Value {
        (1..depth).fold(json!({}), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) })
    }

    #[test]
    fn what_was_seen_to_be_strict_is_what_the_reader_accepts() {
        let plain = json!({"iss": "https://as.test", "aud": ["a", "b"], "exp": 1, "x": {"iss": null, "y": [true, {}]}});
        assert_eq!(written(&plain), (Some(plain.to_string()), false));
        let escaped = json!({"sub": "a\"\\\u{0}é", "é": "é"});
        assert_eq!(written(&escaped), (Some(escaped.to_string()), false));

        let raw = |text: &str| BTreeMap::from([("a", RawValue::from_string(text.to_owned()).unwrap())]);
        let rows = [
            ("a name twice", written(&Flattened { sub: "a", more: [("sub", 1)].into() }), false),
            ("no name twice", written(&Flattened { sub: "a", more: [("aud", 1)].into() }), true),
            ("two names with one mark", written(&json!({"a": 1, "b": {"abca": 1, "abda": 2}})), true),
            ("an empty name", written(&json!({"": 1})), true),
            ("a number as name", written(&BTreeMap::from([(7, 1)])), true),
            ("a name with an escape", written(&json!({"a\"": 1})), true),
            ("a fraction", written(&json!({"a": 0.1})), true),
            ("a number that is too long", written(&BTreeMap::from([("a", u128::MAX)])), false),
            ("text that was never checked", written(&raw(r#"{"a":1,"a":2}"#)), false),
            ("text that is checked now", written(&raw(r#"{ "a":1 }"#)), true),
            ("a name that is reserved", written(&json!({"$serde_json::private::Number": "1"})), false),
            ("a level too deep", written(&nested(MAX_DEPTH + 1)), false),
            ("only text", written(&RawValue::from_string("1".to_owned()).unwrap()), false),
            ("a fraction at the top", written(&0.5), false),
        ];
        for (what, (object, read_again), accepted) in rows {
            assert_eq!((object.is_some(), read_again), (accepted, what != "no name twice"), "{what}");
        }
        assert!(matches!(written(&nested(MAX_DEPTH)), (Some(_), false)));
        assert_eq!(written(&["a"]), (None, false));
        assert_eq!(written(&"a"), (None, false));
    }

    /// What a type of the caller's asks for that keeps to none of the rules of a serializer.
    struct Careless(&'static [Step]);

    enum Step {
        Name(&'static str),
        Value(u8),
    }

    impl Serialize for Careless {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            for step in self.0 {
                match step {
                    Step::Name(name) => map.serialize_key(name)?,
                    Step::Value(value) => map.serialize_value(value)?,
                }
            }
            map.end()
        }
    }

    #[test]
    fn what_is_not_even_json_is_not_handed_out() {
        use Step::{Name, Value};
        let rows: [(&[Step], bool); 6] = [
            (&[Name("a"), Value(1), Name("b"), Value(2)], true),
            (&[Name("a"), Name("b"), Value(1)], false),
            (&[Name("a"), Value(1), Value(2)], false),
            (&[Value(1)], false),
            (&[Name("a")], false),
            (&[Name("a"), Value(1), Name("b")], false),
        ];
        for (steps, accepted) in rows {
            assert_eq!(written(&Careless(steps)).0.is_some(), accepted);
            let inside = BTreeMap::from([("in", Careless(steps))]);
            assert_eq!(written(&inside).0.is_some(), accepted);
        }
    }
}
