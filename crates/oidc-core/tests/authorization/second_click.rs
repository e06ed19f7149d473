//! The second click tells the outcome of the first.

use countersign_oidc::{ConsentAnswer, InteractionRefusal};
use countersign_storage::{Secret, Stopped};

use crate::world::*;

/// On a slow line people click twice, and the browser shows only the last answer.
#[tokio::test]
async fn the_same_answer_again_leads_to_the_same_place_for_a_minute() {
    for answer in [approve(&["openid", "email"]), ConsentAnswer::Deny] {
        let world = World::new().await;
        let browser = world.browser_of(&world.alice);
        let id = browser.ask(&Ask::spa()).await.interaction().to_owned();
        let csrf = browser.consent_view(&id).await.csrf;
        let click = async |browser: &Browser<'_>, answer: &ConsentAnswer, csrf: &Secret| {
            let response = world.issuer.decide_consent(&id, &browser.headers(), answer, csrf).await;
            response.map(|response| Landing::of(&response))
        };
        let first = click(&browser, &answer, &csrf).await.unwrap();
        let stored = world.store.dump().len();
        for seconds in [0, 59] {
            world.pass(seconds);
            assert_eq!(click(&browser, &answer, &csrf).await.as_ref(), Ok(&first), "after {seconds} s");
            assert_eq!(browser.resume(&id).await, first, "going on without an answer, after {seconds} s");
            for (why, other, csrf) in [
                ("less", approve(&["openid"]), &csrf),
                (
                    "the opposite",
                    if answer == ConsentAnswer::Deny { approve(&["openid"]) } else { ConsentAnswer::Deny },
                    &csrf,
                ),
                ("no ticket", answer.clone(), &Secret::new("")),
            ] {
                assert_eq!(
                    click(&browser, &other, csrf).await,
                    Err(Stopped::Refused(InteractionRefusal::Finished)),
                    "{why}"
                );
            }
        }
        assert_eq!(world.store.dump().len(), stored, "one code, one event, whatever was clicked");
        // Another person in the same browser is not told, and neither is another browser.
        let session = browser.cookie("session").unwrap();
        browser.sign_in(&world.bob);
        assert_eq!(click(&browser, &answer, &csrf).await, Err(Stopped::Refused(InteractionRefusal::Finished)));
        browser.sign_out();
        assert_eq!(click(&browser, &answer, &csrf).await, Err(Stopped::Refused(InteractionRefusal::Finished)));
        browser.set_cookie("session", &session);
        let stranger = world.browser_of(&world.alice);
        stranger.ask(&Ask::web()).await;
        assert_eq!(click(&stranger, &answer, &csrf).await, Err(Stopped::Refused(InteractionRefusal::Unknown)));
        world.pass(1);
        assert_eq!(
            click(&browser, &answer, &csrf).await,
            Err(Stopped::Refused(InteractionRefusal::Finished)),
            "after a minute"
        );
        world.clock.set(NOW - std::time::Duration::from_secs(61));
        assert_eq!(
            click(&browser, &answer, &csrf).await,
            Err(Stopped::Refused(InteractionRefusal::Finished)),
            "the clock was set back"
        );
    }
}

/// What is allowed is a set: a page that sends it in another order says the same.
#[tokio::test]
async fn the_same_scopes_in_another_order_are_the_same_answer() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let id = browser.ask(&Ask::spa()).await.interaction().to_owned();
    let csrf = browser.consent_view(&id).await.csrf;
    let headers = browser.headers();
    let first = world.issuer.decide_consent(&id, &headers, &approve(&["openid", "email"]), &csrf).await.unwrap();
    let second = world.issuer.decide_consent(&id, &headers, &approve(&["email", "openid"]), &csrf).await.unwrap();
    assert_eq!(Landing::of(&first), Landing::of(&second));
}

/// The same where signing in was all that was asked: the sign-in form was sent twice.
#[tokio::test]
async fn going_on_twice_leads_to_the_same_place() {
    let world = World::new().await;
    world.browser_of(&world.alice).ask_and_approve(&Ask::web()).await.code();
    let browser = world.browser();
    let id = browser.ask(&Ask::web()).await.interaction().to_owned();
    browser.sign_in(&world.alice);
    let first = browser.resume(&id).await;
    first.code();
    assert_eq!(browser.resume(&id).await, first);
    browser.sign_in(&world.alice);
    assert_eq!(browser.resume(&id).await, first, "the second form signed in once more");
    world.pass(60);
    assert_eq!(
        world.issuer.resume(&id, &browser.headers()).await.unwrap_err(),
        Stopped::Refused(InteractionRefusal::Finished)
    );
}

/// What is kept for the second click opens with the browser's cookie and with nothing that is stored.
#[tokio::test]
async fn where_an_answer_led_is_sealed_in_the_store() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let code = browser.ask_and_approve(&Ask::spa()).await.code().to_owned();
    assert_eq!(world.stored("answered_interaction"), 1);
    for entry in world.store.dump() {
        assert!(!entry.body.contains(&code) && !entry.body.contains("rp.test/cb?"), "{entry:?}");
    }
}
