//! `POST /agent/rotate-key` ([Agent Auth §5.8]): another key for an agent; the old one is dead with the answer.
//!
//! In the draft the host does it and names the agent. The published client does it with the agent's own token and names nobody.
//! That is accepted too, of an active agent for itself alone, and the audit tells the two apart.
//!
//! [Agent Auth §5.8]: https://agentauthprotocol.com/specification/v1.0-draft

use async_trait::async_trait;
use bytes::Bytes;
use countersign_jose::Jwk;
use countersign_storage::{
    Action, Actor, Changes, Decision, Event, Fault, Moment, Operation, Reader, Record, Stopped, Stored,
};
use http::Request;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::AgentProvider;
use crate::agent::{Agent, AgentKeyAlias};
use crate::agent_jwt::{AgentToken, KnownAgent, TokenUse};
use crate::call_count::CallCount;
use crate::host::{AgentId, Host, HostStatus};
use crate::host_jwt::{HostToken, KnownHost, Unknown, agent_key};
use crate::refusal::Refusal;
use crate::request;
use crate::respond::Answer;
use crate::stored_key::{self, StoredKey};

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    agent_id: Option<String>,
    public_key: Value,
}

pub(crate) async fn answer(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
    let bearer = request::bearer(request.headers())?;
    let by = match AgentToken::parse(bearer) {
        Ok(token) => By::Agent(token),
        Err(_) => By::Host(HostToken::parse(bearer, &provider.issuer)?),
    };
    let rotate = RotateAgentKey { provider, asked: Wish::parse(&by, request), by };
    let (agent_id, status) = provider.ports.perform(&rotate).await?;
    Ok(Answer::new(json!({ "agent_id": agent_id, "status": status })))
}

enum By<'a> {
    Agent(AgentToken<'a>),
    Host(HostToken<'a>),
}

/// Another key, for the agent that is named or for the one that asks.
struct Wish {
    named: Option<String>,
    key: Jwk,
}

impl Wish {
    fn parse(by: &By<'_>, request: &Request<Bytes>) -> Result<Self, Refusal> {
        let body: Body = request::body(request)?;
        if matches!(by, By::Host(_)) && body.agent_id.is_none() {
            return Err(Refusal::InvalidRequest("agent_id is missing"));
        }
        Ok(Wish { key: agent_key(&body.public_key)?, named: body.agent_id })
    }

    fn agent_id(&self) -> Option<AgentId> {
        self.named.as_deref().and_then(AgentId::parse)
    }
}

struct RotateAgentKey<'a> {
    provider: &'a AgentProvider,
    by: By<'a>,
    /// Kept until the token is proven.
    asked: Result<Wish, Refusal>,
}

enum Known {
    Agent(Box<KnownAgent>),
    Host(Box<(KnownHost, Option<Stored<Agent>>)>),
}

struct Loaded {
    known: Known,
    /// Whether the new key was ever an agent's under this host.
    taken: bool,
    /// What is left of the key that the agent forgets for the one that it gives up.
    forgotten: Option<Stored<AgentKeyAlias>>,
}

#[async_trait]
impl Operation for RotateAgentKey<'_> {
    type Loaded = Loaded;
    type Granted = (String, &'static str);
    type Refusal = Refusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Loaded, Fault> {
        let (known, host) = match &self.by {
            By::Agent(token) => {
                (Known::Agent(Box::new(token.load(reader, self.provider).await?)), Some(token.host_id()))
            }
            By::Host(token) => {
                let agent_id = self.asked.as_ref().ok().and_then(Wish::agent_id);
                let known = token.load(reader, agent_id.as_ref(), self.provider).await?;
                (Known::Host(Box::new(known)), agent_id.as_ref().map(AgentId::host))
            }
        };
        let key = self.asked.as_ref().ok().map(|wish| wish.key.thumbprint());
        let agent = match &known {
            Known::Agent(known) => known.agent(),
            Known::Host(known) => known.1.as_deref(),
        };
        let forgotten = agent.and_then(|agent| {
            stored_key::next_forgotten(&agent.former_keys).map(|key| AgentId::of(&agent.host_id, key))
        });
        let forgotten = match forgotten {
            Some(id) => reader.load(AgentKeyAlias::at(id.as_str())).await?,
            None => None,
        };
        let taken = match host.zip(key).map(|(host, key)| AgentId::of(&host, key)) {
            Some(id) => {
                let (agent, alias) = reader.load((Agent::at(id.as_str()), AgentKeyAlias::at(id.as_str()))).await?;
                agent.is_some() || alias.is_some()
            }
            None => false,
        };
        Ok(Loaded { known, taken, forgotten })
    }

    fn decide(&self, loaded: Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, Self::Refusal> {
        let found = match (&self.by, loaded.known) {
            (By::Agent(token), Known::Agent(known)) => self.itself(token, *known, moment),
            (By::Host(token), Known::Host(known)) => {
                let (known, agent) = *known;
                self.of_host(token, &known, agent, moment)
            }
            _ => Err(Refused { refusal: Refusal::UNPROVEN, spent: Changes::none() }),
        };
        let Found { mut agent, host, spent: mut changes, actor } = match found {
            Ok(found) => found,
            Err(Refused { refusal, spent }) => return Decision::refuse(refusal).changing(spent),
        };
        let key = match self.check_key(&host, loaded.taken) {
            Ok(key) => key,
            Err(refusal) => return Decision::refuse(refusal).changing(changes),
        };
        let policy = &self.provider.policy;
        if let Err(refusal) = CallCount::count_key(host.id.as_str(), policy, &mut changes, moment) {
            return Decision::refuse(refusal).changing(changes);
        }
        changes.insert(&AgentKeyAlias {
            alias: AgentId::of(&host.id, key.thumbprint()),
            agent: agent.id.clone(),
            purged_after: Some(moment.now + policy.host_lifetime + policy.ended_kept),
        });
        if let Some(forgotten) = &loaded.forgotten {
            changes.delete(forgotten);
        }
        let former = std::mem::replace(&mut agent.record.key, key);
        stored_key::give_up(&mut agent.record.former_keys, former.thumbprint());
        agent.record.see(policy, moment.now);
        changes.replace(&agent);
        let status = agent.status(&host, &self.provider.policy, moment.now).as_str();
        let event = Event::new(Action::AgentRotateKey { agent: agent.id.as_str().to_owned() }, actor)
            .for_subject(host.subject.as_ref());
        Decision::grant((agent.id.as_str().to_owned(), status)).changing(changes).report(event)
    }
}

struct Found {
    agent: Stored<Agent>,
    host: Stored<Host>,
    spent: Changes,
    actor: Actor,
}

/// A refusal, and what is stored of the token where it was proven.
struct Refused {
    refusal: Refusal,
    spent: Changes,
}

impl RotateAgentKey<'_> {
    fn itself(&self, token: &AgentToken<'_>, known: KnownAgent, moment: &Moment<'_>) -> Result<Found, Refused> {
        let AgentProvider { policy, issuer, .. } = self.provider;
        let unproven = |refusal| Refused { refusal, spent: Changes::none() };
        let proven = token.verify(known, &[issuer], policy, moment.now).map_err(unproven)?;
        if proven.use_ == TokenUse::Repeated {
            return Err(unproven(Refusal::UNPROVEN));
        }
        let count = proven.count(policy, moment).map_err(unproven)?;
        let mut spent = Changes::none();
        spent.insert(&proven.mark);
        if let Some(count) = count {
            count.add(1, &mut spent);
        }
        let refused = |refusal| Refused { refusal, spent: spent.clone() };
        proven.check_status(policy, moment.now).map_err(refused)?;
        let wish = self.asked.as_ref().map_err(|refusal| refused(refusal.clone()))?;
        if wish.named.as_deref().is_some_and(|named| named != proven.agent.id.as_str()) {
            return Err(refused(Refusal::AgentNotFound));
        }
        let actor = proven.actor();
        Ok(Found { agent: proven.agent, host: proven.host, spent, actor })
    }

    fn of_host(
        &self,
        token: &HostToken<'_>,
        known: &KnownHost,
        agent: Option<Stored<Agent>>,
        moment: &Moment<'_>,
    ) -> Result<Found, Refused> {
        let policy = &self.provider.policy;
        let mut spent = Changes::none();
        let proven = token
            .verify(known, Unknown::Refused, self.provider, moment)
            .map_err(|refusal| Refused { refusal, spent: Changes::none() })?;
        proven.spend(&mut spent);
        known.note_use(policy, moment.now, &mut spent);
        let refused = |refusal| Refused { refusal, spent: spent.clone() };
        self.asked.as_ref().map_err(|refusal| refused(refusal.clone()))?;
        let (host, agent) = known.admitted_with(agent).map_err(refused)?;
        if host.status == HostStatus::Pending {
            return Err(refused(Refusal::HostPending));
        }
        let status = agent.status(host, policy, moment.now);
        if !status.is_living() {
            return Err(refused(Refusal::of_status(status).unwrap_or(Refusal::AgentRevoked)));
        }
        let actor = Actor::Host { host_id: host.id.as_str().to_owned() };
        Ok(Found { agent, host: host.clone(), spent, actor })
    }

    /// A key works for one agent, once: it must not be one that another agent has or had, nor one that this agent gave up.
    fn check_key(&self, host: &Host, taken: bool) -> Result<StoredKey, Refusal> {
        let key = &self.asked.as_ref().map_err(Clone::clone)?.key;
        if taken {
            return Err(Refusal::AgentExists);
        }
        if key.thumbprint() == host.key.thumbprint() {
            return Err(Refusal::InvalidPublicKey("a host and an agent must not share a key"));
        }
        StoredKey::new(key).map_err(|_| Refusal::InvalidPublicKey("it is malformed"))
    }
}
