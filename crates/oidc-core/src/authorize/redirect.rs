//! The answer that goes back to the client: in the query of its redirect URI ([RFC 6749 §4.1.2]), always with `iss`
//! ([RFC 9207 §2]), always by 303, so that a browser never posts a form on ([RFC 9700 §4.12]).
//!
//! [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
//! [RFC 9207 §2]: https://www.rfc-editor.org/rfc/rfc9207#section-2
//! [RFC 9700 §4.12]: https://www.rfc-editor.org/rfc/rfc9700#section-4.12

use countersign_storage::{Fault, Secret};
use url::form_urlencoded;

use crate::authorize::address::Addressed;
use crate::authorize::{AuthorizationRefusal, Validated};

/// Where an answer goes.
#[derive(Clone, Copy)]
pub(crate) struct Recipient<'a> {
    redirect_uri: &'a str,
    state: Option<&'a str>,
}

impl<'a> Recipient<'a> {
    pub(crate) fn of_addressed(addressed: &'a Addressed) -> Self {
        Recipient { redirect_uri: &addressed.redirect_uri, state: addressed.state.as_deref() }
    }

    pub(crate) fn of_request(request: &'a Validated) -> Self {
        Recipient { redirect_uri: &request.redirect_uri, state: request.state.as_deref() }
    }
}

/// The redirect that carries a code.
pub(crate) fn grant(issuer: &str, to: Recipient<'_>, code: &Secret) -> String {
    location(issuer, to, &[("code", code.expose())])
}

/// The redirect that carries a refusal.
pub(crate) fn refuse(issuer: &str, to: Recipient<'_>, refusal: &AuthorizationRefusal) -> String {
    location(issuer, to, &[("error", refusal.code()), ("error_description", &refusal.to_string())])
}

/// The redirect that says that the fault is ours.
pub(crate) fn fail(issuer: &str, to: Recipient<'_>, fault: &Fault) -> String {
    tracing::error!(target: "countersign::oidc", %fault, "an authorization request failed");
    let code = if fault.is_transient() { "temporarily_unavailable" } else { "server_error" };
    location(issuer, to, &[("error", code), ("error_description", "Something went wrong on our side.")])
}

fn location(issuer: &str, to: Recipient<'_>, answer: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(answer);
    if let Some(state) = to.state {
        query.append_pair("state", state);
    }
    query.append_pair("iss", issuer);
    // The registered URI stays as it is, its own query included (RFC 6749 §3.1.2).
    let separator = match to.redirect_uri.find('?') {
        None => "?",
        Some(at) if at + 1 == to.redirect_uri.len() => "",
        Some(_) => "&",
    };
    format!("{}{separator}{}", to.redirect_uri, query.finish())
}
