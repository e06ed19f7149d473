//! Why a page is not shown, or a form not accepted.

use countersign_authn::ForeignOrigin;
use countersign_oidc::authorize::InteractionRefusal;
use countersign_storage::Fault;
use http::{HeaderValue, StatusCode};

use crate::form::FormError;
use crate::form_token::ForgedForm;
use crate::onward::Onward;

/// What a page answers instead of what was asked.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Ours: nothing is known to have happened.
    Failed(Fault),
    /// The form can not be read.
    Form(FormError),
    /// The form was not sent by our page in this browser.
    Forged,
    /// The path is known, the method is not allowed there.
    Method { allowed: HeaderValue },
    /// There is no such page, or no such thing of this person's.
    NotFound,
    /// A client's request can not be shown or answered.
    Interaction(InteractionRefusal),
    /// Sign in first, then come back.
    SignIn(Onward),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Refusal::Failed(fault)
    }
}

impl From<FormError> for Refusal {
    fn from(error: FormError) -> Self {
        Refusal::Form(error)
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

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Refusal::Failed(fault) => fault.status(),
            Refusal::Forged => StatusCode::FORBIDDEN,
            Refusal::Form(error) => error.status(),
            Refusal::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::NotFound => StatusCode::NOT_FOUND,
            Refusal::Interaction(error) => error.status(),
            Refusal::SignIn(_) => StatusCode::SEE_OTHER,
        }
    }
}
