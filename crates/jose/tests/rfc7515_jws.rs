//! RFC 7515: JSON Web Signature, compact serialization.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

mod forge;

use countersign_jose::jws::detached;
use countersign_jose::jws::hmac::{self, HmacAlgorithm, HmacKey};
use countersign_jose::jws::json_serialization as serialization;
use countersign_jose::jws::{self, Compact, JwsError, Segment};
use countersign_jose::{Algorithm, Jwk, KeyError, VerifyingKey, base64url};
use forge::{SIGNING, forge, key, other_key, seal, signature, verifying_key};
use serde_json::Value;

const PAYLOAD: &str = r#"{"iss":"joe"}"#;

fn verify(compact: &str, key: &VerifyingKey) -> Result<Vec<u8>, JwsError> {
    Compact::parse(compact)?.verify(key)
}

/// Appendix A of RFC 7515 and of RFC 8037, section 4 of RFC 7520.
#[test]
fn the_examples_of_the_standards_verify() {
    let examples: Vec<Value> = serde_json::from_str(include_str!("vectors/jws_examples.json")).unwrap();
    for example in &examples {
        let source = example["source"].as_str().unwrap();
        let key = VerifyingKey::from_jwk(&Jwk::from_value(&example["key"]).unwrap()).unwrap();
        let payload = verify(example["compact"].as_str().unwrap(), &key);
        assert_eq!(payload.as_deref(), Ok(example["expect"].as_str().unwrap().as_bytes()), "{source}");
    }
}

/// RFC 8037 appendix A.4: Ed25519 is deterministic, so signing gives the example back.
#[test]
fn signing_with_the_example_key_gives_the_example_signature() {
    let examples: Vec<Value> = serde_json::from_str(include_str!("vectors/jws_examples.json")).unwrap();
    let example = &examples[2];
    let token = forge(&key(Algorithm::EdDSA), r#"{"alg":"EdDSA"}"#, example["expect"].as_str().unwrap());
    assert_eq!(token, example["compact"].as_str().unwrap());
}

/// Section 5: what is signed here verifies here, and under no other key, algorithm, header or payload.
#[test]
fn a_signature_holds_for_its_key_header_and_payload_only() {
    for &algorithm in SIGNING {
        let key = key(algorithm);
        let compact = jws::sign(&key, Some("x"), PAYLOAD.as_bytes()).unwrap();
        assert_eq!(verify(&compact, &key.verifying_key()).as_deref(), Ok(PAYLOAD.as_bytes()), "{algorithm}");

        let other = other_key(algorithm).verifying_key();
        assert_eq!(verify(&compact, &other), Err(JwsError::Signature), "{algorithm}: another key of the same kind");

        let segments: Vec<&str> = compact.split('.').collect();
        let altered_payload = format!("{}.{}.{}", segments[0], base64url::encode(r#"{"iss":"jim"}"#), segments[2]);
        assert_eq!(verify(&altered_payload, &key.verifying_key()), Err(JwsError::Signature), "{algorithm}: payload");
        let header = format!(r#"{{"alg":"{algorithm}","typ":"y","kid":"{}"}}"#, key.kid());
        let altered_header = format!("{}.{}.{}", base64url::encode(header), segments[1], segments[2]);
        assert_eq!(verify(&altered_header, &key.verifying_key()), Err(JwsError::Signature), "{algorithm}: header");

        for &wrong in Algorithm::ALL.iter().filter(|&&wrong| wrong != algorithm) {
            let expected = JwsError::AlgorithmMismatch { expected: wrong, found: algorithm };
            assert_eq!(verify(&compact, &verifying_key(wrong)), Err(expected), "{algorithm} under {wrong}");
        }
    }
}

/// Every single bit of a signature counts.
#[test]
fn a_signature_with_one_bit_changed_is_refused() {
    for &algorithm in Algorithm::ALL {
        let (key, signature) = (verifying_key(algorithm), signature(algorithm));
        for index in 0..signature.len() {
            let mut changed = signature.clone();
            changed[index] ^= 1 << (index % 8);
            assert!(key.verify(b"message", &changed).is_err(), "{algorithm}, byte {index}");
        }
        assert!(key.verify(b"message", &signature).is_ok());
    }
}

/// Section 7.1: exactly three segments; none empty, since a detached payload is not what this form is for.
#[test]
fn anything_but_three_full_segments_is_refused() {
    let key = key(Algorithm::Es256);
    let good = forge(&key, r#"{"alg":"ES256"}"#, PAYLOAD);
    let segments: Vec<&str> = good.split('.').collect();
    let (h, p, s) = (segments[0], segments[1], segments[2]);
    let detached = seal(&key, &format!("{h}."));
    let count = |found| JwsError::SegmentCount { found };
    let empty = |segment| JwsError::EmptySegment { segment };
    let flattened = format!(r#"{{"protected":"{h}","payload":"{p}","signature":"{s}"}}"#);
    let general = format!(
        r#"{{"payload":"{p}","signatures":[{{"protected":"{h}","signature":"AAAA"}},{{"protected":"{h}","signature":"{s}"}}]}}"#
    );
    let rows = [
        ("nothing", String::new(), count(1)),
        ("one segment", h.to_owned(), count(1)),
        ("two segments", format!("{h}.{p}"), count(2)),
        ("an empty fourth", format!("{good}."), count(4)),
        ("a fourth", format!("{good}.{s}"), count(4)),
        ("five, as a JWE has", format!("{h}.{p}.{s}.{p}.{s}"), count(5)),
        ("no header", format!(".{p}.{s}"), empty(Segment::Header)),
        ("detached payload, rightly signed", detached, empty(Segment::Payload)),
        ("no signature", format!("{h}.{p}."), empty(Segment::Signature)),
        ("dots alone", "..".to_owned(), empty(Segment::Header)),
        ("flattened JSON, rightly signed", flattened, count(1)),
        ("general JSON, one signature right", general, count(1)),
    ];
    for (name, compact, expected) in rows {
        assert_eq!(verify(&compact, &key.verifying_key()), Err(expected), "{name}");
    }
    assert!(verify(&good, &key.verifying_key()).is_ok());
}

/// Section 2: base64url has no padding, one alphabet, and no spare bits, whatever was signed.
#[test]
fn a_second_encoding_of_a_segment_is_refused() {
    let key = key(Algorithm::EdDSA);
    // 0xFB and 0xFF in the header give `-` and `_`; lengths leave two spare bits in header and payload.
    let header = "{\"alg\":\"EdDSA\",\"x\":\"\u{fb}\u{ff}~?~?>>\"}";
    let payload = r#"{"iss":"joe" }"#;
    let good = forge(&key, header, payload);
    assert!(verify(&good, &key.verifying_key()).is_ok());
    let segments: Vec<&str> = good.split('.').collect();
    let (h, p, s) = (segments[0], segments[1], segments[2]);
    assert!(h.contains(['-', '_']), "the header must exercise the alphabet: {h}");
    assert_eq!((p.len() % 4, s.len() % 4), (3, 2), "the segments must have spare bits");

    let refused = |segment| JwsError::Base64Url { segment };
    let standard: String = h
        .chars()
        .map(|c| {
            if c == '-' {
                '+'
            } else if c == '_' {
                '/'
            } else {
                c
            }
        })
        .collect();
    let rows = [
        ("padding on the signature", format!("{good}=="), refused(Segment::Signature)),
        ("padding on the payload, signed so", seal(&key, &format!("{h}.{p}=")), refused(Segment::Payload)),
        ("padding on the header, signed so", seal(&key, &format!("{h}=.{p}")), refused(Segment::Header)),
        ("the other alphabet, signed so", seal(&key, &format!("{standard}.{p}")), refused(Segment::Header)),
        ("spare bits in the payload, signed so", seal(&key, &format!("{h}.{}", spare(p))), refused(Segment::Payload)),
        ("spare bits in the signature", format!("{h}.{p}.{}", spare(s)), refused(Segment::Signature)),
        ("white space before", format!(" {good}"), refused(Segment::Header)),
        ("white space inside, signed so", seal(&key, &format!("{h}.{p} ")), refused(Segment::Payload)),
        ("a line end after", format!("{good}\n"), refused(Segment::Signature)),
        ("a length that no bytes have", seal(&key, &format!("{h}.{p}AA")), refused(Segment::Payload)),
        ("a character outside ASCII", seal(&key, &format!("{h}.{p}é")), refused(Segment::Payload)),
        ("a zero byte", format!("{good}\0"), refused(Segment::Signature)),
    ];
    for (name, compact, expected) in rows {
        assert_eq!(verify(&compact, &key.verifying_key()), Err(expected), "{name}");
    }
}

/// The same bytes with the last, spare bit set.
fn spare(segment: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = segment.chars().last().unwrap();
    let index = ALPHABET.find(last).unwrap();
    assert_eq!(index % 2, 0);
    format!("{}{}", &segment[..segment.len() - 1], &ALPHABET[index + 1..index + 2])
}

/// Section 4: the header is an object of unique members with a known `alg`.
#[test]
fn a_header_that_is_not_ours_to_follow_is_refused() {
    let key = key(Algorithm::Es256);
    let jwk = serde_json::to_string(other_key(Algorithm::Es256).public_jwk()).unwrap();
    let kid = key.kid();
    let own_key = format!(r#"{{"alg":"ES256","kid":"{kid}","jwk":{jwk}}}"#);
    let rows = [
        (r#"{"alg":"none","alg":"ES256"}"#, "header_json"),
        (r#"{"alg":"ES256","\u0061lg":"ES256"}"#, "header_json"),
        (r#"{"alg":"ES256","x":{"y":1,"y":1}}"#, "header_json"),
        (r#"{"alg":"ES256"}x"#, "header_json"),
        (r#"{"alg":"ES256",}"#, "header_json"),
        (r#"["ES256"]"#, "header_not_object"),
        (r#""ES256""#, "header_not_object"),
        ("null", "header_not_object"),
        ("{}", "header_member"),
        (r#"{"alg":null}"#, "header_member"),
        (r#"{"alg":["ES256"]}"#, "header_member"),
        (r#"{"alg":"ES256","kid":7}"#, "header_member"),
        (r#"{"alg":"ES256","typ":{}}"#, "header_member"),
        (r#"{"alg":"ES256","cty":null}"#, "header_member"),
        (r#"{"alg":"ES256","x5t":1}"#, "header_member"),
        (r#"{"alg":"ES256","x5t#S256":["x"]}"#, "header_member"),
        (r#"{"alg":"none"}"#, "unsupported_algorithm"),
        (r#"{"alg":"NONE"}"#, "unsupported_algorithm"),
        (r#"{"alg":""}"#, "unsupported_algorithm"),
        (r#"{"alg":"es256"}"#, "unsupported_algorithm"),
        (r#"{"alg":"ES256 "}"#, "unsupported_algorithm"),
        (r#"{"alg":"HS256"}"#, "unsupported_algorithm"),
        (r#"{"alg":"PS256"}"#, "algorithm_mismatch"),
        (r#"{"alg":"ES384"}"#, "algorithm_mismatch"),
        (r#"{"alg":"ES521"}"#, "unsupported_algorithm"),
        (r#"{"alg":"ES256K"}"#, "unsupported_algorithm"),
        (r#"{"alg":"ES256","crit":["urn:x"],"urn:x":"y"}"#, "critical"),
        (r#"{"alg":"ES256","crit":["exp"],"exp":1}"#, "critical"),
        (r#"{"alg":"ES256","crit":[]}"#, "critical"),
        (r#"{"alg":"ES256","crit":null}"#, "critical"),
        (r#"{"alg":"ES256","crit":["b64"],"b64":false}"#, "critical"),
        (r#"{"alg":"ES256","b64":false}"#, "unencoded_payload"),
        (r#"{"alg":"ES256","b64":true}"#, "unencoded_payload"),
        (own_key.as_str(), "key_in_header"),
        (r#"{"alg":"ES256","jku":"https://evil.test/jwks"}"#, "key_in_header"),
        (r#"{"alg":"ES256","x5u":"http://169.254.169.254/"}"#, "key_in_header"),
        (r#"{"alg":"ES256","x5c":["MIIB"]}"#, "key_in_header"),
    ];
    for (header, code) in rows {
        let error = verify(&forge(&key, header, PAYLOAD), &key.verifying_key()).unwrap_err();
        assert_eq!(error.code(), code, "{header}");
    }
    // The same with the key that the header brings: whoever made it signed it.
    let error = verify(&forge(&other_key(Algorithm::Es256), &own_key, PAYLOAD), &key.verifying_key()).unwrap_err();
    assert_eq!(error.code(), "key_in_header");
    // Bytes that are no text.
    let error = verify(&forge(&key, b"{\"alg\":\"ES256\",\"x\":\"\xC3\x28\"}", PAYLOAD), &key.verifying_key());
    assert_eq!(error.unwrap_err().code(), "header_json");
    // White space and members that nobody knows are allowed.
    for header in ["{ \"alg\" :\n\t\"ES256\" }", r#"{"alg":"ES256","x":[1,{"y":null}],"cty":"x"}"#] {
        assert!(verify(&forge(&key, header, PAYLOAD), &key.verifying_key()).is_ok(), "{header}");
    }
}

/// What a refusal repeats of a header is short and printable.
#[test]
fn a_refusal_does_not_carry_terminal_codes_or_whole_tokens() {
    let long = format!("\u{1b}[31m\n{}", "x".repeat(4000));
    let header = serde_json::json!({ "alg": long }).to_string();
    let error = verify(&forge(&key(Algorithm::Es256), header, PAYLOAD), &key(Algorithm::Es256).verifying_key());
    let text = error.unwrap_err().to_string();
    assert!(text.len() < 200 && text.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{text}");
}

/// RFC 7518 section 3.4: `r` and `s` side by side, both in range.
#[test]
fn an_ecdsa_signature_of_another_form_is_refused() {
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512] {
        let key = key(algorithm);
        let verifying = key.verifying_key();
        let right = key.sign(b"message").unwrap();
        let half = right.len() / 2;
        let (r, s) = right.split_at(half);
        let order = order(algorithm);
        assert_eq!((half, order.len()), (algorithm_length(algorithm), half));
        let zeros = vec![0; half];
        let integer = |bytes: &[u8]| [&[0x02, half as u8 + 1, 0x00], bytes].concat();
        let body = [integer(r), integer(s)].concat();
        let sequence = if body.len() < 128 { vec![0x30, body.len() as u8] } else { vec![0x30, 0x81, body.len() as u8] };
        let rows = [
            ("all zero bytes", vec![0; 2 * half]),
            ("r zero", [&zeros, s].concat()),
            ("s zero", [r, &zeros].concat()),
            ("r the group order", [&order, s].concat()),
            ("s the group order", [r, &order].concat()),
            ("DER", [sequence, body].concat()),
            ("a leading zero", [&[0], right.as_slice()].concat()),
            ("a leading zero for each half", [&[0], r, &[0], s].concat()),
            ("trailing zeros", [right.as_slice(), &[0, 0]].concat()),
            ("one byte short", right[..2 * half - 1].to_vec()),
            ("empty", Vec::new()),
        ];
        for (name, signature) in rows {
            assert!(verifying.verify(b"message", &signature).is_err(), "{algorithm}: {name}");
        }
        assert!(verifying.verify(b"message", &right).is_ok());
    }
}

fn algorithm_length(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Es256 => 32,
        Algorithm::Es384 => 48,
        _ => 66,
    }
}

/// The order of the curve's group, from SEC 2.
fn order(algorithm: Algorithm) -> Vec<u8> {
    let hex = match algorithm {
        Algorithm::Es256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        Algorithm::Es384 => {
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        }
        _ => {
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        }
    };
    hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// RFC 8725 section 3.1: an RSA key is for one padding and one hash, though the numbers would serve for all.
#[test]
fn a_signature_of_another_rsa_algorithm_by_the_same_key_is_refused() {
    let rsa: Vec<Algorithm> = Algorithm::ALL.iter().copied().filter(|&one| forge::material(one) == "RS256").collect();
    assert_eq!(rsa.len(), 6);
    for &signed in &rsa {
        let signature = signature(signed);
        for &expected in &rsa {
            let verified = verifying_key(expected).verify(b"message", &signature);
            assert_eq!(verified.is_ok(), signed == expected, "{signed} under a key for {expected}");
        }
    }
}

/// RFC 8032 section 5.1.7: `S` below the group order, `R` no point of small order.
#[test]
fn an_ed25519_signature_of_another_form_is_refused() {
    let key = key(Algorithm::EdDSA);
    let right = key.sign(b"message").unwrap();
    let mut identity_r = [0; 64];
    identity_r[0] = 1;
    let rows = [
        ("64 zero bytes", vec![0; 64]),
        ("R the identity, S zero", identity_r.to_vec()),
        ("S plus the group order", plus_order(&right)),
        ("one byte short", right[..63].to_vec()),
        ("a byte more", [right.as_slice(), &[0]].concat()),
        ("empty", Vec::new()),
    ];
    for (name, signature) in rows {
        assert!(key.verifying_key().verify(b"message", &signature).is_err(), "{name}");
    }
    assert!(key.verifying_key().verify(b"message", &right).is_ok());
}

/// `S + L`, which an implementation without the range check takes for the same signature.
fn plus_order(signature: &[u8]) -> Vec<u8> {
    let order: [u8; 32] = [
        0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut sum = signature.to_vec();
    let mut carry = 0;
    for (byte, add) in sum[32..].iter_mut().zip(order) {
        let total = u16::from(*byte) + u16::from(add) + carry;
        *byte = (total & 0xFF) as u8;
        carry = total >> 8;
    }
    assert_eq!(carry, 0);
    sum
}

/// A compact JWS has a largest size.
#[test]
fn a_token_over_16_kb_is_refused_before_it_is_read() {
    let key = key(Algorithm::EdDSA);
    let compact = jws::sign(&key, None, &[b'x'; 12_000]).unwrap();
    assert!(compact.len() <= jws::MAX_BYTES);
    assert!(verify(&compact, &key.verifying_key()).is_ok());
    let compact = jws::sign(&key, None, &[b'x'; 12_300]).unwrap();
    assert_eq!(verify(&compact, &key.verifying_key()), Err(JwsError::TooLarge { found: compact.len() }));
}

/// Keys survive being written and read, and do not show themselves.
#[test]
fn a_signing_key_round_trips_through_pkcs8_and_hides_its_secret() {
    for &algorithm in SIGNING {
        let key = key(algorithm);
        let der = key.to_pkcs8_der().unwrap();
        let again = countersign_jose::SigningKey::from_pkcs8_der(algorithm, &der).unwrap();
        assert_eq!(again.public_jwk(), key.public_jwk());
        assert_eq!(key.kid(), key.thumbprint().as_str(), "the kid is the thumbprint until it is given");
        assert!(again.verifying_key().verify(b"m", &key.sign(b"m").unwrap()).is_ok());

        let named = key.clone().with_kid("k1");
        assert_eq!((named.kid(), named.verifying_key().kid()), ("k1", Some("k1")));
        assert_eq!(named.thumbprint(), key.thumbprint());
        assert_eq!(format!("{named:?}"), format!("SigningKey {{ alg: {algorithm:?}, kid: \"k1\", .. }}"));

        for &wrong in Algorithm::ALL.iter().filter(|&&wrong| wrong != algorithm) {
            let read = countersign_jose::SigningKey::from_pkcs8_der(wrong, &der);
            let same = SIGNING.contains(&wrong) && forge::material(wrong) == forge::material(algorithm);
            assert_eq!(read.is_ok(), same, "{algorithm} as {wrong}");
        }
        let fresh = countersign_jose::SigningKey::generate(algorithm).unwrap();
        assert_ne!(fresh.thumbprint(), key.thumbprint());
        assert!(fresh.verifying_key().verify(b"m", &fresh.sign(b"m").unwrap()).is_ok());
    }
}

const SECRET: [u8; 64] = [7; 64];

fn secret(algorithm: HmacAlgorithm) -> HmacKey {
    HmacKey::new(algorithm, &SECRET).unwrap()
}

/// RFC 7515 appendix A.1 and RFC 7520 section 4.4.
#[test]
fn the_mac_examples_of_the_standards_verify() {
    let examples: Vec<Value> = serde_json::from_str(include_str!("vectors/hmac_examples.json")).unwrap();
    for example in &examples {
        let bytes = base64url::decode(example["k"].as_str().unwrap()).unwrap();
        let key = HmacKey::new(HmacAlgorithm::Hs256, &bytes).unwrap();
        let compact = example["compact"].as_str().unwrap();
        let payload = hmac::verify(compact, &key);
        assert_eq!(payload.as_deref(), Ok(example["expect"].as_str().unwrap().as_bytes()), "{}", example["source"]);
        let error = Compact::parse(compact).unwrap_err();
        assert_eq!(error.code(), "unsupported_algorithm", "where a signature is expected");
    }
    assert_eq!(examples.len(), 2);
}

/// RFC 7518 section 3.2: a MAC holds for its key, algorithm, header and payload only, and only whole.
#[test]
fn a_mac_of_another_key_algorithm_or_length_is_refused() {
    for &algorithm in HmacAlgorithm::ALL {
        let key = secret(algorithm).with_kid("k1");
        let compact = hmac::sign(&key, Some("x"), PAYLOAD.as_bytes()).unwrap();
        assert_eq!(hmac::verify(&compact, &key).as_deref(), Ok(PAYLOAD.as_bytes()));
        let header = base64url::decode(compact.split('.').next().unwrap()).unwrap();
        let expected = format!(r#"{{"alg":"{algorithm}","typ":"x","kid":"k1"}}"#);
        assert_eq!(String::from_utf8(header).unwrap(), expected);

        let other = HmacKey::new(algorithm, &[8; 64]).unwrap();
        assert_eq!(hmac::verify(&compact, &other), Err(JwsError::Signature), "another key");
        let fresh = HmacKey::generate(algorithm).unwrap();
        assert_eq!(hmac::verify(&compact, &fresh), Err(JwsError::Signature), "a new key");
        assert!(hmac::verify(&hmac::sign(&fresh, None, b"x").unwrap(), &fresh).is_ok());
        for &wrong in HmacAlgorithm::ALL.iter().filter(|&&wrong| wrong != algorithm) {
            let refusal = JwsError::HmacAlgorithmMismatch { expected: wrong, found: algorithm };
            assert_eq!(hmac::verify(&compact, &secret(wrong)), Err(refusal));
        }

        let (input, tag) = compact.rsplit_once('.').unwrap();
        let tag = base64url::decode(tag).unwrap();
        assert_eq!(tag.len(), algorithm.hash_length());
        for index in 0..tag.len() {
            let mut changed = tag.clone();
            changed[index] ^= 1 << (index % 8);
            let changed = format!("{input}.{}", base64url::encode(changed));
            assert_eq!(hmac::verify(&changed, &key), Err(JwsError::Signature), "{algorithm}, byte {index}");
            let short = format!("{input}.{}", base64url::encode(&tag[..index.max(1)]));
            assert_eq!(hmac::verify(&short, &key), Err(JwsError::Signature), "{algorithm}, {index} bytes");
        }
        let long = format!("{input}.{}", base64url::encode([tag.as_slice(), &[0]].concat()));
        assert_eq!(hmac::verify(&long, &key), Err(JwsError::Signature), "a byte more");
    }
}

/// RFC 7518 section 3.2: a key is at least as long as the hash.
#[test]
fn a_mac_key_shorter_than_the_hash_is_refused() {
    for &algorithm in HmacAlgorithm::ALL {
        for length in [0, 16, algorithm.hash_length() - 1] {
            assert_eq!(HmacKey::new(algorithm, &SECRET[..length]).unwrap_err(), KeyError::HmacSize, "{length}");
        }
        assert!(HmacKey::new(algorithm, &SECRET[..algorithm.hash_length()]).is_ok());
    }
    // What was made with a short key, filled up, is not what the short key was meant to verify: it has no type here.
    let shown = format!("{:?}", secret(HmacAlgorithm::Hs512).with_kid("k1"));
    assert_eq!(shown, r#"HmacKey { alg: Hs512, kid: Some("k1"), .. }"#);
}

/// RFC 8725 section 2.1: neither kind of key takes the other's tokens, and the rules of the compact form hold for both.
#[test]
fn signatures_and_macs_are_never_taken_for_each_other() {
    for &algorithm in SIGNING {
        let signed = jws::sign(&key(algorithm), None, PAYLOAD.as_bytes()).unwrap();
        let error = hmac::verify(&signed, &secret(HmacAlgorithm::Hs256)).unwrap_err();
        assert_eq!(error.code(), "unsupported_algorithm", "{algorithm} where a MAC is expected");
    }
    let mac = hmac::sign(&secret(HmacAlgorithm::Hs256), None, PAYLOAD.as_bytes()).unwrap();
    assert_eq!(Compact::parse(&mac).unwrap_err().code(), "unsupported_algorithm");
    assert!("HS256".parse::<Algorithm>().is_err() && "ES256".parse::<HmacAlgorithm>().is_err());

    let key = secret(HmacAlgorithm::Hs256);
    let tag = |input: &str| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &SECRET);
        format!("{input}.{}", base64url::encode(aws_lc_rs::hmac::sign(&key, input.as_bytes())))
    };
    let input = |header: &str| format!("{}.{}", base64url::encode(header), base64url::encode(PAYLOAD));
    assert!(hmac::verify(&tag(&input(r#"{"alg":"HS256"}"#)), &key).is_ok());
    for (header, code) in [
        (r#"{"alg":"none"}"#, "unsupported_algorithm"),
        (r#"{"alg":"hs256"}"#, "unsupported_algorithm"),
        (r#"{"alg":"HS384"}"#, "algorithm_mismatch"),
        (r#"{"alg":"HS256","alg":"HS256"}"#, "header_json"),
        (r#"{"alg":"HS256","crit":["exp"],"exp":1}"#, "critical"),
        (r#"{"alg":"HS256","b64":false}"#, "unencoded_payload"),
        (r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}"#, "key_in_header"),
    ] {
        assert_eq!(hmac::verify(&tag(&input(header)), &key).unwrap_err().code(), code, "{header}");
    }
    let spare = tag(&format!("{}.{}", base64url::encode(r#"{"alg":"HS256"}"#), "e31"));
    assert_eq!(hmac::verify(&spare, &key).unwrap_err().code(), "base64url", "spare bits");
}

/// Appendix F: the payload travels elsewhere, only where the caller asks for that form, and counts as much as ever.
#[test]
fn a_detached_jws_holds_for_its_payload_and_is_taken_for_nothing_else() {
    for &algorithm in SIGNING {
        let key = key(algorithm);
        let verifying = key.verifying_key();
        let detached = detached::sign(&key, Some("x"), PAYLOAD.as_bytes()).unwrap();
        let header = detached::verify(&detached, PAYLOAD.as_bytes(), &verifying).unwrap();
        assert_eq!((header.algorithm(), header.typ(), header.kid()), (algorithm, Some("x"), Some(key.kid())));
        assert_eq!(detached::verify(&detached, b"{}", &verifying), Err(JwsError::Signature), "another payload");
        assert_eq!(detached::verify(&detached, b"", &verifying), Err(JwsError::Signature), "no payload");
        let other = other_key(algorithm).verifying_key();
        assert_eq!(detached::verify(&detached, PAYLOAD.as_bytes(), &other), Err(JwsError::Signature), "another key");
        assert_eq!(verify(&detached, &verifying), Err(JwsError::EmptySegment { segment: Segment::Payload }));

        // With the payload put in its place it is the compact form, and the other way round.
        let filled = detached.replace("..", &format!(".{}.", base64url::encode(PAYLOAD)));
        assert_eq!(verify(&filled, &verifying).as_deref(), Ok(PAYLOAD.as_bytes()));
        let refused = detached::verify(&filled, PAYLOAD.as_bytes(), &verifying);
        assert_eq!(refused, Err(JwsError::SegmentCount { found: 3 }), "the payload included");
    }
    let key = key(Algorithm::EdDSA);
    let long = vec![b'x'; 100_000];
    let text = detached::sign(&key, None, &long).unwrap();
    assert!(detached::verify(&text, &long, &key.verifying_key()).is_ok(), "a payload of any length");

    let detach = |header: &str| {
        let sealed = forge(&key, header, PAYLOAD);
        sealed.replace(&format!(".{}.", base64url::encode(PAYLOAD)), "..")
    };
    let good = detach(r#"{"alg":"EdDSA"}"#);
    let rows = [
        (good.clone(), "accepted"),
        (format!("{good}."), "segment_count"),
        (good.replace("..", "..."), "segment_count"),
        (good.replace("..", "."), "segment_count"),
        (format!("a.{good}"), "segment_count"),
        (format!("{good}=="), "base64url"),
        (good.split("..").next().unwrap().to_owned() + "..", "empty_segment"),
        (format!("..{}", good.split("..").last().unwrap()), "empty_segment"),
        (detach(r#"{"alg":"EdDSA","b64":false,"crit":["b64"]}"#), "unencoded_payload"),
        (detach(r#"{"alg":"EdDSA","b64":true}"#), "unencoded_payload"),
        (detach(r#"{"alg":"EdDSA","crit":["x"],"x":1}"#), "critical"),
        (detach(r#"{"alg":"ES256"}"#), "algorithm_mismatch"),
        (detach(r#"{"alg":"none"}"#), "unsupported_algorithm"),
        (detach(r#"{"alg":"EdDSA","jwk":{}}"#), "key_in_header"),
        (good.clone() + &"A".repeat(jws::MAX_BYTES), "too_large"),
    ];
    for (text, outcome) in rows {
        let found = detached::verify(&text, PAYLOAD.as_bytes(), &key.verifying_key());
        assert_eq!(found.map_or_else(|error| error.code(), |_| "accepted"), outcome, "{text:.80}");
    }
}

/// Section 7.2: the JSON forms are read where they are asked for, and nowhere else.
#[test]
fn a_json_serialization_is_judged_signature_by_signature() {
    for &algorithm in SIGNING {
        let (ours, theirs) = (key(algorithm), other_key(algorithm));
        let flattened = serialization::sign_flattened(&ours, Some("x"), PAYLOAD.as_bytes()).unwrap();
        let verified = serialization::verify_flattened(&flattened, &ours.verifying_key());
        assert_eq!(verified.as_deref(), Ok(PAYLOAD.as_bytes()), "{algorithm}");
        let refused = serialization::verify_flattened(&flattened, &theirs.verifying_key());
        assert_eq!(refused, Err(JwsError::Signature), "{algorithm}");
        assert!(serialization::verify_general(&flattened, &ours.verifying_key()).is_err(), "flattened as general");
        assert!(verify(&flattened, &ours.verifying_key()).is_err(), "flattened as compact");

        let general = serialization::sign_general(&[&theirs, &ours], None, PAYLOAD.as_bytes()).unwrap();
        for key in [&ours, &theirs] {
            let verified = serialization::verify_general(&general, &key.verifying_key());
            assert_eq!(verified.as_deref(), Ok(PAYLOAD.as_bytes()), "{algorithm}");
        }
        assert!(serialization::verify_flattened(&general, &ours.verifying_key()).is_err(), "general as flattened");
        assert!(verify(&general, &ours.verifying_key()).is_err(), "general as compact");
        let by_them = serialization::sign_general(&[&theirs, &theirs], None, PAYLOAD.as_bytes()).unwrap();
        let refused = serialization::verify_general(&by_them, &ours.verifying_key());
        assert_eq!(refused, Err(JwsError::Signature), "none of the signatures is ours");
    }
}

/// Each row changes one thing in a good flattened or general JWS.
#[test]
fn a_json_serialization_of_another_shape_is_refused() {
    let key = key(Algorithm::EdDSA);
    let parts = |header: &str| {
        let compact = forge(&key, header, PAYLOAD);
        compact.split('.').map(str::to_owned).collect::<Vec<_>>()
    };
    let good = parts(r#"{"alg":"EdDSA"}"#);
    let (h, p, s) = (good[0].as_str(), good[1].as_str(), good[2].as_str());
    let flat = |h: &str, p: &str, s: &str| serde_json::json!({"payload": p, "protected": h, "signature": s});
    let with = |member: &str, value: Value| {
        let mut jws = flat(h, p, s);
        jws[member] = value;
        jws.to_string()
    };
    let forged = |header: &str| {
        let parts = parts(header);
        flat(&parts[0], &parts[1], &parts[2]).to_string()
    };
    let rows = [
        (flat(h, p, s).to_string(), "accepted"),
        (with("header", serde_json::json!({"kid": "k"})), "json_member"),
        (with("signatures", serde_json::json!([])), "json_member"),
        (with("payload", serde_json::json!(1)), "json_member"),
        (with("payload", serde_json::json!("")), "empty_segment"),
        (with("payload", serde_json::json!(base64url::encode("{}"))), "signature"),
        (with("protected", Value::Null), "json_member"),
        (with("signature", serde_json::json!(format!("{s}="))), "base64url"),
        (flat(&format!("{h}.{p}"), p, s).to_string(), "segment_count"),
        (flat(h, p, &format!("{s}.{s}")).to_string(), "segment_count"),
        (serde_json::json!({"payload": p, "signature": s}).to_string(), "json_member"),
        (flat(h, p, s).to_string().replacen('{', &format!(r#"{{"payload":"{p}","#), 1), "json_serialization"),
        (format!("[{}]", flat(h, p, s)), "json_serialization"),
        (format!("{}x", flat(h, p, s)), "json_serialization"),
        (forged(r#"{"alg":"EdDSA","b64":false,"crit":["b64"]}"#), "unencoded_payload"),
        (forged(r#"{"alg":"EdDSA","crit":["x"],"x":1}"#), "critical"),
        (forged(r#"{"alg":"none"}"#), "unsupported_algorithm"),
        (forged(r#"{"alg":"ES256"}"#), "algorithm_mismatch"),
        (" ".repeat(jws::MAX_BYTES + 1), "too_large"),
    ];
    for (text, outcome) in rows {
        let found = serialization::verify_flattened(&text, &key.verifying_key());
        assert_eq!(found.map_or_else(|error| error.code(), |_| "accepted"), outcome, "{text:.200}");
    }

    let one = serde_json::json!({"protected": h, "signature": s});
    let unknown = parts(r#"{"alg":"XS256"}"#);
    let unknown = serde_json::json!({"protected": unknown[0], "signature": unknown[2]});
    let critical = parts(r#"{"alg":"EdDSA","crit":["x"],"x":1}"#);
    let critical = serde_json::json!({"protected": critical[0], "signature": critical[2]});
    let rows = [
        (serde_json::json!([one]), "accepted"),
        (serde_json::json!([unknown, one]), "accepted"),
        (serde_json::json!([unknown]), "signature"),
        (serde_json::json!([one, critical]), "critical"),
        (serde_json::json!([]), "json_member"),
        (serde_json::json!({}), "json_member"),
        (serde_json::json!([1]), "json_member"),
        (serde_json::json!([{"protected": h, "signature": s, "header": {}}]), "json_member"),
        (serde_json::json!(vec![one.clone(); serialization::MAX_SIGNATURES]), "accepted"),
        (serde_json::json!(vec![one.clone(); serialization::MAX_SIGNATURES + 1]), "json_member"),
    ];
    for (signatures, outcome) in rows {
        let text = serde_json::json!({"payload": p, "signatures": signatures}).to_string();
        let found = serialization::verify_general(&text, &key.verifying_key());
        assert_eq!(found.map_or_else(|error| error.code(), |_| "accepted"), outcome, "{text:.200}");
    }
}
