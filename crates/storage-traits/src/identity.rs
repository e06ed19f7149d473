//! The small values in which sign-in, issuer and agents meet without knowing each other.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Whom something is about: the stable, opaque, never reassigned name of a person. At most 255 ASCII characters, so that
/// it can be a `sub` ([OIDC Core §2]).
///
/// [OIDC Core §2]: https://openid.net/specs/openid-connect-core-1_0.html#IDToken
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subject(String);

impl Subject {
    /// Takes over an identifier from the application's own user table.
    ///
    /// # Errors
    /// `None` where it is empty, longer than 255 characters, or not printable ASCII.
    pub fn new(subject: impl Into<String>) -> Option<Self> {
        let subject = subject.into();
        let fits = (1..=255).contains(&subject.len()) && subject.bytes().all(|b| b.is_ascii_graphic());
        fits.then_some(Subject(subject))
    }

    /// A fresh one.
    pub fn generate(random: &dyn crate::Random) -> Self {
        Subject(crate::secret::identifier("usr", random))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Proof that somebody signed in: who, when, how strongly. Made by the sign-in side, read by the issuer and by agent
/// approval.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Authentication {
    subject: Subject,
    session_id: String,
    auth_time: Timestamp,
    amr: Vec<String>,
    acr: Option<String>,
    #[serde(default)]
    account_generation: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    sign_in_id: String,
}

impl Authentication {
    /// States that `subject` signed in.
    ///
    /// # Security
    /// The word of whoever calls this is all the proof there is: call it only where a credential was verified, or where
    /// a session that such a verification opened was found alive.
    pub fn asserted(subject: Subject, session_id: impl Into<String>, auth_time: Timestamp, amr: Vec<String>) -> Self {
        Authentication {
            subject,
            session_id: session_id.into(),
            auth_time,
            amr,
            acr: None,
            account_generation: 0,
            sign_in_id: String::new(),
        }
    }

    /// Adds the authentication context class that was met.
    #[must_use]
    pub fn with_acr(mut self, acr: impl Into<String>) -> Self {
        self.acr = Some(acr.into());
        self
    }

    /// Says in which generation of the account this happened ([`crate::Account::generation`]); 0 otherwise.
    #[must_use]
    pub fn in_generation(mut self, generation: u32) -> Self {
        self.account_generation = generation;
        self
    }

    /// Names the event: a value that is fresh each time a credential is verified, also where the session stays the same.
    /// Without one, two sign-ins of one session within one second look like one.
    #[must_use]
    pub fn by_sign_in(mut self, sign_in_id: impl Into<String>) -> Self {
        self.sign_in_id = sign_in_id.into();
        self
    }

    /// Who signed in.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The public name of the session (`sid`); not the secret in the cookie.
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// When the credential was last verified ([OIDC Core §2], `auth_time`).
    ///
    /// [OIDC Core §2]: https://openid.net/specs/openid-connect-core-1_0.html#IDToken
    pub fn auth_time(&self) -> Timestamp {
        self.auth_time
    }

    /// In which generation of the account ([`crate::Account::carries`]).
    pub fn account_generation(&self) -> u32 {
        self.account_generation
    }

    /// Whether both are about one and the same event of signing in.
    pub fn is_same_sign_in(&self, other: &Authentication) -> bool {
        let named = |name: fn(&Authentication) -> &str| name(self) == name(other);
        named(|one| &one.sign_in_id) && named(|one| &one.session_id) && self.auth_time == other.auth_time
    }

    /// How: the values of [RFC 8176], `pwd` for a password.
    ///
    /// [RFC 8176]: https://www.rfc-editor.org/rfc/rfc8176
    pub fn amr(&self) -> &[String] {
        &self.amr
    }

    /// The authentication context class, where one was met.
    pub fn acr(&self) -> Option<&str> {
        self.acr.as_deref()
    }
}

/// Who acts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Actor {
    /// A person, by themselves.
    Person {
        /// Who.
        subject: Subject,
    },
    /// An OAuth client.
    Client {
        /// Its `client_id`.
        client_id: String,
    },
    /// A host that vouches for agents ([Agent Auth §2.6]).
    ///
    /// [Agent Auth §2.6]: https://agentauthprotocol.com/specification/v1.0-draft
    Host {
        /// Its id.
        host_id: String,
    },
    /// An AI agent ([Agent Auth §2.2]).
    ///
    /// [Agent Auth §2.2]: https://agentauthprotocol.com/specification/v1.0-draft
    Agent {
        /// Its id.
        agent_id: String,
        /// The host that vouches for it.
        host_id: String,
    },
    /// Nobody who proved anything.
    Anonymous,
    /// The server, or its operator.
    System,
}

impl Actor {
    /// Whether it is a program that acts for people: a client, a host, an agent.
    pub fn is_delegate(&self) -> bool {
        match self {
            Actor::Client { .. } | Actor::Host { .. } | Actor::Agent { .. } => true,
            Actor::Person { .. } | Actor::Anonymous | Actor::System => false,
        }
    }
}
