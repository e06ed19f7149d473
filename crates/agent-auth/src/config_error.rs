//! What can be wrong with a configuration.

use countersign_web::issuer_url::IssuerUrlError;

/// A mistake in the configuration, found when the provider is made. Names the setting, never its secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A policy for autonomous agents names a capability that is not offered.
    #[error("policy.autonomous names the capability {0:?}, which is not offered")]
    AutonomousCapability(String),
    /// A capability's name is empty, too long, or has characters outside `a-z`, `0-9`, `_`.
    #[error("the capability name {0:?} is not 1 to 100 of a-z, 0-9 and _")]
    CapabilityName(String),
    /// A constraint of a capability is on a field that its input schema does not have.
    #[error("capability {capability:?} is constrained on {field:?}, which is not in its input schema")]
    ConstraintField {
        /// The capability.
        capability: String,
        /// The field.
        field: String,
    },
    /// A constraint of a capability leaves no value of a field, by itself or with the input schema.
    #[error("capability {capability:?} is constrained on {field:?} so that no call is ever allowed: {reason}")]
    EmptyConstraint {
        /// The capability.
        capability: String,
        /// The field.
        field: String,
        /// Why nothing is left.
        reason: &'static str,
    },
    /// An input schema is outside the subset.
    #[error("the input schema of capability {capability:?} is refused: {reason}")]
    InputSchema {
        /// The capability.
        capability: String,
        /// What is wrong.
        reason: String,
    },
    /// The issuer is no issuer (RFC 8414 §2).
    #[error("issuer: {0}")]
    Issuer(#[from] IssuerUrlError),
    /// A lifetime of the policy is zero.
    #[error("policy.{0} must be at least one second")]
    Lifetime(&'static str),
    /// A number of agents or hosts is not between 1 and 1,000.
    #[error("policy.{0} must be 1 to 1000")]
    Number(&'static str),
    /// Two capabilities have one name.
    #[error("the capability {0:?} is given twice")]
    RepeatedCapability(String),
    /// The page for user codes is not an absolute `https` URL, nor `http` on a loopback host.
    #[error("verification_uri: {0}")]
    VerificationUri(&'static str),
}
