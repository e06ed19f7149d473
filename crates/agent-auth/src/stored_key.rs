//! A public key as it is kept in a record.

use countersign_jose::{Jwk, Thumbprint, VerifyingKey};
use countersign_storage::Fault;
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
        let corrupt = Fault::Corrupt { kind: "agent key" };
        let jwk = Jwk::parse(&self.jwk).map_err(|_| corrupt.clone())?;
        VerifyingKey::from_jwk(&jwk).map_err(|_| corrupt)
    }
}
