//! `POST /host/revoke` ([Agent Auth §5.10]): a host ends itself, and every agent under it with it (§8.5), in one write. Its
//! agents are read only because the answer tells their number.
//!
//! [Agent Auth §5.10]: https://agentauthprotocol.com/specification/v1.0-draft

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::{Action, Actor, Changes, Decision, Event, Fault, Moment, Operation, Reader, Stopped};
use http::Request;
use serde_json::{Value, json};

use crate::AgentProvider;
use crate::host_jwt::{HostToken, KnownHost, Unknown};
use crate::refusal::Refusal;
use crate::request;
use crate::respond::Answer;
use crate::standing::{self, SeenAgent, SeenHost};
use crate::withdrawal::Withdrawal;

pub(crate) async fn answer(provider: &AgentProvider, request: &Request<Bytes>) -> Result<Answer, Stopped<Refusal>> {
    let token = HostToken::parse(request::bearer(request.headers())?, &provider.issuer)?;
    Ok(Answer::new(provider.ports.perform(&RevokeHost { provider, token: &token }).await?))
}

struct RevokeHost<'a> {
    provider: &'a AgentProvider,
    token: &'a HostToken<'a>,
}

#[async_trait]
impl Operation for RevokeHost<'_> {
    type Loaded = (KnownHost, Vec<SeenAgent>);
    type Granted = Value;
    type Refusal = Refusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let (known, _) = self.token.load(reader, None, self.provider).await?;
        let agents = match &known.host {
            Some(host) => standing::agents_of(&SeenHost::Known(host.clone()), &self.provider.policy, reader).await?,
            None => Vec::new(),
        };
        known.unguard(reader);
        Ok((known, agents))
    }

    fn decide(&self, (known, agents): Self::Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, Self::Refusal> {
        let proven = match self.token.verify(&known, Unknown::Refused, self.provider, moment) {
            Ok(proven) => proven,
            Err(refusal) => return Decision::refuse(refusal),
        };
        let mut changes = Changes::none();
        proven.spend(&mut changes);
        let Some(host) = &known.host else { return Decision::refuse(Refusal::UNPROVEN).changing(changes) };
        let (host_id, revoked) = (host.id.as_str(), standing::living(&agents));
        let document = || json!({ "host_id": host_id, "status": "revoked", "agents_revoked": revoked });
        let admitted = known.admitted().map(|_| document());
        if known.is_withdrawn() {
            return Decision::from(admitted).changing(changes);
        }
        // Also where a clock, the policy of today or the account of its person says that it has ended: that can be undone.
        let policy = &self.provider.policy;
        changes.insert(&Withdrawal::of_host(&host.id, host.purged_after, "the host was revoked", policy, moment.now));
        let action = Action::HostRevoke { host: host_id.to_owned(), agents_revoked: revoked };
        let event = Event::new(action, Actor::Host { host_id: host_id.to_owned() }).for_subject(host.subject.as_ref());
        Decision::from(admitted).changing(changes).report(event)
    }
}
