//! Base64url, and the shape of the whole token.

use countersign_jose::base64url;
use fastrand::Rng;

use super::Layer::{Jws, Jwt};
use super::Ours::{Accepts, Refuses};
use super::{Mutation, Step, pick};
use crate::token::{object, quoted, value};

const BASE64URL: &[&str] = &["base64url"];

pub(super) fn mutations() -> Vec<Mutation> {
    [segments(), shape()].into_iter().flatten().collect()
}

/// The same for what is signed, which is then rightly signed, and for the signature.
fn segments() -> Vec<Mutation> {
    let one = |name, part, ours, step| Mutation { name, part, layer: Jws, ours, step };
    // A step is a plain function, so each change is named once for either place.
    macro_rules! both {
        ($name:literal, $change:ident) => {
            [
                one(
                    concat!("base64: ", $name),
                    "encoding",
                    Refuses(BASE64URL),
                    Step::Encoded(|segments, rng| $change(&mut segments[rng.usize(..2)], rng)),
                ),
                one(
                    concat!("base64 of the signature: ", $name),
                    "token",
                    Refuses(BASE64URL),
                    Step::Token(|token, rng| in_signature(token, rng, $change)),
                ),
            ]
        };
    }
    [
        both!("padding", padding),
        both!("padding inside", padding_inside),
        both!("the other alphabet", other_alphabet),
        both!("spare bits", spare_bits),
        both!("white space", white_space),
        both!("foreign characters", foreign),
        both!("a length that cannot be", one_too_many),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn in_signature(token: &mut String, rng: &mut Rng, change: fn(&mut String, &mut Rng) -> bool) -> bool {
    let Some((input, signature)) = token.rsplit_once('.') else { return false };
    let mut signature = signature.to_owned();
    let changed = !signature.is_empty() && change(&mut signature, rng);
    if changed {
        *token = format!("{input}.{signature}");
    }
    changed
}

fn padding(segment: &mut String, rng: &mut Rng) -> bool {
    let right = (4 - segment.len() % 4) % 4;
    let count = if right > 0 && rng.bool() { right } else { rng.usize(1..5) };
    segment.push_str(&"====="[..count]);
    true
}

fn other_alphabet(segment: &mut String, _: &mut Rng) -> bool {
    let changed = segment.replace('-', "+").replace('_', "/");
    let differs = changed != *segment;
    *segment = changed;
    differs
}

/// Sets a bit of the last character that belongs to no byte.
fn spare_bits(segment: &mut String, rng: &mut Rng) -> bool {
    let bits = match segment.len() % 4 {
        2 => 16,
        3 => 4,
        _ => return false,
    };
    let Some(last) = segment.pop() else { return false };
    let value = ALPHABET.iter().position(|&each| char::from(each) == last).unwrap_or_default();
    segment.push(char::from(ALPHABET[value | rng.usize(1..bits)]));
    true
}

fn white_space(segment: &mut String, rng: &mut Rng) -> bool {
    let place = pick(rng, &[0, segment.len() / 2, segment.len()]);
    segment.insert_str(place, pick(rng, &[" ", "\n", "\r\n", "\t", "\u{c}"]));
    true
}

fn foreign(segment: &mut String, rng: &mut Rng) -> bool {
    let place = rng.usize(..=segment.len());
    segment.insert_str(place, pick(rng, &["!", "\0", "%", "*", "é", "\u{2028}", "\u{b}", "%3D", "\\"]));
    true
}

fn one_too_many(segment: &mut String, _: &mut Rng) -> bool {
    while segment.len() % 4 != 1 {
        segment.push('A');
    }
    true
}

fn padding_inside(segment: &mut String, rng: &mut Rng) -> bool {
    let place = rng.usize(..segment.len());
    segment.insert(place, '=');
    true
}

fn shape() -> Vec<Mutation> {
    let one = |name, ours, change| Mutation { name, part: "token", layer: Jws, ours, step: Step::Token(change) };
    vec![
        one("token: two segments", Refuses(&["segment_count"]), |token, rng| {
            let Some((input, signature)) = token.rsplit_once('.') else { return false };
            let joined = format!("{}.{signature}", input.replace('.', ""));
            *token = if rng.bool() { input.to_owned() } else { joined };
            true
        }),
        one(
            "token: more than three segments",
            Refuses(&["segment_count", "empty_segment", "base64url"]),
            |token, rng| {
                match rng.u32(..4) {
                    0 => token.push('.'),
                    1 => token.push_str(".e30"),
                    2 => token.push_str("..e30"),
                    _ => token.insert(0, '.'),
                }
                true
            },
        ),
        one("token: an empty header", Refuses(&["empty_segment"]), |token, _| {
            let Some(dot) = token.find('.') else { return false };
            token.replace_range(..dot, "");
            true
        }),
        one("token: an empty signature", Refuses(&["empty_segment"]), |token, _| {
            let Some(dot) = token.rfind('.') else { return false };
            token.truncate(dot + 1);
            true
        }),
        Mutation {
            name: "token: an empty payload, signed",
            part: "encoding",
            layer: Jws,
            ours: Refuses(&["empty_segment"]),
            step: Step::Encoded(|segments, _| {
                segments[1].clear();
                true
            }),
        },
        one("token: blanks around it", Refuses(&["base64url"]), |token, rng| {
            let blank = pick(rng, &[" ", "\n", "\r\n", "\t"]);
            if rng.bool() {
                token.push_str(blank);
            } else {
                token.insert_str(0, blank);
            }
            true
        }),
        one("token: something before it", Refuses(&["base64url"]), |token, rng| {
            token.insert_str(0, pick(rng, &["Bearer ", "DPoP ", "\u{feff}", "\"", "jwt:"]));
            true
        }),
        one("token: as JSON", Refuses(&["segment_count", "base64url"]), |token, _| {
            let parts: Vec<&str> = token.split('.').collect();
            let [header, payload, signature] = parts[..] else { return false };
            let members = [("protected", header), ("payload", payload), ("signature", signature)];
            *token = object(&members.iter().map(|(name, value)| ((*name).to_owned(), quoted(value))).collect());
            true
        }),
        one("token: nothing", Refuses(&["segment_count", "empty_segment"]), |token, rng| {
            *token = pick(rng, &["", ".", "..", "...", "e30"]).to_owned();
            true
        }),
        one("token: a character changed", Refuses(&[]), |token, rng| {
            let place = rng.usize(..token.len());
            let Some(old) = token.get(place..place + 1) else { return false };
            let new = pick(rng, ALPHABET);
            if old.as_bytes()[0] == new {
                return false;
            }
            token.replace_range(place..place + 1, &char::from(new).to_string());
            true
        }),
        one("token: characters removed", Refuses(&[]), |token, rng| {
            let start = rng.usize(..token.len());
            let end = (start + rng.usize(1..9)).min(token.len());
            if !token.is_char_boundary(start) || !token.is_char_boundary(end) {
                return false;
            }
            token.replace_range(start..end, "");
            true
        }),
        one("token: characters inserted", Refuses(&[]), |token, rng| {
            let place = rng.usize(..=token.len());
            if !token.is_char_boundary(place) {
                return false;
            }
            let inserted: String = (0..rng.usize(1..9)).map(|_| char::from(pick(rng, ALPHABET))).collect();
            token.insert_str(place, &inserted);
            true
        }),
        one("token: segments exchanged", Refuses(&[]), |token, rng| {
            let mut parts: Vec<&str> = token.split('.').collect();
            if parts.len() != 3 {
                return false;
            }
            let first = rng.usize(..3);
            parts.swap(first, (first + 1) % 3);
            *token = parts.join(".");
            true
        }),
        one("token: other claims under the same signature", Refuses(&[]), |token, rng| {
            let parts: Vec<&str> = token.split('.').collect();
            let [header, _, signature] = parts[..] else { return false };
            let members = vec![("sub".to_owned(), "\"root\"".to_owned()), ("x".to_owned(), value(rng, 2))];
            *token = format!("{header}.{}.{signature}", base64url::encode(object(&members)));
            true
        }),
        Mutation {
            name: "claims: a token in a token",
            part: "claims text",
            layer: Jwt,
            ours: Refuses(&["claims_json", "claims_not_object"]),
            step: Step::ClaimsText(|claims, rng| {
                let inner = format!("{}.{}.AAAA", base64url::encode(r#"{"alg":"none"}"#), base64url::encode(&*claims));
                *claims = if rng.bool() { quoted(&inner).into_bytes() } else { inner.into_bytes() };
                true
            }),
        },
        Mutation {
            name: "token: as long as is allowed",
            part: "claims text",
            layer: Jws,
            ours: Accepts,
            step: Step::ClaimsText(|claims, rng| pad(claims, 8_000 + rng.usize(..1_000))),
        },
        Mutation {
            name: "token: too long",
            part: "claims text",
            layer: Jws,
            ours: Refuses(&["too_large"]),
            step: Step::ClaimsText(|claims, rng| pad(claims, 13_000 + rng.usize(..20_000))),
        },
    ]
}

fn pad(claims: &mut Vec<u8>, length: usize) -> bool {
    let place = claims.len() - 1;
    let comma = if claims.len() > 2 { "," } else { "" };
    claims.splice(place..place, format!("{comma}\"pad\":\"{}\"", "a".repeat(length)).into_bytes());
    true
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
