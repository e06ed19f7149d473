//! A public key as it is kept in a record.

use std::sync::LazyLock;

use countersign_jose::{Jwk, Thumbprint, VerifyingKey};
use countersign_storage::Fault;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

/// The key as text, parsed only where it is needed: a call verifies with the agent's key and never with the host's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct StoredKey {
    thumbprint: Thumbprint,
    jwk: String,
}

impl StoredKey {
    /// Keeps a key; its `kid`, which the sender chose, is not kept.
    pub(crate) fn new(jwk: &Jwk) -> Result<Self, Fault> {
        let jwk_text = serde_json::to_string(&jwk.clone().with_kid(jwk.thumbprint().as_str()))
            .map_err(|_| Fault::Crypto("a public key could not be written"))?;
        Ok(StoredKey { thumbprint: jwk.thumbprint().clone(), jwk: jwk_text })
    }

    pub(crate) fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }

    pub(crate) fn verifying_key(&self) -> Result<VerifyingKey, Fault> {
        PARSED.get_or_insert_with(&self.jwk, || {
            let corrupt = Fault::Corrupt { kind: "agent key" };
            let jwk = Jwk::parse(&self.jwk).map_err(|_| corrupt.clone())?;
            VerifyingKey::from_jwk(&jwk).map_err(|_| corrupt)
        })
    }
}

/// Notes a key that was given up. Only the last ten are remembered besides the first: agents may still name their host by
/// them, and nobody takes them. So what rotations leave behind is bounded for each host and agent, however often its key
/// changes.
pub(crate) fn give_up(former: &mut Vec<Thumbprint>, key: &Thumbprint) {
    former.insert(0, key.clone());
    former.truncate(FORMER_KEYS);
}

/// The key that is forgotten for the next one that is given up.
pub(crate) fn next_forgotten(former: &[Thumbprint]) -> Option<&Thumbprint> {
    former.get(FORMER_KEYS - 1)
}

const FORMER_KEYS: usize = 10;

/// Keys that were parsed lately, by their text: parsing one costs a quarter of verifying with it. What the text means
/// never changes, so nothing here can be out of date; whether the key is still the agent's is read from its record.
static PARSED: LazyLock<Cache<String, VerifyingKey>> = LazyLock::new(|| Cache::new(4096));
