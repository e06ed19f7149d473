//! Why a server does not start.

use countersign_storage::{Fault, OtherSecrets, Stopped};

/// Why a server does not start. None of it holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The agent provider refuses its configuration.
    #[error("agents: {0}")]
    Agents(countersign_agent_auth::ConfigError),
    /// A client of the file cannot be registered.
    #[error("COUNTERSIGN_CLIENTS: the client {client_id:?}: {reason}")]
    Client {
        /// Which.
        client_id: String,
        /// Why.
        reason: String,
    },
    /// The database cannot be used.
    #[error("COUNTERSIGN_DATABASE: {0}")]
    Database(String),
    /// The store failed while keys or clients were prepared.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The issuer refuses its configuration.
    #[error("COUNTERSIGN_ISSUER: {0}")]
    Issuer(#[from] countersign_oidc::ConfigError),
    /// The database was made with another secret, or the one before is still needed.
    #[error(
        "sealed values do not open: is COUNTERSIGN_SECRET, or COUNTERSIGN_SECRET_BEFORE while it is replaced, the one that this \
         database was made with?"
    )]
    OtherSecret,
    /// Another part refuses its configuration.
    #[error("{part}: {reason}")]
    Part {
        /// Which.
        part: &'static str,
        /// Why.
        reason: String,
    },
}

impl StartError {
    pub(crate) fn of_key_ring(stopped: Stopped<OtherSecrets>) -> Self {
        match stopped {
            Stopped::Refused(_) => StartError::OtherSecret,
            Stopped::Failed(fault) => StartError::Fault(fault),
        }
    }
}
