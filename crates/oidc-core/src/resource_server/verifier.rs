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
use countersign_jose::jwt::Verified;
use countersign_jose::remote::{self, InvalidVerifier, KeyCachePolicy, RemoteKeys, TokenCache};
use countersign_storage::{Clock, Fetch, Timestamp};
use http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Response, Uri};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::bearer;
use super::challenge::Challenge;
use super::error::{BearerRefusal, VerifyError};
use super::fetch::Documents;
use super::protected_resource_metadata::{self, ProtectedResourceMetadata};

/// Verifies the access tokens of one issuer, for one audience. Make one and share it: it holds the issuer's keys, and the
/// tokens that it has seen.
pub struct Verifier {
    tokens: remote::Verifier<Claims>,
    audience: String,
    resource_metadata: Option<String>,
    fetch: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    is_revoked: Option<IsRevoked>,
}

type IsRevoked = Box<dyn Fn(&VerifiedToken) -> bool + Send + Sync>;

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
        let audience = audience.into();
        let tokens = remote::Verifier::new(issuer, audience.as_str(), Documents(Arc::clone(&fetch)))?.claims();
        let resource_metadata = Url::parse(&audience)
            .ok()
            .filter(|url| url.has_host())
            .map(|resource| protected_resource_metadata::location(&resource));
        Ok(Verifier { tokens, audience, resource_metadata, fetch, clock, is_revoked: None })
    }

    /// How long keys are kept; see there for the defaults. Forgets those that it has.
    #[must_use]
    pub fn with_key_cache(self, policy: KeyCachePolicy) -> Self {
        match RemoteKeys::of_issuer(self.tokens.issuer(), Documents(Arc::clone(&self.fetch))) {
            Ok(keys) => Verifier { tokens: self.tokens.keys(keys.policy(policy)), ..self },
            // The issuer was good enough for `new`.
            Err(_) => self,
        }
    }

    /// How far clocks may differ, in seconds, 0 to 300; the default is 30. A token is accepted for so long after it expired.
    #[must_use]
    pub fn with_leeway(self, seconds: i64) -> Self {
        Verifier { tokens: self.tokens.leeway(seconds), ..self }
    }

    /// How many verified tokens are kept, or none; see there for the default.
    #[must_use]
    pub fn with_token_cache(self, cache: TokenCache) -> Self {
        Verifier { tokens: self.tokens.token_cache(cache), ..self }
    }

    /// Refuses tokens of which this says that they were revoked, from the next request on. It is asked at each, whether the
    /// token was seen before or not, and so has to answer from memory.
    #[must_use]
    pub fn with_revocations(self, is_revoked: impl Fn(&VerifiedToken) -> bool + Send + Sync + 'static) -> Self {
        Verifier { is_revoked: Some(Box::new(is_revoked)), ..self }
    }

    /// Verifies a token.
    ///
    /// # Errors
    /// [`VerifyError::Refused`] says what is wrong with it; [`VerifyError::Failed`] that the issuer's keys cannot be had.
    pub async fn verify(&self, token: &str) -> Result<VerifiedToken, VerifyError> {
        let token = VerifiedToken(self.tokens.verify(token, self.clock.now().as_secs()).await?);
        match &self.is_revoked {
            Some(is_revoked) if is_revoked(&token) => Err(VerifyError::Refused(BearerRefusal::Revoked)),
            _ => Ok(token),
        }
    }

    /// Drops a token from those that are kept: the next time it is verified as if it were the first.
    pub fn forget(&self, token: &str) {
        self.tokens.forget(token);
    }

    /// Drops the tokens of which this is true from those that are kept.
    pub fn forget_where(&self, is_gone: impl Fn(&VerifiedToken) -> bool) {
        self.tokens.forget_where(|verified| is_gone(&VerifiedToken(Arc::clone(verified))));
    }

    /// Takes the bearer token out of a request and verifies it.
    ///
    /// # Errors
    /// As [`Verifier::verify`] and [`bearer::from_request`]; [`BearerRefusal::SenderConstrained`] for a token that is bound to
    /// a key. To let such a token in, check the proof of the key, and call [`Verifier::verify`] with the token.
    pub async fn verify_request(&self, uri: &Uri, headers: &HeaderMap) -> Result<VerifiedToken, VerifyError> {
        let token = self.verify(bearer::from_request(uri, headers)?).await?;
        if token.claims().contains_key("cnf") {
            return Err(VerifyError::Refused(BearerRefusal::SenderConstrained));
        }
        Ok(token)
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
        Some(ProtectedResourceMetadata::new(&self.audience, self.tokens.issuer(), scopes))
    }

    /// The URL of that document; `None` where the audience is not a URL.
    pub fn metadata_location(&self) -> Option<&str> {
        self.resource_metadata.as_deref()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("issuer", &self.tokens.issuer())
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// An access token that passed. Only [`Verifier`] makes one; cloning shares it.
#[derive(Clone, Debug)]
pub struct VerifiedToken(Arc<Verified<Claims>>);

impl VerifiedToken {
    /// Whom the token is about; for a client that acts for itself, the client.
    pub fn subject(&self) -> &str {
        &self.0.claims().sub
    }

    /// The client that got the token.
    pub fn client_id(&self) -> &str {
        &self.0.claims().client_id
    }

    /// The scopes, one by one.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.0.claims().scope.split(' ').filter(|scope| !scope.is_empty())
    }

    /// Who acts for the subject, where that is somebody else ([RFC 8693 §4.1](https://www.rfc-editor.org/rfc/rfc8693#section-4.1)).
    pub fn actor(&self) -> Option<&ActingParty> {
        self.0.claims().act.as_ref()
    }

    /// The name of the token.
    pub fn token_id(&self) -> &str {
        &self.0.claims().jti
    }

    /// When it ends.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp(self.0.exp().unwrap_or(0))
    }

    /// All further claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.0.claims().further
    }

    /// Demands a scope.
    ///
    /// # Errors
    /// [`BearerRefusal::InsufficientScope`]: 403.
    pub fn require_scope(&self, scope: &str) -> Result<(), BearerRefusal> {
        if self.scopes().any(|granted| granted == scope) {
            return Ok(());
        }
        Err(BearerRefusal::InsufficientScope { required: scope.to_owned(), granted: self.0.claims().scope.clone() })
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

#[derive(Deserialize)]
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
