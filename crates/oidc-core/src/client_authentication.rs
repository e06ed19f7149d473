//! Client authentication ([RFC 6749 §2.3]): `client_secret_basic`, `client_secret_post`, and `none` for public clients.
//!
//! Refused: two methods at once (`invalid_request`); everything else alike, as `invalid_client`: no such client, a wrong
//! secret, another method than the registered one, a suspended client, and a public client that sends a secret, since it
//! takes itself for something that it is not. An unknown client costs the same work as a wrong secret.
//!
//! [RFC 6749 §2.3]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_jose::Algorithm;
use countersign_storage::{
    Action, Actor, At, Entry, Event, Fault, Handle, Key, Loads, Reader, Secret, Stored, Subject, Timestamp,
};
use countersign_web::form;
use http::{HeaderMap, header};

use crate::client::{ApplicationType, AuthMethod, Client, ClientSource, ClientState};
use crate::params::{Params, Repeated};
use crate::scope::Scopes;

/// The methods by which a client proves itself here, as they stand in metadata. `none` is for the endpoints that public
/// clients may call.
pub(crate) fn proving_methods() -> impl Iterator<Item = &'static str> {
    let proves = |method: &&AuthMethod| match method {
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => true,
        AuthMethod::None | AuthMethod::PrivateKeyJwt => false,
    };
    AuthMethod::ALL.iter().filter(proves).map(|method| method.as_str())
}

countersign_web::refusals! {
    /// Why a client is not believed.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum ClientRefusal {
        /// Whatever the reason: whoever asks learns the same.
        InvalidClient => [UNAUTHORIZED "invalid_client" "RFC 6749 §5.2" "Client authentication failed."],
        /// A parameter came twice.
        Repeated => [BAD_REQUEST "invalid_request" "RFC 6749 §3.2" "A parameter was sent more than once."],
        /// Each request uses one method.
        SeveralMethods => [
            BAD_REQUEST "invalid_request" "RFC 6749 §2.3" "A client must authenticate in one way only."
        ],
    }
}

impl From<Repeated> for ClientRefusal {
    fn from(_: Repeated) -> Self {
        ClientRefusal::Repeated
    }
}

/// What a request says about who sends it; nothing is proven.
#[derive(Debug)]
pub(crate) struct PresentedClient {
    client_id: String,
    method: AuthMethod,
    secret: Secret,
}

impl PresentedClient {
    /// Reads the `Authorization` header and the form.
    pub(crate) fn parse(headers: &HeaderMap, params: &Params) -> Result<Self, ClientRefusal> {
        let in_header = basic(headers)?;
        let (client_id, secret) = (params.one("client_id")?, params.one("client_secret")?);
        let assertion = params.one("client_assertion")?.or(params.one("client_assertion_type")?);
        let methods = [in_header.is_some(), secret.is_some(), assertion.is_some()];
        if methods.iter().filter(|used| **used).count() > 1 {
            return Err(ClientRefusal::SeveralMethods);
        }
        match (in_header, client_id, secret, assertion) {
            // Naming oneself twice is harmless, as long as it is oneself.
            (Some(basic), Some(client_id), ..) if basic.client_id != client_id => Err(ClientRefusal::SeveralMethods),
            (Some(basic), ..) => Ok(basic),
            (None, Some(client_id), Some(secret), _) => Ok(PresentedClient {
                client_id: client_id.to_owned(),
                method: AuthMethod::ClientSecretPost,
                secret: Secret::new(secret),
            }),
            (None, Some(client_id), None, None) => Ok(PresentedClient {
                client_id: client_id.to_owned(),
                method: AuthMethod::None,
                secret: Secret::new(String::new()),
            }),
            (None, ..) => Err(ClientRefusal::InvalidClient),
        }
    }

    /// Who it claims to be.
    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Loads the client together with what else a decision needs: in one round trip where the client is a record.
    pub(crate) async fn load_with<L: Loads>(
        &self,
        clients: &dyn ClientSource,
        reader: &mut Reader<'_>,
        others: L,
    ) -> Result<(Option<Client>, L::Found), Fault> {
        load_client_with(&self.client_id, clients, reader, others).await
    }

    /// Proves the claim.
    ///
    /// # Errors
    /// [`ClientRefusal::InvalidClient`].
    pub(crate) fn authenticate(&self, client: Option<Client>) -> Result<AuthenticatedClient, ClientRefusal> {
        let known = client.is_some();
        let client = client.or_else(decoy).ok_or(ClientRefusal::InvalidClient)?;
        // All secrets are compared, and compared in constant time.
        let secret_fits = client.secrets.iter().fold(false, |fits, secret| secret.matches(&self.secret) | fits);
        let proven = match self.method {
            AuthMethod::None => client.is_public(),
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => {
                client.token_endpoint_auth_method == self.method && secret_fits
            }
            AuthMethod::PrivateKeyJwt => false,
        };
        if known && proven && client.client_id == self.client_id && client.state == ClientState::Active {
            Ok(AuthenticatedClient { client })
        } else {
            Err(ClientRefusal::InvalidClient)
        }
    }
}

/// Loads a client together with other records: in one round trip where the client is a record, too.
pub(crate) async fn load_client_with<L: Loads>(
    client_id: &str,
    clients: &dyn ClientSource,
    reader: &mut Reader<'_>,
    others: L,
) -> Result<(Option<Client>, L::Found), Fault> {
    match clients.record(client_id) {
        Some(client) => reader.load(ClientAnd { client, others }).await,
        None => Ok((clients.client(client_id).await?, reader.load(others).await?)),
    }
}

/// A client that proved itself, or, if it is public, one that exists and is served. Only [`PresentedClient::authenticate`]
/// makes one.
#[derive(Clone, Debug)]
pub(crate) struct AuthenticatedClient {
    client: Client,
}

impl AuthenticatedClient {
    /// It did this, for a person or for itself. What it can do as often as it likes is to be counted.
    pub(crate) fn did<'a>(&self, action: Action, subject: impl Into<Option<&'a Subject>>) -> Event {
        Event::new(action, Actor::Client { client_id: self.client_id.clone() }).for_subject(subject)
    }
}

impl std::ops::Deref for AuthenticatedClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// The credentials in an `Authorization` header of the scheme `Basic`: id and secret are form-encoded first
/// ([RFC 6749 §2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)). Ids and secrets that we make need no encoding.
fn basic(headers: &HeaderMap) -> Result<Option<PresentedClient>, ClientRefusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ClientRefusal::SeveralMethods);
    }
    let read = || {
        let (scheme, credentials) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(credentials.trim_start_matches(' ')).ok()?).ok()?;
        let (client_id, secret) = decoded.split_once(':')?;
        let client_id = form::decode(client_id.as_bytes()).ok()?;
        let secret = Secret::new(form::decode(secret.as_bytes()).ok()?);
        Some(PresentedClient { client_id, method: AuthMethod::ClientSecretBasic, secret })
    };
    read().map(Some).ok_or(ClientRefusal::InvalidClient)
}

/// What stands in for a client that does not exist, so that finding that out takes the work of refusing one that does.
fn decoy() -> Option<Client> {
    static DECOY: LazyLock<String> = LazyLock::new(|| {
        let client = Client {
            client_id: "client_AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            name: "A client of an ordinary size".to_owned(),
            application_type: ApplicationType::Web,
            token_endpoint_auth_method: AuthMethod::ClientSecretBasic,
            secrets: vec![Handle::of("no secret has this text")],
            jwks: None,
            redirect_uris: vec!["https://client.example/callback".to_owned()],
            grant_types: Vec::new(),
            scopes: Scopes::default(),
            resources: Vec::new(),
            default_resource: None,
            id_token_algorithm: Algorithm::Rs256,
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            state: ClientState::Suspended,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        serde_json::to_string(&client).unwrap_or_default()
    });
    serde_json::from_str(&DECOY).ok()
}

/// A client and other records, to be read at once.
struct ClientAnd<L> {
    client: At<Client>,
    others: L,
}

impl<L: Loads> Loads for ClientAnd<L> {
    type Found = (Option<Client>, L::Found);

    fn keys(&self) -> Vec<Key> {
        let mut keys = self.client.keys();
        keys.extend(self.others.keys());
        keys
    }

    fn read(entries: &mut dyn Iterator<Item = Option<Entry>>) -> Result<Self::Found, Fault> {
        let client: Option<Stored<Client>> = At::<Client>::read(entries)?;
        Ok((client.map(|stored| stored.record), L::read(entries)?))
    }
}
