//! `prompt` ([OIDC Core §3.1.2.1]): what the client wants its user to be asked.
//!
//! [OIDC Core §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest

use crate::authorize::AuthorizationRefusal;
use crate::named::named;
use crate::params::Params;

named! {
    /// One value of `prompt`.
    #[non_exhaustive]
    pub enum PromptValue {
        /// Show nothing: answer at once, or with an error.
        None => "none",
        /// Sign in again.
        Login => "login",
        /// Ask for consent again.
        Consent => "consent",
        /// Let the person choose who they are: here, by signing in again.
        SelectAccount => "select_account",
    }
}

pub(crate) fn check(params: &Params) -> Result<Vec<PromptValue>, AuthorizationRefusal> {
    let Some(text) = params.one("prompt")? else { return Ok(Vec::new()) };
    let mut values = Vec::new();
    for word in text.split(' ') {
        let value = PromptValue::named(word).ok_or(AuthorizationRefusal::PromptMalformed)?;
        if !values.contains(&value) {
            values.push(value);
        }
    }
    if values.len() > 1 && values.contains(&PromptValue::None) {
        return Err(AuthorizationRefusal::PromptMalformed);
    }
    Ok(values)
}
