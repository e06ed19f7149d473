//! Settings, from environment variables.

use countersign_storage::Secret;

/// What Notes is told from outside.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The issuer that people come from: `NOTES_ISSUER`.
    pub issuer: String,
    /// Our name there: `NOTES_CLIENT_ID`.
    pub client_id: String,
    /// Our secret there: `NOTES_CLIENT_SECRET`.
    pub client_secret: Secret,
    /// Where browsers find us: `NOTES_ORIGIN`, without a final slash.
    pub origin: String,
    /// Where the notes are, and the `resource` that our access tokens are for: `NOTES_RESOURCE`, without a final slash.
    pub resource: String,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// The name of a variable that is missing.
    pub fn from_env() -> Result<Self, String> {
        let read = |name: &str| {
            std::env::var(name).ok().filter(|value| !value.is_empty()).ok_or_else(|| format!("{name}: it is missing"))
        };
        Ok(Settings {
            issuer: read("NOTES_ISSUER")?,
            client_id: read("NOTES_CLIENT_ID")?,
            client_secret: Secret::new(read("NOTES_CLIENT_SECRET")?),
            origin: read("NOTES_ORIGIN")?,
            resource: read("NOTES_RESOURCE")?,
        })
    }
}
