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
use support::{Browser, NewAgent, PASSWORD, Shop, World, authorize, world};

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
fn what_is_counted_is_told_with_its_count_where_it_was_allowed_too() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    let client = || Actor::Client { client_id: "spa".to_owned() };
    for nth in 0..5 {
        let given_back = Action::TokenRevoke { family: None, jti: Some(format!("token {nth}")) };
        report(&world, &subject, Event::new(given_back, client()).counted());
    }
    let found = rows(&owner.get("/dashboard").body);
    assert!(found.iter().any(|row| row.starts_with("App gave its access back (5 times)")), "{found:?}");
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

fn agent(id: &str) -> Actor {
    Actor::Agent { agent_id: id.to_owned(), host_id: "hst_1".to_owned() }
}

fn execute(capability: &str, agent_name: &str) -> Action {
    Action::AgentExecute {
        call: "call_1".to_owned(),
        capability: capability.to_owned(),
        agent_name: agent_name.to_owned(),
        grant: None,
        approved_by: None,
    }
}

/// Reports an event of Ada's.
fn report(world: &World, subject: &Subject, event: Event) {
    block_on(world.ports.perform(&Report(event.for_subject(subject)))).unwrap();
}

/// What the rows of the activity say.
fn rows(body: &str) -> Vec<String> {
    let (_, list) = body.split_once("<ul class=\"activity\">").expect("an activity");
    let (list, _) = list.split_once("</ul>").expect("a closed list");
    list.split("<li>")
        .skip(1)
        .map(|row| row.split_once("<span>").unwrap().1.split('<').next().unwrap().to_owned())
        .collect()
}

#[test]
fn an_owner_sees_who_tried_to_sign_in_whatever_an_agent_does_meanwhile() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    let stranger = world.browser();
    let page = stranger.get("/sign-in");
    stranger.submit(&page, &[("email", "ada@x.test"), ("password", "not her password")]);
    let approved = Action::AgentApprove {
        agent: "agt_1".to_owned(),
        agent_name: "Bookkeeper".to_owned(),
        host: "hst_1".to_owned(),
        session: "ses_1".to_owned(),
        asked: Vec::new(),
        granted: None,
        denied: None,
    };
    report(&world, &subject, Event::new(approved, Actor::Person { subject: subject.clone() }));
    world.advance(std::time::Duration::from_secs(3_600));
    for deed in 0..5_000 {
        let event = Event::new(execute(["pay", "look", "ask"][deed % 3], "Bookkeeper"), agent("agt_1"));
        // Now and then it is refused: that does not make it the owner's own.
        report(&world, &subject, if deed % 100 == 99 { event.denied("constraint_violated") } else { event });
    }
    let body = owner.get("/dashboard").body;
    for expected in ["Somebody tried to sign in", "Approved an agent", "Account created"] {
        assert!(rows(&body).iter().any(|row| row.starts_with(expected)), "{expected}: {:?}", rows(&body));
    }
    assert_eq!(body.matches("“Bookkeeper”").count(), 5, "its share, and the approval: {:?}", rows(&body));
    assert!(body.contains(" other events</span>"), "what has no row is counted");
}

#[test]
fn an_owner_who_acts_alone_sees_what_they_did() {
    let world = world();
    let owner = world.ada();
    for agent in ["Clerk", "Bookkeeper", "Driver", "Cook"] {
        approved(&world, &owner, agent);
    }
    let found = rows(&owner.get("/dashboard").body);
    for expected in ["Account created", "Signed in"] {
        assert!(found.iter().any(|row| row.starts_with(expected)), "{expected}: {found:?}");
    }
    assert_eq!(found.iter().filter(|row| row.starts_with("Approved an agent")).count(), 4, "{found:?}");
}

#[test]
fn a_deed_that_is_repeated_is_one_row_with_a_count() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    for (capability, times) in [("pay", 3), ("look", 2), ("pay", 1)] {
        for _ in 0..times {
            report(&world, &subject, Event::new(execute(capability, "Bookkeeper"), agent("agt_1")));
            // Another one in between does not part them.
            report(&world, &subject, Event::new(execute("ask", "Clerk"), agent("agt_2")));
        }
        world.advance(std::time::Duration::from_secs(1));
    }
    let found = rows(&owner.get("/dashboard").body);
    for expected in ["Used “pay” · ", "Used “look” (2 times) · ", "Used “pay” (3 times) · ", "Used “ask” (6 times) · "]
    {
        assert_eq!(found.iter().filter(|row| *row == expected).count(), 1, "{expected} in {found:?}");
    }
}

#[test]
fn an_agent_leaves_the_places_of_another_alone() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    let (clerk, bookkeeper) = (approved(&world, &owner, "Clerk"), approved(&world, &owner, "Bookkeeper"));
    report(&world, &subject, Event::new(execute("ask", "Clerk"), clerk));
    world.advance(std::time::Duration::from_secs(60));
    for deed in 0..100 {
        report(&world, &subject, Event::new(execute(&format!("pay_{deed}"), "Bookkeeper"), bookkeeper.clone()));
    }
    let body = owner.get("/dashboard").body;
    let (_, shown) = body.split_once("<ul class=\"activity\">").expect("an activity");
    assert_eq!(shown.matches("“Bookkeeper”").count(), 5, "its share, and the approval");
    // 50 of its deeds were read.
    assert!(
        body.contains(
            "<span class=\"muted\">“Bookkeeper”</span> · <span class=\"muted\">and at least 46 other events</span>"
        ),
        "{body}"
    );
    assert!(rows(&body).contains(&"Used “ask” · ".to_owned()));
    assert!(rows(&owner.get("/dashboard/activity").body).contains(&"Used “pay_0” · ".to_owned()));
}

/// The link to the page after this one.
fn older(body: &str) -> Option<String> {
    let (before, _) = body.split_once("\">Older activity</a>")?;
    Some(support::unescape(before.rsplit_once('"').expect("a link").1).replace("&#x3d;", "="))
}

/// The id of a record holds a count of all that the server recorded, for whomever.
#[test]
fn the_link_to_older_activity_does_not_tell_how_much_the_server_records() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    for deed in 0..201 {
        report(&world, &subject, Event::new(Shop::Buy { what: format!("boat {deed}") }, Actor::System));
    }
    let link = older(&owner.get("/dashboard/activity").body).expect("an older page");
    let (_, before) = link.split_once("before=").expect("a place");
    let audit = world.store.dump().into_iter().filter(|entry| entry.key.kind.as_str() == "audit");
    for id in audit.map(|entry| entry.key.id) {
        assert!(!before.contains(&id[10..18]), "{before} tells {id}");
        // Nor is the id itself taken, so that nobody tries it out.
        assert!(owner.get(&format!("/dashboard/activity?before={id}")).body.contains("<h1>Activity</h1>"));
    }
    assert!(owner.get(&link).body.contains("<h1>Older activity</h1>"));
}

#[test]
fn older_activity_shows_everything_page_by_page_and_to_its_owner_alone() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    for deed in 0..450 {
        report(&world, &subject, Event::new(Shop::Buy { what: format!("boat {deed}") }, Actor::System));
        report(&world, &subject, Event::new(Shop::Count, Actor::System));
        world.advance(std::time::Duration::from_secs(1));
    }
    let (mut found, mut next, mut pages) = (Vec::new(), Some("/dashboard/activity".to_owned()), 0);
    while let Some(path) = next {
        let body = owner.get(&path).body;
        found.extend(rows(&body));
        next = older(&body);
        pages += 1;
    }
    let expected: Vec<String> = (0..450).rev().map(|deed| format!("Bought “boat {deed}”")).collect();
    assert_eq!(found[..450], expected);
    assert_eq!((found.last().map(String::as_str), pages), (Some("Account created · "), 5));

    let eve = world.eve();
    let of_ada = older(&owner.get("/dashboard/activity").body).unwrap();
    for path in [of_ada.as_str(), "/dashboard/activity?before=%EF%BF%BD~", "/dashboard/activity"] {
        let reply = eve.get(path);
        assert_eq!(reply.status, http::StatusCode::OK);
        assert!(!reply.body.contains("boat"), "{path}");
        assert_eq!(rows(&reply.body), ["Signed in · ", "Account created · "], "{path} leads to her newest");
    }
    assert_eq!(world.browser().get("/dashboard/activity").location(), "/sign-in?return_to=%2Fdashboard%2Factivity");
}

fn by(subject: &Subject) -> Actor {
    Actor::Person { subject: subject.clone() }
}

#[test]
fn what_a_person_did_is_told_one_by_one_and_what_is_put_together_tells_since_when() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    for _ in 0..3 {
        report(&world, &subject, Event::new(Shop::Buy { what: "a boat".to_owned() }, by(&subject)));
        report(&world, &subject, Event::new(execute("pay", "Bookkeeper"), agent("agt_1")));
        world.advance(std::time::Duration::from_secs(300));
    }
    for (path, first) in [("/dashboard", "15 minutes ago"), ("/dashboard/activity", "22 Nov 2026, 07:00 UTC")] {
        let found = rows(&owner.get(path).body);
        assert_eq!(found.iter().filter(|row| *row == "Bought “a boat”").count(), 3, "{path}: {found:?}");
        let paid = format!("Used “pay” (3 times, the first {first}) · ");
        assert!(found.contains(&paid), "{path}: {found:?}");
    }
}

#[test]
fn one_second_is_told_in_the_same_order_on_both_pages() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    world.advance(std::time::Duration::from_secs(60));
    for deed in ["one", "two"] {
        report(&world, &subject, Event::new(execute(deed, "Bookkeeper"), agent("agt_1")));
        report(&world, &subject, Event::new(Shop::Buy { what: deed.to_owned() }, by(&subject)));
    }
    let (lately, all) = (rows(&owner.get("/dashboard").body), rows(&owner.get("/dashboard/activity").body));
    assert_eq!(lately[..4], ["Bought “two”", "Used “two” · ", "Bought “one”", "Used “one” · "]);
    assert_eq!(lately[..4], all[..4]);
}

/// Who compares the page with a log of their own needs more than "2 days ago".
#[test]
fn the_activity_page_tells_the_date_the_time_and_the_zone_to_people_and_programs() {
    let world = world();
    let owner = world.ada();
    let body = owner.get("/dashboard/activity").body;
    let told = "<time datetime=\"2026-11-22T07:00:00Z\">22 Nov 2026, 07:00 UTC</time>";
    assert!(body.contains(told), "{body}");
    assert!(owner.get("/dashboard").body.contains("<time datetime=\"2026-11-22T07:00:00Z\">just now</time>"));
}

#[test]
fn a_page_of_older_activity_says_that_it_is_one_and_where_it_ends() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    // The first page holds 200 records, and nothing is told of the others.
    for _ in 0..200 {
        report(&world, &subject, Event::new(Shop::Buy { what: "a boat".to_owned() }, Actor::System));
    }
    let newest = owner.get("/dashboard/activity").body;
    let older = owner.get(&older(&newest).unwrap()).body;
    assert!(newest.contains("<title>Activity ·") && newest.contains("<h1>Activity</h1>"), "{newest}");
    assert!(older.contains("<title>Older activity ·") && older.contains("<h1>Older activity</h1>"), "{older}");
    assert_eq!(rows(&older), ["Signed in · ", "Account created · "]);
    assert!(!older.contains("Older activity</a>"), "{older}");
}

const PEOPLE: &str = "Approved an agent";

/// Lets Ada approve an agent of a host of its own, and says by which id it is known.
fn approved(world: &World, owner: &Browser<'_>, name: &str) -> Actor {
    let code = world.agent_asks(&NewAgent { name, host_name: "Laptop", reason: "To help" });
    let page = owner.get(&format!("/device?user_code={code}"));
    let reply = owner.submit_form(&page.form("/device"), &[("answer", "approve"), ("confirm", "yes")]);
    assert_eq!(reply.location(), "/dashboard?done=approved");
    let shown = owner.get("/dashboard").form("/dashboard/agents/revoke").fields["id"].clone();
    Actor::Agent { agent_id: shown, host_id: "hst_1".to_owned() }
}

/// What happens between two reads.
fn listed(world: &World, read: impl FnOnce() -> String) -> (String, Vec<usize>) {
    world.outage.listed.lock().unwrap().clear();
    let body = read();
    (body, world.outage.listed.lock().unwrap().clone())
}

#[test]
fn whatever_a_busy_agent_does_each_other_agent_and_client_has_a_row_and_little_is_read() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    world.notes();
    let consent = owner.visit(&authorize(""));
    owner.submit_form(&consent.forms().remove(0), &[("answer", "approve")]);
    let (quiet, busy) = (approved(&world, &owner, "Clerk"), approved(&world, &owner, "Bookkeeper"));
    report(&world, &subject, Event::new(execute("ask", "Clerk"), quiet));
    let client = Actor::Client { client_id: "notes".to_owned() };
    report(&world, &subject, Event::new(Action::TokenRefresh { family: "fam_1".to_owned() }, client));
    world.advance(std::time::Duration::from_secs(60));
    for deed in 0..1_100 {
        report(&world, &subject, Event::new(execute(["pay", "look"][deed % 2], "Bookkeeper"), busy.clone()));
    }
    let (body, pages) = listed(&world, || owner.get("/dashboard").body);
    let found = rows(&body);
    for expected in ["Used “ask”", "App renewed its access", PEOPLE] {
        assert!(found.iter().any(|row| row.starts_with(expected)), "{expected}: {found:?}");
    }
    assert!(body.contains("and at least "), "what was not read is not counted as if it was: {found:?}");
    assert!(pages.len() <= 25 && pages.iter().all(|page| *page <= 50), "{pages:?}");
    assert!(pages.iter().sum::<usize>() <= 200, "{pages:?}");
}

#[test]
fn strangers_who_try_for_days_leave_the_deeds_of_the_owner_on_the_page() {
    for older in [false, true] {
        let world = world();
        let owner = world.ada();
        let subject = subject(&world, "ada@x.test");
        approved(&world, &owner, "Bookkeeper");
        // What older versions wrote is found as far as their own page found it, within reason.
        for hour in 0..if older { 20 } else { 120 } {
            world.advance(std::time::Duration::from_secs(3_600));
            for network in 0..9 {
                let address = Some(std::net::IpAddr::from([198, 51, hour, network]));
                let tried = Action::SessionStart { address, session_id: None, amr: None };
                report(&world, &subject, Event::new(tried, Actor::Anonymous).denied("wrong_password"));
            }
        }
        if older {
            world.written_by_an_older_version();
        }
        let owner = world.browser();
        owner.submit(&owner.get("/sign-in"), &[("email", "ada@x.test"), ("password", PASSWORD)]);
        let (body, pages) = listed(&world, || owner.get("/dashboard").body);
        let found = rows(&body);
        assert!(found.iter().any(|row| row.starts_with(PEOPLE)), "{older}: {found:?}");
        assert!(found.iter().any(|row| row.starts_with("Somebody tried to sign in")), "{older}: {found:?}");
        assert!(pages.iter().sum::<usize>() <= if older { 500 } else { 100 }, "{pages:?}");
    }
}

#[test]
fn what_older_versions_wrote_of_a_client_is_on_the_page_until_it_ends() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    world.notes();
    let consent = owner.visit(&authorize(""));
    owner.submit_form(&consent.forms().remove(0), &[("answer", "approve")]);
    let client = Actor::Client { client_id: "notes".to_owned() };
    report(&world, &subject, Event::new(Action::TokenRefresh { family: "fam_1".to_owned() }, client));
    let busy = approved(&world, &owner, "Bookkeeper");
    for deed in 0..150 {
        report(&world, &subject, Event::new(execute(["pay", "look"][deed % 2], "Bookkeeper"), busy.clone()));
    }
    world.written_by_an_older_version();
    let found = rows(&owner.get("/dashboard").body);
    assert!(found.iter().any(|row| row.starts_with("App renewed its access")), "{found:?}");
}

#[test]
fn ten_programs_have_a_row_each_before_one_has_two() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    for program in 0..10 {
        for deed in ["pay", "look", "ask"] {
            report(&world, &subject, Event::new(execute(deed, "Clerk"), agent(&format!("agt_{program}"))));
        }
    }
    let found = rows(&owner.get("/dashboard").body);
    assert_eq!(found.iter().filter(|row| row.starts_with("Used “ask”")).count(), 10, "{found:?}");
}

/// What an actor can repeat without an end is one record with a count, allowed or not.
#[test]
fn an_allowed_deed_that_is_counted_is_told_with_its_count() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    for _ in 0..7 {
        report(&world, &subject, Event::new(execute("look", "Bookkeeper"), agent("agt_1")).counted());
    }
    for path in ["/dashboard", "/dashboard/activity"] {
        let found = rows(&owner.get(path).body);
        assert!(found.contains(&"Used “look” (7 times) · ".to_owned()), "{path}: {found:?}");
    }
}

/// A stranger's try from this network.
fn tried(network: u8) -> Event {
    let address = Some(std::net::IpAddr::from([198, 51, 100, network]));
    Event::new(Action::SessionStart { address, session_id: None, amr: None }, Actor::Anonymous).denied("wrong_password")
}

/// Nobody consents to how many agents a host registers. Each can be refused, and that is on record for the host's person.
#[test]
fn agents_that_were_never_allowed_anything_hide_no_deed_of_one_that_was() {
    for host_id in ["hst_1", "hst_2"] {
        let world = world();
        let owner = world.ada();
        let subject = subject(&world, "ada@x.test");
        let bookkeeper = approved(&world, &owner, "Bookkeeper");
        for capability in ["transfer_money", "look"] {
            report(&world, &subject, Event::new(execute(capability, "Bookkeeper"), bookkeeper.clone()));
        }
        world.advance(std::time::Duration::from_secs(60));
        for nuisance in 0..12 {
            let actor = Actor::Agent { agent_id: format!("agt_nuisance_{nuisance}"), host_id: host_id.to_owned() };
            report(&world, &subject, Event::new(execute("check_balance", "Clerk"), actor).denied("agent_pending"));
        }
        let found = rows(&owner.get("/dashboard").body);
        for expected in ["Used “transfer_money” · ", "Used “look” · ", "Tried to use “check_balance” · "]
        {
            assert!(found.contains(&expected.to_owned()), "{host_id}: {expected} in {found:?}");
        }
    }
}

#[test]
fn a_host_with_many_agents_leaves_the_agents_of_others_a_place() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    let by = |agent: String, host: &str| Actor::Agent { agent_id: agent, host_id: host.to_owned() };
    report(&world, &subject, Event::new(execute("ask", "Clerk"), by("agt_clerk".to_owned(), "hst_1")));
    for busy in 0..12 {
        report(&world, &subject, Event::new(execute("look", "Bookkeeper"), by(format!("agt_{busy}"), "hst_2")));
    }
    let found = rows(&owner.get("/dashboard").body);
    assert!(found.contains(&"Used “ask” · ".to_owned()), "{found:?}");
    assert_eq!(found.iter().filter(|row| row.starts_with("Used “look”")).count(), 9, "{found:?}");
}

/// Whose deeds are looked for is dealt host by host, too.
#[test]
fn a_host_with_many_busy_agents_leaves_the_deeds_of_others_to_be_read() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    let clerk = approved(&world, &owner, "Clerk");
    report(&world, &subject, Event::new(execute("ask", "Clerk"), clerk));
    world.advance(std::time::Duration::from_secs(10));
    let key = countersign_jose::SigningKey::generate(countersign_jose::Algorithm::EdDSA).unwrap();
    for _ in 0..9 {
        let agent = NewAgent { name: "Bookkeeper", host_name: "Laptop", reason: "To help" };
        let page = owner.get(&format!("/device?user_code={}", world.agent_asks_from(&key, &agent)));
        owner.submit_form(&page.form("/device"), &[("answer", "approve"), ("confirm", "yes")]);
    }
    for deed in 0..60 {
        let busy = Actor::Agent { agent_id: format!("agt_{}", deed % 9), host_id: "hst_2".to_owned() };
        report(&world, &subject, Event::new(execute(["pay", "look"][deed % 2], "Bookkeeper"), busy));
    }
    let found = rows(&owner.get("/dashboard").body);
    assert!(found.contains(&"Used “ask” · ".to_owned()), "{found:?}");
}

#[test]
fn what_has_no_row_is_counted_with_its_repeats() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    let agent = Actor::Agent { agent_id: "agt_1".to_owned(), host_id: "hst_1".to_owned() };
    for hour in 0..6 {
        for _ in 0..100 {
            let look = Event::new(execute(["look", "pay"][hour % 2], "Bookkeeper"), agent.clone());
            report(&world, &subject, look.denied("constraint_violated"));
        }
        world.advance(std::time::Duration::from_secs(3_600));
    }
    let body = owner.get("/dashboard").body;
    assert!(body.contains("and 200 other events"), "{:?}", rows(&body));
}

/// A count of a record goes on while its place among the pages is known.
#[test]
fn what_is_counted_stands_where_it_began_on_the_pages_of_all_activity_and_they_say_so() {
    let world = world();
    let owner = world.ada();
    let subject = subject(&world, "ada@x.test");
    report(&world, &subject, tried(1));
    world.advance(std::time::Duration::from_secs(60));
    report(&world, &subject, Event::new(Shop::Buy { what: "a boat".to_owned() }, by(&subject)));
    world.advance(std::time::Duration::from_secs(60));
    report(&world, &subject, tried(1));
    let (lately, all) = (rows(&owner.get("/dashboard").body), owner.get("/dashboard/activity").body);
    let attempts = "Somebody tried to sign in (2 times, the first ";
    assert!(lately[0].starts_with(attempts) && lately[1] == "Bought “a boat”", "{lately:?}");
    assert!(rows(&all)[0] == "Bought “a boat”" && rows(&all)[1].starts_with(attempts), "{all}");
    assert!(all.contains("What was repeated may stand where it began."), "{all}");
}

/// The link to the hosts after these.
fn more_hosts(body: &str) -> Option<String> {
    let (before, _) = body.split_once("\">More hosts</a>")?;
    Some(support::unescape(before.rsplit_once('"').expect("a link").1).replace("&#x3d;", "="))
}

/// A host knows its own id, so it could make a link that skips all before it.
#[test]
fn no_link_hides_who_acts_for_a_person() {
    let world = world();
    let mut owner = world.ada();
    for host in 0..21 {
        approved(&world, &owner, &format!("Agent {host}"));
        // There is a limit to new hosts within an hour. Approval asks that one signed in just before.
        if host % 10 == 9 {
            world.advance(std::time::Duration::from_secs(3_600));
            owner = world.browser();
            owner.submit(&owner.get("/sign-in"), &[("email", "ada@x.test"), ("password", PASSWORD)]);
        }
    }
    let first = owner.get("/dashboard").body;
    let named = |body: &str, name: &str| body.contains(&format!("<strong><q class=\"quoted inline\">{name}</q>"));
    let link = more_hosts(&first).expect("more hosts");
    let (path, _) = link.split_once('#').expect("a fragment");
    let more = owner.get(path).body;
    assert!(named(&more, "Agent 0") && !named(&more, "Agent 20"), "{more}");
    let host_ids =
        world.store.dump().into_iter().filter(|entry| entry.key.kind.as_str() == "host").map(|entry| entry.key.id);
    for after in ["x".to_owned(), String::new()].into_iter().chain(host_ids) {
        let body = owner.get(&format!("/dashboard?hosts={after}")).body;
        assert!(named(&body, "Agent 20") && more_hosts(&body).is_some(), "{after} leads to the first page");
    }
    // Another session's link is none of this one's.
    let other = world.browser();
    other.submit(&other.get("/sign-in"), &[("email", "ada@x.test"), ("password", PASSWORD)]);
    assert!(named(&other.get(path).body, "Agent 20"));
}
