//! Connected applications: listing grants and taking them back.

use countersign_oidc::records::{Grant, LivingFamilies};
use countersign_oidc::{ConsentAnswer, Revoked};
use countersign_storage::{AccountState, Clock, Record, Store, Subject};

use crate::world::*;

#[tokio::test]
async fn a_person_sees_their_own_grants_and_nobody_elses() {
    let world = World::new().await;
    let alice = world.browser_of(&world.alice);
    alice.ask_and_approve(&Ask::web().with("resource", NOTES)).await.code();
    alice.ask_and_approve(&Ask::spa()).await.code();
    world.browser_of(&world.bob).ask_and_approve(&Ask::spa()).await.code();
    let mut grants = world.issuer.grants(&world.alice).await.unwrap();
    grants.sort_by(|one, other| one.client_id.cmp(&other.client_id));
    let names: Vec<_> = grants.iter().map(|grant| grant.client_name.as_str()).collect();
    assert_eq!(names, ["The client spa", "The client web"]);
    assert_eq!(grants[1].resources, [NOTES]);
    assert_eq!((grants[0].granted_at, grants[0].used_at), (Some(NOW), Some(NOW)));
    assert_eq!(grants[0].scopes[1].description, "See your e-mail address");
    assert_eq!(world.issuer.grants(&Subject::new("nobody").unwrap()).await.unwrap(), []);
}

#[tokio::test]
async fn revoking_a_grant_kills_its_families_and_asks_again() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let first = browser.tokens("openid offline_access").await;
    let second = browser.tokens("openid offline_access").await;
    let grant = world.issuer.grants(&world.alice).await.unwrap().remove(0).id;
    assert_eq!(world.issuer.revoke_grant(&world.bob, &grant).await.unwrap(), Revoked::Unknown, "another person's");
    assert_eq!(world.issuer.revoke_grant(&world.alice, "grt_x").await.unwrap(), Revoked::Unknown);
    assert!(world.is_honoured(&first).await && world.is_honoured(&second).await);
    assert_eq!(world.issuer.revoke_grant(&world.alice, &grant).await.unwrap(), Revoked::Now);
    assert_eq!(world.issuer.revoke_grant(&world.alice, &grant).await.unwrap(), Revoked::Already);
    for tokens in [&first, &second] {
        assert!(!world.is_honoured(tokens).await);
        assert_eq!(world.renew(tokens).await["error"], "invalid_grant");
    }
    assert_eq!(world.issuer.grants(&world.alice).await.unwrap(), []);
    assert!(matches!(browser.ask(&Ask::spa()).await, Landing::Consent(_)));
    browser.tokens("openid offline_access").await;
    assert!(!world.is_honoured(&first).await, "giving it anew revives nothing");
    assert_eq!(world.renew(&second).await["error"], "invalid_grant");
}

/// Giving it anew does not revive what rested on the old one, and does not bring old scopes back.
#[tokio::test]
async fn a_grant_that_is_given_anew_revives_nothing() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web().with("scope", "openid email profile")).await.code();
    let id = world.issuer.grants(&world.alice).await.unwrap().remove(0).id;
    world.issuer.revoke_grant(&world.alice, &id).await.unwrap();
    browser.ask_and_approve(&Ask::web().with("scope", "openid")).await.code();
    let grant = world.own().reader().load(Grant::at(&id)).await.unwrap().unwrap();
    assert_eq!(grant.generation, 1);
    assert_eq!(grant.scopes.to_string(), "openid");
    let generations: Vec<i64> = world
        .store
        .dump()
        .iter()
        .filter(|entry| entry.key.kind.as_str() == "authorization_code")
        .map(|entry| {
            serde_json::from_str::<serde_json::Value>(&entry.body).unwrap()["grant_generation"].as_i64().unwrap()
        })
        .collect();
    assert_eq!(generations.len(), 2);
    assert!(generations.contains(&0) && generations.contains(&1));
}

/// What was asked about and not approved is no longer granted; what was not asked about stays.
#[tokio::test]
async fn an_answer_speaks_for_what_was_asked_and_for_nothing_else() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::web().with("scope", "openid email notes:read")).await.code();
    let id = browser.ask(&Ask::web().with("scope", "openid email profile")).await.interaction().to_owned();
    let csrf = browser.consent_view(&id).await.csrf;
    let answer = ConsentAnswer::Approve { scopes: vec!["openid".to_owned(), "profile".to_owned()] };
    world.issuer.decide_consent(&id, &browser.headers(), &answer, &csrf).await.unwrap();
    let grant = world.issuer.grants(&world.alice).await.unwrap().remove(0);
    let names: Vec<_> = grant.scopes.iter().map(|scope| scope.name.as_str()).collect();
    assert_eq!(names, ["notes:read", "openid", "profile"]);
}

/// RFC 8707 §2: two consents, each for one resource, are no consent to either's scopes at the other's resource.
#[tokio::test]
async fn what_was_approved_for_one_resource_is_not_approved_for_another() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let at = |scope: &str, resources: &[&str]| {
        let ask = Ask::of(BANKING, "https://banking.test/cb").with("scope", scope);
        resources.iter().fold(ask, |ask, resource| ask.and("resource", resource))
    };
    browser.ask_and_approve(&at("openid notes:read", &[NOTES])).await.code();
    browser.ask_and_approve(&at("openid email", &[BANK])).await.code();
    for (scope, resources, is_silent) in [
        ("openid notes:read", &[NOTES][..], true),
        ("openid email", &[BANK], true),
        ("openid", &[NOTES, BANK], true),
        ("openid email", &[NOTES], false),
        ("openid notes:read", &[BANK], false),
        ("openid email", &[NOTES, BANK], false),
        ("openid notes:read", &[NOTES, BANK], false),
    ] {
        let landing = browser.ask(&at(scope, resources)).await;
        assert_eq!(matches!(landing, Landing::Client(..)), is_silent, "{scope} at {resources:?}: {landing:?}");
    }
    browser.ask_and_approve(&at("openid email", &[NOTES])).await.code();
    browser.ask(&at("openid email notes:read", &[NOTES])).await.code();
}

/// A box that the person unticks on a later consent page takes the scope from the tokens that are out already, and ticking
/// it again gives it to new ones only.
#[tokio::test]
async fn a_narrower_answer_narrows_the_tokens_that_rest_on_the_grant_for_good() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    const WIDE: &str = "openid email profile offline_access";
    let mut old = browser.tokens(WIDE).await;
    for (kept, left) in [
        ("openid email offline_access", "openid email offline_access"),
        ("openid offline_access", "openid offline_access"),
        (WIDE, "openid offline_access"),
    ] {
        browser.answer_anew(WIDE, kept).await;
        assert_eq!(
            world.userinfo(&old.text("access_token")).await["email"].is_string(),
            left.contains("email"),
            "{kept}"
        );
        old = world.renew(&old).await;
        assert_eq!(old["scope"], left, "{kept}");
    }
    let new = browser.tokens(WIDE).await;
    assert_eq!(world.renew(&new).await["scope"], WIDE);
    browser.answer_anew(WIDE, "email").await;
    assert!(!world.is_honoured(&old).await, "nothing of it is left");
    assert_eq!(world.renew(&old).await["error"], "invalid_grant");
}

/// A scope that was taken back and allowed again stays lost to what is older, whatever else is taken back later.
#[tokio::test]
async fn a_second_narrower_answer_does_not_undo_the_first() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    const WIDE: &str = "openid email profile offline_access";
    let old = browser.tokens(WIDE).await;
    for kept in ["openid profile offline_access", WIDE, "openid email offline_access", "openid offline_access", WIDE] {
        browser.answer_anew(WIDE, kept).await;
        let told = world.userinfo(&old.text("access_token")).await;
        assert!(told["sub"].is_string() && told["email"].is_null(), "{kept}: {told:?}");
        let grant: Grant = world.load(&world.issuer.grants(&world.alice).await.unwrap()[0].id).await.unwrap();
        for (resource, since) in &grant.allowed_since {
            let allowed = &grant.scopes_at[resource];
            assert!(!since.is_empty() && since.keys().all(|scope| allowed.contains(scope)), "{kept}: {grant:?}");
        }
    }
    assert_eq!(world.renew(&old).await["scope"], "openid offline_access");
}

/// [OIDC Core §11]: the access while the person is away goes with the box that allows it, and does not come back with it.
#[tokio::test]
async fn unticking_offline_access_ends_the_refresh_token_for_good() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    const WIDE: &str = "openid email offline_access";
    let old = browser.tokens(WIDE).await;
    browser.answer_anew(WIDE, "openid email").await;
    assert_eq!(world.renew(&old).await["error"], "invalid_grant");
    assert!(world.is_honoured(&old).await, "the visit itself goes on");
    browser.answer_anew(WIDE, WIDE).await;
    assert_eq!(world.renew(&old).await["error"], "invalid_grant");
    let new = browser.tokens(WIDE).await;
    assert_eq!(world.renew(&new).await["scope"], WIDE);
}

/// What was approved for a code counts when it is redeemed, also if it was taken back and given again meanwhile.
#[tokio::test]
async fn a_code_does_not_outlive_a_narrower_answer() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    const WIDE: &str = "openid email offline_access";
    let code = browser.ask_and_approve(&Ask::spa().with("scope", WIDE)).await.code().to_owned();
    let narrow = browser.ask(&Ask::spa()).await.code().to_owned();
    browser.answer_anew(WIDE, "openid offline_access").await;
    browser.answer_anew(WIDE, WIDE).await;
    for code in [code, narrow] {
        assert_eq!(world.redeem(SPA, &code).await["error"], "invalid_grant");
    }
}

/// A client that is another one now keeps nothing but what it is allowed as that.
#[tokio::test]
async fn the_tokens_of_a_client_that_changed_keep_what_is_approved_anew() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let old = browser.tokens("openid email offline_access").await;
    world.rename(SPA, "Another name").await;
    browser.tokens("openid offline_access").await;
    assert!(world.userinfo(&old.text("access_token")).await["email"].is_null());
    assert_eq!(world.renew(&old).await["scope"], "openid offline_access");
}

/// What it was allowed for a resource that it does not ask for as the client that it is now is gone, there and in its tokens.
#[tokio::test]
async fn a_client_that_changed_keeps_nothing_at_a_resource_that_it_does_not_ask_for_anew() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let at = |resource: &str| Ask::spa().with("scope", "openid offline_access").with("resource", resource);
    let elsewhere = at(NOTES).with("redirect_uri", OTHER_REDIRECT_URI);
    let mut tokens = Vec::new();
    for ask in [at(NOTES), at(MAIL), at(NOTES).and("resource", MAIL)] {
        tokens.push(world.redeem(SPA, browser.ask_and_approve(&ask).await.code()).await);
    }
    browser.ask_and_approve(&elsewhere).await.code();
    browser.ask(&elsewhere).await.code();
    world.rename(SPA, "Another name").await;
    browser.ask_and_approve(&at(NOTES)).await.code();
    for gone in [at(MAIL), elsewhere] {
        assert!(matches!(browser.ask(&gone).await, Landing::Consent(_)), "{}", gone.encoded());
    }
    browser.ask(&at(NOTES)).await.code();
    assert_eq!(world.issuer.grants(&world.alice).await.unwrap()[0].resources, [NOTES]);
    assert!(world.renew(&tokens[0]).await["error"].is_null(), "the control");
    assert_eq!(world.renew(&tokens[1]).await["error"], "invalid_grant");
    assert!(world.renew(&tokens[2]).await["error"].is_null(), "what was for both is for the one that is left");
}

/// A consent that is given once more begins its year anew, and was given when it was given first; to a client that changed
/// it was given now.
#[tokio::test]
async fn a_consent_that_is_given_again_is_used_anew() {
    const DAY: u64 = 86_400;
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let after = |days: u64| Some(NOW + std::time::Duration::from_secs(days * DAY));
    browser.answer_anew("openid email", "openid email").await;
    for (days, name, granted) in [(200, None, 0), (400, Some("Another name"), 400), (600, None, 400)] {
        world.pass(200 * DAY);
        if let Some(name) = name {
            world.rename(SPA, name).await;
        }
        browser.answer_anew("openid email", "openid email").await;
        let view = world.issuer.grants(&world.alice).await.unwrap().remove(0);
        assert_eq!((view.granted_at, view.used_at, view.ends_at), (after(granted), after(days), after(days + 365)));
    }
}

/// One more than the policy has room for ends the one that was unused the longest, and no other.
#[tokio::test]
async fn the_family_that_is_unused_the_longest_makes_room() {
    let mut policy = policy();
    policy.families_per_grant = 3;
    let world = World::with_policy(policy).await;
    let browser = world.browser_of(&world.alice);
    let mut devices = Vec::new();
    for _ in 0..3 {
        devices.push(browser.tokens("openid offline_access").await);
        world.pass(10);
    }
    devices[0] = world.renew(&devices[0]).await;
    world.pass(10);
    devices.push(browser.tokens("openid offline_access").await);
    let mut alive = Vec::new();
    for device in &devices {
        assert_eq!(world.is_honoured(device).await, world.renew(device).await["error"].is_null());
        alive.push(world.is_honoured(device).await);
    }
    assert_eq!(alive, [true, false, true, true]);
    let grant = world.issuer.grants(&world.alice).await.unwrap().remove(0).id;
    let listed = world.own().reader().load(LivingFamilies::at(&grant)).await.unwrap().unwrap();
    assert_eq!(listed.families.len(), 3);
}

/// Visits without a refresh token leave the list by themselves; they crowd nobody out.
#[tokio::test]
async fn families_that_are_over_make_room_without_ending_another() {
    let mut policy = policy();
    policy.families_per_grant = 2;
    let world = World::with_policy(policy).await;
    let browser = world.browser_of(&world.alice);
    let kept = browser.tokens("openid offline_access").await;
    for _ in 0..5 {
        browser.tokens("openid").await;
        world.pass(361);
    }
    assert!(world.renew(&kept).await["error"].is_null());
    // Who goes on stays on the list, and so is counted.
    let grant = world.issuer.grants(&world.alice).await.unwrap().remove(0).id;
    let listed: LivingFamilies = world.load(&grant).await.unwrap();
    let token = kept.text("refresh_token");
    assert_eq!(listed.families.len(), 2);
    assert_eq!(listed.families[0].id, token.split('.').next().unwrap());
}

/// A consent is remembered for a year after its last use, and the grant for a day more.
#[tokio::test]
async fn a_consent_ends_a_year_after_its_last_use() {
    const DAY: u64 = 86_400;
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let visit = async || {
        let code = browser.ask(&Ask::spa()).await.code().to_owned();
        assert!(world.redeem(SPA, &code).await["error"].is_null());
    };
    browser.tokens("openid email").await;
    world.pass(200 * DAY);
    visit().await;
    let view = world.issuer.grants(&world.alice).await.unwrap().remove(0);
    let after = |days: u64| NOW + std::time::Duration::from_secs(days * DAY);
    assert_eq!((view.granted_at, view.used_at, view.ends_at), (Some(NOW), Some(after(200)), Some(after(565))));
    world.pass(365 * DAY - 1);
    browser.ask(&Ask::spa()).await.code();
    let code = browser.ask(&Ask::spa()).await.code().to_owned();
    world.pass(1);
    assert_eq!(world.redeem(SPA, &code).await["error"], "invalid_grant", "it ended before the code came");
    assert_eq!(world.issuer.grants(&world.alice).await.unwrap(), []);
    assert!(matches!(browser.ask(&Ask::spa()).await, Landing::Consent(_)));
    assert_eq!(browser.ask(&Ask::spa().with("prompt", "none")).await.error(), "consent_required");
    // Given anew it is another: the clock may go back, what rested on the old one does not come back.
    browser.ask_and_approve(&Ask::spa()).await.code();
    world.clock.set(after(565) - std::time::Duration::from_secs(30));
    assert_eq!(world.redeem(SPA, &code).await["error"], "invalid_grant");
    world.clock.set(after(565 + 366) + std::time::Duration::from_secs(1));
    world.store.purge(world.clock.now(), 1_000).await.unwrap();
    assert_eq!(world.stored("grant"), 0);
}

/// Within the hour in which a use was written down, the next is not: it would compete with a withdrawal.
#[tokio::test]
async fn a_use_is_written_down_once_an_hour() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.tokens("openid email").await;
    for (seconds, used_at) in [(3_599, 0), (1, 3_600), (3_599, 3_600), (1, 7_200)] {
        world.pass(seconds);
        let code = browser.ask(&Ask::spa()).await.code().to_owned();
        assert!(world.redeem(SPA, &code).await["error"].is_null());
        let view = world.issuer.grants(&world.alice).await.unwrap().remove(0);
        assert_eq!(view.used_at, Some(NOW + std::time::Duration::from_secs(used_at)));
    }
}

/// Disabling an account ends what was allowed in it for good: enabling it revives neither consent nor tokens.
#[tokio::test]
async fn a_disabled_account_finds_none_of_its_grants_when_it_is_enabled() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let tokens = browser.tokens("openid offline_access").await;
    let code = browser.ask(&Ask::spa().with("scope", "openid")).await.code().to_owned();
    for state in [AccountState::Disabled, AccountState::Active] {
        world.people.stored.set_state(&world.alice, state).await.unwrap();
        assert!(!world.is_honoured(&tokens).await, "{state:?}");
        assert_eq!(world.renew(&tokens).await["error"], "invalid_grant", "{state:?}");
        assert_eq!(world.redeem(SPA, &code).await["error"], "invalid_grant", "{state:?}");
        assert_eq!(world.issuer.grants(&world.alice).await.unwrap(), [], "{state:?}");
        assert!(matches!(browser.ask(&Ask::spa()).await, Landing::SignIn(_)), "{state:?}: the session is of before");
    }
    browser.sign_in(&world.alice);
    let new = browser.tokens("openid offline_access").await;
    assert!(world.is_honoured(&new).await && !world.is_honoured(&tokens).await);
    assert_eq!(world.renew(&tokens).await["error"], "invalid_grant");
}
