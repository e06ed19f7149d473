//! Who is signed in, and what they let us do.

use countersign_storage::Secret;

/// A person who is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// `sub` at the issuer: who this is. The name and the address are for showing.
    pub subject: String,
    /// `name`, where the issuer told it.
    pub name: Option<String>,
    /// `email`, where the issuer told it.
    pub email: Option<String>,
    /// The scopes that were granted.
    pub scope: String,
    /// What opens the resource server.
    pub tokens: Tokens,
}

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Sent with each call.
    pub access: Secret,
    /// Gets the next access token, where one was granted.
    pub refresh: Option<Secret>,
}
