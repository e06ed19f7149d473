//! Why a page is not shown, or a form is not accepted, and what the person reads then.

use countersign_authn::ForeignOrigin;
use countersign_oidc::authorize::InteractionRefusal;
use countersign_storage::Stopped;
use countersign_web::{form, refusals};
use http::HeaderValue;

use crate::form::FormError;
use crate::form_token::ForgedForm;
use crate::onward::Onward;

refusals! {
    /// What a page answers instead of what was asked.
    #[derive(Debug)]
    pub(crate) enum Refusal {
        /// The form was not sent by our page in this browser.
        Forged => [
            FORBIDDEN "forged_form" "RFC 6749 §10.12"
            "Nothing was changed. Please go back, load the page again, and send it once more."
        ],
        /// A client's request cannot be shown or answered.
        Interaction(refusal: InteractionRefusal) => inner,
        /// The path is known, the method is not allowed there.
        MethodNotAllowed {
            /// The methods that are allowed.
            allowed: HeaderValue,
        } => [
            METHOD_NOT_ALLOWED "method_not_allowed" "RFC 9110 §15.5.6" "Please go back and use the buttons of the page."
        ],
        /// There is no such page, or no such thing of this person's.
        NotFound => [
            NOT_FOUND "not_found" "RFC 9110 §15.5.5" "There is nothing at this address, or it is gone."
        ],
        /// The person must sign in first. They are led there, and back.
        SignIn(onward: Onward) => [SEE_OTHER "sign_in" "own" "Please sign in first."],
        /// The form is longer than what is read of one.
        TooLong => [PAYLOAD_TOO_LARGE "form_too_long" "RFC 9110 §15.5.14" "Please go back and enter less."],
        /// The form is in no form encoding, or names a field twice.
        Unreadable => [
            BAD_REQUEST "form_unreadable" "RFC 9110 §15.5.1"
            "Please go back, load the page again, and send it once more."
        ],
        /// What was sent is no form in UTF-8.
        Unsupported => [
            UNSUPPORTED_MEDIA_TYPE "not_a_form" "RFC 9110 §15.5.16"
            "Please go back, load the page again, and send it once more."
        ],
    }
}

impl Refusal {
    /// What the page says first.
    pub(crate) fn heading(&self) -> &'static str {
        match self {
            Refusal::Forged => "This page is out of date",
            Refusal::Interaction(_) => "This request is over",
            Refusal::MethodNotAllowed { .. } => "That does not work here",
            Refusal::NotFound => "Page not found",
            Refusal::SignIn(_) => "Sign in",
            Refusal::TooLong => "That is too long",
            Refusal::Unreadable | Refusal::Unsupported => "That could not be read",
        }
    }
}

impl From<Refusal> for Stopped<Refusal> {
    fn from(refusal: Refusal) -> Self {
        Stopped::Refused(refusal)
    }
}

impl From<FormError> for Refusal {
    fn from(error: FormError) -> Self {
        match error {
            FormError::Unreadable(form::FormError::TooLarge) => Refusal::TooLong,
            FormError::Unreadable(form::FormError::Unsupported(_)) => Refusal::Unsupported,
            FormError::Unreadable(form::FormError::Encoding) | FormError::Repeated => Refusal::Unreadable,
        }
    }
}

impl From<FormError> for Stopped<Refusal> {
    fn from(error: FormError) -> Self {
        Stopped::Refused(error.into())
    }
}

impl From<ForgedForm> for Refusal {
    fn from(_: ForgedForm) -> Self {
        Refusal::Forged
    }
}

impl From<ForeignOrigin> for Refusal {
    fn from(_: ForeignOrigin) -> Self {
        Refusal::Forged
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Every refusal that a person can meet, and what its page says first.
    #[test]
    fn each_refusal_is_told_in_whole_sentences_under_a_code_of_its_own() {
        let rows = Refusal::rows();
        let codes: HashSet<_> = rows.iter().map(|row| row.code).collect();
        assert_eq!(codes.len(), rows.len());
        for row in rows {
            assert!(row.status.is_client_error() || row.status == http::StatusCode::SEE_OTHER, "{row:?}");
            assert!(row.text.ends_with('.') && row.text.starts_with(char::is_uppercase), "{row:?}");
            assert!(!row.text.contains("can not") && !row.text.contains("may not"), "{row:?}");
        }
    }
}
