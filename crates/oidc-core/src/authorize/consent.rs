//! What a person's consent makes of a grant.

use countersign_storage::{Subject, Timestamp};

use crate::authorize::Validated;
use crate::client::Client;
use crate::records::{Grant, GrantState};
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
    Grant {
        scopes: known.scopes.without(shown).union(approved),
        resources: union(&known.resources, &fresh.resources),
        redirect_uris: union(&known.redirect_uris, &fresh.redirect_uris),
        granted_at: known.granted_at,
        ..fresh
    }
}

/// The redirect URI, if it is registered as it stands. A loopback port of the moment is not worth remembering: it never
/// comes back, and the next one is asked about anyway.
fn remembered(request: &Validated, client: &Client) -> Vec<String> {
    client.redirect_uris.iter().filter(|registered| **registered == request.redirect_uri).cloned().collect()
}
