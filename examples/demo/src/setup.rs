//! What the parts of the demo are told: addresses, secrets, clients. Secrets are made at the first start and kept in files
//! that only their owner can read.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use countersign_storage::{Secret, SystemRandom};
use serde_json::{Value, json};

use crate::options::Part;

/// Where everything is.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// Secrets, clients and, unless told otherwise, the database.
    pub(crate) folder: PathBuf,
    /// AuthCo, as browsers see it: a host name of its own keeps its cookies from the other two, which differ by port
    /// alone.
    pub(crate) authco: u16,
    /// Notes.
    pub(crate) notes: u16,
    /// The resource server.
    pub(crate) resource: u16,
    /// AuthCo's database.
    pub(crate) database: String,
}

impl Setup {
    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}", self.authco)
    }

    pub(crate) fn issuer(&self) -> String {
        format!("{}/api/auth", self.origin())
    }

    pub(crate) fn notes_origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.notes)
    }

    pub(crate) fn resource_identifier(&self) -> String {
        format!("http://127.0.0.1:{}", self.resource)
    }

    /// The environment of a part.
    pub(crate) fn settings(&self, part: Part) -> Result<Vec<(&'static str, String)>, String> {
        Ok(match part {
            Part::AuthCo(_) => vec![
                ("COUNTERSIGN_ISSUER", self.issuer()),
                ("COUNTERSIGN_LISTEN", format!("127.0.0.1:{}", self.authco)),
                ("COUNTERSIGN_SECRET", secret(&self.folder.join("authco-secret"))?.expose().to_owned()),
                ("COUNTERSIGN_DATABASE", self.database.clone()),
                ("COUNTERSIGN_CLIENTS", self.folder.join("clients.json").display().to_string()),
                ("COUNTERSIGN_APPROVAL_INTERVAL_SECONDS", "1".to_owned()),
            ],
            Part::Notes => vec![
                ("NOTES_ISSUER", self.issuer()),
                ("NOTES_CLIENT_ID", "notes".to_owned()),
                ("NOTES_CLIENT_SECRET", self.notes_secret()?.expose().to_owned()),
                ("NOTES_ORIGIN", self.notes_origin()),
                ("NOTES_RESOURCE", self.resource_identifier()),
                ("NOTES_LISTEN", format!("127.0.0.1:{}", self.notes)),
            ],
            Part::ResourceServer => vec![
                ("RESOURCE_ISSUER", self.issuer()),
                ("RESOURCE_IDENTIFIER", self.resource_identifier()),
                ("RESOURCE_LISTEN", format!("127.0.0.1:{}", self.resource)),
            ],
        })
    }

    /// What AuthCo is told about Notes.
    pub(crate) fn notes_client(&self) -> Result<Value, String> {
        Ok(json!({
            "client_id": "notes",
            "client_secret": self.notes_secret()?.expose(),
            "client_name": "Notes",
            "client_uri": self.notes_origin(),
            "redirect_uris": [format!("{}/callback", self.notes_origin())],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": countersign_notes::sign_in::SCOPE,
            "resource": self.resource_identifier(),
        }))
    }

    /// Writes the clients file anew; only secrets outlive a start.
    pub(crate) fn write_clients(&self, clients: &[Value]) -> Result<(), String> {
        let path = self.folder.join("clients.json");
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(unusable(&path, &error)),
            _ => write_private(&path, &Value::from(clients).to_string()).map_err(|error| unusable(&path, &error)),
        }
    }

    fn notes_secret(&self) -> Result<Secret, String> {
        secret(&self.folder.join("notes-client-secret"))
    }
}

/// Makes a folder that only its owner can enter.
pub(crate) fn private_folder(path: &Path) -> Result<(), String> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| unusable(path, &error))
}

/// Makes an empty file that only its owner can open, unless it is there.
pub(crate) fn private_file(path: &Path) -> Result<(), String> {
    match write_private(path, "") {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(unusable(path, &error)),
        _ => Ok(()),
    }
}

/// The secret in a file, which is made if it is not there.
pub(crate) fn secret(path: &Path) -> Result<Secret, String> {
    let fresh = Secret::generate(&SystemRandom::default());
    match write_private(path, fresh.expose()) {
        Ok(()) => Ok(fresh),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::read_to_string(path).map(|text| Secret::new(text.trim())).map_err(|error| unusable(path, &error))
        }
        Err(error) => Err(unusable(path, &error)),
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

fn unusable(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
