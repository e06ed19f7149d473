//! Whatever a client does again and again, the store ends where it began; and nobody uses up the share of somebody else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use countersign_oidc::{InteractionRefusal, Policy};
use countersign_storage::{AuditRecord, Clock, Limit, Page, Stopped, Store, Stored};

use crate::world::*;

/// How often a client makes a token and gives it back. 10,000 times is `COUNTERSIGN_WALK=10000`, which `./test` asks for.
const CALLS: usize = 1_000;

impl World {
    async fn token_of_machine(&self, client_id: &str) -> String {
        let form = [("grant_type", "client_credentials")];
        self.post("token", Some(&basic(client_id, SECRET)), &form).await.text("access_token")
    }

    async fn give_back(&self, client_id: &str, token: &str) -> Reply {
        let (authorization, mut form) = credentials(client_id);
        form.push(("token", token));
        self.post("revoke", authorization.as_deref(), &form).await
    }

    /// The audit of what Alice's clients did.
    async fn told(&self, action: &str) -> Vec<AuditRecord> {
        let of_alice = AuditRecord::around(&self.alice);
        let (found, _): (Vec<Stored<AuditRecord>>, _) =
            self.own().reader().find(&of_alice, Page::first(1_000)).await.unwrap();
        found.into_iter().map(|stored| stored.record).filter(|record| record.action == action).collect()
    }

    /// How many records there are of each kind.
    fn kinds(&self) -> BTreeMap<&'static str, usize> {
        let mut kinds = BTreeMap::new();
        for entry in self.store.dump() {
            *kinds.entry(entry.key.kind.as_str()).or_default() += 1;
        }
        kinds
    }
}

/// The bound of the audit is one record and one counter for each hour; all else is gone two days later, and those 400 days later.
#[tokio::test]
async fn a_client_that_revokes_its_own_tokens_leaves_the_store_as_it_was() {
    let calls = std::env::var("COUNTERSIGN_WALK").map_or(CALLS, |calls| calls.parse().unwrap());
    let world = World::new().await;
    let before = world.kinds();
    for _ in 0..calls {
        let token = world.token_of_machine(MACHINE).await;
        assert_eq!(world.give_back(MACHINE, &token).await.outcome(), "200");
        assert!(!world.holds(NOTES_API, &token).await);
        assert_eq!(world.give_back(MACHINE, &token).await.outcome(), "200", "again");
        world.pass(7);
    }
    let hours = (calls * 7).div_ceil(3_600) + 1;
    assert_eq!(world.stored("revoked_token"), calls);
    assert!(world.stored("audit") <= hours, "{} records in {hours} hours", world.stored("audit"));
    for (days, most) in [(2, 2 * hours), (401, 0)] {
        let later = world.clock.now() + Duration::from_secs(days * 86_400);
        world.store.purge(later, 1_000_000).await.unwrap();
        let left: usize = world.kinds().values().sum();
        let begun: usize = before.values().sum();
        assert!(left <= begun + most, "after {days} days: {:?}, before: {before:?}", world.kinds());
    }
}

/// The count of what was given back is in the audit, and so is the first of each hour.
#[tokio::test]
async fn what_a_client_gives_back_is_counted_in_the_audit() {
    let world = World::new().await;
    for _ in 0..5 {
        let token = world.token_of_machine(MACHINE).await;
        world.give_back(MACHINE, &token).await;
    }
    let counter = world.store.dump().into_iter().find(|entry| entry.key.kind.as_str() == "audit_repeats").unwrap();
    assert_eq!((world.stored("audit"), &*counter.body), (1, "5"));
}

/// Each of the first eight of an hour is told with its family; those beyond are one record. All are counted.
#[tokio::test]
async fn what_a_client_gives_back_for_a_person_again_and_again_is_counted_in_the_audit() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::spa().with("scope", "openid offline_access")).await.code();
    for times in 1..=30 {
        let code = browser.ask(&Ask::spa().with("scope", "openid offline_access")).await.code().to_owned();
        let tokens = world.redeem(SPA, &code).await;
        assert_eq!(world.give_back(SPA, &tokens.text("refresh_token")).await.outcome(), "200");
        let records = world.told("token.revoke").await;
        let counts = world.own().repeats(&records).await.unwrap();
        let count: u64 = counts.iter().flatten().map(|repeats| repeats.count).sum();
        assert_eq!((records.len(), count), (usize::min(times, 9), u64::try_from(times).unwrap()));
        let families: BTreeSet<_> = records.iter().filter_map(|record| record.detail.get("family")).collect();
        assert_eq!(families.len(), usize::min(times, 8));
    }
}

fn tight() -> Policy {
    let few = |seconds| Limit::new(3, Duration::from_secs(seconds));
    Policy { revocations: few(60), answers: few(3_600), ..policy() }
}

/// [RFC 6585 §4](https://www.rfc-editor.org/rfc/rfc6585#section-4).
#[tokio::test]
async fn too_many_revocations_of_access_tokens_are_told_to_wait() {
    let world = World::with_policy(tight()).await;
    world.pass(20);
    let revoked = async |client_id: &str| {
        let token = world.token_of_machine(client_id).await;
        world.give_back(client_id, &token).await
    };
    for _ in 0..3 {
        assert_eq!(revoked(MACHINE).await.outcome(), "200");
    }
    let before = world.store.dump().len();
    let refused = revoked(MACHINE).await;
    assert_eq!(refused.outcome(), "429 temporarily_unavailable");
    assert_eq!(refused.headers["retry-after"], "40");
    assert_eq!(world.store.dump().len(), before, "nothing was written");
    assert_eq!(revoked(MAIL_API).await.outcome(), "200", "another client");
    world.pass(40);
    assert_eq!(revoked(MACHINE).await.outcome(), "200", "the next minute");
}

/// One person's tokens at a client do not use up another's, whoever names the client; and a family can always be ended.
#[tokio::test]
async fn nobody_uses_up_the_revocations_of_somebody_else() {
    let world = World::with_policy(tight()).await;
    let mut tokens = world.tokens(SPA).await;
    for outcome in ["200", "200", "200", "429 temporarily_unavailable"] {
        tokens = world.renew(&tokens).await;
        assert_eq!(world.give_back(SPA, &tokens.text("access_token")).await.outcome(), outcome);
        assert_eq!(world.give_back(SPA, "made.up.token").await.outcome(), "200", "leaves nothing, and is not counted");
    }
    let of_bob = world.browser_of(&world.bob).tokens("openid offline_access").await;
    assert_eq!(world.give_back(SPA, &of_bob.text("access_token")).await.outcome(), "200");
    assert_eq!(world.give_back(SPA, &tokens.text("refresh_token")).await.outcome(), "200");
    assert!(!world.is_honoured(&tokens).await);
}

/// Any page can send a browser here, as often as it likes, and so use up the codes that are given without a question.
#[tokio::test]
async fn who_was_sent_here_too_often_is_asked_and_can_still_sign_in() {
    let world = World::with_policy(tight()).await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::spa()).await.code();
    for _ in 0..3 {
        browser.ask(&Ask::spa()).await.code();
    }
    let before = world.store.dump().len();
    let landing = browser.ask(&Ask::spa()).await;
    let Landing::Consent(id) = &landing else { panic!("{landing:?}") };
    assert_eq!(browser.resume(id).await, landing, "it does not go on without the person");
    for _ in 0..10 {
        let landing = browser.ask(&Ask::spa()).await;
        assert!(matches!(landing, Landing::Consent(_)), "{landing:?}");
        assert_eq!(browser.resume(landing.interaction()).await, landing);
    }
    assert_eq!(world.store.dump().len(), before, "nothing was written");
    browser.approve(id).await.code();
    // Others are not asked, nor is she at another client.
    let other = world.browser_of(&world.bob);
    other.ask_and_approve(&Ask::spa()).await.code();
    other.ask(&Ask::spa()).await.code();
    browser.ask_and_approve(&Ask::web()).await.code();
    browser.ask(&Ask::web()).await.code();
    world.pass(3_600);
    browser.ask(&Ask::spa()).await.code();
}

/// [OIDC Core §3.1.2.6](https://openid.net/specs/openid-connect-core-1_0.html#AuthError): the request cannot be completed
/// without a page.
#[tokio::test]
async fn who_was_sent_here_too_often_is_not_signed_in_silently() {
    let world = World::with_policy(tight()).await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::spa()).await.code();
    let silently = Ask::spa().with("prompt", "none");
    for _ in 0..3 {
        browser.ask(&silently).await.code();
    }
    let before = world.store.dump().len();
    assert_eq!(browser.ask(&silently).await.error(), "interaction_required");
    assert_eq!(world.store.dump().len(), before, "nothing was written");
    browser.ask_and_approve(&Ask::spa()).await.code();
    assert_eq!(browser.ask(&silently).await.error(), "interaction_required");
    world.pass(3_600);
    browser.ask(&silently).await.code();
}

/// Whatever the answer is.
#[tokio::test]
async fn too_many_answers_of_one_person_to_one_client_have_to_wait() {
    let world = World::with_policy(tight()).await;
    let browser = world.browser_of(&world.alice);
    for _ in 0..3 {
        browser.answer_anew("openid email", "openid").await;
    }
    let before = world.store.dump().len();
    let id = browser.ask(&Ask::spa().with("prompt", "consent")).await.interaction().to_owned();
    let csrf = browser.consent_view(&id).await.csrf;
    let answer = async |answer| world.issuer.decide_consent(&id, &browser.headers(), &answer, &csrf).await;
    for given in [approve(&["openid"]), approve(&[])] {
        assert_eq!(answer(given).await.unwrap_err(), Stopped::Refused(InteractionRefusal::TooManyAnswers));
    }
    assert_eq!(world.store.dump().len(), before, "nothing was written");
    let other = world.browser_of(&world.bob);
    other.answer_anew("openid email", "openid").await;
    world.pass(1_799);
    assert_eq!(answer(approve(&[])).await.unwrap_err(), Stopped::Refused(InteractionRefusal::TooManyAnswers));
    let alice = &world.alice;
    let grant = world.issuer.grants(alice).await.unwrap().remove(0).id;
    world.issuer.revoke_grant(alice, &grant).await.unwrap();
}
