//! Connected applications: listing grants and taking them back.

use countersign_oidc::ConsentAnswer;
use countersign_oidc::Revoked;
use countersign_oidc::records::{FamilyState, Grant, TokenFamily};
use countersign_storage::{
    Authentication, Changes, Decision, Fault, Moment, Operation, Reader, Record, Stored, Subject, Timestamp,
};

use crate::world::{Ask, BANK, Landing, NOTES, NOW, World};

/// Founds a family under a grant, the way a redemption does: it writes the grant too.
struct Found<'a> {
    grant: &'a str,
    family: &'a str,
}

#[async_trait::async_trait]
impl Operation for Found<'_> {
    type Loaded = Option<Stored<Grant>>;
    type Plan = ();
    type Answer = ();

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(Grant::at(self.grant)).await
    }

    fn decide(&self, grant: Self::Loaded, moment: &Moment<'_>) -> Decision<()> {
        let Some(mut grant) = grant.filter(|grant| grant.carries(0)) else { return Decision::answer(()) };
        grant.record.used_at = moment.now;
        let family = TokenFamily {
            id: self.family.to_owned(),
            grant_id: grant.id.clone(),
            grant_generation: grant.generation,
            client_id: grant.client_id.clone(),
            authentication: Authentication::asserted(grant.subject.clone(), "ses_1", moment.now, Vec::new()),
            scopes: grant.scopes.clone(),
            resources: grant.resources.clone(),
            state: FamilyState::Active,
            refresh: None,
            issued_at: moment.now,
            expires_at: Timestamp(moment.now.as_secs() + 300),
        };
        let mut changes = Changes::none();
        changes.replace(&grant).insert(&family);
        Decision::changing((), changes)
    }

    async fn seal(&self, (): (), _: &mut Changes) -> Result<(), Fault> {
        Ok(())
    }
}

async fn family(world: &World, id: &str) -> Option<TokenFamily> {
    world.own().reader().load(TokenFamily::at(id)).await.unwrap().map(|stored| stored.record)
}

#[tokio::test]
async fn a_person_sees_their_own_grants_and_nobody_elses() {
    let world = World::new().await;
    let alice = world.browser_of(&world.alice);
    alice.ask_and_approve(&Ask::c1().with("resource", NOTES)).await.code();
    alice.ask_and_approve(&Ask::p1()).await.code();
    world.browser_of(&world.bob).ask_and_approve(&Ask::p1()).await.code();
    let mut grants = world.issuer.grants(&world.alice).await.unwrap();
    grants.sort_by(|one, other| one.client_id.cmp(&other.client_id));
    let names: Vec<_> = grants.iter().map(|grant| grant.client_name.as_str()).collect();
    assert_eq!(names, ["The c1 client", "The p1 client"]);
    assert_eq!(grants[0].resources, [NOTES]);
    assert_eq!((grants[0].granted_at, grants[0].used_at), (NOW, NOW));
    assert_eq!(grants[0].scopes[1].description, "See your e-mail address");
    assert_eq!(world.issuer.grants(&Subject::new("nobody").unwrap()).await.unwrap(), []);
}

#[tokio::test]
async fn revoking_a_grant_kills_its_families_and_asks_again() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::c1()).await.code();
    let grant = world.issuer.grants(&world.alice).await.unwrap().remove(0).id;
    world.own().perform(&Found { grant: &grant, family: "fam_1" }).await.unwrap();
    world.own().perform(&Found { grant: &grant, family: "fam_2" }).await.unwrap();
    assert_eq!(world.issuer.revoke_grant(&world.bob, &grant).await.unwrap(), Revoked::Unknown, "another person's");
    assert_eq!(world.issuer.revoke_grant(&world.alice, "grt_x").await.unwrap(), Revoked::Unknown);
    assert_eq!(family(&world, "fam_1").await.unwrap().state, FamilyState::Active);
    assert_eq!(world.issuer.revoke_grant(&world.alice, &grant).await.unwrap(), Revoked::Now);
    assert_eq!(world.issuer.revoke_grant(&world.alice, &grant).await.unwrap(), Revoked::Already);
    for id in ["fam_1", "fam_2"] {
        assert_eq!(family(&world, id).await.unwrap().state, FamilyState::Revoked);
    }
    assert_eq!(world.issuer.grants(&world.alice).await.unwrap(), []);
    assert!(matches!(browser.ask(&Ask::c1()).await, Landing::Consent(_)));
    assert_eq!(world.stored("audit"), 2, "the approval and the revocation");
}

/// Giving it anew does not revive what rested on the old one, and does not bring old scopes back.
#[tokio::test]
async fn a_grant_that_is_given_anew_revives_nothing() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    browser.ask_and_approve(&Ask::c1().with("scope", "openid email profile")).await.code();
    let id = world.issuer.grants(&world.alice).await.unwrap().remove(0).id;
    world.issuer.revoke_grant(&world.alice, &id).await.unwrap();
    browser.ask_and_approve(&Ask::c1().with("scope", "openid")).await.code();
    let grant = world.own().reader().load(Grant::at(&id)).await.unwrap().unwrap();
    assert!(grant.carries(1) && !grant.carries(0));
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
    browser.ask_and_approve(&Ask::c1().with("scope", "openid email notes:read")).await.code();
    let id = browser.ask(&Ask::c1().with("scope", "openid email profile")).await.interaction().to_owned();
    let csrf = browser.consent_view(&id).await.csrf;
    let answer = ConsentAnswer::Approve { scopes: vec!["openid".to_owned(), "profile".to_owned()] };
    world.issuer.decide_consent(&id, &browser.headers(), &answer, &csrf).await.unwrap();
    let grant = world.issuer.grants(&world.alice).await.unwrap().remove(0);
    let names: Vec<_> = grant.scopes.iter().map(|scope| scope.name.as_str()).collect();
    assert_eq!(names, ["notes:read", "openid", "profile"]);
}

/// RFC 8707 §2, ATK-178: two consents, each for one resource, are no consent to either's scopes at the other's resource.
#[tokio::test]
async fn what_was_approved_for_one_resource_is_not_approved_for_another() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let at = |scope: &str, resources: &[&str]| {
        let ask = Ask::of("c2", "https://c2.test/cb").with("scope", scope);
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

/// A box that the person unticks on a later consent page takes the scope from the tokens that are out already.
#[tokio::test]
async fn a_narrower_answer_narrows_the_tokens_that_rest_on_the_grant() {
    let world = World::new().await;
    let browser = world.browser_of(&world.alice);
    let wide = Ask::c1().with("scope", "openid email notes:read");
    browser.ask_and_approve(&wide).await.code();
    let grant = world.issuer.grants(&world.alice).await.unwrap().remove(0).id;
    world.own().perform(&Found { grant: &grant, family: "fam_1" }).await.unwrap();
    for (kept, left) in [(vec!["openid", "email"], "openid email"), (vec!["openid"], "openid")] {
        let id = browser.ask(&wide.clone().with("prompt", "consent")).await.interaction().to_owned();
        let csrf = browser.consent_view(&id).await.csrf;
        let answer = ConsentAnswer::Approve { scopes: kept.into_iter().map(str::to_owned).collect() };
        world.issuer.decide_consent(&id, &browser.headers(), &answer, &csrf).await.unwrap();
        let family = family(&world, "fam_1").await.unwrap();
        assert_eq!((family.state, family.scopes.to_string().as_str()), (FamilyState::Active, left));
    }
    let id = browser.ask(&wide.with("prompt", "consent")).await.interaction().to_owned();
    let csrf = browser.consent_view(&id).await.csrf;
    let answer = ConsentAnswer::Approve { scopes: vec!["notes:read".to_owned()] };
    world.issuer.decide_consent(&id, &browser.headers(), &answer, &csrf).await.unwrap();
    assert_eq!(family(&world, "fam_1").await.unwrap().state, FamilyState::Revoked, "nothing of it is left");
}

/// A family that is founded while its grant is revoked is either not founded or revoked with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn no_family_slips_through_a_revocation() {
    for _ in 0..50 {
        let world = std::sync::Arc::new(World::new().await);
        world.browser_of(&world.alice).ask_and_approve(&Ask::c1()).await.code();
        let grant = world.issuer.grants(&world.alice).await.unwrap().remove(0).id;
        let founders: Vec<_> = (0..8)
            .map(|nth| {
                let (world, grant) = (world.clone(), grant.clone());
                tokio::spawn(async move {
                    let family = format!("fam_{nth}");
                    world.own().perform(&Found { grant: &grant, family: &family }).await.unwrap();
                })
            })
            .collect();
        let revoked = world.issuer.revoke_grant(&world.alice, &grant).await.unwrap();
        assert_eq!(revoked, Revoked::Now);
        for founder in founders {
            founder.await.unwrap();
        }
        for nth in 0..8 {
            let state = family(&world, &format!("fam_{nth}")).await.map(|family| family.state);
            assert_ne!(state, Some(FamilyState::Active));
        }
    }
}
