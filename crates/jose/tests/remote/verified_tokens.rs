//! The second time a token is presented: what the cache of verified tokens may answer, and what it must not.
//!
//! Each rule is tested beside a verifier without the cache, which must say the same.

use std::sync::Arc;

use countersign_jose::jwt::{self, Typ};
use countersign_jose::remote::{HeldKeys, TokenCache, Verifier, VerifyError};
use countersign_jose::{JwkSet, SigningKey};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::published::*;

/// The same keys and rules, with the cache and without.
struct Pair {
    keys: Arc<HeldKeys>,
    cached: Verifier,
    plain: Verifier,
}

fn set(keys: &[&SigningKey]) -> JwkSet {
    JwkSet::from_keys(keys.iter().map(|key| key.verifying_key())).unwrap()
}

fn pair() -> Pair {
    let keys = Arc::new(HeldKeys::new(set(&[&ES256])));
    let verifier = || Verifier::with_keys(ISSUER, AUDIENCE, Arc::clone(&keys)).unwrap();
    let (cached, plain) = (verifier(), verifier().token_cache(TokenCache::Off));
    Pair { keys, cached, plain }
}

type Outcome = Result<(), VerifyError>;

impl Pair {
    /// What both say.
    async fn verify(&self, token: &str, now: i64) -> Outcome {
        let cached = self.cached.verify(token, now).await.map(drop);
        assert_eq!(cached, self.plain.verify(token, now).await.map(drop), "with the cache and without, at {now}");
        cached
    }

    async fn refused(&self, token: &str, now: i64) -> &'static str {
        self.verify(token, now).await.unwrap_err().code()
    }
}

/// Whatever happens to keys, time and cache, in whatever order: the verdict is that of a verifier without a cache.
#[tokio::test]
async fn the_cache_changes_no_verdict() {
    let (a, b) = (ES256.clone().with_kid("a"), EDDSA.clone().with_kid("b"));
    let (not_a, also_b) = (es256().with_kid("a"), EDDSA.clone().with_kid("c"));
    let sets = [vec![&a], vec![&b], vec![&a, &b], vec![&not_a, &b], vec![&not_a, &also_b], vec![]];
    let mut tokens = Vec::new();
    for key in [&a, &b, &not_a] {
        for (nbf, iat, exp) in [(-50, -60, 300), (0, 0, 20), (100, 90, 200), (0, 0, 100_000)] {
            let mut claims = claims(NOW);
            (claims["nbf"], claims["iat"], claims["exp"]) = (json!(NOW + nbf), json!(NOW + iat), json!(NOW + exp));
            tokens.push(token(key, &claims));
        }
    }
    // A linear congruential generator: the same sequence each time.
    let mut state = 9_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (both, mut accepted, mut refused) = (pair(), 0, 0);
    for _ in 0..4_000 {
        match random(40) {
            0 => both.keys.replace(set(&sets[random(sets.len())])),
            1 => both.cached.forget(&tokens[random(tokens.len())]),
            _ => {
                let now = NOW + random(500) as i64 - 150;
                match both.verify(&tokens[random(tokens.len())], now).await {
                    Ok(()) => accepted += 1,
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(accepted > 500 && refused > 500, "{accepted} accepted, {refused} refused");
}

/// Whether the second answer is the first one, and not a second verification.
async fn is_kept(verifier: &Verifier, token: &str, now: i64) -> bool {
    let first = verifier.verify(token, now).await.unwrap();
    let second = verifier.verify(token, now).await.unwrap();
    assert_eq!(first.claims(), second.claims());
    Arc::ptr_eq(&first, &second)
}

#[tokio::test]
async fn the_second_time_is_answered_from_the_cache() {
    let Pair { cached, plain, .. } = pair();
    let token = good_token(&ES256, NOW);
    assert!(is_kept(&cached, &token, NOW).await);
    assert_eq!(cached.tokens_kept(), 1);
    assert!(!is_kept(&plain, &token, NOW).await);
    assert_eq!(plain.tokens_kept(), 0);
}

/// Never past `exp`, and neither shorter nor longer than without the cache; the clock may be set back as well.
#[tokio::test]
async fn each_time_the_times_are_looked_at_again() {
    let mut claims = claims(NOW);
    claims["nbf"] = json!(NOW - 100);
    claims["iat"] = json!(NOW - 200);
    for leeway in [0, 30, 300] {
        let Pair { keys, cached, plain } = pair();
        let both = Pair { keys, cached: cached.leeway(leeway), plain: plain.leeway(leeway) };
        let token = token(&ES256, &claims);
        assert_eq!(both.verify(&token, NOW).await, Ok(()));
        let exp = NOW + 300;
        for now in [NOW - 1000, NOW - 100 - leeway - 1, NOW - 100 - leeway, exp - 1, exp, exp + leeway, exp + 5000] {
            let _ = both.verify(&token, now).await;
            let _ = both.verify(&token, NOW).await;
        }
        assert_eq!(both.verify(&token, exp - 1).await, Ok(()));
        assert_eq!(both.refused(&token, exp + leeway).await, "expired");
        assert_eq!(both.refused(&token, NOW - 100 - leeway - 1).await, "not_yet_valid");
        assert_eq!(both.refused(&token, NOW - 200 - leeway - 1).await, "not_yet_valid");
    }
}

/// From `exp` on the cache does not answer, though within the leeway the whole verification may.
#[tokio::test]
async fn the_leeway_is_not_for_the_cache() {
    let Pair { cached, .. } = pair();
    let token = good_token(&ES256, NOW);
    assert!(is_kept(&cached, &token, NOW + 299).await);
    assert!(!is_kept(&cached, &token, NOW + 300).await);
    assert!(!is_kept(&cached, &token, NOW + 329).await);
    assert_eq!(cached.tokens_kept(), 0);
}

/// The longest life is measured from now where a token has no `iat`.
#[tokio::test]
async fn the_longest_life_is_looked_at_again() {
    let Pair { keys, cached, plain } = pair();
    let both = Pair { keys, cached: cached.max_lifetime(400).leeway(0), plain: plain.max_lifetime(400).leeway(0) };
    let token = good_token(&ES256, NOW);
    assert_eq!(both.verify(&token, NOW).await, Ok(()));
    assert_eq!(both.refused(&token, NOW - 101).await, "issued_in_future");
    assert_eq!(both.verify(&token, NOW + 299).await, Ok(()));
}

#[tokio::test]
async fn a_token_goes_with_its_key() {
    let both = pair();
    let token = good_token(&ES256, NOW);
    assert_eq!(both.verify(&token, NOW).await, Ok(()));
    both.keys.replace(set(&[&EDDSA]));
    assert_eq!(both.refused(&token, NOW).await, "unknown_key");
    assert_eq!(both.cached.tokens_kept(), 0);
    // And is verified anew when the key is back.
    both.keys.replace(set(&[&ES256]));
    assert_eq!(both.verify(&token, NOW).await, Ok(()));
}

/// Another key under the `kid` of the old one: what the old one signed is not good any longer.
#[tokio::test]
async fn a_key_that_is_replaced_under_its_kid_takes_its_tokens_along() {
    for other in [es256(), EDDSA.clone()] {
        let (old, new) = (ES256.clone().with_kid("current"), other.with_kid("current"));
        let both = pair();
        both.keys.replace(set(&[&old]));
        let token = good_token(&old, NOW);
        assert_eq!(both.verify(&token, NOW).await, Ok(()));
        both.keys.replace(set(&[&new]));
        let code = both.refused(&token, NOW).await;
        assert!(["signature", "algorithm_mismatch"].contains(&code), "{code}");
        assert_eq!(both.cached.tokens_kept(), 0);
        assert_eq!(both.verify(&good_token(&new, NOW), NOW).await, Ok(()));
    }
}

/// Without `kid` a token is for the only key of its algorithm, also the second time.
#[tokio::test]
async fn a_token_without_kid_needs_its_key_to_be_the_only_one() {
    let both = pair();
    let header = countersign_jose::base64url::encode(r#"{"alg":"ES256","typ":"at+jwt"}"#);
    let input = format!("{header}.{}", countersign_jose::base64url::encode(claims(NOW).to_string()));
    let signature = countersign_jose::base64url::encode(ES256.sign(input.as_bytes()).unwrap());
    let token = format!("{input}.{signature}");
    assert_eq!(both.verify(&token, NOW).await, Ok(()));
    both.keys.replace(set(&[&ES256, &STRANGER]));
    assert_eq!(both.refused(&token, NOW).await, "unknown_key");
    both.keys.replace(set(&[&ES256, &EDDSA]));
    assert_eq!(both.verify(&token, NOW).await, Ok(()));
}

/// A set that changed around a key leaves its tokens where they are.
#[tokio::test]
async fn a_token_stays_while_its_key_stays() {
    let both = pair();
    let token = good_token(&ES256, NOW);
    let first = both.cached.verify(&token, NOW).await.unwrap();
    for keys in [set(&[&ES256, &EDDSA]), set(&[&EDDSA, &ES256]), set(&[&ES256])] {
        both.keys.replace(keys);
        for _ in 0..2 {
            assert!(Arc::ptr_eq(&first, &both.cached.verify(&token, NOW).await.unwrap()));
        }
    }
}

/// A cached token does not spare its key set the renewal, and goes with a key that the renewed set does not have.
#[tokio::test]
async fn a_stale_key_set_is_renewed_for_a_cached_token() {
    let fixture = fixture();
    let mut long = claims(NOW);
    long["exp"] = json!(NOW + 100_000);
    let token = token(&ES256, &long);
    let first = fixture.verifier.verify(&token, NOW).await.unwrap();
    let again = fixture.verifier.verify(&token, NOW + 300).await.unwrap();
    assert!(Arc::ptr_eq(&first, &again), "the key is the same");
    assert_eq!(fixture.published.times_asked(JWKS), 2);

    // While the issuer is down, the cached token is as good as any other, and no better.
    fixture.published.is_down();
    for now in [NOW + 600, NOW + 4199] {
        assert!(Arc::ptr_eq(&first, &fixture.verifier.verify(&token, now).await.unwrap()));
    }
    assert_eq!(fixture.refused(&token, NOW + 4200).await, "keys_unreachable");

    fixture.published.is_back();
    fixture.published.keys(&[&EDDSA]);
    assert_eq!(fixture.refused(&token, NOW + 4300).await, "unknown_key");
    assert_eq!(fixture.verifier.tokens_kept(), 0);
}

#[tokio::test]
async fn what_is_forgotten_is_verified_anew() {
    let Pair { cached, .. } = pair();
    let of = |subject: &str| {
        let mut claims = claims(NOW);
        claims["sub"] = json!(subject);
        token(&ES256, &claims)
    };
    let (alice, bob) = (of("alice"), of("bob"));
    let first = (cached.verify(&alice, NOW).await.unwrap(), cached.verify(&bob, NOW).await.unwrap());
    let same = |a: &Arc<_>, b: Arc<_>| Arc::ptr_eq(a, &b);

    cached.forget(&alice);
    assert!(!same(&first.0, cached.verify(&alice, NOW).await.unwrap()));
    assert!(same(&first.1, cached.verify(&bob, NOW).await.unwrap()));

    cached.forget_where(|token| token.sub() == Some("bob"));
    assert_eq!(cached.tokens_kept(), 1);
    assert!(!same(&first.1, cached.verify(&bob, NOW).await.unwrap()));

    cached.forget_all();
    assert_eq!(cached.tokens_kept(), 0);
}

/// A verification that began before its token was forgotten leaves nothing behind.
#[tokio::test]
async fn a_verification_under_way_does_not_bring_back_what_was_forgotten() {
    for forget in [
        (|verifier, token| verifier.forget(token)) as fn(&Verifier, &str),
        |verifier, _| verifier.forget_where(|_| true),
        |verifier, _| verifier.forget_all(),
    ] {
        let fixture = fixture();
        let token = good_token(&ES256, NOW);
        let ((), verified) = tokio::join!(
            biased;
            async {
                while fixture.published.times_asked(JWKS) < 1 {
                    tokio::task::yield_now().await;
                }
                forget(&fixture.verifier, &token);
            },
            fixture.verifier.verify(&token, NOW)
        );
        assert!(verified.is_ok());
        assert_eq!(fixture.verifier.tokens_kept(), 0);
        assert!(is_kept(&fixture.verifier, &token, NOW).await);
    }
}

/// What one verifier has seen is nothing to another, and nothing to itself after it was told to judge otherwise.
#[tokio::test]
async fn a_change_of_rules_empties_the_cache() {
    let token = good_token(&ES256, NOW);
    let mut other = claims(NOW);
    other["aud"] = json!("https://other.test");
    let for_other = self::token(&ES256, &other);

    let keys = set(&[&ES256]);
    let verifier = Verifier::with_keys(ISSUER, AUDIENCE, keys.clone()).unwrap();
    assert!(verifier.verify(&token, NOW + 20).await.is_ok());
    assert_eq!(verifier.verify(&for_other, NOW).await.unwrap_err().code(), "audience");

    let verifier = verifier.or_audience("https://other.test");
    assert_eq!(verifier.tokens_kept(), 0);
    assert!(verifier.verify(&for_other, NOW).await.is_ok());

    let verifier = verifier.max_lifetime(60);
    assert_eq!(verifier.verify(&token, NOW + 20).await.unwrap_err().code(), "lifetime_too_long");

    let of_another = Verifier::with_keys("https://other.test", AUDIENCE, keys).unwrap();
    assert_eq!(of_another.verify(&token, NOW).await.unwrap_err().code(), "issuer");
}

/// The claims type is part of the judgement.
#[tokio::test]
async fn claims_that_do_not_fit_are_refused_though_the_token_was_good_for_another_type() {
    #[derive(Deserialize)]
    struct Wanted {
        #[serde(rename = "tenant")]
        _tenant: String,
    }
    let verifier = Verifier::with_keys(ISSUER, AUDIENCE, set(&[&ES256])).unwrap();
    let token = good_token(&ES256, NOW);
    assert!(verifier.verify(&token, NOW).await.is_ok());
    let verifier = verifier.claims::<Wanted>();
    assert_eq!(verifier.verify(&token, NOW).await.unwrap_err().code(), "claims_shape");
}

/// Kinds that are good once are verified each time, whatever the size of the cache.
#[tokio::test]
async fn one_time_kinds_are_not_kept() {
    for typ in [
        Typ::AccessToken,
        Typ::AgentJwt,
        Typ::ClientAssertion,
        Typ::HostJwt,
        Typ::IdJag,
        Typ::IdToken,
        Typ::IntrospectionResponse,
        Typ::LogoutToken,
        Typ::RequestObject,
    ] {
        let verifier = pair().cached.typ(typ);
        let mut claims = claims(NOW);
        claims["exp"] = json!(NOW + 60);
        let token = jwt::mint(&ES256, typ, &claims).unwrap();
        let repeats = matches!(typ, Typ::AccessToken | Typ::IdToken);
        assert_eq!(is_kept(&verifier, &token, NOW).await, repeats, "{typ:?}");
        assert_eq!(verifier.tokens_kept(), usize::from(repeats), "{typ:?}");
        assert_eq!(typ.is_one_time(), !repeats, "{typ:?}");
    }
    assert!(Typ::DpopProof.is_one_time());
}

/// Only tokens that passed are kept; whatever else is sent leaves nothing behind.
#[tokio::test]
async fn refusals_are_not_kept() {
    let both = pair();
    let good = good_token(&ES256, NOW);
    let mut forged = good.clone();
    forged.replace_range(good.len() - 10.., "AAAAAAAAAA");
    let too_long = "x".repeat(1024 * 1024);
    for (token, code) in [
        (forged.as_str(), "signature"),
        (good.trim_end_matches(|c| c != '.'), "empty_segment"),
        (&good_token(&STRANGER, NOW), "unknown_key"),
        (&good_token(&ES256, NOW - 1000), "expired"),
        (&too_long, "too_large"),
        ("", "segment_count"),
    ] {
        for _ in 0..2 {
            assert_eq!(both.refused(token, NOW).await, code);
        }
    }
    assert_eq!(both.cached.tokens_kept(), 0);
    assert_eq!(both.verify(&good, NOW).await, Ok(()));
}

/// Another token is another entry: the hash covers header, payload and signature.
#[tokio::test]
async fn no_part_of_a_token_can_be_changed_once_it_is_kept() {
    let both = pair();
    let good = good_token(&ES256, NOW);
    assert_eq!(both.verify(&good, NOW).await, Ok(()));
    for at in 0..good.len() {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(both.verify(&String::from_utf8(changed).unwrap(), NOW).await.is_err(), "at {at}");
    }
    for changed in [format!("{good}="), format!("{good}."), format!(" {good}"), format!("{good}\n")] {
        assert!(both.verify(&changed, NOW).await.is_err());
    }
}

/// A flood of distinct good tokens stays within both bounds, and does not push out a token that is in use.
#[tokio::test]
async fn a_flood_of_good_tokens_is_bounded() {
    // The estimate is above what a map of the claims takes, which is some multiple of their text.
    let fitting = 200_000 / (claims(NOW).to_string().len() * 7);
    for (tokens, bytes, most) in [(100, 64 * 1024 * 1024, 100), (10_000, 200_000, fitting)] {
        let verifier = pair().cached.token_cache(TokenCache::AtMost { tokens, bytes });
        let used = good_token(&ES256, NOW);
        let first = verifier.verify(&used, NOW).await.unwrap();
        let mut claims = claims(NOW);
        for n in 0..400 {
            claims["jti"] = json!(n.to_string());
            assert!(verifier.verify(&token(&ES256, &claims), NOW).await.is_ok());
            assert!(Arc::ptr_eq(&first, &verifier.verify(&used, NOW).await.unwrap()), "in use, after {n}");
            assert!(verifier.tokens_kept() <= most, "{}", verifier.tokens_kept());
        }
        assert!(verifier.tokens_kept() > most / 4, "{}", verifier.tokens_kept());
    }
}

/// One switch, and the two sizes that say the same.
#[tokio::test]
async fn the_cache_can_be_switched_off() {
    let token = good_token(&ES256, NOW);
    for off in [
        TokenCache::Off,
        TokenCache::AtMost { tokens: 0, bytes: 1 << 20 },
        TokenCache::AtMost { tokens: 100, bytes: 0 },
    ] {
        let verifier = pair().cached.token_cache(off);
        assert!(!is_kept(&verifier, &token, NOW).await, "{off:?}");
        assert_eq!(verifier.tokens_kept(), 0);
        verifier.forget(&token);
        verifier.forget_where(|_| true);
        verifier.forget_all();
    }
}

/// Escapes, arrays, numbers: the claims of the second time are those of the first.
#[tokio::test]
async fn all_claims_come_back() {
    let verifier: Verifier<Map<String, Value>> = pair().cached;
    let mut claims = claims(NOW);
    claims["aud"] = json!([AUDIENCE, "https://x.test"]);
    claims["sub"] = json!("a\"\\\u{1}é");
    claims["deep"] = json!({ "a": [1, 2.5, null, true, { "b": [] }] });
    let token = token(&ES256, &claims);
    for _ in 0..2 {
        let verified = verifier.verify(&token, NOW).await.unwrap();
        assert_eq!(Value::Object(verified.claims().clone()), claims);
        assert_eq!((verified.sub(), verified.aud().len()), (Some("a\"\\\u{1}é"), 2));
        assert_eq!(verified.key(), &ES256.verifying_key());
    }
}
