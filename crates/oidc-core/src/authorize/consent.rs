//! What a person's consent makes of a grant.

use std::collections::BTreeMap;

use countersign_storage::{Changes, Stored, Subject, Timestamp};

use crate::authorize::Validated;
use crate::client::Client;
use crate::records::{FamilyState, Grant, GrantState, TokenFamily};
use crate::scope::Scopes;

/// What the person answered on the consent page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConsentAnswer {
    /// These scopes, of those that were shown. None at all means no.
    Approve {
        /// By name.
        scopes: Vec<String>,
    },
    /// No.
    Deny,
}

/// The grant after `approved` of `shown` was allowed. What was granted before and not asked about now stays; what was
/// asked about and not approved goes. A grant that was revoked, or that was given to a client that has changed since,
/// begins anew.
pub(crate) fn grant(
    known: Option<&Grant>,
    request: &Validated,
    client: &Client,
    (shown, approved): (&Scopes, &Scopes),
    subject: &Subject,
    now: Timestamp,
) -> Grant {
    let client_fingerprint = client.fingerprint();
    let generation = known.map_or(0, |grant| grant.generation);
    let fresh = Grant {
        id: Grant::id_of(subject, &client.client_id),
        subject: subject.clone(),
        client_id: client.client_id.clone(),
        scopes: approved.clone(),
        resources: request.resources.clone(),
        scopes_at: request.resources.iter().map(|resource| (resource.clone(), approved.clone())).collect(),
        redirect_uris: remembered(request, client),
        client_fingerprint,
        state: GrantState::Active,
        generation,
        granted_at: now,
        used_at: now,
    };
    let holds =
        |grant: &&Grant| grant.state == GrantState::Active && grant.client_fingerprint == fresh.client_fingerprint;
    let Some(known) = known.filter(holds) else { return fresh };
    let union = |known: &[String], new: &[String]| {
        let mut all = known.to_vec();
        all.extend(new.iter().filter(|new| !known.contains(new)).cloned());
        all
    };
    let refused = shown.without(approved);
    let mut scopes_at: BTreeMap<String, Scopes> =
        known.scopes_at.iter().map(|(resource, scopes)| (resource.clone(), scopes.without(&refused))).collect();
    for resource in &request.resources {
        let scopes = scopes_at.entry(resource.clone()).or_default();
        *scopes = scopes.union(approved);
    }
    Grant {
        scopes: known.scopes.without(shown).union(approved),
        scopes_at,
        resources: union(&known.resources, &fresh.resources),
        redirect_uris: union(&known.redirect_uris, &fresh.redirect_uris),
        granted_at: known.granted_at,
        ..fresh
    }
}

/// What tokens hold already does not outlast a narrower answer: no family keeps a scope or a resource that the grant has no
/// more, nor a refresh token without `offline_access`.
pub(crate) fn narrow(families: Vec<Stored<TokenFamily>>, grant: &Grant, changes: &mut Changes) {
    for mut family in families.into_iter().filter(|family| family.state == FamilyState::Active) {
        let scopes = family.scopes.intersection(&grant.scopes);
        let mut resources = family.resources.clone();
        resources.retain(|resource| grant.resources.contains(resource));
        if scopes == family.scopes && resources == family.resources {
            continue;
        }
        if scopes.is_empty() || resources.is_empty() {
            family.record.state = FamilyState::Revoked;
        }
        if !scopes.contains("offline_access") {
            family.record.refresh = None;
        }
        family.record.scopes = scopes;
        family.record.resources = resources;
        changes.replace(&family);
    }
}

/// The redirect URI, if it is registered as it stands. A loopback port of the moment is not worth remembering: it never
/// comes back, and the next one is asked about anyway.
fn remembered(request: &Validated, client: &Client) -> Vec<String> {
    client.redirect_uris.iter().filter(|registered| **registered == request.redirect_uri).cloned().collect()
}
