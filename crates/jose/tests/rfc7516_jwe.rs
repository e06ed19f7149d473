//! RFC 7516: JSON Web Encryption. The examples of RFC 7516 appendix A, RFC 7517 appendix C and RFC 7520 section 5; the
//! rules of sections 4, 5 and 7; RFC 8725 sections 3.1 to 3.6.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use countersign_jose::jwe::json_serialization::{
    decrypt_flattened, decrypt_general, encrypt_flattened, encrypt_general,
};
use countersign_jose::jwe::{
    self, AgreementCurve, Compact, ContentEncryption, DecryptionKey, EncryptError, JweError, KeyManagement, Parameters,
    Segment,
};
use countersign_jose::{KeyError, base64url};
use serde_json::{Value, json};

const CONTENT: &[u8] = b"Live long and prosper.";

/// One key for each algorithm and curve.
fn keys() -> Vec<DecryptionKey> {
    KeyManagement::ALL.iter().flat_map(|&algorithm| keys_for(algorithm)).collect()
}

fn keys_for(algorithm: KeyManagement) -> Vec<DecryptionKey> {
    match algorithm {
        KeyManagement::EcdhEs | KeyManagement::EcdhEsA128Kw | KeyManagement::EcdhEsA256Kw => {
            let on = |&curve| DecryptionKey::generate_on(curve, algorithm).unwrap();
            AgreementCurve::ALL.iter().map(on).collect()
        }
        KeyManagement::Pbes2Hs256A128Kw | KeyManagement::Pbes2Hs512A256Kw => {
            let password = b"entrap_o-peter_long-credit_tun-and-more";
            let key = DecryptionKey::password(algorithm, password).unwrap();
            vec![key.accepting_password_counts(1_000, 1_000)]
        }
        KeyManagement::Dir => {
            let of = |&enc: &ContentEncryption| {
                DecryptionKey::direct(enc, &(0..).take(enc.key_length()).collect::<Vec<u8>>()).unwrap()
            };
            ContentEncryption::ALL.iter().map(of).collect()
        }
        // The back end without C has no RSA private keys.
        KeyManagement::RsaOaep256 if !cfg!(feature = "native") => Vec::new(),
        _ => vec![DecryptionKey::generate(algorithm).unwrap()],
    }
}

fn some_key(algorithm: KeyManagement) -> DecryptionKey {
    keys_for(algorithm).remove(0)
}

fn with_enc(enc: ContentEncryption) -> Parameters<'static> {
    Parameters { enc: Some(enc), ..Parameters::default() }
}

fn encrypt(key: &DecryptionKey) -> String {
    jwe::encrypt(&key.encryption_key(), &Parameters::default(), CONTENT).unwrap()
}

fn decrypt(message: &str, key: &DecryptionKey) -> Result<Vec<u8>, JweError> {
    Compact::parse(message)?.decrypt(key).map(|content| content.to_vec())
}

fn header(message: &str) -> Value {
    serde_json::from_slice(&base64url::decode(message.split('.').next().unwrap()).unwrap()).unwrap()
}

/// The message with another header. The tag does not fit any more; what is asked of a header is asked before that.
fn with_header(message: &str, header: impl AsRef<[u8]>) -> String {
    let (_, rest) = message.split_once('.').unwrap();
    format!("{}.{rest}", base64url::encode(header))
}

fn with_member(message: &str, member: &str, value: Value) -> String {
    let mut changed = header(message);
    changed[member] = value;
    with_header(message, changed.to_string())
}

/// The message with another segment, given in base64url.
fn with_segment(message: &str, index: usize, segment: &str) -> String {
    let mut segments: Vec<&str> = message.split('.').collect();
    segments[index] = segment;
    segments.join(".")
}

/// Sections 3.1, 5.1 and 5.2.
#[test]
fn what_is_encrypted_to_a_key_is_decrypted_with_it_alone() {
    let keys = keys();
    assert_eq!(keys.len(), 4 + 12 + 2 + 2 + usize::from(cfg!(feature = "native")));
    for (index, key) in keys.iter().enumerate() {
        for &enc in ContentEncryption::ALL {
            let message = match jwe::encrypt(&key.encryption_key(), &with_enc(enc), CONTENT) {
                Ok(message) => message,
                Err(EncryptError::ContentEncryptionMismatch { expected, found }) => {
                    assert_eq!((key.algorithm(), key.accepted(), found), (KeyManagement::Dir, &[expected][..], enc));
                    continue;
                }
                Err(error) => panic!("{key:?} {enc}: {error}"),
            };
            let parsed = Compact::parse(&message).unwrap();
            assert_eq!(parsed.header().algorithm(), key.algorithm());
            assert_eq!((parsed.header().content_encryption(), parsed.header().kid()), (enc, key.kid()));
            assert_eq!(decrypt(&message, key).as_deref(), Ok(CONTENT), "{key:?} {enc}");
            for (other_index, other) in keys.iter().enumerate().filter(|(other_index, _)| *other_index != index) {
                let refused = decrypt(&message, other).unwrap_err();
                let expected = match other.algorithm() == key.algorithm() {
                    false => JweError::AlgorithmMismatch { expected: other.algorithm(), found: key.algorithm() },
                    true if !other.accepted().contains(&enc) => {
                        JweError::ContentEncryptionMismatch { expected: other.accepted().to_vec(), found: enc }
                    }
                    true => JweError::EphemeralKey,
                };
                assert_eq!(refused, expected, "{index} {other_index}");
            }
        }
    }
}

/// RFC 7518 sections 4.6.1.2 and 4.6.1.3: `apu` and `apv` go into the key.
#[test]
fn what_the_parties_are_called_is_part_of_the_key() {
    let key = some_key(KeyManagement::EcdhEs);
    let parameters = Parameters { apu: b"Alice", apv: b"Bob", ..Parameters::default() };
    let message = jwe::encrypt(&key.encryption_key(), &parameters, CONTENT).unwrap();
    assert_eq!((&header(&message)["apu"], &header(&message)["apv"]), (&json!("QWxpY2U"), &json!("Qm9i")));
    assert_eq!(decrypt(&message, &key).as_deref(), Ok(CONTENT));
    for (member, value) in [("apu", json!(1)), ("apv", json!("Qm9i=")), ("apu", json!("QWxpY2V"))] {
        let expected = JweError::HeaderMember { member: if member == "apu" { "apu" } else { "apv" } };
        assert_eq!(decrypt(&with_member(&message, member, value), &key), Err(expected));
    }
}

fn examples() -> Vec<Value> {
    serde_json::from_str(include_str!("vectors/jwe_examples.json")).unwrap()
}

fn example_key(example: &Value) -> Result<DecryptionKey, KeyError> {
    let algorithm: KeyManagement = example["alg"].as_str().unwrap().parse().map_err(|_| KeyError::Unsupported)?;
    match example["password"].as_str() {
        Some(password) => DecryptionKey::password(algorithm, password.as_bytes()),
        None => DecryptionKey::from_jwk_for(algorithm, &example["key"].to_string()),
    }
}

fn open(example: &Value, key: &DecryptionKey) -> Result<(Vec<u8>, Option<Vec<u8>>), JweError> {
    let message = example["message"].as_str().unwrap();
    let opened = match example["form"].as_str().unwrap() {
        "compact" => return Ok((decrypt(message, key)?, None)),
        "flattened" => decrypt_flattened(message, key)?,
        _ => decrypt_general(message, key)?,
    };
    Ok((opened.plaintext().to_vec(), opened.aad().map(<[u8]>::to_vec)))
}

/// The published examples whose algorithms this crate offers decrypt; each other one is refused by the name of what it asks
/// for, with any key.
#[test]
fn the_published_examples_decrypt_or_are_refused_by_name() {
    let (mut decrypted, mut refused) = (Vec::new(), Vec::new());
    for example in examples() {
        let name = format!("{} {}", example["source"].as_str().unwrap(), example["form"].as_str().unwrap());
        // A key of some kind, for the examples of algorithms that there are no keys for.
        let key = example_key(&example).unwrap_or_else(|_| some_key(KeyManagement::A256Kw));
        match open(&example, &key) {
            Ok((content, aad)) => {
                if let Some(expected) = example["expect"].as_str() {
                    assert_eq!(String::from_utf8(content).unwrap(), expected, "{name}");
                } else {
                    let jwk: Value = serde_json::from_slice(&content).unwrap();
                    assert_eq!(jwk["kid"], "juliet@capulet.lit", "{name}");
                }
                assert_eq!(aad.as_deref(), example["aad"].as_str().map(str::as_bytes), "{name}");
                decrypted.push(name);
            }
            Err(error) => refused.push((name, error)),
        }
    }
    let unsupported = |name: &str, form: &str, found: &str| {
        (format!("{name} {form}"), JweError::UnsupportedKeyManagement { found: found.to_owned() })
    };
    let zipped = |form: &str| (format!("RFC 7520 section 5.9 {form}"), JweError::Compressed);
    let jku = |name: &str| (name.to_owned(), JweError::KeyInHeader { member: "jku" });
    let no_recipients = JweError::JsonMember { member: "recipients" };
    let expected = [
        unsupported("RFC 7520 section 5.1", "compact", "RSA1_5"),
        unsupported("RFC 7520 section 5.1", "flattened", "RSA1_5"),
        // The one recipient of a general message is somebody else's business.
        ("RFC 7520 section 5.1 general".to_owned(), JweError::NoRecipient),
        unsupported("RFC 7520 section 5.2", "compact", "RSA-OAEP"),
        unsupported("RFC 7520 section 5.2", "flattened", "RSA-OAEP"),
        ("RFC 7520 section 5.2 general".to_owned(), JweError::NoRecipient),
        // Without `recipients` these are the flattened form.
        ("RFC 7520 section 5.5 general".to_owned(), no_recipients.clone()),
        ("RFC 7520 section 5.6 general".to_owned(), no_recipients),
        unsupported("RFC 7520 section 5.7", "compact", "A256GCMKW"),
        unsupported("RFC 7520 section 5.7", "flattened", "A256GCMKW"),
        ("RFC 7520 section 5.7 general".to_owned(), JweError::NoRecipient),
        zipped("compact"),
        zipped("flattened"),
        zipped("general"),
        unsupported("RFC 7516 appendix A.1", "compact", "RSA-OAEP"),
        unsupported("RFC 7516 appendix A.2", "compact", "RSA1_5"),
        jku("RFC 7516 appendix A.4 general"),
        jku("RFC 7516 appendix A.5 flattened"),
    ];
    assert_eq!(refused, expected);
    assert_eq!(decrypted.len(), 3 * 3 + 2 * 2 + 3 * 2 + 1 + 1 + 1, "{decrypted:?}");
}

/// Appendix A.4 and A.5 without the `jku` that nobody protects: the same messages, and they decrypt.
#[test]
fn the_examples_of_the_json_serialization_decrypt_without_their_key_reference() {
    let mut decrypted = 0;
    for mut example in examples() {
        let message = example["message"].as_str().unwrap().to_owned();
        let Some((before, after)) =
            message.split_once(r#""unprotected":{"jku":"https://server.example.com/keys.jwks"},"#)
        else {
            continue;
        };
        example["message"] = json!(format!("{before}{after}"));
        let (content, _) = open(&example, &example_key(&example).unwrap()).unwrap();
        assert_eq!(content, CONTENT);
        decrypted += 1;
    }
    assert_eq!(decrypted, 2);
}

/// Section 3.1 and RFC 4648: five segments of the one encoding each, of the lengths of the algorithms.
#[test]
fn a_message_that_is_not_of_the_form_is_refused_for_it() {
    use JweError::{Base64Url, EmptySegment, Length, SegmentCount, TooLarge};
    use Segment::{AuthenticationTag, EncryptedKey, InitializationVector};
    let key = some_key(KeyManagement::A256Kw);
    let message = encrypt(&key);
    assert_eq!(decrypt(&message, &key).as_deref(), Ok(CONTENT));
    let segments: Vec<&str> = message.split('.').collect();
    let bytes = |index: usize| base64url::decode(segments[index]).unwrap();
    let cut = |index: usize, length: usize| with_segment(&message, index, &base64url::encode(&bytes(index)[..length]));
    let longer = |index: usize| with_segment(&message, index, &base64url::encode([bytes(index), vec![0]].concat()));
    let length = |segment, expected, found| Length { segment, expected, found };
    let mut rows = vec![
        ("nothing", String::new(), SegmentCount { found: 1 }),
        ("a signed token", "e30.e30.AA".to_owned(), SegmentCount { found: 3 }),
        ("four segments", segments[..4].join("."), SegmentCount { found: 4 }),
        ("six segments", format!("{message}."), SegmentCount { found: 6 }),
        ("no header", with_segment(&message, 0, ""), EmptySegment { segment: Segment::Header }),
        ("no key", with_segment(&message, 1, ""), EmptySegment { segment: EncryptedKey }),
        ("no vector", with_segment(&message, 2, ""), length(InitializationVector, 12, 0)),
        (
            "a vector of 16 bytes",
            with_segment(&message, 2, &base64url::encode([0; 16])),
            length(InitializationVector, 12, 16),
        ),
        ("a short vector", cut(2, 8), length(InitializationVector, 12, 8)),
        ("no tag", with_segment(&message, 4, ""), length(AuthenticationTag, 16, 0)),
        ("a tag of 12 bytes", cut(4, 12), length(AuthenticationTag, 16, 12)),
        ("a tag of 15 bytes", cut(4, 15), length(AuthenticationTag, 16, 15)),
        ("a longer tag", longer(4), length(AuthenticationTag, 16, 17)),
        (
            "too long",
            format!("{message}{}", "A".repeat(jwe::MAX_BYTES)),
            TooLarge { found: message.len() + jwe::MAX_BYTES },
        ),
    ];
    let names = [Segment::Header, EncryptedKey, InitializationVector, Segment::Ciphertext, AuthenticationTag];
    for (index, &segment) in names.iter().enumerate() {
        let text = segments[index];
        rows.push(("padded", with_segment(&message, index, &format!("{text}=")), Base64Url { segment }));
        rows.push(("a space", with_segment(&message, index, &format!(" {text}")), Base64Url { segment }));
        rows.push(("a line end", with_segment(&message, index, &format!("{text}\n")), Base64Url { segment }));
        rows.push((
            "the other alphabet",
            with_segment(&message, index, &format!("{}+", &text[1..])),
            Base64Url { segment },
        ));
    }
    // Spare bits: the last character of the tag stands for two of its bits.
    let spare = |tag: &str| format!("{}{}", &tag[..21], if tag.ends_with('Q') { 'R' } else { 'B' });
    rows.push(("spare bits", with_segment(&message, 4, &spare(segments[4])), Base64Url { segment: AuthenticationTag }));
    for (name, text, expected) in rows {
        assert_eq!(decrypt(&text, &key), Err(expected), "{name}");
    }
    for direct in [some_key(KeyManagement::Dir), some_key(KeyManagement::EcdhEs)] {
        let message = encrypt(&direct);
        assert_eq!(
            decrypt(&with_segment(&message, 1, "AAAAAAAA"), &direct),
            Err(length(EncryptedKey, 0, 6)),
            "{direct:?}"
        );
    }
}

/// Sections 4.1.3, 4.1.5 to 4.1.13 and RFC 7515 section 4 for the header.
#[test]
fn a_header_that_breaks_a_rule_is_refused_for_it_before_anything_is_decrypted() {
    use JweError::{
        Compressed, Critical, HeaderMember, HeaderNotObject, KeyInHeader, UnsupportedContentEncryption,
        UnsupportedKeyManagement,
    };
    let key = some_key(KeyManagement::EcdhEsA256Kw);
    let message = encrypt(&key);
    let with = |member: &str, value: Value| with_member(&message, member, value);
    let alg = |found: &str| (with("alg", json!(found)), UnsupportedKeyManagement { found: found.to_owned() });
    let enc = |found: &str| (with("enc", json!(found)), UnsupportedContentEncryption { found: found.to_owned() });
    let mut rows = vec![
        (with("zip", json!("DEF")), Compressed),
        (with("zip", json!("")), Compressed),
        (with("zip", json!(null)), Compressed),
        (with("crit", json!(["exp"])), Critical),
        (with("crit", json!([])), Critical),
        (with("jwk", json!({})), KeyInHeader { member: "jwk" }),
        (with("jku", json!("https://evil.test")), KeyInHeader { member: "jku" }),
        (with("x5u", json!("https://evil.test")), KeyInHeader { member: "x5u" }),
        (with("x5c", json!([])), KeyInHeader { member: "x5c" }),
        (with("alg", json!(1)), HeaderMember { member: "alg" }),
        (with("enc", json!(null)), HeaderMember { member: "enc" }),
        (with("kid", json!(1)), HeaderMember { member: "kid" }),
        (with("typ", json!(["JWT"])), HeaderMember { member: "typ" }),
        (with("cty", json!(true)), HeaderMember { member: "cty" }),
        (with("epk", json!("x")), HeaderMember { member: "epk" }),
        (with_header(&message, r#"{"enc":"A256GCM"}"#), HeaderMember { member: "alg" }),
        (with_header(&message, r#"{"alg":"dir"}"#), HeaderMember { member: "enc" }),
        (with_header(&message, "[]"), HeaderNotObject),
        (with_header(&message, "\"x\""), HeaderNotObject),
        (with_header(&message, "null"), HeaderNotObject),
    ];
    rows.extend(
        ["RSA1_5", "RSA-OAEP", "RSA-OAEP-384", "RSA-OAEP-512", "A192KW", "A128GCMKW", "A192GCMKW", "A256GCMKW"]
            .map(alg),
    );
    rows.extend(
        ["ECDH-ES+A192KW", "PBES2-HS384+A192KW", "none", "HS256", "ES256", "A256GCM", "DIR", "a256kw", ""].map(alg),
    );
    rows.extend(["A192GCM", "A192CBC-HS384", "A128CBC", "A256KW", "none", "a256gcm", "C20P", ""].map(enc));
    for (text, expected) in rows {
        // Taking it apart is enough: no key has been seen.
        assert_eq!(Compact::parse(&text).map(drop), Err(expected), "{}", header(&text));
    }
    let strict = |text: &str| match Compact::parse(&with_header(&message, text)).map(drop) {
        Err(JweError::Header(error)) => error,
        other => panic!("{text}: {other:?}"),
    };
    let members = r#""alg":"A256KW","enc":"A256GCM""#;
    assert!(matches!(
        strict(&format!("{{{members},{members}}}")),
        countersign_jose::json::JsonError::DuplicateMember { .. }
    ));
    assert!(matches!(strict(&format!("{{{members}}}x")), countersign_jose::json::JsonError::TrailingBytes { .. }));
    assert!(matches!(strict("{'alg':'dir'}"), countersign_jose::json::JsonError::Syntax { .. }));
    // Controls: members that nobody knows, and `typ` and `cty` as they were written.
    for (member, value) in [("x", json!(1)), ("b64", json!(false)), ("x5t", json!("abc"))] {
        assert!(Compact::parse(&with(member, value)).is_ok(), "{member}");
    }
    let parameters = Parameters { typ: Some("x+jwt"), cty: Some("jWt"), ..Parameters::default() };
    let message = jwe::encrypt(&key.encryption_key(), &parameters, CONTENT).unwrap();
    let parsed = Compact::parse(&message).unwrap();
    assert_eq!((parsed.header().typ(), parsed.header().cty()), (Some("x+jwt"), Some("jWt")));
}

/// Section 11.5: a wrong key, a changed encrypted key, vector, ciphertext, tag or header are one and the same refusal.
#[test]
fn what_was_wrong_with_a_message_is_not_told() {
    for key in keys() {
        for enc in key.accepted().to_vec() {
            let message = jwe::encrypt(&key.encryption_key(), &with_enc(enc), CONTENT).unwrap();
            let segments: Vec<&str> = message.split('.').collect();
            for (index, segment) in segments.iter().enumerate().skip(1).filter(|(_, segment)| !segment.is_empty()) {
                let bytes = base64url::decode(segment).unwrap();
                for place in [0, bytes.len() / 2, bytes.len() - 1] {
                    let mut changed = bytes.clone();
                    changed[place] ^= 1;
                    let changed = with_segment(&message, index, &base64url::encode(changed));
                    assert_eq!(decrypt(&changed, &key), Err(JweError::Decryption), "{key:?} {enc} {index} {place}");
                }
                // Only the tag and the vector have a length that is asked for by name.
                if index == 1 || index == 3 {
                    for length in [1, bytes.len() - 1, bytes.len() + 1, bytes.len() + 8, bytes.len() + 16] {
                        let mut changed = bytes.clone();
                        changed.resize(length, 0);
                        let changed = with_segment(&message, index, &base64url::encode(changed));
                        assert_eq!(
                            decrypt(&changed, &key),
                            Err(JweError::Decryption),
                            "{key:?} {enc} {index} {length}"
                        );
                    }
                }
            }
            assert_eq!(decrypt(&with_segment(&message, 3, ""), &key), Err(JweError::Decryption), "{key:?} {enc}");
            assert_eq!(
                decrypt(&with_member(&message, "x", json!(1)), &key),
                Err(JweError::Decryption),
                "{key:?} {enc}"
            );
            assert_eq!(decrypt(&message, &key).as_deref(), Ok(CONTENT));
        }
    }
}

/// A content encryption key of the wrong length, rightly wrapped, is none (RFC 7516 section 5.2 step 10).
#[test]
fn a_content_encryption_key_has_the_length_of_its_algorithm() {
    let key = some_key(KeyManagement::A256Kw);
    let short = jwe::encrypt(&key.encryption_key(), &with_enc(ContentEncryption::A128Gcm), CONTENT).unwrap();
    assert_eq!(decrypt(&with_member(&short, "enc", json!("A256GCM")), &key), Err(JweError::Decryption));
    let long = jwe::encrypt(&key.encryption_key(), &with_enc(ContentEncryption::A256Gcm), CONTENT).unwrap();
    assert_eq!(decrypt(&with_member(&long, "enc", json!("A128GCM")), &key), Err(JweError::Decryption));
}

/// RFC 8725 section 3.1 and 3.2: the key says which algorithms, the header never does.
#[test]
fn a_key_is_used_with_its_own_algorithms_alone() {
    let secret = [7; 16];
    let wraps = DecryptionKey::symmetric(KeyManagement::A128Kw, &secret).unwrap();
    let message = encrypt(&wraps);
    for &found in KeyManagement::ALL.iter().filter(|&&found| found != KeyManagement::A128Kw) {
        let Some(other) = keys_for(found).pop() else { continue };
        let mut changed = header(&encrypt(&other));
        changed["enc"] = json!("A256GCM");
        let mut text = with_header(&message, changed.to_string());
        if matches!(found, KeyManagement::Dir | KeyManagement::EcdhEs) {
            text = with_segment(&text, 1, "");
        }
        let expected = JweError::AlgorithmMismatch { expected: KeyManagement::A128Kw, found };
        assert_eq!(decrypt(&text, &wraps), Err(expected));
    }
    // The same bytes are another key, for another algorithm.
    let direct = DecryptionKey::direct(ContentEncryption::A128Gcm, &secret).unwrap();
    let mismatch = |expected, found| Err(JweError::AlgorithmMismatch { expected, found });
    assert_eq!(decrypt(&message, &direct), mismatch(KeyManagement::Dir, KeyManagement::A128Kw));
    assert_eq!(decrypt(&encrypt(&direct), &wraps), mismatch(KeyManagement::A128Kw, KeyManagement::Dir));
    // As a key for AES-GCM key wrap they can neither be made nor asked for (Wycheproof 106 to 109).
    let jwk = |alg: &str| json!({"kty": "oct", "k": base64url::encode(secret), "alg": alg}).to_string();
    assert_eq!(DecryptionKey::from_jwk(&jwk("A128GCMKW")).map(drop), Err(KeyError::Unsupported));
    let expected = JweError::UnsupportedKeyManagement { found: "A128GCMKW".to_owned() };
    assert_eq!(decrypt(&with_member(&message, "alg", json!("A128GCMKW")), &wraps), Err(expected));

    let narrow = wraps.clone().accepting(&[ContentEncryption::A128CbcHs256]);
    let (expected, found) = (vec![ContentEncryption::A128CbcHs256], ContentEncryption::A256Gcm);
    assert_eq!(decrypt(&message, &narrow), Err(JweError::ContentEncryptionMismatch { expected, found }));
    let message = jwe::encrypt(&wraps.encryption_key(), &with_enc(ContentEncryption::A128CbcHs256), CONTENT).unwrap();
    assert_eq!(decrypt(&message, &narrow).as_deref(), Ok(CONTENT));
    let wider = direct.accepting(ContentEncryption::ALL);
    assert_eq!(wider.accepted(), [ContentEncryption::A128Gcm]);
}

/// The header is refused before a key or the ciphertext is looked at, so that there is nothing to expand.
#[test]
fn compressed_content_is_refused_unread() {
    let key = some_key(KeyManagement::Dir);
    let message = with_member(&encrypt(&key), "zip", json!("DEF"));
    assert_eq!(Compact::parse(&message).map(drop), Err(JweError::Compressed));
    let flattened = encrypt_flattened(&key.encryption_key(), &Parameters::default(), b"", CONTENT).unwrap();
    let mut beside: Value = serde_json::from_str(&flattened).unwrap();
    beside["unprotected"] = json!({"zip": "DEF"});
    assert_eq!(decrypt_flattened(&beside.to_string(), &key).map(drop), Err(JweError::Compressed));
    assert!(decrypt_flattened(&flattened, &key).is_ok());
}

/// A message that nobody here would read is not made.
#[test]
fn what_is_too_long_is_not_encrypted() {
    let key = some_key(KeyManagement::Dir).encryption_key();
    let lengths: Vec<usize> = (1..=jwe::MAX_BYTES).collect();
    let longest =
        lengths.partition_point(|&length| jwe::encrypt(&key, &Parameters::default(), &vec![0; length]).is_ok());
    assert!(longest > 48_000);
    let message = jwe::encrypt(&key, &Parameters::default(), &vec![0; longest]).unwrap();
    assert!(message.len() <= jwe::MAX_BYTES && decrypt(&message, &some_key(KeyManagement::Dir)).is_ok());
    for length in [longest + 1, jwe::MAX_BYTES + 1] {
        let refused = jwe::encrypt(&key, &Parameters::default(), &vec![0; length]).unwrap_err();
        assert!(matches!(refused, EncryptError::TooLarge { found } if found > jwe::MAX_BYTES), "{refused:?}");
    }
}

/// Section 7.2.2.
#[test]
fn a_flattened_message_is_decrypted_with_what_was_sent_beside_it() {
    for key in keys() {
        let parameters = Parameters { typ: Some("x"), ..Parameters::default() };
        let message = encrypt_flattened(&key.encryption_key(), &parameters, b"beside", CONTENT).unwrap();
        let opened = decrypt_flattened(&message, &key).unwrap();
        assert_eq!((opened.plaintext(), opened.aad()), (CONTENT, Some(&b"beside"[..])));
        assert_eq!((opened.header().typ(), opened.header().kid()), (Some("x"), key.kid()));
        let mut changed: Value = serde_json::from_str(&message).unwrap();
        changed["aad"] = json!(base64url::encode("besides"));
        assert_eq!(decrypt_flattened(&changed.to_string(), &key).map(drop), Err(JweError::Decryption));
        changed.as_object_mut().unwrap().remove("aad");
        assert_eq!(decrypt_flattened(&changed.to_string(), &key).map(drop), Err(JweError::Decryption));
        let plain = encrypt_flattened(&key.encryption_key(), &parameters, b"", CONTENT).unwrap();
        assert_eq!(decrypt_flattened(&plain, &key).unwrap().aad(), None);
        // Each form has its own entry point.
        assert!(matches!(decrypt(&plain, &key), Err(JweError::SegmentCount { found: 1 })));
        assert_eq!(decrypt_general(&plain, &key).unwrap_err().code(), "json_member");
    }
}

/// Section 7.2.1: each recipient decrypts, nobody else does.
#[test]
fn a_general_message_is_decrypted_by_each_of_its_recipients() {
    let ours: Vec<DecryptionKey> = keys()
        .into_iter()
        .filter(|key| !matches!(key.algorithm(), KeyManagement::Dir | KeyManagement::EcdhEs))
        .take(8)
        .collect();
    let encryption: Vec<_> = ours.iter().map(DecryptionKey::encryption_key).collect();
    let recipients: Vec<_> = encryption.iter().collect();
    let parameters = Parameters { cty: Some("text/plain"), apu: b"Alice", ..Parameters::default() };
    let message = encrypt_general(&recipients, &parameters, b"beside", CONTENT).unwrap();
    for key in &ours {
        let opened = decrypt_general(&message, key).unwrap();
        assert_eq!((opened.plaintext(), opened.aad()), (CONTENT, Some(&b"beside"[..])), "{key:?}");
        assert_eq!((opened.header().algorithm(), opened.header().cty()), (key.algorithm(), Some("text/plain")));
        let stranger = key.clone().with_kid("somebody else");
        let expected = if key.kid().is_some() { Err(JweError::NoRecipient) } else { Ok(()) };
        assert_eq!(decrypt_general(&message, &stranger).map(drop), expected);
    }
    let stranger = DecryptionKey::generate(KeyManagement::A256Kw).unwrap();
    assert_eq!(decrypt_general(&message, &stranger).map(drop), Err(JweError::Decryption), "tried and refused");
    assert_eq!(decrypt_general(&message, &some_key(KeyManagement::Dir)).map(drop), Err(JweError::NoRecipient));

    for direct in [some_key(KeyManagement::Dir), some_key(KeyManagement::EcdhEs)] {
        let alone = direct.encryption_key();
        let message = encrypt_general(&[&alone], &Parameters::default(), b"", CONTENT).unwrap();
        assert_eq!(decrypt_general(&message, &direct).unwrap().plaintext(), CONTENT);
        let refused = encrypt_general(&[&encryption[0], &alone], &Parameters::default(), b"", CONTENT);
        assert_eq!(refused, Err(EncryptError::Recipients));
        let mut joined: Value = serde_json::from_str(&message).unwrap();
        let other: Value =
            serde_json::from_str(&encrypt_general(&recipients, &Parameters::default(), b"", CONTENT).unwrap()).unwrap();
        joined["recipients"].as_array_mut().unwrap().push(other["recipients"][0].clone());
        let refused = decrypt_general(&joined.to_string(), &direct).map(drop);
        assert_eq!(refused, Err(JweError::JsonMember { member: "recipients" }));
    }
    assert_eq!(encrypt_general(&[], &Parameters::default(), b"", CONTENT), Err(EncryptError::Recipients));
    let nine = vec![recipients[0]; 9];
    assert_eq!(encrypt_general(&nine, &Parameters::default(), b"", CONTENT), Err(EncryptError::Recipients));
}

/// RFC 8725 section 2.6: what one recipient must not ask for, several must not ask for together.
#[test]
fn several_recipients_together_have_a_password_hashed_no_more_often_than_one() {
    let algorithm = KeyManagement::Pbes2Hs256A128Kw;
    let named = |name: &str, password: &[u8]| DecryptionKey::password(algorithm, password).unwrap().with_kid(name);
    let (ours, other) = (named("a", b"a password of ours"), named("b", b"a password of theirs"));
    let others: Vec<_> = (0..7).map(|_| other.encryption_key().with_password_count(1_000)).collect();
    let key = ours.encryption_key().with_password_count(1_000);
    let recipients: Vec<_> = others.iter().chain([&key]).collect();
    let message = encrypt_general(&recipients, &Parameters::default(), b"", CONTENT).unwrap();
    let nameless = DecryptionKey::password(algorithm, b"a password of ours").unwrap();
    for (key, most, expected) in [
        (&nameless, 8_000, Ok(())),
        (&nameless, 7_999, Err(JweError::PasswordCount { least: 1_000, most: 7_999, found: 8_000 })),
        (&ours, 1_000, Ok(())),
        (&other, 7_000, Ok(())),
        (&other, 6_999, Err(JweError::PasswordCount { least: 1_000, most: 6_999, found: 7_000 })),
    ] {
        let key = key.clone().accepting_password_counts(1_000, most);
        assert_eq!(decrypt_general(&message, &key).map(drop), expected, "{key:?} {most}");
    }
}

/// Sections 7.2.1 and 7.2.2: the members of the form, each once, and none in two headers.
#[test]
fn a_json_serialization_that_breaks_a_rule_is_refused_for_it() {
    use JweError::{JsonMember, RepeatedMember};
    let key = some_key(KeyManagement::A128Kw);
    let flattened = encrypt_flattened(&key.encryption_key(), &Parameters::default(), b"beside", CONTENT).unwrap();
    let general = encrypt_general(&[&key.encryption_key()], &Parameters::default(), b"beside", CONTENT).unwrap();
    let change = |text: &str, change: &dyn Fn(&mut Value)| {
        let mut value = serde_json::from_str(text).unwrap();
        change(&mut value);
        value.to_string()
    };
    type Row = (&'static str, fn(&mut Value), JweError);
    let shared: [Row; 18] = [
        ("another member", |m| m["x"] = json!(1), JsonMember { member: "?" }),
        ("no vector", |m| drop(m.as_object_mut().unwrap().remove("iv")), JsonMember { member: "iv" }),
        (
            "no ciphertext",
            |m| drop(m.as_object_mut().unwrap().remove("ciphertext")),
            JsonMember { member: "ciphertext" },
        ),
        ("no tag", |m| drop(m.as_object_mut().unwrap().remove("tag")), JsonMember { member: "tag" }),
        ("a tag of null", |m| m["tag"] = json!(null), JsonMember { member: "tag" }),
        ("an empty aad", |m| m["aad"] = json!(""), JsonMember { member: "aad" }),
        ("an empty protected header", |m| m["protected"] = json!(""), JsonMember { member: "protected" }),
        ("a protected header in the clear", |m| m["protected"] = json!({}), JsonMember { member: "protected" }),
        (
            "an unprotected header that is no object",
            |m| m["unprotected"] = json!("e30"),
            JsonMember { member: "unprotected" },
        ),
        ("an empty unprotected header", |m| m["unprotected"] = json!({}), JsonMember { member: "unprotected" }),
        ("enc again", |m| m["unprotected"] = json!({"enc": "A256GCM"}), RepeatedMember),
        ("alg again", |m| m["unprotected"] = json!({"alg": "A128KW"}), RepeatedMember),
        ("crit beside", |m| m["unprotected"] = json!({"crit": ["x"]}), JweError::Critical),
        ("a key beside", |m| m["unprotected"] = json!({"jwk": {}}), JweError::KeyInHeader { member: "jwk" }),
        ("compressed beside", |m| m["unprotected"] = json!({"zip": "DEF"}), JweError::Compressed),
        ("a padded aad", |m| m["aad"] = json!("YQ=="), JweError::Decryption),
        (
            "a short tag",
            |m| m["tag"] = json!("AAAA"),
            JweError::Length { segment: Segment::AuthenticationTag, expected: 16, found: 3 },
        ),
        ("a padded tag", |m| m["tag"] = json!("AA=="), JweError::Base64Url { segment: Segment::AuthenticationTag }),
    ];
    for (name, row, expected) in &shared {
        assert_eq!(decrypt_flattened(&change(&flattened, row), &key).map(drop), Err(expected.clone()), "{name}");
        assert_eq!(decrypt_general(&change(&general, row), &key).map(drop), Err(expected.clone()), "general: {name}");
    }
    let own: [Row; 8] = [
        ("recipients", |m| m["recipients"] = json!([]), JsonMember { member: "?" }),
        (
            "no key",
            |m| drop(m.as_object_mut().unwrap().remove("encrypted_key")),
            JweError::EmptySegment { segment: Segment::EncryptedKey },
        ),
        ("an empty key", |m| m["encrypted_key"] = json!(""), JsonMember { member: "encrypted_key" }),
        ("a key that is a number", |m| m["encrypted_key"] = json!(1), JsonMember { member: "encrypted_key" }),
        ("an empty header", |m| m["header"] = json!({}), JsonMember { member: "header" }),
        ("alg twice", |m| m["header"] = json!({"alg": "A128KW"}), RepeatedMember),
        (
            "x twice",
            |m| {
                m["header"] = json!({"x": 1});
                m["unprotected"] = json!({"x": 1});
            },
            RepeatedMember,
        ),
        ("a key in the header", |m| m["header"] = json!({"x5c": []}), JweError::KeyInHeader { member: "x5c" }),
    ];
    for (name, row, expected) in &own {
        assert_eq!(decrypt_flattened(&change(&flattened, row), &key).map(drop), Err(expected.clone()), "{name}");
    }
    let many: [Row; 10] = [
        (
            "another enc for each recipient",
            |m| {
                m.as_object_mut().unwrap().remove("protected");
                m["recipients"] = json!([
                    {"header": {"alg": "A128KW", "enc": "A128GCM"}, "encrypted_key": "AAAA"},
                    {"header": {"alg": "A128KW", "enc": "A256GCM"}, "encrypted_key": "AAAA"},
                ]);
            },
            JsonMember { member: "recipients" },
        ),
        ("no recipients", |m| m["recipients"] = json!([]), JsonMember { member: "recipients" }),
        (
            "recipients absent",
            |m| drop(m.as_object_mut().unwrap().remove("recipients")),
            JsonMember { member: "recipients" },
        ),
        ("an object of recipients", |m| m["recipients"] = json!({}), JsonMember { member: "recipients" }),
        ("a recipient that is a string", |m| m["recipients"] = json!(["x"]), JsonMember { member: "recipients" }),
        ("another member of a recipient", |m| m["recipients"][0]["x"] = json!(1), JsonMember { member: "?" }),
        ("a header beside", |m| m["header"] = json!({"x": 1}), JsonMember { member: "?" }),
        (
            "nine recipients",
            |m| m["recipients"] = json!(vec![m["recipients"][0].clone(); 9]),
            JsonMember { member: "recipients" },
        ),
        (
            "a second recipient without alg",
            |m| m["recipients"].as_array_mut().unwrap().push(json!({})),
            JweError::HeaderMember { member: "alg" },
        ),
        (
            "a second recipient of no key",
            |m| m["recipients"].as_array_mut().unwrap().push(json!({"header": {"alg": "A128KW"}})),
            JweError::EmptySegment { segment: Segment::EncryptedKey },
        ),
    ];
    for (name, row, expected) in &many {
        assert_eq!(decrypt_general(&change(&general, row), &key).map(drop), Err(expected.clone()), "{name}");
    }
    for (text, name) in [
        (format!("{flattened}x"), "trailing bytes"),
        (flattened.replacen('{', r#"{"tag":"AA","#, 1), "a member twice"),
        ("[]".to_owned(), "an array"),
    ] {
        assert!(matches!(decrypt_flattened(&text, &key), Err(JweError::JsonSerialization(_))), "{name}");
    }
    // Controls.
    for (name, row) in [
        ("a recipient of another algorithm", json!({"header": {"alg": "RSA1_5"}, "encrypted_key": "AAAA"})),
        ("a recipient with another key", json!({"header": {"alg": "A128KW", "kid": "k"}, "encrypted_key": "AAAA"})),
    ] {
        let text = change(&general, &|m| m["recipients"].as_array_mut().unwrap().insert(0, row.clone()));
        assert_eq!(decrypt_general(&text, &key).unwrap().plaintext(), CONTENT, "{name}");
    }
    let text = change(&flattened, &|m| m["unprotected"] = json!({"cty": "JWT", "typ": "JWT", "x": 1}));
    let opened = decrypt_flattened(&text, &key).unwrap();
    assert_eq!((opened.header().cty(), opened.header().typ()), (None, None), "nobody answers for them");
    assert!(decrypt_flattened(&" ".repeat(jwe::MAX_BYTES + 1), &key).is_err_and(|e| e.code() == "too_large"));
}

/// Nothing of a key, a message or its content is shown.
#[test]
fn nothing_secret_is_shown() {
    let secret = *b"0123456789abcdef";
    let key = DecryptionKey::symmetric(KeyManagement::A128Kw, &secret).unwrap();
    let flattened = encrypt_flattened(&key.encryption_key(), &Parameters::default(), b"", CONTENT).unwrap();
    let shown = format!(
        "{key:?} {:?} {:?} {:?} {:?}",
        key.encryption_key(),
        Compact::parse(&encrypt(&key)).unwrap(),
        decrypt_flattened(&flattened, &key).unwrap(),
        key.to_jwk().unwrap(),
    );
    for hidden in ["0123", "48, 49", "Live", "76, 105", &base64url::encode(secret)] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
