//! Members of the header.

use countersign_jose::base64url;

use super::Layer::Jws;
use super::Ours::{Accepts, Depends, Refuses};
use super::Step::Draft as On;
use super::{Mutation, insert, pick, remove, set};
use crate::keys::{self, Alg, Whose};
use crate::token::{Profile, Signature, quoted, value, word};

/// Values that are no strings.
pub(super) const NO_STRINGS: &[&str] = &["null", "1", "true", "{}", "[]", "[\"RS256\"]", "1.5", "{\"a\":\"b\"}"];

pub(super) fn mutations() -> Vec<Mutation> {
    [algorithm(), typ_and_kid(), extensions(), key_in_header(), others()].into_iter().flatten().collect()
}

fn algorithm() -> Vec<Mutation> {
    let part = "alg";
    vec![
        Mutation {
            name: "alg: another one that the key could do",
            part,
            layer: Jws,
            ours: Refuses(&["algorithm_mismatch", "unsupported_algorithm"]),
            step: On(|draft, rng| {
                let alike = |alg: &Alg| {
                    *alg != draft.alg && (alg.is_rsa() && draft.alg.is_rsa() || alg.is_mac() && draft.alg.is_mac())
                };
                let others: Vec<Alg> = Alg::ALL.into_iter().filter(alike).collect();
                if others.is_empty() {
                    return false;
                }
                let other = pick(rng, &others);
                set(&mut draft.header, "alg", quoted(other.name()));
                // Rightly signed as it says, or as the key is for.
                if rng.bool() {
                    draft.signature = Signature::By(other, Whose::Trusted);
                }
                true
            }),
        },
        Mutation {
            name: "alg: another kind of key",
            part,
            layer: Jws,
            ours: Refuses(&["algorithm_mismatch", "unsupported_algorithm"]),
            step: On(|draft, rng| {
                let unlike = |alg: &Alg| {
                    !(*alg == draft.alg || alg.is_rsa() && draft.alg.is_rsa() || alg.is_mac() && draft.alg.is_mac())
                };
                let others: Vec<Alg> = Alg::ALL.into_iter().filter(unlike).collect();
                let other = pick(rng, &others);
                set(&mut draft.header, "alg", quoted(other.name()));
                if rng.bool() {
                    draft.signature = Signature::By(other, Whose::Trusted);
                }
                true
            }),
        },
        Mutation {
            name: "alg: none",
            part,
            layer: Jws,
            ours: Refuses(&["unsupported_algorithm"]),
            step: On(|draft, rng| {
                set(&mut draft.header, "alg", quoted(pick(rng, &["none", "None", "NONE", "nOnE", "", "null"])));
                if rng.bool() {
                    draft.signature = Signature::Absent;
                }
                true
            }),
        },
        Mutation {
            name: "alg: a MAC keyed with the public key",
            part,
            layer: Jws,
            ours: Refuses(&["unsupported_algorithm"]),
            step: On(|draft, rng| {
                if draft.alg.is_mac() {
                    return false;
                }
                let key = keys::signing_key(draft.alg, Whose::Trusted).verifying_key();
                let jwk = keys::public_jwk(draft.alg);
                let point = ["n", "x"].iter().find_map(|name| jwk.get(*name)?.as_str()).unwrap_or_default();
                draft.signature = Signature::MacUnder(match rng.u32(..4) {
                    0 => key.to_pem().into_bytes(),
                    1 => key.to_spki_der(),
                    2 => jwk.to_string().into_bytes(),
                    _ => base64url::decode(point).unwrap_or_default(),
                });
                set(&mut draft.header, "alg", quoted("HS256"));
                true
            }),
        },
        Mutation {
            name: "alg: another spelling",
            part,
            layer: Jws,
            ours: Refuses(&["unsupported_algorithm"]),
            step: On(|draft, rng| {
                let name = draft.alg.name();
                let spelling = match rng.u32(..6) {
                    0 => name.to_lowercase(),
                    1 if name != "EdDSA" => format!("{}{}", &name[..1], name[1..].to_lowercase()),
                    1 | 2 => "Ed25519".to_owned(),
                    3 => format!("{name} "),
                    4 => format!("{name}\u{0}"),
                    _ => format!("SHA{name}"),
                };
                if spelling == name {
                    return false;
                }
                set(&mut draft.header, "alg", quoted(&spelling));
                true
            }),
        },
        Mutation {
            name: "alg: absent",
            part,
            layer: Jws,
            ours: Refuses(&["header_member"]),
            step: On(|draft, _| remove(&mut draft.header, "alg")),
        },
        Mutation {
            name: "alg: not a string",
            part,
            layer: Jws,
            ours: Refuses(&["header_member"]),
            step: On(|draft, rng| {
                let list = format!("[{}]", quoted(draft.alg.name()));
                let value = if rng.bool() { list } else { pick(rng, NO_STRINGS).to_owned() };
                set(&mut draft.header, "alg", value);
                true
            }),
        },
        Mutation {
            name: "alg: twice",
            part,
            layer: Jws,
            ours: Refuses(&["header_json"]),
            step: On(|draft, rng| {
                let second = pick(rng, &[draft.alg.name(), "none", "HS256", "RS256", "ES256"]);
                insert(&mut draft.header, "alg", quoted(second), rng);
                true
            }),
        },
        Mutation {
            name: "alg: twice, once with an escape in the name",
            part,
            layer: Jws,
            ours: Refuses(&["header_json"]),
            step: On(|draft, rng| {
                let second = pick(rng, &[draft.alg.name(), "none", "HS256", "RS256", "ES256"]);
                insert(&mut draft.header, "\\u0061lg", quoted(second), rng);
                true
            }),
        },
    ]
}

fn typ_and_kid() -> Vec<Mutation> {
    vec![
        Mutation {
            name: "typ: another kind of token",
            part: "typ",
            layer: Jws,
            ours: Depends(&["typ"]),
            step: On(|draft, rng| {
                let kinds =
                    ["JWT", "at+jwt", "dpop+jwt", "host+jwt", "logout+jwt", "JOSE", "", "application/", "x/JWT"];
                set(&mut draft.header, "typ", quoted(pick(rng, &kinds)));
                true
            }),
        },
        Mutation {
            name: "typ: another spelling of the same",
            part: "typ",
            layer: Jws,
            ours: Accepts,
            step: On(|draft, rng| {
                let typ = if draft.profile == Profile::AccessToken { "at+jwt" } else { "JWT" };
                let spelling = match rng.u32(..4) {
                    0 => typ.to_uppercase(),
                    1 => typ.to_lowercase(),
                    2 => format!("application/{typ}"),
                    _ => format!("Application/{}", typ.to_uppercase()),
                };
                set(&mut draft.header, "typ", quoted(&spelling));
                true
            }),
        },
        Mutation {
            name: "typ: absent",
            part: "typ",
            layer: Jws,
            ours: Depends(&["typ"]),
            step: On(|draft, _| remove(&mut draft.header, "typ")),
        },
        Mutation {
            name: "typ: not a string",
            part: "typ",
            layer: Jws,
            ours: Refuses(&["header_member"]),
            step: On(|draft, rng| {
                set(&mut draft.header, "typ", pick(rng, NO_STRINGS));
                true
            }),
        },
        Mutation {
            name: "kid: any string",
            part: "kid",
            layer: Jws,
            ours: Accepts,
            step: On(|draft, rng| {
                let odd = ["", "../../etc/passwd", "' OR 1=1 --", "https://keys.example/1", "\u{0}"];
                let kid = if rng.bool() { word(rng) } else { pick(rng, &odd).to_owned() };
                set(&mut draft.header, "kid", quoted(&kid));
                true
            }),
        },
        Mutation {
            name: "kid: not a string",
            part: "kid",
            layer: Jws,
            ours: Refuses(&["header_member"]),
            step: On(|draft, rng| {
                set(&mut draft.header, "kid", pick(rng, NO_STRINGS));
                true
            }),
        },
    ]
}

fn extensions() -> Vec<Mutation> {
    vec![
        Mutation {
            name: "crit: an unknown extension",
            part: "crit",
            layer: Jws,
            ours: Refuses(&["critical"]),
            step: On(|draft, rng| {
                let name = pick(rng, &["exp", "cnf", "https://ext.example/x", "B64", "\u{e9}"]);
                insert(&mut draft.header, "crit", format!("[{}]", quoted(name)), rng);
                if rng.bool() {
                    insert(&mut draft.header, name, "true", rng);
                }
                true
            }),
        },
        Mutation {
            name: "crit: malformed",
            part: "crit",
            layer: Jws,
            ours: Refuses(&["critical"]),
            step: On(|draft, rng| {
                let malformed = ["[]", "\"exp\"", "null", "{}", "[1]", "[\"\"]", "1", "false", "[null]", "[[\"exp\"]]"];
                insert(&mut draft.header, "crit", pick(rng, &malformed), rng);
                true
            }),
        },
        Mutation {
            name: "crit: a registered member",
            part: "crit",
            layer: Jws,
            ours: Refuses(&["critical"]),
            step: On(|draft, rng| {
                insert(&mut draft.header, "crit", pick(rng, &["[\"alg\"]", "[\"typ\"]", "[\"alg\",\"alg\"]"]), rng);
                true
            }),
        },
        Mutation {
            name: "b64: true",
            part: "crit",
            layer: Jws,
            ours: Refuses(&["unencoded_payload"]),
            step: On(|draft, rng| {
                insert(&mut draft.header, "b64", "true", rng);
                true
            }),
        },
        Mutation {
            name: "b64: true, and critical",
            part: "crit",
            layer: Jws,
            ours: Refuses(&["critical", "unencoded_payload"]),
            step: On(|draft, rng| {
                insert(&mut draft.header, "b64", "true", rng);
                insert(&mut draft.header, "crit", "[\"b64\"]", rng);
                true
            }),
        },
        Mutation {
            name: "b64: false",
            part: "crit",
            layer: Jws,
            ours: Refuses(&["unencoded_payload"]),
            step: On(|draft, rng| {
                insert(&mut draft.header, "b64", pick(rng, &["false", "0", "\"false\"", "null"]), rng);
                true
            }),
        },
        Mutation {
            name: "b64: false, and critical",
            part: "crit",
            layer: Jws,
            ours: Refuses(&["critical", "unencoded_payload"]),
            step: On(|draft, rng| {
                insert(&mut draft.header, "b64", "false", rng);
                insert(&mut draft.header, "crit", "[\"b64\"]", rng);
                true
            }),
        },
    ]
}

fn key_in_header() -> Vec<Mutation> {
    vec![
        Mutation {
            name: "jwk: a key in the header",
            part: "key in the header",
            layer: Jws,
            ours: Refuses(&["key_in_header"]),
            step: On(|draft, rng| {
                // The right key, or the one that made the signature, which is nobody's.
                let whose = pick(rng, &[Whose::Trusted, Whose::Other]);
                let jwk = match draft.alg.is_mac() {
                    true => format!("{{\"kty\":\"oct\",\"k\":{}}}", quoted(&base64url::encode(keys::secret(whose)))),
                    false => serde_json::to_string(keys::signing_key(draft.alg, whose).public_jwk()).unwrap(),
                };
                insert(&mut draft.header, "jwk", jwk, rng);
                draft.signature = Signature::By(draft.alg, whose);
                true
            }),
        },
        Mutation {
            name: "jku, x5u, x5c: where a key is",
            part: "key in the header",
            layer: Jws,
            ours: Refuses(&["key_in_header"]),
            step: On(|draft, rng| {
                let (name, value) = match rng.u32(..3) {
                    0 => ("jku", "\"https://attacker.example/jwks\""),
                    1 => ("x5u", "\"https://attacker.example/chain\""),
                    _ => ("x5c", "[\"MIIBIjAN\"]"),
                };
                insert(&mut draft.header, name, value, rng);
                true
            }),
        },
    ]
}

fn others() -> Vec<Mutation> {
    vec![
        Mutation {
            name: "header: a member that nobody knows",
            part: "other member",
            layer: Jws,
            ours: Accepts,
            step: On(|draft, rng| {
                let (name, value) = (format!("x{}", rng.alphanumeric()), value(rng, 4));
                insert(&mut draft.header, &name, value, rng);
                true
            }),
        },
        Mutation {
            name: "header: a registered member that says nothing here",
            part: "other member",
            layer: Jws,
            ours: Accepts,
            step: On(|draft, rng| {
                let members = [
                    ("cty", "\"JWT\""),
                    ("x5t", "\"nhCb1-lqFXL2l2DTx7gdLyMA2Fo\""),
                    ("x5t#S256", "\"3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""),
                    ("nonce", "\"bm9uY2U\""),
                    ("url", "\"https://example.com/\""),
                ];
                let (name, value) = pick(rng, &members);
                insert(&mut draft.header, name, value, rng);
                true
            }),
        },
        Mutation {
            name: "header: a registered member of the wrong type",
            part: "other member",
            layer: Jws,
            ours: Refuses(&["header_member"]),
            step: On(|draft, rng| {
                let name = pick(rng, &["cty", "x5t", "x5t#S256"]);
                insert(&mut draft.header, name, pick(rng, NO_STRINGS), rng);
                true
            }),
        },
        Mutation {
            name: "header: a member twice that nobody knows",
            part: "other member",
            layer: Jws,
            ours: Refuses(&["header_json"]),
            step: On(|draft, rng| {
                let (first, second) = (value(rng, 2), value(rng, 2));
                insert(&mut draft.header, "x", first, rng);
                insert(&mut draft.header, "x", second, rng);
                true
            }),
        },
        Mutation {
            name: "header: empty",
            part: "alg",
            layer: Jws,
            ours: Refuses(&["header_member"]),
            step: On(|draft, _| {
                draft.header.clear();
                true
            }),
        },
    ]
}
