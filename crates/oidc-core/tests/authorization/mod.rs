//! The authorization side of the issuer: authorization endpoint, interactions, consent, metadata, signing keys.

mod clients;
mod grants;
mod interaction;
mod oidc_core_prompt;
mod rfc6749_authorize;
mod rfc7636_pkce;
mod rfc8414_metadata;
mod rfc8707_resource;
mod rfc9207_iss;
mod second_click;
mod signing_keys;
mod two_issuers;
mod waiting;
mod withdrawal;
