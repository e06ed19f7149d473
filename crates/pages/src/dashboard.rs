//! `/dashboard` shows who can act for a person and where they are signed in, with the buttons that end it.

use std::cmp::Reverse;

use countersign_agent_auth::Waiting;
use countersign_authn::{ListedSession, Revocation, Session};
use countersign_oidc::{GrantView, Revoked};
use countersign_storage::{Actor, Timestamp};
use countersign_web::text::{cleaned_or, quoted_or};
use http::StatusCode;
use serde::Serialize;

pub use crate::activity::ActivityRow;
pub use crate::agents::{AgentRow, HostRow, WaitingRow};
use crate::agents::{Agents, NEWER};
use crate::document::see_other;
use crate::form::Form;
use crate::form_action::FormAction;
use crate::happening;
use crate::interaction::UNNAMED_CLIENT;
use crate::onward::Onward;
use crate::pages::{Answer, Pages, Person};
use crate::place::Places;
use crate::refusal::Refusal;
use crate::templates::Page;
use crate::user_agent::browser;
use crate::visit::Visit;
use crate::when::When;

/// What the dashboard shows.
#[derive(Clone, Debug, Serialize)]
pub struct DashboardPage {
    /// The account of who looks.
    pub account: AccountView,
    /// Ends this session.
    pub sign_out: Form,
    /// What was just done.
    pub notice: Option<String>,
    /// Where one enters an agent's code; absent where the server has no agents.
    pub device: Option<String>,
    /// Hosts, with their agents.
    pub hosts: Vec<HostRow>,
    /// Where more hosts are.
    pub more_hosts: Option<String>,
    /// Clients that were allowed something.
    pub apps: Vec<AppRow>,
    /// Ends all sessions but this one; absent where there is no other.
    pub revoke_others: Option<Form>,
    /// Where the person is signed in.
    pub sessions: Vec<SessionRow>,
    /// What happened lately, newest first.
    pub activity: Vec<ActivityRow>,
}

/// The account of the person who looks.
#[derive(Clone, Debug, Serialize)]
pub struct AccountView {
    /// The full name.
    pub name: String,
    /// Its e-mail address.
    pub email: String,
    /// When it was created.
    pub created: When,
}

/// A client with a grant.
#[derive(Clone, Debug, Serialize)]
pub struct AppRow {
    /// The name that it registered.
    pub name: String,
    /// What it was allowed.
    pub scopes: Vec<String>,
    /// When it was allowed.
    pub since: Option<When>,
    /// When that ends unless the client is used again.
    pub ends: Option<When>,
    /// In place of all this, where only a newer version of the software can tell.
    pub newer: Option<&'static str>,
    /// Takes the grant back.
    pub revoke: Form,
}

/// One place where the person is signed in.
#[derive(Clone, Debug, Serialize)]
pub struct SessionRow {
    /// The browser, in two words.
    pub browser: String,
    /// The address that it began from.
    pub address: Option<String>,
    /// When it began.
    pub since: Option<When>,
    /// When it was last used.
    pub seen: Option<When>,
    /// In place of all this, where only a newer version of the software can tell.
    pub newer: Option<&'static str>,
    /// Whether it is the session of who looks.
    pub current: bool,
    /// Ends it; absent for the current one, which signs out instead.
    pub revoke: Option<Form>,
}

/// What can be ended from the dashboard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Revocable {
    Session,
    OtherSessions,
    App,
    Agent,
    Host,
    /// An agent that waits for an answer.
    Waiting,
    /// All agents of a host that wait for one.
    AllWaiting,
}

impl Page for DashboardPage {
    const TEMPLATE: &'static str = "dashboard.html";
}

impl Pages {
    /// `GET /dashboard`: shows the page. `hosts` is where the hosts of the page before ended; any other text leads to the first
    /// ones.
    pub(crate) async fn show_dashboard(&self, visit: &Visit) -> Answer {
        let query = visit.query()?;
        let Person { session, account } = self.person(visit, Onward::back_to("/dashboard")).await?;
        let now = self.ports.now();
        let browser = self.form_tokens.browser(&visit.headers);
        let form = |action: &str| self.new_form(&browser, action);
        let sessions = self.authn.sessions(&account.subject).await?;
        let grants = self.issuer.grants(&account.subject).await?;
        let places = Places::of("hosts", &account.subject, &browser);
        let after = query.value("hosts").and_then(|hosts| places.open(hosts));
        let agents = self.agents_of(&account.subject, after).await?;
        let more_hosts = agents.next.as_ref().map(|next| places.query("hosts", next)).transpose()?;
        let unfinished = self.unfinished_for(&account.subject).await?;
        let activity = happening::latest(&self.ports, &account.subject, &programs(&agents, &grants)).await?;
        let name = names(&agents, &grants);
        let page = DashboardPage {
            account: AccountView {
                name: cleaned_or(&account.name, 200, "without a name"),
                email: account.email.as_str().to_owned(),
                created: When::new(account.created_at, now),
            },
            sign_out: form("/sign-out"),
            notice: query.value("done").and_then(notice).map(str::to_owned),
            device: self.agents.is_some().then(|| "/device".to_owned()),
            activity: (unfinished.into_iter())
                .chain(activity.iter().map(|happening| ActivityRow::of(happening, now, When::away, &name)))
                .collect(),
            hosts: agents.rows(now, form),
            more_hosts: more_hosts.map(|query| format!("/dashboard?{query}#agents")),
            apps: grants.iter().map(|grant| AppRow::of(grant, now, form)).collect(),
            revoke_others: (sessions.len() > 1).then(|| form("/dashboard/other-sessions/revoke")),
            sessions: sessions.iter().map(|row| SessionRow::of(row, &session, now, form)).collect(),
        };
        self.show(browser, StatusCode::OK, &page, &FormAction::OWN)
    }

    /// `POST /dashboard/…/revoke` and `…/dismiss`. What belongs to somebody else does not exist for this person: 404.
    pub(crate) async fn revoke(&self, what: Revocable, visit: &Visit) -> Answer {
        let fields = self.form(visit)?;
        let Person { session, account } = self.person(visit, Onward::back_to("/dashboard")).await?;
        let id = fields.text("id");
        let (found, done) = match what {
            Revocable::Session => {
                let revocation = self.authn.revoke_session(&account.subject, id).await?;
                (revocation == Revocation::Revoked, "session")
            }
            Revocable::OtherSessions => {
                let revocation = self.authn.revoke_other_sessions(&session).await?;
                (revocation == Revocation::Revoked, "sessions")
            }
            Revocable::App => {
                let revoked = self.issuer.revoke_grant(&account.subject, id).await?;
                (revoked != Revoked::Unknown, "app")
            }
            Revocable::Waiting => dismissed(self.dismiss(&session.authentication(), Waiting::Agent(id)).await?),
            Revocable::AllWaiting => dismissed(self.dismiss(&session.authentication(), Waiting::UnderHost(id)).await?),
            Revocable::Agent => (self.revoke_agent(&account.subject, id).await?, "agent"),
            Revocable::Host => (self.revoke_host(&account.subject, id).await?, "host"),
        };
        if found { Ok(see_other(&format!("/dashboard?done={done}"))) } else { Err(Refusal::NotFound.into()) }
    }
}

/// What agents and clients are called, by their ids.
pub(crate) fn names(agents: &Agents, grants: &[GrantView]) -> impl Fn(&str) -> Option<String> {
    let client = |id: &str| grants.iter().find(|grant| grant.client_id == id);
    move |id| agents.name(id).or_else(|| client(id).map(|grant| quoted_or(&grant.client_name, 80, UNNAMED_CLIENT)))
}

/// The programs that act for a person, each kind as far as it was at work lately.
fn programs(agents: &Agents, grants: &[GrantView]) -> Vec<Actor> {
    let mut clients: Vec<&GrantView> = grants.iter().collect();
    clients.sort_by_key(|grant| Reverse(grant.used_at.or(grant.granted_at)));
    let clients = clients.into_iter().take(PROGRAMS).map(|grant| Actor::Client { client_id: grant.client_id.clone() });
    agents.at_work(PROGRAMS).chain(clients).collect()
}

/// Whether there was something to deny, and what was done.
fn dismissed(agents: Option<usize>) -> (bool, &'static str) {
    let done = match agents {
        None | Some(0) => "answered",
        Some(1) => "dismissed",
        Some(_) => "dismissed_all",
    };
    (agents.is_some(), done)
}

/// What was just done, in words. There are only these, so that a link cannot put words into the page.
fn notice(done: &str) -> Option<&'static str> {
    Some(match done {
        "session" => "The session was ended.",
        "sessions" => "All other sessions were ended.",
        "app" => "The app was disconnected.",
        "agent" => "The agent was revoked.",
        "approved" => "The agent can act for you now.",
        "denied" => "The agent was denied.",
        "dismissed" => "The agent that waited was denied.",
        "dismissed_all" => "The agents that waited were denied.",
        "answered" => "Nothing waits there any more.",
        "host" => "The host and its agents were revoked.",
        _ => return None,
    })
}

impl AppRow {
    fn of(grant: &GrantView, now: Timestamp, form: impl Fn(&str) -> Form) -> Self {
        AppRow {
            name: cleaned_or(&grant.client_name, 80, UNNAMED_CLIENT),
            scopes: grant.scopes.iter().map(|scope| scope.description.clone()).collect(),
            since: grant.granted_at.map(|at| When::new(at, now)),
            ends: grant.ends_at.map(|at| When::new(at, now)),
            newer: grant.granted_at.is_none().then_some(NEWER),
            revoke: form("/dashboard/apps/revoke").with("id", &grant.id),
        }
    }
}

impl SessionRow {
    fn of(row: &ListedSession, current: &Session, now: Timestamp, form: impl Fn(&str) -> Form) -> Self {
        let is_current = row.id == current.id;
        let known = row.session.as_ref();
        SessionRow {
            browser: browser(known.and_then(|known| known.user_agent.as_deref())),
            address: known.and_then(|known| known.ip).map(|ip| ip.to_string()),
            since: known.map(|known| When::new(known.created_at, now)),
            seen: known.map(|known| When::new(known.last_seen_at, now)),
            newer: known.is_none().then_some(NEWER),
            current: is_current,
            revoke: (!is_current).then(|| form("/dashboard/sessions/revoke").with("id", &row.id)),
        }
    }
}

/// Of how many programs of one kind the latest deeds are looked for.
const PROGRAMS: usize = 8;
