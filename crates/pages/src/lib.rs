//! The browser pages and the JSON sign-in API, over `http` types: sign-up, sign-in, consent, approval of agents, the
//! dashboard.
//!
//! What this crate does not do: it decides nothing. Who signed in is for `countersign-authn` to say, what a client gets
//! for `countersign-oidc`, what an agent may do for `countersign-agent-auth`; here it is shown, and the answer carried
//! back. It knows no web framework, and there is no script on any page.
//!
//! Refused: a form that another site's page sent, that was made for another browser, that is too long, or that names a field
//! twice; JSON that is not strict; a way back that is not on this server.
//!
//! Read first:
//! - `routes.rs`: which path shows what.
//! - [`pages`]: what they are made of, and what each of them needs.
//! - [`site`]: several endpoints as one.
//! - [`templates`]: what can be replaced, and what a template must not do.
//! - `form_token.rs`: what keeps other sites from posting our forms.
//! - `second_click.rs`: why a form that is posted twice is answered twice and done once.
//! - `document.rs`: the headers of every page.
#![forbid(unsafe_code)]

mod activity;
mod agents;
pub mod assets;
mod click;
pub mod consent;
#[cfg(test)]
mod contrast;
pub mod dashboard;
pub mod device;
mod document;
pub mod error_page;
pub mod form;
mod form_action;
mod form_token;
#[cfg(test)]
mod golden_records;
mod happening;
mod interaction;
mod json_api;
pub mod message;
pub mod older_activity;
mod onward;
pub mod pages;
mod refusal;
mod refuse;
mod return_to;
mod routes;
mod second_click;
pub mod sign_in;
mod sign_out;
pub mod sign_up;
pub mod site;
pub mod templates;
mod user_agent;
mod visit;
pub mod when;

pub use error_page::TemplatedErrorPage;
pub use form::Form;
pub use pages::{Pages, PagesConfig};
pub use site::Site;
pub use templates::{Page, TemplateError, TemplateSource, Templates};
pub use when::When;
