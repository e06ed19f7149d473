//! The resource server's side: what it takes for a good token, what it answers otherwise, and how it keeps keys.

mod key_cache;
mod published;
mod rfc6750_bearer;
mod rfc9068_access_token;
mod rfc9728_protected_resource_metadata;
