//! Verifying access tokens at the resource ([RFC 9068 §4]), without asking the issuer about each.
//!
//! Refused, by `countersign-jose` and here: another kind of token (an ID token has no `at+jwt`), another issuer or audience,
//! expired, signed with a key that the issuer does not publish or with an algorithm that is not the key's, `none` and
//! symmetric algorithms, keys in the header, and a token without `client_id` or with a malformed `scope` or `act`.
//!
//! [RFC 9068 §4]: https://www.rfc-editor.org/rfc/rfc9068#section-4

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use countersign_jose::jwt::{Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified};
use countersign_storage::{Clock, Fetch, Timestamp};
use http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Response, Uri};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::bearer;
use super::challenge::Challenge;
use super::error::{BearerRefusal, VerifyError};
use super::key_cache::{KeyCache, KeyCachePolicy};
use super::protected_resource_metadata::{self, ProtectedResourceMetadata};
use crate::config::is_loopback;

/// Verifies the access tokens of one issuer, for one audience. Make one and share it: it holds the issuer's keys.
pub struct Verifier {
    audience: String,
    resource_metadata: Option<String>,
    leeway: i64,
    keys: KeyCache,
}

/// Why a verifier can not be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidVerifier {
    /// The audience is empty: every token has one.
    #[error("the audience is empty")]
    Audience,
    /// The issuer is not an https URL (or, for development, an http URL of a loopback host) without query and fragment.
    #[error("the issuer must be an https URL without query and fragment, or http on loopback")]
    Issuer,
}

impl Verifier {
    /// A verifier for tokens of `issuer` that name `audience`, both compared byte for byte. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`InvalidVerifier`].
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        fetch: Arc<dyn Fetch>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidVerifier> {
        let (issuer, audience) = (issuer.into(), audience.into());
        if audience.is_empty() {
            return Err(InvalidVerifier::Audience);
        }
        let metadata = metadata_locations(&issuer).ok_or(InvalidVerifier::Issuer)?;
        let resource_metadata = Url::parse(&audience)
            .ok()
            .filter(|url| url.has_host())
            .map(|resource| protected_resource_metadata::location(&resource));
        let keys = KeyCache::new(issuer, metadata, fetch, clock, KeyCachePolicy::default());
        Ok(Verifier { audience, resource_metadata, leeway: 30, keys })
    }

    /// How long keys are kept; see there for the defaults.
    #[must_use]
    pub fn with_key_cache(mut self, policy: KeyCachePolicy) -> Self {
        self.keys.policy = policy;
        self
    }

    /// How far clocks may differ, in seconds, 0 to 300; the default is 30. A token is accepted for so long after it expired.
    #[must_use]
    pub fn with_leeway(mut self, seconds: i64) -> Self {
        self.leeway = seconds;
        self
    }

    /// Verifies a token.
    ///
    /// # Errors
    /// [`VerifyError::Refused`] says what is wrong with it; [`VerifyError::Failed`] that the issuer's keys can not be had.
    pub async fn verify(&self, token: &str) -> Result<VerifiedToken, VerifyError> {
        let token = Unverified::parse(token).map_err(BearerRefusal::Token)?;
        let audiences = [self.audience.as_str()];
        let expect = Expect::new(
            Typ::AccessToken,
            ExpectedIssuer::Exactly(&self.keys.issuer),
            ExpectedAudience::AnyOf(&audiences),
        )
        .leeway(self.leeway);
        let key = self.keys.key(&token).await?;
        let now = self.keys.clock.now();
        let verified = token.verify(&key, &expect, now.as_secs()).map_err(BearerRefusal::Token)?;
        let expires_at = Timestamp(verified.exp().unwrap_or(0));
        let claims: Claims = verified.into_claims();
        Ok(VerifiedToken { claims, expires_at })
    }

    /// Takes the token out of a request and verifies it.
    ///
    /// # Errors
    /// As [`Verifier::verify`] and [`bearer::from_request`].
    pub async fn verify_request(&self, uri: &Uri, headers: &HeaderMap) -> Result<VerifiedToken, VerifyError> {
        self.verify(bearer::from_request(uri, headers)?).await
    }

    /// The answer to a request that was not let in: 400, 401 or 403 with a [`Challenge`], or 503.
    pub fn refuse(&self, error: &VerifyError) -> Response<Bytes> {
        match error {
            VerifyError::Refused(refusal) => self.challenge(refusal).response(),
            VerifyError::Failed(_) => {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = error.status();
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
                response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                response
            }
        }
    }

    /// The challenge for a refusal, to add to it before it is sent.
    pub fn challenge(&self, refusal: &BearerRefusal) -> Challenge {
        let challenge = Challenge::new(refusal);
        match &self.resource_metadata {
            Some(url) => challenge.with_resource_metadata(url),
            None => challenge,
        }
    }

    /// The protected resource metadata of this resource, with the scopes that a stranger may ask for; `None` where the
    /// audience is not a URL. Serve it at [`Verifier::metadata_location`].
    pub fn metadata(&self, scopes: &[&str]) -> Option<ProtectedResourceMetadata> {
        self.resource_metadata.as_ref()?;
        Some(ProtectedResourceMetadata::new(&self.audience, &self.keys.issuer, scopes))
    }

    /// The URL of that document; `None` where the audience is not a URL.
    pub fn metadata_location(&self) -> Option<&str> {
        self.resource_metadata.as_deref()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("issuer", &self.keys.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// An access token that passed. Only [`Verifier`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    claims: Claims,
    expires_at: Timestamp,
}

impl VerifiedToken {
    /// Whom the token is about; for a client that acts for itself, the client.
    pub fn subject(&self) -> &str {
        &self.claims.sub
    }

    /// The client that got the token.
    pub fn client_id(&self) -> &str {
        &self.claims.client_id
    }

    /// The scopes, one by one.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.claims.scope.split(' ').filter(|scope| !scope.is_empty())
    }

    /// Who acts for the subject, where that is somebody else ([RFC 8693 §4.1](https://www.rfc-editor.org/rfc/rfc8693#section-4.1)).
    pub fn actor(&self) -> Option<&ActingParty> {
        self.claims.act.as_ref()
    }

    /// The name of the token.
    pub fn token_id(&self) -> &str {
        &self.claims.jti
    }

    /// When it ends.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// All further claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims.further
    }

    /// Demands a scope.
    ///
    /// # Errors
    /// [`BearerRefusal::InsufficientScope`]: 403.
    pub fn require_scope(&self, scope: &str) -> Result<(), BearerRefusal> {
        if self.scopes().any(|granted| granted == scope) {
            return Ok(());
        }
        Err(BearerRefusal::InsufficientScope { required: scope.to_owned(), granted: self.claims.scope.clone() })
    }
}

/// Somebody who acts for a subject, and on whose behalf in turn.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[non_exhaustive]
pub struct ActingParty {
    /// Who.
    #[serde(rename = "sub")]
    pub subject: String,
    /// Who acted before, innermost first delegated.
    #[serde(rename = "act", default)]
    pub earlier: Option<Box<ActingParty>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Claims {
    sub: String,
    client_id: String,
    jti: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    act: Option<ActingParty>,
    #[serde(flatten)]
    further: Map<String, Value>,
}

/// Where an issuer's metadata may be: appended ([OIDC Discovery §4]), then inserted ([RFC 8414 §3]).
///
/// [OIDC Discovery §4]: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
/// [RFC 8414 §3]: https://www.rfc-editor.org/rfc/rfc8414#section-3
fn metadata_locations(issuer: &str) -> Option<[Url; 2]> {
    let url = Url::parse(issuer).ok()?;
    let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if !secure || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return None;
    }
    let (origin, path) = (url.origin().ascii_serialization(), url.path().trim_end_matches('/'));
    let appended = Url::parse(&format!("{origin}{path}/.well-known/openid-configuration")).ok()?;
    let inserted = Url::parse(&format!("{origin}/.well-known/oauth-authorization-server{path}")).ok()?;
    Some([appended, inserted])
}
