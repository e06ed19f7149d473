//! RFC 7797: JWS with an unencoded payload.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

mod forge;

use countersign_jose::jws::hmac::{self, HmacAlgorithm, HmacKey};
use countersign_jose::jws::unencoded::{self, PlainText};
use countersign_jose::jws::{Compact, JwsError, Segment, detached, json_serialization};
use countersign_jose::jwt::{self, Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified};
use countersign_jose::{Algorithm, SigningKey, base64url};
use forge::{SIGNING, key, other_key};
use serde_json::{Value, json};

const PAYLOAD: &str = r#"{"sub":"alice","note":"~ plain, no dot"}"#;
const HEADER: &str = r#"{"alg":"ES256","b64":false,"crit":["b64"]}"#;

fn plain(payload: &str) -> PlainText<'_> {
    PlainText::new(payload).unwrap()
}

/// Signs any header over any payload, unencoded; the payload is left out.
fn forge_detached(key: &SigningKey, header: &str, payload: &[u8]) -> String {
    let header = base64url::encode(header);
    let signature = key.sign(&[header.as_bytes(), b".", payload].concat()).unwrap();
    format!("{header}..{}", base64url::encode(signature))
}

/// Section 4: the MAC over the same text differs with and without `b64`, and each is taken for what it is.
#[test]
fn the_examples_of_the_standard_verify_where_they_are_expected() {
    let examples: Vec<Value> = serde_json::from_str(include_str!("vectors/unencoded_examples.json")).unwrap();
    for example in &examples {
        let text = |member: &str| example[member].as_str().unwrap();
        let key = HmacKey::new(HmacAlgorithm::Hs256, &base64url::decode(text("k")).unwrap()).unwrap();
        let (compact, payload) = (text("compact"), text("payload"));
        match text("expect") {
            "encoded" => {
                assert_eq!(hmac::verify(compact, &key).as_deref(), Ok(payload.as_bytes()));
                let refusal = Err(JwsError::HeaderMember { member: "b64" });
                assert_eq!(unencoded::hmac::verify(compact, &key), refusal);
            }
            _ => {
                assert_eq!(unencoded::hmac::verify_detached(compact, payload.as_bytes(), &key), Ok(()));
                let other = unencoded::hmac::verify_detached(compact, b"$.03", &key);
                assert_eq!(other, Err(JwsError::Signature));
                assert_eq!(hmac::verify(compact, &key).unwrap_err().code(), "unencoded_payload");
                // Section 4.2: made again, byte for byte.
                assert_eq!(unencoded::hmac::sign_detached(&key, None, payload.as_bytes()), compact);
            }
        }
    }
    assert_eq!(examples.len(), 2);
}

/// Section 3: any bytes travel elsewhere, and count as they are.
#[test]
fn a_detached_payload_counts_byte_for_byte() {
    let payloads: [&[u8]; 5] = [b"", b"$.02", b"a.b.c", &[0, 0xFF, b'.', 0xC3], PAYLOAD.as_bytes()];
    for &algorithm in SIGNING {
        let key = key(algorithm).with_kid("k1");
        for payload in payloads {
            let text = unencoded::sign_detached(&key, Some("x"), payload).unwrap();
            let header = unencoded::verify_detached(&text, payload, &key.verifying_key()).unwrap();
            assert_eq!((header.algorithm(), header.typ(), header.kid()), (algorithm, Some("x"), Some("k1")));
            let longer = [payload, b"\n"].concat();
            let refused = |payload: &[u8], key: &SigningKey| {
                unencoded::verify_detached(&text, payload, &key.verifying_key()).map(drop)
            };
            assert_eq!(refused(&longer, &key), Err(JwsError::Signature), "{algorithm}");
            assert_eq!(refused(payload, &other_key(algorithm)), Err(JwsError::Signature), "{algorithm}");
            let encoded = base64url::encode(payload);
            if !payload.is_empty() {
                assert_eq!(refused(encoded.as_bytes(), &key), Err(JwsError::Signature), "{algorithm}");
            }
            assert_eq!(detached::verify(&text, payload, &key.verifying_key()).unwrap_err().code(), "unencoded_payload");
        }
    }
}

/// Section 5.2: what stands between the dots is what was signed.
#[test]
fn a_payload_in_plain_sight_verifies_as_it_stands() {
    for &algorithm in SIGNING {
        let key = key(algorithm);
        let text = unencoded::sign(&key, None, plain(PAYLOAD)).unwrap();
        assert!(text.contains(PAYLOAD));
        assert_eq!(unencoded::verify(&text, &key.verifying_key()), Ok(PAYLOAD), "{algorithm}");
        let changed = text.replace("alice", "bobby");
        assert_eq!(unencoded::verify(&changed, &key.verifying_key()), Err(JwsError::Signature), "{algorithm}");
        let refusal = Err(JwsError::SegmentCount { found: 3 });
        assert_eq!(unencoded::verify_detached(&text, PAYLOAD.as_bytes(), &key.verifying_key()).map(drop), refusal);
        let detached = unencoded::sign_detached(&key, None, PAYLOAD.as_bytes()).unwrap();
        let refusal = Err(JwsError::EmptySegment { segment: Segment::Payload });
        assert_eq!(unencoded::verify(&detached, &key.verifying_key()), refusal);
    }
    for &algorithm in HmacAlgorithm::ALL {
        let key = HmacKey::generate(algorithm).unwrap().with_kid("k1");
        let text = unencoded::hmac::sign(&key, Some("x"), plain(PAYLOAD));
        assert_eq!(unencoded::hmac::verify(&text, &key), Ok(PAYLOAD));
        let other = HmacKey::generate(algorithm).unwrap();
        assert_eq!(unencoded::hmac::verify(&text, &other), Err(JwsError::Signature));
        assert_eq!(unencoded::hmac::verify(&text.replace("alice", "bobby"), &key), Err(JwsError::Signature));
        for &wrong in HmacAlgorithm::ALL.iter().filter(|&&wrong| wrong != algorithm) {
            let refused = unencoded::hmac::verify(&text, &HmacKey::generate(wrong).unwrap());
            assert_eq!(refused, Err(JwsError::HmacAlgorithmMismatch { expected: wrong, found: algorithm }));
        }
    }
}

/// Section 5.2: a dot would be read as the end, and what is not printable ASCII has more than one form on its way.
#[test]
fn a_payload_that_cannot_stand_between_dots_is_neither_signed_nor_read() {
    for (payload, refusal) in [
        ("", JwsError::EmptySegment { segment: Segment::Payload }),
        ("$.02", JwsError::UnencodedPayload),
        ("a\nb", JwsError::UnencodedPayload),
        ("\t", JwsError::UnencodedPayload),
        ("\u{7f}", JwsError::UnencodedPayload),
        ("caf\u{e9}", JwsError::UnencodedPayload),
    ] {
        assert_eq!(PlainText::new(payload), Err(refusal.clone()), "{payload:?}");
        let key = key(Algorithm::Es256);
        // Rightly signed by somebody who is less careful.
        let detached = forge_detached(&key, HEADER, payload.as_bytes());
        let text = detached.replacen("..", &format!(".{payload}."), 1);
        let expected = if payload.contains('.') { JwsError::SegmentCount { found: 4 } } else { refusal };
        assert_eq!(unencoded::verify(&text, &key.verifying_key()), Err(expected), "{payload:?}");
    }
    assert_eq!(PlainText::new(" ~!-_").map(PlainText::as_str), Ok(" ~!-_"));
}

/// Sections 3 and 6: `b64` is false, and `crit` names it and nothing else; a verifier that does not know the one or the other is
/// not to be led astray.
#[test]
fn a_header_that_does_not_demand_b64_alone_is_refused() {
    let key = key(Algorithm::Es256);
    let jwk = serde_json::to_string(key.public_jwk()).unwrap();
    let with_key = HEADER.replacen('{', &format!(r#"{{"jwk":{jwk},"#), 1);
    let rows = [
        (HEADER, "accepted"),
        (r#"{"crit":["b64"],"alg":"ES256","b64":false}"#, "accepted"),
        (r#"{"crit":[ "b\u00364" ],"alg":"ES256","b64": false }"#, "accepted"),
        (r#"{"alg":"ES256"}"#, "header_member"),
        (r#"{"alg":"ES256","b64":false}"#, "header_member"),
        (r#"{"alg":"ES256","crit":["b64"]}"#, "header_member"),
        (r#"{"alg":"ES256","b64":true,"crit":["b64"]}"#, "header_member"),
        (r#"{"alg":"ES256","b64":"false","crit":["b64"]}"#, "header_member"),
        (r#"{"alg":"ES256","b64":0,"crit":["b64"]}"#, "header_member"),
        (r#"{"alg":"ES256","b64":null,"crit":["b64"]}"#, "header_member"),
        (r#"{"alg":"ES256","b64":false,"crit":[]}"#, "header_member"),
        (r#"{"alg":"ES256","b64":false,"crit":"b64"}"#, "header_member"),
        (r#"{"alg":"ES256","b64":false,"crit":["B64"]}"#, "header_member"),
        (r#"{"alg":"ES256","b64":false,"crit":["b64","b64"]}"#, "header_member"),
        (r#"{"alg":"ES256","b64":false,"crit":["b64","exp"],"exp":1}"#, "header_member"),
        (r#"{"alg":"ES256","b64":false,"b64":false,"crit":["b64"]}"#, "header_json"),
        (r#"{"alg":"ES256","b64":false,"crit":["b64"],"crit":["b64"]}"#, "header_json"),
        (r#"{"alg":"ES384","b64":false,"crit":["b64"]}"#, "algorithm_mismatch"),
        (r#"{"alg":"none","b64":false,"crit":["b64"]}"#, "unsupported_algorithm"),
        (r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#, "unsupported_algorithm"),
        (r#"{"b64":false,"crit":["b64"]}"#, "header_member"),
        (with_key.as_str(), "key_in_header"),
        (r#"["b64"]"#, "header_not_object"),
    ];
    for (header, expected) in rows {
        let text = forge_detached(&key, header, PAYLOAD.as_bytes());
        let verified = unencoded::verify_detached(&text, PAYLOAD.as_bytes(), &key.verifying_key());
        assert_eq!(verified.map_or_else(|error| error.code(), |_| "accepted"), expected, "{header}");
        let text = text.replacen("..", &format!(".{PAYLOAD}."), 1);
        let verified = unencoded::verify(&text, &key.verifying_key());
        assert_eq!(verified.map_or_else(|error| error.code(), |_| "accepted"), expected, "{header}");
    }
}

/// The form is that of three segments, and strict.
#[test]
fn an_unencoded_jws_of_another_form_is_refused() {
    let key = key(Algorithm::Es256);
    let good = forge_detached(&key, HEADER, PAYLOAD.as_bytes());
    let (header, signature) = good.split_once("..").unwrap();
    let count = |found| JwsError::SegmentCount { found };
    let rows = [
        (String::new(), count(1)),
        (header.to_owned(), count(1)),
        (format!("{header}.{signature}"), count(2)),
        (format!("{good}."), count(4)),
        (format!("{header}...{signature}"), count(4)),
        (format!("..{signature}"), JwsError::EmptySegment { segment: Segment::Header }),
        (format!("{header}.."), JwsError::EmptySegment { segment: Segment::Signature }),
        (format!("{good}="), JwsError::Base64Url { segment: Segment::Signature }),
        (format!("{header}=..{signature}"), JwsError::Base64Url { segment: Segment::Header }),
        (format!("{good}{}", "A".repeat(16 * 1024)), JwsError::TooLarge { found: good.len() + 16 * 1024 }),
    ];
    for (text, refusal) in rows {
        let verified = unencoded::verify_detached(&text, PAYLOAD.as_bytes(), &key.verifying_key());
        assert_eq!(verified.map(drop), Err(refusal), "{}", &text[..text.len().min(80)]);
    }
    assert!(unencoded::verify_detached(&good, PAYLOAD.as_bytes(), &key.verifying_key()).is_ok());
}

/// Section 7: a token never has it, in whatever form, under a signature or a MAC.
#[test]
fn an_unencoded_payload_is_never_read_as_a_token() {
    let now = 1_700_000_000;
    let claims = json!({"iss": "i", "sub": "s", "aud": "a", "exp": now + 60, "iat": now, "jti": "1"});
    let expect = Expect::new(Typ::AccessToken, ExpectedIssuer::Exactly("i"), ExpectedAudience::Solely("a"));
    let key = key(Algorithm::Es256);
    let secret = HmacKey::generate(HmacAlgorithm::Hs256).unwrap();
    let text = unencoded::sign(&key, Some("at+jwt"), plain(&claims.to_string())).unwrap();
    let tagged = unencoded::hmac::sign(&secret, Some("at+jwt"), plain(&claims.to_string()));
    assert_eq!(Unverified::parse(&text).unwrap_err().code(), "unencoded_payload");
    assert_eq!(jwt::hmac::Unverified::parse(&tagged).unwrap_err().code(), "unencoded_payload");
    assert_eq!(Compact::parse(&text).unwrap_err().code(), "unencoded_payload");
    // The payload is one that the other reading could take, too.
    let encoded = base64url::encode(claims.to_string());
    let ambiguous = unencoded::sign(&key, Some("at+jwt"), plain(&encoded)).unwrap();
    assert_eq!(unencoded::verify(&ambiguous, &key.verifying_key()), Ok(encoded.as_str()));
    assert_eq!(Unverified::parse(&ambiguous).unwrap_err().code(), "unencoded_payload");
    let (header, rest) = ambiguous.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let flattened = json!({"protected": header, "payload": payload, "signature": signature}).to_string();
    let verified = json_serialization::verify_flattened(&flattened, &key.verifying_key());
    assert_eq!(verified.unwrap_err().code(), "unencoded_payload");
    let token = jwt::mint(&key, Typ::AccessToken, &claims).unwrap();
    let verified = Unverified::parse(&token).unwrap().verify::<Value>(&key.verifying_key(), &expect, now);
    assert!(verified.is_ok(), "the control");
    assert_eq!(unencoded::verify(&token, &key.verifying_key()), Err(JwsError::HeaderMember { member: "b64" }));
}
