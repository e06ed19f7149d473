//! What holds for every token, key and document: what is written is read back as it was, in one way only.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

mod forge;

use std::sync::LazyLock;

use countersign_jose::jwe::json_serialization::{
    decrypt_flattened, decrypt_general, encrypt_flattened, encrypt_general,
};
use countersign_jose::jwe::{self, ContentEncryption, DecryptionKey, KeyManagement, Parameters};
use countersign_jose::jws::hmac::{self, HmacAlgorithm, HmacKey};
use countersign_jose::jws::{self, Compact, detached, json_serialization};
use countersign_jose::jwt::{self, Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified};
use countersign_jose::{Algorithm, Jwk, SigningKey, VerifyingKey, base64url, json};
use proptest::prelude::*;
use serde_json::{Map, Value};

const NOW: i64 = 1_700_000_000;

static KEYS: LazyLock<Vec<SigningKey>> =
    LazyLock::new(|| forge::SIGNING.iter().map(|&algorithm| forge::key(algorithm)).collect());

/// A key for each way in which a content encryption key comes to its recipient.
static RECIPIENTS: LazyLock<Vec<DecryptionKey>> = LazyLock::new(|| {
    // The pure-Rust back end has no RSA private keys.
    let offered = |algorithm| algorithm != KeyManagement::RsaOaep256 || cfg!(feature = "native");
    let keys = KeyManagement::ALL.iter();
    let keys = keys.filter(|&&algorithm| algorithm != KeyManagement::Dir && offered(algorithm));
    let key = |&algorithm: &KeyManagement| match DecryptionKey::generate(algorithm) {
        Ok(key) => key,
        Err(_) => DecryptionKey::password(algorithm, &[b'p'; 32]).unwrap().accepting_password_counts(1000, 1000),
    };
    let direct =
        ContentEncryption::ALL.iter().map(|&enc| DecryptionKey::direct(enc, &[7; 64][..enc.key_length()]).unwrap());
    keys.map(key).chain(direct).collect()
});

/// Bounded, the same cases in every run, and nothing is left behind.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(7517),
        ..ProptestConfig::default()
    }
}

fn any_number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1000_i32..1000).prop_map(|number| Value::from(f64::from(number) / 8.0)),
    ]
}

/// Any document; as deep as a claim may be.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any_number(),
        any::<String>().prop_map(Value::from),
        "[ -~é\\n\\t\\u{0}😀]{0,24}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any_name(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{0,8}", any::<String>()]
}

fn any_claims() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((any_name(), any_value()), 0..8).prop_map(|members| members.into_iter().collect())
}

fn good(mut claims: Map<String, Value>) -> Map<String, Value> {
    claims.remove("nbf");
    for (name, value) in [
        ("iss", "https://as.test".into()),
        ("sub", "alice".into()),
        ("aud", "https://api.test".into()),
        ("exp", (NOW + 50).into()),
        ("iat", NOW.into()),
        ("jti", "1".into()),
    ] {
        claims.insert(name.to_owned(), value);
    }
    claims
}

proptest! {
    #![proptest_config(cases(48))]

    /// RFC 7519 section 7: with each algorithm, as each kind of token, and as no other kind.
    #[test]
    fn what_is_minted_verifies_with_the_same_claims(claims in any_claims(), kind in 0..KINDS.len()) {
        let claims = Value::Object(good(claims));
        for key in KEYS.iter() {
            let token = jwt::mint(key, KINDS[kind], &claims).unwrap();
            for other in KINDS {
                let issuer = ExpectedIssuer::Exactly("https://as.test");
                let expect = Expect::new(other, issuer, ExpectedAudience::Solely("https://api.test"));
                let verified = Unverified::parse(&token).unwrap().verify::<Value>(&key.verifying_key(), &expect, NOW);
                if other.as_str() == KINDS[kind].as_str() {
                    prop_assert_eq!(verified.unwrap().into_claims(), claims.clone());
                } else {
                    prop_assert_eq!(verified.unwrap_err().code(), "typ");
                }
            }
        }
    }

    /// RFC 7515 sections 5.1 and 7, appendix F: compact, detached, flattened and general.
    #[test]
    fn a_payload_of_any_bytes_comes_back_from_every_form(payload in prop::collection::vec(any::<u8>(), 1..200)) {
        let keys: Vec<&SigningKey> = KEYS.iter().filter(|key| key.algorithm() != Algorithm::Ps384).take(3).collect();
        let general = json_serialization::sign_general(&keys, None, &payload).unwrap();
        for key in &keys {
            let verifying = key.verifying_key();
            let compact = jws::sign(key, Some("x"), &payload).unwrap();
            prop_assert_eq!(Compact::parse(&compact).unwrap().verify(&verifying), Ok(payload.clone()));
            let apart = detached::sign(key, Some("x"), &payload).unwrap();
            prop_assert!(detached::verify(&apart, &payload, &verifying).is_ok());
            let mut other = payload.clone();
            other[0] ^= 1;
            prop_assert_eq!(detached::verify(&apart, &other, &verifying).unwrap_err().code(), "signature");
            let flattened = json_serialization::sign_flattened(key, Some("x"), &payload).unwrap();
            prop_assert_eq!(json_serialization::verify_flattened(&flattened, &verifying), Ok(payload.clone()));
            prop_assert_eq!(json_serialization::verify_general(&general, &verifying), Ok(payload.clone()));
        }
        for &algorithm in HmacAlgorithm::ALL {
            let key = HmacKey::new(algorithm, &[7; 64]).unwrap();
            prop_assert_eq!(hmac::verify(&hmac::sign(&key, None, &payload).unwrap(), &key), Ok(payload.clone()));
        }
    }
}

proptest! {
    #![proptest_config(cases(12))]

    /// RFC 7516 sections 5 and 7: each `alg` with each `enc` that its key accepts, in each form.
    #[test]
    fn what_is_encrypted_is_decrypted_by_its_key_alone(
        content in prop::collection::vec(any::<u8>(), 0..200), aad in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        for key in RECIPIENTS.iter() {
            let to = key.encryption_key();
            for &enc in key.accepted() {
                let parameters = Parameters { enc: Some(enc), ..Parameters::default() };
                let compact = jwe::encrypt(&to, &parameters, &content).unwrap();
                for other in RECIPIENTS.iter() {
                    let opened = jwe::Compact::parse(&compact).unwrap().decrypt(other);
                    prop_assert_eq!(opened.is_ok(), std::ptr::eq(other, key));
                    prop_assert!(opened.is_err() || opened.is_ok_and(|opened| *opened == content));
                }
                let flattened = encrypt_flattened(&to, &parameters, &aad, &content).unwrap();
                let opened = decrypt_flattened(&flattened, key).unwrap();
                prop_assert_eq!((opened.plaintext(), opened.aad()), (&content[..], Some(&aad[..])));
                let general = encrypt_general(&[&to], &parameters, b"", &content).unwrap();
                let opened = decrypt_general(&general, key).unwrap();
                prop_assert_eq!(opened.plaintext(), &content[..]);
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    /// RFC 4648 section 5: bytes have one text.
    #[test]
    fn base64url_of_bytes_is_decoded_to_them(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        prop_assert_eq!(base64url::decode(base64url::encode(&bytes)), Ok(bytes));
    }

    /// And a text that is decoded is the text of those bytes.
    #[test]
    fn base64url_that_is_decoded_is_encoded_to_itself(text in "[A-Za-z0-9_-]{0,40}[A-Za-z0-9_=+/ -]{0,3}") {
        if let Ok(bytes) = base64url::decode(&text) {
            prop_assert_eq!(base64url::encode(bytes), text);
        }
    }

    /// RFC 8259: what any writer writes, tight or with white space.
    #[test]
    fn a_document_is_read_as_a_second_reader_reads_it(value in any_value()) {
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            prop_assert_eq!(json::check(text.as_bytes()), Ok(text.as_str()));
            let read = json::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(&read, &value);
            prop_assert_eq!(read, serde_json::from_str::<Value>(&text).unwrap());
        }
    }
}

proptest! {
    #![proptest_config(cases(100))]

    /// A second member of a name, wherever it stands and however it is spelled.
    #[test]
    fn a_name_that_comes_twice_is_refused(
        others in any_claims(), place in 0_usize..8, name in "[a-z]{1,6}", escaped in any::<bool>(), value in any_number(),
    ) {
        let others = others.iter().filter(|(other, _)| **other != name);
        let others: Vec<String> =
            others.map(|(name, value)| format!("{}:{value},", Value::from(name.as_str()))).collect();
        let (before, after) = others.split_at(place.min(others.len()));
        let again = if escaped { format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]) } else { name.clone() };
        let with = |again: &str| format!(r#"{{{}"{name}":1,{}"{again}":{value}}}"#, before.concat(), after.concat());
        prop_assert!(json::parse(with("another name").as_bytes()).is_ok());
        let refused = json::parse(with(&again).as_bytes());
        prop_assert!(matches!(refused, Err(json::JsonError::DuplicateMember { .. })), "{:?}", refused);
    }
}

proptest! {
    #![proptest_config(cases(40))]

    /// RFC 8037 section 2, RFC 7518 section 6.2.2, RFC 5958: scalars with leading zeros among them.
    #[test]
    fn a_private_key_is_the_same_in_every_form(bytes in prop::collection::vec(any::<u8>(), 66), zeros in 0_usize..4) {
        for algorithm in [Algorithm::EdDSA, Algorithm::Es256, Algorithm::Es384, Algorithm::Es512] {
            let key = from_scalar(algorithm, &bytes, zeros);
            same_in_every_form(&key)?;
        }
    }

    /// RFC 7638 section 3: neither order, nor white space, nor further members play a part.
    #[test]
    fn a_thumbprint_is_that_of_the_required_members(
        order in Just((0_usize..12).collect::<Vec<_>>()).prop_shuffle(), extra in any_claims(), space in "[ \\t\\r\\n]{0,3}",
    ) {
        for key in KEYS.iter() {
            let Value::Object(mut members) = serde_json::to_value(key.public_jwk()).unwrap() else { unreachable!() };
            for (name, value) in &extra {
                if !KNOWN.contains(&name.as_str()) {
                    members.insert(name.clone(), value.clone());
                }
            }
            let written: Vec<String> =
                members.iter().map(|(name, value)| format!("{space}{}:{space}{value}", Value::from(name.as_str()))).collect();
            let shuffled: Vec<&str> = order.iter().filter_map(|&place| written.get(place)).map(String::as_str).collect();
            let rest: Vec<&str> = written.iter().skip(order.len()).map(String::as_str).collect();
            let text = format!("{{{}{space}}}", [shuffled, rest].concat().join(","));
            let read = Jwk::parse(&text).unwrap();
            prop_assert_eq!(read.thumbprint(), key.thumbprint());
            prop_assert_eq!(&read, key.public_jwk());
        }
    }
}

/// RSA keys, which take long to make: the published one, as each algorithm.
#[test]
fn an_rsa_key_is_the_same_in_every_form() {
    for key in KEYS.iter() {
        same_in_every_form(key).unwrap();
    }
}

/// RFC 7515 section 5.2: each bit of a token counts.
#[test]
fn a_token_with_one_bit_flipped_is_refused() {
    let verified =
        |key: &SigningKey, text: &str| Compact::parse(text).and_then(|jws| jws.verify(&key.verifying_key())).is_ok();
    for (key, step) in KEYS.iter().zip([1, 7, 31, 31, 7, 7, 7, 1, 7, 7]) {
        let token = jws::sign(key, Some("JWT"), br#"{"iss":"joe","exp":1300819380}"#).unwrap();
        assert!(verified(key, &token), "{}", key.algorithm());
        flip_each_bit(&token, step, |text| assert!(!verified(key, text), "{text}"));
    }
    let key = HmacKey::new(HmacAlgorithm::Hs256, &[7; 32]).unwrap();
    let token = hmac::sign(&key, Some("JWT"), br#"{"iss":"joe","exp":1300819380}"#).unwrap();
    assert!(hmac::verify(&token, &key).is_ok());
    flip_each_bit(&token, 1, |text| assert!(hmac::verify(text, &key).is_err(), "{text}"));
}

/// RFC 7516 section 5.2: and each bit of an encrypted message.
#[test]
fn a_message_with_one_bit_flipped_is_refused() {
    for (index, key) in RECIPIENTS.iter().enumerate() {
        let message = jwe::encrypt(&key.encryption_key(), &Parameters::default(), b"the content").unwrap();
        let opened = |text: &str| jwe::Compact::parse(text).and_then(|jwe| jwe.decrypt(key)).is_ok();
        assert!(opened(&message));
        flip_each_bit(&message, 5 + index, |text| assert!(!opened(text), "{text}"));
    }
}

/// Flips every `step`th bit; what is then no UTF-8 is no token.
fn flip_each_bit(token: &str, step: usize, check: impl Fn(&str)) {
    let mut checked = 0;
    for bit in (0..token.len() * 8).step_by(step) {
        let mut bytes = token.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(text) = std::str::from_utf8(&bytes) {
            check(text);
            checked += 1;
        }
    }
    assert!(checked > token.len() / step * 6, "{checked}");
}

fn same_in_every_form(key: &SigningKey) -> Result<(), TestCaseError> {
    let algorithm = key.algorithm();
    let jwk = key.to_jwk().unwrap();
    for again in [
        SigningKey::from_jwk(jwk.expose()),
        SigningKey::from_pkcs8_der(algorithm, &key.to_pkcs8_der().unwrap()),
        SigningKey::from_pem(algorithm, &key.to_pem().unwrap()),
    ] {
        let again = again.unwrap();
        prop_assert!(again.to_jwk().unwrap().expose() == jwk.expose());
        prop_assert!(key.verifying_key().verify(b"message", &again.sign(b"message").unwrap()).is_ok());
    }
    let public = key.verifying_key();
    let text = serde_json::to_string(key.public_jwk()).unwrap();
    prop_assert_eq!(&Jwk::parse(&text).unwrap(), key.public_jwk());
    prop_assert_eq!(serde_json::to_string(&Jwk::parse(&text).unwrap()).unwrap(), text);
    for again in [
        VerifyingKey::from_spki_der(algorithm, &public.to_spki_der()),
        VerifyingKey::from_pem(algorithm, &public.to_pem()),
    ] {
        let again = again.unwrap();
        prop_assert_eq!(again.thumbprint(), key.thumbprint());
        prop_assert_eq!(again.to_spki_der(), public.to_spki_der());
    }
    Ok(())
}

/// The key with this private scalar, whose public half the back end computes: PKCS #8 for Ed25519, `ECPrivateKey` for the
/// other curves.
fn from_scalar(algorithm: Algorithm, bytes: &[u8], zeros: usize) -> SigningKey {
    let (length, curve): (u8, &[u8]) = match algorithm {
        Algorithm::Es256 => (32, &[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]),
        Algorithm::Es384 => (48, &[0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22]),
        Algorithm::Es512 => (66, &[0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23]),
        _ => (32, &[]),
    };
    let mut scalar = bytes[..usize::from(length)].to_vec();
    // Below the order of the curve, and not zero.
    scalar[..zeros].fill(0);
    scalar[0] &= if algorithm == Algorithm::Es512 { 0x00 } else { 0x7F };
    *scalar.last_mut().unwrap() |= 1;
    let element = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    if algorithm == Algorithm::EdDSA {
        let seed = element(0x04, &element(0x04, &scalar));
        let version_and_kind = [0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70];
        return SigningKey::from_pkcs8_der(algorithm, &element(0x30, &[&version_and_kind[..], &seed].concat()))
            .unwrap();
    }
    let parts = [&[0x02, 0x01, 0x01][..], &element(0x04, &scalar), &element(0xA0, curve)].concat();
    SigningKey::from_traditional_der(algorithm, &element(0x30, &parts)).unwrap()
}

const KINDS: [Typ; 5] = [Typ::AccessToken, Typ::AgentJwt, Typ::IdJag, Typ::IdToken, Typ::RequestObject];

/// The members of a JWK that mean something.
const KNOWN: [&str; 19] = [
    "kty", "crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv", "use", "key_ops", "alg",
    "kid",
];
