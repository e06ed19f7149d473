//! Clients ([RFC 6749 §2], [RFC 7591 §2]): what is known of them, and where it comes from.
//!
//! [RFC 6749 §2]: https://www.rfc-editor.org/rfc/rfc6749#section-2
//! [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2

mod client_id;
mod register;
mod source;

use countersign_jose::{Algorithm, sha256};
use countersign_storage::{Handle, Index, Kind, Record, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::named::named;
use crate::scope::Scopes;

pub(crate) use register::is_resource;
pub use register::{ClientCredential, NewClient, RegisterClientError, SecretMethod, parse_jwks};
pub use source::{ClientSource, ListedClient, StoredClients};

/// A client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Client {
    /// Its unique name.
    pub client_id: String,
    /// The name to show (`client_name`).
    pub name: String,
    /// Whether it runs on a server or on somebody's device.
    pub application_type: ApplicationType,
    /// How it proves itself at the token endpoint.
    pub token_endpoint_auth_method: AuthMethod,
    /// The hashes of the secrets that are good now: several while one replaces another.
    #[serde(default)]
    pub secrets: Vec<Handle>,
    /// Its public keys, for `private_key_jwt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Where its users may be sent, byte-exact.
    pub redirect_uris: Vec<String>,
    /// What it may ask the token endpoint for.
    pub grant_types: Vec<GrantTypeName>,
    /// The scopes that it may ask for.
    pub scopes: Scopes,
    /// The resources that it may ask for, besides its default.
    #[serde(default)]
    pub resources: Vec<String>,
    /// The resource that its tokens are for when a request names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_resource: Option<String>,
    /// What its ID tokens are signed with (`id_token_signed_response_alg`).
    pub id_token_algorithm: Algorithm,
    /// Its home page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Its logo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Its privacy policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Its terms of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// Whether it is served.
    pub state: ClientState,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When anything in it last changed.
    pub updated_at: Timestamp,
}

/// Where a client runs ([OIDC Registration §2], `application_type`).
///
/// [OIDC Registration §2]: https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// On a server, or as a page.
    Web,
    /// On somebody's device: its loopback redirect URIs match on any port ([RFC 8252 §7.3]).
    ///
    /// [RFC 8252 §7.3]: https://www.rfc-editor.org/rfc/rfc8252#section-7.3
    Native,
}

named! {
    /// How a client authenticates ([RFC 7591 §2], `token_endpoint_auth_method`).
    ///
    /// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
    #[non_exhaustive]
    pub enum AuthMethod {
        /// A secret in the `Authorization` header.
        ClientSecretBasic => "client_secret_basic",
        /// A secret in the form.
        ClientSecretPost => "client_secret_post",
        /// It does not: it is a public client.
        None => "none",
        /// A signed assertion ([RFC 7523 §2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2)).
        PrivateKeyJwt => "private_key_jwt",
    }
}

named! {
    /// A way to ask the token endpoint, by name ([RFC 7591 §2], `grant_types`).
    ///
    /// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
    #[non_exhaustive]
    pub enum GrantTypeName {
        /// With a code ([RFC 6749 §4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1)).
        AuthorizationCode => "authorization_code",
        /// With a refresh token ([RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).
        RefreshToken => "refresh_token",
        /// For itself ([RFC 6749 §4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).
        ClientCredentials => "client_credentials",
    }
}

/// Whether a client is served.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientState {
    /// It is.
    Active,
    /// It is refused wherever it reaches the issuer, and so are its tokens.
    Suspended,
}

impl ClientState {
    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            ClientState::Active => "active",
            ClientState::Suspended => "suspended",
        }
    }
}

impl Client {
    /// Whether it cannot keep a secret ([RFC 6749 §2.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.1)).
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == AuthMethod::None
    }

    /// Whether it may ask in this way.
    pub fn allows(&self, grant_type: GrantTypeName) -> bool {
        self.grant_types.contains(&grant_type)
    }

    /// A digest of everything by which a person recognises the client, and of where it can be sent. A consent holds for
    /// this fingerprint only: a client that became somebody else asks again.
    pub fn fingerprint(&self) -> String {
        // Whoever adds a member says here whether a person recognises the client by it.
        let Client {
            name,
            application_type,
            token_endpoint_auth_method,
            redirect_uris,
            client_uri,
            logo_uri,
            policy_uri,
            tos_uri,
            client_id: _,
            secrets: _,
            jwks: _,
            grant_types: _,
            scopes: _,
            resources: _,
            default_resource: _,
            id_token_algorithm: _,
            state: _,
            created_at: _,
            updated_at: _,
        } = self;
        let pages = (client_uri, logo_uri, policy_uri, tos_uri);
        let shown = (name, application_type, token_endpoint_auth_method, redirect_uris, pages);
        // A tuple of strings always serialises.
        countersign_jose::base64url::encode(sha256(&serde_json::to_vec(&shown).unwrap_or_default()))
    }
}

impl Record for Client {
    const KIND: Kind = Kind::new("client");

    fn id(&self) -> String {
        self.client_id.clone()
    }

    fn indexes(&self) -> Vec<Index> {
        vec![by_state(self.state.as_str())]
    }
}

pub(crate) fn by_state(state: &str) -> Index {
    Index::new("state", state)
}
