//! Settings, from environment variables. Whatever is missing or unusable stops the start and is named; no value is ever
//! repeated, because one of them is a secret.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use countersign_jose::Algorithm;
use countersign_oidc::Policy;
use countersign_storage::{KeyRing, KeyRingError, Limit, Secret};
use countersign_web::issuer_url::IssuerUrl;
use countersign_web::proxy::{ProxyHeader, TrustedProxies};
use url::Url;

use crate::client_file::{self, CLIENTS, ClientEntry};
pub use crate::settings_error::SettingsError;
use crate::settings_error::wrong;
use crate::unknown_setting::UnknownSetting;

/// Everything that a reference server is told from outside.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `COUNTERSIGN_ISSUER`: the issuer string, byte-exact. Default: `http://localhost:3000/api/auth`.
    pub issuer: String,
    /// `COUNTERSIGN_LISTEN`: where to listen. Default: `127.0.0.1:3000`.
    pub listen: SocketAddr,
    /// `COUNTERSIGN_SECRET`: seals private keys; at least 32 bytes. No default.
    pub secret: Secret,
    /// `COUNTERSIGN_SECRET_BEFORE`: the secret that was used before, while it is replaced. It opens what it sealed, and seals
    /// nothing any more. Default: none.
    pub secret_before: Option<Secret>,
    /// `COUNTERSIGN_DATABASE`: `memory:`, `sqlite:<path>` or `postgres://…`, the latter with `schema=<name>` in its query where
    /// the tables shall not be in the schema `countersign`. Default: `sqlite:countersign.db`.
    pub database: Database,
    /// `COUNTERSIGN_CLIENTS`: a JSON file of clients, see [`ClientEntry`]. Default: no clients.
    pub clients: Vec<ClientEntry>,
    /// `COUNTERSIGN_AUTONOMOUS`: `1` lets agents that act for nobody ping and read balances. Default: `0`.
    pub autonomous: Autonomous,
    /// `COUNTERSIGN_ACCESS_TOKEN_SECONDS`: how long access tokens live, 1 to 3600. Default: the issuer's own.
    pub access_token_lifetime: Option<Duration>,
    /// `COUNTERSIGN_ACCESS_TOKEN_ALG`: what access tokens are signed with, `EdDSA`, `ES256` or `RS256`. Default: the
    /// issuer's own.
    pub access_token_algorithm: Option<Algorithm>,
    /// `COUNTERSIGN_KEY_LEAD_SECONDS`: how long a new signing key is published before it signs, 4 to 86400. Default: the
    /// issuer's own.
    pub key_publication_lead: Option<Duration>,
    /// `COUNTERSIGN_APPROVAL_INTERVAL_SECONDS`: how long agents wait between two polls, 1 to 60. Default: 5.
    pub approval_interval: Option<Duration>,
    /// `COUNTERSIGN_LIMITS_TIMES`: multiplies every limit per address, agent, or person at a client, 1 to 1000000, for load tests and for many
    /// people behind one address. Default: 1.
    pub limits_times: u32,
    /// `COUNTERSIGN_TRUSTED_PROXIES`: the addresses and networks of the proxies in front, with commas between them, and
    /// `COUNTERSIGN_PROXY_HEADER`: where they write whom they heard a request from, `x-forwarded-for` or `forwarded`.
    /// Default: none, and the header is not read.
    pub proxies: TrustedProxies,
    /// `COUNTERSIGN_TEMPLATES`: a folder of page templates that replace the embedded ones. Default: none.
    pub templates: Option<PathBuf>,
    /// What the environment has that looks like a setting and is none: the server says so at its start.
    pub unknown: Vec<UnknownSetting>,
}

/// Where records are kept.
#[derive(Clone, Debug)]
pub enum Database {
    /// In this process, gone with it.
    Memory,
    /// In a file.
    Sqlite(PathBuf),
    /// In PostgreSQL.
    Postgres {
        /// Where. It holds a password, so it is a secret.
        url: Secret,
        /// The schema of the tables; `None` for the default.
        schema: Option<String>,
    },
}

/// Whether agents may act for nobody in particular.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Autonomous {
    /// They are refused.
    Refused,
    /// They get the capabilities that move nothing.
    ReadOnly,
}

impl Settings {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// [`SettingsError`] for the first setting that is missing or unusable.
    pub fn from_env() -> Result<Self, SettingsError> {
        let asked = RefCell::new(BTreeSet::new());
        let read = Self::from_lookup(&|name| {
            asked.borrow_mut().insert(name);
            match std::env::var(name) {
                Ok(value) => Ok(Some(value)),
                Err(std::env::VarError::NotPresent) => Ok(None),
                Err(std::env::VarError::NotUnicode(_)) => Err("it is not Unicode"),
            }
        })?;
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        Ok(Settings { unknown: UnknownSetting::among(names, &asked.into_inner()), ..read })
    }

    /// Reads settings by name. An empty value counts as absent.
    ///
    /// # Errors
    /// As [`Settings::from_env`].
    pub fn from_lookup(
        lookup: &dyn Fn(&'static str) -> Result<Option<String>, &'static str>,
    ) -> Result<Self, SettingsError> {
        let read = |name: &'static str| match lookup(name) {
            Ok(value) => Ok(value.filter(|value| !value.is_empty())),
            Err(reason) => Err(wrong(name, reason)),
        };
        let or = |name: &'static str, default: &str| Ok(read(name)?.unwrap_or_else(|| default.to_owned()));
        let number = |name: &'static str, range| read(name)?.map(|text| number(name, &text, range)).transpose();
        let seconds = |name, range| Ok(number(name, range)?.map(|number| Duration::from_secs(number.into())));
        Ok(Settings {
            secret: secret(SECRET, read(SECRET)?)?,
            secret_before: read(SECRET_BEFORE)?.map(|value| secret(SECRET_BEFORE, Some(value))).transpose()?,
            issuer: issuer(or(ISSUER, "http://localhost:3000/api/auth")?)?,
            listen: listen(&or(LISTEN, "127.0.0.1:3000")?)?,
            database: database(&or(DATABASE, "sqlite:countersign.db")?)?,
            clients: read(CLIENTS)?.map(|path| client_file::read(path.as_ref())).transpose()?.unwrap_or_default(),
            autonomous: autonomous(&or(AUTONOMOUS, "0")?)?,
            access_token_lifetime: seconds(ACCESS_TOKEN_SECONDS, 1..=3_600)?,
            access_token_algorithm: read(ACCESS_TOKEN_ALG)?.map(|name| algorithm(&name)).transpose()?,
            key_publication_lead: seconds(KEY_LEAD_SECONDS, 4..=86_400)?,
            approval_interval: seconds(APPROVAL_INTERVAL_SECONDS, 1..=60)?,
            limits_times: number(LIMITS_TIMES, 1..=1_000_000)?.unwrap_or(1),
            proxies: proxies(&or(TRUSTED_PROXIES, "")?, &or(PROXY_HEADER, "x-forwarded-for")?)?,
            templates: read(TEMPLATES)?.map(PathBuf::from),
            unknown: Vec::new(),
        })
    }

    /// Scheme, host and port of the issuer: where the pages live.
    pub fn origin(&self) -> String {
        IssuerUrl::parse(&self.issuer).map(|url| url.origin().to_owned()).unwrap_or_default()
    }

    /// A limit, so many times.
    pub(crate) fn times(&self, limit: Limit) -> Limit {
        Limit::new(limit.attempts.saturating_mul(self.limits_times), limit.window)
    }
}

fn secret(name: &'static str, value: Option<String>) -> Result<Secret, SettingsError> {
    let least = KeyRing::SECRET_BYTES;
    let value = value.ok_or_else(|| wrong(name, format!("it is missing; {least} random bytes or more are needed")))?;
    let secret = Secret::new(value);
    match KeyRing::judge(&secret) {
        Err(KeyRingError::TooShort { found, .. }) => {
            Err(wrong(name, format!("it is too short: {found} bytes, {least} or more are needed")))
        }
        Err(_) => Err(wrong(name, GUESSABLE)),
        Ok(()) if is_example(&secret) => Err(wrong(name, GUESSABLE)),
        Ok(()) => Ok(secret),
    }
}

/// What stands in examples and templates is known to everybody who reads them.
fn is_example(secret: &Secret) -> bool {
    let text = Secret::new(secret.expose().to_ascii_lowercase().replace(['-', '_', ' ', '.'], ""));
    const WORDS: [&str; 8] =
        ["changeme", "changethis", "correcthorse", "example", "insecure", "placeholder", "replaceme", "yoursecret"];
    WORDS.iter().any(|word| text.expose().contains(word))
}

fn issuer(value: String) -> Result<String, SettingsError> {
    IssuerUrl::parse(&value).map_err(|error| wrong(ISSUER, error.to_string()))?;
    Ok(value)
}

fn listen(value: &str) -> Result<SocketAddr, SettingsError> {
    value.parse().map_err(|_| wrong(LISTEN, "it is not an IP address and a port, like 127.0.0.1:3000"))
}

fn database(value: &str) -> Result<Database, SettingsError> {
    const REASON: &str = "it is not memory:, sqlite:<path> or a postgres:// URL";
    match value.split_once(':') {
        Some(("memory", "")) => Ok(Database::Memory),
        Some(("sqlite", path)) if !path.is_empty() && !path.contains('?') => Ok(Database::Sqlite(PathBuf::from(path))),
        Some(("postgres" | "postgresql", _)) => postgres(value).ok_or_else(|| wrong(DATABASE, REASON)),
        _ => Err(wrong(DATABASE, REASON)),
    }
}

/// `schema` is ours; the rest of the query is for the database's driver.
fn postgres(value: &str) -> Option<Database> {
    let mut url = Url::parse(value).ok().filter(Url::has_authority)?;
    let (ours, rest): (Vec<_>, Vec<_>) = url.query_pairs().into_owned().partition(|(name, _)| name == "schema");
    url.set_query(None);
    if !rest.is_empty() {
        url.query_pairs_mut().extend_pairs(rest);
    }
    let schema = ours.into_iter().next().map(|(_, schema)| schema);
    Some(Database::Postgres { url: Secret::new(url), schema })
}

fn proxies(list: &str, header: &str) -> Result<TrustedProxies, SettingsError> {
    let header = match header.to_ascii_lowercase().as_str() {
        "forwarded" => ProxyHeader::Forwarded,
        "x-forwarded-for" => ProxyHeader::XForwardedFor,
        _ => return Err(wrong(PROXY_HEADER, "it is neither forwarded nor x-forwarded-for")),
    };
    TrustedProxies::parse(list, header).map_err(|error| wrong(TRUSTED_PROXIES, error.to_string()))
}

fn autonomous(value: &str) -> Result<Autonomous, SettingsError> {
    match value {
        "0" => Ok(Autonomous::Refused),
        "1" => Ok(Autonomous::ReadOnly),
        _ => Err(wrong(AUTONOMOUS, "it is neither 0 nor 1")),
    }
}

fn algorithm(value: &str) -> Result<Algorithm, SettingsError> {
    let known = value.parse().ok().filter(|known| Policy::default().algorithms.contains(known));
    known.ok_or_else(|| wrong(ACCESS_TOKEN_ALG, "it is neither EdDSA nor ES256 nor RS256"))
}

fn number(name: &'static str, value: &str, range: RangeInclusive<u32>) -> Result<u32, SettingsError> {
    let number = value.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| wrong(name, format!("it is not a whole number from {} to {}", range.start(), range.end())))
}

const ACCESS_TOKEN_ALG: &str = "COUNTERSIGN_ACCESS_TOKEN_ALG";
const ACCESS_TOKEN_SECONDS: &str = "COUNTERSIGN_ACCESS_TOKEN_SECONDS";
const APPROVAL_INTERVAL_SECONDS: &str = "COUNTERSIGN_APPROVAL_INTERVAL_SECONDS";
const AUTONOMOUS: &str = "COUNTERSIGN_AUTONOMOUS";
const DATABASE: &str = "COUNTERSIGN_DATABASE";
const ISSUER: &str = "COUNTERSIGN_ISSUER";
const KEY_LEAD_SECONDS: &str = "COUNTERSIGN_KEY_LEAD_SECONDS";
const LIMITS_TIMES: &str = "COUNTERSIGN_LIMITS_TIMES";
const LISTEN: &str = "COUNTERSIGN_LISTEN";
const PROXY_HEADER: &str = "COUNTERSIGN_PROXY_HEADER";
const SECRET: &str = "COUNTERSIGN_SECRET";
const SECRET_BEFORE: &str = "COUNTERSIGN_SECRET_BEFORE";
const GUESSABLE: &str = "it can be guessed: it must be random, such as what `openssl rand -base64 32` prints";
const TEMPLATES: &str = "COUNTERSIGN_TEMPLATES";
const TRUSTED_PROXIES: &str = "COUNTERSIGN_TRUSTED_PROXIES";

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD_SECRET: &str = "Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go";

    fn with(changes: &[(&'static str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_lookup(&|name| {
            let changed = changes.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            Ok(changed.or_else(|| (name == SECRET).then(|| GOOD_SECRET.to_owned())))
        })
    }

    /// Every setting that is read.
    fn known() -> BTreeSet<&'static str> {
        let names = RefCell::new(BTreeSet::new());
        let read = Settings::from_lookup(&|name| {
            names.borrow_mut().insert(name);
            Ok((name == SECRET).then(|| GOOD_SECRET.to_owned()))
        });
        assert!(read.is_ok());
        names.into_inner()
    }

    #[test]
    fn the_readme_names_every_setting_and_no_other() {
        let readme = include_str!("../../../README.md");
        let rows = readme.lines().filter_map(|line| line.strip_prefix("| `COUNTERSIGN_")?.split_once('`'));
        let rows: BTreeSet<String> = rows.map(|(name, _)| format!("COUNTERSIGN_{name}")).collect();
        assert_eq!(rows, known().into_iter().map(str::to_owned).collect());
    }

    #[test]
    fn a_secret_alone_is_enough() {
        let settings = with(&[]).unwrap();
        assert_eq!(settings.issuer, "http://localhost:3000/api/auth");
        assert_eq!(settings.origin(), "http://localhost:3000");
        assert_eq!(settings.listen.to_string(), "127.0.0.1:3000");
        assert!(matches!(settings.database, Database::Sqlite(path) if path.as_os_str() == "countersign.db"));
        assert_eq!(settings.autonomous, Autonomous::Refused);
        assert_eq!((settings.clients.len(), settings.access_token_lifetime, settings.limits_times), (0, None, 1));
    }

    #[test]
    fn an_unusable_setting_is_named_and_its_value_is_not_repeated() {
        let short = "only-thirty-one-bytes-of-secret";
        assert_eq!(short.len(), KeyRing::SECRET_BYTES - 1);
        let rows: &[(&'static str, &str)] = &[
            (SECRET, ""),
            (SECRET, short),
            (SECRET, "hunter2hunter2hunter2hunter2hunter2"),
            (SECRET, "hunter2-correct-horse-battery-staple-0123"),
            (SECRET, "please-CHANGE_ME-hunter2-before-production"),
            (SECRET, "0123456789hunter2abcdefghijklmnopqrstuvwxyz"),
            (SECRET_BEFORE, short),
            (SECRET_BEFORE, "hunter2hunter2hunter2hunter2hunter2"),
            (ISSUER, "hunter2:3000"),
            (ISSUER, "ftp://hunter2.test"),
            (ISSUER, "http://"),
            (LISTEN, "hunter2:3000"),
            (LISTEN, "127.0.0.1"),
            (LISTEN, "127.0.0.1:99999"),
            (DATABASE, "memory"),
            (DATABASE, "memory:hunter2"),
            (DATABASE, "sqlite:"),
            (DATABASE, "sqlite:hunter2.db?mode=ro"),
            (DATABASE, "postgres:db:hunter2"),
            (DATABASE, "mysql://db:hunter2@localhost/db"),
            (AUTONOMOUS, "hunter2"),
            (ACCESS_TOKEN_ALG, "HS256"),
            (ACCESS_TOKEN_SECONDS, "0"),
            (ACCESS_TOKEN_SECONDS, "3601"),
            (ACCESS_TOKEN_SECONDS, "1.5"),
            (KEY_LEAD_SECONDS, "3"),
            (APPROVAL_INTERVAL_SECONDS, "-1"),
            (LIMITS_TIMES, "0"),
            (LIMITS_TIMES, "1000001"),
            (CLIENTS, "/nonexistent/hunter2.json"),
            (TRUSTED_PROXIES, "hunter2.test"),
            (PROXY_HEADER, "hunter2"),
        ];
        // Every setting is in the table, but for the one of which any value is a folder.
        for name in known() {
            assert!(name == TEMPLATES || rows.iter().any(|(row, _)| *row == name), "{name} has no row");
        }
        for (name, value) in rows {
            let error = with(&[(name, value)]).unwrap_err();
            assert_eq!(error.name, *name, "{value}");
            let text = format!("{error} {error:?}");
            assert!(text.contains(name), "{text}");
            assert!(!text.contains(short) && !text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn what_is_not_unicode_is_named_too() {
        let error = Settings::from_lookup(&|_| Err("it is not Unicode")).unwrap_err();
        assert_eq!(error.to_string(), "COUNTERSIGN_SECRET: it is not Unicode");
    }

    #[test]
    fn each_database_is_chosen_by_its_scheme() {
        assert!(matches!(with(&[(DATABASE, "memory:")]).unwrap().database, Database::Memory));
        let sqlite = with(&[(DATABASE, "sqlite:/tmp/a.db")]).unwrap().database;
        assert!(matches!(sqlite, Database::Sqlite(path) if path.as_os_str() == "/tmp/a.db"));
        let rows = [
            ("postgresql://127.0.0.1/db", "postgresql://127.0.0.1/db", None),
            ("postgres://me:hunter2@[::1]/db?schema=a", "postgres://me:hunter2@[::1]/db", Some("a")),
            ("postgres://db/db?sslmode=require&schema=a", "postgres://db/db?sslmode=require", Some("a")),
        ];
        for (value, expected, named) in rows {
            let database = with(&[(DATABASE, value)]).unwrap().database;
            let Database::Postgres { url, schema } = database else { panic!("{database:?}") };
            assert_eq!((url.expose(), schema.as_deref()), (expected, named));
        }
    }

    #[test]
    fn printing_the_settings_shows_no_secret() {
        let settings = with(&[(DATABASE, "postgres://me:hunter2@127.0.0.1/db")]).unwrap();
        let text = format!("{settings:?}");
        assert!(!text.contains(GOOD_SECRET) && !text.contains("hunter2"), "{text}");
    }
}
