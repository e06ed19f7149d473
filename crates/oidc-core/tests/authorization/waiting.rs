//! Where a request waits for a person: with the browser, sealed.

use countersign_oidc::InteractionRefusal;
use countersign_storage::{Clock, Stopped, Store};

use crate::world::*;

/// The store knows nothing of a request until it is answered: a stranger who begins ten thousand leaves it as it was.
#[tokio::test]
async fn a_request_waits_with_the_stranger_and_not_in_the_store() {
    let world = World::new().await;
    world.issuer.signing_keys().published().await.unwrap();
    let before = world.store.dump().len();
    let browser = world.browser();
    let mut ids = std::collections::BTreeSet::new();
    for nth in 0..10_000 {
        let visitor = if nth % 2 == 0 { &browser } else { &world.browser() };
        ids.insert(visitor.ask(&Ask::spa().with("state", &nth.to_string())).await.interaction().to_owned());
    }
    assert_eq!((world.store.dump().len(), ids.len()), (before, 10_000));
    // A person's requests wait in the same way, and one mark is left of each that was answered, for a day.
    browser.sign_in(&world.alice);
    for id in ids.iter().take(200) {
        let _ = world.issuer.interaction(id, &browser.headers()).await;
    }
    assert_eq!(world.store.dump().len(), before);
    browser.ask_and_approve(&Ask::spa()).await.code();
    assert_eq!(world.stored("answered_interaction"), 1);
    world.pass(1_800 + 86_400 + 1);
    world.store.purge(world.clock.now(), 1_000).await.unwrap();
    assert_eq!(world.stored("answered_interaction"), 0);
}

/// A request that waits fits into one header line; a longer one is refused, where it is told to the client. One for which
/// nobody has to be asked may be longer.
#[tokio::test]
async fn a_request_that_is_too_long_to_wait_is_refused_and_said_so() {
    let world = World::new().await;
    let browser = world.browser();
    let ask = |length: usize| Ask::web().with("state", &"s".repeat(length));
    let landing = browser.ask(&ask(3_500)).await;
    assert!(landing.interaction().len() <= 6_000);
    let refused = browser.ask(&ask(4_500)).await;
    assert_eq!((refused.error(), refused.param("state").len()), ("invalid_request", 4_500));
    assert!(refused.param("error_description").contains("too long"));
    browser.sign_in(&world.alice);
    browser.resume(landing.interaction()).await;
    browser.approve(landing.interaction()).await.code();
    browser.ask(&ask(6_500)).await.code();
}

/// 6,000 characters are not too many.
#[tokio::test]
async fn a_request_of_the_longest_that_may_wait_is_opened_again() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let mut longest = String::new();
    for length in 3_500.. {
        match browser.ask(&Ask::web().with("state", &"s".repeat(length))).await {
            Landing::Consent(id) => longest = id,
            refused => {
                assert_eq!(refused.error(), "invalid_request");
                break;
            }
        }
    }
    assert_eq!(longest.len(), 6_000);
    browser.approve(&longest).await.code();
}

/// Sealed under the key ring: nothing of it can be read. What is looked for is so long that it does not come by chance.
#[tokio::test]
async fn a_waiting_request_can_not_be_read() {
    let world = World::new().await;
    let ask = Ask::of(OTHER_SPA, REDIRECT_URI).with("login_hint", "alice@x.test").with("state", "the-state");
    let id = world.browser_of(&world.alice).ask(&ask).await.interaction().to_owned();
    let open = countersign_jose::base64url::decode(id.split_once('.').unwrap().1).unwrap();
    for told in [OTHER_SPA, REDIRECT_URI, "alice@x.test", "usr_alice", "the-state", CHALLENGE, "client_id"] {
        assert!(!open.windows(told.len()).any(|part| part == told.as_bytes()), "{told}");
    }
}

#[tokio::test]
async fn a_waiting_request_can_not_be_altered_or_used_twice() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let id = browser.ask(&Ask::spa()).await.interaction().to_owned();
    let headers = browser.headers();
    let at_places = (0..id.len()).map(|at| {
        let mut altered = id.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(altered).unwrap()
    });
    for altered in at_places.chain([format!("+{id}"), format!("0{id}"), format!("{id}=")]) {
        assert_eq!(
            world.issuer.resume(&altered, &headers).await.unwrap_err(),
            Stopped::Refused(InteractionRefusal::Unknown),
            "{altered}"
        );
    }
    assert!(world.issuer.interaction(&id, &headers).await.is_ok(), "the control");
    // A mark outlives the request, so that a clock that is set back does not have it answered again.
    browser.approve(&id).await.code();
    world.pass(3_600);
    world.store.purge(world.clock.now(), 1_000).await.unwrap();
    world.clock.set(NOW);
    world.pass(120);
    assert_eq!(world.issuer.resume(&id, &headers).await.unwrap_err(), Stopped::Refused(InteractionRefusal::Finished));
}
