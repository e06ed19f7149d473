//! RFC 8259, read strictly: one input has one reading (RFC 7515 section 10.12, RFC 7519 section 4).
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use countersign_jose::json::{self, JsonError, MAX_DEPTH};
use serde_json::{Value, json};

/// RFC 8259 sections 2 to 7.
#[test]
fn every_form_of_the_standard_is_read() {
    let rows = [
        ("null", json!(null)),
        (" \t\r\n true ", json!(true)),
        ("false", json!(false)),
        ("\"\"", json!("")),
        (r#""\"\\\/\b\f\n\r\t\u0041\uD83D\ude00""#, json!("\"\\/\u{8}\u{c}\n\r\tA😀")),
        ("\"é😀\u{7f}\"", json!("é😀\u{7f}")),
        ("[]", json!([])),
        ("[ 1 , [ ] , { } ]", json!([1, [], {}])),
        (r#"{"a":{"b":[{"a":1},{"a":2}]},"b":"a"}"#, json!({"a": {"b": [{"a": 1}, {"a": 2}]}, "b": "a"})),
        (r#"{"":1,"\"":2}"#, json!({"": 1, "\"": 2})),
        ("0", json!(0)),
        ("-1", json!(-1)),
        ("9223372036854775807", json!(i64::MAX)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("18446744073709551615", json!(u64::MAX)),
        ("0.1", json!(0.1)),
        ("-0.0", json!(-0.0)),
        ("1e3", json!(1000.0)),
        ("1E+3", json!(1000.0)),
        ("1.50", json!(1.5)),
        ("500.25e-2", json!(5.0025)),
        ("0.30000000000000004", json!(0.1 + 0.2)),
        ("-0", json!(-0.0)),
        ("0e0", json!(0.0)),
        ("1e16", json!(1e16)),
        ("9007199254740993", json!(9_007_199_254_740_993_u64)),
        ("-9007199254740993", json!(-9_007_199_254_740_993_i64)),
        ("9007199254740992.0", json!(9_007_199_254_740_992.0)),
        ("5e-324", json!(5e-324)),
        ("1e22", json!(1e22)),
        ("1e300", json!(1e300)),
        ("1700000000.123456", json!(1700000000.123456)),
    ];
    for (text, expected) in rows {
        assert_eq!(json::parse(text.as_bytes()), Ok(expected), "{text}");
        assert_eq!(json::check(text.as_bytes()), Ok(text), "{text}");
    }
}

/// Each row is refused, and `serde_json` alone would read many of them.
#[test]
fn a_document_with_two_readings_or_none_is_refused() {
    let duplicate = |at| JsonError::DuplicateMember { at };
    let trailing = |at| JsonError::TrailingBytes { at };
    let inexact = |at| JsonError::InexactNumber { at };
    let syntax = |at| JsonError::Syntax { at };
    let rows: &[(&[u8], JsonError)] = &[
        (br#"{"a":1,"a":1}"#, duplicate(7)),
        (br#"{"a":1,"b":2,"\u0061":3}"#, duplicate(13)),
        (br#"{"x":[{"a":1,"a":2}]}"#, duplicate(13)),
        (br#"{"x":{"y":{"a":1,"a":2}}}"#, duplicate(17)),
        (br#"{"":1,"":2}"#, duplicate(6)),
        (br#"{"a":1,"A":2,"a":null}"#, duplicate(13)),
        (b"{}x", trailing(2)),
        (b"{}{}", trailing(2)),
        (b"1 2", trailing(1)),
        (b"{} \0", trailing(2)),
        (b"\"\xC3\x28\"", JsonError::Utf8),
        (b"\"\xED\xA0\x80\"", JsonError::Utf8),
        (b"\xFF", JsonError::Utf8),
        (b"\xEF\xBB\xBF{}", syntax(0)),
        (b"", syntax(0)),
        (b" ", syntax(1)),
        (b"{", syntax(1)),
        (b"{\"a\"", syntax(4)),
        (b"{\"a\":", syntax(5)),
        (b"{\"a\":1", syntax(6)),
        (b"{\"a\":1,}", syntax(7)),
        (b"{a:1}", syntax(1)),
        (b"{'a':1}", syntax(1)),
        (b"{\"a\" 1}", syntax(5)),
        (b"[1,]", syntax(3)),
        (b"[1 2]", syntax(3)),
        (b"[1", syntax(2)),
        (b"tru", syntax(0)),
        (b"True", syntax(0)),
        (b"NaN", syntax(0)),
        (b"Infinity", syntax(0)),
        (b"// x\n1", syntax(0)),
        (b"\"a", syntax(2)),
        (b"\"a\nb\"", syntax(2)),
        (b"\"a\0b\"", syntax(2)),
        (b"\"\x1f\"", syntax(1)),
        (br#""\x""#, syntax(2)),
        (br#""\u12G4""#, syntax(2)),
        (br#""\u+123""#, syntax(2)),
        (br#""\uD83D""#, syntax(7)),
        (br#""\uD83Dx""#, syntax(7)),
        (br#""\uD83D\n""#, syntax(7)),
        (br#""\uDE00""#, syntax(7)),
        (br#""\uD83D\uD83D""#, syntax(13)),
        (br#"{"\uD800":1}"#, syntax(8)),
        (b"+1", syntax(0)),
        (b"-", syntax(0)),
        (b"01", syntax(0)),
        (b"-01", syntax(0)),
        (b"1.", syntax(0)),
        (b".1", syntax(0)),
        (b"1.e3", syntax(0)),
        (b"1e", syntax(0)),
        (b"1e+", syntax(0)),
        (b"0x10", trailing(1)),
        (b"18446744073709551616", inexact(0)),
        (b"-9223372036854775809", inexact(0)),
        (b"[123456789012345678901234567890]", inexact(1)),
        (b"0.1000000000000000055511151231257827", inexact(0)),
        (b"500.00000000000000001", inexact(0)),
        (b"9007199254740993.0", inexact(0)),
        (b"9.007199254740993e15", inexact(0)),
        (b"2e-324", inexact(0)),
        (b"{\"exp\":18446744073709551616}", inexact(7)),
        (b"1e400", inexact(0)),
        (b"-1e400", inexact(0)),
        (b"1e-400", inexact(0)),
        (b"1e99999999999999999999", inexact(0)),
    ];
    for (bytes, expected) in rows {
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(json::parse(bytes).as_ref(), Err(expected), "{shown}");
        assert_eq!(json::check(bytes).as_ref(), Err(expected), "{shown}");
    }
}

/// `serde_json` reads an object that begins with such a name as what the text in it says, with a reader that is not strict:
/// one document would have another reading here than anywhere else.
#[test]
fn a_name_that_the_json_library_keeps_for_itself_is_refused() {
    let unread = r#"{\"kty\":\"EC\",\"kty\":\"oct\"}"#;
    for name in [
        "$serde_json::private::RawValue",
        "$serde_json::private::Number",
        r"\u0024serde_json::private::RawValue",
        r"$serde_json\u003a:private::RawValue",
    ] {
        let document = format!(r#"{{"{name}":"{unread}"}}"#);
        let refused = Err(JsonError::ReservedMember { at: 1 });
        assert_eq!(json::parse(document.as_bytes()), refused, "{name}");
        assert_eq!(json::check(document.as_bytes()).map(drop), refused.map(drop), "{name}");
        let inside = format!(r#"[{{"a":{document}}}]"#);
        assert_eq!(json::parse(inside.as_bytes()), Err(JsonError::ReservedMember { at: 7 }), "{name}");
        let second = format!(r#"{{"a":1,"{name}":"1"}}"#);
        assert_eq!(json::parse(second.as_bytes()), Err(JsonError::ReservedMember { at: 7 }), "{name}");
    }
    for name in ["$", "$ref", "$serde_json", "serde_json::private::RawValue"] {
        assert_eq!(
            json::parse(format!(r#"{{"{name}":"{unread}"}}"#).as_bytes()).unwrap()[name],
            json!(unread.replace(r#"\""#, "\""))
        );
    }
}

/// Depth 16 is read, 17 is not, in arrays, objects and mixtures; long before anything could overflow.
#[test]
fn nesting_ends_at_sixteen() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"a":"#, "}]")] {
        let levels = if open.starts_with("[{") { 2 } else { 1 };
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth / levels), close.repeat(depth / levels));
        assert!(json::parse(nested(MAX_DEPTH).as_bytes()).is_ok(), "{open}");
        let at = open.len() * MAX_DEPTH / levels;
        assert_eq!(json::parse(nested(MAX_DEPTH + levels).as_bytes()), Err(JsonError::TooDeep { at }), "{open}");
        let at_the_end = "[".repeat(100_000);
        assert_eq!(json::parse(at_the_end.as_bytes()), Err(JsonError::TooDeep { at: 16 }));
    }
}

/// Duplicates are found among few and among many members, at the first and at the last place.
#[test]
fn a_duplicate_is_found_among_any_number_of_members() {
    for count in [2, 3, 8, 23, 24, 25, 26, 100, 2000] {
        let members: Vec<String> = (0..count).map(|index| format!("\"m{index}\":{index}")).collect();
        let unique = format!("{{{}}}", members.join(","));
        assert!(json::parse(unique.as_bytes()).is_ok(), "{count} members");
        for repeated in [0, count / 2, count - 1] {
            let document = format!("{{{},\"m{repeated}\":0}}", members.join(","));
            let at = if count < 24 { unique.len() } else { document.len() };
            let expected = Err(JsonError::DuplicateMember { at });
            assert_eq!(json::parse(document.as_bytes()), expected, "{count} members, m{repeated} again");
        }
    }
}

/// Strings are read eight bytes at a time; what ends them may stand at any place.
#[test]
fn what_ends_a_string_is_seen_at_every_offset() {
    for length in 0..40 {
        let plain = "é".repeat(length / 2) + &"x".repeat(length % 2);
        let quoted = format!("\"{plain}\"");
        assert_eq!(json::parse(quoted.as_bytes()), Ok(Value::String(plain.clone())));
        for byte in 0..0x20_u8 {
            let document = format!("\"{plain}{}y\"", char::from(byte));
            assert_eq!(json::parse(document.as_bytes()), Err(JsonError::Syntax { at: 1 + plain.len() }), "{byte}");
        }
        let document = format!("\"{plain}\\ny\"");
        assert_eq!(json::parse(document.as_bytes()), Ok(Value::String(format!("{plain}\ny"))));
    }
}

/// Into a type: what is missing is named, what was sent is not repeated.
#[test]
fn a_document_of_another_shape_is_refused_without_an_echo() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        client_id: String,
        count: u8,
    }
    let read = |text: &str| json::from_slice::<Wanted>(text.as_bytes());
    assert_eq!(read(r#"{"client_id":"c","count":3}"#), Ok(Wanted { client_id: "c".into(), count: 3 }));
    assert_eq!(read(r#"{"count":3}"#), Err(JsonError::Shape { reason: "member client_id is missing".into() }));
    for text in [
        r#"{"client_id":"c","count":"hunter2"}"#,
        r#"{"client_id":"c","count":3,"hunter2":1}"#,
        r#"{"client_id":["hunter2"],"count":3}"#,
        r#"{"client_id":"c","count":300}"#,
        r#""hunter2""#,
    ] {
        let error = read(text).unwrap_err();
        assert!(matches!(error, JsonError::Shape { .. }), "{text}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    assert_eq!(read(r#"{"client_id":"c","count":3,"count":3}"#), Err(JsonError::DuplicateMember { at: 27 }));
}

/// What is written is read: the shortest form of every double, and every integer of 64 bits, is exact.
#[test]
fn every_number_that_is_written_is_read_back() {
    let mut random = Random(7);
    for _ in 0..20_000 {
        let bits = random.next();
        let numbers =
            [json!(f64::from_bits(bits)), json!(bits), json!(bits.cast_signed()), json!(bits as f64 / 1000.0)];
        for number in numbers {
            let text = number.to_string();
            assert_eq!(json::parse(text.as_bytes()), Ok(number), "{text}");
        }
    }
}

/// A thousand-fold damaged document: where this reader says that it is no JSON, `serde_json` says so too; what it refuses
/// beyond that is two readings, depth or a number that would change; and what it reads, `serde_json` reads the same.
#[test]
fn a_damaged_document_is_judged_as_by_a_second_reader() {
    let whole = r#"{"iss":"https://as.test","aud":["a","b\u00e9\n"],"exp":1700000000,"x":{"y":[1.5e3,-0,true,null,{}]},"n":[[ ]]}"#;
    let palette = b"{}[]\",:\\/ u09aeE+-.tfn\t\n\x00\x1f\x80\xc3\xff";
    let mut random = Random(11);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut bytes = whole.as_bytes().to_vec();
        for _ in 0..random.below(3) + 1 {
            if bytes.is_empty() {
                break;
            }
            let place = random.below(bytes.len());
            let byte = palette[random.below(palette.len())];
            match random.below(4) {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                2 => drop(bytes.remove(place)),
                _ => bytes.truncate(place.max(1)),
            }
        }
        let shown = String::from_utf8_lossy(&bytes);
        let second = serde_json::from_slice::<Value>(&bytes);
        match json::parse(&bytes) {
            Ok(value) => {
                assert_eq!(second.ok(), Some(value), "{shown}");
                read += 1;
            }
            Err(JsonError::DuplicateMember { .. } | JsonError::InexactNumber { .. } | JsonError::TooDeep { .. }) => {}
            Err(error) => {
                assert!(second.is_err(), "{shown}: {error}");
                refused += 1;
            }
        }
    }
    assert!(read > 1_000 && refused > 10_000, "{read} read, {refused} refused");
}

/// xorshift64: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}
