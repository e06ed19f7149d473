//! What may be chosen, and what we choose.

use std::time::Duration;

use countersign_jose::Algorithm;
use countersign_storage::{Limit, Timestamp};

use crate::config::ConfigError;

/// The rules of an issuer that are not fixed by a standard. The default is today's best practice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// The scopes that exist here ([RFC 6749 §3.3]), in the order in which metadata lists them. Default: the scopes of
    /// [OIDC Core §5.4] and `offline_access`.
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    /// [OIDC Core §5.4]: https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims
    pub scopes: Vec<ScopeDescription>,
    /// The resources that tokens can be for ([RFC 8707]). A client may ask for those in its own list. Default: none.
    ///
    /// [RFC 8707]: https://www.rfc-editor.org/rfc/rfc8707
    pub resources: Vec<Resource>,
    /// The resource that a token is for when neither the request nor the client names one. Default: `None`, which means
    /// the issuer itself: such a token opens userinfo and nothing else.
    pub default_resource: Option<String>,
    /// The algorithms for which a signing key is kept. `RS256` must be among them ([OIDC Core §15.1]). Default: all three.
    ///
    /// [OIDC Core §15.1]: https://openid.net/specs/openid-connect-core-1_0.html#ServerMTI
    pub algorithms: Vec<Algorithm>,
    /// What access tokens are signed with, where the resource does not say otherwise. Default: `ES256`.
    pub access_token_algorithm: Algorithm,
    /// How long a code can be redeemed: at most 10 minutes ([RFC 6749 §4.1.2]). Default: 60 seconds.
    ///
    /// [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
    pub code_lifetime: Duration,
    /// How long a person may take to sign in and consent. Default: 30 minutes.
    pub interaction_lifetime: Duration,
    /// How long an access token lives; also the longest time that an offline verifier honours a revoked one. Default: 5
    /// minutes.
    pub access_token_lifetime: Duration,
    /// How long an ID token lives. Default: 5 minutes.
    pub id_token_lifetime: Duration,
    /// How long a refresh token lives unused. Default: 30 days.
    pub refresh_token_lifetime: Duration,
    /// How long refresh tokens can succeed each other after one authorization. Default: 90 days.
    pub family_lifetime: Duration,
    /// How long a consent is remembered after its last use; the grant and all that rests on it end with it. Never shorter
    /// than `family_lifetime`. Default: 1 year.
    pub consent_lifetime: Duration,
    /// How many token families one grant may have at once: a person's devices and browsers at one client. One more ends
    /// the one that was unused the longest. 1 to 1,000. Default: 50.
    pub families_per_grant: usize,
    /// How often one person may answer one client. Counted apart: how often the client may be given a code without asking
    /// them. Each time leaves a record for a day or less.
    ///
    /// A person beyond it has to wait. A client beyond it goes on where the person is asked for consent once more; with
    /// `prompt=none` it is told `interaction_required` ([OIDC Core §3.1.2.6]). So a page that sends the browser here again and
    /// again keeps nobody from signing in. Windows from 1 second to 1 day. Default: 300 in an hour.
    ///
    /// [OIDC Core §3.1.2.6]: https://openid.net/specs/openid-connect-core-1_0.html#AuthError
    pub answers: Limit,
    /// How often a client may revoke access tokens, one by one, of one person, or of its own where it acts for itself: each
    /// leaves a record for a day after the token ended. Refresh tokens are not counted. Beyond it the answer is 429
    /// ([RFC 6585 §4]). Windows from 1 second to 1 day. Default: 300 in a minute.
    ///
    /// [RFC 6585 §4]: https://www.rfc-editor.org/rfc/rfc6585#section-4
    pub revocations: Limit,
    /// How long after a public client's refresh token was replaced the same answer is given again, as long as the successor
    /// was not used. Later use of it revokes the family. Default: 60 seconds.
    ///
    /// # Security
    /// Within it, a thief of the replaced token learns the successor, and is found out one rotation later.
    pub public_retry_window: Duration,
    /// The same for a client that authenticates. Default: 120 seconds.
    pub confidential_retry_window: Duration,
    /// How long others may cache the key set (`Cache-Control: max-age`). Default: 5 minutes.
    pub key_set_max_age: Duration,
    /// How old a node's view of the signing keys may be. Default: 60 seconds.
    pub key_refresh: Duration,
    /// How long a new key is published before it signs: at least twice `key_refresh` and `key_set_max_age` together, so
    /// that every node publishes it, and every verifier has fetched it, before the first token. Default: 10 minutes.
    pub key_publication_lead: Duration,
}

/// A scope, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScopeDescription {
    /// The value in `scope`.
    pub name: String,
    /// What it allows, for the person who is asked.
    pub description: String,
}

impl ScopeDescription {
    /// `name` allows what `description` says.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        ScopeDescription { name: name.into(), description: description.into() }
    }
}

/// Something that honours our tokens ([RFC 8707 §2](https://www.rfc-editor.org/rfc/rfc8707#section-2)).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    /// Its absolute URI, byte-exact: the `aud` of its tokens.
    pub identifier: String,
    /// Its name, for the person who is asked.
    pub name: String,
    /// What its access tokens are signed with; `None` for the policy's own choice.
    pub algorithm: Option<Algorithm>,
    /// The clients that are this resource: they may introspect its tokens ([RFC 7662 §2.1]).
    ///
    /// [RFC 7662 §2.1]: https://www.rfc-editor.org/rfc/rfc7662#section-2.1
    pub introspected_by: Vec<String>,
}

impl Resource {
    /// A resource with the policy's own choice of algorithm.
    pub fn new(identifier: impl Into<String>, name: impl Into<String>) -> Self {
        Resource { identifier: identifier.into(), name: name.into(), algorithm: None, introspected_by: Vec::new() }
    }
}

impl Default for Policy {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Policy {
            scopes: vec![
                ScopeDescription::new("openid", "Know that it is you"),
                ScopeDescription::new("profile", "See your name and profile"),
                ScopeDescription::new("email", "See your e-mail address"),
                ScopeDescription::new("address", "See your postal address"),
                ScopeDescription::new("phone", "See your phone number"),
                ScopeDescription::new("offline_access", "Keep this access while you are away"),
            ],
            resources: Vec::new(),
            default_resource: None,
            algorithms: vec![Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDSA],
            access_token_algorithm: Algorithm::Es256,
            code_lifetime: minutes(1),
            interaction_lifetime: minutes(30),
            access_token_lifetime: minutes(5),
            id_token_lifetime: minutes(5),
            refresh_token_lifetime: days(30),
            family_lifetime: days(90),
            consent_lifetime: days(365),
            families_per_grant: 50,
            answers: Limit::new(300, minutes(60)),
            revocations: Limit::new(300, minutes(1)),
            public_retry_window: minutes(1),
            confidential_retry_window: minutes(2),
            key_set_max_age: minutes(5),
            key_refresh: minutes(1),
            key_publication_lead: minutes(10),
        }
    }
}

impl Policy {
    /// The description of a scope that exists here.
    pub fn scope(&self, name: &str) -> Option<&ScopeDescription> {
        self.scopes.iter().find(|scope| scope.name == name)
    }

    /// A resource that exists here.
    pub fn resource(&self, identifier: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.identifier == identifier)
    }

    /// The longest that anything signed by our keys is honoured.
    pub(crate) fn longest_token(&self) -> Duration {
        self.access_token_lifetime.max(self.id_token_lifetime)
    }

    /// When nobody honours a token any more that was made at `made`, clocks that differ included.
    pub(crate) fn last_token_dead(&self, made: Timestamp) -> Timestamp {
        made + self.longest_token() + Duration::from_secs(60)
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |setting, reason| Err(ConfigError::Policy { setting, reason });
        // Whoever adds a setting says here what of it is refused.
        let Policy {
            scopes,
            resources,
            default_resource,
            algorithms,
            access_token_algorithm,
            code_lifetime,
            family_lifetime,
            consent_lifetime,
            families_per_grant,
            answers,
            revocations,
            key_set_max_age,
            key_refresh,
            key_publication_lead,
            // However short or long: nothing else depends on it.
            interaction_lifetime: _,
            access_token_lifetime: _,
            id_token_lifetime: _,
            refresh_token_lifetime: _,
            public_retry_window: _,
            confidential_retry_window: _,
        } = self;
        if !algorithms.contains(&Algorithm::Rs256) {
            return wrong("algorithms", "RS256 must be among them");
        }
        if !algorithms.contains(access_token_algorithm) {
            return wrong("access_token_algorithm", "no key is kept for it");
        }
        if resources.iter().filter_map(|resource| resource.algorithm).any(|alg| !algorithms.contains(&alg)) {
            return wrong("resources", "no key is kept for a resource's algorithm");
        }
        if scopes.iter().any(|scope| !crate::scope::is_scope_token(&scope.name)) {
            return wrong("scopes", "a scope is printable ASCII without space, quote and backslash");
        }
        let identifiers = resources.iter().map(|resource| &resource.identifier);
        if identifiers.chain(default_resource).any(|identifier| !crate::client::is_resource(identifier)) {
            return wrong("resources", "a resource is an absolute URI without a fragment");
        }
        if *code_lifetime > Duration::from_secs(600) || *code_lifetime < Duration::from_secs(1) {
            return wrong("code_lifetime", "1 second to 10 minutes");
        }
        if consent_lifetime < family_lifetime {
            return wrong("consent_lifetime", "shorter than family_lifetime");
        }
        if !(1..=1_000).contains(families_per_grant) {
            return wrong("families_per_grant", "1 to 1,000");
        }
        for (setting, limit) in [("answers", answers), ("revocations", revocations)] {
            if limit.attempts == 0 || !(1..=86_400).contains(&limit.window.as_secs()) {
                return wrong(setting, "at least once, in 1 second to 1 day");
            }
        }
        if *key_publication_lead < *key_refresh * 2 + *key_set_max_age {
            return wrong("key_publication_lead", "shorter than twice key_refresh and key_set_max_age together");
        }
        Ok(())
    }
}
