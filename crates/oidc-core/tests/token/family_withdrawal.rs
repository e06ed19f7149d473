//! A token family ends in one commit, however often it is refreshed meanwhile: whoever holds the current refresh token must not be
//! able to keep the family alive by using it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_oidc::Policy;
use countersign_oidc::records::{FamilyState, RevokedFamily, TokenFamily};
use countersign_storage::{Clock, Store};

use crate::world::*;

/// What ends a family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// Its client gives a refresh token back ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)).
    Revocation,
    /// The code that founded it is redeemed once more
    /// ([RFC 6749 §4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)).
    ReplayedCode,
    /// A refresh token that was replaced long ago is used
    /// ([RFC 9700 §4.14.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2)).
    ReusedToken,
    /// It was unused the longest, and the grant has too many.
    Crowd,
}

const ALL: [End; 4] = [End::Revocation, End::ReplayedCode, End::ReusedToken, End::Crowd];

/// A family that is in use, and what is known of its past.
struct Family {
    code: String,
    first: String,
    now: Mutex<Reply>,
}

impl Family {
    /// It was refreshed twice already.
    async fn begin(world: &World) -> Self {
        let code = world.code(&Approved { client_id: SPA, ..Approved::default() }).await;
        let founded = world.redeem(SPA, &code).await;
        let next = world.renew(&founded).await;
        Family { code, first: founded.text("refresh_token"), now: Mutex::new(world.renew(&next).await) }
    }

    fn current(&self) -> Reply {
        self.now.lock().unwrap().clone()
    }
}

impl End {
    async fn perform(self, at: &World, family: &Family) {
        match self {
            End::Revocation => {
                let current = family.current().text("refresh_token");
                let form = [("client_id", SPA), ("token", current.as_str())];
                assert_eq!(at.post("revoke", None, &form).await.outcome(), "200");
            }
            End::ReplayedCode => assert_eq!(at.redeem(SPA, &family.code).await.outcome(), "400 invalid_grant"),
            End::ReusedToken => assert_eq!(at.refresh(SPA, &family.first).await.outcome(), "400 invalid_grant"),
            End::Crowd => {
                let code = at.code(&Approved { client_id: SPA, ..Approved::default() }).await;
                assert_eq!(at.redeem(SPA, &code).await.outcome(), "200");
            }
        }
    }
}

/// A node where a grant has one family at most.
fn node(world: &World, uses: Option<Uses>) -> Node {
    Node::with_policy(world, uses, Policy { families_per_grant: 1, ..policy() })
}

async fn is_over(world: &World, last: &Reply) -> bool {
    world.renew(last).await.outcome() == "400 invalid_grant"
        && !world.is_honoured(last).await
        && !world.holds(NOTES_API, &last.text("access_token")).await
}

async fn cases() -> Vec<(End, &'static str, Arc<dyn Store>)> {
    let mut cases = Vec::new();
    for kind in STORES {
        for end in ALL {
            cases.extend(store(kind).await.map(|store| (end, kind, store)));
        }
    }
    cases
}

/// The family is refreshed between the look of whatever ends it and each try to write that.
#[tokio::test]
async fn the_end_of_a_family_is_not_beaten_by_its_refreshes() {
    for (end, on, store) in cases().await {
        let world = Arc::new(World::on(store).await);
        let family = Arc::new(Family::begin(&world).await);
        let uses: Uses = {
            let (world, family) = (world.clone(), family.clone());
            Box::new(move || {
                let (world, family) = (world.clone(), family.clone());
                Box::pin(async move {
                    let next = world.renew(&family.current()).await;
                    assert!(next["refresh_token"].is_string(), "{next:?}");
                    *family.now.lock().unwrap() = next;
                })
            })
        };
        let before = family.current();
        let node = node(&world, Some(uses));
        end.perform(&node.world(&world), &family).await;
        assert_eq!(node.commits(), 1, "{end:?} on {on}");
        assert_ne!(family.current().text("refresh_token"), before.text("refresh_token"), "it was used meanwhile");
        assert!(is_over(&world, &family.current()).await, "{end:?} on {on}");
    }
}

/// Sixteen lanes show the current token at once, and then its successor, until the family is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_end_of_a_family_wins_beside_sixteen_lanes_of_refresh() {
    for (end, on, store) in cases().await {
        let world = Arc::new(World::on(store).await);
        let family = Arc::new(Family::begin(&world).await);
        let (over, used) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let lanes = tokio::spawn({
            let (world, family, over, used) = (world.clone(), family.clone(), over.clone(), used.clone());
            async move {
                while !over.load(Ordering::SeqCst) {
                    let current = family.current();
                    let lanes: Vec<_> = (0..16)
                        .map(|_| {
                            let (world, current) = (world.clone(), current.clone());
                            tokio::spawn(async move { world.renew(&current).await })
                        })
                        .collect();
                    for lane in lanes {
                        let next = lane.await.unwrap();
                        if next["refresh_token"].is_string() {
                            *family.now.lock().unwrap() = next;
                        }
                    }
                    used.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        while used.load(Ordering::SeqCst) < 8 {
            tokio::task::yield_now().await;
        }
        let node = node(&world, None);
        end.perform(&node.world(&world), &family).await;
        over.store(true, Ordering::SeqCst);
        lanes.await.unwrap();
        assert_eq!(node.commits(), 1, "{end:?} on {on}");
        assert!(is_over(&world, &family.current()).await, "{end:?} on {on}");
    }
}

/// What an older version revoked has that in its own record.
#[tokio::test]
async fn a_family_that_an_older_version_revoked_stays_revoked() {
    let world = World::new().await;
    let family = Family::begin(&world).await;
    let stored = world.family("fam_1").await;
    world.replace(TokenFamily { state: FamilyState::Revoked, ..stored }).await;
    let records = world.store.dump().len();
    assert!(is_over(&world, &family.current()).await);
    End::Revocation.perform(&world, &family).await;
    End::ReplayedCode.perform(&world, &family).await;
    End::ReusedToken.perform(&world, &family).await;
    assert_eq!(world.store.dump().len(), records, "there was nothing to end");
}

/// What ended is not ended again: that is no error, and leaves nothing behind.
#[tokio::test]
async fn a_family_ends_once() {
    for first in ALL {
        let world = World::new().await;
        let family = Family::begin(&world).await;
        first.perform(&node(&world, None).world(&world), &family).await;
        let records = world.store.dump().len();
        for again in [End::Revocation, End::ReplayedCode, End::ReusedToken] {
            again.perform(&world, &family).await;
        }
        assert_eq!(world.store.dump().len(), records, "{first:?}");
    }
}

/// Of many that end a family at once, one does, and the others find that done.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_can_end_one_family_at_once() {
    let world = Arc::new(World::new().await);
    let family = Arc::new(Family::begin(&world).await);
    let ends: Vec<_> = (0..48)
        .map(|nth| {
            let (world, family) = (world.clone(), family.clone());
            tokio::spawn(async move { ALL[nth % 3].perform(&world, &family).await })
        })
        .collect();
    for end in ends {
        end.await.unwrap();
    }
    assert_eq!(world.stored("revoked_family"), 1);
    assert!(is_over(&world, &family.current()).await);
}

/// A code whose family was ended, whatever the reason, founds none.
#[tokio::test]
async fn a_code_does_not_found_a_family_that_was_ended() {
    let world = World::new().await;
    let code = world.code(&Approved { client_id: SPA, ..Approved::default() }).await;
    let expires_at = world.clock.now() + Duration::from_secs(3_600);
    let (family_id, client_id) = ("fam_1".to_owned(), SPA.to_owned());
    world.replace(RevokedFamily { family_id, client_id, revoked_at: world.clock.now(), expires_at }).await;
    assert_eq!(world.redeem(SPA, &code).await.outcome(), "400 invalid_grant");
    assert_eq!(world.stored("token_family"), 0);
}

/// The end is remembered for longer than the family, also where a refresh prolonged that between the look and the write.
#[tokio::test]
async fn a_family_stays_over_as_long_as_there_is_anything_of_it() {
    const DAY: u64 = 86_400;
    for end in ALL {
        let world = Arc::new(World::new().await);
        let family = Arc::new(Family::begin(&world).await);
        world.pass(29 * DAY);
        let uses: Uses = {
            let (world, family) = (world.clone(), family.clone());
            Box::new(move || {
                let (world, family) = (world.clone(), family.clone());
                Box::pin(async move {
                    let next = world.renew(&family.current()).await;
                    *family.now.lock().unwrap() = next;
                })
            })
        };
        end.perform(&node(&world, Some(uses)).world(&world), &family).await;
        let kept = world.family("fam_1").await.expires_at;
        assert!(kept > NOW + Duration::from_secs(58 * DAY), "{end:?}: it was prolonged");
        for at in [kept, kept + Duration::from_secs(DAY - 1)] {
            let back = world.clock.now();
            world.clock.set(at);
            world.store.purge(at, 1_000).await.unwrap();
            world.clock.set(back);
            assert!(world.is_revoked("fam_1").await, "{end:?}");
            assert_eq!(world.renew(&family.current()).await.outcome(), "400 invalid_grant", "{end:?}");
        }
    }
}

/// Families may live for a shorter time today than when this one was last refreshed; one without a refresh token lives as long as
/// its access token.
#[tokio::test]
async fn the_end_of_a_family_outlives_it_whatever_the_policy_says_today() {
    const DAY: u64 = 86_400;
    let day = Duration::from_secs(DAY);
    for (client_id, refreshes, expected) in [(WEB, true, 31 * DAY + 360), (WEB_WITHOUT_REFRESH, false, DAY + 360)] {
        let world = World::new().await;
        let code = world.code(&Approved { client_id, ..Approved::default() }).await;
        assert_eq!(world.redeem(client_id, &code).await["refresh_token"].is_string(), refreshes);
        let short = Policy { family_lifetime: day, refresh_token_lifetime: day, ..policy() };
        let node = Node::with_policy(&world, None, short);
        assert_eq!(node.world(&world).redeem(client_id, &code).await.outcome(), "400 invalid_grant");
        let revoked: RevokedFamily = world.load("fam_1").await.unwrap();
        assert_eq!(revoked.expires_at, NOW + Duration::from_secs(expected), "{client_id}");
        assert_eq!((revoked.client_id.as_str(), revoked.revoked_at), (client_id, NOW));
    }
}
