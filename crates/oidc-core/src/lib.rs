//! An OAuth 2.1 authorization server and OpenID provider: code flow with PKCE, nothing older; and the resource-server side.
//!
//! What this crate does not do: it opens no socket, renders no consent page, knows no password and no database. HTTP
//! requests come in and go out as values ([`Issuer`] is [`countersign_storage::Endpoints`]); people, sessions, clients
//! and the store are ports.
//!
//! Read first:
//! - `routes.rs`: every endpoint, one row each.
//! - [`policy`]: what may be chosen.
//! - [`authorize`]: the authorization request, one rule per file, and how it ends in a code.
//! - [`token`]: the token endpoint, one grant type per file.
//! - [`resource_server`]: for whoever is called with a token.
//! - [`records`]: what is stored: grants, codes, token families.
//! - [`signing_keys`]: how keys follow each other.
#![forbid(unsafe_code)]

mod allowance;
pub mod authorize;
pub mod client;
pub mod client_authentication;
mod config;
pub mod endpoints;
pub mod error_page;
#[cfg(test)]
mod every_refusal;
#[cfg(test)]
mod golden_records;
mod grants;
mod issuer;
mod metadata;
mod named;
mod outline;
pub mod params;
pub mod policy;
pub mod records;
pub mod resource_server;
pub mod response;
mod route;
mod route_map;
mod routes;
pub mod rules;
pub mod scope;
pub mod signing_keys;
pub mod token;

pub use authorize::{ConsentAnswer, InteractionPrompt, InteractionRefusal, InteractionView};
pub use client::{Client, ClientSource, ClientState, ListedClient, NewClient, StoredClients};
pub use config::ConfigError;
pub use error_page::{ErrorPage, PageError, PlainErrorPage};
pub use grants::{GrantView, Revoked};
pub use issuer::{InteractionPages, Issuer, IssuerConfig};
pub use policy::{Policy, Resource, ScopeDescription};
pub use route_map::RouteMap;
pub use scope::Scopes;
pub use signing_keys::Rotation;
