//! Claims.

use fastrand::Rng;

use super::Layer::Jwt;
use super::Ours::{self, Accepts, Depends, Refuses};
use super::Step::Draft as On;
use super::header::NO_STRINGS;
use super::{Mutation, Step, insert, pick, remove, set};
use crate::token::{AUDIENCE, Draft, ISSUER, quoted, value, word};

pub(super) fn mutations() -> Vec<Mutation> {
    [issuer_and_subject(), audience(), expiry(), other_times(), others()].into_iter().flatten().collect()
}

fn jwt(part: &'static str, name: &'static str, ours: Ours, change: fn(&mut Draft, &mut Rng) -> bool) -> Mutation {
    Mutation { name, part, layer: Jwt, ours, step: On(change) }
}

fn issuer_and_subject() -> Vec<Mutation> {
    vec![
        jwt("iss", "iss: somebody else", Refuses(&["issuer"]), |draft, rng| {
            let others = [
                "https://login.example.com".to_owned(),
                format!("{ISSUER}/"),
                ISSUER.to_uppercase(),
                ISSUER.replace("https", "http"),
                format!("{ISSUER} "),
                format!("{ISSUER}\u{0}"),
                word(rng),
            ];
            set(&mut draft.claims, "iss", quoted(&others[rng.usize(..others.len())]));
            true
        }),
        jwt("iss", "iss: an array with the issuer", Refuses(&["claim_type"]), |draft, rng| {
            let array = format!("[{}]", quoted(ISSUER));
            let several = format!("[{},\"https://other.example\"]", quoted(ISSUER));
            set(&mut draft.claims, "iss", if rng.bool() { array } else { several });
            true
        }),
        jwt("iss", "iss: not a string", Refuses(&["claim_type"]), |draft, rng| {
            set(&mut draft.claims, "iss", pick(rng, NO_STRINGS));
            true
        }),
        jwt("iss", "iss: absent", Refuses(&["claim_missing"]), |draft, _| remove(&mut draft.claims, "iss")),
        jwt("sub", "sub: absent", Refuses(&["claim_missing"]), |draft, _| remove(&mut draft.claims, "sub")),
        jwt("sub", "sub: not a string", Refuses(&["claim_type"]), |draft, rng| {
            set(&mut draft.claims, "sub", pick(rng, NO_STRINGS));
            true
        }),
        jwt("sub", "sub: empty", Refuses(&["claim_type"]), |draft, _| {
            set(&mut draft.claims, "sub", "\"\"");
            true
        }),
        jwt("jti", "jti: absent", Depends(&["claim_missing"]), |draft, _| remove(&mut draft.claims, "jti")),
        jwt("jti", "jti: not a string", Refuses(&["claim_type"]), |draft, rng| {
            set(&mut draft.claims, "jti", pick(rng, NO_STRINGS));
            true
        }),
        jwt("jti", "jti: empty", Refuses(&["claim_type"]), |draft, _| {
            set(&mut draft.claims, "jti", "\"\"");
            true
        }),
    ]
}

fn audience() -> Vec<Mutation> {
    vec![
        jwt("aud", "aud: somebody else", Refuses(&["audience"]), |draft, rng| {
            let other = pick(rng, &["https://api.example.com", "", "*", "https://api.example.com/v1/orders/"]);
            let arrays = [format!("[{}]", quoted(other)), format!("[{},\"b\"]", quoted(other)), quoted(other)];
            set(&mut draft.claims, "aud", arrays[rng.usize(..3)].as_str());
            true
        }),
        jwt("aud", "aud: absent", Refuses(&["claim_missing"]), |draft, _| remove(&mut draft.claims, "aud")),
        jwt("aud", "aud: null", Refuses(&["claim_type"]), |draft, _| {
            set(&mut draft.claims, "aud", "null");
            true
        }),
        jwt("aud", "aud: neither string nor array", Refuses(&["claim_type"]), |draft, rng| {
            let named = format!("{{{}:true}}", quoted(AUDIENCE));
            set(&mut draft.claims, "aud", pick(rng, &["1", "true", "{}", "0.5", named.as_str()]));
            true
        }),
        jwt("aud", "aud: an empty array", Refuses(&["audience"]), |draft, _| {
            set(&mut draft.claims, "aud", "[]");
            true
        }),
        jwt("aud", "aud: an array that is not all strings", Refuses(&["claim_type"]), |draft, rng| {
            let odd = pick(rng, &["1", "null", "{}", "[\"x\"]", "true"]);
            let audience = quoted(AUDIENCE);
            let orders = [format!("[{audience},{odd}]"), format!("[{odd},{audience}]"), format!("[[{audience}]]")];
            set(&mut draft.claims, "aud", orders[rng.usize(..3)].as_str());
            true
        }),
        jwt("aud", "aud: an array that names us twice", Accepts, |draft, _| {
            let audience = quoted(AUDIENCE);
            set(&mut draft.claims, "aud", format!("[{audience},\"x\",{audience}]"));
            true
        }),
    ]
}

fn expiry() -> Vec<Mutation> {
    vec![
        jwt("exp", "exp: past", Refuses(&["expired", "never_valid"]), |draft, rng| {
            let exp = [draft.now - rng.i64(2..10_000), 0, 1];
            set(&mut draft.claims, "exp", pick(rng, &exp).to_string());
            true
        }),
        jwt("exp", "exp: to the second", Depends(&["expired", "never_valid"]), |draft, rng| {
            set(&mut draft.claims, "exp", (draft.now + rng.i64(-1..=1)).to_string());
            true
        }),
        jwt("exp", "exp: not after iat", Refuses(&["never_valid"]), |draft, rng| {
            let iat = draft.now - rng.i64(10..1_000);
            set(&mut draft.claims, "iat", iat.to_string());
            set(&mut draft.claims, "exp", (iat - rng.i64(0..100)).to_string());
            true
        }),
        jwt("exp", "exp: absent", Refuses(&["claim_missing"]), |draft, _| remove(&mut draft.claims, "exp")),
        jwt("exp", "exp: null", Refuses(&["claim_type"]), |draft, _| {
            set(&mut draft.claims, "exp", "null");
            true
        }),
        jwt("exp", "exp: not a number", Refuses(&["claim_type"]), |draft, rng| {
            let text = quoted(&(draft.now + 600).to_string());
            set(&mut draft.claims, "exp", pick(rng, &[text.as_str(), "\"2099-01-01\"", "true", "{}", "[]", "\"\""]));
            true
        }),
        jwt("exp", "exp: negative", Refuses(&["claim_type"]), |draft, rng| {
            set(&mut draft.claims, "exp", pick(rng, &["-1", "-0.5", "-2e9", "-9223372036854775808"]));
            true
        }),
        jwt("exp", "exp: with a fraction", Accepts, |draft, rng| {
            let exp = draft.now + rng.i64(120..4_000);
            set(&mut draft.claims, "exp", format!("{exp}.{}", pick(rng, &["5", "25", "0", "75"])));
            true
        }),
        jwt("exp", "exp: with an exponent", Accepts, |draft, rng| {
            set(&mut draft.claims, "exp", pick(rng, &["4e9", "4.5E9", "40e+8", "45000000000E-1"]));
            true
        }),
        jwt("exp", "exp: far away", Accepts, |draft, rng| {
            set(&mut draft.claims, "exp", pick(rng, &["32503680000", "253402300800", "9007199254740991"]));
            true
        }),
        jwt("exp", "exp: too far to be a date", Refuses(&["claim_type"]), |draft, rng| {
            let huge = ["9007199254740994", "9223372036854775807", "18446744073709551615", "1e18", "1e20", "1e300"];
            set(&mut draft.claims, "exp", pick(rng, &huge));
            true
        }),
        jwt("exp", "exp: no double holds it", Refuses(&["claims_json"]), |draft, rng| {
            let huge = ["1e400", "18446744073709551616", "99999999999999999999999", "4000000000.0000000001", "1e-400"];
            set(&mut draft.claims, "exp", pick(rng, &huge));
            true
        }),
    ]
}

fn other_times() -> Vec<Mutation> {
    vec![
        jwt("nbf", "nbf: future", Refuses(&["not_yet_valid", "never_valid"]), |draft, rng| {
            set(&mut draft.claims, "nbf", (draft.now + rng.i64(100..10_000)).to_string());
            true
        }),
        jwt("nbf", "nbf: to the second", Depends(&["not_yet_valid", "never_valid"]), |draft, rng| {
            set(&mut draft.claims, "nbf", (draft.now + rng.i64(-1..=1)).to_string());
            true
        }),
        jwt("nbf", "nbf: null", Refuses(&["claim_type"]), |draft, _| {
            set(&mut draft.claims, "nbf", "null");
            true
        }),
        jwt("nbf", "nbf: not a number", Refuses(&["claim_type"]), |draft, rng| {
            let text = quoted(&(draft.now - 600).to_string());
            set(&mut draft.claims, "nbf", pick(rng, &[text.as_str(), "true", "{}", "[]", "\"\""]));
            true
        }),
        jwt("nbf", "nbf: negative", Refuses(&["claim_type"]), |draft, rng| {
            set(&mut draft.claims, "nbf", pick(rng, &["-1", "-0.5", "-2e9"]));
            true
        }),
        jwt("nbf", "nbf: with a fraction", Accepts, |draft, rng| {
            set(&mut draft.claims, "nbf", format!("{}.5", draft.now - rng.i64(10..1_000)));
            true
        }),
        jwt("iat", "iat: future", Refuses(&["issued_in_future", "never_valid"]), |draft, rng| {
            set(&mut draft.claims, "iat", (draft.now + rng.i64(100..10_000)).to_string());
            true
        }),
        jwt("iat", "iat: to the second", Depends(&["issued_in_future", "never_valid"]), |draft, rng| {
            set(&mut draft.claims, "iat", (draft.now + rng.i64(-1..=1)).to_string());
            true
        }),
        jwt("iat", "iat: absent", Refuses(&["claim_missing"]), |draft, _| remove(&mut draft.claims, "iat")),
        jwt("iat", "iat: null", Refuses(&["claim_type"]), |draft, _| {
            set(&mut draft.claims, "iat", "null");
            true
        }),
        jwt("iat", "iat: not a number", Refuses(&["claim_type"]), |draft, rng| {
            let text = quoted(&(draft.now - 600).to_string());
            set(&mut draft.claims, "iat", pick(rng, &[text.as_str(), "true", "{}", "[]", "\"\""]));
            true
        }),
        jwt("iat", "iat: negative", Refuses(&["claim_type"]), |draft, rng| {
            set(&mut draft.claims, "iat", pick(rng, &["-1", "-0.5", "-2e9"]));
            true
        }),
        jwt("iat", "iat: with a fraction", Accepts, |draft, rng| {
            set(&mut draft.claims, "iat", format!("{}.5", draft.now - rng.i64(10..1_000)));
            true
        }),
    ]
}

fn others() -> Vec<Mutation> {
    vec![
        jwt("twice", "claims: a registered claim twice", Refuses(&["claims_json"]), |draft, rng| {
            let name = pick(rng, &["iss", "sub", "aud", "exp", "iat"]);
            let Some(first) = draft.claims.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
            else {
                return false;
            };
            let second = match rng.u32(..3) {
                0 => first,
                _ if matches!(name, "exp" | "iat") => "1".to_owned(),
                _ => quoted(&word(rng)),
            };
            insert(&mut draft.claims, name, second, rng);
            true
        }),
        // On the text, so that nothing takes the first of the two away.
        Mutation {
            name: "claims: a registered claim twice, once with an escape",
            part: "claims text",
            layer: Jwt,
            ours: Refuses(&["claims_json"]),
            step: Step::ClaimsText(|text, rng| {
                let (name, again) = pick(rng, &[("iss", "\\u0069ss"), ("sub", "su\\u0062"), ("aud", "\\u0061ud")]);
                if !String::from_utf8_lossy(text).contains(&format!("\"{name}\":")) {
                    return false;
                }
                let place = text.len() - 1;
                text.splice(place..place, format!(",\"{again}\":\"x\"").into_bytes());
                true
            }),
        },
        jwt("twice", "claims: another claim twice", Refuses(&["claims_json"]), |draft, rng| {
            let (first, second) = (value(rng, 2), value(rng, 2));
            insert(&mut draft.claims, "x", first, rng);
            insert(&mut draft.claims, "x", second, rng);
            true
        }),
        jwt("twice", "claims: a member twice, deep inside", Refuses(&["claims_json"]), |draft, rng| {
            let nested = pick(rng, &["{\"a\":1,\"a\":1}", "[{\"a\":{\"b\":1,\"b\":2}}]", "{\"a\":[{\"\":1,\"\":1}]}"]);
            insert(&mut draft.claims, "x", nested, rng);
            true
        }),
        jwt("other claim", "claims: more of them", Accepts, |draft, rng| {
            for index in 0..rng.usize(1..40) {
                let value = value(rng, 4);
                insert(&mut draft.claims, &format!("more{index}"), value, rng);
            }
            true
        }),
        jwt("other claim", "claims: a number that no double holds", Refuses(&["claims_json"]), |draft, rng| {
            let numbers =
                ["1e400", "-1e400", "18446744073709551616", "0.1000000000000000055", "1e-400", "-9223372036854775809"];
            insert(&mut draft.claims, "x", pick(rng, &numbers), rng);
            true
        }),
        jwt("other claim", "claims: an integer beyond 2^53", Accepts, |draft, rng| {
            let numbers = ["9007199254740993", "9223372036854775807", "18446744073709551615", "-9223372036854775807"];
            insert(&mut draft.claims, "x", pick(rng, &numbers), rng);
            true
        }),
        jwt("other claim", "claims: names with a meaning elsewhere", Accepts, |draft, rng| {
            let name = pick(rng, &["__proto__", "constructor", "toString", "hasOwnProperty", "", "\\u0000", "$ref"]);
            let value = value(rng, 3);
            insert(&mut draft.claims, name, value, rng);
            true
        }),
        jwt("claims text", "claims: none", Refuses(&["claim_missing"]), |draft, _| {
            draft.claims.clear();
            true
        }),
    ]
}
