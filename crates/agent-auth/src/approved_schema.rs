//! Input schemas that persons approved calls under: what was shown as a limit stays one.
//!
//! The page tells a person a field's bounds by the constraints of the grant and by the input schema together. Constraints are part
//! of the grant; of the schema the grant keeps the hash of what decides in it, and the schema itself is one record for all
//! grants under it. When a later release of the application offers the capability with another schema, a call must fit both:
//! today's, and the one that was approved. A grant whose schema is gone allows nothing.
//!
//! What a policy grants was shown to nobody, and is judged by today's schema alone; so are grants of builds that did not
//! keep the hash.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use countersign_storage::record::{Kind, Record};
use countersign_storage::{Changes, Fault, Reader, Stored, Timestamp};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::capability::{Offer, Offered};
use crate::grant::CapabilityGrant;
use crate::policy::AgentPolicy;
use crate::schema::InputSchema;

/// A schema, under the hash of what decides in it. Nothing of it ever changes but its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ApprovedSchema {
    hash: String,
    /// As JSON.
    schema: String,
    /// After the last possible end of every grant under it.
    expires_at: Timestamp,
}

impl Record for ApprovedSchema {
    const KIND: Kind = Kind::new("agent_approved_schema");

    fn id(&self) -> String {
        self.hash.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// What is kept of the schemas of capabilities that are about to be approved.
pub(crate) struct Kept(Vec<Stored<ApprovedSchema>>);

impl Kept {
    pub(crate) async fn load<'a>(
        capabilities: impl Iterator<Item = &'a str>,
        offer: &Offer,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Fault> {
        let hashes: BTreeSet<&str> =
            capabilities.filter_map(|name| offer.by_name(name)).map(|offered| offered.input.hash()).collect();
        let at: Vec<_> = hashes.into_iter().map(ApprovedSchema::at).collect();
        Ok(Kept(reader.load_all(&at).await?.into_iter().flatten().collect()))
    }

    /// Keeps these schemas at least until the grants under them have ended.
    pub(crate) fn keep(
        &self,
        approved: &BTreeMap<&str, (&InputSchema, Timestamp)>,
        policy: &AgentPolicy,
        changes: &mut Changes,
    ) {
        for (hash, (schema, end)) in approved {
            // Somewhat longer than it must, so that not each approval writes it again.
            let expires_at = *end + policy.ended_kept;
            match self.0.iter().find(|kept| kept.hash == *hash) {
                Some(kept) if kept.expires_at >= *end => {}
                Some(kept) => {
                    let mut kept = kept.clone();
                    kept.record.expires_at = expires_at;
                    changes.replace(&kept);
                }
                None => {
                    let (hash, schema) = ((*hash).to_owned(), schema.deciding().to_owned());
                    changes.insert(&ApprovedSchema { hash, schema, expires_at });
                }
            }
        }
    }
}

/// The schemas that calls of an agent were approved under, as far as they are not today's; by their hashes.
#[derive(Default)]
pub(crate) struct FormerSchemas(BTreeMap<String, Arc<InputSchema>>);

impl FormerSchemas {
    pub(crate) async fn load<'a>(
        agent: Option<&Agent>,
        capabilities: impl Iterator<Item = &'a str>,
        offer: &Offer,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Fault> {
        let Some(agent) = agent else { return Ok(FormerSchemas::default()) };
        let mut hashes = BTreeSet::new();
        for offered in capabilities.filter_map(|name| offer.by_name(name)) {
            let grants = agent.grants.iter().filter(|grant| grant.capability() == offered.name);
            hashes.extend(grants.filter_map(|grant| former(grant, offered)));
        }
        FormerSchemas::read(hashes, reader).await
    }

    /// Those of all grants of these agents, to be shown.
    pub(crate) async fn of_all<'a>(
        agents: impl Iterator<Item = &'a Agent>,
        offer: &Offer,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Fault> {
        let grants = agents.flat_map(|agent| &agent.grants);
        let hashes = grants.filter_map(|grant| former(grant, offer.by_name(grant.capability())?)).collect();
        match FormerSchemas::read(hashes, reader).await {
            // Then none is told, rather than too little.
            Err(Fault::Newer { .. }) => Ok(FormerSchemas::default()),
            read => read,
        }
    }

    async fn read(hashes: BTreeSet<&str>, reader: &mut Reader<'_>) -> Result<Self, Fault> {
        if hashes.is_empty() {
            return Ok(FormerSchemas::default());
        }
        let at: Vec<_> = hashes.into_iter().map(ApprovedSchema::at).collect();
        let found = reader.load_all(&at).await?;
        // What decides in them never changes.
        at.iter().for_each(|at| reader.unguard(at.key()));
        let schemas = found.into_iter().flatten().filter_map(|kept| Some((kept.hash.clone(), compiled(&kept)?)));
        Ok(FormerSchemas(schemas.collect()))
    }

    /// The schema that a grant was approved under, or today's where no other was. `None` where it is gone, or of a build that this
    /// one does not understand.
    pub(crate) fn granted<'a>(&'a self, grant: &CapabilityGrant, offered: &'a Offered) -> Option<&'a InputSchema> {
        match former(grant, offered) {
            Some(hash) => self.by_hash(hash),
            None => Some(&offered.input),
        }
    }

    /// `None` where it is gone, or of a build that this one does not understand.
    pub(crate) fn by_hash(&self, hash: &str) -> Option<&InputSchema> {
        self.0.get(hash).map(Arc::as_ref)
    }
}

/// The hash of the schema that a grant was approved under, if that is not today's.
pub(crate) fn former<'a>(grant: &'a CapabilityGrant, offered: &Offered) -> Option<&'a str> {
    grant.approved_schema().filter(|hash| *hash != offered.input.hash())
}

/// The schema, if it is read here as it was written.
fn compiled(kept: &ApprovedSchema) -> Option<Arc<InputSchema>> {
    if let Some(known) = COMPILED.get(&kept.hash) {
        return Some(known);
    }
    let schema = Arc::new(InputSchema::from_deciding(&kept.schema).ok()?);
    if schema.hash() != kept.hash {
        return None;
    }
    COMPILED.insert(kept.hash.clone(), Arc::clone(&schema));
    Some(schema)
}

/// Schemas that were compiled lately, by the hash of what they say: so nothing here can be out of date.
static COMPILED: LazyLock<Cache<String, Arc<InputSchema>>> = LazyLock::new(|| Cache::new(256));
