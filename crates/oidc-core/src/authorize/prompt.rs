//! What is left to ask ([OIDC Core §3.1.2.3], [OIDC Core §3.1.2.4]). There is no counter of steps: after every answer the
//! same questions are put to the facts again.
//!
//! [OIDC Core §3.1.2.3]: https://openid.net/specs/openid-connect-core-1_0.html#Authenticates
//! [OIDC Core §3.1.2.4]: https://openid.net/specs/openid-connect-core-1_0.html#Consent

use countersign_storage::{Authentication, Timestamp};

use crate::authorize::{AuthorizationRefusal, Validated};
use crate::client::Client;
use crate::records::Grant;
use crate::rules::id_token_hint::Hint;
use crate::rules::prompt::PromptValue;
use crate::rules::redirect_uri;
use crate::scope::Scopes;

/// A question to the person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Prompt {
    SignIn,
    Consent,
}

/// What is known when the questions are put.
pub(crate) struct Facts<'a> {
    pub(crate) authentication: Option<&'a Authentication>,
    pub(crate) sign_in: SignIn,
    pub(crate) client: &'a Client,
    /// What the person allowed the client, if it holds.
    pub(crate) grant: Option<&'a Grant>,
    /// What is asked for and still registered.
    pub(crate) scopes: &'a Scopes,
    pub(crate) now: Timestamp,
}

/// Whether the person signed in for this very request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SignIn {
    InAnswer,
    Before,
}

/// What comes next.
pub(crate) enum Next<'a> {
    Ask(Prompt),
    Refuse(AuthorizationRefusal),
    /// This person allowed it before.
    Nothing {
        authentication: &'a Authentication,
        grant: &'a Grant,
    },
}

type Question = fn(&Validated, &Facts<'_>) -> Option<Prompt>;

const QUESTIONS: &[Question] = &[
    nobody_is_signed_in,
    a_fresh_sign_in_is_wanted,
    the_sign_in_is_too_old,
    somebody_else_is_expected,
    consent_is_wanted,
    nothing_was_granted_yet,
    more_is_asked_than_was_granted,
    it_was_granted_via_another_redirect_uri,
    the_client_has_changed,
    the_redirect_uri_is_not_bound_to_the_client,
];

/// The first question that is still open, or a refusal that no answer can change.
pub(crate) fn next<'a>(request: &Validated, facts: &Facts<'a>) -> Next<'a> {
    match QUESTIONS.iter().find_map(|question| question(request, facts)) {
        Some(Prompt::SignIn) if says(request, PromptValue::None) => Next::Refuse(AuthorizationRefusal::LoginRequired),
        // Somebody just signed in and it is still the wrong person: asking on would go round in circles.
        Some(Prompt::SignIn) if facts.sign_in == SignIn::InAnswer => Next::Refuse(AuthorizationRefusal::LoginRequired),
        Some(Prompt::SignIn) => Next::Ask(Prompt::SignIn),
        _ if acr_is_unmet(request, facts) => Next::Refuse(AuthorizationRefusal::AcrUnmet),
        Some(Prompt::Consent) if says(request, PromptValue::None) => {
            Next::Refuse(AuthorizationRefusal::ConsentRequired)
        }
        Some(Prompt::Consent) => Next::Ask(Prompt::Consent),
        None => match (facts.authentication, facts.grant) {
            (Some(authentication), Some(grant)) => Next::Nothing { authentication, grant },
            (None, _) => Next::Ask(Prompt::SignIn),
            (_, None) => Next::Ask(Prompt::Consent),
        },
    }
}

fn nobody_is_signed_in(_: &Validated, facts: &Facts<'_>) -> Option<Prompt> {
    facts.authentication.is_none().then_some(Prompt::SignIn)
}

fn a_fresh_sign_in_is_wanted(request: &Validated, facts: &Facts<'_>) -> Option<Prompt> {
    let wanted = says(request, PromptValue::Login) || says(request, PromptValue::SelectAccount);
    (wanted && facts.sign_in == SignIn::Before).then_some(Prompt::SignIn)
}

fn the_sign_in_is_too_old(request: &Validated, facts: &Facts<'_>) -> Option<Prompt> {
    let age = facts.now.since(facts.authentication?.auth_time()).as_secs();
    // `max_age=0` means the same as `prompt=login`.
    let too_old = request.max_age.is_some_and(|max_age| age > max_age || max_age == 0);
    (too_old && facts.sign_in == SignIn::Before).then_some(Prompt::SignIn)
}

fn somebody_else_is_expected(request: &Validated, facts: &Facts<'_>) -> Option<Prompt> {
    let subject = facts.authentication?.subject();
    let by_claims = request.demanded.subject.as_ref().is_some_and(|expected| expected != subject);
    let by_hint = match &request.hint {
        Hint::Nobody => false,
        Hint::Subject(expected) => expected != subject,
        Hint::Unverifiable => facts.sign_in == SignIn::Before,
    };
    (by_claims || by_hint).then_some(Prompt::SignIn)
}

fn consent_is_wanted(request: &Validated, _: &Facts<'_>) -> Option<Prompt> {
    says(request, PromptValue::Consent).then_some(Prompt::Consent)
}

fn nothing_was_granted_yet(_: &Validated, facts: &Facts<'_>) -> Option<Prompt> {
    facts.grant.is_none().then_some(Prompt::Consent)
}

fn more_is_asked_than_was_granted(request: &Validated, facts: &Facts<'_>) -> Option<Prompt> {
    (!facts.grant?.allows(facts.scopes, &request.resources)).then_some(Prompt::Consent)
}

fn it_was_granted_via_another_redirect_uri(request: &Validated, facts: &Facts<'_>) -> Option<Prompt> {
    (!facts.grant?.redirect_uris.contains(&request.redirect_uri)).then_some(Prompt::Consent)
}

fn the_client_has_changed(_: &Validated, facts: &Facts<'_>) -> Option<Prompt> {
    (facts.grant?.client_fingerprint != facts.client.fingerprint()).then_some(Prompt::Consent)
}

/// Any program on the device could pose as such a client ([RFC 8252 §8.6], [RFC 9700 §4.13]): the person has to look.
///
/// [RFC 8252 §8.6]: https://www.rfc-editor.org/rfc/rfc8252#section-8.6
/// [RFC 9700 §4.13]: https://www.rfc-editor.org/rfc/rfc9700#section-4.13
fn the_redirect_uri_is_not_bound_to_the_client(request: &Validated, facts: &Facts<'_>) -> Option<Prompt> {
    let bound = !facts.client.is_public() || redirect_uri::is_bound_to_owner(&request.redirect_uri);
    (!bound).then_some(Prompt::Consent)
}

fn acr_is_unmet(request: &Validated, facts: &Facts<'_>) -> bool {
    facts.authentication.is_some_and(|authentication| !request.demanded.acr_is_met(authentication))
}

fn says(request: &Validated, value: PromptValue) -> bool {
    request.prompt.contains(&value)
}
