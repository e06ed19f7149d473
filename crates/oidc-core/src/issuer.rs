//! The issuer: ports and policy in, answers out.

use std::sync::Arc;

use countersign_jose::{Algorithm, SigningKey};
use countersign_storage::{Accounts, Fault, KeyRing, Ports, Secret, SignedIn, Stopped};
use countersign_web::issuer_url::IssuerUrl;

use crate::client::{Client, ClientSource, ClientState, ListedClient, NewClient, RegisterClientError, StoredClients};
use crate::config::ConfigError;
use crate::error_page::ErrorPage;
use crate::policy::Policy;
use crate::route_map::RouteMap;
use crate::signing_keys::{Import, Rotation, SigningKeys};

/// Everything that an issuer needs.
#[derive(Clone)]
pub struct IssuerConfig {
    /// The issuer identifier ([RFC 8414 §2]), byte-exact, without a final slash: `https` anywhere, `http` on loopback.
    ///
    /// [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2
    pub issuer: String,
    /// Store, clock, randomness, audit.
    ///
    /// Several issuers may share one store: what belongs to an issuer lies in a scope of its own there
    /// ([`Ports::scoped`] with the issuer identifier), and another issuer does not find it.
    pub ports: Ports,
    /// The people.
    pub accounts: Arc<dyn Accounts>,
    /// Who is signed in.
    pub signed_in: Arc<dyn SignedIn>,
    /// The clients.
    pub clients: Arc<dyn ClientSource>,
    /// Its keys seal the signing keys, and the requests that wait with the browser.
    pub key_ring: Arc<KeyRing>,
    /// The rules that may be chosen.
    pub policy: Policy,
    /// The paths of the endpoints.
    pub routes: RouteMap,
    /// Where people are asked.
    pub pages: InteractionPages,
}

/// The pages to which the authorization endpoint sends people. They belong to the issuer's origin.
#[derive(Clone)]
pub struct InteractionPages {
    /// The path of the sign-in page; it gets `?interaction=` and up to 6,000 characters in which the request waits.
    pub sign_in: String,
    /// The path of the consent page; it gets the same.
    pub consent: String,
    /// What is shown where no redirect is safe.
    pub error: Arc<dyn ErrorPage>,
}

/// An authorization server and OpenID provider. Cheap to share: put it into an `Arc`.
pub struct Issuer {
    pub(crate) url: IssuerUrl,
    pub(crate) ports: Ports,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) signed_in: Arc<dyn SignedIn>,
    pub(crate) clients: Arc<dyn ClientSource>,
    pub(crate) key_ring: Arc<KeyRing>,
    pub(crate) signing_keys: SigningKeys,
    pub(crate) policy: Policy,
    pub(crate) routes: RouteMap,
    pub(crate) pages: InteractionPages,
}

impl Issuer {
    /// Checks the configuration. Makes no key: see [`Issuer::ensure_keys`].
    ///
    /// # Errors
    /// [`ConfigError`], naming the setting.
    pub fn new(config: IssuerConfig) -> Result<Self, ConfigError> {
        let IssuerConfig { issuer, ports, accounts, signed_in, clients, key_ring, policy, routes, pages } = config;
        let url = IssuerUrl::parse(&issuer)?;
        policy.check()?;
        routes.check()?;
        for path in [&pages.sign_in, &pages.consent] {
            let plain = path.starts_with('/') && !path.starts_with("//") && !path.contains(['?', '#', '\\']);
            if !plain {
                return Err(ConfigError::Page(path.clone()));
            }
        }
        let ports = ports.scoped(url.as_str());
        let signing_keys = SigningKeys::new(ports.clone(), key_ring.clone(), url.as_str().to_owned(), &policy);
        Ok(Issuer { url, ports, accounts, signed_in, clients, key_ring, signing_keys, policy, routes, pages })
    }

    /// The issuer identifier.
    pub fn identifier(&self) -> &str {
        self.url.as_str()
    }

    /// The rules.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The keys that sign.
    pub fn signing_keys(&self) -> &SigningKeys {
        &self.signing_keys
    }

    /// Makes the signing keys that are missing. Call it at start, on every node: of several at once, one makes them.
    ///
    /// # Errors
    /// The faults of the store, [`Fault::Crypto`].
    pub async fn ensure_keys(&self) -> Result<(), Fault> {
        self.signing_keys.ensure(&self.policy.algorithms).await
    }

    /// Takes over a signing key from elsewhere, before [`Issuer::ensure_keys`]; see [`SigningKeys::import`].
    ///
    /// # Errors
    /// The faults of the store, [`Fault::Crypto`].
    pub async fn import_key(&self, key: &SigningKey) -> Result<Import, Fault> {
        self.signing_keys.import(key).await
    }

    /// Replaces the key of an algorithm; see [`crate::signing_keys`] for when each node and verifier follows.
    ///
    /// # Errors
    /// The faults of the store, [`Fault::Crypto`].
    pub async fn rotate_key(&self, algorithm: Algorithm, rotation: Rotation) -> Result<(), Fault> {
        self.signing_keys.rotate(algorithm, rotation).await
    }

    /// Registers a client in the issuer's own store. The secret, where one was made, is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`RegisterClientError`].
    pub async fn register_client(
        &self,
        client: NewClient,
    ) -> Result<(Client, Option<Secret>), Stopped<RegisterClientError>> {
        self.stored_clients().register(client).await
    }

    /// Registers a client in the issuer's own store, or makes the one that has its id like this; see
    /// [`StoredClients::declare`].
    ///
    /// # Errors
    /// [`RegisterClientError`].
    pub async fn declare_client(
        &self,
        client: NewClient,
    ) -> Result<(Client, Option<Secret>), Stopped<RegisterClientError>> {
        self.stored_clients().declare(client).await
    }

    /// The clients that are served, of the issuer's own store: for an operator to look through.
    ///
    /// # Errors
    /// The faults of the store.
    pub async fn active_clients(&self) -> Result<Vec<ListedClient>, Fault> {
        self.stored_clients().active().await
    }

    fn stored_clients(&self) -> StoredClients {
        StoredClients::within(self.ports.clone())
    }

    /// Serves a client of the issuer's own store, or refuses it from its next request on; see [`StoredClients::set_state`].
    ///
    /// # Errors
    /// The faults of the store.
    pub async fn set_client_state(&self, client_id: &str, state: ClientState) -> Result<bool, Fault> {
        self.stored_clients().set_state(client_id, state).await
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("issuer", &self.url.as_str()).finish_non_exhaustive()
    }
}
