//! A setting that cannot be used.

/// A setting that is missing or unusable. Its text names the setting and never its value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct SettingsError {
    /// The environment variable.
    pub name: &'static str,
    /// What is wrong, without the value.
    pub reason: String,
}

pub(crate) fn wrong(name: &'static str, reason: impl Into<String>) -> SettingsError {
    SettingsError { name, reason: reason.into() }
}
