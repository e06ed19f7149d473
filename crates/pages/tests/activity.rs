//! The activity of the dashboard: the application's own actions in its words, and actions that nobody here knows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

mod support;

use std::convert::Infallible;

use async_trait::async_trait;
use countersign_storage::{
    Accounts, Action, Actor, Decision, EmailAddress, Event, Fault, Moment, Operation, Reader, StoredAccounts, Subject,
};
use pollster::block_on;
use support::{Shop, World, world};

struct Report(Event);

#[async_trait]
impl Operation for Report {
    type Loaded = ();
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, _: &mut Reader<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn decide(&self, (): (), _: &Moment<'_>) -> Decision<(), Infallible> {
        Decision::grant(()).report(self.0.clone())
    }
}

countersign_storage::actions! {
    /// Of a version that is not this one.
    enum Unknown {
        Told => ["garden_gate.open_wide" "Never shown"],
    }
}

fn subject(world: &World, email: &str) -> Subject {
    let email = EmailAddress::parse(email).unwrap();
    block_on(StoredAccounts::new(world.ports.clone()).by_email(&email)).unwrap().unwrap().subject
}

#[test]
fn the_applications_own_actions_are_told_in_its_words() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    let report = |event: Event| block_on(world.ports.perform(&Report(event.for_subject(&subject)))).unwrap();
    let buy = |what: &str| Event::new(Shop::Buy { what: what.to_owned() }, Actor::System);
    report(buy("seven <boats>"));
    report(buy("eight").denied("too_dear"));
    report(Event::new(Shop::Count, Actor::System));
    let body = owner.get("/dashboard").body;
    assert!(body.contains("Bought “seven &lt;boats&gt;”"), "{body}");
    assert!(body.contains("Could not buy “eight” <span class=\"badge problem\">Refused</span>"), "{body}");
    assert!(!body.contains("ount</span>") && !body.contains("shop"), "{body}");
}

#[test]
fn an_action_that_is_not_known_here_is_told_by_its_name() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    let told = Event::new(Unknown::Told, Actor::System).for_subject(&subject);
    block_on(world.ports.perform(&Report(told))).unwrap();
    let body = owner.get("/dashboard").body;
    assert!(body.contains("<span>Garden gate open wide</span>"), "{body}");
}

/// Names and ids that are not those of anything known are a stranger's text like any other.
#[test]
fn whatever_a_stranger_chose_is_quoted_in_the_activity() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    let report = |event: Event| block_on(world.ports.perform(&Report(event.for_subject(&subject)))).unwrap();
    let client = |id: &str| Actor::Client { client_id: id.to_owned() };
    let agent = || Actor::Agent { agent_id: "agt_1".to_owned(), host_id: "hst_1".to_owned() };
    let execute = |capability: &str, agent_name: &str| Action::AgentExecute {
        call: "call_1".to_owned(),
        capability: capability.to_owned(),
        agent_name: agent_name.to_owned(),
        grant: None,
        approved_by: None,
    };
    let revoked = |client_id: &str| Action::GrantRevoke { client_id: client_id.to_owned() };
    for (event, what, who) in [
        (Event::new(revoked("Signed in"), Actor::System), "App disconnected", Some("“Signed in”")),
        (
            Event::new(Action::TokenRefresh { family: "fam_1".to_owned() }, client("a” was allowed “b")),
            "App renewed its access",
            Some("“a&quot; was allowed &quot;b”"),
        ),
        (
            Event::new(execute("pay <all>", "Pаypal"), agent()).denied("unknown_capability"),
            "Tried to use “pay &lt;all&gt;”",
            Some(r"“P\u{430}ypal”"),
        ),
        (Event::new(execute("\u{202E}", "\u{202E}"), agent()), "Used a capability", None),
    ] {
        report(event);
        let who = who.map(|who| format!(" · <span class=\"muted\">{who}</span>")).unwrap_or_default();
        let body = owner.get("/dashboard").body;
        assert!(body.contains(&format!("<span>{what}{who}")), "{what}{who} in {body}");
    }
}
