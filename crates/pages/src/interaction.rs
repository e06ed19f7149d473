//! A client's request that waits for a person. The issuer says what it wants to know, and the pages lead on with it.

use bytes::Bytes;
use countersign_authn::SignedInSession;
use countersign_oidc::authorize::{InteractionPrompt, InteractionRefusal};
use countersign_storage::Stopped;
use countersign_web::text::{cleaned, cleaned_or};
use http::Response;
use http::header::SET_COOKIE;

use crate::document::see_other;
use crate::form_action::FormAction;
use crate::onward::Onward;
use crate::pages::Pages;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// For whom somebody signs in or up.
#[derive(Default)]
pub(crate) struct Asking {
    pub(crate) client_name: Option<String>,
    pub(crate) login_hint: Option<String>,
    pub(crate) wanted: Wanted,
    /// Where the sign-in form may lead. It can end at the client, if that was allowed everything before.
    pub(crate) form_action: FormAction,
}

/// What the issuer waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Wanted {
    /// It waits for nothing: there is no client.
    #[default]
    Nothing,
    /// The person is to sign in.
    SignIn,
    /// The person is to answer on the consent page, or only to be led on.
    Answer,
}

impl Pages {
    /// What is asked, where somebody was sent by a client.
    pub(crate) async fn asking(&self, visit: &Visit, onward: &Onward) -> Result<Asking, Stopped<Refusal>> {
        let Some(id) = &onward.interaction else { return Ok(Asking::default()) };
        Ok(match self.issuer.interaction(id, &visit.headers).await.map_err(over)?.prompt {
            InteractionPrompt::SignIn(view) => Asking {
                client_name: Some(cleaned_or(&view.client_name, 80, UNNAMED_CLIENT)),
                // Nobody proved that this is an address, and whose it is.
                login_hint: view.login_hint.and_then(|hint| cleaned(&hint, 254).ok()).map(String::from),
                wanted: Wanted::SignIn,
                form_action: FormAction::leading_to(&view.redirect_source),
            },
            InteractionPrompt::Consent(view) => Asking {
                client_name: Some(cleaned_or(&view.client_name, 80, UNNAMED_CLIENT)),
                login_hint: None,
                wanted: Wanted::Answer,
                form_action: FormAction::leading_to(&view.redirect_source),
            },
            _ => Asking { wanted: Wanted::Answer, ..Asking::default() },
        })
    }

    /// Sets the cookie of somebody who just signed in, and leads to where they wanted to go.
    pub(crate) async fn go_on(&self, visit: &Visit, onward: &Onward, signed_in: &SignedInSession) -> Response<Bytes> {
        let mut response = match &onward.interaction {
            Some(id) => {
                let headers = self.authn.cookie_name().sent_with(&visit.headers, signed_in.cookie.expose());
                let resumed = self.issuer.resume(id, &headers).await;
                resumed.unwrap_or_else(|error| self.refuse(over(error)))
            }
            None => see_other(onward.local()),
        };
        response.headers_mut().append(SET_COOKIE, self.authn.set_cookie(signed_in));
        response.headers_mut().append(SET_COOKIE, self.authn.set_device_cookie(signed_in));
        response
    }
}

/// A client whose name shows nothing.
pub(crate) const UNNAMED_CLIENT: &str = "an app without a name";

/// A client's request that cannot go on, as a page tells it.
pub(crate) fn over(stopped: Stopped<InteractionRefusal>) -> Stopped<Refusal> {
    stopped.map(Refusal::from)
}
