//! The browser pages and the JSON sign-in API, over `http` types: sign-up, sign-in, consent, approval of agents, the
//! dashboard.
//!
//! This crate decides nothing. `countersign-authn` says who signed in. `countersign-oidc` says what a client gets.
//! `countersign-agent-auth` says what an agent may do. Here it is shown, and the answer is carried back. The crate knows no web
//! framework, and there is no script on any page.
//!
//! A form is refused where the page of another site sent it, where it was made for another browser, where it is too long,
//! and where it names a field twice. JSON is refused where it is not strict. A way back is ignored where it is not on this
//! server.
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
mod place;
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
