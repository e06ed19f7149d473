//! `POST /host/rotate-key` ([Agent Auth §5.9]): another key for a host, signed for with the present one. The host, its
//! agents, their grants and the link to a person stay; the old key is dead with the answer.
//!
//! [Agent Auth §5.9]: https://agentauthprotocol.com/specification/v1.0-draft

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
use crate::call_count::CallCount;
use crate::host::{AgentId, Host, HostAlias, HostId, HostStatus};
use crate::host_jwt::{HostToken, KnownHost, Unknown, agent_key};
use crate::refusal::Refusal;
use crate::request;
use crate::respond::Answer;
use crate::stored_key::{self, StoredKey};

#[derive(Deserialize)]
struct Body {
    public_key: Value,
}

pub(crate) async fn answer(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
    let token = HostToken::parse(request::bearer(request.headers())?, &provider.issuer)?;
    let key = request::body(request).and_then(|body: Body| agent_key(&body.public_key));
    let alias = key.as_ref().map_or(token.new_host_id().clone(), |key| HostId::of(&provider.issuer, key.thumbprint()));
    let rotate = RotateHostKey { provider, token: &token, key, alias };
    let (host_id, status) = provider.ports.perform(&rotate).await?;
    Ok(Answer::new(json!({ "host_id": host_id, "status": status })))
}

struct RotateHostKey<'a> {
    provider: &'a AgentProvider,
    token: &'a HostToken<'a>,
    key: Result<Jwk, Refusal>,
    /// Where the host will be found by the new key.
    alias: HostId,
}

/// Whose the new key is or was: any host's, or that of an agent under this host.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyOf {
    Host,
    Agent,
    Nobody,
}

#[async_trait]
impl Operation for RotateHostKey<'_> {
    type Loaded = (KnownHost, KeyOf, Option<Stored<HostAlias>>);
    type Granted = (String, &'static str);
    type Refusal = Refusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let (known, _) = self.token.load(reader, None, self.provider).await?;
        let agent =
            known.host.as_ref().zip(self.key.as_ref().ok()).map(|(host, key)| AgentId::of(&host.id, key.thumbprint()));
        let agent = agent.as_ref().map_or("none", AgentId::as_str);
        let (host, alias, agent, former_agent) = reader
            .load((
                Host::at(self.alias.as_str()),
                HostAlias::at(self.alias.as_str()),
                Agent::at(agent),
                AgentKeyAlias::at(agent),
            ))
            .await?;
        let taken = match (host.is_some() || alias.is_some(), agent.is_some() || former_agent.is_some()) {
            (true, _) => KeyOf::Host,
            (false, true) => KeyOf::Agent,
            (false, false) => KeyOf::Nobody,
        };
        let forgotten = known.host.as_ref().and_then(|host| stored_key::next_forgotten(&host.former_keys));
        let forgotten = match forgotten.map(|key| HostId::of(&self.provider.issuer, key)) {
            Some(id) => reader.load(HostAlias::at(id.as_str())).await?,
            None => None,
        };
        Ok((known, taken, forgotten))
    }

    fn decide(
        &self,
        (known, taken, forgotten): Self::Loaded,
        moment: &Moment<'_>,
    ) -> Decision<Self::Granted, Self::Refusal> {
        let proven = match self.token.verify(&known, Unknown::Refused, self.provider, moment) {
            Ok(proven) => proven,
            Err(refusal) => return Decision::refuse(refusal),
        };
        let mut changes = Changes::none();
        proven.spend(&mut changes);
        let rotated = known.admitted().and_then(|host| {
            let key = self.key.as_ref().map_err(Clone::clone)?;
            // It can just as well come back as another host, and what a rotation leaves behind is kept as long as hosts are.
            if host.status == HostStatus::Pending {
                return Err(Refusal::HostPending);
            }
            match taken {
                KeyOf::Host => return Err(Refusal::HostExists),
                KeyOf::Agent => {
                    return Err(Refusal::InvalidPublicKey("a host and an agent must not share a key"));
                }
                KeyOf::Nobody => {}
            }
            let key = StoredKey::new(key).map_err(|_| Refusal::InvalidPublicKey("it is malformed"))?;
            CallCount::count_key(host.id.as_str(), &self.provider.policy, &mut changes, moment)?;
            Ok((host.clone(), key))
        });
        let (mut host, key) = match rotated {
            Ok(rotated) => rotated,
            Err(refusal) => return Decision::refuse(refusal).changing(changes),
        };
        let former = std::mem::replace(&mut host.record.key, key);
        stored_key::give_up(&mut host.record.former_keys, former.thumbprint());
        host.record.note_use(&self.provider.policy, moment.now);
        known.note_alias(&host, &mut changes);
        let alias = HostAlias { alias: self.alias.clone(), host: host.id.clone(), purged_after: host.purged_after };
        changes.replace(&host).insert(&alias);
        if let Some(forgotten) = &forgotten {
            changes.delete(forgotten);
        }
        let host_id = host.id.as_str().to_owned();
        let action = Action::HostRotateKey {
            host: host_id.clone(),
            former: former.thumbprint().as_str().to_owned(),
            thumbprint: host.key.thumbprint().as_str().to_owned(),
        };
        let event = Event::new(action, Actor::Host { host_id: host_id.clone() }).for_subject(host.subject.as_ref());
        Decision::grant((host_id, host.status.as_str())).changing(changes).report(event)
    }
}
