//! Mistakes in the configuration.

use countersign_web::issuer_url::IssuerUrlError;

/// A configuration that would not be safe, or that could not work. It names the setting and never a secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// `issuer` is no issuer ([RFC 8414 §2](https://www.rfc-editor.org/rfc/rfc8414#section-2)).
    #[error("issuer: {0}")]
    Issuer(#[from] IssuerUrlError),
    /// Two routes have the same path, or one does not begin with a slash.
    #[error("routes: {0} is not a path of its own")]
    Route(String),
    /// A page's path does not begin with exactly one slash, or carries a query or a fragment.
    #[error("pages: {0} is not a path")]
    Page(String),
    /// A setting of the policy contradicts another, or a standard.
    #[error("policy.{setting}: {reason}")]
    Policy {
        /// The field.
        setting: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}
