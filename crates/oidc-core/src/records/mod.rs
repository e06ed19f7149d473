//! What the issuer stores.

pub mod answered_interaction;
pub mod authorization_code;
pub mod grant;
pub mod living_families;
pub mod revoked_family;
pub mod revoked_token;
pub mod token_family;

pub use answered_interaction::AnsweredInteraction;
pub use authorization_code::{AuthorizationCode, CodeState};
pub use grant::{Grant, GrantState};
pub use living_families::{LivingFamilies, LivingFamily};
pub use revoked_family::RevokedFamily;
pub use revoked_token::RevokedToken;
pub use token_family::{FamilyState, TokenFamily};
