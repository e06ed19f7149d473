//! `POST /agent/register` ([Agent Auth §5.3]).
//!
//! A delegated agent starts pending, with a user code by which a person can approve it. The approval also links the host, if
//! nobody is linked to it yet. An autonomous agent gets what the policy for such agents gives, and nothing else; without such a
//! policy the mode is refused.
//!
//! [Agent Auth §5.3]: https://agentauthprotocol.com/specification/v1.0-draft

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_jose::{Jwk, VerifyingKey};
use countersign_storage::{
    Action, Actor, Allowance, Changes, Decision, Event, Fault, Moment, Network, Operation, Reader, Record, Stopped,
    Stored, Timestamp,
};
use countersign_web::peer::PeerAddress;
use countersign_web::text::{self, Cleaned};
use http::Request;
use serde::Deserialize;
use serde_json::Value;

use super::agent_document;
use super::requested::{self, Asked, Requested};
use crate::AgentProvider;
use crate::agent::{Agent, AgentKeyAlias, AgentMode, AgentStatus};
use crate::call_count::CallCount;
use crate::device_authorization;
use crate::host::{AgentId, Host, HostId, HostStatus};
use crate::host_jwt::{HostToken, KnownHost, ProvenHost, Unknown};
use crate::policy::AutonomousPolicy;
use crate::refusal::Refusal;
use crate::request;
use crate::respond::Answer;
use crate::standing::{self, SeenAgent, SeenHost};
use crate::stored_key::StoredKey;
use crate::withdrawal::Withdrawal;

#[derive(Deserialize)]
struct Body {
    name: String,
    #[serde(default)]
    host_name: Option<String>,
    #[serde(default)]
    capabilities: Vec<Asked>,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

pub(crate) async fn answer(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
    let token = HostToken::parse(request::bearer(request.headers())?, &provider.issuer)?;
    // Kept until the token is proven: a sender who proves nothing learns nothing about the body, nor about names in it.
    let asked = Registration::parse(&token, request, provider);
    let register = Register { provider, token: &token, asked };
    register.admit_unknown_host(request).await?;
    let registered = provider.ports.perform(&register).await?;
    Ok(Answer::new(registered))
}

/// What the host asks for, as token and body say it.
struct Registration {
    agent_key: Jwk,
    name: Cleaned,
    host_name: Option<Cleaned>,
    requested: Requested,
    mode: AgentMode,
    reason: Option<Cleaned>,
}

impl Registration {
    fn parse(token: &HostToken<'_>, request: &Request<Bytes>, provider: &AgentProvider) -> Result<Self, Refusal> {
        let body: Body = request::body(request)?;
        let host_name = body.host_name.as_deref().or(token.host_name());
        Ok(Registration {
            name: text::cleaned(&body.name, Agent::NAME)
                .map_err(|_| Refusal::InvalidRequest("name must have something to show"))?,
            host_name: host_name.and_then(|name| text::cleaned(name, Agent::NAME).ok()),
            agent_key: token.agent_key()?,
            requested: Requested::parse(body.capabilities, &provider.offer)?,
            mode: mode(body.mode.as_deref(), &provider.policy.autonomous)?,
            reason: body.reason.and_then(|reason| text::cleaned(&reason, Agent::REASON).ok()),
        })
    }
}

fn mode(asked: Option<&str>, autonomous: &AutonomousPolicy) -> Result<AgentMode, Refusal> {
    match (asked, autonomous) {
        (None | Some("delegated"), _) => Ok(AgentMode::Delegated),
        (Some("autonomous"), AutonomousPolicy::Granted(_)) => Ok(AgentMode::Autonomous),
        (Some(_), _) => Err(Refusal::UnsupportedMode("the server does not offer this mode")),
    }
}

struct Register<'a> {
    provider: &'a AgentProvider,
    token: &'a HostToken<'a>,
    asked: Result<Registration, Refusal>,
}

struct Loaded {
    known: KnownHost,
    agent: Option<Stored<Agent>>,
    /// Is there when the key is a later key of another agent of the host.
    alias: Option<Stored<AgentKeyAlias>>,
    /// The agents that the host keeps count of. They are read when it has no room for one more.
    counted: Option<Vec<SeenAgent>>,
}

impl Register<'_> {
    /// A host that was never seen costs a record, so such hosts are counted per address before one is made (Agent Auth §8.13).
    /// Only those that prove their key are counted, so that nobody is shut out by somebody else's noise.
    async fn admit_unknown_host(&self, request: &Request<Bytes>) -> Result<(), Stopped<Refusal>> {
        let provider = self.provider;
        let mut reader = provider.ports.reader();
        let (known, _) = self.token.load(&mut reader, None, provider).await?;
        if known.host.is_some() {
            return Ok(());
        }
        let moment = Moment { now: reader.now(), random: provider.ports.random.as_ref(), exhausted: &[] };
        self.token.verify(&known, Unknown::Welcome, provider, &moment)?;
        if let Err(refusal) = &self.asked {
            return Err(refusal.clone().into());
        }
        let from =
            PeerAddress::of(request.extensions()).map_or_else(String::new, |peer| Network::of(peer.0).to_string());
        match provider.throttle.attempt("agent_unknown_host", &from, provider.policy.unknown_hosts).await? {
            Allowance::Allowed => Ok(()),
            Allowance::RetryAfter(after) => Err(Refusal::RateLimited(after).into()),
        }
    }

    fn agent_id(&self, host_id: &HostId) -> Option<AgentId> {
        let asked = self.asked.as_ref().ok()?;
        Some(AgentId::of(host_id, asked.agent_key.thumbprint()))
    }
}

#[async_trait]
impl Operation for Register<'_> {
    type Loaded = Loaded;
    type Granted = Value;
    type Refusal = Refusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Loaded, Fault> {
        // The agent's id follows from the host's. A rotated key hides that one; then the agent is read again under the right id.
        let guess = self.agent_id(self.token.new_host_id());
        let (known, agent) = self.token.load(reader, guess.as_ref(), self.provider).await?;
        let host_id = known.host.as_ref().map_or(self.token.new_host_id(), |host| &host.id);
        let right = self.agent_id(host_id);
        let (known, agent) = match right == guess {
            true => (known, agent),
            false => self.token.load(reader, right.as_ref(), self.provider).await?,
        };
        let (alias, counted) = match (&known.host, right) {
            (Some(host), Some(right)) => {
                let alias = reader.load(AgentKeyAlias::at(right.as_str())).await?;
                let full = agent.is_none() && host.agents.len() >= self.most_agents();
                (alias, if full { Some(self.counted(host, reader).await?) } else { None })
            }
            _ => (None, None),
        };
        Ok(Loaded { known, agent, alias, counted })
    }

    fn decide(&self, loaded: Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, Self::Refusal> {
        let proven = match self.token.verify(&loaded.known, Unknown::Welcome, self.provider, moment) {
            Ok(proven) => proven,
            Err(refusal) => return Decision::refuse(refusal),
        };
        let known = loaded.known.host.as_ref().map(|host| host.record.clone());
        let registered = match &self.asked {
            Ok(asked) => self.register(asked, loaded, &proven, moment),
            Err(refusal) => Err(refusal.clone()),
        };
        match (registered, known) {
            (Ok(decision), _) => decision,
            // A refusal spends the token of a known host. Nothing is kept of a host that stays unknown.
            (Err(refusal), Some(host)) => {
                let event = self.event(None, &host).denied(refusal.code());
                let mut changes = Changes::none();
                proven.spend(&mut changes);
                Decision::refuse(refusal).changing(changes).report(event)
            }
            (Err(refusal), None) => Decision::refuse(refusal),
        }
    }
}

impl Register<'_> {
    fn most_agents(&self) -> usize {
        usize::try_from(self.provider.policy.agents_per_host).unwrap_or(usize::MAX)
    }

    /// At most as many are read as a host may have.
    async fn counted(&self, host: &Stored<Host>, reader: &mut Reader<'_>) -> Result<Vec<SeenAgent>, Fault> {
        standing::agents_of(&SeenHost::Known(host.clone()), &self.provider.policy, reader).await
    }

    /// Forgets those of the host's agents that can make no call any more. They end, in this commit: one that only seems to
    /// have ended must not work on without being listed.
    fn make_room(&self, host: &mut Host, counted: Vec<SeenAgent>, now: Timestamp, changes: &mut Changes) {
        let (living, ended): (Vec<_>, Vec<_>) = counted.into_iter().partition(SeenAgent::is_living);
        host.agents = living.iter().map(|agent| agent.id().clone()).collect();
        for agent in ended.iter().filter(|agent| agent.only_seems_ended()) {
            let (policy, kept) = (&self.provider.policy, agent.purged_after());
            changes.insert(&Withdrawal::of_agent(agent.id(), kept, "the agent had ended", policy, now));
        }
    }

    fn register(
        &self,
        asked: &Registration,
        loaded: Loaded,
        proven: &ProvenHost,
        moment: &Moment<'_>,
    ) -> Result<Decision<Value, Refusal>, Refusal> {
        let Loaded { known, agent, alias, counted } = loaded;
        let Moment { now, .. } = *moment;
        if asked.agent_key.thumbprint() == proven.key.thumbprint() {
            return Err(Refusal::InvalidPublicKey("a host and an agent must not share a key"));
        }
        let key = StoredKey::new(&asked.agent_key).map_err(|_| Refusal::InvalidPublicKey("it is malformed"))?;
        let mut changes = Changes::none();
        proven.spend(&mut changes);

        let (mut host, stored_host) = match &known.host {
            Some(_) => {
                let stored = known.admitted()?.clone();
                (stored.record.clone(), Some(stored))
            }
            // Withdrawals are kept for longer than what they end. It is not new, and would be over from its first moment.
            None if known.is_withdrawn() => return Err(Refusal::HostRevoked),
            None => (self.new_host(asked, &proven.key, now)?, None),
        };
        if alias.is_some() || known.has_withdrawn_agent() {
            return Err(Refusal::AgentExists);
        }
        if let Some(agent) = &agent
            && agent.status(&host, &self.provider.policy, now) != AgentStatus::Pending
        {
            return Err(Refusal::AgentExists);
        }
        if let Some(counted) = counted {
            self.make_room(&mut host, counted, now, &mut changes);
        }
        if agent.is_none() && host.agents.len() >= self.most_agents() {
            return Err(Refusal::AgentLimitReached);
        }
        if agent.is_none() {
            CallCount::count_key(host.id.as_str(), &self.provider.policy, &mut changes, moment)?;
        }
        let mut record = match &agent {
            Some(agent) => agent.record.clone(),
            None => Agent::new(&host.id, key, asked.mode, (asked.name.clone(), asked.reason.clone()), now),
        };
        if record.mode != asked.mode {
            return Err(Refusal::AgentExists);
        }
        record.name = asked.name.clone();
        record.reason = asked.reason.clone();
        let approval = match asked.mode {
            AgentMode::Delegated => Some(self.ask(asked, &mut record, moment, &mut changes)?),
            AgentMode::Autonomous => {
                self.grant_by_policy(asked, &mut record, &mut host, stored_host.is_none(), moment)?;
                None
            }
        };
        record.make_room(now)?;
        record.see(&self.provider.policy, now);
        if agent.is_none() {
            host.agents.push(record.id.clone());
        }
        // Each registration changes the host, so that none can slip past a person who is just linking it.
        host.note_use(&self.provider.policy, now);
        match stored_host {
            Some(stored) => {
                changes.replace(&stored.with(host.clone()));
                known.note_alias(&host, &mut changes);
            }
            None => drop(changes.insert(&host)),
        }
        let mut document = agent_document::agent(self.provider, &record, &host, now);
        if let Some(approval) = approval {
            document.insert("approval".to_owned(), approval);
        }
        let event = self.event(Some(&record), &host);
        // New agents are few, by the policy. The host registers one that waits as often as it likes.
        let event = if agent.is_some() { event.counted() } else { event };
        match agent {
            Some(stored) => changes.replace(&stored.with(record)),
            None => changes.insert(&record),
        };
        Ok(Decision::grant(Value::Object(document)).changing(changes).report(event))
    }

    fn new_host(&self, asked: &Registration, key: &VerifyingKey, now: Timestamp) -> Result<Host, Refusal> {
        Ok(Host {
            id: self.token.new_host_id().clone(),
            key: StoredKey::new(key.jwk()).map_err(|_| Refusal::UNPROVEN)?,
            former_keys: Vec::new(),
            name: asked.host_name.clone(),
            status: HostStatus::Pending,
            subject: None,
            linked_at: None,
            account_generation: 0,
            agents: Vec::new(),
            created_at: now,
            last_used_at: None,
            purged_after: None,
        })
    }

    /// Puts the request to a person (Agent Auth §7.1). Whatever code the agent had before is dead from now on.
    fn ask(
        &self,
        asked: &Registration,
        agent: &mut Agent,
        moment: &Moment<'_>,
        changes: &mut Changes,
    ) -> Result<Value, Refusal> {
        let (offer, reason) = (&self.provider.offer, asked.reason.as_ref());
        let pending = asked.requested.pending(offer, &BTreeMap::new(), reason, moment)?;
        Ok(device_authorization::ask(self.provider, agent, pending, reason, moment, changes))
    }

    /// Autonomous agents (Agent Auth §2.2.2): each capability passes the policy or is denied.
    fn grant_by_policy(
        &self,
        asked: &Registration,
        agent: &mut Agent,
        host: &mut Host,
        is_new_host: bool,
        moment: &Moment<'_>,
    ) -> Result<(), Refusal> {
        let policy = &self.provider.policy;
        let AutonomousPolicy::Granted(given) = &policy.autonomous else {
            return Err(Refusal::UnsupportedMode("the server does not offer this mode"));
        };
        if host.subject.is_some() {
            return Err(Refusal::UnsupportedMode("the host is linked to a person: its agents act for them"));
        }
        match (host.status, is_new_host) {
            // The policy lets a host work that nobody is linked to; one that waits for a person keeps waiting.
            (HostStatus::Pending, true) => host.status = HostStatus::Active,
            (HostStatus::Pending, false) => return Err(Refusal::HostPending),
            (HostStatus::Active | HostStatus::Revoked | HostStatus::Rejected, _) => {}
        }
        let pending = asked.requested.pending(&self.provider.offer, given, asked.reason.as_ref(), moment)?;
        let (approved, decided) = requested::by_policy(self.provider, pending, moment.now)?;
        agent.grants.extend(decided);
        agent.activate(&approved, moment.now);
        Ok(())
    }

    /// `agent` is registered, or none is.
    fn event(&self, agent: Option<&Agent>, host: &Host) -> Event {
        let asked = self.asked.as_ref().ok();
        let action = Action::AgentRegister {
            agent: agent.map(|agent| agent.id.as_str().to_owned()),
            agent_name: asked.map(|asked| asked.name.as_str().to_owned()),
            mode: asked.map(|asked| asked.mode.as_str().to_owned()),
            capabilities: asked.map(|asked| asked.requested.iter().map(|(name, _)| name.to_owned()).collect()),
        };
        Event::new(action, Actor::Host { host_id: host.id.as_str().to_owned() }).for_subject(host.subject.as_ref())
    }
}
