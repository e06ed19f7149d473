//! `prompt` ([OIDC Core §3.1.2.1]): what the client wants its user to be asked.
//!
//! [OIDC Core §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest

use serde::{Deserialize, Serialize};

use crate::authorize::AuthorizationRefusal;
use crate::params::Params;

/// One value of `prompt`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PromptValue {
    /// Show nothing: answer at once, or with an error.
    None,
    /// Sign in again.
    Login,
    /// Ask for consent again.
    Consent,
    /// Let the person choose who they are: here, by signing in again.
    SelectAccount,
}

impl PromptValue {
    pub(crate) const ALL: [PromptValue; 4] =
        [PromptValue::None, PromptValue::Login, PromptValue::Consent, PromptValue::SelectAccount];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            PromptValue::None => "none",
            PromptValue::Login => "login",
            PromptValue::Consent => "consent",
            PromptValue::SelectAccount => "select_account",
        }
    }
}

pub(crate) fn check(params: &Params) -> Result<Vec<PromptValue>, AuthorizationRefusal> {
    let Some(text) = params.one("prompt")? else { return Ok(Vec::new()) };
    let mut values = Vec::new();
    for word in text.split(' ') {
        let value = PromptValue::ALL.into_iter().find(|value| value.as_str() == word);
        let value = value.ok_or(AuthorizationRefusal::PromptMalformed)?;
        if !values.contains(&value) {
            values.push(value);
        }
    }
    if values.len() > 1 && values.contains(&PromptValue::None) {
        return Err(AuthorizationRefusal::PromptMalformed);
    }
    Ok(values)
}
