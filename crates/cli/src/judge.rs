//! All the reasons for which a token is refused, and not only the first.
//!
//! The verdict is that of the token crate on the whole token. Where it refuses, the other reasons are found by asking about
//! each part alone ([`crate::probe`]), in the order in which a verifier asks: form, kind, signature, claims.

use countersign_jose::jws::JwsError;
use countersign_jose::jws::hmac::HmacAlgorithm;
use countersign_jose::jwt::{TokenError, Unverified, hmac};
use countersign_jose::{Algorithm, base64url};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::answer::Unable;
use crate::dpop;
use crate::expectation::{Ask, Expectation};
use crate::judgement::{Judgement, Signature};
use crate::key_source::Keys;
use crate::kind::Kind;
use crate::look::{Content, Form, Look};
use crate::probe::{self, Probe};
use crate::reason::Reason;

/// Judges a token; without keys, all of it but the signature.
pub(crate) fn judge(
    token: &str,
    look: &Look,
    expectation: &Expectation,
    keys: Option<&Keys>,
    now: i64,
) -> Result<Judgement, Unable> {
    let probe = Probe::new().map_err(|error| Unable::new(error.to_string()))?;
    let mut verdict = None;
    let mut signature = Signature::Unchecked("there is no key to check it with");
    let mut wrong_signature = None;
    if let Some(keys) = keys {
        match whole(token, expectation, keys, now) {
            Ok(()) => return Ok(Judgement { reasons: Vec::new(), signature: Signature::Verified }),
            Err(error) => verdict = Some(error),
        }
        (signature, wrong_signature) = check_signature(token, look, keys);
    }
    let mut reasons = form(token, look);
    reasons.extend(kind(look, expectation, &probe, now));
    reasons.extend(wrong_signature);
    reasons.extend(claims(look, expectation, &probe, now));
    if let Some(verdict) = verdict
        && !reasons.iter().any(|reason| same(reason, &verdict))
    {
        reasons.insert(0, verdict);
    }
    Ok(Judgement { reasons: distinct(reasons).into_iter().map(Reason::from).collect(), signature })
}

/// The verdict of the token crate.
fn whole(token: &str, expectation: &Expectation, keys: &Keys, now: i64) -> Result<(), TokenError> {
    let audiences = expectation.audiences();
    let expect = expectation.expect(&audiences, Ask::All);
    match keys {
        Keys::Set(set) => Unverified::parse(token)?.verify_with_set::<IgnoredAny>(set, &expect, now).map(drop),
        Keys::Key(key) => Unverified::parse(token)?.verify::<IgnoredAny>(key, &expect, now).map(drop),
        Keys::Secret(key) => hmac::Unverified::parse(token)?.verify::<IgnoredAny>(key, &expect, now).map(drop),
    }
}

/// What is wrong with the form: segments, header, types of the claims. The algorithms of MACs are no fault of form.
pub(crate) fn form(token: &str, look: &Look) -> Vec<TokenError> {
    let mut reasons = Vec::new();
    if Kind::is_dpop_proof(look.header_text("typ")) {
        // It brings its key, which is a fault in any other kind.
        return dpop::form(token, look).into_iter().collect();
    }
    let parsed = match look.header_text("alg") {
        Some(name) if is_mac(name) => hmac::Unverified::parse(token).map(drop),
        _ => Unverified::parse(token).map(drop),
    };
    match parsed {
        Ok(()) => return reasons,
        Err(error) => reasons.push(error),
    }
    if let [header, payload, signature] = *token.split('.').collect::<Vec<_>>().as_slice() {
        reasons.extend(probe::header(header));
        reasons.extend(probe::payload(payload));
        reasons.extend(probe::signature(signature));
    }
    let header = look.headers.first().map(|header| header.members()).unwrap_or_default();
    let known = header.iter().filter(|(name, value)| name != "alg" || !value.as_str().is_some_and(is_mac));
    reasons.extend(known.filter_map(|(name, value)| probe::header_member(name, value)));
    if !header.is_empty() && look.header("alg").is_none() {
        reasons.extend(probe::header_without_algorithm());
    }
    reasons.extend(look.payload.members().iter().filter_map(|(name, value)| probe::claim(name, value)));
    distinct(reasons)
}

fn is_mac(name: &str) -> bool {
    name.parse::<HmacAlgorithm>().is_ok()
}

/// Another kind of token.
fn kind(look: &Look, expectation: &Expectation, probe: &Probe, now: i64) -> Option<TokenError> {
    let expect = expectation.expect(&[], Ask::Neither);
    let error = probe.claims(look.header_text("typ"), &good_claims(now), &expect, now);
    error.filter(|error| matches!(error, TokenError::Typ { .. }))
}

fn check_signature(token: &str, look: &Look, keys: &Keys) -> (Signature, Option<TokenError>) {
    let unchecked = |why| (Signature::Unchecked(why), None);
    let key = match keys {
        Keys::Secret(key) => {
            return match countersign_jose::jws::hmac::verify(token, key) {
                Ok(_) => (Signature::Verified, None),
                Err(error @ JwsError::Signature) => (Signature::Wrong, Some(error.into())),
                Err(error @ (JwsError::HmacAlgorithmMismatch { .. } | JwsError::UnsupportedAlgorithm { .. })) => {
                    (Signature::Unchecked("the secret is for another algorithm"), Some(error.into()))
                }
                Err(_) => unchecked("the token is malformed"),
            };
        }
        Keys::Key(key) => Ok(key),
        Keys::Set(set) => Err(set),
    };
    let Some(name) = look.header_text("alg") else { return unchecked("the header names no algorithm") };
    let Ok(algorithm) = name.parse::<Algorithm>() else {
        return unchecked("the algorithm is not one that a public key verifies");
    };
    let Some((input, signature)) = token.rsplit_once('.').filter(|_| look.form == Form::Jws) else {
        return unchecked("the token has not three segments");
    };
    let Ok(signature) = base64url::decode(signature) else { return unchecked("it is not strict base64url") };
    let key = match key {
        Ok(key) => key,
        Err(set) => {
            let kid = look.header_text("kid");
            let found = kid.map_or_else(|| set.sole(algorithm), |kid| set.find_kid(kid));
            let Some(key) = found else {
                let unknown = TokenError::UnknownKey { kid: kid.map(plain), algorithm };
                return (Signature::Unchecked("the key is not known"), Some(unknown));
            };
            key
        }
    };
    if key.algorithm() != algorithm {
        let mismatch = JwsError::AlgorithmMismatch { expected: key.algorithm(), found: algorithm };
        return (Signature::Unchecked("the key is for another algorithm"), Some(mismatch.into()));
    }
    match key.verify(input.as_bytes(), &signature) {
        Ok(()) => (Signature::Verified, None),
        Err(_) => (Signature::Wrong, Some(JwsError::Signature.into())),
    }
}

/// A value out of a header, as the token crate shows it: short, and printable ASCII.
fn plain(value: &str) -> String {
    value.chars().take(128).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

/// What is wrong with the claims: what is missing, then each rule alone, in a token in which all else is good. Claims of
/// the wrong type are the business of [`form`].
fn claims(look: &Look, expectation: &Expectation, probe: &Probe, now: i64) -> Vec<TokenError> {
    let members = look.payload.members();
    if members.is_empty() && !matches!(look.payload, Content::Members(_)) {
        return Vec::new();
    }
    let typ = Some(expectation.typ.typ().as_str());
    let audiences = expectation.audiences();
    let good = good_claims(now);
    let (mut given, mut mistyped) = (Map::new(), Vec::new());
    for (name, value) in members {
        if probe::claim(name, value).is_none() {
            given.entry(name.clone()).or_insert_with(|| value.clone());
        } else {
            mistyped.push(name.as_str());
        }
    }
    // What has the wrong type is not missing too.
    for name in &mistyped {
        if let Some(value) = good.get(*name) {
            given.entry((*name).to_owned()).or_insert_with(|| value.clone());
        }
    }
    // A claim of the token's in the place of a good one.
    let with = |name: &str, now: i64| {
        let mut claims = good_claims(now);
        claims.remove(name);
        claims.extend(given.get(name).map(|value| (name.to_owned(), value.clone())));
        beside(&mut claims, name, now);
        claims
    };
    let ask =
        |claims: &Map<String, Value>, ask, now| probe.claims(typ, claims, &expectation.expect(&audiences, ask), now);

    let mut reasons = missing(given.clone(), &good, |claims| ask(claims, Ask::Neither, now));
    let rules = [("iss", Ask::Issuer), ("aud", Ask::Audience)];
    let dates = [("exp", Ask::Neither), ("nbf", Ask::Neither), ("iat", Ask::Neither)];
    let alone = |(name, rule)| ask(&with(name, now), rule, now).filter(|error| speaks_of(error, name));
    let well_typed = |(name, _): &(&str, Ask)| !mistyped.contains(name);
    reasons.extend(rules.into_iter().filter(well_typed).filter_map(alone));
    // The dates of the token together, which contradict each other at any time or at none.
    let mut together = good.clone();
    for (name, _) in dates {
        together.remove(name);
        together.extend(given.get(name).map(|value| (name.to_owned(), value.clone())));
    }
    reasons.extend(ask(&together, Ask::Neither, now).filter(|error| matches!(error, TokenError::NeverValid { .. })));
    reasons.extend(dates.into_iter().filter(well_typed).filter_map(alone));
    // How long it lives is asked at the time of its making, when it was neither expired nor of the future.
    let made = given.get("iat").and_then(seconds).filter(|iat| *iat <= now).unwrap_or(now);
    let mut life = with("exp", made);
    life.insert("iat".to_owned(), made.into());
    reasons.extend(ask(&life, Ask::Neither, made).filter(|error| matches!(error, TokenError::LifetimeTooLong { .. })));
    reasons
}

/// The claims that the kind of token must have, and this one has not.
fn missing(
    mut given: Map<String, Value>,
    good: &Map<String, Value>,
    ask: impl Fn(&Map<String, Value>) -> Option<TokenError>,
) -> Vec<TokenError> {
    let mut reasons = Vec::new();
    while let Some(TokenError::ClaimMissing { claim }) = ask(&given) {
        let value = good.get(claim).cloned().unwrap_or_else(|| "x".into());
        if given.insert(claim.to_owned(), value).is_some() {
            break;
        }
        reasons.push(TokenError::ClaimMissing { claim });
    }
    reasons
}

/// Gives a date of the token one beside it that does not contradict it, so that it is judged by the clock alone.
fn beside(claims: &mut Map<String, Value>, name: &str, now: i64) {
    let Some(date) = claims.get(name).and_then(seconds) else { return };
    match name {
        "exp" => match date.checked_sub(1).filter(|before| *before >= 0) {
            Some(before) => drop(claims.insert("iat".to_owned(), before.min(now).into())),
            None => drop(claims.remove("iat")),
        },
        "iat" | "nbf" => {
            drop(claims.insert("exp".to_owned(), date.saturating_add(1).max(now.saturating_add(30)).into()));
        }
        _ => {}
    }
}

/// A date without its fraction.
fn seconds(date: &Value) -> Option<i64> {
    date.as_i64().or_else(|| format!("{:.0}", date.as_f64()?.trunc()).parse().ok())
}

/// Claims that no rule is against.
fn good_claims(now: i64) -> Map<String, Value> {
    let mut claims = Map::new();
    for name in ["iss", "sub", "aud", "jti"] {
        claims.insert(name.to_owned(), "x".into());
    }
    claims.insert("iat".to_owned(), now.into());
    claims.insert("exp".to_owned(), now.saturating_add(30).into());
    claims
}

/// Whether a refusal is that of a rule about this claim alone.
fn speaks_of(error: &TokenError, name: &str) -> bool {
    match error {
        TokenError::ClaimMissing { claim } => *claim == name,
        TokenError::Audience { .. } => name == "aud",
        TokenError::Expired { .. } => name == "exp",
        TokenError::IssuedInFuture { .. } => name == "iat",
        TokenError::Issuer { .. } => name == "iss",
        TokenError::NotYetValid { .. } => name == "nbf",
        _ => false,
    }
}

fn same(one: &TokenError, other: &TokenError) -> bool {
    (one.code(), one.to_string()) == (other.code(), other.to_string())
}

fn distinct(reasons: Vec<TokenError>) -> Vec<TokenError> {
    let mut distinct: Vec<TokenError> = Vec::with_capacity(reasons.len());
    for reason in reasons {
        if !distinct.iter().any(|known| same(known, &reason)) {
            distinct.push(reason);
        }
    }
    distinct
}
