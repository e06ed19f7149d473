//! The site: every library of Countersign, put together once. The constructor of each takes its ports in a struct
//! literal, so this file is also the list of what there is to decide.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_agent_auth::{AgentProvider, AgentProviderConfig, IntrospectionCallers};
use countersign_authn::{Authn, AuthnConfig, PasswordHasher, PasswordHasherConfig, session_cookie};
use countersign_oidc::{InteractionPages, Issuer, IssuerConfig, RouteMap, StoredClients};
use countersign_pages::{Pages, PagesConfig, Site, TemplateSource, TemplatedErrorPage, Templates};
use countersign_postgres::{PostgresConfig, PostgresStore};
use countersign_sqlite::SqliteStore;
use countersign_storage::{
    Endpoints, Fault, KeyRing, Limit, MemoryStore, Ports, Store, StoreThrottle, StoredAccounts, SystemClock,
    SystemRandom, TracingAudit,
};

use crate::bank::{self, Bank};
use crate::front::Work;
use crate::settings::{Database, Settings};
use crate::start_error::StartError;
use crate::{clients, policy};

/// A reference server without its socket.
pub struct Reference {
    work: Work,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) ports: Ports,
}

impl Reference {
    /// Opens the database, prepares keys and clients, and mounts everything.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn build(settings: &Settings) -> Result<Self, StartError> {
        for unknown in &settings.unknown {
            tracing::warn!("{unknown}");
        }
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

        let found = KeyRing::of_store(&ports, &settings.secret, settings.secret_before.as_ref()).await;
        let key_ring = Arc::new(found.map_err(StartError::of_key_ring)?);
        let hasher = PasswordHasher::new(PasswordHasherConfig::default()).map_err(part("password hashing"))?;
        let authn = Arc::new(Authn::new(AuthnConfig {
            ports: ports.clone(),
            accounts: accounts.clone(),
            throttle: throttle.clone(),
            hasher: Arc::new(hasher),
            cookie: session_cookie(&settings.origin()),
            key_ring: key_ring.clone(),
            policy: policy::authn(settings),
        }));

        let issuer = Arc::new(Issuer::new(IssuerConfig {
            issuer: settings.issuer.clone(),
            ports: ports.clone(),
            accounts: accounts.clone(),
            signed_in: authn.clone(),
            clients: Arc::new(StoredClients::new(&ports, &settings.issuer)),
            key_ring: key_ring.clone(),
            policy: policy::issuer(settings),
            routes: RouteMap::default(),
            pages: InteractionPages {
                sign_in: "/sign-in".to_owned(),
                consent: "/consent".to_owned(),
                error: Arc::new(TemplatedErrorPage::new(templates.clone())),
            },
        })?);
        // It opens the signing keys that there are.
        issuer.ensure_keys().await.map_err(|fault| match fault {
            Fault::Crypto(_) => StartError::OtherSecret,
            fault => StartError::Fault(fault),
        })?;
        key_ring.leave_check(&ports).await?;
        for client in &settings.clients {
            clients::ensure(&issuer, client).await?;
        }
        clients::warn_of_others(&issuer, &settings.clients).await?;

        let agents = Arc::new(
            AgentProvider::new(AgentProviderConfig {
                issuer: settings.issuer.clone(),
                provider_name: "AuthCo".to_owned(),
                description: "A very small bank, for demonstrations".to_owned(),
                verification_uri: format!("{}/device", settings.origin()),
                ports: ports.clone(),
                accounts: accounts.clone(),
                signed_in: authn.clone(),
                throttle,
                capabilities: bank::capabilities(),
                executor: Arc::new(Bank::default()),
                introspection_callers: IntrospectionCallers::Anyone(
                    settings.times(Limit::new(60, Duration::from_secs(60))),
                ),
                policy: policy::agents(settings),
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
        let site = Arc::new(Site::new(mounted, templates));
        let work = Work::new(site, settings.proxies.clone(), settings.limits_times);
        Ok(Reference { work, issuer, ports })
    }

    /// What answers requests.
    pub fn work(&self) -> Work {
        self.work.clone()
    }

    /// The line that tells whoever started the server that it listens.
    pub fn ready(&self, listening: SocketAddr) -> String {
        serde_json::json!({
            "ready": true, "issuer": self.issuer.identifier(), "listen": listening.to_string(),
        })
        .to_string()
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

fn part<E: std::fmt::Display>(part: &'static str) -> impl FnOnce(E) -> StartError {
    move |error| StartError::Part { part, reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use countersign_storage::{Batch, Change, Key, Kind, Version};
    use pollster::block_on;

    use super::*;

    fn settings(database: &std::path::Path, secret: &str) -> Settings {
        let database = format!("sqlite:{}", database.display());
        Settings::from_lookup(&|name| {
            Ok(match name {
                "COUNTERSIGN_SECRET" => Some(secret.to_owned()),
                "COUNTERSIGN_DATABASE" => Some(database.clone()),
                _ => None,
            })
        })
        .unwrap()
    }

    #[test]
    fn a_changed_secret_is_told_by_the_name_of_its_setting() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("issuer.db");
        let (own, other) = ("Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go", "oG9aCeU5dLjM0pXsH6bRfT1wYq8Nv3kZ");
        let start = |secret| block_on(Reference::build(&settings(&database, secret))).map(drop);
        let told = |outcome: Result<(), StartError>| outcome.unwrap_err().to_string();
        let words = StartError::OtherSecret.to_string();
        assert!(words.contains("is COUNTERSIGN_SECRET, or COUNTERSIGN_SECRET_BEFORE"), "{words}");
        start(own).unwrap();
        start(own).unwrap();
        assert_eq!(told(start(other)), words);

        // A database from before there was a value to compare with.
        let store = SqliteStore::open(&database).unwrap();
        let key = Key { kind: Kind::new("key_ring_check"), id: "1".to_owned() };
        let version = block_on(store.load(std::slice::from_ref(&key))).unwrap().remove(0).unwrap().version;
        let changes = vec![Change::Delete { key, version }];
        block_on(store.commit(Batch { version: Version::from_i64(1), guards: Vec::new(), changes })).unwrap();
        assert_eq!(told(start(other)), words);
        start(own).unwrap();
    }
}
