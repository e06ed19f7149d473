//! An authorization request that waits for a person. It waits with the person's own browser, sealed, and not in the store:
//! anybody can begin as many as they like, and the store learns of one only when it is answered.
//!
//! The sealed request is the `interaction` of the pages' URLs. A cookie was the other place for it: several tabs would share
//! the 8 kB that servers and proxies take for a header line, and each request to the origin would carry all of them. In the
//! URL each tab has its own, and one that is longer than [`LONGEST`] is refused, so that the request line stays below that.
//!
//! It opens at the issuer that sealed it, for the browser with whose cookie it was sealed, until it expires
//! ([OIDC Core §3.1.2.1], login CSRF).
//!
//! [OIDC Core §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest

use countersign_storage::{Authentication, Fault, Sealed, Timestamp};
use serde::{Deserialize, Serialize};

use crate::authorize::Validated;
use crate::authorize::browser::Browser;
use crate::issuer::Issuer;
use crate::rules::claims::Demanded;
use crate::rules::id_token_hint::Hint;
use crate::rules::prompt::PromptValue;
use crate::rules::response_mode::ResponseMode;
use crate::rules::response_type::ResponseType;
use crate::scope::Scopes;

/// How long the sealed text may be, in characters.
pub(crate) const LONGEST: usize = 6_000;

/// A request that waits. What is asked next is not part of it: it follows from the facts, anew after every answer.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Waiting {
    /// Under this name it is marked as answered.
    pub(crate) id: String,
    /// The whole request; nothing of it is ever taken from a page again.
    #[serde(with = "WaitingRequest")]
    pub(crate) request: Validated,
    /// Who was signed in when it began, to tell a fresh sign-in from an old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) began_with: Option<Authentication>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Waiting {
    /// The text for the URL; `None` where it would be too long.
    pub(crate) fn seal(&self, issuer: &Issuer, browser: &Browser) -> Result<Option<String>, Fault> {
        let plain = serde_json::to_vec(self).map_err(|_| Fault::Internal("a request cannot be written"))?;
        let sealed = issuer.key_ring.seal(&context(issuer, browser), &plain)?;
        Ok(Some(sealed.as_str().to_owned()).filter(|text| text.len() <= LONGEST))
    }

    /// What was sealed here for this browser; `None` for everything else.
    pub(crate) fn open(text: &str, issuer: &Issuer, browser: &Browser) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let plain = issuer.key_ring.open(&context(issuer, browser), &Sealed::from_text(text)).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// Whether `authentication` happened in answer to this: not before it began, and not the very sign-in that it began
    /// with.
    pub(crate) fn was_answered_by(&self, authentication: &Authentication) -> bool {
        let another = self.began_with.as_ref().is_none_or(|before| !before.is_same_sign_in(authentication));
        another && authentication.auth_time() >= self.created_at
    }
}

fn context(issuer: &Issuer, browser: &Browser) -> String {
    format!("interaction {} {}", issuer.identifier(), browser.handle().as_str())
}

/// How a [`Validated`] request is sealed. It is described apart from the request, so that the rules can change without the
/// requests that wait. A field of the request that is missing here does not compile.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Validated")]
struct WaitingRequest {
    client_id: String,
    redirect_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    response_type: ResponseType,
    response_mode: ResponseMode,
    code_challenge: String,
    scopes: Scopes,
    resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    prompt: Vec<PromptValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_age: Option<u64>,
    #[serde(default)]
    demanded: Demanded,
    #[serde(default)]
    hint: Hint,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login_hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ui_locales: Option<String>,
}
