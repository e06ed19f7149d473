//! RFC 9449: DPoP proofs.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

mod forge;

use countersign_jose::jws::hmac::{self, HmacAlgorithm, HmacKey};
use countersign_jose::jwt::dpop::{self, DpopError, Expect, Presented, Proof, Request};
use countersign_jose::jwt::{MintError, TokenError};
use countersign_jose::{Algorithm, KeyError, SigningKey, Thumbprint, base64url, sha256};
use forge::{SIGNING, entry, forge, key, other_key};
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000;
const METHOD: &str = "POST";
const URI: &str = "https://api.test/items";
const TOKEN: &str = "an.access.token";

/// The claims of a proof that every row starts from.
fn claims() -> Value {
    json!({"jti": "j1", "htm": METHOD, "htu": URI, "iat": NOW, "ath": ath(), "nonce": "n1"})
}

fn ath() -> String {
    base64url::encode(sha256(TOKEN.as_bytes()))
}

fn with(claim: &str, value: Value) -> String {
    let mut claims = claims();
    claims[claim] = value;
    claims.to_string()
}

fn without(claim: &str) -> String {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(claim);
    claims.to_string()
}

fn header(key: &SigningKey) -> Value {
    json!({"alg": key.algorithm(), "typ": "dpop+jwt", "jwk": key.public_jwk()})
}

/// Signs the claims rightly with the ES256 key, which the header brings.
fn proof(claims: impl AsRef<[u8]>) -> String {
    let key = key(Algorithm::Es256);
    forge(&key, header(&key).to_string(), claims)
}

fn at_resource(jkt: &Thumbprint) -> Expect<'_> {
    Expect::new(METHOD, URI, Presented::AccessToken { token: TOKEN, jkt })
}

fn judge(proof: &str) -> Result<Proof, DpopError> {
    dpop::verify(proof, &at_resource(key(Algorithm::Es256).thumbprint()), NOW)
}

fn code(proof: &str) -> &'static str {
    judge(proof).map_or_else(|error| error.code(), |_| "accepted")
}

/// Sections 4.1, 6.1 and 7.1.
#[test]
fn the_examples_of_the_standard_are_proofs_of_the_printed_key() {
    let examples: Vec<Value> = serde_json::from_str(include_str!("vectors/dpop_proofs.json")).unwrap();
    for example in &examples {
        let text = |member: &str| example[member].as_str().unwrap();
        let jkt: Thumbprint = text("expect").parse().unwrap();
        let presented = match example["access_token"].as_str() {
            Some(token) => Presented::AccessToken { token, jkt: &jkt },
            None => Presented::Nothing,
        };
        let iat = example["iat"].as_i64().unwrap();
        let verified = dpop::verify(text("proof"), &Expect::new(text("method"), text("uri"), presented), iat).unwrap();
        assert_eq!((verified.thumbprint(), verified.jti(), verified.iat()), (&jkt, text("jti"), iat));
        assert_eq!(verified.nonce(), None, "{}", text("source"));
    }
    assert_eq!(examples.len(), 2);
}

/// Section 4.2: what a client mints passes for its request, with every algorithm, and says which key the client holds.
#[test]
fn a_minted_proof_verifies_and_names_its_key() {
    for &algorithm in SIGNING {
        let key = key(algorithm).with_kid("a name that no proof carries");
        let request = Request {
            method: "GET",
            uri: "https://api.test/items?page=2#top",
            access_token: Some(TOKEN),
            nonce: Some("n1"),
            jti: "j1",
        };
        let proof = dpop::mint(&key, &request, NOW).unwrap();
        let segments: Vec<_> = proof.split('.').map(|segment| base64url::decode(segment).unwrap()).collect();
        let minted_header: Value = serde_json::from_slice(&segments[0]).unwrap();
        let minted: Value = serde_json::from_slice(&segments[1]).unwrap();
        assert_eq!(minted, json!({"jti": "j1", "htm": "GET", "htu": URI, "iat": NOW, "ath": ath(), "nonce": "n1"}));
        assert_eq!((&minted_header["typ"], &minted_header["kid"]), (&json!("dpop+jwt"), &Value::Null));

        let presented = Presented::AccessToken { token: TOKEN, jkt: key.thumbprint() };
        let expect = Expect::new("GET", "https://API.test:443/items?page=3", presented).nonce_any_of(&["n0", "n1"]);
        let verified = dpop::verify(&proof, &expect, NOW).unwrap();
        assert_eq!((verified.jti(), verified.iat(), verified.nonce()), ("j1", NOW, Some("n1")));
        assert_eq!((verified.thumbprint(), verified.key().algorithm()), (key.thumbprint(), algorithm));
        assert_eq!(verified.remember_until(), NOW + 90);
    }
}

/// Section 4.2: what no verifier here would take is not made.
#[test]
fn a_proof_for_no_request_is_not_minted() {
    let request = Request { method: "GET", uri: URI, access_token: None, nonce: None, jti: "j1" };
    let mint = |request: Request<'_>| dpop::mint(&key(Algorithm::EdDSA), &request, NOW);
    assert!(mint(request).is_ok());
    for uri in ["", "/items", "ftp://api.test/", "https://me@api.test/", "https://api.test/a/../b"] {
        assert_eq!(mint(Request { uri, ..request }), Err(MintError::Claims), "{uri:?}");
    }
    assert_eq!(mint(Request { jti: "", ..request }), Err(MintError::Claims));
    assert_eq!(mint(Request { method: "", ..request }), Err(MintError::Claims));
    let nonce = "n".repeat(16_000);
    assert!(matches!(mint(Request { nonce: Some(&nonce), ..request }), Err(MintError::TooLarge { .. })));
}

/// Section 4.3, steps 4 to 7: the header says `dpop+jwt` and brings a public key for its `alg`, whose signature it is.
#[test]
fn a_proof_whose_header_is_not_in_order_is_refused() {
    let own = key(Algorithm::Es256);
    let private: Value = serde_json::from_str(own.to_jwk().unwrap().expose()).unwrap();
    let forge = |header: Value| forge(&own, header.to_string(), claims().to_string());
    let changed = |member: &str, value: Value| {
        let mut header = header(&own);
        header[member] = value;
        forge(header)
    };
    let jwk = |change: &dyn Fn(&mut Value)| {
        let mut jwk = json!(own.public_jwk());
        change(&mut jwk);
        changed("jwk", jwk)
    };
    let rows = [
        ("another kind", changed("typ", json!("at+jwt")), "typ"),
        ("JWT", changed("typ", json!("JWT")), "typ"),
        ("no kind", forge(json!({"alg": "ES256", "jwk": own.public_jwk()})), "typ"),
        ("no key", forge(json!({"alg": "ES256", "typ": "dpop+jwt"})), "header_member"),
        (
            "kid in the place of the key",
            forge(json!({"alg": "ES256", "typ": "dpop+jwt", "kid": own.kid()})),
            "header_member",
        ),
        ("the key null", changed("jwk", Value::Null), "header_key"),
        ("the key a string", changed("jwk", json!(own.thumbprint())), "header_key"),
        ("a list of keys", changed("jwk", json!([own.public_jwk()])), "header_key"),
        ("a private key", changed("jwk", private), "header_key"),
        ("a key with d alone", jwk(&|jwk| jwk["d"] = json!("")), "header_key"),
        ("a symmetric key", changed("jwk", json!({"kty": "oct", "k": "AAAA"})), "header_key"),
        ("a key for encryption", jwk(&|jwk| jwk["use"] = json!("enc")), "header_key"),
        ("a key that signs", jwk(&|jwk| jwk["key_ops"] = json!(["sign"])), "header_key"),
        ("a key for another algorithm", jwk(&|jwk| jwk["alg"] = json!("ES384")), "header_key"),
        ("a point off the curve", jwk(&|jwk| jwk["y"] = jwk["x"].clone()), "header_key"),
        ("a key of another curve", changed("jwk", json!(key(Algorithm::Es384).public_jwk())), "algorithm_mismatch"),
        ("a key of another kind", changed("jwk", json!(key(Algorithm::EdDSA).public_jwk())), "algorithm_mismatch"),
        ("somebody else's key", changed("jwk", json!(other_key(Algorithm::Es256).public_jwk())), "signature"),
        ("alg of another key", changed("alg", json!("ES384")), "algorithm_mismatch"),
        ("alg none", changed("alg", json!("none")), "unsupported_algorithm"),
        ("alg HS256", changed("alg", json!("HS256")), "unsupported_algorithm"),
        ("a reference beside the key", changed("jku", json!("https://evil.test/")), "key_in_header"),
        ("a chain beside the key", changed("x5c", json!(["MIIB"])), "key_in_header"),
        ("a link to a chain", changed("x5u", json!("http://169.254.169.254/")), "key_in_header"),
        ("an extension", changed("crit", json!(["jwk"])), "critical"),
        ("an unencoded payload", changed("b64", json!(false)), "unencoded_payload"),
    ];
    let good = proof(claims().to_string());
    for (name, proof, expected) in rows {
        assert_eq!(code(&proof), expected, "{name}");
        assert_eq!(code(&good), "accepted", "the control of {name}");
    }
    assert_eq!(code(&changed("typ", json!("application/DPoP+JWT"))), "accepted");
    assert_eq!(code(&changed("kid", json!("k1"))), "accepted", "a name for the key changes nothing");
}

/// The rules of a JWK hold for the one in the header.
#[test]
fn a_weak_key_proves_nothing() {
    let refused = |jwk: Value| {
        let header = json!({"alg": jwk["alg"], "typ": "dpop+jwt", "jwk": jwk});
        match dpop::verify(&forge(&key(Algorithm::Es256), header.to_string(), claims().to_string()), &anywhere(), NOW) {
            Err(DpopError::Token(TokenError::Jws(countersign_jose::jws::JwsError::HeaderKey(reason)))) => reason,
            verified => panic!("{jwk}: {verified:?}"),
        }
    };
    let zeros = base64url::encode([0; 32]);
    assert_eq!(refused(json!({"kty": "OKP", "crv": "Ed25519", "x": zeros, "alg": "EdDSA"})), KeyError::Point);
    let short = base64url::encode([0xFF; 128]);
    assert_eq!(refused(json!({"kty": "RSA", "n": short, "e": "AQAB", "alg": "RS256"})), KeyError::RsaSize);
    assert!(matches!(refused(json!({"kty": "oct", "k": zeros, "alg": "ES256"})), KeyError::Symmetric));
}

fn anywhere() -> Expect<'static> {
    Expect::new(METHOD, URI, Presented::Nothing)
}

/// Section 4.2: `alg` is asymmetric; a MAC by the public key that the header shows is no proof.
#[test]
fn a_mac_by_the_shown_key_is_no_proof() {
    let pem = entry("RS256 public PEM");
    let mac = HmacKey::new(HmacAlgorithm::Hs256, pem.as_bytes()).unwrap();
    let tagged = hmac::sign(&mac, Some("dpop+jwt"), claims().to_string().as_bytes()).unwrap();
    assert_eq!(dpop::verify(&tagged, &anywhere(), NOW).unwrap_err().code(), "unsupported_algorithm");
    // The control, where this build has the private key.
    if SIGNING.contains(&Algorithm::Rs256) {
        let rsa = key(Algorithm::Rs256);
        assert!(dpop::verify(&forge(&rsa, header(&rsa).to_string(), claims().to_string()), &anywhere(), NOW).is_ok());
    }
}

/// An RSA key that names no algorithm is for the one of the header that brings it, and for that one only.
#[test]
#[cfg(feature = "native")] // It signs with RSA.
fn an_rsa_key_without_alg_is_for_the_alg_of_the_proof() {
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Ps512] {
        let key = key(algorithm);
        let mut jwk = json!(key.public_jwk());
        jwk.as_object_mut().unwrap().remove("alg");
        let header = json!({"alg": algorithm, "typ": "dpop+jwt", "jwk": jwk});
        let verified = dpop::verify(&forge(&key, header.to_string(), claims().to_string()), &anywhere(), NOW).unwrap();
        assert_eq!((verified.key().algorithm(), verified.thumbprint()), (algorithm, key.thumbprint()));
        let other = if algorithm == Algorithm::Rs256 { Algorithm::Ps256 } else { Algorithm::Rs256 };
        let header = json!({"alg": other, "typ": "dpop+jwt", "jwk": jwk});
        let signed = forge(&key, header.to_string(), claims().to_string());
        assert_eq!(dpop::verify(&signed, &anywhere(), NOW).unwrap_err().code(), "signature", "{algorithm}");
    }
}

/// Section 4.3, steps 3, 8 to 12: what a proof must say, for which request, token and nonce.
#[test]
fn a_proof_for_another_request_is_refused() {
    let rows = [
        ("jti", json!("j2"), "accepted"),
        ("jti", json!(""), "claim_type"),
        ("jti", json!(1), "claim_type"),
        ("jti", Value::Null, "claim_type"),
        ("htm", json!("GET"), "dpop_method"),
        ("htm", json!("post"), "dpop_method"),
        ("htm", json!("POST "), "dpop_method"),
        ("htm", json!(["POST"]), "claim_type"),
        ("htm", json!(""), "claim_type"),
        ("htu", json!("https://API.test/items"), "accepted"),
        ("htu", json!("HTTPS://api.test:443/%69tems"), "accepted"),
        ("htu", json!("https://api.test/items?a=b"), "accepted"),
        ("htu", json!("https://api.test/items#x"), "accepted"),
        ("htu", json!("https://api.test/items/"), "dpop_uri"),
        ("htu", json!("https://api.test/Items"), "dpop_uri"),
        ("htu", json!("https://api.test/"), "dpop_uri"),
        ("htu", json!("https://api.test/x/../items"), "dpop_uri"),
        ("htu", json!("https://api.test:8443/items"), "dpop_uri"),
        ("htu", json!("http://api.test/items"), "dpop_uri"),
        ("htu", json!("https://api.test.evil.test/items"), "dpop_uri"),
        ("htu", json!("https://api.test@evil.test/items"), "dpop_uri"),
        ("htu", json!("https://evil.test/items"), "dpop_uri"),
        ("htu", json!("https://evil.test/?https://api.test/items"), "dpop_uri"),
        ("htu", json!("//api.test/items"), "dpop_uri"),
        ("htu", json!("/items"), "dpop_uri"),
        ("htu", json!(["https://api.test/items"]), "claim_type"),
        ("htu", Value::Null, "claim_type"),
        ("ath", json!(base64url::encode(sha256(b"another.access.token"))), "dpop_access_token"),
        ("ath", json!(format!("{}=", ath())), "dpop_access_token"),
        ("ath", json!(TOKEN), "dpop_access_token"),
        ("ath", json!(""), "claim_type"),
        ("ath", json!([ath()]), "claim_type"),
        ("nonce", json!(7), "claim_type"),
        ("nonce", json!("n2"), "accepted"),
        ("exp", json!(NOW + 1), "accepted"),
        ("exp", json!(NOW), "never_valid"),
        ("exp", json!(NOW - 30), "never_valid"),
        ("exp", json!("9999999999"), "claim_type"),
        ("nbf", json!(NOW + 30), "accepted"),
        ("nbf", json!(NOW + 31), "not_yet_valid"),
        ("iat", json!(NOW - 90), "accepted"),
        ("iat", json!(NOW - 91), "dpop_too_old"),
        ("iat", json!(0), "dpop_too_old"),
        ("iat", json!(NOW + 30), "accepted"),
        ("iat", json!(NOW + 31), "issued_in_future"),
        ("iat", json!(NOW.to_string()), "claim_type"),
        ("x", json!({"y": 1}), "accepted"),
    ];
    for (claim, value, expected) in rows {
        assert_eq!(code(&proof(with(claim, value.clone()))), expected, "{claim}: {value}");
    }
    for claim in ["jti", "htm", "htu", "iat", "ath"] {
        let missing = TokenError::ClaimMissing { claim };
        assert_eq!(judge(&proof(without(claim))).unwrap_err(), missing.into(), "without {claim}");
    }
    assert!(judge(&proof(without("nonce"))).is_ok(), "a nonce was not asked for");
    assert_eq!(code(&proof(b"[]")), "claims_not_object");
    assert_eq!(code(&proof(claims().to_string().replacen('{', r#"{"htm":"GET","#, 1))), "claims_json");
    let refusal = DpopError::TooOld { iat: NOW - 91, now: NOW, limit: 60 };
    assert_eq!(judge(&proof(with("iat", json!(NOW - 91)))).unwrap_err(), refusal);
    let refusal = DpopError::Method { expected: METHOD.to_owned(), found: "GET".to_owned() };
    assert_eq!(judge(&proof(with("htm", json!("GET")))).unwrap_err(), refusal);
}

/// Section 4.3, step 12: with an access token, the proof is by the key that the token is bound to.
#[test]
fn a_proof_by_another_key_than_the_bound_one_is_refused() {
    let (own, other) = (key(Algorithm::Es256), other_key(Algorithm::Es256));
    let theirs = forge(&other, header(&other).to_string(), claims().to_string());
    let binding = DpopError::Binding { expected: own.thumbprint().clone(), found: other.thumbprint().clone() };
    assert_eq!(judge(&theirs).unwrap_err(), binding);
    let at_token_endpoint = |key: &SigningKey| dpop::verify(&theirs, &anywhere().bound_to(key.thumbprint()), NOW);
    assert_eq!(at_token_endpoint(&own).unwrap_err(), binding);
    assert!(at_token_endpoint(&other).is_ok());
    assert!(dpop::verify(&theirs, &anywhere(), NOW).is_ok(), "bound to nothing yet");
    // Without an access token its hash is nobody's business.
    assert!(dpop::verify(&proof(without("ath")), &anywhere(), NOW).is_ok());
}

/// Section 8: where a nonce is asked for, only one that was given will do.
#[test]
fn a_proof_without_the_asked_nonce_is_refused() {
    let judge = |claims: String, nonces: &[&str]| {
        dpop::verify(&proof(claims), &anywhere().nonce_any_of(nonces), NOW)
            .map_or_else(|e| e.to_string(), |_| "ok".into())
    };
    let found = |nonce: Option<&str>| DpopError::Nonce { found: nonce.map(str::to_owned) }.to_string();
    assert_eq!(judge(claims().to_string(), &["n1"]), "ok");
    assert_eq!(judge(claims().to_string(), &["n0", "n1"]), "ok");
    assert_eq!(judge(claims().to_string(), &["n2"]), found(Some("n1")));
    assert_eq!(judge(claims().to_string(), &["N1", "n", "n11"]), found(Some("n1")));
    assert_eq!(judge(claims().to_string(), &[]), found(Some("n1")));
    assert_eq!(judge(without("nonce"), &["n1"]), found(None));
}

/// Section 11.1: the window is what was asked for, within bounds, and no `now` makes it overflow.
#[test]
fn the_window_is_what_was_asked_for_within_bounds() {
    let good = proof(claims().to_string());
    let at = |expect: &Expect<'_>, now| dpop::verify(&good, expect, now).map_or_else(|e| e.code(), |_| "accepted");
    let narrow = anywhere().max_age(5).leeway(0);
    assert_eq!([at(&narrow, NOW + 5), at(&narrow, NOW + 6)], ["accepted", "dpop_too_old"]);
    assert_eq!([at(&narrow, NOW), at(&narrow, NOW - 1)], ["accepted", "issued_in_future"]);
    let wide = anywhere().max_age(i64::MAX).leeway(i64::MAX);
    assert_eq!([at(&wide, NOW + 900), at(&wide, NOW + 901)], ["accepted", "dpop_too_old"]);
    let least = anywhere().max_age(i64::MIN).leeway(i64::MIN);
    assert_eq!([at(&least, NOW + 1), at(&least, NOW + 2)], ["accepted", "dpop_too_old"]);
    assert_eq!([at(&anywhere(), i64::MAX), at(&anywhere(), i64::MIN)], ["dpop_too_old", "issued_in_future"]);
    let remembered = dpop::verify(&good, &narrow, NOW).unwrap().remember_until();
    assert_eq!([at(&narrow, remembered), at(&narrow, remembered + 1)], ["accepted", "dpop_too_old"]);
}

/// Section 5.1: only the algorithms that the receiver names.
#[test]
fn a_proof_with_an_algorithm_that_is_not_acceptable_is_refused() {
    let good = proof(claims().to_string());
    let judge = |algorithms: &[Algorithm]| dpop::verify(&good, &anywhere().algorithms(algorithms), NOW).map(drop);
    assert_eq!(judge(&[Algorithm::Es256]), Ok(()));
    assert_eq!(judge(&[Algorithm::EdDSA, Algorithm::Ps256]), Err(DpopError::Algorithm { found: Algorithm::Es256 }));
}

/// A URI of the receiver that has no form that compares is matched by no proof, not even by one that says the same.
#[test]
fn a_uri_without_a_comparable_form_equals_nothing() {
    for uri in ["/items", "https://api.test/a/../b", "https://me@api.test/", "urn:x"] {
        let proof = proof(with("htu", json!(uri)));
        let error = dpop::verify(&proof, &Expect::new(METHOD, uri, Presented::Nothing), NOW).unwrap_err();
        assert_eq!(error.code(), "dpop_uri", "{uri}");
    }
}

/// Claims are spoken of only after the signature, and nothing shows the proof or the access token.
#[test]
fn errors_come_after_the_signature_and_show_nothing() {
    let own = key(Algorithm::Es256);
    let other = other_key(Algorithm::Es256);
    let forged = forge(&other, header(&own).to_string(), json!({"jti": "j1", "htm": "GET"}).to_string());
    assert_eq!(judge(&forged).unwrap_err().code(), "signature");
    let hostile = judge(&proof(with("htu", json!("\u{1b}[31m\u{202e}")))).unwrap_err().to_string();
    assert!(hostile.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{hostile}");
    let good = proof(claims().to_string());
    let shown = format!("{:?} {:?}", judge(&good).unwrap(), at_resource(own.thumbprint()));
    assert!(!shown.contains(TOKEN) && !good.split('.').any(|segment| shown.contains(segment)), "{shown}");
}
