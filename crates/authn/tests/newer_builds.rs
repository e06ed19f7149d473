//! While an update is under way a newer version writes records that this one must not use. It does not use them; and it ends
//! them all the same.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is the test's own report")]

mod support;

use countersign_authn::*;
use countersign_storage::*;
use serde_json::{Value, json};
use support::*;

/// What a newer version may write of a session: one that says so, or one that means whatever it likes, but for which it is and
/// whose.
const NEWER: [fn(&mut Value); 2] = [
    |record| record["least_shape"] = json!(1_000),
    |record| {
        record.as_object_mut().unwrap().retain(|member, _| ["handle", "id", "subject"].contains(&member.as_str()));
        record["least_shape"] = json!(2);
        for member in ["amr", "epoch", "expires_at", "created_at"] {
            record[member] = json!({ "of": "tomorrow" });
        }
    },
];

/// Writes all records of a kind as another build would have.
fn rewrite(site: &Site, kind: &str, edit: fn(&mut Value)) {
    let changes = site.stored(kind).into_iter().map(|entry| {
        let mut body: Value = serde_json::from_str(&entry.body).unwrap();
        edit(&mut body);
        Change::Replace(Entry { body: body.to_string().into(), ..entry })
    });
    let batch = Batch { version: Version::from_i64(7), guards: Vec::new(), changes: changes.collect() };
    assert!(!batch.changes.is_empty());
    block_on(site.store.commit(batch)).unwrap();
}

#[test]
fn a_session_that_a_newer_version_wrote_is_shown_and_ended_though_not_used() {
    for edit in NEWER {
        let site = site();
        let (alice, bob) = (site.alice(), site.bob());
        let other = site.sign_in(ALICE, PASSWORD).unwrap();
        let subject = &alice.session.subject;
        rewrite(&site, "session", edit);
        assert_eq!(block_on(site.authn.session(&alice.cookie)), Err(Fault::Newer { kind: "session" }));
        let ids = || -> Vec<String> {
            block_on(site.authn.sessions(subject)).unwrap().into_iter().map(|session| session.id).collect()
        };
        assert_eq!(ids().len(), 2);
        let revoke = |id| block_on(site.authn.revoke_session(subject, id));
        assert_eq!(revoke(&bob.session.id), Ok(Revocation::NotFound));
        assert_eq!(revoke(&alice.session.id), Ok(Revocation::Revoked));
        assert_eq!(ids(), std::slice::from_ref(&other.session.id));
        assert_eq!(block_on(site.authn.sign_out(&other.cookie)), Ok(()));
        assert_eq!((ids().len(), site.stored("session").len(), site.events_of("session.end").len()), (0, 1, 2));
    }
}

#[test]
fn the_sessions_of_an_account_that_a_newer_version_wrote_are_shown_and_ended() {
    let site = site();
    let (alice, _bob) = (site.alice(), site.bob());
    let subject = &alice.session.subject;
    rewrite(&site, "account", |record| record["least_shape"] = json!(2));
    assert_eq!(block_on(site.authn.session(&alice.cookie)), Err(Fault::Newer { kind: "account" }));
    let listed = || block_on(site.authn.sessions(subject)).unwrap();
    assert_eq!(listed().iter().map(|session| &session.id).collect::<Vec<_>>(), [&alice.session.id]);
    assert_eq!(block_on(site.authn.revoke_session(subject, &alice.session.id)), Ok(Revocation::Revoked));
    assert!(listed().is_empty());
}

/// Or nobody could come to the list from here.
#[test]
fn who_has_a_session_that_a_newer_version_wrote_can_sign_in() {
    for edit in NEWER {
        let site = site_with(AuthnPolicy { sessions_per_account: 2, ..AuthnPolicy::default() });
        let (first, second) = (site.alice(), site.sign_in(ALICE, PASSWORD).unwrap());
        rewrite(&site, "session", edit);
        let context = Context { previous: Some(first.cookie), ..Context::default() };
        site.sign_in_from(ALICE, PASSWORD, &context).unwrap();
        assert_eq!(site.stored("session").len(), 2, "it takes the place of the one before");
        let last = site.sign_in(ALICE, PASSWORD).unwrap();
        assert_eq!(site.stored("session").len(), 2, "there is no room for more");
        assert!(site.session(&last.cookie).is_some() && site.session(&second.cookie).is_none());
    }
}

#[test]
fn signing_out_everywhere_ends_what_a_newer_version_wrote() {
    let site = site();
    let (alice, other) = (site.alice(), site.sign_in(ALICE, PASSWORD).unwrap());
    rewrite(&site, "session", |record| record["least_shape"] = json!(2));
    assert_eq!(block_on(site.authn.sessions(&alice.session.subject)).unwrap().len(), 2);
    assert_eq!(site.end_others(&other), Revocation::Revoked);
    let left = block_on(site.authn.sessions(&alice.session.subject)).unwrap();
    assert_eq!(left.iter().map(|session| &session.id).collect::<Vec<_>>(), [&other.session.id]);
}

#[test]
fn an_epoch_that_a_newer_version_wrote_is_followed_by_the_next() {
    let edits: [fn(&mut Value); 2] = [|_| {}, |record| record["kept"] = json!(["ses_1", "ses_2"])];
    for edit in edits {
        let site = site();
        let (alice, other) = (site.alice(), site.sign_in(ALICE, PASSWORD).unwrap());
        let subject = &alice.session.subject;
        assert_eq!(site.end_others(&other), Revocation::Revoked);
        let last = site.sign_in(ALICE, PASSWORD).unwrap();
        rewrite(&site, "session_epoch", |record| {
            record["least_shape"] = json!(2);
            record["of"] = json!("tomorrow");
        });
        rewrite(&site, "session_epoch", edit);
        assert_eq!(block_on(site.authn.session(&last.cookie)), Err(Fault::Newer { kind: "session_epoch" }));
        let listed = || block_on(site.authn.sessions(subject)).unwrap();
        assert!(listed().iter().any(|session| session.id == last.session.id));
        assert_eq!(site.end_others(&last), Revocation::Revoked);
        assert_eq!(listed().iter().map(|session| &session.id).collect::<Vec<_>>(), [&last.session.id]);
        block_on(site.authn.revoke_sessions(subject)).unwrap();
        assert!(listed().is_empty());
        let epoch: Value = serde_json::from_str(&site.stored("session_epoch")[0].body).unwrap();
        let written = json!({ "subject": subject, "number": 3, "kept": null, "least_shape": 2, "of": "tomorrow" });
        assert_eq!(epoch, written);
    }
}
