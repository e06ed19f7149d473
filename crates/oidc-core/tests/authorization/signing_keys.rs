//! How signing keys follow each other (RFC 7517 §5, OIDC Core §10.1.1).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_jose::{Algorithm, JwkSet, SigningKey};
use countersign_oidc::signing_keys::{Import, KeyState, Rotation};
use countersign_oidc::{Issuer, Policy};
use countersign_storage::{Endpoints, Fault, KeyRing, Secret};
use http::{Request, header};

use crate::world::*;

const ED: Algorithm = Algorithm::EdDSA;

/// Another node on the same store and clock.
fn node(world: &World, seed: u64) -> Issuer {
    Issuer::new(config(&ports(&world.store, &world.clock, seed), world.sessions.clone(), policy())).unwrap()
}

async fn jwks(issuer: &Issuer) -> (JwkSet, http::HeaderMap) {
    let request = Request::builder().uri("/api/auth/jwks").body(Bytes::new()).unwrap();
    let response = issuer.answer(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let text = std::str::from_utf8(response.body()).unwrap();
    for private in ["\"d\"", "\"p\"", "\"q\"", "\"k\"", "\"dp\"", "\"dq\"", "\"qi\""] {
        assert!(!text.contains(private), "{private}");
    }
    (JwkSet::parse(text).unwrap(), response.headers().clone())
}

async fn published(issuer: &Issuer) -> Vec<String> {
    issuer.signing_keys().published().await.unwrap().iter().map(|jwk| jwk.kid().unwrap().to_owned()).collect()
}

async fn current(issuer: &Issuer) -> String {
    issuer.signing_keys().current(ED).await.unwrap().kid().to_owned()
}

/// [OIDC Discovery §3]: one key per algorithm, RS256 among them.
#[tokio::test]
async fn the_key_set_holds_one_public_key_per_algorithm_and_may_be_cached() {
    let world = World::without_keys().await;
    world.issuer.ensure_keys().await.unwrap();
    let (set, headers) = jwks(&world.issuer).await;
    let mut algorithms: Vec<_> = set.keys().iter().map(|key| key.algorithm().as_str()).collect();
    algorithms.sort_unstable();
    assert_eq!(algorithms, ["ES256", "EdDSA", "RS256"]);
    assert!(set.keys().iter().all(|key| key.kid().is_some()));
    assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=300");
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    world.issuer.ensure_keys().await.unwrap();
    assert_eq!(jwks(&world.issuer).await.0.keys().len(), 3, "a second start makes no more");
}

#[tokio::test]
async fn without_keys_nothing_is_signed() {
    let world = World::without_keys().await;
    let error = world.issuer.signing_keys().current(ED).await.unwrap_err();
    assert!(matches!(error, Fault::Internal(_)));
}

/// Of many nodes that start at once, all use the same key.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn nodes_that_start_at_once_agree() {
    let world = World::without_keys().await;
    let nodes: Vec<_> = (0..16).map(|nth| Arc::new(node(&world, 100 + nth))).collect();
    let starts: Vec<_> = nodes
        .iter()
        .cloned()
        .map(|node| tokio::spawn(async move { node.signing_keys().ensure(&[ED]).await.unwrap() }))
        .collect();
    for start in starts {
        start.await.unwrap();
    }
    let first = current(&nodes[0]).await;
    for node in &nodes {
        assert_eq!(current(node).await, first);
        assert_eq!(published(node).await, std::slice::from_ref(&first));
    }
}

/// The whole life of a rotation, second by second where it matters, on the node that rotates and on one that only looks.
#[tokio::test]
async fn a_new_key_is_published_before_it_signs_and_the_old_one_stays_until_its_last_token_is_dead() {
    let world = World::without_keys().await;
    let (one, two) = (node(&world, 2), node(&world, 3));
    one.signing_keys().ensure(&[ED]).await.unwrap();
    let old = current(&two).await;
    world.pass(1_000);
    assert_eq!(current(&two).await, old);
    one.rotate_key(ED, Rotation::Scheduled).await.unwrap();
    let new = published(&one).await.remove(0);
    assert_ne!(new, old);
    assert_eq!(published(&one).await, [new.clone(), old.clone()]);
    assert_eq!((current(&one).await, current(&two).await), (old.clone(), old.clone()), "published, not yet used");
    assert_eq!(published(&two).await, std::slice::from_ref(&old), "the other node has not looked yet");
    world.pass(60);
    assert_eq!(published(&two).await, [new.clone(), old.clone()], "after key_refresh it has");
    world.pass(539);
    assert_eq!((current(&one).await, current(&two).await), (old.clone(), old.clone()));
    world.pass(1);
    assert_eq!((current(&one).await, current(&two).await), (new.clone(), new.clone()), "both switch by the clock");
    // The last token of the old key lives 300 s; 60 s for nodes that look late and 30 s for clocks.
    world.pass(389);
    assert_eq!(published(&two).await, [new.clone(), old.clone()]);
    assert!(two.signing_keys().verifying(&old).await.unwrap().is_some());
    world.pass(1);
    assert_eq!(published(&two).await, std::slice::from_ref(&new));
    assert!(two.signing_keys().verifying(&old).await.unwrap().is_none());
    one.signing_keys().ensure(&[ED]).await.unwrap();
    let kept: Vec<_> = one.signing_keys().status().await.unwrap().into_iter().map(|key| key.kid).collect();
    assert_eq!(kept, [new], "a removed key is forgotten");
}

/// The last token is that of the longer life: an access token or an ID token.
#[tokio::test]
async fn an_old_key_stays_for_as_long_as_the_longest_of_its_tokens_lives() {
    for (access_token, id_token) in [(300, 900), (900, 300)] {
        let access_token_lifetime = Duration::from_secs(access_token);
        let id_token_lifetime = Duration::from_secs(id_token);
        let world = World::with_policy(Policy { access_token_lifetime, id_token_lifetime, ..policy() }).await;
        let old = current(&world.issuer).await;
        world.issuer.rotate_key(ED, Rotation::Scheduled).await.unwrap();
        let is_kept = async || world.issuer.signing_keys().verifying(&old).await.unwrap().is_some();
        world.pass(600 + 900 + 60 + 29);
        assert!(is_kept().await, "{access_token} s, {id_token} s");
        world.pass(1);
        assert!(!is_kept().await, "{access_token} s, {id_token} s");
    }
}

#[tokio::test]
async fn the_states_of_a_key_follow_from_its_times() {
    let world = World::without_keys().await;
    let keys = world.issuer.signing_keys();
    keys.ensure(&[ED]).await.unwrap();
    keys.rotate(ED, Rotation::Scheduled).await.unwrap();
    for (seconds, expected) in [
        (0, [KeyState::Active, KeyState::Pending]),
        (600, [KeyState::Retiring, KeyState::Active]),
        (390, [KeyState::Removed, KeyState::Active]),
    ] {
        world.pass(seconds);
        let states: Vec<_> = keys.status().await.unwrap().iter().map(|key| key.state).collect();
        assert_eq!(states, expected);
    }
}

/// A key signs at once where there was none to take over from, whatever keys other algorithms have.
#[tokio::test]
async fn the_first_key_of_an_algorithm_signs_at_once() {
    let world = World::without_keys().await;
    let keys = world.issuer.signing_keys();
    for algorithm in [ED, Algorithm::Es256] {
        keys.rotate(algorithm, Rotation::Scheduled).await.unwrap();
        assert!(keys.current(algorithm).await.is_ok(), "{algorithm:?}");
    }
    assert!(keys.status().await.unwrap().iter().all(|key| key.state == KeyState::Active));
}

/// A node that runs for years and rotates every day keeps no more keys than one that is started every day.
#[tokio::test]
async fn a_rotation_forgets_the_keys_that_were_removed() {
    let world = World::without_keys().await;
    let keys = world.issuer.signing_keys();
    keys.ensure(&[ED]).await.unwrap();
    for _ in 0..5 {
        keys.rotate(ED, Rotation::Scheduled).await.unwrap();
        assert_eq!(keys.status().await.unwrap().len(), 2);
        world.pass(86_400);
    }
}

/// Each node does it at each start.
#[tokio::test]
async fn a_start_at_which_nothing_is_missing_writes_nothing() {
    let world = World::without_keys().await;
    let key = SigningKey::generate(ED).unwrap();
    let start = async || {
        let node = node(&world, 9);
        assert_eq!(node.import_key(&key).await.unwrap(), Import::Published);
        node.signing_keys().ensure(&[ED, Algorithm::Es256]).await.unwrap();
        world.store.dump().into_iter().map(|entry| (entry.key.id, entry.version)).collect::<Vec<_>>()
    };
    let first = start().await;
    assert_eq!(start().await, first);
    world.pass(86_400);
    assert_eq!(start().await, first);
}

/// Tokens name the key by its id, and verifiers have cached it under that.
#[tokio::test]
async fn a_key_that_is_brought_along_under_another_id_is_another_key() {
    let world = World::without_keys().await;
    let key = SigningKey::generate(ED).unwrap().with_kid("of-old");
    assert_eq!(world.issuer.import_key(&key).await.unwrap(), Import::Published);
    assert_eq!(world.issuer.import_key(&key.clone().with_kid("another")).await.unwrap(), Import::LeftOut);
    assert_eq!(world.issuer.import_key(&key).await.unwrap(), Import::Published);
}

/// Whoever can write to the store, but has no key ring, makes no key sign under the name of another.
#[tokio::test]
async fn a_sealed_key_opens_under_its_own_id_and_no_other() {
    let world = World::without_keys().await;
    let keys = world.issuer.signing_keys();
    keys.ensure(&[ED]).await.unwrap();
    keys.rotate(ED, Rotation::Scheduled).await.unwrap();
    let swap = |set: &mut serde_json::Value| {
        let first = set["keys"][0]["sealed"].take();
        set["keys"][0]["sealed"] = set["keys"][1]["sealed"].take();
        set["keys"][1]["sealed"] = first;
    };
    let opened = async || node(&world, 9).signing_keys().published().await.map(|_| ());
    assert_eq!(opened().await, Ok(()), "the control");
    world.rewrite("signing_keys", swap).await;
    assert!(matches!(opened().await, Err(Fault::Crypto(_))));
    world.rewrite("signing_keys", swap).await;
    assert_eq!(opened().await, Ok(()), "the control");
}

/// A node goes on with the keys that it knows while the store is away, and not while what is there cannot be right.
#[tokio::test]
async fn keys_that_cannot_be_read_are_not_passed_over() {
    let world = World::without_keys().await;
    let keys = world.issuer.signing_keys();
    keys.ensure(&[ED]).await.unwrap();
    world.rewrite("signing_keys", |set| set["keys"] = serde_json::json!(7)).await;
    world.pass(59);
    assert!(keys.current(ED).await.is_ok(), "it has not looked yet");
    world.pass(1);
    assert!(matches!(keys.current(ED).await, Err(Fault::Corrupt { .. })));
}

/// Two operators, or two nodes, that rotate at once rotate once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rotating_twice_at_once_is_one_rotation() {
    let world = World::without_keys().await;
    let nodes: Vec<_> = (0..4).map(|nth| Arc::new(node(&world, 200 + nth))).collect();
    nodes[0].signing_keys().ensure(&[ED]).await.unwrap();
    let rotations: Vec<_> = nodes
        .iter()
        .cloned()
        .map(|node| tokio::spawn(async move { node.rotate_key(ED, Rotation::Scheduled).await.unwrap() }))
        .collect();
    for rotation in rotations {
        rotation.await.unwrap();
    }
    assert_eq!(nodes[0].signing_keys().status().await.unwrap().len(), 2);
}

/// A node that meets an unknown key id looks again at once, but not for every made-up one.
#[tokio::test]
async fn an_unknown_key_id_makes_a_node_look_again() {
    let world = World::without_keys().await;
    let (one, two) = (node(&world, 2), node(&world, 3));
    one.signing_keys().ensure(&[ED]).await.unwrap();
    current(&two).await;
    world.pass(2);
    one.rotate_key(ED, Rotation::Compromised).await.unwrap();
    let new = current(&one).await;
    assert!(two.signing_keys().verifying(&new).await.unwrap().is_none(), "it looked two seconds ago");
    world.pass(3);
    assert!(two.signing_keys().verifying(&new).await.unwrap().is_some());
}

#[tokio::test]
async fn a_compromised_key_is_gone_at_once_here_and_within_the_refresh_elsewhere() {
    let world = World::without_keys().await;
    let (one, two) = (node(&world, 2), node(&world, 3));
    one.signing_keys().ensure(&[ED, Algorithm::Es256]).await.unwrap();
    let old = current(&two).await;
    one.rotate_key(ED, Rotation::Compromised).await.unwrap();
    let new = current(&one).await;
    assert_ne!(new, old);
    assert!(!published(&one).await.contains(&old));
    assert_eq!(published(&one).await.len(), 2, "the key of another algorithm stays");
    world.pass(60);
    assert_eq!(current(&two).await, new);
    assert!(two.signing_keys().verifying(&old).await.unwrap().is_none());
}

/// The store holds no private key that opens without the key ring, or for another issuer.
#[tokio::test]
async fn private_keys_are_sealed() {
    let world = World::without_keys().await;
    world.issuer.signing_keys().ensure(&[ED]).await.unwrap();
    let key = world.issuer.signing_keys().current(ED).await.unwrap();
    let private = countersign_jose::base64url::encode(key.to_pkcs8_der().unwrap().as_slice());
    for entry in world.store.dump() {
        assert!(!entry.body.contains(&private[20..]), "{entry:?}");
    }
    let mut other = config(&world.ports, world.sessions.clone(), Policy::default());
    other.key_ring = Arc::new(KeyRing::new([(1, Secret::new("oG9aCeU5dLjM0pXsH6bRfT1wYq8Nv3kZ"))]).unwrap());
    let other = Issuer::new(other).unwrap();
    assert!(matches!(other.signing_keys().current(ED).await, Err(Fault::Crypto(_))));
    assert_eq!(world.issuer.policy().key_refresh, Duration::from_secs(60));
}

/// The tokens of the former issuer stay good: the key is published under the id that they name.
#[tokio::test]
async fn a_key_that_is_brought_along_signs_under_its_own_id() {
    let world = World::without_keys().await;
    let key = SigningKey::generate(ED).unwrap().with_kid("of-old");
    assert_eq!(world.issuer.import_key(&key).await.unwrap(), Import::Published);
    world.issuer.ensure_keys().await.unwrap();
    assert_eq!(current(&world.issuer).await, "of-old");
    let published = jwks(&world.issuer).await.0;
    assert_eq!(published.keys().len(), 3, "the algorithm has a key");
    assert!(published.keys().iter().any(|published| *published == key.verifying_key()));
    let private = countersign_jose::base64url::encode(key.to_pkcs8_der().unwrap().as_slice());
    assert!(world.store.dump().iter().all(|entry| !entry.body.contains(&private[20..])), "it is sealed");
    let signed = node(&world, 2).signing_keys().current(ED).await.unwrap().sign(b"m").unwrap();
    key.verifying_key().verify(b"m", &signed).unwrap();
}

/// Bringing it along is part of every start, on every node.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_that_is_brought_along_again_and_by_all_nodes_at_once_is_one_key() {
    let world = World::without_keys().await;
    let key = SigningKey::generate(ED).unwrap();
    let imports: Vec<_> = (0..4)
        .map(|nth| (node(&world, 300 + nth), key.clone()))
        .map(|(node, key)| tokio::spawn(async move { node.import_key(&key).await.unwrap() }))
        .collect();
    for import in imports {
        assert_eq!(import.await.unwrap(), Import::Published);
    }
    assert_eq!(world.issuer.import_key(&key).await.unwrap(), Import::Published);
    world.issuer.rotate_key(ED, Rotation::Scheduled).await.unwrap();
    world.pass(600);
    assert_eq!(world.issuer.import_key(&key).await.unwrap(), Import::Published, "while it retires it is still a key");
    assert_ne!(current(&world.issuer).await, key.kid());
    assert_eq!(world.issuer.signing_keys().status().await.unwrap().len(), 2);
}

/// A key that another has followed, or that is known to others, does not come back with the next start.
#[tokio::test]
async fn a_key_is_left_out_where_another_signs() {
    let world = World::without_keys().await;
    let key = SigningKey::generate(ED).unwrap();
    assert_eq!(world.issuer.import_key(&key).await.unwrap(), Import::Published);
    world.issuer.rotate_key(ED, Rotation::Compromised).await.unwrap();
    assert_eq!(world.issuer.import_key(&key).await.unwrap(), Import::LeftOut);
    assert!(world.issuer.signing_keys().verifying(key.kid()).await.unwrap().is_none());
    world.issuer.rotate_key(ED, Rotation::Scheduled).await.unwrap();
    world.pass(10_000);
    assert_eq!(world.issuer.import_key(&key).await.unwrap(), Import::LeftOut);
    assert_eq!(published(&world.issuer).await.len(), 1);
}

/// [RFC 7517 §4.5]: a verifier that finds two keys under one id can take the wrong one.
#[tokio::test]
async fn a_key_is_left_out_where_another_has_its_id() {
    let world = World::without_keys().await;
    let first = SigningKey::generate(ED).unwrap().with_kid("k1");
    assert_eq!(world.issuer.import_key(&first).await.unwrap(), Import::Published);
    for other in [ED, Algorithm::Es256].map(|algorithm| SigningKey::generate(algorithm).unwrap().with_kid("k1")) {
        assert_eq!(world.issuer.import_key(&other).await.unwrap(), Import::LeftOut, "{}", other.algorithm());
    }
    assert_eq!(published(&world.issuer).await, ["k1"]);
    assert_eq!(world.issuer.signing_keys().verifying("k1").await.unwrap(), Some(first.verifying_key()));
}

/// A node keeps its view while the store is down, as long as no scheduled rotation can have come into force since.
#[tokio::test]
async fn a_node_that_knows_its_keys_goes_on_without_the_store_for_a_while() {
    let world = World::without_keys().await;
    world.issuer.signing_keys().ensure(&[ED]).await.unwrap();
    let key = current(&world.issuer).await;
    let cold = Issuer::new(config(&world.ports, world.sessions.clone(), policy())).unwrap();
    world.switch.turn_off();
    world.pass(599);
    assert_eq!(current(&world.issuer).await, key);
    assert_eq!(published(&world.issuer).await, std::slice::from_ref(&key));
    let request = Request::builder().uri("/api/auth/jwks").body(Bytes::new()).unwrap();
    let response = cold.answer(request).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()[header::RETRY_AFTER]), (503, &"1".parse().unwrap()));
    world.pass(1);
    assert!(matches!(world.issuer.signing_keys().current(ED).await, Err(Fault::Unavailable(_))));
}

/// No moment is earlier than the one at which the newest key was published.
#[tokio::test]
async fn a_clock_that_is_set_back_revives_no_key() {
    let world = World::without_keys().await;
    let keys = world.issuer.signing_keys();
    keys.ensure(&[ED]).await.unwrap();
    let first = current(&world.issuer).await;
    for _ in 0..2 {
        keys.rotate(ED, Rotation::Scheduled).await.unwrap();
        world.pass(3_600);
    }
    let (signs, shown) = (current(&world.issuer).await, published(&world.issuer).await);
    keys.rotate(ED, Rotation::Scheduled).await.unwrap();
    let newest = published(&world.issuer).await.remove(0);
    for earlier in [1, 3_600, 7_200, 86_400] {
        world.clock.set(NOW + Duration::from_secs(7_200 - earlier.min(7_200)));
        let other = node(&world, 9);
        for issuer in [&world.issuer, &other] {
            assert_eq!(current(issuer).await, signs, "{earlier} s earlier");
            assert!(!published(issuer).await.contains(&first), "{earlier} s earlier");
            assert!(issuer.signing_keys().verifying(&first).await.unwrap().is_none(), "{earlier} s earlier");
            assert_eq!(published(issuer).await, [[newest.clone()].as_slice(), &shown].concat(), "{earlier} s earlier");
        }
    }
}

/// Each algorithm has a life of its own: rotating one neither retires nor holds up another.
#[tokio::test]
async fn rotating_one_algorithm_leaves_the_others_alone() {
    const ES: Algorithm = Algorithm::Es256;
    let world = World::without_keys().await;
    let keys = world.issuer.signing_keys();
    keys.ensure(&[ED, ES]).await.unwrap();
    let of = async |algorithm| keys.current(algorithm).await.unwrap().kid().to_owned();
    let states = async |algorithm| {
        let status = keys.status().await.unwrap();
        status.iter().filter(|key| key.algorithm == algorithm).map(|key| key.state).collect::<Vec<_>>()
    };
    let (ed, es) = (of(ED).await, of(ES).await);
    keys.rotate(ED, Rotation::Scheduled).await.unwrap();
    assert_eq!(
        (states(ED).await, states(ES).await),
        (vec![KeyState::Active, KeyState::Pending], vec![KeyState::Active])
    );
    keys.rotate(ES, Rotation::Scheduled).await.unwrap();
    assert_eq!(states(ES).await, [KeyState::Active, KeyState::Pending], "while another algorithm's key is pending");
    world.pass(600);
    assert!(of(ED).await != ed && of(ES).await != es);
    let es = of(ES).await;
    keys.rotate(ED, Rotation::Compromised).await.unwrap();
    assert_eq!((of(ES).await, states(ES).await), (es, vec![KeyState::Retiring, KeyState::Active]));
    assert_eq!(states(ED).await, [KeyState::Active]);
    world.pass(391);
    keys.ensure(&[ED, ES]).await.unwrap();
    assert_eq!(
        (states(ED).await, states(ES).await),
        (vec![KeyState::Active], vec![KeyState::Active]),
        "all old ones left"
    );
}

#[tokio::test]
async fn a_clock_that_cannot_be_right_stops_the_start_with_words() {
    let world = World::without_keys().await;
    world.issuer.ensure_keys().await.unwrap();
    for (now, words) in [
        (NOW.as_secs() - 60, None),
        (NOW.as_secs() - 61, Some("before the newest signing key was made")),
        (1_793_491_200, Some("before the newest signing key was made")),
        (1_793_491_199, Some("before this software was made")),
        (0, Some("before this software was made")),
    ] {
        world.clock.set(countersign_storage::Timestamp(now));
        let outcome = node(&world, 9).ensure_keys().await;
        match words {
            None => assert_eq!(outcome, Ok(())),
            Some(words) => assert!(outcome.unwrap_err().to_string().contains(words), "{now}"),
        }
        world.clock.set(NOW);
        assert_eq!(world.issuer.signing_keys().status().await.unwrap().len(), 3, "no key was made");
    }
}
