//! `/dashboard`: who can act for a person, where they are signed in, and the buttons that end it.

use serde::Serialize;

use crate::form::Form;
use crate::templates::Page;
use crate::when::When;

/// The page.
#[derive(Clone, Debug, Serialize)]
pub struct DashboardPage {
    /// Whose it is.
    pub account: AccountView,
    /// Ends this session.
    pub sign_out: Form,
    /// What was just done.
    pub notice: Option<String>,
    /// Where one enters an agent's code.
    pub device: String,
    /// Hosts, with their agents.
    pub hosts: Vec<HostRow>,
    /// Clients that were allowed something.
    pub apps: Vec<AppRow>,
    /// Ends all sessions but this one; absent where there is no other.
    pub revoke_others: Option<Form>,
    /// Where the person is signed in.
    pub sessions: Vec<SessionRow>,
    /// What happened lately, newest first.
    pub activity: Vec<ActivityRow>,
}

/// The person.
#[derive(Clone, Debug, Serialize)]
pub struct AccountView {
    /// The full name.
    pub name: String,
    /// The address.
    pub email: String,
    /// Since when.
    pub created: When,
}

/// A host and its agents.
#[derive(Clone, Debug, Serialize)]
pub struct HostRow {
    /// What it calls itself.
    pub name: String,
    /// In one word.
    pub status: String,
    /// `good`, `warning`, `problem` or empty.
    pub tone: &'static str,
    /// Since when it is linked.
    pub since: Option<When>,
    /// Its agents.
    pub agents: Vec<AgentRow>,
    /// Ends it; absent where it has ended.
    pub revoke: Option<Form>,
}

/// An agent.
#[derive(Clone, Debug, Serialize)]
pub struct AgentRow {
    /// What it calls itself.
    pub name: String,
    /// In one word.
    pub status: String,
    /// `good`, `warning`, `problem` or empty.
    pub tone: &'static str,
    /// When it last did something.
    pub used: Option<When>,
    /// What it may do.
    pub capabilities: Vec<String>,
    /// Ends it; absent where it has ended.
    pub revoke: Option<Form>,
}

/// A client with a grant.
#[derive(Clone, Debug, Serialize)]
pub struct AppRow {
    /// The name that it registered.
    pub name: String,
    /// What it was allowed.
    pub scopes: Vec<String>,
    /// When.
    pub since: When,
    /// Takes the grant back.
    pub revoke: Form,
}

/// A session.
#[derive(Clone, Debug, Serialize)]
pub struct SessionRow {
    /// The browser, in two words.
    pub browser: String,
    /// From where.
    pub address: Option<String>,
    /// When it began.
    pub since: When,
    /// When it was last used.
    pub seen: When,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Ends it; absent for the current one, which signs out instead.
    pub revoke: Option<Form>,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct ActivityRow {
    /// What, in words.
    pub what: String,
    /// Who did it, where it was not the person.
    pub who: Option<String>,
    /// Whether it was refused.
    pub refused: bool,
    /// When.
    pub at: When,
}

impl Page for DashboardPage {
    const TEMPLATE: &'static str = "dashboard.html";
}
