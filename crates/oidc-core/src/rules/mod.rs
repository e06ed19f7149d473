//! One parameter of the authorization request per file.

pub mod claims;
pub mod id_token_hint;
pub mod invalid_target;
pub mod max_age;
pub mod pkce;
pub mod prompt;
pub mod redirect_uri;
pub mod request_object;
pub mod resource;
pub mod response_mode;
pub mod response_type;
pub mod scope;
