//! RFC 7519 sections 5.2, 7 and 11.2, RFC 8725 section 3.3: tokens that are signed and then encrypted.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

mod forge;

use countersign_jose::jwe::{self, DecryptionKey, EncryptError, JweError, KeyManagement, Parameters};
use countersign_jose::jws::JwsError;
use countersign_jose::jwt::encrypted::{self, NestedError};
use countersign_jose::jwt::{self, Expect, ExpectedAudience, ExpectedIssuer, TokenError, Typ, Unverified};
use countersign_jose::{Algorithm, base64url};
use forge::{key, other_key};
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000;

fn claims() -> Value {
    json!({"iss": "https://as.test", "sub": "alice", "aud": "rp", "exp": NOW + 300, "iat": NOW})
}

fn recipient() -> DecryptionKey {
    DecryptionKey::generate(KeyManagement::EcdhEsA128Kw).unwrap()
}

fn encrypt(key: &DecryptionKey, cty: Option<&str>, content: &str) -> String {
    jwe::encrypt(&key.encryption_key(), &Parameters { cty, ..Parameters::default() }, content.as_bytes()).unwrap()
}

fn verify(token: &str, recipient: &DecryptionKey) -> Result<String, TokenError> {
    let nested = encrypted::open(token, recipient).unwrap();
    let expect =
        Expect::new(Typ::IdToken, ExpectedIssuer::Exactly("https://as.test"), ExpectedAudience::AnyOf(&["rp"]));
    let verified = nested.unverified()?.verify::<Value>(&key(Algorithm::Es256).verifying_key(), &expect, NOW)?;
    Ok(verified.sub().unwrap().to_owned())
}

/// Section 11.2: decrypted, and then judged as if it had never been encrypted.
#[test]
fn a_nested_token_is_verified_as_the_signed_one_inside() {
    let recipient = recipient();
    let signed = jwt::mint(&key(Algorithm::Es256), Typ::IdToken, &claims()).unwrap();
    let token = encrypted::seal(&recipient.encryption_key(), &Parameters::default(), &signed).unwrap();
    assert_eq!(verify(&token, &recipient).as_deref(), Ok("alice"));
    assert_eq!(encrypted::open(&token, &recipient).unwrap().as_str(), signed);
    for cty in ["JWT", "jwt", "Jwt", "application/jwt", "APPLICATION/JWT"] {
        assert_eq!(verify(&encrypt(&recipient, Some(cty), &signed), &recipient).as_deref(), Ok("alice"), "{cty}");
    }

    // Encryption does not make a wrong token right.
    let by_another = jwt::mint(&other_key(Algorithm::Es256), Typ::IdToken, &claims()).unwrap();
    let refused = verify(&encrypt(&recipient, Some("JWT"), &by_another), &recipient);
    assert_eq!(refused, Err(TokenError::Jws(JwsError::Signature)));
    let another_kind = jwt::mint(&key(Algorithm::Es256), Typ::LogoutToken, &claims()).unwrap();
    let refused = verify(&encrypt(&recipient, Some("JWT"), &another_kind), &recipient);
    assert!(matches!(refused, Err(TokenError::Typ { .. })), "{refused:?}");
    let unsigned = format!("{}.{}.", base64url::encode(r#"{"alg":"none"}"#), base64url::encode(claims().to_string()));
    let refused = verify(&encrypt(&recipient, Some("JWT"), &unsigned), &recipient);
    assert!(matches!(refused, Err(TokenError::Jws(_))), "{refused:?}");
    // An encrypted token is no signed one.
    let refused = Unverified::parse(&token).map(drop);
    let found = "ECDH-ES+A128KW".to_owned();
    assert_eq!(refused, Err(TokenError::Jws(JwsError::UnsupportedAlgorithm { found })));
}

/// Claims that anybody could have encrypted are not believed.
#[test]
fn encrypted_claims_that_nobody_signed_are_refused() {
    let recipient = recipient();
    let signed = jwt::mint(&key(Algorithm::Es256), Typ::IdToken, &claims()).unwrap();
    let (input, _) = signed.rsplit_once('.').unwrap();
    for content in [&claims().to_string(), "{}", "", "null", input, &base64url::encode(claims().to_string())] {
        let token = encrypt(&recipient, Some("JWT"), content);
        assert_eq!(encrypted::open(&token, &recipient).map(drop), Err(NestedError::NotSigned), "{content}");
    }
    let bytes = jwe::encrypt(
        &recipient.encryption_key(),
        &Parameters { cty: Some("JWT"), ..Parameters::default() },
        &[0xC3, 0x28, b'.', b'.'],
    );
    assert_eq!(encrypted::open(&bytes.unwrap(), &recipient).map(drop), Err(NestedError::NotSigned), "not UTF-8");
    assert!(encrypted::open(&encrypt(&recipient, Some("JWT"), &signed), &recipient).is_ok());
}

/// Five, one inside another, are refused at the second; nothing below it is decrypted.
#[test]
fn an_encrypted_token_inside_of_an_encrypted_token_is_refused() {
    let recipient = recipient();
    let mut token = jwt::mint(&key(Algorithm::Es256), Typ::IdToken, &claims()).unwrap();
    for depth in 1..=5 {
        token = encrypted::seal(&recipient.encryption_key(), &Parameters::default(), &token).unwrap();
        let opened = encrypted::open(&token, &recipient).map(drop);
        assert_eq!(opened, if depth == 1 { Ok(()) } else { Err(NestedError::Encrypted) }, "{depth}");
    }
}

/// Section 5.2: what does not say that there is a token inside is not decrypted.
#[test]
fn a_message_that_is_not_said_to_hold_a_token_is_refused() {
    let recipient = recipient();
    let signed = jwt::mint(&key(Algorithm::Es256), Typ::IdToken, &claims()).unwrap();
    for cty in [None, Some(""), Some("json"), Some("application/json"), Some("JWT "), Some("text/jwt"), Some("at+jwt")]
    {
        let token = encrypt(&recipient, cty, &signed);
        let expected = NestedError::ContentType { found: cty.map(str::to_owned) };
        // Before any key has been used.
        assert_eq!(encrypted::open(&token, &self::recipient()).map(drop), Err(expected.clone()), "{cty:?}");
        assert_eq!(encrypted::open(&token, &recipient).map(drop), Err(expected), "{cty:?}");
    }
    let token = encrypt(&recipient, Some("JWT"), &signed);
    let refused = encrypted::open(&token, &self::recipient()).map(drop);
    assert_eq!(refused, Err(NestedError::Jwe(JweError::Decryption)));
    assert_eq!(encrypted::open(&signed, &recipient).unwrap_err().code(), "segment_count");
}

#[test]
fn a_token_that_nobody_would_read_is_not_sealed() {
    let long = "x".repeat(jwe::MAX_BYTES);
    let refused = encrypted::seal(&recipient().encryption_key(), &Parameters::default(), &long);
    assert!(matches!(refused, Err(EncryptError::TooLarge { .. })));
}
