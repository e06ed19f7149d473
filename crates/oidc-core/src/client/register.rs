//! What an operator registers, and what is refused ([RFC 7591 §2], [RFC 8252], [RFC 9700 §4.1]).
//!
//! [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
//! [RFC 8252]: https://www.rfc-editor.org/rfc/rfc8252
//! [RFC 9700 §4.1]: https://www.rfc-editor.org/rfc/rfc9700#section-4.1

use countersign_jose::{Algorithm, JwkSet, json};
use countersign_storage::{Handle, Moment, Secret, Stopped};
use countersign_web::loopback;
use serde_json::Value;
use url::Url;

use crate::client::client_id::is_client_id;
use crate::client::{ApplicationType, AuthMethod, Client, ClientState, GrantTypeName};
use crate::scope::Scopes;

/// A client to register.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// Its id; `None` for a fresh one.
    pub client_id: Option<String>,
    /// The name to show.
    pub name: String,
    /// Where it runs.
    pub application_type: ApplicationType,
    /// How it will prove itself.
    pub credential: ClientCredential,
    /// Where its users may be sent.
    pub redirect_uris: Vec<String>,
    /// What it may ask the token endpoint for.
    pub grant_types: Vec<GrantTypeName>,
    /// The scopes that it may ask for.
    pub scopes: Scopes,
    /// The resources that it may ask for, besides its default.
    pub resources: Vec<String>,
    /// The resource that its tokens are for when a request names none.
    pub default_resource: Option<String>,
    /// What its ID tokens are signed with.
    pub id_token_algorithm: Algorithm,
    /// Its home page.
    pub client_uri: Option<String>,
    /// Its logo.
    pub logo_uri: Option<String>,
    /// Its privacy policy.
    pub policy_uri: Option<String>,
    /// Its terms of service.
    pub tos_uri: Option<String>,
}

/// How a client will prove itself.
#[derive(Clone, Debug)]
pub enum ClientCredential {
    /// It cannot: it is a public client.
    Public,
    /// With a secret that is made here and returned once, by this method.
    GeneratedSecret(SecretMethod),
    /// With a secret that was made elsewhere, by this method: at least 32 characters from `A-Z a-z 0-9 - . _ ~`, random.
    Secret(SecretMethod, Secret),
    /// With a signature by one of these public keys.
    PrivateKeyJwt(Value),
}

/// Where a client puts its secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecretMethod {
    /// Into the `Authorization` header.
    Basic,
    /// Into the form.
    Post,
}

impl NewClient {
    /// A client for people in browsers: code and refresh, the scopes `openid profile email offline_access`, RS256.
    pub fn web(name: impl Into<String>, redirect_uris: impl IntoIterator<Item = impl Into<String>>) -> Self {
        NewClient {
            client_id: None,
            name: name.into(),
            application_type: ApplicationType::Web,
            credential: ClientCredential::GeneratedSecret(SecretMethod::Basic),
            redirect_uris: redirect_uris.into_iter().map(Into::into).collect(),
            grant_types: vec![GrantTypeName::AuthorizationCode, GrantTypeName::RefreshToken],
            scopes: ["openid", "profile", "email", "offline_access"].into_iter().collect(),
            resources: Vec::new(),
            default_resource: None,
            id_token_algorithm: Algorithm::Rs256,
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
        }
    }

    /// The same on somebody's device, without a secret.
    pub fn native(name: impl Into<String>, redirect_uris: impl IntoIterator<Item = impl Into<String>>) -> Self {
        NewClient {
            application_type: ApplicationType::Native,
            credential: ClientCredential::Public,
            ..NewClient::web(name, redirect_uris)
        }
    }

    /// A client that acts for itself (client credentials) and sends nobody anywhere.
    pub fn machine(name: impl Into<String>, scopes: Scopes) -> Self {
        NewClient {
            grant_types: vec![GrantTypeName::ClientCredentials],
            scopes,
            ..NewClient::web(name, Vec::<String>::new())
        }
    }

    pub(crate) fn check(self) -> Result<Self, RegisterClientError> {
        use RegisterClientError as Error;
        if self.client_id.as_deref().is_some_and(|client_id| !is_client_id(client_id)) {
            return Err(Error::ClientId);
        }
        if self.name.trim().is_empty() || self.name.chars().count() > 100 || self.name.chars().any(char::is_control) {
            return Err(Error::Name);
        }
        let with_code = self.grant_types.contains(&GrantTypeName::AuthorizationCode);
        if with_code && self.redirect_uris.is_empty() {
            return Err(Error::RedirectUri { uri: String::new() });
        }
        for uri in &self.redirect_uris {
            if !is_redirect_uri(uri, self.application_type) {
                return Err(Error::RedirectUri { uri: uri.clone() });
            }
        }
        if matches!(self.credential, ClientCredential::Public)
            && self.grant_types.contains(&GrantTypeName::ClientCredentials)
        {
            return Err(Error::PublicClientCredentials);
        }
        match &self.credential {
            ClientCredential::Secret(_, secret) if !is_secret(secret.expose()) => return Err(Error::Secret),
            ClientCredential::PrivateKeyJwt(jwks) => {
                JwkSet::parse(&jwks.to_string()).map_err(|_| Error::Jwks)?;
            }
            ClientCredential::Public | ClientCredential::GeneratedSecret(_) | ClientCredential::Secret(..) => {}
        }
        let shown = [&self.client_uri, &self.logo_uri, &self.policy_uri, &self.tos_uri];
        for uri in shown.into_iter().flatten() {
            if !Url::parse(uri).is_ok_and(|url| matches!(url.scheme(), "https" | "http")) {
                return Err(Error::ShownUri { uri: uri.clone() });
            }
        }
        for resource in self.resources.iter().chain(&self.default_resource) {
            if !is_resource(resource) {
                return Err(Error::Resource { uri: resource.clone() });
            }
        }
        Ok(self)
    }

    pub(crate) fn into_client(self, moment: &Moment<'_>) -> (Client, Option<Secret>) {
        let method = |method| match method {
            SecretMethod::Basic => AuthMethod::ClientSecretBasic,
            SecretMethod::Post => AuthMethod::ClientSecretPost,
        };
        let (token_endpoint_auth_method, secret, fresh, jwks) = match self.credential {
            ClientCredential::Public => (AuthMethod::None, None, None, None),
            ClientCredential::GeneratedSecret(at) => {
                let secret = Secret::generate(moment.random);
                (method(at), Some(secret.handle()), Some(secret), None)
            }
            ClientCredential::Secret(at, secret) => (method(at), Some(Handle::of(secret.expose())), None, None),
            ClientCredential::PrivateKeyJwt(jwks) => (AuthMethod::PrivateKeyJwt, None, None, Some(jwks)),
        };
        let client = Client {
            client_id: self
                .client_id
                .unwrap_or_else(|| countersign_storage::secret::identifier("client", moment.random)),
            name: self.name,
            application_type: self.application_type,
            token_endpoint_auth_method,
            secrets: secret.into_iter().collect(),
            jwks,
            redirect_uris: self.redirect_uris,
            grant_types: self.grant_types,
            scopes: self.scopes,
            resources: self.resources,
            default_resource: self.default_resource,
            id_token_algorithm: self.id_token_algorithm,
            client_uri: self.client_uri,
            logo_uri: self.logo_uri,
            policy_uri: self.policy_uri,
            tos_uri: self.tos_uri,
            state: ClientState::Active,
            created_at: moment.now,
            updated_at: moment.now,
        };
        (client, fresh)
    }
}

/// Why a client is not registered.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterClientError {
    /// The id is empty, longer than 255 characters, or has a character that HTTP Basic or the standard does not allow.
    #[error("client_id: 1 to 255 printable ASCII characters without a colon are needed")]
    ClientId,
    /// Another client has the id.
    #[error("client_id: taken")]
    ClientIdTaken,
    /// No set of public keys.
    #[error("jwks: not a set of public keys that can be used here")]
    Jwks,
    /// No name, or more than 100 characters.
    #[error("name: 1 to 100 characters are needed")]
    Name,
    /// A public client cannot prove who it is.
    #[error("grant_types: client_credentials needs a credential")]
    PublicClientCredentials,
    /// Not an https URI, nor a loopback URI, nor (for native clients) a private-use scheme with a dot in its name.
    #[error("redirect_uris: {uri:?} cannot be used")]
    RedirectUri {
        /// What was asked for.
        uri: String,
    },
    /// Not an absolute URI without a fragment.
    #[error("resources: {uri:?} is not an absolute URI without a fragment")]
    Resource {
        /// What was asked for.
        uri: String,
    },
    /// Too short, or not safe in URLs.
    #[error("credential: a secret has at least 32 characters from A-Z a-z 0-9 - . _ ~")]
    Secret,
    /// Not a web page.
    #[error("{uri:?} is not the address of a page")]
    ShownUri {
        /// What was asked for.
        uri: String,
    },
}

impl From<RegisterClientError> for Stopped<RegisterClientError> {
    fn from(error: RegisterClientError) -> Self {
        Stopped::Refused(error)
    }
}

/// Reads a key set that came as text, strictly.
///
/// # Errors
/// [`RegisterClientError::Jwks`].
pub fn parse_jwks(text: &str) -> Result<ClientCredential, RegisterClientError> {
    JwkSet::parse(text).map_err(|_| RegisterClientError::Jwks)?;
    let jwks = json::parse(text.as_bytes()).map_err(|_| RegisterClientError::Jwks)?;
    Ok(ClientCredential::PrivateKeyJwt(jwks))
}

fn is_secret(secret: &str) -> bool {
    (32..=256).contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

/// An absolute URI without a fragment ([RFC 8707 §2](https://www.rfc-editor.org/rfc/rfc8707#section-2)).
pub(crate) fn is_resource(resource: &str) -> bool {
    resource.len() <= 500
        && resource.bytes().all(|b| b.is_ascii_graphic())
        && !resource.contains('#')
        && Url::parse(resource).is_ok()
}

/// https anywhere, http on one of the three loopback hosts, and for native clients a private-use scheme in reverse domain form
/// ([RFC 8252 §7.1]). Never a fragment, credentials, dot segments, or white space that a parser would forgive.
///
/// [RFC 8252 §7.1]: https://www.rfc-editor.org/rfc/rfc8252#section-7.1
fn is_redirect_uri(uri: &str, application_type: ApplicationType) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    if !uri.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') || uri.len() > 2_000 || uri.contains('#') {
        return false;
    }
    let clean = url.username().is_empty() && url.password().is_none() && !uri.split('/').any(|s| s == "." || s == "..");
    clean
        && match url.scheme() {
            "https" => true,
            "http" => loopback::without_port(uri).is_some(),
            scheme => application_type == ApplicationType::Native && scheme.contains('.'),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris_that_run_code_or_go_astray_are_not_registered() {
        for (uri, application_type) in [
            ("https://rp.test/cb?x=1", ApplicationType::Web),
            ("http://127.0.0.1/cb", ApplicationType::Web),
            ("http://[::1]:8080/cb", ApplicationType::Native),
            ("com.example.app:/cb", ApplicationType::Native),
        ] {
            assert!(is_redirect_uri(uri, application_type), "{uri}");
        }
        for (uri, application_type) in [
            ("javascript:alert(1)//", ApplicationType::Native),
            ("data:text/html,x", ApplicationType::Native),
            ("com.example.app:/cb", ApplicationType::Web),
            ("http://rp.test/cb", ApplicationType::Web),
            ("http://10.0.0.1/cb", ApplicationType::Native),
            ("http://127.0.0.2/cb", ApplicationType::Native),
            ("http://app.localhost/cb", ApplicationType::Native),
            ("https://rp.test/cb#x", ApplicationType::Web),
            ("https://me@rp.test/cb", ApplicationType::Web),
            ("https://rp.test/x/../cb", ApplicationType::Web),
            ("https://rp.test\\cb", ApplicationType::Web),
            ("https://rp.test/c b", ApplicationType::Web),
            ("/cb", ApplicationType::Web),
        ] {
            assert!(!is_redirect_uri(uri, application_type), "{uri}");
        }
    }
}
