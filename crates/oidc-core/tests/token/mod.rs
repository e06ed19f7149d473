//! The token endpoint, and what is done with tokens where they were made: userinfo, introspection, revocation.

mod bounds;
mod clock_set_back;
mod family_withdrawal;
mod metadata;
mod oidc_core_id_token;
mod oidc_core_userinfo;
mod races;
mod rfc6749_client_authentication;
mod rfc6749_client_credentials;
mod rfc6749_token;
mod rfc7009_revocation;
mod rfc7662_introspection;
mod rfc8707_resource;
mod rfc9068_access_token;
mod rfc9700_refresh_token;
mod secrets_stay_secret;
mod walk;
