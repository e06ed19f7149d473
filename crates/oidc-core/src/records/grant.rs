//! What a subject allowed a client.

use std::collections::BTreeMap;

use countersign_storage::{Handle, Index, Kind, Record, Subject, Timestamp};
use serde::{Deserialize, Serialize};

use crate::scope::Scopes;

/// What a subject allowed a client: one per pair, parent of every token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// Its public name, derived from the pair.
    pub id: String,
    /// Who allowed it.
    pub subject: Subject,
    /// Whom.
    pub client_id: String,
    /// Which scopes.
    pub scopes: Scopes,
    /// For which resources.
    pub resources: Vec<String>,
    /// Which scopes for which resource, as they were approved together: what was allowed at one resource is not allowed at
    /// another.
    #[serde(default)]
    pub scopes_at: BTreeMap<String, Scopes>,
    /// Via which redirect URIs.
    pub redirect_uris: Vec<String>,
    /// What the client was when it was allowed: [`crate::client::Client::fingerprint`].
    pub client_fingerprint: String,
    /// Whether it holds.
    pub state: GrantState,
    /// How often it was revoked. Codes and token families remember the generation that they rest on, so that giving the
    /// grant anew revives nothing.
    pub generation: u32,
    /// When it was first given, since it was last revoked.
    pub granted_at: Timestamp,
    /// When a code was last redeemed. The redemption writes it, so that it and a revocation can not both win.
    pub used_at: Timestamp,
}

/// Whether a grant holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// It does.
    Active,
    /// It was taken back.
    Revoked,
}

impl Grant {
    /// The name of the grant between these two. Neither half can hold a line feed.
    pub fn id_of(subject: &Subject, client_id: &str) -> String {
        format!("grt_{}", Handle::of(&format!("{}\n{client_id}", subject.as_str())).as_str())
    }

    /// Whether all of these scopes were approved for each of these resources.
    pub fn allows(&self, scopes: &Scopes, resources: &[String]) -> bool {
        let at = |resource: &String| self.scopes_at.get(resource).is_some_and(|allowed| scopes.is_within(allowed));
        resources.iter().all(at)
    }

    /// Whether what rests on `generation` of this grant still holds.
    pub fn carries(&self, generation: u32) -> bool {
        self.state == GrantState::Active && self.generation == generation
    }
}

impl Record for Grant {
    const KIND: Kind = Kind::new("grant");

    fn id(&self) -> String {
        self.id.clone()
    }

    fn indexes(&self) -> Vec<Index> {
        vec![Index::new("subject", self.subject.as_str()), Index::new("client", &self.client_id)]
    }
}
