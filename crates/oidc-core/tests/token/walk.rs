//! Whatever a stranger, a client or a browser in which a person is signed in sends, however often and at whichever endpoint, the
//! store ends where it began.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use countersign_oidc::Policy;
use countersign_storage::{Clock, Limit, Store};
use http::{Request, header};

use crate::world::*;

/// How often codes and tokens are asked for. 10,000 times is `COUNTERSIGN_WALK=10000`, which `./test` asks for.
const CALLS: usize = 1_000;
/// In each round, each at least so often.
const IN_A_ROUND: usize = 5;

struct Walker {
    world: World,
    /// Tokens of Alice at the public client, refreshed in each round.
    lasting: Reply,
    /// Of a browser in which Bob is signed in.
    session: String,
}

impl Walker {
    /// Nothing but time bounds what is called; so much the more there is to end.
    async fn new() -> Self {
        let many = Limit::new(1_000_000, Duration::from_secs(60));
        let world = World::with_policy(Policy { answers: many, revocations: many, ..policy() }).await;
        let lasting = world.browser_of(&world.alice).tokens("openid email offline_access").await;
        let session = world.browser_of(&world.bob).cookie("session").unwrap();
        Walker { world, lasting, session }
    }

    async fn walk(mut self, rounds: usize) -> Self {
        for _ in 0..rounds {
            self.as_stranger().await;
            self.as_client().await;
            self.as_person().await;
            self.world.pass(7);
        }
        self
    }

    /// Every path that is mounted, in each way, without anything that anybody was given.
    async fn as_stranger(&self) {
        let valid = format!("{}&grant_type=refresh_token&refresh_token=x&token=y", Ask::spa().encoded());
        for mounted in self.world.issuer.mounted() {
            for method in mounted.methods.split(", ") {
                let request = Request::builder()
                    .method(method)
                    .uri(format!("{}?{valid}", mounted.path))
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                let response = self.world.browser().send(request.body(Bytes::from(valid.clone())).unwrap()).await;
                assert!(!response.status().is_server_error(), "{method} {}", mounted.path);
            }
        }
    }

    /// Makes tokens for itself and gives them back; refreshes, and gives the old access token back; asks about all of them.
    async fn as_client(&mut self) {
        let form = [("grant_type", "client_credentials")];
        let own = self.world.post("token", Some(&basic(MACHINE, SECRET)), &form).await.text("access_token");
        assert!(self.world.holds(NOTES_API, &own).await);
        self.give_back(MACHINE, &own).await;
        let next = self.world.renew(&self.lasting).await;
        assert_eq!(self.world.refresh(OTHER_SPA, &next.text("refresh_token")).await.outcome(), "400 invalid_grant");
        self.give_back(SPA, &self.lasting.text("access_token")).await;
        assert!(self.world.is_honoured(&next).await);
        self.lasting = next;
    }

    /// A code in each way: redeemed and replayed, redeemed and given back, shown in the wrong place, left; and a "no".
    async fn as_person(&self) {
        let world = &self.world;
        let browser = world.browser();
        browser.set_cookie("session", &self.session);
        let ask = Ask::spa().with("scope", "openid offline_access");
        let replayed = browser.ask_and_approve(&ask).await;
        assert_eq!(world.redeem(SPA, replayed.code()).await.outcome(), "200");
        assert_eq!(world.redeem(SPA, replayed.code()).await.outcome(), "400 invalid_grant");
        let tokens = browser.tokens("openid offline_access").await;
        self.give_back(SPA, &tokens.text("refresh_token")).await;
        browser.tokens("openid offline_access").await;
        let misplaced = browser.ask(&ask).await;
        assert_eq!(world.redeem(OTHER_SPA, misplaced.code()).await.outcome(), "400 invalid_grant");
        browser.ask(&ask).await.code();
        let id =
            browser.ask(&ask.with("prompt", "consent").with("scope", "openid email")).await.interaction().to_owned();
        let csrf = browser.consent_view(&id).await.csrf;
        let no = world.issuer.decide_consent(&id, &browser.headers(), &approve(&[]), &csrf).await.unwrap();
        assert_eq!(Landing::of(&no).error(), "access_denied");
    }

    async fn give_back(&self, client_id: &str, token: &str) {
        let (authorization, mut form) = credentials(client_id);
        form.push(("token", token));
        assert_eq!(self.world.post("revoke", authorization.as_deref(), &form).await.outcome(), "200");
    }

    /// What is left after so many days, in bytes, by kind.
    async fn left_after(&self, days: u64) -> BTreeMap<&'static str, usize> {
        let later = self.world.clock.now() + Duration::from_secs(days * 86_400);
        self.world.store.purge(later, 10_000_000).await.unwrap();
        self.left()
    }

    fn left(&self) -> BTreeMap<&'static str, usize> {
        let mut left = BTreeMap::new();
        for entry in self.world.store.dump() {
            *left.entry(entry.key.kind.as_str()).or_default() += entry.body.len();
        }
        left
    }
}

/// 110 days later all is as it would be after thirty rounds, but for the audit, which is kept for longer on purpose; 800 days later
/// that is gone as well.
#[tokio::test]
async fn the_store_ends_where_it_began_whatever_is_called_however_often() {
    let calls = std::env::var("COUNTERSIGN_WALK").map_or(CALLS, |calls| calls.parse().unwrap());
    let (few, many) = (Walker::new().await.walk(30).await, Walker::new().await.walk(calls / IN_A_ROUND).await);
    let sum = |left: &BTreeMap<&'static str, usize>| left.values().sum::<usize>();
    assert!(sum(&many.left()) > 3 * sum(&few.left()), "the calls leave something to end");
    for (days, kept) in [(110, ["audit", "audit_repeats"].as_slice()), (800, &[])] {
        let (mut few, mut many) = (few.left_after(days).await, many.left_after(days).await);
        for kind in kept {
            few.remove(kind);
            many.remove(kind);
        }
        assert!(sum(&many).abs_diff(sum(&few)) * 20 <= sum(&few), "after {days} days: {few:?}, {many:?}");
        assert!(sum(&few) > 0);
    }
}
