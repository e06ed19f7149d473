//! The site: every library of Countersign, put together once. The constructor of each takes its ports in a struct
//! literal, so this file is also the list of what there is to decide.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_agent_auth::{AgentPolicy, AgentProvider, AgentProviderConfig, AutonomousPolicy, IntrospectionCallers};
use countersign_authn::{Authn, AuthnConfig, AuthnPolicy, CookieName, PasswordHasher, PasswordHasherConfig};
use countersign_oidc::{
    InteractionPages, Issuer, IssuerConfig, Policy, Resource, Rotation, RouteMap, ScopeDescription, StoredClients,
};
use countersign_pages::{Pages, PagesConfig, Site, TemplateSource, TemplatedErrorPage, Templates};
use countersign_postgres::{PostgresConfig, PostgresStore};
use countersign_sqlite::SqliteStore;
use countersign_storage::{
    Endpoints, Fault, KeyRing, Limit, MemoryStore, Ports, Store, StoreError, StoreThrottle, StoredAccounts,
    SystemClock, SystemRandom, TracingAudit,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use url::Url;

use crate::bank::{self, Bank};
use crate::clients;
use crate::settings::{Autonomous, Database, Settings};

/// A reference server without its socket.
pub struct Reference {
    site: Arc<Site>,
    issuer: Arc<Issuer>,
    ports: Ports,
}

/// Why a server does not start. None of it holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The agent provider refuses its configuration.
    #[error("agents: {0}")]
    Agents(countersign_agent_auth::ConfigError),
    /// A client of the file can not be registered.
    #[error("COUNTERSIGN_CLIENTS: the client {client_id:?}: {reason}")]
    Client {
        /// Which.
        client_id: String,
        /// Why.
        reason: String,
    },
    /// The database can not be used.
    #[error("COUNTERSIGN_DATABASE: {0}")]
    Database(String),
    /// The store failed while keys or clients were prepared.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The issuer refuses its configuration.
    #[error("COUNTERSIGN_ISSUER: {0}")]
    Issuer(#[from] countersign_oidc::ConfigError),
    /// Another part refuses its configuration.
    #[error("{part}: {reason}")]
    Part {
        /// Which.
        part: &'static str,
        /// Why.
        reason: String,
    },
}

impl Reference {
    /// Opens the database, prepares keys and clients, and mounts everything.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn build(settings: &Settings) -> Result<Self, StartError> {
        let ports = Ports {
            store: open(&settings.database).await?,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::default()),
            audit: Arc::new(TracingAudit),
        };
        let accounts = Arc::new(StoredAccounts::new(ports.clone()));
        let throttle = Arc::new(StoreThrottle::new(ports.clone()));
        let source = settings.templates.clone().map_or(TemplateSource::Embedded, TemplateSource::Override);
        let templates = Arc::new(Templates::new(&source, "AuthCo").map_err(part("COUNTERSIGN_TEMPLATES"))?);

        let hasher = PasswordHasher::new(PasswordHasherConfig::default()).map_err(part("password hashing"))?;
        let authn = Arc::new(Authn::new(AuthnConfig {
            ports: ports.clone(),
            accounts: accounts.clone(),
            throttle: throttle.clone(),
            hasher: Arc::new(hasher),
            cookie: CookieName::for_origin(&settings.origin()),
            policy: authn_policy(settings),
        }));

        let key_ring = KeyRing::new([(1, settings.secret.clone())]).map_err(part("COUNTERSIGN_SECRET"))?;
        let issuer = Arc::new(Issuer::new(IssuerConfig {
            issuer: settings.issuer.clone(),
            ports: ports.clone(),
            accounts: accounts.clone(),
            signed_in: authn.clone(),
            clients: Arc::new(StoredClients::new(ports.clone())),
            key_ring: Arc::new(key_ring),
            policy: issuer_policy(settings),
            routes: RouteMap::default(),
            pages: InteractionPages {
                sign_in: "/sign-in".to_owned(),
                consent: "/consent".to_owned(),
                error: Arc::new(TemplatedErrorPage::new(templates.clone())),
            },
        })?);
        issuer.ensure_keys().await?;
        for client in &settings.clients {
            clients::ensure(&issuer, client).await?;
        }

        let agents = Arc::new(
            AgentProvider::new(AgentProviderConfig {
                issuer: settings.issuer.clone(),
                provider_name: "AuthCo".to_owned(),
                description: "A very small bank, for demonstrations".to_owned(),
                verification_uri: format!("{}/device", settings.origin()),
                ports: ports.clone(),
                accounts: accounts.clone(),
                throttle,
                capabilities: bank::capabilities(),
                executor: Arc::new(Bank::default()),
                introspection_callers: IntrospectionCallers::Anyone(settings.times(Limit::new(60, MINUTE))),
                policy: agent_policy(settings),
            })
            .map_err(StartError::Agents)?,
        );

        let pages = Arc::new(
            Pages::new(PagesConfig {
                ports: ports.clone(),
                accounts,
                authn,
                issuer: issuer.clone(),
                agents: Some(agents.clone()),
                templates: templates.clone(),
                trusted_origins: Vec::new(),
            })
            .map_err(part("COUNTERSIGN_ISSUER"))?,
        );
        let mounted: Vec<Arc<dyn Endpoints>> = vec![issuer.clone(), agents, pages];
        Ok(Reference { site: Arc::new(Site::new(mounted, templates)), issuer, ports })
    }

    /// What answers requests.
    pub fn site(&self) -> Arc<Site> {
        Arc::clone(&self.site)
    }

    /// The line that tells whoever started the server that it listens.
    pub fn ready(&self, listening: SocketAddr) -> String {
        serde_json::json!({
            "ready": true, "issuer": self.issuer.identifier(), "listen": listening.to_string(),
        })
        .to_string()
    }

    /// Removes what has expired, and renews signing keys: those that are 30 days old, and all when the process gets
    /// SIGUSR1. Runs until it is dropped, on every node.
    pub async fn upkeep(&self) {
        let mut tick = interval(MINUTE);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut asked = signal(SignalKind::user_defined1()).ok();
        loop {
            let renewal = tokio::select! {
                _ = tick.tick() => Renewal::Old,
                () = received(&mut asked) => Renewal::All,
            };
            if let Err(fault) = self.renew_keys(renewal).await {
                tracing::warn!(%fault, "signing keys were not renewed");
            }
            match self.purge().await {
                Ok(0) => {}
                Ok(purged) => tracing::debug!(purged, "expired records removed"),
                Err(error) => tracing::warn!(%error, "expired records were not removed"),
            }
        }
    }

    async fn renew_keys(&self, renewal: Renewal) -> Result<(), Fault> {
        let now = self.ports.now();
        let keys = self.issuer.signing_keys().status().await?;
        for algorithm in &self.issuer.policy().algorithms {
            let newest = keys.iter().filter(|key| key.algorithm == *algorithm).map(|key| key.active_from).max();
            let due = newest.is_none_or(|active_from| now.since(active_from) > KEY_LIFE);
            if renewal == Renewal::All || due {
                self.issuer.rotate_key(*algorithm, Rotation::Scheduled).await?;
            }
        }
        // Forgets keys whose last token is dead.
        self.issuer.ensure_keys().await
    }

    async fn purge(&self) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let purged = self.ports.store.purge(self.ports.now(), PURGE_AT_ONCE).await?;
            all += purged;
            if purged < u64::from(PURGE_AT_ONCE) {
                return Ok(all);
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Renewal {
    Old,
    All,
}

/// Never returns where the signal can not be waited for.
async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
    let received = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if received.is_none() {
        std::future::pending::<()>().await;
    }
}

async fn open(database: &Database) -> Result<Arc<dyn Store>, StartError> {
    match database {
        Database::Memory => Ok(Arc::new(MemoryStore::new())),
        Database::Sqlite(path) => {
            let store = SqliteStore::open(path);
            Ok(Arc::new(store.map_err(|error| StartError::Database(error.to_string()))?))
        }
        Database::Postgres { url, schema } => {
            let mut config = PostgresConfig::new(url.clone());
            if let Some(schema) = schema {
                config.schema.clone_from(schema);
            }
            let store = PostgresStore::connect(config).await;
            Ok(Arc::new(store.map_err(|error| StartError::Database(error.to_string()))?))
        }
    }
}

fn authn_policy(settings: &Settings) -> AuthnPolicy {
    let policy = AuthnPolicy::default();
    AuthnPolicy {
        attempts_per_address: settings.times(policy.attempts_per_address),
        sign_ups_per_address: settings.times(policy.sign_ups_per_address),
        ..policy
    }
}

fn issuer_policy(settings: &Settings) -> Policy {
    let mut policy = Policy::default();
    policy.scopes.extend([
        ScopeDescription::new("notes:read", "Read your notes"),
        ScopeDescription::new("notes:write", "Write notes in your name"),
    ]);
    let mut resources: Vec<&str> = settings.clients.iter().flat_map(|client| client.all_resources()).collect();
    resources.sort_unstable();
    resources.dedup();
    policy.resources = resources
        .into_iter()
        .map(|resource| {
            let introspecting =
                settings.clients.iter().filter(|client| client.introspects.iter().any(|r| r == resource));
            let introspected_by = introspecting.map(|client| client.client_id.clone()).collect();
            Resource { introspected_by, ..Resource::new(resource, host_of(resource)) }
        })
        .collect();
    if let Some(lifetime) = settings.access_token_lifetime {
        policy.access_token_lifetime = lifetime;
    }
    if let Some(algorithm) = settings.access_token_algorithm {
        policy.access_token_algorithm = algorithm;
    }
    if let Some(lead) = settings.key_publication_lead {
        policy.key_publication_lead = lead;
        policy.key_refresh = lead / 4;
        policy.key_set_max_age = lead / 2;
    }
    policy
}

/// A resource's name for people: where it is. Its identifier says the rest.
fn host_of(resource: &str) -> String {
    let host = Url::parse(resource).ok().and_then(|url| {
        let host = url.host_str()?.to_owned();
        Some(url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}")))
    });
    host.unwrap_or_else(|| resource.to_owned())
}

fn agent_policy(settings: &Settings) -> AgentPolicy {
    let policy = AgentPolicy::default();
    AgentPolicy {
        autonomous: match settings.autonomous {
            Autonomous::Refused => AutonomousPolicy::Refused,
            Autonomous::ReadOnly => AutonomousPolicy::granted(bank::HARMLESS),
        },
        approval_interval: settings.approval_interval.unwrap_or(policy.approval_interval),
        unknown_hosts: settings.times(policy.unknown_hosts),
        calls: policy.calls.map(|calls| settings.times(calls)),
        ..policy
    }
}

fn part<E: std::fmt::Display>(part: &'static str) -> impl FnOnce(E) -> StartError {
    move |error| StartError::Part { part, reason: error.to_string() }
}

const MINUTE: Duration = Duration::from_secs(60);
const KEY_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const PURGE_AT_ONCE: u32 = 1_000;
