//! The clients that the operator knows by name: a JSON file, with the member names of [RFC 7591 §2].
//!
//! [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2

use std::path::Path;

use countersign_jose::Algorithm;
use countersign_oidc::client::{ApplicationType, ClientCredential, GrantTypeName, SecretMethod};
use countersign_oidc::{NewClient, Scopes};
use countersign_storage::Secret;
use serde::Deserialize;

use crate::settings_error::{self, SettingsError};

/// The setting that names the file.
pub(crate) const CLIENTS: &str = "COUNTERSIGN_CLIENTS";

/// One client of the file. A member that is not listed here is refused, so that a misspelt one is not overlooked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientEntry {
    /// Its name on the wire.
    pub client_id: String,
    /// Its secret, for a confidential client. Only its hash is stored.
    pub client_secret: Option<Secret>,
    /// Its name for people.
    pub client_name: Option<String>,
    /// Its home page.
    pub client_uri: Option<String>,
    /// Where it may be answered.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// `authorization_code`, `refresh_token`, `client_credentials`.
    #[serde(default = "authorization_code")]
    pub grant_types: Vec<String>,
    /// Only `code` exists here.
    #[serde(default = "code")]
    pub response_types: Vec<String>,
    /// `web` or `native`.
    #[serde(default = "web")]
    pub application_type: String,
    /// `client_secret_basic`, `client_secret_post` or `none`.
    #[serde(default = "client_secret_basic")]
    pub token_endpoint_auth_method: String,
    /// The scopes that it may ask for, separated by spaces.
    #[serde(default)]
    pub scope: String,
    /// The resource that its tokens are for when it names none ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
    pub resource: Option<String>,
    /// Further resources that it may ask for.
    #[serde(default)]
    pub resources: Vec<String>,
    /// The resources that it serves: it may introspect their tokens ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)).
    #[serde(default)]
    pub introspects: Vec<String>,
}

impl ClientEntry {
    /// The default resource first, then the others, each once.
    pub fn all_resources(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for resource in self.resource.iter().chain(&self.resources) {
            if !all.contains(&resource.as_str()) {
                all.push(resource);
            }
        }
        all
    }

    pub(crate) fn to_register(&self) -> Result<NewClient, String> {
        let word = |name: &str, value: &str| format!("{name}: {value:?} is not known here");
        Ok(NewClient {
            client_id: Some(self.client_id.clone()),
            name: self.client_name.clone().unwrap_or_else(|| self.client_id.clone()),
            application_type: match self.application_type.as_str() {
                "web" => ApplicationType::Web,
                "native" => ApplicationType::Native,
                other => return Err(word("application_type", other)),
            },
            credential: match (self.token_endpoint_auth_method.as_str(), self.client_secret.clone()) {
                ("none", None) => ClientCredential::Public,
                ("none", Some(_)) => return Err("client_secret: a public client has none".to_owned()),
                ("client_secret_basic", Some(secret)) => ClientCredential::Secret(SecretMethod::Basic, secret),
                ("client_secret_post", Some(secret)) => ClientCredential::Secret(SecretMethod::Post, secret),
                ("client_secret_basic" | "client_secret_post", None) => {
                    return Err("client_secret: it is missing".to_owned());
                }
                (other, _) => return Err(word("token_endpoint_auth_method", other)),
            },
            redirect_uris: self.redirect_uris.clone(),
            grant_types: self
                .grant_types
                .iter()
                .map(|name| GrantTypeName::named(name).ok_or_else(|| word("grant_types", name)))
                .collect::<Result<_, _>>()?,
            scopes: Scopes::parse(&self.scope).map_err(|error| format!("scope: {error}"))?,
            resources: self.all_resources().into_iter().map(str::to_owned).collect(),
            default_resource: self.resource.clone(),
            id_token_algorithm: Algorithm::Rs256,
            client_uri: self.client_uri.clone(),
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
        })
    }
}

/// Reads the file: an array of clients.
///
/// # Errors
/// [`SettingsError`] with the place of a mistake, and without the text there: the file holds secrets.
pub(crate) fn read(path: &Path) -> Result<Vec<ClientEntry>, SettingsError> {
    let wrong = |reason: String| settings_error::wrong(CLIENTS, reason);
    let text = std::fs::read(path).map_err(|error| wrong(format!("the file cannot be read ({})", error.kind())))?;
    let clients = parse(&text).map_err(wrong)?;
    Ok(clients)
}

fn parse(text: &[u8]) -> Result<Vec<ClientEntry>, String> {
    let clients: Vec<ClientEntry> = serde_json::from_slice(text).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "a member is unknown, missing or of the wrong type",
            _ => "the file is not JSON",
        };
        format!("{what}, at line {} column {}", error.line(), error.column())
    })?;
    for (index, client) in clients.iter().enumerate() {
        if clients[..index].iter().any(|earlier| earlier.client_id == client.client_id) {
            return Err(format!("the client number {} repeats an earlier client_id", index + 1));
        }
        if client.response_types.iter().any(|kind| kind != "code") {
            return Err(format!("the client number {} asks for a response type other than code", index + 1));
        }
    }
    Ok(clients)
}

fn authorization_code() -> Vec<String> {
    vec!["authorization_code".to_owned()]
}

fn code() -> Vec<String> {
    vec!["code".to_owned()]
}

fn web() -> String {
    "web".to_owned()
}

fn client_secret_basic() -> String {
    "client_secret_basic".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_leaves_out_has_the_default_of_the_standard() {
        let clients = parse(br#"[{"client_id":"a","client_secret":"hunter2","redirect_uris":["https://a.test/"]}]"#);
        let client = clients.unwrap().remove(0);
        assert_eq!(client.grant_types, ["authorization_code"]);
        assert_eq!(client.response_types, ["code"]);
        assert_eq!(client.application_type, "web");
        assert_eq!(client.token_endpoint_auth_method, "client_secret_basic");
        assert_eq!(client.all_resources(), Vec::<&str>::new());
    }

    #[test]
    fn a_default_resource_is_one_of_the_resources() {
        let text =
            br#"[{"client_id":"a","resource":"https://r.test","resources":["https://s.test","https://r.test"]}]"#;
        assert_eq!(parse(text).unwrap().remove(0).all_resources(), ["https://r.test", "https://s.test"]);
    }

    #[test]
    fn a_mistake_in_the_file_is_placed_and_not_quoted() {
        let rows = [
            ("", "not JSON"),
            (r#"{"client_id":"hunter2"}"#, "wrong type"),
            (r#"[{"client_secret":"hunter2"}]"#, "missing"),
            (r#"[{"client_id":"a","client_secrte":"hunter2"}]"#, "unknown"),
            (r#"[{"client_id":"a","redirect_uris":"hunter2"}]"#, "wrong type"),
            (r#"[{"client_id":"a"},{"client_id":"a","client_secret":"hunter2"}]"#, "number 2 repeats"),
            (r#"[{"client_id":"a","response_types":["hunter2"]}]"#, "response type"),
            (r#"[{"client_id":"a"}] hunter2"#, "not JSON"),
        ];
        for (text, reason) in rows {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(error.contains(reason) && !error.contains("hunter2"), "{text}: {error}");
        }
    }
}
