//! Sign-in with the authorization code flow ([OIDC Core §3.1]), PKCE ([RFC 7636]), and every check that is ours to make:
//! `state`, `iss` ([RFC 9207]), the ID token's signature, issuer, audience, times and `nonce`.
//!
//! [OIDC Core §3.1]: https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
//! [RFC 7636]: https://www.rfc-editor.org/rfc/rfc7636
//! [RFC 9207]: https://www.rfc-editor.org/rfc/rfc9207

use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use countersign_fetch::OutboundHttp;
use countersign_jose::jwt::{Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified};
use countersign_jose::{JwkSet, base64url, json, sha256};
use countersign_storage::{Clock, Destination, Fetch, FetchError, Secret, SystemClock, SystemRandom};
use countersign_web::form::{Bounds, Fields, FormError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use url::form_urlencoded::Serializer;

use crate::settings::Settings;
use crate::signed_in::{Session, Tokens};

/// What Notes asks a person for.
pub const SCOPE: &str = "openid profile email offline_access notes:read notes:write";

/// Notes, as the issuer knows it.
pub struct RelyingParty {
    pub(crate) settings: Settings,
    pub(crate) http: OutboundHttp,
    metadata: OnceCell<Metadata>,
}

/// What is needed of the issuer's metadata ([RFC 8414 §2](https://www.rfc-editor.org/rfc/rfc8414#section-2)).
#[derive(Clone, Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
}

/// A sign-in that has begun. It waits in our memory, under a cookie of the browser that began it.
#[derive(Debug)]
pub struct Pending {
    state: Secret,
    nonce: Secret,
    verifier: Secret,
}

/// What the issuer sends the browser back with.
#[derive(Debug)]
pub struct Callback {
    code: Option<Secret>,
    state: Option<Secret>,
    iss: Option<String>,
    error: Option<String>,
}

impl Callback {
    /// Reads the query that the browser brings back. A parameter that came twice counts for nothing.
    ///
    /// # Errors
    /// [`Error::Form`].
    pub fn of_query(query: Option<&str>) -> Result<Self, Error> {
        let fields = Fields::of_query(query, Bounds::default())?;
        let one = |name| fields.one(name).ok().flatten();
        Ok(Callback {
            code: one("code").map(Secret::new),
            state: one("state").map(Secret::new),
            iss: one("iss").map(str::to_owned),
            error: one("error").map(str::to_owned),
        })
    }
}

/// What comes from the token endpoint ([RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).
#[derive(Deserialize)]
struct TokenResponse {
    access_token: Secret,
    id_token: Option<Secret>,
    refresh_token: Option<Secret>,
    scope: Option<String>,
}

/// The claims that are read from an ID token, beside those that are verified.
#[derive(Deserialize)]
struct IdTokenClaims {
    sub: String,
    nonce: Option<Secret>,
}

/// What userinfo tells about a person who let us know (OIDC Core §5.3.2).
#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    name: Option<String>,
    email: Option<String>,
}

impl RelyingParty {
    /// Notes with these settings.
    pub fn new(settings: Settings, http: OutboundHttp) -> Self {
        RelyingParty { settings, http, metadata: OnceCell::new() }
    }

    /// Where to send the browser, and what to remember until it comes back.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn authorization_request(&self) -> Result<(String, Pending), Error> {
        let random = SystemRandom::default();
        let fresh = || Secret::generate(&random);
        let pending = Pending { state: fresh(), nonce: fresh(), verifier: fresh() };
        let metadata = self.metadata().await?;
        let query = Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("scope", SCOPE)
            .append_pair("resource", &self.settings.resource)
            .append_pair("state", pending.state.expose())
            .append_pair("nonce", pending.nonce.expose())
            .append_pair("code_challenge", &base64url::encode(sha256(pending.verifier.expose().as_bytes())))
            .append_pair("code_challenge_method", "S256")
            .finish();
        Ok((format!("{}?{query}", metadata.authorization_endpoint), pending))
    }

    /// Checks the answer, redeems the code, and verifies who signed in.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn finish(&self, pending: Pending, answer: Callback) -> Result<Session, Error> {
        if answer.state.as_ref() != Some(&pending.state) {
            return Err(Error::NotExpected);
        }
        if answer.iss.as_deref() != Some(self.settings.issuer.as_str()) {
            return Err(Error::OtherIssuer);
        }
        if let Some(error) = answer.error {
            return Err(Error::Denied(error));
        }
        let code = answer.code.ok_or(Error::NotExpected)?;
        let redirect_uri = self.redirect_uri();
        let answer = self
            .token(&[
                ("grant_type", "authorization_code"),
                ("code", code.expose()),
                ("redirect_uri", &redirect_uri),
                ("code_verifier", pending.verifier.expose()),
            ])
            .await?;
        let id_token = answer.id_token.ok_or(Error::Malformed("the token response has no id_token"))?;
        let claims = self.verify(&id_token).await?;
        if claims.nonce.as_ref() != Some(&pending.nonce) {
            return Err(Error::IdToken("its nonce is of another sign-in".to_owned()));
        }
        let about = self.userinfo(&answer.access_token).await?;
        if about.sub != claims.sub {
            return Err(Error::IdToken("userinfo speaks of somebody else".to_owned()));
        }
        Ok(Session {
            subject: claims.sub,
            name: about.name,
            email: about.email,
            scope: answer.scope.unwrap_or_else(|| SCOPE.to_owned()),
            tokens: Tokens { access: answer.access_token, refresh: answer.refresh_token },
        })
    }

    /// Gets the next access token ([RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).
    ///
    /// # Errors
    /// [`Error`].
    pub async fn refresh(&self, refresh: &Secret) -> Result<Tokens, Error> {
        let answer = self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh.expose())]).await?;
        // Without a new refresh token the old one goes on.
        let refresh = answer.refresh_token.unwrap_or_else(|| refresh.clone());
        Ok(Tokens { access: answer.access_token, refresh: Some(refresh) })
    }

    /// Refuses a form that another site sent: its `Origin` is not ours.
    ///
    /// # Errors
    /// [`Error::NotExpected`].
    pub fn own_page(&self, headers: &HeaderMap) -> Result<(), Error> {
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        if origin == Some(self.settings.origin.as_str()) { Ok(()) } else { Err(Error::NotExpected) }
    }

    async fn verify(&self, id_token: &Secret) -> Result<IdTokenClaims, Error> {
        let metadata = self.metadata().await?;
        let keys = self.document::<JwkSet>(&metadata.jwks_uri).await?;
        let audience = [self.settings.client_id.as_str()];
        let expect = Expect::new(
            Typ::IdToken,
            ExpectedIssuer::Exactly(&self.settings.issuer),
            ExpectedAudience::AnyOf(&audience),
        );
        Unverified::parse(id_token.expose())
            .and_then(|token| token.verify_with_set::<IdTokenClaims>(&keys, &expect, SystemClock.now().as_secs()))
            .map(|verified| verified.into_claims())
            .map_err(|error| Error::IdToken(error.to_string()))
    }

    async fn userinfo(&self, access_token: &Secret) -> Result<UserInfo, Error> {
        let request = Request::get(&self.metadata().await?.userinfo_endpoint)
            .header(header::AUTHORIZATION, format!("Bearer {}", access_token.expose()))
            .body(Bytes::new())
            .map_err(|_| Error::Malformed("userinfo_endpoint is no URL"))?;
        let answer = self.http.send(request).await?;
        if answer.status != StatusCode::OK {
            return Err(Error::Denied(answer.status.to_string()));
        }
        json::from_slice(&answer.body).map_err(|_| Error::Malformed("the userinfo response is not one"))
    }

    async fn token(&self, parameters: &[(&str, &str)]) -> Result<TokenResponse, Error> {
        let body = Serializer::new(String::new()).extend_pairs(parameters).finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.metadata().await?.token_endpoint)
            .header(header::AUTHORIZATION, self.basic())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(body))
            .map_err(|_| Error::Malformed("token_endpoint is no URL"))?;
        let answer = self.http.send(request).await?;
        if answer.status != StatusCode::OK {
            #[derive(Deserialize)]
            struct Refusal {
                error: String,
            }
            let refusal = json::from_slice::<Refusal>(&answer.body);
            return Err(Error::Denied(refusal.map_or_else(|_| answer.status.to_string(), |refusal| refusal.error)));
        }
        json::from_slice(&answer.body).map_err(|_| Error::Malformed("the token response is not one"))
    }

    /// Fetched once; the next start reads it again.
    async fn metadata(&self) -> Result<&Metadata, Error> {
        self.metadata
            .get_or_try_init(|| async {
                let url = format!("{}/.well-known/openid-configuration", self.settings.issuer);
                let metadata = self.document::<Metadata>(&url).await?;
                // RFC 8414 §3.3: the document must speak of the issuer that we asked.
                if metadata.issuer == self.settings.issuer { Ok(metadata) } else { Err(Error::OtherIssuer) }
            })
            .await
    }

    async fn document<T: DeserializeOwned>(&self, url: &str) -> Result<T, Error> {
        let url = url.parse().map_err(|_| Error::Malformed("the metadata holds something that is no URL"))?;
        let fetched = self.http.get(&url, Destination::Operator).await?;
        if fetched.status != StatusCode::OK {
            return Err(Error::Malformed("a document of the issuer is not there"));
        }
        json::from_slice(&fetched.body).map_err(|_| Error::Malformed("a document of the issuer cannot be read"))
    }

    fn redirect_uri(&self) -> String {
        format!("{}/callback", self.settings.origin)
    }

    /// Client id and secret, each form-encoded first ([RFC 6749 §2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
    fn basic(&self) -> String {
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encode(&self.settings.client_id), encode(self.settings.client_secret.expose()));
        format!("Basic {}", STANDARD.encode(pair))
    }
}

/// Why nobody is signed in. None of it holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The issuer, or the person, said no.
    #[error("the issuer answered: {0}")]
    Denied(String),
    /// A form or a query cannot be read.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The ID token does not hold.
    #[error("the ID token is refused: {0}")]
    IdToken(String),
    /// The issuer's answer is not one.
    #[error("{0}")]
    Malformed(&'static str),
    /// This browser has begun no such sign-in, or another site sent the request.
    #[error("this was not expected here; please begin again")]
    NotExpected,
    /// Nobody is signed in.
    #[error("please sign in first")]
    NotSignedIn,
    /// The answer is of another issuer (mix-up, [RFC 9207 §2.4](https://www.rfc-editor.org/rfc/rfc9207#section-2.4)).
    #[error("the answer came from another issuer")]
    OtherIssuer,
    /// The issuer could not be asked.
    #[error("the issuer could not be asked: {0}")]
    Unreachable(#[from] FetchError),
}

impl Error {
    /// The status that says whose fault it is.
    pub fn status(&self) -> StatusCode {
        match self {
            Error::Denied(_) | Error::NotSignedIn => StatusCode::FORBIDDEN,
            Error::Form(error) => error.status(),
            Error::NotExpected | Error::OtherIssuer => StatusCode::BAD_REQUEST,
            Error::IdToken(_) | Error::Malformed(_) | Error::Unreachable(_) => StatusCode::BAD_GATEWAY,
        }
    }
}
