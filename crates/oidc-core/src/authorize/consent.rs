//! What a person's consent makes of a grant.

use std::collections::BTreeMap;

use countersign_storage::{Authentication, Timestamp};

use crate::authorize::Validated;
use crate::client::Client;
use crate::policy::Policy;
use crate::records::{Grant, GrantState};
use crate::scope::Scopes;

/// What the person answered on the consent page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConsentAnswer {
    /// These scopes, of those that were shown. None at all means no.
    Approve {
        /// The names of the scopes.
        scopes: Vec<String>,
    },
    /// Nothing is allowed.
    Deny,
}

/// An approval: what was shown, what of it was allowed, by whom, for which request.
pub(crate) struct Approval<'a> {
    pub(crate) request: &'a Validated,
    pub(crate) client: &'a Client,
    pub(crate) shown: &'a Scopes,
    pub(crate) approved: &'a Scopes,
    pub(crate) authentication: &'a Authentication,
}

impl Approval<'_> {
    /// The grant after it. What was granted before and not asked about now stays; what was asked about and not approved
    /// goes. A grant that has ended begins anew. One that was given to a client that has changed since keeps nothing but
    /// what is approved now.
    pub(crate) fn grant(&self, known: Option<&Grant>, policy: &Policy, now: Timestamp) -> Grant {
        let Approval { request, client, approved, authentication, .. } = self;
        let fresh = Grant {
            id: Grant::id_of(authentication.subject(), &client.client_id),
            subject: authentication.subject().clone(),
            client_id: client.client_id.clone(),
            scopes: (*approved).clone(),
            resources: request.resources.clone(),
            scopes_at: request.resources.iter().map(|resource| (resource.clone(), (*approved).clone())).collect(),
            narrowed: 0,
            allowed_since: BTreeMap::new(),
            redirect_uris: remembered(request, client),
            client_fingerprint: client.fingerprint(),
            state: GrantState::Active,
            generation: known.map_or(0, next_generation),
            account_generation: authentication.account_generation(),
            granted_at: now,
            used_at: now,
            ends_at: Some(now + policy.consent_lifetime),
        };
        match known.filter(|known| known.holds(fresh.account_generation, policy, now)) {
            Some(known) => self.continued(known, fresh),
            None => fresh,
        }
    }

    /// A grant that holds, and goes on.
    fn continued(&self, known: &Grant, fresh: Grant) -> Grant {
        let Approval { request, shown, approved, .. } = self;
        let changed = known.client_fingerprint != fresh.client_fingerprint;
        let refused = shown.without(approved);
        let stays = |resource: &String, scopes: &Scopes| match changed {
            false => Some(scopes.without(&refused)),
            true => request.resources.contains(resource).then(|| scopes.intersection(approved)),
        };
        let mut scopes_at: BTreeMap<String, Scopes> = known
            .scopes_at
            .iter()
            .filter_map(|(resource, scopes)| Some((resource.clone(), stays(resource, scopes)?)))
            .collect();
        let narrowed = known.narrowed.saturating_add(u32::from(scopes_at != known.scopes_at));
        let mut allowed_since = known.allowed_since.clone();
        allowed_since.retain(|resource, since| {
            since.retain(|scope, _| scopes_at.get(resource).is_some_and(|scopes| scopes.contains(scope)));
            !since.is_empty()
        });
        for resource in &request.resources {
            let scopes = scopes_at.entry(resource.clone()).or_default();
            // What was taken back before is given to what is made from now on, and to nothing older.
            for scope in approved.without(scopes).iter().filter(|_| narrowed > 0) {
                allowed_since.entry(resource.clone()).or_default().insert(scope.to_owned(), narrowed);
            }
            *scopes = scopes.union(approved);
        }
        let (scopes, resources, redirect_uris) = match changed {
            true => (fresh.scopes.clone(), fresh.resources.clone(), fresh.redirect_uris.clone()),
            false => (
                known.scopes.without(shown).union(approved),
                union(&known.resources, &fresh.resources),
                union(&known.redirect_uris, &fresh.redirect_uris),
            ),
        };
        Grant {
            scopes,
            resources,
            scopes_at,
            narrowed,
            allowed_since,
            redirect_uris,
            generation: known.generation,
            granted_at: if changed { fresh.granted_at } else { known.granted_at },
            used_at: known.used_at.max(fresh.used_at),
            ..fresh
        }
    }
}

/// The generation of a grant that is given after `known` ended. Revoking a grant begins a new generation; running out does
/// not.
fn next_generation(known: &Grant) -> u32 {
    match known.state {
        GrantState::Revoked => known.generation,
        GrantState::Active => known.generation.saturating_add(1),
    }
}

fn union(known: &[String], new: &[String]) -> Vec<String> {
    let mut all = known.to_vec();
    all.extend(new.iter().filter(|new| !known.contains(new)).cloned());
    all
}

/// The redirect URI, if it is registered as it stands. A loopback port of the moment is not worth remembering: it never
/// comes back, and the next one is asked about anyway.
fn remembered(request: &Validated, client: &Client) -> Vec<String> {
    client.redirect_uris.iter().filter(|registered| **registered == request.redirect_uri).cloned().collect()
}
