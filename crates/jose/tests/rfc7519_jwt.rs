//! RFC 7519: JSON Web Token, with RFC 8725 and the profiles that are told apart by `typ`.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

mod forge;

use countersign_jose::jws::JwsError;
use countersign_jose::jwt::{self, Expect, ExpectedAudience, ExpectedIssuer, TokenError, Typ, Unverified, dpop};
use countersign_jose::{Algorithm, JwkSet, SigningKey, base64url};
use forge::{SIGNING, forge, key, other_key, seal};
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://as.test";
const AUDIENCE: &str = "https://api.test";

/// The claims of a token that every row starts from; it satisfies every kind.
fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "exp": NOW + 30, "iat": NOW - 5, "jti": "j1", "client_id": "c1"})
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

/// A claim whose value `serde_json` would not write.
fn literal(claim: &str, value: &str) -> String {
    with(claim, json!("@")).replace("\"@\"", value)
}

fn expect(typ: Typ) -> Expect<'static> {
    Expect::new(typ, ExpectedIssuer::Exactly(ISSUER), ExpectedAudience::AnyOf(&[AUDIENCE]))
}

fn header(typ: Typ) -> String {
    format!(r#"{{"alg":"ES256","typ":"{}"}}"#, typ.as_str())
}

fn verify(token: &str, expect: &Expect<'_>) -> Result<Value, TokenError> {
    let verified = Unverified::parse(token)?.verify::<Value>(&key(Algorithm::Es256).verifying_key(), expect, NOW)?;
    Ok(verified.into_claims())
}

/// Signs the claims rightly, as an access token, and verifies them as one.
fn judge(claims: impl AsRef<[u8]>) -> Result<Value, TokenError> {
    verify(&forge(&key(Algorithm::Es256), header(Typ::AccessToken), claims), &expect(Typ::AccessToken))
}

const KINDS: [Typ; 9] = [
    Typ::AccessToken,
    Typ::AgentJwt,
    Typ::ClientAssertion,
    Typ::HostJwt,
    Typ::IdJag,
    Typ::IdToken,
    Typ::IntrospectionResponse,
    Typ::LogoutToken,
    Typ::RequestObject,
];

/// Section 7: what is minted verifies, with every algorithm and as every kind.
#[test]
fn a_minted_token_verifies_and_gives_its_claims_back() {
    for &algorithm in SIGNING {
        let key = key(algorithm).with_kid("k \"1\"");
        for typ in KINDS {
            let token = jwt::mint(&key, typ, &claims()).unwrap();
            let unverified = Unverified::parse(&token).unwrap();
            assert_eq!((unverified.claimed_iss(), unverified.claimed_sub()), (Some(ISSUER), Some("alice")));
            assert_eq!(unverified.peek::<Value>(), Ok(claims()));
            let verified = unverified.verify::<Value>(&key.verifying_key(), &expect(typ), NOW).unwrap();
            assert_eq!(verified.claims(), &claims());
            assert_eq!((verified.header().algorithm(), verified.header().typ()), (algorithm, Some(typ.as_str())));
            assert_eq!(
                (verified.kid(), verified.iss(), verified.sub()),
                (Some("k \"1\""), Some(ISSUER), Some("alice"))
            );
            assert_eq!((verified.jti(), verified.aud()), (Some("j1"), [AUDIENCE.to_owned()].as_slice()));
            assert_eq!((verified.exp(), verified.iat(), verified.nbf()), (Some(NOW + 30), Some(NOW - 5), None));
        }
    }
}

/// RFC 8725 section 3.11: each kind is refused where another is expected, and `JWT` is no wildcard.
#[test]
fn a_token_of_one_kind_is_refused_as_any_other() {
    for minted in KINDS {
        let token = jwt::mint(&key(Algorithm::Es256), minted, &claims()).unwrap();
        for expected in KINDS {
            let verified = verify(&token, &expect(expected));
            if minted.as_str() == expected.as_str() {
                assert!(verified.is_ok(), "{minted:?} as {expected:?}");
            } else {
                let refusal = TokenError::Typ { expected: expected.as_str(), found: Some(minted.as_str().to_owned()) };
                assert_eq!(verified, Err(refusal), "{minted:?} as {expected:?}");
            }
        }
        let found = Some(minted.as_str().to_owned());
        let refusal = TokenError::Typ { expected: "dpop+jwt", found };
        assert_eq!(verify(&token, &expect(Typ::DpopProof)), Err(refusal), "{minted:?} as a proof");
        let without_key = dpop::verify(&token, &at_token_endpoint(), NOW).unwrap_err();
        assert_eq!(without_key, JwsError::HeaderMember { member: "jwk" }.into(), "{minted:?} as a proof");
        // The same token with a key in the header is still of its kind.
        let jwk = serde_json::to_string(key(Algorithm::Es256).public_jwk()).unwrap();
        let header = format!(r#"{{"alg":"ES256","typ":"{}","jwk":{jwk}}}"#, minted.as_str());
        let with_key = forge(&key(Algorithm::Es256), header, claims().to_string());
        let error = dpop::verify(&with_key, &at_token_endpoint(), NOW).unwrap_err();
        assert_eq!(error.code(), "typ", "{minted:?} with a key as a proof");
    }
    let request =
        dpop::Request { method: "POST", uri: "https://as.test/token", access_token: None, nonce: None, jti: "j1" };
    let proof = dpop::mint(&key(Algorithm::Es256), &request, NOW).unwrap();
    assert!(dpop::verify(&proof, &at_token_endpoint(), NOW).is_ok());
    for expected in KINDS.into_iter().chain([Typ::DpopProof]) {
        let refusal = JwsError::KeyInHeader { member: "jwk" };
        assert_eq!(verify(&proof, &expect(expected)), Err(refusal.into()), "a proof as {expected:?}");
    }
}

/// RFC 9449 section 4.3: without its key in the header nothing is a proof, whoever signed it, and nobody makes one.
#[test]
fn a_proof_without_its_key_is_neither_made_nor_accepted() {
    let key = key(Algorithm::Es256);
    assert_eq!(jwt::mint(&key, Typ::DpopProof, &claims()), Err(jwt::MintError::DpopProof));
    let proof = forge(&key, header(Typ::DpopProof), claims().to_string());
    let refusal = || Err(JwsError::HeaderMember { member: "jwk" }.into());
    assert_eq!(verify(&proof, &expect(Typ::DpopProof)), refusal());
    let set = JwkSet::from_keys([key.verifying_key()]).unwrap();
    let by_set = Unverified::parse(&proof).unwrap().verify_with_set::<Value>(&set, &expect(Typ::DpopProof), NOW);
    assert_eq!(by_set.map(drop), refusal().map(|_: Value| ()));
}

fn at_token_endpoint() -> dpop::Expect<'static> {
    dpop::Expect::new("POST", "https://as.test/token", dpop::Presented::Nothing)
}

/// RFC 7515 section 4.1.9: `typ` is a media type; case and `application/` do not matter, anything else does.
#[test]
fn typ_compares_case_blind_with_or_without_application() {
    let rows = [
        (r#""at+jwt""#, Typ::AccessToken, true),
        (r#""AT+JWT""#, Typ::AccessToken, true),
        (r#""application/at+jwt""#, Typ::AccessToken, true),
        (r#""Application/At+Jwt""#, Typ::AccessToken, true),
        (r#""JWT""#, Typ::AccessToken, false),
        (r#""at+jwt ""#, Typ::AccessToken, false),
        (r#""at+jwt;v=1""#, Typ::AccessToken, false),
        (r#""text/at+jwt""#, Typ::AccessToken, false),
        (r#""application/application/at+jwt""#, Typ::AccessToken, false),
        (r#""at_jwt""#, Typ::AccessToken, false),
        (r#""""#, Typ::AccessToken, false),
        (r#""application/""#, Typ::AccessToken, false),
        (r#""jwt""#, Typ::IdToken, true),
        (r#""application/jwt""#, Typ::IdToken, true),
        (r#""at+jwt""#, Typ::IdToken, false),
        (r#""""#, Typ::IdToken, false),
        (r#""logout+jwt""#, Typ::IdToken, false),
    ];
    for (typ, expected, accepted) in rows {
        let token = forge(&key(Algorithm::Es256), format!(r#"{{"alg":"ES256","typ":{typ}}}"#), claims().to_string());
        assert_eq!(verify(&token, &expect(expected)).is_ok(), accepted, "{typ} as {expected:?}");
    }
    for typ in KINDS {
        let token = forge(&key(Algorithm::Es256), r#"{"alg":"ES256"}"#, claims().to_string());
        let accepted = matches!(typ, Typ::IdToken | Typ::ClientAssertion);
        assert_eq!(verify(&token, &expect(typ)).is_ok(), accepted, "no typ as {typ:?}");
    }
}

/// Forms that are no JWT, each rightly signed where it can be.
#[test]
fn what_is_not_exactly_a_compact_jwt_is_refused() {
    let key = key(Algorithm::Es256);
    let at = header(Typ::AccessToken);
    let good = forge(&key, &at, claims().to_string());
    let segments: Vec<&str> = good.split('.').collect();
    let (h, p, s) = (segments[0], segments[1], segments[2]);
    let payload = |bytes: &[u8]| forge(&key, &at, bytes);
    let flattened = json!({"protected": h, "payload": p, "signature": s}).to_string();
    let general =
        json!({"payload": p, "signatures": [{"protected": h, "signature": "AAAA"}, {"protected": h, "signature": s}]});
    let header_b64 = base64url::encode(r#"{"alg":"ES256","typ":"at+jwt","b64":false,"crit":["b64"]}"#);
    let unencoded = seal(&key, &format!(r#"{header_b64}.{{"sub":"alice"}}"#));
    let rows = [
        ("padding", format!("{good}="), "base64url"),
        ("spare bits in the payload", seal(&key, &format!("{h}.{}", "e30".replace('0', "1"))), "base64url"),
        ("an empty fourth segment", format!("{good}."), "segment_count"),
        ("detached", seal(&key, &format!("{h}.")), "empty_segment"),
        ("no signature", format!("{h}.{p}."), "empty_segment"),
        ("flattened JSON", flattened, "segment_count"),
        ("general JSON", general.to_string(), "segment_count"),
        (
            "alg twice",
            forge(&key, r#"{"alg":"none","alg":"ES256","typ":"at+jwt"}"#, claims().to_string()),
            "header_json",
        ),
        ("header a list", forge(&key, r#"["ES256"]"#, claims().to_string()), "header_not_object"),
        ("payload a string", payload(b"\"text\""), "claims_not_object"),
        ("payload null", payload(b"null"), "claims_not_object"),
        ("payload a list", payload(b"[]"), "claims_not_object"),
        ("payload a list of claims", payload(format!("[{}]", claims()).as_bytes()), "claims_not_object"),
        ("payload not UTF-8", payload(&[b"{\"x\":\"".as_slice(), &[0xC3, 0x28], b"\"}"].concat()), "claims_json"),
        ("a claim twice", payload(claims().to_string().replacen('{', r#"{"sub":"bob","#, 1).as_bytes()), "claims_json"),
        (
            "a claim twice, once escaped",
            payload(claims().to_string().replacen('{', r#"{"\u0073ub":"bob","#, 1).as_bytes()),
            "claims_json",
        ),
        (
            "a member twice inside a claim",
            payload(with("act", json!("@")).replace("\"@\"", r#"{"sub":"a","sub":"b"}"#).as_bytes()),
            "claims_json",
        ),
        ("something after the claims", payload(format!("{}x", claims()).as_bytes()), "claims_json"),
        ("two claims objects", payload(format!("{0}{0}", claims()).as_bytes()), "claims_json"),
        (
            "claims nested too deep",
            payload(literal("x", &format!("{}{}", "[".repeat(16), "]".repeat(16))).as_bytes()),
            "claims_json",
        ),
        ("unencoded payload", unencoded, "unencoded_payload"),
        (
            "an extension",
            forge(&key, r#"{"alg":"ES256","typ":"at+jwt","crit":["urn:x"],"urn:x":"y"}"#, claims().to_string()),
            "critical",
        ),
        ("over 16 kB", payload(with("x", json!("x".repeat(16_000))).as_bytes()), "too_large"),
        ("a JWE", format!("{h}.{p}.{s}.{p}.{s}"), "segment_count"),
        ("an opaque token", "cs_at_0123456789".to_owned(), "segment_count"),
    ];
    for (name, token, code) in rows {
        assert_eq!(verify(&token, &expect(Typ::AccessToken)).unwrap_err().code(), code, "{name}");
        assert!(verify(&good, &expect(Typ::AccessToken)).is_ok(), "the control of {name}");
    }
}

/// The verifier's key and its algorithm decide, never the token. Both parties sign with RSA here,
/// since these attacks are told of RSA keys; the pure-Rust back end has no such private keys.
#[test]
#[cfg(feature = "native")]
fn a_token_cannot_choose_its_key_or_algorithm() {
    use aws_lc_rs::hmac;
    use forge::entry;

    let rsa = key(Algorithm::Rs256);
    let good = jwt::mint(&rsa, Typ::AccessToken, &claims()).unwrap();
    let check = |token: &str, code: &str, name: &str| {
        let verify = |token: &str| {
            Unverified::parse(token)?.verify::<Value>(&rsa.verifying_key(), &expect(Typ::AccessToken), NOW)
        };
        assert_eq!(verify(token).unwrap_err().code(), code, "{name}");
        assert!(verify(&good).is_ok(), "the control of {name}");
    };
    let claims = claims().to_string();
    let input = |header: &str| format!("{}.{}", base64url::encode(header), base64url::encode(&claims));

    let none = input(r#"{"alg":"none","typ":"at+jwt"}"#);
    check(&format!("{none}."), "unsupported_algorithm", "alg none");
    check(&format!("{none}.AAAA"), "unsupported_algorithm", "alg none with a signature");

    let pem = entry("RS256 public PEM");
    assert!(pem.ends_with('\n'));
    for secret in [pem.as_str(), pem.trim_end(), rsa.public_jwk().thumbprint().as_str()] {
        let input = input(r#"{"alg":"HS256","typ":"at+jwt"}"#);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), input.as_bytes());
        check(&format!("{input}.{}", base64url::encode(tag)), "unsupported_algorithm", "HMAC by the public key");
    }

    let attacker = other_key(Algorithm::Rs256);
    let jwk = serde_json::to_string(attacker.public_jwk()).unwrap();
    let header = format!(r#"{{"alg":"RS256","typ":"at+jwt","kid":"{}","jwk":{jwk}}}"#, rsa.kid());
    check(&forge(&attacker, header, &claims), "key_in_header", "a key in the header");
    for reference in [r#""x5u":"http://169.254.169.254/""#, r#""x5c":["MIIB"]"#, r#""jku":"https://evil.test/""#] {
        let header = format!(r#"{{"alg":"RS256","typ":"at+jwt",{reference}}}"#);
        check(&forge(&attacker, &header, &claims), "key_in_header", "a reference to a key in the header");
        check(&forge(&rsa, &header, &claims), "key_in_header", "a reference to a key in the header, rightly signed");
    }

    let header = format!(r#"{{"alg":"RS256","typ":"at+jwt","kid":"{}"}}"#, rsa.kid());
    check(&forge(&attacker, header, &claims), "signature", "somebody else's key under our kid");
    let ec = key(Algorithm::Es256);
    check(&forge(&ec, r#"{"alg":"ES256","typ":"at+jwt"}"#, &claims), "algorithm_mismatch", "our key of another kind");
    check(&forge(&ec, r#"{"alg":"RS256","typ":"at+jwt"}"#, &claims), "signature", "a signature of another kind");
    check(
        &forge(&rsa, r#"{"alg":"PS256","typ":"at+jwt"}"#, &claims),
        "algorithm_mismatch",
        "another padding under the same RSA key",
    );
    let zeros = format!("{}.{}", input(r#"{"alg":"ES256","typ":"at+jwt"}"#), base64url::encode([0; 64]));
    let verified = verify(&zeros, &expect(Typ::AccessToken));
    assert_eq!(verified.unwrap_err().code(), "signature", "the zero signature");
}

/// RFC 7517 section 4.5 and OIDC Core section 10.1: a set gives the key that the header names, or none.
#[test]
fn a_set_verifies_with_the_named_key_only() {
    let (first, second) = (key(Algorithm::EdDSA).with_kid("1"), other_key(Algorithm::EdDSA).with_kid("2"));
    let third = key(Algorithm::Es384).with_kid("3");
    let set = JwkSet::from_keys([first.verifying_key(), second.verifying_key(), third.verifying_key()]).unwrap();
    let verify = |token: &str| {
        Unverified::parse(token)?
            .verify_with_set::<Value>(&set, &expect(Typ::AccessToken), NOW)
            .map(|v| v.into_claims())
    };
    for key in [&first, &second, &third] {
        assert_eq!(verify(&jwt::mint(key, Typ::AccessToken, &claims()).unwrap()), Ok(claims()));
    }
    let token = |key: &SigningKey, alg: &str, kid: &str| {
        forge(key, format!(r#"{{"alg":"{alg}","typ":"at+jwt"{kid}}}"#), claims().to_string())
    };
    assert_eq!(verify(&token(&third, "ES384", "")), Ok(claims()), "without kid, the only key for the algorithm");
    let unknown =
        |kid: Option<&str>| TokenError::UnknownKey { kid: kid.map(str::to_owned), algorithm: Algorithm::EdDSA };
    assert_eq!(verify(&token(&first, "EdDSA", "")), Err(unknown(None)), "without kid, two keys for the algorithm");
    assert_eq!(verify(&token(&first, "EdDSA", r#","kid":"4""#)), Err(unknown(Some("4"))));
    let path = "../../../../dev/null";
    let traversal = token(&first, "EdDSA", &format!(r#","kid":"{path}""#));
    assert_eq!(verify(&traversal), Err(unknown(Some(path))), "a path as kid");
    assert_eq!(verify(&token(&first, "EdDSA", r#","kid":"2""#)).unwrap_err().code(), "signature");
    assert_eq!(verify(&token(&first, "EdDSA", r#","kid":"3""#)).unwrap_err().code(), "algorithm_mismatch");
    let id_token = jwt::mint(&first.with_kid("4"), Typ::IdToken, &claims()).unwrap();
    assert_eq!(verify(&id_token).unwrap_err().code(), "typ", "the kind is judged before a key is looked for");
}

/// Section 4.1: registered claims have their types, judged before anybody reads them.
#[test]
fn a_registered_claim_of_the_wrong_type_is_refused() {
    let wrong = |claim| Err(TokenError::ClaimType { claim });
    let not_strings = [json!(1), json!(null), json!(true), json!({}), json!([]), json!(["x"]), json!("")];
    for claim in ["iss", "sub", "jti"] {
        for value in &not_strings {
            assert_eq!(judge(with(claim, value.clone())), wrong(claim), "{claim}: {value}");
        }
    }
    let not_dates = [
        json!("9999999999"),
        json!("x"),
        json!(null),
        json!(true),
        json!({}),
        json!([NOW]),
        json!(-1),
        json!(-0.5),
        json!(9_007_199_254_740_993_i64),
        json!(u64::MAX),
        json!(1e300),
    ];
    for claim in ["exp", "nbf", "iat"] {
        for value in &not_dates {
            assert_eq!(judge(with(claim, value.clone())), wrong(claim), "{claim}: {value}");
        }
        for value in ["1e400", "99999999999999999999", "1700000000.00000000001"] {
            assert_eq!(judge(literal(claim, value)).unwrap_err().code(), "claims_json", "{claim}: {value}");
        }
        for value in ["NaN", "Infinity", "0x65", "+1700000000", "01700000000"] {
            assert_eq!(judge(literal(claim, value)).unwrap_err().code(), "claims_json", "{claim}: {value}");
        }
    }
    for value in
        [json!(5), json!(null), json!({}), json!(true), json!([1]), json!([AUDIENCE, null]), json!([[AUDIENCE]])]
    {
        assert_eq!(judge(with("aud", value.clone())), wrong("aud"), "aud: {value}");
    }
}

/// Section 4.1: what a kind must carry is missed by name.
#[test]
fn a_missing_claim_is_refused_where_the_kind_requires_it() {
    let rows: &[(Typ, &[&str])] = &[
        (Typ::AccessToken, &["iss", "sub", "aud", "exp", "iat", "jti"]),
        (Typ::AgentJwt, &["sub", "aud", "exp", "iat", "jti"]),
        (Typ::ClientAssertion, &["iss", "sub", "aud", "exp", "jti"]),
        (Typ::HostJwt, &["iss", "aud", "exp", "iat", "jti"]),
        (Typ::IdToken, &["iss", "sub", "aud", "exp", "iat"]),
        (Typ::IntrospectionResponse, &["iss", "aud", "iat"]),
    ];
    for &(typ, required) in rows {
        let lenient = Expect::new(typ, ExpectedIssuer::CheckedByCaller, ExpectedAudience::CheckedByCaller);
        for claim in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"] {
            let token = forge(&key(Algorithm::Es256), header(typ), without(claim));
            let verified = verify(&token, &lenient);
            if required.contains(&claim) {
                assert_eq!(verified, Err(TokenError::ClaimMissing { claim }), "{typ:?} without {claim}");
            } else {
                assert!(verified.is_ok(), "{typ:?} without {claim}: {verified:?}");
            }
        }
    }
    let id_token = |claim| forge(&key(Algorithm::Es256), header(Typ::IdToken), without(claim));
    let missing = |claim| Err(TokenError::ClaimMissing { claim });
    assert!(verify(&id_token("jti"), &expect(Typ::IdToken)).is_ok());
    assert_eq!(verify(&id_token("jti"), &expect(Typ::IdToken).require_jti()), missing("jti"));
    let assertion = |claim| forge(&key(Algorithm::Es256), header(Typ::ClientAssertion), without(claim));
    assert!(verify(&assertion("iat"), &expect(Typ::ClientAssertion)).is_ok());
    assert_eq!(verify(&assertion("iat"), &expect(Typ::ClientAssertion).require_iat()), missing("iat"));
    let agent = forge(&key(Algorithm::Es256), header(Typ::AgentJwt), without("iss"));
    assert_eq!(verify(&agent, &expect(Typ::AgentJwt)), missing("iss"), "an expected issuer must be there");
    let host = forge(&key(Algorithm::Es256), header(Typ::HostJwt), without("sub"));
    assert_eq!(verify(&host, &expect(Typ::HostJwt).require_sub()), missing("sub"));
}

/// Section 4.1.1: the issuer is compared byte for byte, with tokens that somebody else rightly signed.
#[test]
fn a_token_of_another_issuer_is_refused() {
    for other in
        ["https://as.test/", "https://AS.test", "http://as.test", "https://as.test.evil.test", "https://b.test"]
    {
        let refusal = TokenError::Issuer { expected: ISSUER.to_owned(), found: other.to_owned() };
        assert_eq!(judge(with("iss", json!(other))), Err(refusal));
    }
    let theirs = jwt::mint(&other_key(Algorithm::Es256), Typ::AccessToken, &claims()).unwrap();
    assert_eq!(verify(&theirs, &expect(Typ::AccessToken)).unwrap_err().code(), "signature", "B signs for A");
    assert!(judge(claims().to_string()).is_ok());
}

/// Section 4.1.3: a token for another audience is refused, however rightly signed.
#[test]
fn a_token_for_another_audience_is_refused() {
    let token = |aud: Value| forge(&key(Algorithm::Es256), header(Typ::AccessToken), with("aud", aud));
    let judge = |aud: &Value, audience| {
        verify(&token(aud.clone()), &Expect::new(Typ::AccessToken, ExpectedIssuer::Exactly(ISSUER), audience)).is_ok()
    };
    let two: &[&str] = &["https://b.test", AUDIENCE];
    // aud, accepted by: one expected, either of two expected, solely this one, nobody expected
    let rows = [
        (json!(AUDIENCE), [true, true, true, false]),
        (json!([AUDIENCE]), [true, true, false, false]),
        (json!(["https://x.test", AUDIENCE]), [true, true, false, false]),
        (json!("https://b.test"), [false, true, false, false]),
        (json!("https://x.test"), [false, false, false, false]),
        (json!(["https://x.test"]), [false, false, false, false]),
        (json!([]), [false, false, false, false]),
        (json!(""), [false, false, false, false]),
        (json!("https://api.test/"), [false, false, false, false]),
        (json!("https://api.test https://x.test"), [false, false, false, false]),
        (json!("HTTPS://API.TEST"), [false, false, false, false]),
    ];
    for (aud, accepted) in &rows {
        let found = [
            judge(aud, ExpectedAudience::AnyOf(&[AUDIENCE])),
            judge(aud, ExpectedAudience::AnyOf(two)),
            judge(aud, ExpectedAudience::Solely(AUDIENCE)),
            judge(aud, ExpectedAudience::AnyOf(&[])),
        ];
        assert_eq!(&found, accepted, "{aud}");
        assert!(judge(aud, ExpectedAudience::CheckedByCaller), "{aud}: left to the caller");
    }
    let refusal = verify(&token(json!(["https://x.test", "https://y.test"])), &expect(Typ::AccessToken));
    let expected = vec![AUDIENCE.to_owned()];
    let found = vec!["https://x.test".to_owned(), "https://y.test".to_owned()];
    assert_eq!(refusal, Err(TokenError::Audience { expected, found }));
}

/// Sections 4.1.4 to 4.1.6, to the second, with the default leeway of 30 seconds.
#[test]
fn times_are_judged_to_the_second() {
    // The other dates are far enough away to contradict none.
    let with = |claim: &str, value: Value| {
        let mut claims = claims();
        (claims["iat"], claims["exp"]) = (json!(0), json!(1_i64 << 53));
        claims[claim] = value;
        claims.to_string()
    };
    let rows = [
        ("exp", json!(NOW - 29), "accepted"),
        ("exp", json!(NOW - 30), "expired"),
        ("exp", json!(1), "expired"),
        ("exp", json!(NOW as f64 - 29.5), "expired"),
        ("exp", json!(NOW as f64 - 28.5), "accepted"),
        ("exp", json!(1_i64 << 53), "accepted"),
        ("nbf", json!(NOW + 30), "accepted"),
        ("nbf", json!(NOW + 31), "not_yet_valid"),
        ("nbf", json!(NOW as f64 + 30.5), "accepted"),
        ("nbf", json!((1_i64 << 53) - 1), "not_yet_valid"),
        ("iat", json!(NOW + 30), "accepted"),
        ("iat", json!(NOW + 31), "issued_in_future"),
        ("iat", json!(NOW + 3_600), "issued_in_future"),
        ("iat", json!(0), "accepted"),
    ];
    for (claim, value, outcome) in rows {
        let found = judge(with(claim, value.clone())).map_or_else(|error| error.code(), |_| "accepted");
        assert_eq!(found, outcome, "{claim} {value} at {NOW}");
    }
    assert_eq!(judge(literal("exp", "17000000e2")), judge(literal("exp", "1700000000.0")), "forms of one date");
    let exp = NOW - 40;
    assert_eq!(judge(with("exp", json!(exp))), Err(TokenError::Expired { exp, now: NOW }));
    let (iat, nbf) = (NOW + 40, NOW + 40);
    assert_eq!(judge(with("iat", json!(iat))), Err(TokenError::IssuedInFuture { iat, now: NOW }));
    assert_eq!(judge(with("nbf", json!(nbf))), Err(TokenError::NotYetValid { nbf, now: NOW }));
}

/// The leeway is explicit and bounded, and no `now` makes it overflow.
#[test]
fn the_leeway_is_what_was_asked_for_within_bounds() {
    let expired_by = |seconds: i64, leeway: i64| {
        let mut claims = claims();
        (claims["iat"], claims["exp"]) = (json!(NOW - 1_000), json!(NOW - seconds));
        let token = forge(&key(Algorithm::Es256), header(Typ::AccessToken), claims.to_string());
        verify(&token, &expect(Typ::AccessToken).leeway(leeway)).is_err()
    };
    assert!(expired_by(0, 0) && !expired_by(-1, 0));
    assert!(expired_by(5, 5) && !expired_by(4, 5));
    assert!(expired_by(300, 100_000) && !expired_by(299, 100_000), "at most 300");
    assert!(expired_by(0, -5) && !expired_by(-1, -5), "at least 0");
    let token = jwt::mint(&key(Algorithm::Es256), Typ::HostJwt, &claims()).unwrap();
    let at = |now| {
        let verifying = key(Algorithm::Es256).verifying_key();
        Unverified::parse(&token).unwrap().verify::<Value>(&verifying, &expect(Typ::HostJwt), now).unwrap_err().code()
    };
    assert_eq!((at(i64::MAX), at(i64::MIN)), ("expired", "issued_in_future"));
}

/// The longest life of one-time tokens: 60 seconds for host and agent JWTs, 120 for logout tokens, 300 for
/// client assertions and identity assertion grants, counted from `iat`, or from now where there is none.
#[test]
fn a_token_that_lives_too_long_is_refused() {
    let judge = |typ, iat: Option<i64>, exp: i64| {
        let mut claims = claims();
        claims["exp"] = json!(exp);
        match iat {
            Some(iat) => claims["iat"] = json!(iat),
            None => drop(claims.as_object_mut().unwrap().remove("iat")),
        }
        verify(&forge(&key(Algorithm::Es256), header(typ), claims.to_string()), &expect(typ)).map(drop)
    };
    let too_long = |limit, found| Err(TokenError::LifetimeTooLong { limit, found });
    for (typ, limit) in [
        (Typ::HostJwt, 60),
        (Typ::AgentJwt, 60),
        (Typ::LogoutToken, 120),
        (Typ::ClientAssertion, 300),
        (Typ::IdJag, 300),
    ] {
        assert_eq!(judge(typ, Some(NOW), NOW + limit), Ok(()));
        assert_eq!(judge(typ, Some(NOW), NOW + limit + 1), too_long(limit, limit + 1), "the leeway is no life");
        assert_eq!(judge(typ, Some(NOW - 1), NOW + 3_599), too_long(limit, 3_600));
        assert_eq!(judge(typ, Some(NOW), NOW + 86_400), too_long(limit, 86_400));
        assert_eq!(judge(typ, Some(NOW + 30), NOW + 30 + limit), Ok(()), "a clock that is ahead");
        assert_eq!(judge(typ, Some(NOW + 30), NOW + 31 + limit), too_long(limit, limit + 1), "iat ahead buys no time");
    }
    // Without `iat`, the clock that made `exp` may be ahead.
    assert_eq!(judge(Typ::ClientAssertion, None, NOW + 330), Ok(()));
    assert_eq!(judge(Typ::ClientAssertion, None, NOW + 331), too_long(300, 331));
    assert_eq!(judge(Typ::AccessToken, Some(NOW), NOW + 86_400), Ok(()), "the issuer's policy");
    let token = forge(&key(Algorithm::Es256), header(Typ::AccessToken), with("exp", json!(NOW + 200)));
    assert!(verify(&token, &expect(Typ::AccessToken).max_lifetime(204)).is_err());
    assert!(verify(&token, &expect(Typ::AccessToken).max_lifetime(205)).is_ok(), "iat is 5 seconds ago");
}

/// RFC 7519 sections 4.1.4 to 4.1.6: a token ends after it begins, whatever the leeway would forgive at either end.
#[test]
fn a_token_that_ends_before_it_begins_is_refused_at_any_time() {
    let judge = |typ, iat: i64, nbf: i64, exp: i64, now: i64| {
        let mut claims = claims();
        (claims["iat"], claims["nbf"], claims["exp"]) = (json!(iat), json!(nbf), json!(exp));
        let token = forge(&key(Algorithm::Es256), header(typ), claims.to_string());
        let verifying = key(Algorithm::Es256).verifying_key();
        Unverified::parse(&token)?.verify::<Value>(&verifying, &expect(typ), now).map(drop)
    };
    let never = |exp, begins| Err(TokenError::NeverValid { exp, begins });
    for typ in KINDS {
        assert_eq!(judge(typ, NOW, NOW, NOW + 1, NOW), Ok(()), "{typ:?}");
        for now in [NOW, NOW + 29, NOW + 7200, NOW - 7200] {
            assert_eq!(judge(typ, NOW, NOW - 9, NOW, now), never(NOW, NOW), "{typ:?}: it lives for no time");
            assert_eq!(judge(typ, NOW, NOW - 9, NOW - 1, now), never(NOW - 1, NOW), "{typ:?}");
            assert_eq!(judge(typ, NOW - 9, NOW, NOW, now), never(NOW, NOW), "{typ:?}: nbf");
        }
    }
}

/// Claims are spoken of only after the signature: a forger learns nothing about the verifier's expectations.
#[test]
fn a_wrong_signature_is_reported_before_any_claim() {
    let forged = jwt::mint(&other_key(Algorithm::Es256), Typ::AccessToken, &json!({"iss": "x", "exp": 1})).unwrap();
    assert_eq!(verify(&forged, &expect(Typ::AccessToken)).unwrap_err().code(), "signature");
}

/// The claims come as the caller's type, or not at all.
#[test]
fn claims_that_do_not_fit_the_callers_type_are_refused() {
    #[derive(Debug, serde::Deserialize)]
    struct Wanted {
        tenant: String,
    }
    let read = |claims: String| {
        let token = forge(&key(Algorithm::Es256), header(Typ::AccessToken), claims);
        let verifying = key(Algorithm::Es256).verifying_key();
        let verified = Unverified::parse(&token)?.verify::<Wanted>(&verifying, &expect(Typ::AccessToken), NOW)?;
        Ok::<_, TokenError>(verified.into_claims().tenant)
    };
    assert_eq!(read(with("tenant", json!("t1"))), Ok("t1".to_owned()));
    let missing = read(claims().to_string()).unwrap_err();
    assert_eq!((missing.code(), missing.to_string().contains("tenant")), ("claims_shape", true));
    assert_eq!(read(with("tenant", json!(7))).unwrap_err().code(), "claims_shape");
}

/// What we would refuse to read, we refuse to sign.
#[test]
fn claims_that_nobody_could_read_are_not_signed() {
    #[derive(serde::Serialize)]
    struct Flattened {
        sub: &'static str,
        #[serde(flatten)]
        more: Value,
    }
    let key = key(Algorithm::EdDSA);
    let mint = |claims: &dyn erased::Json| claims.mint(&key);
    let smuggled = Flattened { sub: "alice", more: json!({"sub": "bob"}) };
    assert_eq!(mint(&smuggled), Err(jwt::MintError::Claims), "a claim twice");
    assert!(mint(&Flattened { sub: "alice", more: json!({"name": "bob"}) }).is_ok());
    for not_object in [json!("text"), json!([1]), json!(null), json!(7)] {
        assert_eq!(mint(&not_object), Err(jwt::MintError::Claims), "{not_object}");
    }
    let large = json!({"x": "x".repeat(13_000)});
    assert!(matches!(mint(&large), Err(jwt::MintError::TooLarge { .. })));
}

/// Minting takes any serializable type; the rows above hold several.
mod erased {
    use super::{SigningKey, Typ, jwt};

    pub(super) trait Json {
        fn mint(&self, key: &SigningKey) -> Result<String, jwt::MintError>;
    }

    impl<T: serde::Serialize> Json for T {
        fn mint(&self, key: &SigningKey) -> Result<String, jwt::MintError> {
            jwt::mint(key, Typ::AccessToken, self)
        }
    }
}

/// Every refusal has a sentence and a stable code, and neither repeats the token.
#[test]
fn neither_debug_nor_errors_show_the_token_or_its_claims() {
    let token = jwt::mint(&key(Algorithm::Es256), Typ::AccessToken, &claims()).unwrap();
    let unverified = Unverified::parse(&token).unwrap();
    let shown = format!("{unverified:?}");
    assert!(!shown.contains("alice") && !token.split('.').any(|segment| shown.contains(segment)), "{shown}");
    let verified = unverified.verify::<Value>(&key(Algorithm::Es256).verifying_key(), &expect(Typ::AccessToken), NOW);
    assert!(!format!("{verified:?}").contains("alice"));
    let hostile = with("iss", json!("\u{1b}[31mevil\n\u{202e}"));
    let error = judge(hostile).unwrap_err();
    assert!(error.to_string().chars().all(|c| c.is_ascii_graphic() || c == ' '), "{error}");
}

/// A refusal is read by people: what was found is quoted, and what was not there is "none".
#[test]
fn a_refusal_says_what_was_found_in_words() {
    let typ = |found: Option<&str>| TokenError::Typ { expected: "at+jwt", found: found.map(str::to_owned) }.to_string();
    assert_eq!(typ(Some("JWT")), r#"the typ is "JWT", expected at+jwt"#);
    assert_eq!(typ(None), "the typ is none, expected at+jwt");
    let key = |kid: Option<&str>| {
        TokenError::UnknownKey { kid: kid.map(str::to_owned), algorithm: Algorithm::Es256 }.to_string()
    };
    assert_eq!(key(Some("k1")), r#"no key with kid "k1" for ES256"#);
    assert_eq!(key(None), "no key with kid none for ES256");
}
