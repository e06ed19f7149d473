//! JSON text, of the header and of the claims: what is written otherwise, and what is not JSON at all.

use fastrand::Rng;

use super::Layer::{self, Jws, Jwt};
use super::Ours::{Accepts, Refuses};
use super::{Mutation, Step, pick};

type Change = fn(&mut Vec<u8>, &mut Rng) -> bool;

pub(super) fn mutations() -> Vec<Mutation> {
    CHANGES
        .iter()
        .flat_map(|&(header, claims, fault, change)| {
            let ours = |code: &'static [&'static str]| if fault == Fault::None { Accepts } else { Refuses(code) };
            let codes: [&'static [&'static str]; 2] = match fault {
                Fault::NotObject => [&["header_not_object"], &["claims_not_object"]],
                _ => [&["header_json"], &["claims_json"]],
            };
            let one = |name, part, layer: Layer, ours, step| Mutation { name, part, layer, ours, step };
            [
                one(header, "header text", Jws, ours(codes[0]), Step::HeaderText(change)),
                one(claims, "claims text", Jwt, ours(codes[1]), Step::ClaimsText(change)),
            ]
        })
        .collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// Written otherwise, and right.
    None,
    /// JSON, but no object.
    NotObject,
    /// Not JSON, or not JSON with one reading.
    NotStrict,
}

/// The name in the header, the name in the claims, whether it is wrong, and the change.
const CHANGES: &[(&str, &str, Fault, Change)] = &[
    ("header: white space", "claims: white space", Fault::None, white_space),
    ("header: escapes in names", "claims: escapes in names", Fault::None, escapes),
    ("header: as deep as is allowed", "claims: as deep as is allowed", Fault::None, |text, _| nest(text, 15)),
    ("header: too deep", "claims: too deep", Fault::NotStrict, |text, rng| nest(text, rng.usize(16..100))),
    ("header: so deep that readers stop", "claims: so deep that readers stop", Fault::NotStrict, |text, rng| {
        nest(text, rng.usize(200..400))
    }),
    ("header: not an object", "claims: not an object", Fault::NotObject, |text, rng| {
        let array = [b"[".as_slice(), text, b"]"].concat();
        let values = [&array, b"null".as_slice(), b"1", b"\"text\"", b"[]", b"true", b"[[]]"];
        *text = pick(rng, &values).to_vec();
        true
    }),
    ("header: more after it", "claims: more after it", Fault::NotStrict, |text, rng| {
        text.extend_from_slice(pick(rng, &[b"{}".as_slice(), b"x", b"}", b",", b"\0", b"{\"alg\":\"none\"}", b"null"]));
        true
    }),
    ("header: a byte order mark", "claims: a byte order mark", Fault::NotStrict, |text, _| {
        text.splice(0..0, *b"\xEF\xBB\xBF");
        true
    }),
    ("header: UTF-16", "claims: UTF-16", Fault::NotStrict, |text, rng| {
        let utf16: Vec<u16> = String::from_utf8_lossy(text).encode_utf16().collect();
        let little = rng.bool();
        let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        *text = utf16.into_iter().flat_map(bytes).collect();
        true
    }),
    ("header: not UTF-8", "claims: not UTF-8", Fault::NotStrict, |text, rng| {
        let bytes =
            pick(rng, &[b"\xFF".as_slice(), b"\xC0\x80", b"\xED\xA0\x80", b"\xC3", b"\xF4\x90\x80\x80", b"\x80"]);
        member(text, &[b"\"x\":\"", bytes, b"\""].concat())
    }),
    ("header: an unpaired surrogate", "claims: an unpaired surrogate", Fault::NotStrict, |text, rng| {
        let escape = pick(rng, &["\\ud800", "\\udc00", "\\ud800\\ud800", "\\udbffx", "\\ud83d\\u0041"]);
        member(text, format!("\"x\":\"{escape}\"").as_bytes())
    }),
    ("header: a surrogate in a name", "claims: a surrogate in a name", Fault::NotStrict, |text, _| {
        member(text, b"\"\\ud800\":1")
    }),
    (
        "header: a control character in a string",
        "claims: a control character in a string",
        Fault::NotStrict,
        |text, rng| {
            member(
                text,
                &[b"\"x\":\"".as_slice(), pick(rng, &[b"\0".as_slice(), b"\n", b"\t", b"\x1F"]), b"\""].concat(),
            )
        },
    ),
    ("header: a value that is no JSON", "claims: a value that is no JSON", Fault::NotStrict, |text, rng| {
        let values = [
            "NaN",
            "Infinity",
            "-Infinity",
            "undefined",
            "TRUE",
            "01",
            "+1",
            ".5",
            "1.",
            "0x10",
            "1e",
            "'x'",
            "-",
            "",
            "\"\\x41\"",
            "\"\\u00g0\"",
            "nul",
            "--1",
            "1 2",
            "[1,]",
            "[,1]",
            "{1:2}",
            "{\"a\"}",
            "{\"a\":1,}",
            "\"\\'\"",
        ];
        member(text, format!("\"x\":{}", pick(rng, &values)).as_bytes())
    }),
    ("header: commas and comments", "claims: commas and comments", Fault::NotStrict, |text, rng| {
        let end = text.len() - 1;
        let (place, odd) = pick(
            rng,
            &[(end, ","), (1, ","), (1, "/**/"), (end, "//"), (0, "\u{a0}"), (0, "\u{b}"), (1, "\u{2028}"), (end, ";")],
        );
        text.splice(place..place, odd.bytes());
        true
    }),
    ("header: cut short", "claims: cut short", Fault::NotStrict, |text, rng| {
        text.truncate(rng.usize(1..text.len()));
        true
    }),
    (
        "header: a number that no double holds",
        "claims: a number in a nested place that no double holds",
        Fault::NotStrict,
        |text, rng| {
            let number = pick(rng, &["1e400", "18446744073709551616", "0.1000000000000000055", "1e-400"]);
            member(text, format!("\"x\":[{number}]").as_bytes())
        },
    ),
];

fn white_space(text: &mut Vec<u8>, rng: &mut Rng) -> bool {
    let mut spaced = Vec::with_capacity(text.len() * 2);
    let (mut inside, mut escaped) = (false, false);
    for &byte in text.iter() {
        let structural = !inside && b"{}[]:,".contains(&byte);
        let blanks = |rng: &mut Rng| (0..rng.usize(..3)).map(|_| b" \n\r\t"[rng.usize(..4)]).collect::<Vec<u8>>();
        if structural {
            spaced.extend(blanks(rng));
        }
        spaced.push(byte);
        if structural {
            spaced.extend(blanks(rng));
        }
        match byte {
            b'"' if !escaped => inside = !inside,
            _ => {}
        }
        escaped = inside && byte == b'\\' && !escaped;
    }
    let changed = spaced.len() > text.len();
    *text = spaced;
    changed
}

/// Writes the letters of registered names as escapes.
fn escapes(text: &mut Vec<u8>, rng: &mut Rng) -> bool {
    let mut found: Vec<&str> = Vec::new();
    let original = String::from_utf8_lossy(text).into_owned();
    found.extend(
        ["alg", "typ", "kid", "iss", "sub", "aud", "exp", "iat"]
            .iter()
            .filter(|name| original.contains(&format!("{{\"{name}\":")) || original.contains(&format!(",\"{name}\":"))),
    );
    if found.is_empty() {
        return false;
    }
    let name = pick(rng, &found);
    let place = rng.usize(..3);
    let escape = format!("\\u{:04x}", name.as_bytes()[place]);
    let written = format!("{}{escape}{}", &name[..place], &name[place + 1..]);
    let name = format!("\"{name}\":");
    *text = original.replacen(&name, &format!("\"{written}\":"), 1).into_bytes();
    true
}

/// Adds a member whose value is so many arrays and objects deep.
fn nest(text: &mut Vec<u8>, depth: usize) -> bool {
    let (open, close): (String, String) = (0..depth)
        .map(|level| if level % 2 == 0 { ("[", "]") } else { ("{\"a\":", "}") })
        .fold((String::new(), String::new()), |(open, close), (o, c)| (open + o, format!("{c}{close}")));
    member(text, format!("\"deep\":{open}1{close}").as_bytes())
}

/// Adds a member at the end of an object.
fn member(text: &mut Vec<u8>, member: &[u8]) -> bool {
    let comma: &[u8] = if text.len() > 2 { b"," } else { b"" };
    let place = text.len() - 1;
    text.splice(place..place, [comma, member].concat());
    true
}
