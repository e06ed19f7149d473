//! Connected applications: what a person allowed whom, and taking it back.

use std::convert::Infallible;

use async_trait::async_trait;
use countersign_storage::{
    Action, Actor, Changes, Decision, Event, Fault, Index, Moment, Operation, Reader, Record, Stored, Subject,
    Timestamp,
};

use crate::issuer::Issuer;
use crate::policy::Policy;
use crate::records::{Grant, GrantState};

/// What a person allowed a client.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct GrantView {
    /// The id of the grant.
    pub id: String,
    /// The client's id.
    pub client_id: String,
    /// The client's name; its id where it is gone.
    pub client_name: String,
    /// The client's home page.
    pub client_uri: Option<String>,
    /// What was allowed, in words.
    pub scopes: Vec<crate::policy::ScopeDescription>,
    /// The resources that it was allowed for.
    pub resources: Vec<String>,
    /// When it was first given, since it last ended.
    pub granted_at: Timestamp,
    /// When the client last came with a code, give or take an hour.
    pub used_at: Timestamp,
    /// When it ends unless the client comes again ([`Policy::consent_lifetime`]).
    pub ends_at: Timestamp,
}

/// Whether there was something to revoke.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revoked {
    /// The grant and all its tokens are dead.
    Now,
    /// The grant had ended before.
    Already,
    /// This person has no such grant.
    Unknown,
}

impl Issuer {
    /// What a person has allowed, and what still holds of it.
    ///
    /// # Errors
    /// The faults of the store.
    pub async fn grants(&self, subject: &Subject) -> Result<Vec<GrantView>, Fault> {
        let Some(account) = self.accounts.by_subject(subject).await? else { return Ok(Vec::new()) };
        let now = self.ports.now();
        let found: Vec<Stored<Grant>> = self.ports.reader().find_all(&Index::new("subject", subject.as_str())).await?;
        let mut views = Vec::new();
        for grant in found.into_iter().filter(|grant| grant.holds(account.generation, &self.policy, now)) {
            let client = self.clients.client(&grant.client_id).await?;
            views.push(GrantView {
                id: grant.id.clone(),
                client_name: client.as_ref().map_or(&grant.client_id, |client| &client.name).clone(),
                client_uri: client.and_then(|client| client.client_uri),
                client_id: grant.client_id.clone(),
                scopes: describe(&grant, &self.policy),
                resources: grant.resources.clone(),
                granted_at: grant.granted_at,
                used_at: grant.used_at,
                ends_at: grant.end(&self.policy),
            });
        }
        Ok(views)
    }

    /// Takes a grant back: every token that rests on it is refused at its next call, and no code that was made under it
    /// can be redeemed. Giving the grant anew revives none of them. It is one write, and wins however much the grant is in
    /// use.
    ///
    /// # Errors
    /// The faults of the store.
    pub async fn revoke_grant(&self, subject: &Subject, grant_id: &str) -> Result<Revoked, Fault> {
        if grant_id.len() > 64 {
            return Ok(Revoked::Unknown);
        }
        Ok(self.ports.perform(&Revoke { subject, grant_id }).await?)
    }
}

fn describe(grant: &Grant, policy: &Policy) -> Vec<crate::policy::ScopeDescription> {
    grant
        .scopes
        .iter()
        .map(|name| policy.scope(name).cloned().unwrap_or(crate::policy::ScopeDescription::new(name, name)))
        .collect()
}

struct Revoke<'a> {
    subject: &'a Subject,
    grant_id: &'a str,
}

#[async_trait]
impl Operation for Revoke<'_> {
    type Loaded = Option<Stored<Grant>>;
    type Granted = Revoked;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(Grant::at(self.grant_id)).await
    }

    fn decide(&self, grant: Self::Loaded, _: &Moment<'_>) -> Decision<Revoked, Infallible> {
        let Some(mut grant) = grant.filter(|grant| grant.subject == *self.subject) else {
            return Decision::grant(Revoked::Unknown);
        };
        if grant.state == GrantState::Revoked {
            return Decision::grant(Revoked::Already);
        }
        grant.record.state = GrantState::Revoked;
        grant.record.generation = grant.record.generation.saturating_add(1);
        let mut changes = Changes::none();
        changes.replace(&grant);
        let action = Action::GrantRevoke { client_id: grant.client_id.as_str().to_owned() };
        let event = Event::new(action, Actor::Person { subject: self.subject.clone() }).for_subject(self.subject);
        Decision::grant(Revoked::Now).changing(changes).report(event)
    }
}
