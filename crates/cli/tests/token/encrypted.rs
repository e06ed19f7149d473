//! `countersign token inspect` of encrypted tokens.

use countersign_jose::Algorithm;
use countersign_jose::jwe::{self, DecryptionKey, KeyManagement, Parameters};
use countersign_jose::jwt::encrypted;

use crate::command::{Folder, NOW, good_claims, signed};

fn recipient(folder: &Folder, algorithm: KeyManagement) -> DecryptionKey {
    let key = DecryptionKey::generate(algorithm).unwrap().with_kid("r1");
    folder.write("recipient.json", key.to_jwk().unwrap().expose());
    std::fs::set_permissions(folder.path("recipient.json"), crate::command::private()).unwrap();
    key
}

#[test]
fn without_the_key_the_header_is_shown_and_nothing_else() {
    let (folder, signer) = Folder::with_key(Algorithm::EdDSA);
    let key = recipient(&folder, KeyManagement::EcdhEsA256Kw);
    let token = signed(&signer, "JWT", &good_claims());
    let sealed = encrypted::seal(&key.encryption_key(), &Parameters::default(), &token).unwrap();
    let seen = folder.token("inspect --json", &sealed).json();
    assert_eq!(seen["form"], "JWE, compact");
    assert_eq!((&seen["headers"][0]["alg"], &seen["kid"]), (&"ECDH-ES+A256KW".into(), &"r1".into()));
    assert_eq!((&seen["claims"], &seen["broken_rules"]), (&serde_json::Value::Null, &serde_json::json!([])));
    assert!(seen.get("decrypted").is_none());
    assert_eq!(seen["lengths"]["authentication_tag"], 16);
    let broken = folder.token("inspect", &sealed[..sealed.len() - 2]).ok();
    assert!(broken.contains("  length: the AuthenticationTag segment is 15 bytes long, expected 16"), "{broken}");
}

#[test]
fn with_the_key_the_token_within_is_shown() {
    for algorithm in [KeyManagement::EcdhEs, KeyManagement::A128Kw, KeyManagement::RsaOaep256] {
        let (folder, signer) = Folder::with_key(Algorithm::EdDSA);
        let key = recipient(&folder, algorithm);
        let token = signed(&signer, "JWT", &good_claims());
        let sealed = encrypted::seal(&key.encryption_key(), &Parameters::default(), &token).unwrap();
        let ran = folder.token(&format!("inspect --json --key recipient.json --at {NOW}"), &sealed);
        let within = &ran.json()["decrypted"];
        assert_eq!((ran.code, &within["claims"]), (0, &good_claims()), "{ran:?}");
        assert_eq!((&within["verified"], &within["kid"]), (&false.into(), &"k1".into()));
        let text = folder.token("inspect --key recipient.json", &sealed).ok();
        assert!(text.contains("decrypted content, not verified either") && text.contains("\"alice\""), "{text}");
    }
}

#[test]
fn content_that_is_no_token_is_shown_as_what_it_is() {
    let folder = Folder::new();
    let key = recipient(&folder, KeyManagement::A256Kw);
    let sealed = jwe::encrypt(&key.encryption_key(), &Parameters::default(), b"{\"a\":\"\\u001b[2J\"}").unwrap();
    let text = folder.token("inspect --key recipient.json", &sealed).ok();
    assert!(text.contains("not a token") && text.contains(r#"a  "\u001b[2J""#), "{text}");
    let flattened =
        jwe::json_serialization::encrypt_flattened(&key.encryption_key(), &Parameters::default(), b"", b"plain")
            .unwrap();
    let text = folder.token("inspect --key recipient.json", &flattened).ok();
    assert!(text.contains("JWE, JSON serialization") && text.contains("not JSON: plain"), "{text}");
}

#[test]
fn a_key_that_does_not_decrypt_it_ends_with_1_and_one_that_is_none_with_2() {
    let (folder, signer) = Folder::with_key(Algorithm::EdDSA);
    let key = recipient(&folder, KeyManagement::EcdhEs);
    let token = signed(&signer, "JWT", &good_claims());
    let sealed = encrypted::seal(&key.encryption_key(), &Parameters::default(), &token).unwrap();
    let of_other = DecryptionKey::generate(KeyManagement::EcdhEs).unwrap();
    let sealed_to_other = encrypted::seal(&of_other.encryption_key(), &Parameters::default(), &token).unwrap();
    let ran = folder.token("inspect --key recipient.json", &sealed_to_other);
    assert!(ran.code == 1 && ran.out.contains("  decryption: "), "{ran:?}");
    folder.token("inspect --key jwks.json", &sealed).fails(2, "jwks.json");
    folder.token("inspect --key recipient.json --alg RSA1_5", &sealed).fails(2, "--alg");
    folder.token("inspect --key recipient.json --alg ECDH-ES+A128KW", &sealed).fails(2, "(key_algorithm)");
}
