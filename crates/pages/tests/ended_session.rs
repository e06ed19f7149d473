//! What is answered in the name of a session counts only while that session lasts: to the very commit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

mod support;

use countersign_storage::{Accounts, EmailAddress, Kind, StoredAccounts, Subject};
use http::StatusCode;
use pollster::block_on;
use support::{Browser, Meanwhile, NewAgent, World, authorize, world};

fn subject(world: &World) -> Subject {
    let email = EmailAddress::parse("ada@x.test").unwrap();
    block_on(StoredAccounts::new(world.ports.clone()).by_email(&email)).unwrap().unwrap().subject
}

/// The two ways to end a session: all of a person's in one write, and this one.
type End = fn(&World) -> Meanwhile;
const ENDS: [(&str, End); 2] = [
    ("all sessions", |world| {
        let (authn, subject) = (world.authn(), subject(world));
        Box::new(move || block_on(authn.revoke_sessions(&subject)).unwrap())
    }),
    ("this session", |world| {
        let (authn, subject) = (world.authn(), subject(world));
        Box::new(move || {
            let sessions = block_on(authn.sessions(&subject)).unwrap();
            for session in sessions {
                block_on(authn.revoke_session(&subject, &session.id)).unwrap();
            }
        })
    }),
];

fn asked(world: &World) -> (Browser<'_>, support::Reply) {
    let browser = world.signed_up("ada@x.test");
    let code = world.agent_asks(&NewAgent { name: "Helper", host_name: "Laptop", reason: "Because" });
    let page = browser.get(&format!("/device?user_code={code}"));
    (browser, page)
}

#[test]
fn an_approval_by_a_session_that_is_ended_meanwhile_is_not_taken() {
    for (what, end) in ENDS {
        for answer in ["approve", "deny"] {
            let world = world();
            let (browser, page) = asked(&world);
            world.outage.before_commit_of(Kind::new("agent"), end(&world));
            let reply = browser.submit_form(&page.form("/device"), &[("answer", answer), ("confirm", "yes")]);
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{what}, {answer}: {}", reply.body);
            assert!(reply.body.contains("you are signed out"), "{what}, {answer}: {}", reply.body);

            let again = world.browser();
            let sign_in = again.get("/sign-in");
            again.submit(&sign_in, &[("email", "ada@x.test"), ("password", support::PASSWORD)]);
            let dashboard = again.get("/dashboard").body;
            assert!(!dashboard.contains("Laptop"), "{what}, {answer}: the host is not linked");
        }
    }
}

#[test]
fn a_consent_by_a_session_that_is_ended_meanwhile_is_not_remembered() {
    for (what, end) in ENDS {
        let world = world();
        world.client("Notes");
        let browser = world.signed_up("ada@x.test");
        let page = browser.visit(&authorize(""));
        world.outage.before_commit_of(Kind::new("grant"), end(&world));
        let reply = browser.submit(&page, &[("answer", "approve")]);
        assert!(reply.location().contains("/sign-in?"), "{what}: {} {}", reply.status, reply.location());
        let grants = block_on(world.issuer.grants(&subject(&world))).unwrap();
        assert!(grants.is_empty(), "{what}");
    }
}
