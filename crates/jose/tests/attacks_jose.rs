//! Attacks on tokens and keys, each at every entry point where its class can be tried.
//! Beside each row stands its control: the same entry point takes the same token without the one change.
//!
//! None of them can make this crate fetch anything: nothing here has a way to.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

mod forge;

use countersign_jose::jws::hmac::{self, HmacAlgorithm, HmacKey};
use countersign_jose::jws::{Compact, unencoded};
use countersign_jose::jwt::{self, Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified, dpop};
use countersign_jose::{Algorithm, Jwk, JwkSet, KeyError, SigningKey, VerifyingKey, base64url};
use forge::{entry, key, other_key};
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000;

/// A place where a JWS from outside is judged, and how to make one that passes there.
struct Entry {
    name: &'static str,
    header: Value,
    claims: Value,
    seal: fn(&str) -> String,
    verify: fn(&str) -> Result<(), &'static str>,
}

impl Entry {
    fn forge(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        (self.seal)(&format!("{}.{}", base64url::encode(header), base64url::encode(payload)))
    }

    fn good(&self) -> String {
        self.forge(self.header.to_string(), self.claims.to_string())
    }

    /// The good token in three segments.
    fn segments(&self) -> [String; 3] {
        let good = self.good();
        let segments: Vec<&str> = good.split('.').collect();
        [segments[0].to_owned(), segments[1].to_owned(), segments[2].to_owned()]
    }

    fn with_header(&self, member: &str, value: Value) -> String {
        let mut header = self.header.clone();
        header[member] = value;
        self.forge(header.to_string(), self.claims.to_string())
    }

    /// A header with a text in front of its members.
    fn with_members(&self, members: &str) -> String {
        self.forge(self.header.to_string().replacen('{', &format!("{{{members},"), 1), self.claims.to_string())
    }

    fn with_claim(&self, claim: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[claim] = value;
        self.forge(self.header.to_string(), claims.to_string())
    }

    fn with_times(&self, iat: i64, exp: i64) -> String {
        let mut claims = self.claims.clone();
        (claims["iat"], claims["exp"]) = (json!(iat), json!(exp));
        self.forge(self.header.to_string(), claims.to_string())
    }

    /// A claim whose value is written as given.
    fn with_literal(&self, claim: &str, value: &str) -> String {
        let mut claims = self.claims.clone();
        claims[claim] = json!("@");
        self.forge(self.header.to_string(), claims.to_string().replace("\"@\"", value))
    }

    fn without_claim(&self, claim: &str) -> String {
        let mut claims = self.claims.clone();
        claims.as_object_mut().unwrap().remove(claim);
        self.forge(self.header.to_string(), claims.to_string())
    }

    fn refuses(&self, attack: &str, token: &str, code: &str) {
        assert_eq!((self.verify)(&self.good()), Ok(()), "the control of {attack} at {}", self.name);
        assert_eq!((self.verify)(token), Err(code), "{attack} at {}", self.name);
    }
}

fn secret() -> HmacKey {
    HmacKey::new(HmacAlgorithm::Hs256, &[7; 64]).unwrap()
}

fn seal_es256(input: &str) -> String {
    forge::seal(&key(Algorithm::Es256), input)
}

/// The tag over any text, by way of the one form in which this crate makes one.
fn seal_hs256(input: &str) -> String {
    let key = aws_tag(&[7; 64], input.as_bytes());
    format!("{input}.{}", base64url::encode(key))
}

/// HMAC-SHA-256 (RFC 2104), written out so that the attacker needs nobody's leave for a key or a text.
fn aws_tag(secret: &[u8], message: &[u8]) -> [u8; 32] {
    assert!(secret.len() <= 64);
    let pad = |byte: u8| {
        let mut block = [byte; 64];
        block.iter_mut().zip(secret).for_each(|(to, from)| *to ^= from);
        block
    };
    let inner = countersign_jose::sha256(&[&pad(0x36), message].concat());
    countersign_jose::sha256(&[pad(0x5C).as_slice(), &inner].concat())
}

fn expect(typ: Typ) -> Expect<'static> {
    Expect::new(typ, ExpectedIssuer::Exactly("https://as.test"), ExpectedAudience::AnyOf(&["https://api.test"]))
}

fn verify_jws(text: &str) -> Result<(), &'static str> {
    let key = key(Algorithm::Es256).verifying_key();
    Compact::parse(text).and_then(|jws| jws.verify(&key)).map(drop).map_err(|error| error.code())
}

fn verify_mac(text: &str) -> Result<(), &'static str> {
    hmac::verify(text, &secret()).map(drop).map_err(|error| error.code())
}

fn verify_jwt<const KIND: usize>(text: &str) -> Result<(), &'static str> {
    let key = key(Algorithm::Es256).verifying_key();
    let verified = Unverified::parse(text).and_then(|jwt| jwt.verify::<Value>(&key, &expect(KINDS[KIND]), NOW));
    verified.map(drop).map_err(|error| error.code())
}

fn verify_jwt_under_secret(text: &str) -> Result<(), &'static str> {
    let expect = expect(Typ::ClientAssertion);
    let jwt = jwt::hmac::Unverified::parse(text);
    jwt.and_then(|jwt| jwt.verify::<Value>(&secret(), &expect, NOW)).map(drop).map_err(|error| error.code())
}

fn verify_proof(text: &str) -> Result<(), &'static str> {
    let expect = dpop::Expect::new("GET", "https://api.test/", dpop::Presented::Nothing);
    dpop::verify(text, &expect, NOW).map(drop).map_err(|error| error.code())
}

const KINDS: [Typ; 4] = [Typ::AccessToken, Typ::ClientAssertion, Typ::AgentJwt, Typ::HostJwt];

/// Where tokens are judged by their claims, too.
fn tokens() -> Vec<Entry> {
    let claims = json!({
        "iss": "https://as.test", "sub": "alice", "aud": "https://api.test", "exp": NOW + 30, "iat": NOW, "jti": "j1",
    });
    let jwt = |name, typ: Typ, verify| Entry {
        name,
        header: json!({"alg": "ES256", "typ": typ.as_str()}),
        claims: claims.clone(),
        seal: seal_es256,
        verify,
    };
    vec![
        jwt("access token", Typ::AccessToken, verify_jwt::<0>),
        jwt("client assertion", Typ::ClientAssertion, verify_jwt::<1>),
        jwt("agent JWT", Typ::AgentJwt, verify_jwt::<2>),
        jwt("host JWT", Typ::HostJwt, verify_jwt::<3>),
        Entry {
            header: json!({"alg": "HS256", "typ": "JWT"}),
            seal: seal_hs256,
            ..jwt("client assertion under a secret", Typ::ClientAssertion, verify_jwt_under_secret)
        },
    ]
}

fn proof() -> Entry {
    Entry {
        name: "DPoP proof",
        header: json!({"alg": "ES256", "typ": "dpop+jwt", "jwk": key(Algorithm::Es256).public_jwk()}),
        claims: json!({"jti": "j1", "htm": "GET", "htu": "https://api.test/", "iat": NOW}),
        seal: seal_es256,
        verify: verify_proof,
    }
}

/// Every place that reads the compact form.
fn entries() -> Vec<Entry> {
    let jws = |name, alg, seal, verify| Entry { name, header: json!({"alg": alg}), claims: json!({}), seal, verify };
    let mut entries = vec![
        jws("JWS", "ES256", seal_es256 as fn(&str) -> String, verify_jws as fn(&str) -> Result<(), &'static str>),
        jws("JWS with a MAC", "HS256", seal_hs256, verify_mac),
        proof(),
    ];
    entries.extend(tokens());
    entries
}

/// Whatever is not exactly one compact JWS of strict base64url and strict JSON, rightly signed where it can be.
#[test]
fn a_second_form_of_a_token_is_refused_at_every_entry_point() {
    for entry in entries() {
        let [h, p, s] = entry.segments();
        let seal = entry.seal;
        let good = entry.good();
        let refuses = |attack: &str, token: &str, code| entry.refuses(attack, token, code);
        refuses("padding", &format!("{good}="), "base64url");
        refuses("padding of the payload", &seal(&format!("{h}.{p}=")), "base64url");
        refuses("padding of the header", &seal(&format!("{h}=.{p}")), "base64url");
        refuses("spare bits", &seal(&format!("{h}.{}", spare(&entry, &p))), "base64url");
        refuses("the other alphabet", &seal(&format!("{}.{p}", standard_alphabet(&entry))), "base64url");
        refuses("an empty fourth segment", &format!("{good}."), "segment_count");
        refuses("a detached payload", &seal(&format!("{h}.")), "empty_segment");
        refuses("no signature", &format!("{h}.{p}."), "empty_segment");
        let flattened = json!({"protected": h, "payload": p, "signature": s});
        refuses("flattened JSON", &flattened.to_string(), "segment_count");
        let signatures = json!([{"protected": h, "signature": "AAAA"}, {"protected": h, "signature": s}]);
        refuses(
            "general JSON, the first signature the attacker's",
            &json!({"payload": p, "signatures": signatures}).to_string(),
            "segment_count",
        );
        refuses("alg twice, none first", &entry.with_members(r#""alg":"none""#), "header_json");
        refuses("alg twice, once with an escape", &entry.with_members(r#""\u0061lg":"none""#), "header_json");
        refuses(
            "a header that is no object",
            &entry.forge(r#"["ES256"]"#, entry.claims.to_string()),
            "header_not_object",
        );
        let not_utf8 = [b"{\"alg\":\"ES256\",\"x\":\"".as_slice(), &[0xC3, 0x28], b"\"}"].concat();
        refuses("a header that is not UTF-8", &entry.forge(&not_utf8, entry.claims.to_string()), "header_json");
        let trailing = format!("{}x", entry.header);
        refuses("something after the header", &entry.forge(trailing, entry.claims.to_string()), "header_json");
        refuses("an unencoded payload", &plain_payload(&entry), "unencoded_payload");
        refuses("an extension that is critical", &entry.with_members(r#""crit":["urn:x"],"urn:x":"y""#), "critical");
        refuses("a claim as a critical extension", &entry.with_members(r#""crit":["exp"],"exp":1"#), "critical");
        refuses("a JWE", &format!("{good}.{p}.{s}"), "segment_count");
    }
}

/// Payloads that are no claims.
#[test]
fn claims_with_a_second_reading_are_refused_in_every_kind_of_token() {
    for entry in tokens().into_iter().chain([proof()]) {
        let header = entry.header.to_string();
        let payload = |attack: &str, payload: &[u8], code| entry.refuses(attack, &entry.forge(&header, payload), code);
        for not_object in ["\"text\"", "null", "[]", "7"] {
            payload("not an object", not_object.as_bytes(), "claims_not_object");
        }
        payload("not UTF-8", &[b"{\"x\":\"".as_slice(), &[0xC3, 0x28], b"\"}"].concat(), "claims_json");
        payload("something after the object", format!("{}x", entry.claims).as_bytes(), "claims_json");
        let twice = entry.claims.to_string().replacen('{', r#"{"jti":"j2","#, 1);
        payload("a claim twice", twice.as_bytes(), "claims_json");
        // Claims that nobody has signed are no token, in whatever wrapping they came.
        entry.refuses("bare claims", r#"{"sub":"alice"}"#, "segment_count");
        entry.refuses("bare claims, encoded", &base64url::encode(entry.claims.to_string()), "segment_count");
    }
}

/// The verifier's key and its algorithm decide; a token brings neither, and points at neither.
#[test]
fn a_token_chooses_neither_key_nor_algorithm_at_any_entry_point() {
    let attacker = json!(other_key(Algorithm::Es256).public_jwk());
    for entry in entries() {
        let [h, p, s] = entry.segments();
        let refuses = |attack: &str, token: &str, code| entry.refuses(attack, token, code);
        for none in ["none", "None", "nOnE", "NONE", ""] {
            let token = entry.with_header("alg", json!(none));
            let (unsigned, _) = token.rsplit_once('.').unwrap();
            refuses("alg none", &format!("{unsigned}."), "unsupported_algorithm");
            refuses("alg none with a signature", &token, "unsupported_algorithm");
        }
        for reference in [
            ("jku", json!("https://evil.test/jwks")),
            ("x5u", json!("http://169.254.169.254/")),
            ("x5u", json!("file:///etc/passwd")),
            ("x5c", json!(["MIIB"])),
        ] {
            refuses(
                "a reference to a key in the header",
                &entry.with_header(reference.0, reference.1),
                "key_in_header",
            );
        }
        if entry.name == "DPoP proof" {
            // Here the key has to come along; another's is only another's.
            refuses("the attacker's key in the header", &entry.with_header("jwk", attacker.clone()), "signature");
        } else {
            refuses("the attacker's key in the header", &entry.with_header("jwk", attacker.clone()), "key_in_header");
        }
        let zeros = base64url::encode([0; 64]);
        refuses("a signature of zeros", &format!("{h}.{p}.{zeros}"), "signature");
        let signature = base64url::decode(&s).unwrap();
        let leading = base64url::encode([&[0], signature.as_slice()].concat());
        refuses("a signature with a leading zero", &format!("{h}.{p}.{leading}"), "signature");
        let trailing = base64url::encode([signature.as_slice(), &[0, 0]].concat());
        refuses("a signature with trailing zeros", &format!("{h}.{p}.{trailing}"), "signature");
        // Names lead nowhere: a file, a statement, a link.
        for kid in ["../../../../dev/null", "' OR 1=1 --", "http://169.254.169.254/", "\u{0}", &"k".repeat(5_000)] {
            let token = entry.with_header("kid", json!(kid));
            assert_eq!((entry.verify)(&token), Ok(()), "a path as kid at {}: a name chooses nothing here", entry.name);
        }
        refuses("a kid that is no text", &entry.with_header("kid", json!(["k1"])), "header_member");
    }
}

/// A MAC by whatever a public key looks like in text, where a signature is expected.
#[test]
fn a_mac_by_a_public_key_is_refused_where_a_signature_is_expected() {
    let pem = entry("RS256 public PEM");
    let texts = [pem.as_str(), pem.trim_end()].map(|text| countersign_jose::sha256(text.as_bytes()).to_vec());
    let short = forge::public(Algorithm::Es256).thumbprint().as_str().as_bytes().to_vec();
    for entry in entries().into_iter().filter(|entry| entry.header["alg"] == "ES256") {
        for secret in texts.iter().chain([&short]) {
            let mut header = entry.header.clone();
            header["alg"] = json!("HS256");
            let input =
                format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(entry.claims.to_string()));
            let tagged = format!("{input}.{}", base64url::encode(aws_tag(secret, input.as_bytes())));
            entry.refuses("a MAC keyed with the public key", &tagged, "unsupported_algorithm");
        }
    }
    // The tags of these tests are the real thing.
    let input = format!("{}.{}", base64url::encode(r#"{"alg":"HS256"}"#), base64url::encode("{}"));
    assert_eq!(verify_mac(&seal_hs256(&input)), Ok(()));
}

/// A secret shorter than the hash is none, and filling it up with zeros does not make it another.
#[test]
fn a_short_secret_is_neither_loaded_nor_filled_up() {
    let hs512 = |secret: &[u8]| HmacKey::new(HmacAlgorithm::Hs512, secret);
    for length in [0, 16, 31] {
        assert_eq!(
            HmacKey::new(HmacAlgorithm::Hs256, &vec![7; length]).map(drop),
            Err(KeyError::HmacSize),
            "a secret shorter than the hash"
        );
    }
    assert_eq!(hs512(&[7; 63]).map(drop), Err(KeyError::HmacSize), "a secret filled up with zeros");
    let mut filled = [7; 64];
    filled[63] = 0;
    let token = hmac::sign(&hs512(&filled).unwrap(), None, b"{}").unwrap();
    assert!(hmac::verify(&token, &hs512(&filled).unwrap()).is_ok(), "the control");
    assert_eq!(
        hmac::verify(&token, &hs512(&[7; 64]).unwrap()).unwrap_err().code(),
        "signature",
        "a secret filled up with zeros"
    );
}

/// A key that must not be used is refused wherever keys come in: alone, in a set beside a good one, in the header of a proof,
/// and with its private half.
#[test]
fn a_key_that_must_not_be_used_is_refused_wherever_keys_come_in() {
    let file: Value = serde_json::from_str(include_str!("vectors/wycheproof_jwk.json")).unwrap();
    let roca = file["tests"][6]["set"]["keys"][0].clone();
    let zeros = base64url::encode([0; 32]);
    let mut identity = [0; 32];
    identity[0] = 1;
    let on_p256 = json!(key(Algorithm::Es256).public_jwk());
    let with = |member: &str, value: Value| {
        let mut jwk = on_p256.clone();
        jwk[member] = value;
        jwk
    };
    let small = json!({"kty": "RSA", "alg": "RS256", "e": "AQAB", "n": base64url::encode([0xFF; 128])});
    let rows = [
        ("the point zero", json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": zeros}), KeyError::Point),
        (
            "the identity point",
            json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(identity)}),
            KeyError::Point,
        ),
        ("an RSA key of 1024 bits", small, KeyError::RsaSize),
        ("a modulus of a flawed generator", roca, KeyError::Roca),
        ("a key for encryption", with("use", json!("enc")), KeyError::NotForSignatures),
        ("a key for encryption by its operations", with("key_ops", json!(["encrypt"])), KeyError::NotForSignatures),
        ("a secret among public keys", json!({"kty": "oct", "alg": "HS256", "k": zeros}), KeyError::Symmetric),
        ("a curve that is not the algorithm's", with("crv", json!("P-384")), KeyError::AlgorithmMismatch),
        ("an algorithm that is not the curve's", with("alg", json!("ES384")), KeyError::AlgorithmMismatch),
        ("off the curve", with("y", on_p256["x"].clone()), KeyError::Point),
        ("a private member", with("d", json!(zeros)), KeyError::PrivateMember),
    ];
    let good = json!(other_key(Algorithm::EdDSA).public_jwk());
    for (attack, jwk, reason) in rows {
        assert_eq!(Jwk::from_value(&jwk).map(drop), Err(reason.clone()), "{attack}");
        let set = JwkSet::parse(&json!({"keys": [good, jwk]}).to_string());
        match reason {
            // For something else: passed over, so that it verifies nothing.
            KeyError::NotForSignatures => assert_eq!(set.unwrap().keys().len(), 1, "{attack} in a set"),
            _ => assert!(set.is_err(), "{attack} in a set"),
        }
        let alg = jwk.get("alg").filter(|alg| **alg != "HS256").cloned().unwrap_or(json!("ES256"));
        let header = json!({"alg": alg, "typ": "dpop+jwt", "jwk": jwk});
        let token = forge::forge(&key(Algorithm::Es256), header.to_string(), proof().claims.to_string());
        proof().refuses(attack, &token, "header_key");
        if reason != KeyError::PrivateMember {
            let mut private = jwk.clone();
            private["d"] = json!(zeros);
            assert!(SigningKey::from_jwk(&private.to_string()).is_err(), "{attack} with a private half");
        }
    }
    assert!(Jwk::from_value(&on_p256).is_ok() && Jwk::from_value(&good).is_ok(), "the control");
    assert_eq!(JwkSet::parse(&json!({"keys": [good, on_p256]}).to_string()).unwrap().keys().len(), 2, "the control");
}

/// A set in which one key is a secret, or two have one name, is no set.
#[test]
fn a_set_that_contradicts_itself_is_refused_whole() {
    let (one, two) = (json!(key(Algorithm::Es256).public_jwk()), json!(other_key(Algorithm::Es256).public_jwk()));
    let set = |keys: Value| JwkSet::parse(&json!({ "keys": keys }).to_string()).map_err(|error| error.to_string());
    let mut same_name = two.clone();
    same_name["kid"] = one["kid"].clone();
    let oct = json!({"kty": "oct", "alg": "HS256", "k": base64url::encode([7; 32])});
    assert_eq!(set(json!([one, two])).unwrap().keys().len(), 2, "the control");
    assert_eq!(
        set(json!([one, same_name])).map(drop),
        Err("two keys of the set have the same kid".into()),
        "two keys with one id"
    );
    for keys in [json!([one, oct]), json!([oct, one]), json!([oct])] {
        assert!(set(keys).unwrap_err().ends_with("the key is symmetric"), "a secret among public keys");
    }
}

/// A right signature by the right key material under another algorithm.
#[test]
fn a_key_for_one_algorithm_verifies_no_other() {
    for &signed in forge::SIGNING {
        let token = forge::forge(&key(signed), json!({ "alg": signed }).to_string(), "{}");
        for &expected in Algorithm::ALL {
            let verified = Compact::parse(&token).unwrap().verify(&forge::verifying_key(expected));
            match expected == signed {
                true => assert!(verified.is_ok(), "the control of {signed}"),
                false => assert_eq!(verified.unwrap_err().code(), "algorithm_mismatch", "{signed} as {expected}"),
            }
            // The same with the name of the expected algorithm: then the signature is wrong.
            let renamed = forge::forge(&key(signed), json!({ "alg": expected }).to_string(), "{}");
            let verified = Compact::parse(&renamed).unwrap().verify(&forge::verifying_key(expected));
            assert_eq!(verified.is_ok(), expected == signed, "{signed} called {expected}");
        }
    }
}

/// Claims of the wrong type are refused before anybody reads them, in every kind of token.
#[test]
fn a_claim_of_the_wrong_type_is_refused_in_every_kind_of_token() {
    for entry in tokens().into_iter().chain([proof()]) {
        for date in ["exp", "nbf", "iat"] {
            for value in [json!("9999999999"), json!(null), json!([NOW]), json!(-1), json!(true)] {
                entry.refuses("a date that is a string", &entry.with_claim(date, value), "claim_type");
            }
            entry.refuses("a date that no double holds", &entry.with_literal(date, "1e400"), "claims_json");
            entry.refuses(
                "a date that no integer holds",
                &entry.with_literal(date, "99999999999999999999"),
                "claims_json",
            );
        }
        for value in [json!(5), json!(null), json!({}), json!([5]), json!([["https://api.test"]])] {
            entry.refuses("an audience that is a number", &entry.with_claim("aud", value), "claim_type");
        }
        for text in ["iss", "sub", "jti"] {
            for value in [json!(1), json!(null), json!(["alice"]), json!({}), json!("")] {
                entry.refuses("a name that is no string", &entry.with_claim(text, value), "claim_type");
            }
        }
    }
}

/// Who, for whom, when and which, in every kind of token that says so.
#[test]
fn a_token_for_somebody_or_sometime_else_is_refused() {
    for entry in tokens() {
        let refuses = |attack: &str, token: &str, code| entry.refuses(attack, token, code);
        refuses("no audience", &entry.without_claim("aud"), "claim_missing");
        refuses("an audience of nobody", &entry.with_claim("aud", json!([])), "audience");
        refuses(
            "another audience, which begins like ours",
            &entry.with_claim("aud", json!("https://api.test.evil.test")),
            "audience",
        );
        refuses("no issuer", &entry.without_claim("iss"), "claim_missing");
        refuses("another issuer", &entry.with_claim("iss", json!("https://b.test")), "issuer");
        refuses("issued an hour ahead", &entry.with_times(NOW + 3_600, NOW + 3_630), "issued_in_future");
        refuses("issued a second beyond the leeway", &entry.with_times(NOW + 31, NOW + 61), "issued_in_future");
        refuses("no jti", &entry.without_claim("jti"), "claim_missing");
        refuses("without exp", &entry.without_claim("exp"), "claim_missing");
        refuses("expired", &entry.with_times(NOW - 60, NOW - 30), "expired");
        refuses("ends as it begins", &entry.with_claim("exp", entry.claims["iat"].clone()), "never_valid");
        refuses("begins after its end", &entry.with_claim("nbf", json!(NOW + 31)), "never_valid");
        if entry.name != "access token" {
            refuses("good for a day", &entry.with_claim("exp", json!(NOW + 86_400)), "lifetime_too_long");
            refuses("good for an hour", &entry.with_claim("exp", json!(NOW + 3_600)), "lifetime_too_long");
        }
    }
    let proof = proof();
    proof.refuses("issued an hour ahead", &proof.with_claim("iat", json!(NOW + 3_600)), "issued_in_future");
    proof.refuses("issued a second beyond the leeway", &proof.with_claim("iat", json!(NOW + 31)), "issued_in_future");
    proof.refuses("made too long ago", &proof.with_claim("iat", json!(NOW - 91)), "dpop_too_old");
    proof.refuses("no jti", &proof.without_claim("jti"), "claim_missing");
}

/// What one entry point takes, no other does.
#[test]
fn a_token_of_one_entry_point_is_refused_at_every_other() {
    let places: Vec<Entry> = tokens().into_iter().chain([proof()]).collect();
    for (made, from) in places.iter().enumerate() {
        for (judged, at) in places.iter().enumerate() {
            let code = match ((at.verify)(&from.good()), made == judged) {
                (Ok(()), true) => continue,
                (verified, _) => verified.unwrap_err(),
            };
            let expected = match (from.name, at.name) {
                ("client assertion under a secret", _) | (_, "client assertion under a secret") => {
                    "unsupported_algorithm"
                }
                ("DPoP proof", _) => "key_in_header",
                (_, "DPoP proof") => "header_member",
                _ => "typ",
            };
            // A proof where a secret is expected is refused for the first of two reasons.
            assert!(code == expected || code == "key_in_header", "{} at {}: {code}", from.name, at.name);
        }
    }
}

/// The spare bits of the last character set; a payload whose length leaves none is lengthened first.
fn spare(entry: &Entry, payload: &str) -> String {
    let mut text = String::from_utf8(base64url::decode(payload).unwrap()).unwrap();
    while text.len() % 3 != 2 {
        text.push(' ');
    }
    let encoded = base64url::encode(&text);
    assert_eq!((entry.verify)(&(entry.seal)(&format!("{}.{encoded}", entry.segments()[0]))), Ok(()), "the control");
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = encoded.split_at(encoded.len() - 1);
    let index = ALPHABET.find(last).unwrap();
    format!("{rest}{}", &ALPHABET[index + 1..index + 2])
}

/// The header in the other alphabet, made so that this makes a difference.
fn standard_alphabet(entry: &Entry) -> String {
    let header = entry.header.to_string().replacen('{', "{\"x\":\"\u{fb}\u{ff}~?~?>>\",", 1);
    let encoded = base64url::encode(header);
    let good = (entry.seal)(&format!("{encoded}.{}", entry.segments()[1]));
    assert_eq!((entry.verify)(&good), Ok(()), "the control");
    let standard = encoded.replace('-', "+").replace('_', "/");
    assert_ne!(standard, encoded);
    standard
}

/// RFC 7797, rightly signed; a payload without a dot, so that there are three segments.
fn plain_payload(entry: &Entry) -> String {
    let header = entry.header.to_string().replacen('{', r#"{"b64":false,"crit":["b64"],"#, 1);
    let payload = entry.claims.to_string().replace('.', "%2E");
    assert!(unencoded::PlainText::new(&payload).is_ok());
    (entry.seal)(&format!("{}.{payload}", base64url::encode(header)))
}

/// The other keys of these tests verify what they sign: no row above fails for want of a good key.
#[test]
fn the_attackers_signatures_are_right_for_the_attackers_keys() {
    let attacker = other_key(Algorithm::Es256);
    let verifying: VerifyingKey = attacker.verifying_key();
    let token = forge::forge(&attacker, json!({"alg": "ES256"}).to_string(), "{}");
    assert!(Compact::parse(&token).unwrap().verify(&verifying).is_ok());
    assert_eq!(verify_jws(&token), Err("signature"));
}
