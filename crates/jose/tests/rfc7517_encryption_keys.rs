//! RFC 7517, RFC 7518 section 6, RFC 8037 section 2 and RFC 7638 for keys of encryption; OIDC Core section 10.2.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

mod forge;

use countersign_jose::jwe::{
    self, AgreementCurve, Compact, ContentEncryption, DecryptionKey, EncryptionKey, EncryptionKeySet, KeyManagement,
    Parameters,
};
use countersign_jose::{
    Algorithm, Jwk, JwkSet, JwkSetError, KeyError, RsaSize, SigningKey, VerifyingKey, base64url, json as strict,
};
use serde_json::{Value, json};

fn keys() -> Vec<DecryptionKey> {
    let mut keys: Vec<_> = AgreementCurve::ALL
        .iter()
        .map(|&curve| DecryptionKey::generate_on(curve, KeyManagement::EcdhEsA256Kw).unwrap())
        .collect();
    for algorithm in [
        KeyManagement::RsaOaep256,
        KeyManagement::A128Kw,
        KeyManagement::A256Kw,
        KeyManagement::Dir,
        KeyManagement::EcdhEs,
    ] {
        match DecryptionKey::generate(algorithm) {
            Ok(key) => keys.push(key),
            Err(error) => assert!(has_no(algorithm, &error), "{algorithm}: {error}"),
        }
    }
    keys.extend(
        ContentEncryption::ALL
            .iter()
            .map(|&enc| DecryptionKey::direct(enc, &vec![9; enc.key_length()]).unwrap().with_kid(enc.as_str())),
    );
    keys
}

/// The back end without C has no RSA private keys.
fn has_no(algorithm: KeyManagement, error: &KeyError) -> bool {
    !cfg!(feature = "native") && (algorithm, error) == (KeyManagement::RsaOaep256, &KeyError::RsaPrivateKey)
}

/// Somebody's public RSA key, which says nothing but its members.
fn rsa_members() -> Value {
    let key = VerifyingKey::from_pem(Algorithm::Rs256, &forge::entry("RS256 public PEM")).unwrap();
    let jwk = serde_json::to_value(key.jwk()).unwrap();
    json!({"kty": "RSA", "n": jwk["n"], "e": jwk["e"]})
}

/// The same as a key of encryption.
fn rsa_public() -> Value {
    with(&with(&rsa_members(), "alg", json!("RSA-OAEP-256")), "use", json!("enc"))
}

/// What one of the two encrypts, the other decrypts.
fn are_the_same(one: &DecryptionKey, other: &DecryptionKey) -> bool {
    let message = jwe::encrypt(&one.encryption_key(), &Parameters::default(), b"x").unwrap();
    one.algorithm() == other.algorithm()
        && one.accepted() == other.accepted()
        && one.kid() == other.kid()
        && Compact::parse(&message).unwrap().decrypt(other).is_ok()
}

#[test]
fn a_key_that_is_written_is_read_back() {
    for key in keys() {
        let written = key.to_jwk().unwrap();
        let read = DecryptionKey::from_jwk(written.expose()).unwrap();
        assert!(are_the_same(&key, &read), "{key:?}");
        let value: Value = strict::from_slice(written.expose().as_bytes()).unwrap();
        assert_eq!(value["use"], "enc");
        match key.encryption_key().to_jwk() {
            Ok(public) => {
                assert_eq!(public["alg"], key.algorithm().as_str());
                assert_eq!(public["kid"], key.kid().unwrap());
                let read = EncryptionKey::from_jwk(&public.to_string()).unwrap();
                let message = jwe::encrypt(&read, &Parameters::default(), b"x").unwrap();
                assert!(Compact::parse(&message).unwrap().decrypt(&key).is_ok());
                assert_eq!((read.kid(), read.thumbprint()), (key.kid(), key.thumbprint()));
                assert_eq!(key.kid(), Some(key.thumbprint().unwrap().as_str()));
                for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                    assert!(public.get(private).is_none(), "{private}");
                }
            }
            Err(error) => {
                assert_eq!((error, value["kty"].as_str(), key.thumbprint()), (KeyError::Symmetric, Some("oct"), None));
            }
        }
    }
    let password = DecryptionKey::password(KeyManagement::Pbes2Hs256A128Kw, b"correct horse battery staple").unwrap();
    assert_eq!(password.to_jwk().map(drop), Err(KeyError::Unsupported));
}

/// RFC 7638 section 3.2 and RFC 8037 section 2: `alg`, `use` and `kid` play no part. The key is that of RFC 8037
/// appendix A.6; the members in the order of their names are written out here.
#[test]
fn the_thumbprint_of_an_x25519_key_is_of_its_required_members() {
    let x = "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08";
    let jwk = json!({"kty": "OKP", "crv": "X25519", "kid": "Bob", "x": x, "alg": "ECDH-ES", "use": "enc"});
    let expected = countersign_jose::sha256(format!(r#"{{"crv":"X25519","kty":"OKP","x":"{x}"}}"#).as_bytes());
    let key = EncryptionKey::from_jwk(&jwk.to_string()).unwrap();
    assert_eq!(key.thumbprint().unwrap().as_str(), base64url::encode(expected));
}

fn private_jwk(key: &DecryptionKey) -> Value {
    serde_json::from_str(key.to_jwk().unwrap().expose()).unwrap()
}

fn with(jwk: &Value, member: &str, value: Value) -> Value {
    let mut jwk = jwk.clone();
    jwk[member] = value;
    jwk
}

fn without(jwk: &Value, member: &str) -> Value {
    let mut jwk = jwk.clone();
    jwk.as_object_mut().unwrap().remove(member);
    jwk
}

#[test]
fn a_public_key_that_breaks_a_rule_is_refused_for_it() {
    use KeyError::{
        AlgorithmMismatch, Malformed, Member, NotForEncryption, Point, PrivateMember, RsaSize, Symmetric, Unsupported,
    };
    let ec = DecryptionKey::generate(KeyManagement::EcdhEsA128Kw).unwrap();
    let (ec, rsa) = (ec.encryption_key().to_jwk().unwrap(), rsa_public());
    let x25519 = DecryptionKey::generate_on(AgreementCurve::X25519, KeyManagement::EcdhEs).unwrap();
    let x25519 = x25519.encryption_key().to_jwk().unwrap();
    let mut off = base64url::decode(ec["y"].as_str().unwrap()).unwrap();
    off[31] ^= 1;
    let rows = [
        ("for signatures", with(&ec, "use", json!("sig")), NotForEncryption),
        ("for signatures, RSA", with(&rsa, "use", json!("sig")), NotForEncryption),
        ("an unknown use", with(&ec, "use", json!("tls")), NotForEncryption),
        ("use a number", with(&ec, "use", json!(1)), Member("use")),
        ("may verify", with(&rsa, "key_ops", json!(["verify"])), NotForEncryption),
        ("may verify too", with(&rsa, "key_ops", json!(["wrapKey", "verify"])), NotForEncryption),
        ("may decrypt", with(&rsa, "key_ops", json!(["decrypt"])), NotForEncryption),
        ("may do nothing", with(&rsa, "key_ops", json!([])), NotForEncryption),
        ("an operation twice", with(&rsa, "key_ops", json!(["wrapKey", "wrapKey"])), Member("key_ops")),
        ("operations as a string", with(&rsa, "key_ops", json!("wrapKey")), Member("key_ops")),
        ("alg absent", without(&ec, "alg"), Member("alg")),
        ("alg a number", with(&ec, "alg", json!(1)), Member("alg")),
        ("alg of signatures", with(&ec, "alg", json!("ES256")), NotForEncryption),
        ("alg of MACs", with(&ec, "alg", json!("HS256")), NotForEncryption),
        ("alg of another kind", with(&ec, "alg", json!("RSA-OAEP-256")), AlgorithmMismatch),
        ("alg of another kind, RSA", with(&rsa, "alg", json!("ECDH-ES")), AlgorithmMismatch),
        ("alg of a secret", with(&rsa, "alg", json!("A128KW")), AlgorithmMismatch),
        ("alg a content encryption", with(&rsa, "alg", json!("A128GCM")), AlgorithmMismatch),
        ("RSA1_5", with(&rsa, "alg", json!("RSA1_5")), Unsupported),
        ("RSA-OAEP", with(&rsa, "alg", json!("RSA-OAEP")), Unsupported),
        ("ECDH-ES+A192KW", with(&ec, "alg", json!("ECDH-ES+A192KW")), Unsupported),
        ("symmetric", json!({"kty": "oct", "k": "GawgguFyGrWKav7AX4VKUg", "alg": "A128KW"}), Symmetric),
        ("private", with(&ec, "d", json!("AA")), PrivateMember),
        ("private of another kind", with(&ec, "p", json!("AA")), PrivateMember),
        ("private, RSA", with(&rsa, "d", json!("AQAB")), PrivateMember),
        ("private, X25519", with(&x25519, "d", json!("AA")), PrivateMember),
        ("kid empty", with(&ec, "kid", json!("")), Member("kid")),
        ("kty absent", without(&ec, "kty"), Member("kty")),
        ("kty unknown", with(&ec, "kty", json!("AKP")), Unsupported),
        ("kty unknown, and nothing else", json!({"kty": "XYZ"}), Unsupported),
        ("crv absent", without(&ec, "crv"), Member("crv")),
        ("crv unknown", with(&ec, "crv", json!("secp256k1")), Unsupported),
        ("crv of another kty", with(&ec, "crv", json!("X25519")), Unsupported),
        ("Ed25519", with(&x25519, "crv", json!("Ed25519")), NotForEncryption),
        ("X448", with(&x25519, "crv", json!("X448")), Unsupported),
        ("off the curve", with(&ec, "y", json!(base64url::encode(off))), Point),
        ("y absent", without(&ec, "y"), Member("y")),
        ("x cut", with(&x25519, "x", json!(base64url::encode([1; 31]))), Member("x")),
        ("of small order", with(&x25519, "x", json!(base64url::encode([0; 32]))), Point),
        ("a second encoding", with(&x25519, "x", json!(base64url::encode([0xFF; 32]))), Member("x")),
        ("1024 bits", with(&rsa, "n", json!(base64url::encode([0xA5; 128]))), RsaSize),
        ("an even exponent", with(&rsa, "e", json!("AQAC")), RsaSize),
        ("no object", json!([]), Malformed),
    ];
    for (name, jwk, expected) in rows {
        assert_eq!(EncryptionKey::from_jwk(&jwk.to_string()).map(drop), Err(expected), "{name}");
    }
    let twice = ec.to_string().replacen('{', r#"{"kty":"EC","#, 1);
    assert!(matches!(EncryptionKey::from_jwk(&twice), Err(KeyError::Json(_))), "a member twice");
    for jwk in [&ec, &rsa, &x25519] {
        for (member, value) in [
            ("x5t", json!("abc")),
            ("exp", json!(1)),
            ("key_ops", json!(["wrapKey"])),
            ("key_ops", json!(["deriveBits"])),
        ] {
            assert!(EncryptionKey::from_jwk(&with(jwk, member, value).to_string()).is_ok(), "{member}");
        }
        assert!(EncryptionKey::from_jwk(&without(jwk, "use").to_string()).is_ok());
    }
}

/// RFC 8725 section 3.1: a key that leaves its algorithm open gets it from the caller; one that names it is used with no
/// other.
#[test]
fn the_caller_says_the_algorithm_of_a_key_that_does_not() {
    let key = DecryptionKey::generate(KeyManagement::EcdhEs).unwrap();
    let (public, private) = (key.encryption_key().to_jwk().unwrap(), private_jwk(&key));
    for algorithm in [KeyManagement::EcdhEs, KeyManagement::EcdhEsA128Kw, KeyManagement::EcdhEsA256Kw] {
        let open = without(&public, "alg").to_string();
        assert_eq!(EncryptionKey::from_jwk_for(algorithm, &open).unwrap().algorithm(), algorithm);
        let open = without(&private, "alg").to_string();
        assert_eq!(DecryptionKey::from_jwk_for(algorithm, &open).unwrap().algorithm(), algorithm);
        let expected = if algorithm == KeyManagement::EcdhEs { Ok(()) } else { Err(KeyError::AlgorithmMismatch) };
        assert_eq!(EncryptionKey::from_jwk_for(algorithm, &public.to_string()).map(drop), expected);
        assert_eq!(DecryptionKey::from_jwk_for(algorithm, &private.to_string()).map(drop), expected);
    }
    for algorithm in [KeyManagement::RsaOaep256, KeyManagement::A128Kw, KeyManagement::Dir] {
        let open = without(&private, "alg").to_string();
        assert_eq!(DecryptionKey::from_jwk_for(algorithm, &open).map(drop), Err(KeyError::AlgorithmMismatch));
    }
    assert_eq!(DecryptionKey::from_jwk(&without(&private, "alg").to_string()).map(drop), Err(KeyError::Member("alg")));
}

#[test]
fn a_private_key_that_breaks_a_rule_is_refused_for_it() {
    use KeyError::{Inconsistent, Member, NotForEncryption};
    for curve in AgreementCurve::ALL {
        let [key, other] =
            [(); 2].map(|()| private_jwk(&DecryptionKey::generate_on(*curve, KeyManagement::EcdhEs).unwrap()));
        let length = base64url::decode(key["d"].as_str().unwrap()).unwrap().len();
        let rows = [
            ("another's d", with(&key, "d", other["d"].clone()), Inconsistent),
            ("d absent", without(&key, "d"), Member("d")),
            ("d a number", with(&key, "d", json!(1)), Member("d")),
            ("d cut", with(&key, "d", json!(base64url::encode(vec![1; length - 1]))), Member("d")),
            ("a prime", with(&key, "p", json!("AQAB")), Member("p")),
            ("a secret", with(&key, "k", json!("AQAB")), Member("k")),
            ("may sign", with(&key, "key_ops", json!(["sign"])), NotForEncryption),
        ];
        for (name, jwk, expected) in rows {
            assert_eq!(DecryptionKey::from_jwk(&jwk.to_string()).map(drop), Err(expected), "{curve}: {name}");
        }
        assert!(
            DecryptionKey::from_jwk(&with(&key, "key_ops", json!(["deriveKey", "deriveBits"])).to_string()).is_ok()
        );
    }
    if !cfg!(feature = "native") {
        let refused = DecryptionKey::generate(KeyManagement::RsaOaep256).unwrap_err();
        assert!(has_no(KeyManagement::RsaOaep256, &refused));
        return;
    }
    let [key, other] = [(); 2].map(|()| private_jwk(&DecryptionKey::generate(KeyManagement::RsaOaep256).unwrap()));
    for member in ["d", "p", "q", "dp", "dq", "qi"] {
        assert_eq!(DecryptionKey::from_jwk(&without(&key, member).to_string()).map(drop), Err(Member(member)));
        let mixed = with(&key, member, other[member].clone());
        assert_eq!(DecryptionKey::from_jwk(&mixed.to_string()).map(drop), Err(Inconsistent), "{member}");
    }
    let larger = DecryptionKey::generate_rsa(RsaSize::Bits3072).unwrap().encryption_key().to_jwk().unwrap();
    assert_eq!(base64url::decode(larger["n"].as_str().unwrap()).unwrap().len(), 384);
    assert_eq!(DecryptionKey::from_jwk(&with(&key, "oth", json!([])).to_string()).map(drop), Err(Member("oth")));
}

#[test]
fn a_symmetric_key_that_breaks_a_rule_is_refused_for_it() {
    use KeyError::{AlgorithmMismatch, KeySize, Member, NotForEncryption, Unsupported};
    let oct = |length: usize, alg: &str| json!({"kty": "oct", "k": base64url::encode(vec![5; length]), "alg": alg});
    let rows = [
        (oct(16, "A256KW"), KeySize),
        (oct(32, "A128KW"), KeySize),
        (oct(24, "dir"), KeySize),
        (oct(16, "A256GCM"), KeySize),
        (oct(15, "PBES2-HS256+A128KW"), KeySize),
        (oct(32, "HS256"), NotForEncryption),
        (oct(16, "A128GCMKW"), Unsupported),
        (oct(24, "A192KW"), Unsupported),
        (oct(32, "ECDH-ES"), AlgorithmMismatch),
        (oct(32, "RSA-OAEP-256"), AlgorithmMismatch),
        (without(&oct(16, "A128KW"), "alg"), Member("alg")),
        (without(&oct(16, "A128KW"), "k"), Member("k")),
        (with(&oct(16, "A128KW"), "k", json!("AAAAAAAAAAAAAAAAAAAAAB")), Member("k")),
        (with(&oct(16, "A128KW"), "d", json!("AAAA")), Member("d")),
        (with(&oct(16, "A128KW"), "crv", json!("P-256")), Member("crv")),
        (with(&oct(16, "A128KW"), "use", json!("sig")), NotForEncryption),
        (with(&oct(16, "A128KW"), "key_ops", json!(["sign", "verify"])), NotForEncryption),
    ];
    for (jwk, expected) in rows {
        assert_eq!(DecryptionKey::from_jwk(&jwk.to_string()).map(drop), Err(expected), "{jwk}");
    }
    // A key for `dir` is for one content encryption: the one it names, or the one of its length.
    for (length, alg, enc) in [
        (16, "dir", ContentEncryption::A128Gcm),
        (32, "dir", ContentEncryption::A256Gcm),
        (64, "dir", ContentEncryption::A256CbcHs512),
        (32, "A128CBC-HS256", ContentEncryption::A128CbcHs256),
        (32, "A256GCM", ContentEncryption::A256Gcm),
    ] {
        let key = DecryptionKey::from_jwk(&oct(length, alg).to_string()).unwrap();
        assert_eq!((key.algorithm(), key.accepted()), (KeyManagement::Dir, &[enc][..]));
    }
    let named = oct(32, "A256GCM").to_string();
    assert!(DecryptionKey::from_jwk_for(KeyManagement::Dir, &named).is_ok());
    assert_eq!(DecryptionKey::from_jwk_for(KeyManagement::A256Kw, &named).map(drop), Err(AlgorithmMismatch));
    let password = oct(20, "PBES2-HS256+A128KW").to_string();
    assert_eq!(DecryptionKey::from_jwk(&password).unwrap().algorithm(), KeyManagement::Pbes2Hs256A128Kw);
}

/// One key does one thing: what is for signatures is refused here, and what is for encryption is refused there.
#[test]
fn keys_of_signatures_and_of_encryption_are_never_taken_for_each_other() {
    for &algorithm in Algorithm::ALL {
        let key = match SigningKey::generate(algorithm) {
            Ok(key) => key,
            Err(KeyError::RsaPrivateKey) if !cfg!(feature = "native") => continue,
            Err(error) => panic!("{algorithm}: {error}"),
        };
        let public = serde_json::to_string(key.public_jwk()).unwrap();
        assert_eq!(EncryptionKey::from_jwk(&public).map(drop), Err(KeyError::NotForEncryption), "{algorithm}");
        let refused = DecryptionKey::from_jwk(key.to_jwk().unwrap().expose()).map(drop);
        assert_eq!(refused, Err(KeyError::NotForEncryption), "{algorithm}");
    }
    for key in keys() {
        let private = private_jwk(&key);
        let refused = SigningKey::from_jwk(&private.to_string()).unwrap_err();
        assert!(matches!(refused, KeyError::NotForSignatures | KeyError::Symmetric), "{key:?}: {refused}");
        if let Ok(public) = key.encryption_key().to_jwk() {
            assert_eq!(Jwk::from_value(&public).map(drop), Err(KeyError::NotForSignatures), "{key:?}");
            // Without `use`, `alg` still says so.
            let refused = Jwk::from_value(&without(&public, "use")).unwrap_err();
            assert!(matches!(refused, KeyError::Unsupported | KeyError::AlgorithmMismatch), "{key:?}: {refused}");
        }
    }
}

/// OIDC Core section 10.2: the encryption keys of a party, out of the same document as its signature keys.
#[test]
fn a_partys_encryption_keys_are_found_among_its_signature_keys() {
    let signs = SigningKey::generate(Algorithm::Es256).unwrap();
    let agrees = DecryptionKey::generate(KeyManagement::EcdhEsA256Kw).unwrap();
    let open = DecryptionKey::generate_on(AgreementCurve::X25519, KeyManagement::EcdhEs).unwrap();
    let jwk = |key: &DecryptionKey| key.encryption_key().to_jwk().unwrap();
    let document = json!({"keys": [
        signs.public_jwk(),
        // A key that does not say what it is for is for signatures, as it always was.
        rsa_members(),
        jwk(&agrees),
        rsa_public(),
        without(&jwk(&open), "alg"),
        {"kty": "EC", "crv": "secp256k1", "use": "enc", "x": "AA", "y": "AA"},
        {"kty": "AKP", "alg": "ML-KEM-768", "use": "enc", "pub": "AA"},
        {"kty": "XYZ"},
        with(&rsa_public(), "alg", json!("RSA1_5")),
    ]});
    let set = EncryptionKeySet::parse(&document.to_string()).unwrap();
    assert_eq!((set.len(), set.is_empty()), (3, false));
    let rsa = EncryptionKey::from_jwk(&rsa_public().to_string()).unwrap().thumbprint();
    for (algorithm, expected) in [
        (KeyManagement::EcdhEsA256Kw, agrees.thumbprint()),
        (KeyManagement::RsaOaep256, rsa),
        (KeyManagement::EcdhEs, open.thumbprint()),
        (KeyManagement::EcdhEsA128Kw, open.thumbprint()),
        (KeyManagement::A128Kw, None),
        (KeyManagement::Dir, None),
    ] {
        let found = set.choose(algorithm);
        assert_eq!(found.as_ref().map(EncryptionKey::algorithm), expected.as_ref().map(|_| algorithm));
        assert_eq!(found.and_then(|key| key.thumbprint()), expected, "{algorithm}");
    }
    let to = set.choose(KeyManagement::EcdhEsA256Kw).unwrap();
    let message = jwe::encrypt(&to, &Parameters::default(), b"x").unwrap();
    assert!(Compact::parse(&message).unwrap().decrypt(&agrees).is_ok());
    // The signature keys of the same document: the two that are no keys of encryption.
    assert_eq!(JwkSet::parse(&document.to_string()).unwrap().keys().len(), 2);

    let key = jwk(&agrees);
    let refused = [
        (json!({"keys": [key, {"kty": "oct", "k": "AAAA"}]}), "key 1 of the set is refused: the key is symmetric"),
        (
            json!({"keys": [with(&key, "d", json!("AA"))]}),
            "key 0 of the set is refused: the key carries private members",
        ),
        (
            json!({"keys": [with(&key, "x", json!("AA"))]}),
            "key 0 of the set is refused: the member x is missing or malformed",
        ),
        (json!({"keys": [key, key]}), "two keys of the set have the same kid"),
        // Whoever publishes these has lost control of the set, whatever they are for.
        (
            json!({"keys": [key, {"kty": "RSA", "use": "sig", "e": "AQAB", "n": base64url::encode([0xC1; 128])}]}),
            "key 1 of the set is refused: the RSA key has an unacceptable size",
        ),
        (
            json!({"keys": [key, {"kty": "OKP", "crv": "Ed25519", "x": base64url::encode([0; 32])}]}),
            "key 1 of the set is refused: the key is not a point of its curve, or a weak one",
        ),
        (json!({"keys": {}}), "the key set has no array \"keys\""),
    ];
    for (document, reason) in refused {
        assert_eq!(EncryptionKeySet::parse(&document.to_string()).unwrap_err().to_string(), reason);
    }
    let many = json!({"keys": vec![json!({"kty": "x"}); 65]}).to_string();
    assert_eq!(EncryptionKeySet::parse(&many).map(drop), Err(JwkSetError::TooManyKeys { found: 65 }));
    let long = " ".repeat(JwkSet::MAX_BYTES + 1);
    assert!(matches!(EncryptionKeySet::parse(&long).map(drop), Err(JwkSetError::TooLarge { .. })));
}
