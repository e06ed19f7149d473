//! Where clients come from.

use std::convert::Infallible;

use async_trait::async_trait;
use countersign_storage::{
    At, Changes, Decision, Fault, Moment, Operation, Ports, Reader, Record, Secret, Stopped, Stored,
};

use crate::client::client_id::is_client_id;
use crate::client::register::{NewClient, RegisterClientError};
use crate::client::{Client, ClientState, by_state};
use crate::outline::ClientOutline;

/// Says what is known of a client.
///
/// # Security
/// Codes go to the redirect URIs that this names, and whoever shows a secret that this lists is believed to be the
/// client. It is asked on every request, so that a suspended client is refused at its next one: do not cache here.
#[async_trait]
pub trait ClientSource: Send + Sync {
    /// The client with this id, suspended or not.
    ///
    /// # Errors
    /// [`Fault::Unavailable`]. Never answered as "unknown".
    async fn client(&self, client_id: &str) -> Result<Option<Client>, Fault>;

    /// Where the client is a record in the issuer's own store: its name there, so that an operation reads and guards it
    /// in the round trip that it makes anyway. `None`, the default, means: ask [`ClientSource::client`].
    fn record(&self, client_id: &str) -> Option<At<Client>> {
        let _ = client_id;
        None
    }
}

/// A client in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedClient {
    /// Its unique name.
    pub client_id: String,
    /// What is known of it. `None` where a newer version of the software wrote it: here it is not used, but it can be suspended.
    pub client: Option<Client>,
}

impl ListedClient {
    fn of(outline: Stored<ClientOutline>) -> Result<Self, Fault> {
        let client = outline.read_as::<Client>()?.map(|client| client.record);
        Ok(ListedClient { client_id: outline.record.client_id, client })
    }
}

/// Clients registered by the operator, as records in the store.
#[derive(Clone, Debug)]
pub struct StoredClients {
    ports: Ports,
}

impl StoredClients {
    /// The clients of this issuer, over the ports that its [`crate::IssuerConfig`] gets.
    pub fn new(ports: &Ports, issuer: &str) -> Self {
        StoredClients { ports: ports.scoped(issuer) }
    }

    /// Over ports that are in the issuer's scope already.
    pub(crate) fn within(ports: Ports) -> Self {
        StoredClients { ports }
    }

    /// The clients that are served.
    pub(crate) async fn active(&self) -> Result<Vec<ListedClient>, Fault> {
        let found = self.ports.reader().find_all(&by_state(ClientState::Active.as_str())).await?;
        found.into_iter().map(ListedClient::of).collect()
    }

    /// Registers a client. The secret, where it has one that was made here, is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`RegisterClientError`]: what is asked for is not allowed, or the id is taken.
    pub async fn register(&self, client: NewClient) -> Result<(Client, Option<Secret>), Stopped<RegisterClientError>> {
        let client = client.check()?;
        self.ports.perform(&Register { client }).await
    }

    /// Registers a client, or makes the one that has its id like this: for clients that are declared in a configuration
    /// file and read again at each start. Whether it is suspended stays as it is, and so does a secret that was made here:
    /// it is in the answer the first time alone. With nothing to change, nothing is written. A person who consented is asked again where [`Client::fingerprint`] changes.
    ///
    /// # Errors
    /// As [`StoredClients::register`], but that an id cannot be taken.
    pub async fn declare(&self, client: NewClient) -> Result<(Client, Option<Secret>), Stopped<RegisterClientError>> {
        let client = client.check()?;
        Ok(self.ports.perform(&Declare { client }).await.map_err(Fault::from)?)
    }

    /// Serves a client, or refuses it from its next request on, also where a newer version of the software wrote it. Whether
    /// there is such a client.
    ///
    /// # Errors
    /// [`Fault::Newer`] where a client is to be served and a newer version wrote it; [`Fault::Unavailable`].
    pub async fn set_state(&self, client_id: &str, state: ClientState) -> Result<bool, Fault> {
        if !is_client_id(client_id) {
            return Ok(false);
        }
        Ok(self.ports.perform(&SetState { client_id, state }).await?)
    }
}

#[async_trait]
impl ClientSource for StoredClients {
    async fn client(&self, client_id: &str) -> Result<Option<Client>, Fault> {
        match self.record(client_id) {
            Some(at) => Ok(self.ports.reader().load(at).await?.map(|stored| stored.record)),
            None => Ok(None),
        }
    }

    fn record(&self, client_id: &str) -> Option<At<Client>> {
        is_client_id(client_id).then(|| Client::at(client_id))
    }
}

struct Register {
    client: NewClient,
}

#[async_trait]
impl Operation for Register {
    type Loaded = Option<Stored<Client>>;
    type Granted = (Client, Option<Secret>);
    type Refusal = RegisterClientError;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        match &self.client.client_id {
            Some(client_id) => reader.load(Client::at(client_id)).await,
            None => Ok(None),
        }
    }

    fn decide(&self, known: Self::Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, Self::Refusal> {
        if known.is_some() {
            return Decision::refuse(RegisterClientError::ClientIdTaken);
        }
        let (client, secret) = self.client.clone().into_client(moment);
        let mut changes = Changes::none();
        changes.insert(&client);
        Decision::grant((client, secret)).changing(changes)
    }
}

struct Declare {
    client: NewClient,
}

#[async_trait]
impl Operation for Declare {
    type Loaded = Option<Stored<Client>>;
    type Granted = (Client, Option<Secret>);
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        match &self.client.client_id {
            Some(client_id) => reader.load(Client::at(client_id)).await,
            None => Ok(None),
        }
    }

    fn decide(&self, known: Self::Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, Self::Refusal> {
        let (mut client, mut secret) = self.client.clone().into_client(moment);
        let mut changes = Changes::none();
        match known {
            None => {
                changes.insert(&client);
            }
            Some(known) => {
                // Whoever holds the secret that was made the first time would be shut out by another.
                if secret.is_some() && known.token_endpoint_auth_method == client.token_endpoint_auth_method {
                    client.secrets = known.secrets.clone();
                    secret = None;
                }
                client =
                    Client { state: known.state, created_at: known.created_at, updated_at: known.updated_at, ..client };
                if client == known.record {
                    return Decision::grant((client, secret));
                }
                client.updated_at = moment.now;
                changes.replace(&known.with(client.clone()));
            }
        }
        Decision::grant((client, secret)).changing(changes)
    }
}

struct SetState<'a> {
    client_id: &'a str,
    state: ClientState,
}

#[async_trait]
impl Operation for SetState<'_> {
    type Loaded = Option<Stored<ClientOutline>>;
    type Granted = bool;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let Some(client) = reader.load(ClientOutline::at(self.client_id)).await? else { return Ok(None) };
        // Why a newer version does not serve it cannot be told here.
        if self.state == ClientState::Active && client.read_as::<Client>()?.is_none() {
            return Err(Fault::Newer { kind: Client::KIND.as_str() });
        }
        Ok(Some(client))
    }

    fn decide(&self, client: Self::Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, Self::Refusal> {
        let Some(mut client) = client else { return Decision::grant(false) };
        if client.is(self.state) {
            return Decision::grant(true);
        }
        client.record.become_at(self.state, moment.now);
        let mut changes = Changes::none();
        changes.replace(&client);
        Decision::grant(true).changing(changes)
    }
}
