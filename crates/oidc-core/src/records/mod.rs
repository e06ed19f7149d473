//! What the issuer stores.

pub mod authorization_code;
pub mod grant;
pub mod interaction;
pub mod living_families;
pub mod revoked_token;
pub mod token_family;

pub use authorization_code::{AuthorizationCode, CodeState};
pub use grant::{Grant, GrantState};
pub use interaction::{Interaction, InteractionState};
pub use living_families::{LivingFamilies, LivingFamily};
pub use revoked_token::RevokedToken;
pub use token_family::{FamilyState, TokenFamily};
