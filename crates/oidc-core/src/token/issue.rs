//! Making tokens: access tokens ([RFC 9068]), ID tokens ([OIDC Core §2]), and the response that carries them
//! ([RFC 6749 §5.1]).
//!
//! [RFC 9068]: https://www.rfc-editor.org/rfc/rfc9068
//! [OIDC Core §2]: https://openid.net/specs/openid-connect-core-1_0.html#IDToken
//! [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1

use bytes::Bytes;
use countersign_jose::jwt::{self, MintError, Typ};
use countersign_jose::{Algorithm, SigningKey, base64url};
use countersign_storage::{Authentication, Fault, Random, Secret, Timestamp, random};
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::audience::{algorithm, audience};
use crate::client::Client;
use crate::issuer::Issuer;
use crate::records::{AuthorizationCode, TokenFamily};
use crate::response::json;
use crate::scope::Scopes;
use crate::signing_keys::View;

/// What was decided to be issued; not yet signed.
pub(super) struct Issue {
    pub(super) access_token: AccessToken,
    pub(super) id_token: Option<IdToken>,
    pub(super) refresh_token: Option<Secret>,
}

/// An access token to be signed ([RFC 9068 §2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)).
pub(super) struct AccessToken {
    algorithm: Algorithm,
    claims: AccessTokenClaims,
}

#[derive(Serialize)]
struct AccessTokenClaims {
    iss: String,
    sub: String,
    aud: OneOrMany,
    client_id: String,
    #[serde(skip_serializing_if = "Scopes::is_empty")]
    scope: Scopes,
    iat: Timestamp,
    exp: Timestamp,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
}

impl AccessToken {
    /// A token that acts for the person behind a family.
    pub(super) fn of_family(
        issuer: &Issuer,
        family: &TokenFamily,
        scope: Scopes,
        resources: Vec<String>,
        moment: &countersign_storage::Moment<'_>,
    ) -> Self {
        let authentication = &family.authentication;
        let claims = AccessTokenClaims {
            auth_time: Some(authentication.auth_time()),
            acr: authentication.acr().map(str::to_owned),
            ..claims(issuer, authentication.subject().as_str(), &family.client_id, scope, &resources, moment.now)
        };
        let jti = format!("{}.{}", family.id, unique(moment.random));
        AccessToken { algorithm: algorithm(&resources, &issuer.policy), claims: AccessTokenClaims { jti, ..claims } }
    }

    /// A token with which a client acts for itself.
    pub(super) fn of_client(
        issuer: &Issuer,
        client: &Client,
        scope: Scopes,
        resources: Vec<String>,
        moment: &countersign_storage::Moment<'_>,
    ) -> Self {
        let claims = claims(issuer, &client.client_id, &client.client_id, scope, &resources, moment.now);
        let jti = format!("{CLIENT_TOKEN}{}", unique(moment.random));
        AccessToken { algorithm: algorithm(&resources, &issuer.policy), claims: AccessTokenClaims { jti, ..claims } }
    }
}

/// How the `jti` of a token without a family begins.
pub(super) const CLIENT_TOKEN: &str = "cc_";

fn claims(
    issuer: &Issuer,
    subject: &str,
    client_id: &str,
    scope: Scopes,
    resources: &[String],
    now: Timestamp,
) -> AccessTokenClaims {
    AccessTokenClaims {
        iss: issuer.identifier().to_owned(),
        sub: subject.to_owned(),
        aud: OneOrMany(audience(resources.to_vec(), &scope, issuer.identifier())),
        client_id: client_id.to_owned(),
        scope,
        iat: now,
        exp: now + issuer.policy.access_token_lifetime,
        jti: String::new(),
        auth_time: None,
        acr: None,
    }
}

/// An ID token to be signed.
pub(super) struct IdToken {
    algorithm: Algorithm,
    claims: IdTokenClaims,
}

/// One audience, the client, so that no `azp` is needed. What is known of the person beyond that is at userinfo
/// ([OIDC Core §5.4](https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims)).
#[derive(Serialize)]
struct IdTokenClaims {
    iss: String,
    sub: String,
    aud: String,
    iat: Timestamp,
    exp: Timestamp,
    auth_time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    amr: Vec<String>,
    at_hash: String,
}

impl IdToken {
    /// The ID token that a code gives, in the client's own choice of algorithm.
    pub(super) fn of_code(issuer: &Issuer, code: &AuthorizationCode, client: &Client, now: Timestamp) -> Self {
        let authentication: &Authentication = &code.authentication;
        let claims = IdTokenClaims {
            iss: issuer.identifier().to_owned(),
            sub: authentication.subject().as_str().to_owned(),
            aud: client.client_id.clone(),
            iat: now,
            exp: now + issuer.policy.id_token_lifetime,
            auth_time: authentication.auth_time(),
            nonce: code.nonce.clone(),
            acr: authentication.acr().map(str::to_owned),
            amr: authentication.amr().to_vec(),
            at_hash: String::new(),
        };
        IdToken { algorithm: client.id_token_algorithm, claims }
    }
}

impl Issue {
    pub(super) fn seal(self, keys: &View) -> Result<Tokens, Fault> {
        let AccessToken { algorithm, claims } = self.access_token;
        let access_token = mint(key(keys, algorithm, claims.iat)?, Typ::AccessToken, &claims)?;
        let id_token = self
            .id_token
            .map(|IdToken { algorithm, claims }| {
                let claims = IdTokenClaims { at_hash: at_hash(algorithm, &access_token), ..claims };
                mint(key(keys, algorithm, claims.iat)?, Typ::IdToken, &claims)
            })
            .transpose()?;
        Ok(Tokens {
            access_token,
            scope: claims.scope,
            expires_at: claims.exp,
            refresh_token: self.refresh_token.map(|token| token.expose().to_owned()),
            id_token,
        })
    }
}

fn key(keys: &View, algorithm: Algorithm, now: Timestamp) -> Result<&SigningKey, Fault> {
    keys.current(algorithm, now).ok_or(Fault::Internal("no signing key was made for the algorithm"))
}

fn mint(key: &SigningKey, typ: Typ, claims: &impl Serialize) -> Result<String, Fault> {
    jwt::mint(key, typ, claims).map_err(|error| match error {
        MintError::Key(_) => Fault::Crypto("signing a token failed"),
        _ => Fault::Internal("a token cannot be made of these claims"),
    })
}

/// The left half of the token's hash, by the hash of the ID token's own algorithm
/// ([OIDC Core §3.1.3.6](https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken)); Ed25519 hashes with SHA-512.
fn at_hash(algorithm: Algorithm, access_token: &str) -> String {
    match algorithm {
        Algorithm::Es384 | Algorithm::Ps384 | Algorithm::Rs384 => left_half(&Sha384::digest(access_token)),
        Algorithm::EdDSA | Algorithm::Es512 | Algorithm::Ps512 | Algorithm::Rs512 => {
            left_half(&Sha512::digest(access_token))
        }
        _ => left_half(&Sha256::digest(access_token)),
    }
}

fn left_half(hash: &[u8]) -> String {
    base64url::encode(hash.get(..hash.len() / 2).unwrap_or_default())
}

/// 128 random bits.
fn unique(random: &dyn Random) -> String {
    base64url::encode(random::bytes::<16>(random))
}

/// A list that is a string where it has one member, as `aud` may be ([RFC 7519 §4.1.3](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3)).
struct OneOrMany(Vec<String>);

impl Serialize for OneOrMany {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }
}

/// Signed tokens on their way to the client. Neither `Debug` nor `Display` shows them; a refresh keeps them, sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Tokens {
    access_token: String,
    scope: Scopes,
    expires_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

impl Tokens {
    /// The response; it says how long the access token still lives.
    pub(super) fn respond(&self, now: Timestamp) -> Response<Bytes> {
        #[derive(Serialize)]
        struct Body<'a> {
            access_token: &'a str,
            token_type: &'static str,
            expires_in: u64,
            #[serde(skip_serializing_if = "Scopes::is_empty")]
            scope: &'a Scopes,
            #[serde(skip_serializing_if = "Option::is_none")]
            refresh_token: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            id_token: Option<&'a str>,
        }
        let body = Body {
            access_token: &self.access_token,
            token_type: "Bearer",
            expires_in: self.expires_at.since(now).as_secs(),
            scope: &self.scope,
            refresh_token: self.refresh_token.as_deref(),
            id_token: self.id_token.as_deref(),
        };
        json(StatusCode::OK, &body)
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens")
            .field("scope", &self.scope)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
