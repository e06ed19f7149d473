//! The browser pages and the JSON sign-in API, over `http` types: sign-up, sign-in, consent, approval of agents, the
//! dashboard.
//!
//! What this crate does not do: it decides nothing. Who signed in is for `countersign-authn` to say, what a client gets
//! for `countersign-oidc`, what an agent may do for `countersign-agent-auth`; here it is shown, and the answer carried
//! back. It knows no web framework, and there is no script on any page.
//!
//! Read first:
//! - [`templates`]: what can be replaced, and by whom it must not be.
//! - [`form`]: how strictly a posted form is read.
#![forbid(unsafe_code)]

pub mod assets;
pub mod consent;
pub mod dashboard;
pub mod device;
mod document;
pub mod form;
mod form_action;
pub mod inert_text;
pub mod message;
mod return_to;
pub mod sign_in;
pub mod sign_up;
pub mod templates;
mod user_agent;
pub mod when;

pub use form::Form;
pub use inert_text::inert_text;
pub use templates::{Page, TemplateError, TemplateSource, Templates};
pub use when::When;
