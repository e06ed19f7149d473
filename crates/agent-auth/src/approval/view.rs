//! The question, as a person sees it.

use countersign_storage::{
    Account, Allowance, Authentication, Fault, Handle, Reader, Record, SessionState, Stopped, Stored, Timestamp,
    UserCode,
};
use countersign_web::text;
use serde_json::json;

use super::{Answered, ApprovalRefusal, ApprovalView, Freshness, HostLink, RequestedView, Stage};
use crate::AgentProvider;
use crate::agent::{Agent, AgentMode, AgentStatus, PendingApproval};
use crate::approved;
use crate::capability::Offered;
use crate::constraint::Constraints;
use crate::grant::CapabilityGrant;
use crate::host::{AgentId, Host, HostStatus};
use crate::person::Person;
use crate::policy::AgentPolicy;
use crate::schema::InputSchema;
use crate::standing::{self, SeenAgent, SeenHost};
use crate::user_code::UserCodeEntry;
use crate::withdrawal::Withdrawal;

impl AgentProvider {
    /// What the agent with this user code asks `who`. The code is taken in any case, with or without its dash.
    ///
    /// # Errors
    /// [`ApprovalRefusal`], and faults. Each call counts as an attempt of this person, so that codes cannot be tried out.
    pub async fn approval(
        &self,
        user_code: &str,
        who: &Authentication,
    ) -> Result<ApprovalView, Stopped<ApprovalRefusal>> {
        self.count_attempt(who).await?;
        let code = UserCode::parse(user_code).ok_or(ApprovalRefusal::UnknownCode)?;
        let mut reader = self.ports.reader();
        let question = Question::load(&code, who, self, &mut reader).await?;
        match question.find(who, &self.policy, reader.now())? {
            Found::Open(open) => Ok(open.view(self, who, reader.now())),
            Found::Answered(_) => Err(ApprovalRefusal::Decided.into()),
            Found::Lapsed(_) => Err(ApprovalRefusal::Expired.into()),
        }
    }

    pub(super) async fn count_attempt(&self, who: &Authentication) -> Result<(), Stopped<ApprovalRefusal>> {
        let limit = self.policy.user_code_attempts;
        match self.throttle.attempt("agent_user_code", who.subject().as_str(), limit).await? {
            Allowance::Allowed => Ok(()),
            Allowance::RetryAfter(after) => Err(ApprovalRefusal::Throttled(after).into()),
        }
    }
}

/// What a user code leads to, as far as it leads anywhere.
pub(super) struct Question {
    code: Handle,
    agent: Option<Stored<Agent>>,
    host: Option<Stored<Host>>,
    /// The other agents of a host that nobody is linked to yet.
    others: Vec<Stored<Agent>>,
    /// The person's hosts, where this one would be one more.
    person: Option<KnownPerson>,
    /// The account of the person who looks.
    account: Option<Account>,
    /// Their session.
    session: SessionState,
}

/// The hosts of a person, with room for one more if forgetting those that ended makes room.
pub(super) struct KnownPerson {
    pub(super) person: Stored<Person>,
    /// Those that are forgotten and that nobody withdrew. They may only seem to have ended, by a clock or the policy of today.
    pub(super) forgotten: Vec<SeenHost>,
}

/// A question: open for this person to answer, or answered.
pub(super) enum Found {
    Open(Box<OpenQuestion>),
    Answered(Answered),
    /// Nobody answered it in time.
    Lapsed(Box<Stored<Agent>>),
}

/// A question that is open, for this person to answer.
pub(super) struct OpenQuestion {
    pub(super) agent: Stored<Agent>,
    pub(super) host: Stored<Host>,
    /// Agents that act for nobody, and that linking the host would claim.
    pub(super) claims: Vec<Stored<Agent>>,
    pub(super) person: Option<KnownPerson>,
    pub(super) approval: PendingApproval,
}

impl Question {
    pub(super) async fn load(
        code: &UserCode,
        who: &Authentication,
        provider: &AgentProvider,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Fault> {
        let (code, policy) = (code.handle(), &provider.policy);
        let account = provider.accounts.by_subject_guarded(who.subject(), reader).await?;
        let session = provider.signed_in.session_state(who, reader).await?;
        let mut question =
            Question { code, agent: None, host: None, others: Vec::new(), person: None, account, session };
        let Some(entry) = reader.load(UserCodeEntry::at(question.code.as_str())).await? else { return Ok(question) };
        let Some(agent_id) = AgentId::parse(&entry.agent_id) else { return Ok(question) };
        let (agent, host, agent_withdrawn, host_withdrawn) = reader
            .load((
                Agent::at(agent_id.as_str()),
                Host::at(agent_id.host().as_str()),
                Withdrawal::at(agent_id.as_str()),
                Withdrawal::at(agent_id.host().as_str()),
            ))
            .await?;
        question.host = standing::host(host, host_withdrawn, policy, reader.now());
        if let Some(host) = question.host.as_mut().filter(|host| host.is_linked_to(who.subject())) {
            standing::of_account(host, question.account.as_ref());
        }
        question.agent = standing::agent(agent, agent_withdrawn, question.host.as_ref(), policy);
        if let Some(host) = question.host.clone().filter(|host| host.subject.is_none()) {
            let others = standing::agents_of(&SeenHost::Known(host), policy, reader).await?;
            let others = others.into_iter().filter(|agent| *agent.id() != agent_id);
            question.others = others.map(SeenAgent::known).collect::<Result<_, _>>()?;
            let person = reader.load(Person::at(who.subject().as_str())).await?;
            question.person = with_room(person, policy, reader).await?;
        }
        Ok(question)
    }

    /// The capabilities that it asks for.
    pub(super) fn asked(&self) -> impl Iterator<Item = &str> {
        self.agent.iter().flat_map(|agent| agent.asked()).map(|grant| grant.capability())
    }

    /// The question, if it was answered, or is still open and `who` may answer it.
    pub(super) fn find(
        self,
        who: &Authentication,
        policy: &AgentPolicy,
        now: Timestamp,
    ) -> Result<Found, ApprovalRefusal> {
        let (Some(agent), Some(host)) = (self.agent, self.host) else { return Err(ApprovalRefusal::UnknownCode) };
        if let Some(answered) = agent.answered.clone().filter(|answered| answered.code == self.code) {
            return Ok(Found::Answered(answered));
        }
        let approval = agent.approval.clone().filter(|approval| approval.code == self.code);
        let approval = approval.ok_or(ApprovalRefusal::UnknownCode)?;
        if host.subject.is_some() && !host.is_linked_to(who.subject()) {
            return Err(ApprovalRefusal::ForeignHost);
        }
        if self.session == SessionState::Ended {
            return Err(ApprovalRefusal::SessionEnded);
        }
        if !self.account.is_some_and(|account| account.carries(who.account_generation())) {
            return Err(ApprovalRefusal::AccountUnusable);
        }
        let answerable = matches!(agent.status(&host, policy, now), AgentStatus::Pending | AgentStatus::Active);
        if !answerable || matches!(host.status, HostStatus::Revoked | HostStatus::Rejected) {
            return Err(ApprovalRefusal::UnknownCode);
        }
        if agent.time(now) >= approval.expires_at {
            return Ok(Found::Lapsed(Box::new(agent)));
        }
        let claims = (self.others.into_iter())
            .filter(|other| other.mode == AgentMode::Autonomous && other.status(&host, policy, now).is_living())
            .collect();
        Ok(Found::Open(Box::new(OpenQuestion { agent, host, claims, person: self.person, approval })))
    }
}

impl OpenQuestion {
    pub(super) fn view(&self, provider: &AgentProvider, who: &Authentication, now: Timestamp) -> ApprovalView {
        let mut view = ApprovalView {
            agent_name: self.agent.name.as_str().to_owned(),
            host_name: self.host.name.as_ref().map(|name| name.as_str().to_owned()),
            reason: self.approval.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            stage: self.stage(),
            capabilities: self.agent.asked().filter_map(|grant| requested(provider, grant)).collect(),
            host_link: if self.host.subject.is_some() { HostLink::Linked } else { HostLink::WillLink },
            host_lasts: provider.policy.host_lifetime,
            claims: self.claims.iter().map(|agent| agent.name.as_str().to_owned()).collect(),
            expires_at: self.approval.expires_at,
            freshness: match approved::is_fresh(who, &provider.policy, now) {
                true => Freshness::Fresh,
                false => Freshness::SignInAgain,
            },
            shown: String::new(),
        };
        view.shown = self.shown(&view, who);
        view
    }

    pub(super) fn stage(&self) -> Stage {
        if self.agent.is_undecided() { Stage::Registration } else { Stage::Escalation }
    }

    /// Everything that the person sees and their answer is about, for this person, session and sign-in alone. The id of the
    /// question is random and told to nobody, so nobody can compute this, for themselves or for others.
    fn shown(&self, view: &ApprovalView, who: &Authentication) -> String {
        let asked: Vec<_> = (self.agent.asked())
            .map(|grant| json!([grant.id(), grant.capability(), grant.constraints_shown().map(ToString::to_string)]))
            .collect();
        // All that is shown goes in, by the compiler: what is shown and left out here could be changed under the person's eyes.
        let ApprovalView {
            agent_name,
            host_name,
            reason,
            stage,
            capabilities,
            host_link,
            host_lasts,
            claims,
            expires_at,
            // How they are signed in, `who` says; and the rest is being made here.
            freshness: _,
            shown: _,
        } = view;
        let capabilities: Vec<_> = (capabilities.iter())
            .map(|RequestedView { name, description, limits, lasts }| {
                json!([name, description, limits, lasts.map(|lasts| lasts.as_secs())])
            })
            .collect();
        let seen = json!([
            agent_name,
            host_name,
            reason,
            *stage == Stage::Escalation,
            capabilities,
            *host_link == HostLink::WillLink,
            host_lasts.as_secs(),
            claims,
            expires_at,
        ]);
        let question = json!([
            self.approval.id,
            who,
            self.agent.id.as_str(),
            self.host.id.as_str(),
            self.host.subject.as_ref().map(|subject| subject.as_str()),
            self.claims.iter().map(|agent| agent.id.as_str()).collect::<Vec<_>>(),
            asked,
            seen,
        ]);
        Handle::of(&question.to_string()).as_str().to_owned()
    }
}

async fn with_room(
    person: Option<Stored<Person>>,
    policy: &AgentPolicy,
    reader: &mut Reader<'_>,
) -> Result<Option<KnownPerson>, Fault> {
    let Some(mut person) = person else { return Ok(None) };
    let mut forgotten = Vec::new();
    if person.is_full(policy) {
        let hosts = SeenHost::all(&person.hosts, policy, reader).await?;
        let (ended, living): (Vec<_>, Vec<_>) = hosts.into_iter().partition(SeenHost::has_ended);
        person.record.hosts = living.iter().map(|host| host.id().clone()).collect();
        forgotten = SeenHost::not_withdrawn(ended, reader).await?;
    }
    Ok(Some(KnownPerson { person, forgotten }))
}

/// `None` for a capability that is no longer offered: it is not shown, and not granted.
fn requested(provider: &AgentProvider, grant: &CapabilityGrant) -> Option<RequestedView> {
    let offered = provider.offer.by_name(grant.capability())?;
    Some(RequestedView {
        name: offered.name.clone(),
        description: offered.description.clone(),
        limits: limits(Some(&offered.input), offered, grant),
        lasts: provider.grant_lifetime(&offered.name),
    })
}

/// One sentence for each field: what it may be by its constraint and the schema together, or that it may be anything. `input` is
/// the schema that the grant is or was approved under, as far as it can be read.
pub(crate) fn limits(input: Option<&InputSchema>, offered: &Offered, grant: &CapabilityGrant) -> Vec<String> {
    let (Some(input), Ok(granted)) = (input, grant.constraints()) else {
        return vec!["limited in a way that this server cannot read; every call is refused".to_owned()];
    };
    let constraints: Constraints = granted.narrowed_by(&offered.constraints);
    let of_schema = input.fields().map(|field| {
        let words = input.limit_in_words(field, constraints.on(field));
        format!("{}: {words}", text::escaped(field))
    });
    // The names of the others are the agent's own.
    let others = constraints.fields().filter(|field| !input.fields().any(|known| known == *field));
    let others = others.map(|field| {
        let words = input.limit_in_words(field, constraints.on(field));
        format!("“{}”: {words}", text::escaped(field))
    });
    of_schema.chain(others).collect()
}
