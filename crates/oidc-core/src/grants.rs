//! Connected applications: what a person allowed whom, and taking it back.

use std::convert::Infallible;

use async_trait::async_trait;
use countersign_storage::{
    Action, Actor, Changes, Decision, Event, Fault, Index, Moment, Operation, Reader, Record, SeenAccount, Stored,
    Subject, Timestamp,
};

use crate::issuer::Issuer;
use crate::outline::GrantOutline;
use crate::policy::Policy;
use crate::records::Grant;

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
    /// What was allowed, in words. Empty where a newer version of the software wrote the grant, as are the others below: here
    /// it is not used, and little is known of it, but it can be revoked.
    pub scopes: Vec<crate::policy::ScopeDescription>,
    /// The resources that it was allowed for.
    pub resources: Vec<String>,
    /// When it was first given, since it last ended. `None` where a newer version of the software wrote the grant.
    pub granted_at: Option<Timestamp>,
    /// When the client last came with a code, give or take an hour.
    pub used_at: Option<Timestamp>,
    /// When it ends unless the client comes again ([`Policy::consent_lifetime`]).
    pub ends_at: Option<Timestamp>,
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
        let generation = match SeenAccount::of(subject, self.accounts.as_ref()).await? {
            SeenAccount::Known(None) => return Ok(Vec::new()),
            SeenAccount::Known(Some(account)) => Some(account.generation),
            SeenAccount::Newer => None,
        };
        let now = self.ports.now();
        let index = Index::new("subject", subject.as_str());
        let found: Vec<Stored<GrantOutline>> = self.ports.reader().find_all(&index).await?;
        let mut views = Vec::new();
        for outline in found {
            let grant = outline.read_as::<Grant>()?;
            let holds = match &grant {
                Some(grant) => grant.holds(generation.unwrap_or(grant.account_generation), &self.policy, now),
                None => !outline.is_revoked(),
            };
            if holds {
                views.push(self.view(outline.record, grant.as_deref()).await?);
            }
        }
        Ok(views)
    }

    /// `grant` is `None` where only a newer version can tell.
    async fn view(&self, outline: GrantOutline, grant: Option<&Grant>) -> Result<GrantView, Fault> {
        let client = match self.clients.client(&outline.client_id).await {
            Err(Fault::Newer { .. }) => None,
            found => found?,
        };
        Ok(GrantView {
            id: outline.id,
            client_name: client.as_ref().map_or(&outline.client_id, |client| &client.name).clone(),
            client_uri: client.and_then(|client| client.client_uri),
            client_id: outline.client_id,
            scopes: grant.map(|grant| describe(grant, &self.policy)).unwrap_or_default(),
            resources: grant.map(|grant| grant.resources.clone()).unwrap_or_default(),
            granted_at: grant.map(|grant| grant.granted_at),
            used_at: grant.map(|grant| grant.used_at),
            ends_at: grant.map(|grant| grant.end(&self.policy)),
        })
    }

    /// Takes a grant back: every token that rests on it is refused at its next call, and no code that was made under it
    /// can be redeemed. Giving the grant anew revives none of them. It is one write, and wins however much the grant is in
    /// use, and whatever version of the software wrote it.
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
    type Loaded = Option<Stored<GrantOutline>>;
    type Granted = Revoked;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(GrantOutline::at(self.grant_id)).await
    }

    fn decide(&self, grant: Self::Loaded, _: &Moment<'_>) -> Decision<Revoked, Infallible> {
        let Some(mut grant) = grant.filter(|grant| grant.subject == *self.subject) else {
            return Decision::grant(Revoked::Unknown);
        };
        if grant.is_revoked() {
            return Decision::grant(Revoked::Already);
        }
        grant.record.revoke();
        let mut changes = Changes::none();
        changes.replace(&grant);
        let action = Action::GrantRevoke { client_id: grant.client_id.as_str().to_owned() };
        let event = Event::new(action, Actor::Person { subject: self.subject.clone() }).for_subject(self.subject);
        Decision::grant(Revoked::Now).changing(changes).report(event)
    }
}
