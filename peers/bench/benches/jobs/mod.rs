//! What is measured: verifying and minting the token of 600 bytes, by each implementation, with keys that are ready.

use std::collections::HashSet;
use std::hint::black_box;
use std::time::{Duration, UNIX_EPOCH};

use ::josekit::jws::JwsHeader;
use ::josekit::jwt::{JwtPayload, JwtPayloadValidator};
use ::jsonwebtoken::{Header, Validation};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::{hmac as raw_hmac, signature as primitive};
use countersign_jose::base64url;
use countersign_jose::jws::hmac::{HmacAlgorithm, HmacKey};
use countersign_jose::jwt::{self, Expect, ExpectedAudience, ExpectedIssuer, Typ};
use countersign_peers::keys::{self, Alg, Whose};
use countersign_peers::opinion::{josekit, jsonwebtoken};
use ed25519_dalek::Verifier;
use jwt_simple::prelude as simple;
use jwt_simple::prelude::{ECDSAP256KeyPairLike, ECDSAP256PublicKeyLike, MACLike, RSAKeyPairLike, RSAPublicKeyLike};
use jwt_simple::prelude::{EdDSAKeyPairLike, EdDSAPublicKeyLike};
use serde::{Deserialize, Serialize};

#[path = "../../../../crates/jose/benches/payload/mod.rs"]
#[allow(dead_code, reason = "also what others measure")]
mod payload;

use payload::{AUDIENCE, Claims, ISSUER, NOW, claims};

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The primitive alone, on the message of the token.
    Raw,
    /// We.
    Countersign,
    /// `jsonwebtoken`, on whichever provider the process has.
    Jsonwebtoken,
    /// `josekit`, on OpenSSL.
    Josekit,
    /// `jwt-simple`, without BoringSSL.
    JwtSimple,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// From the token to its claims.
    Verify,
    /// From the claims to the token.
    Mint,
}

/// One algorithm of each kind.
pub(crate) const MEASURED: [Alg; 4] = [Alg::EdDsa, Alg::Es256, Alg::Rs256, Alg::Hs256];

/// The work, to be done as often as one likes.
pub(crate) fn job(who: Who, work: Work, alg: Alg) -> Box<dyn Fn()> {
    match (who, work) {
        (Who::Raw, Work::Verify) => raw_verify(alg),
        (Who::Raw, Work::Mint) => raw_sign(alg),
        (Who::Countersign, Work::Verify) => countersign_verify(alg),
        (Who::Countersign, Work::Mint) => countersign_mint(alg),
        (Who::Jsonwebtoken, Work::Verify) => jsonwebtoken_verify(alg),
        (Who::Jsonwebtoken, Work::Mint) => jsonwebtoken_mint(alg),
        (Who::Josekit, Work::Verify) => josekit_verify(alg),
        (Who::Josekit, Work::Mint) => josekit_mint(alg),
        (Who::JwtSimple, Work::Verify) => simple_verify(alg),
        (Who::JwtSimple, Work::Mint) => simple_mint(alg),
    }
}

fn mac_key() -> HmacKey {
    HmacKey::new(HmacAlgorithm::Hs256, &keys::secret(Whose::Trusted)).unwrap().with_kid("2026-11")
}

fn token(alg: Alg) -> String {
    match alg.is_mac() {
        true => jwt::hmac::mint(&mac_key(), Typ::AccessToken, &claims()),
        false => jwt::mint(&keys::signing_key(alg, Whose::Trusted), Typ::AccessToken, &claims()),
    }
    .unwrap()
}

fn raw_verify(alg: Alg) -> Box<dyn Fn()> {
    let token = token(alg);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (message, signature) = (message.to_owned(), base64url::decode(signature).unwrap());
    let jwk = if alg.is_mac() { serde_json::Value::Null } else { keys::public_jwk(alg) };
    let bytes = |name: &str| base64url::decode(jwk[name].as_str().unwrap()).unwrap();
    match alg {
        Alg::EdDsa => {
            let key = ed25519_dalek::VerifyingKey::try_from(bytes("x").as_slice()).unwrap();
            let signature = ed25519_dalek::Signature::from_slice(&signature).unwrap();
            Box::new(move || key.verify(black_box(message.as_bytes()), &signature).unwrap())
        }
        Alg::Es256 => {
            let point = [vec![4], bytes("x"), bytes("y")].concat();
            let key = primitive::ParsedPublicKey::new(&primitive::ECDSA_P256_SHA256_FIXED, point).unwrap();
            Box::new(move || key.verify_sig(black_box(message.as_bytes()), &signature).unwrap())
        }
        Alg::Rs256 => {
            let components = primitive::RsaPublicKeyComponents { n: bytes("n"), e: bytes("e") };
            let key = components.to_parsed_public_key(&primitive::RSA_PKCS1_2048_8192_SHA256).unwrap();
            Box::new(move || key.verify_sig(black_box(message.as_bytes()), &signature).unwrap())
        }
        _ => {
            let key = raw_hmac::Key::new(raw_hmac::HMAC_SHA256, &keys::secret(Whose::Trusted));
            Box::new(move || raw_hmac::verify(&key, black_box(message.as_bytes()), &signature).unwrap())
        }
    }
}

fn raw_sign(alg: Alg) -> Box<dyn Fn()> {
    let message = token(alg).rsplit_once('.').unwrap().0.to_owned();
    let random = SystemRandom::new();
    match alg {
        Alg::EdDsa => {
            let key = primitive::Ed25519KeyPair::from_pkcs8(&keys::pkcs8(alg, Whose::Trusted)).unwrap();
            Box::new(move || {
                black_box(key.sign(black_box(message.as_bytes())));
            })
        }
        Alg::Es256 => {
            let pkcs8 = keys::pkcs8(alg, Whose::Trusted);
            let key = primitive::EcdsaKeyPair::from_pkcs8(&primitive::ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).unwrap();
            Box::new(move || {
                black_box(key.sign(&random, black_box(message.as_bytes())).unwrap());
            })
        }
        Alg::Rs256 => {
            let key = primitive::RsaKeyPair::from_pkcs8(&keys::pkcs8(alg, Whose::Trusted)).unwrap();
            Box::new(move || {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&primitive::RSA_PKCS1_SHA256, &random, black_box(message.as_bytes()), &mut signature).unwrap();
                drop(black_box(signature));
            })
        }
        _ => {
            let key = raw_hmac::Key::new(raw_hmac::HMAC_SHA256, &keys::secret(Whose::Trusted));
            Box::new(move || {
                black_box(raw_hmac::sign(&key, black_box(message.as_bytes())));
            })
        }
    }
}

fn countersign_verify(alg: Alg) -> Box<dyn Fn()> {
    let token = token(alg);
    let expect = Expect::new(Typ::AccessToken, ExpectedIssuer::Exactly(ISSUER), ExpectedAudience::AnyOf(&[AUDIENCE]));
    if alg.is_mac() {
        let key = mac_key();
        return Box::new(move || {
            let unverified = jwt::hmac::Unverified::parse(black_box(&token)).unwrap();
            drop(black_box(unverified.verify::<Claims>(&key, &expect, NOW).unwrap()));
        });
    }
    let key = keys::signing_key(alg, Whose::Trusted).verifying_key();
    Box::new(move || {
        let unverified = jwt::Unverified::parse(black_box(&token)).unwrap();
        drop(black_box(unverified.verify::<Claims>(&key, &expect, NOW).unwrap()));
    })
}

fn countersign_mint(alg: Alg) -> Box<dyn Fn()> {
    let claims = claims();
    if alg.is_mac() {
        let key = mac_key();
        return Box::new(move || {
            drop(black_box(jwt::hmac::mint(&key, Typ::AccessToken, black_box(&claims)).unwrap()));
        });
    }
    let key = keys::signing_key(alg, Whose::Trusted);
    Box::new(move || drop(black_box(jwt::mint(&key, Typ::AccessToken, black_box(&claims)).unwrap())))
}

fn jsonwebtoken_verify(alg: Alg) -> Box<dyn Fn()> {
    let (token, key) = (token(alg), jsonwebtoken::decoding_key(alg));
    let mut validation = Validation::new(jsonwebtoken::algorithm(alg));
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    // It has a clock of its own.
    validation.validate_exp = false;
    Box::new(move || {
        drop(black_box(::jsonwebtoken::decode::<Claims>(black_box(&token), &key, &validation).unwrap()));
    })
}

fn jsonwebtoken_mint(alg: Alg) -> Box<dyn Fn()> {
    let (claims, key) = (claims(), jsonwebtoken::encoding_key(alg));
    let mut header = Header::new(jsonwebtoken::algorithm(alg));
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(kid(alg));
    Box::new(move || drop(black_box(::jsonwebtoken::encode(&header, black_box(&claims), &key).unwrap())))
}

fn josekit_verify(alg: Alg) -> Box<dyn Fn()> {
    let (token, verifier) = (token(alg), josekit::verifier(alg).unwrap());
    let now = UNIX_EPOCH + Duration::from_secs(NOW.unsigned_abs());
    let mut validator = JwtPayloadValidator::new();
    validator.set_base_time(now);
    validator.set_max_issued_time(now);
    validator.set_issuer(ISSUER);
    validator.set_audience(AUDIENCE);
    Box::new(move || {
        let (payload, header) = ::josekit::jwt::decode_with_verifier(black_box(&token), &*verifier).unwrap();
        validator.validate(&payload).unwrap();
        drop(black_box((payload, header)));
    })
}

/// It signs a map, which is made once.
fn josekit_mint(alg: Alg) -> Box<dyn Fn()> {
    let signer = josekit::signer(alg).unwrap();
    let serde_json::Value::Object(claims) = serde_json::to_value(claims()).unwrap() else { unreachable!() };
    let payload = JwtPayload::from_map(claims).unwrap();
    let mut header = JwsHeader::new();
    header.set_token_type("at+jwt");
    header.set_key_id(kid(alg));
    Box::new(move || {
        drop(black_box(::josekit::jwt::encode_with_signer(black_box(&payload), &header, &*signer).unwrap()));
    })
}

fn kid(alg: Alg) -> String {
    if alg.is_mac() { "2026-11".to_owned() } else { keys::signing_key(alg, Whose::Trusted).kid().to_owned() }
}

/// The claims that `jwt-simple` has no members for.
#[derive(Clone, Serialize, Deserialize)]
struct Others {
    client_id: String,
    scope: String,
    auth_time: i64,
    acr: String,
    amr: Vec<String>,
    sid: String,
    groups: Vec<String>,
    email: String,
    email_verified: bool,
    act: serde_json::Value,
}

fn simple_verify(alg: Alg) -> Box<dyn Fn()> {
    let token = token(alg);
    let options = simple::VerificationOptions {
        allowed_issuers: Some(HashSet::from([ISSUER.to_owned()])),
        allowed_audiences: Some(HashSet::from([AUDIENCE.to_owned()])),
        artificial_time: Some(simple::UnixTimeStamp::from_secs(NOW.unsigned_abs())),
        ..simple::VerificationOptions::default()
    };
    macro_rules! verify {
        ($key:expr) => {{
            let key = $key;
            Box::new(move || {
                let options = Some(options.clone());
                drop(black_box(key.verify_token::<Others>(black_box(&token), options).unwrap()));
            })
        }};
    }
    if alg.is_mac() {
        return verify!(simple::HS256Key::from_bytes(&keys::secret(Whose::Trusted)));
    }
    let pem = keys::signing_key(alg, Whose::Trusted).verifying_key().to_pem();
    match alg {
        Alg::EdDsa => verify!(simple::Ed25519PublicKey::from_pem(&pem).unwrap()),
        Alg::Es256 => verify!(simple::ES256PublicKey::from_pem(&pem).unwrap()),
        _ => verify!(simple::RS256PublicKey::from_pem(&pem).unwrap()),
    }
}

/// It takes the claims by value, so a copy is part of it.
fn simple_mint(alg: Alg) -> Box<dyn Fn()> {
    let claims: simple::JWTClaims<Others> = serde_json::from_value(serde_json::to_value(claims()).unwrap()).unwrap();
    if alg.is_mac() {
        let key = simple::HS256Key::from_bytes(&keys::secret(Whose::Trusted)).with_key_id("2026-11");
        return Box::new(move || drop(black_box(key.authenticate(black_box(claims.clone())).unwrap())));
    }
    macro_rules! sign {
        ($key:expr) => {{
            let key = $key;
            Box::new(move || drop(black_box(key.sign(black_box(claims.clone())).unwrap())))
        }};
    }
    let (pem, kid) = (keys::signing_key(alg, Whose::Trusted).to_pem().unwrap(), kid(alg));
    match alg {
        Alg::EdDsa => sign!(simple::Ed25519KeyPair::from_pem(&pem).unwrap().with_key_id(&kid)),
        Alg::Es256 => sign!(simple::ES256KeyPair::from_pem(&pem).unwrap().with_key_id(&kid)),
        _ => sign!(simple::RS256KeyPair::from_pem(&pem).unwrap().with_key_id(&kid)),
    }
}
