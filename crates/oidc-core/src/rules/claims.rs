//! `claims` ([OIDC Core §5.5]): not supported as a way to ask for claims, but read for the two demands that must not be
//! ignored: a certain `sub`, and an essential `acr`.
//!
//! [OIDC Core §5.5]: https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter

use countersign_jose::json;
use countersign_storage::{Authentication, Subject};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::authorize::AuthorizationRefusal;
use crate::params::Params;

/// What the `claims` parameter demands.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Demanded {
    /// The token must be about this person ([OIDC Core §5.5.1]).
    ///
    /// [OIDC Core §5.5.1]: https://openid.net/specs/openid-connect-core-1_0.html#IndividualClaimsRequests
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// One of these authentication context classes must have been met ([OIDC Core §5.5.1.1]); empty for no demand.
    ///
    /// [OIDC Core §5.5.1.1]: https://openid.net/specs/openid-connect-core-1_0.html#acrSemantics
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr: Vec<String>,
}

impl Demanded {
    pub(crate) fn acr_is_met(&self, authentication: &Authentication) -> bool {
        self.acr.is_empty() || authentication.acr().is_some_and(|met| self.acr.iter().any(|acr| acr == met))
    }
}

pub(crate) fn check(params: &Params) -> Result<Demanded, AuthorizationRefusal> {
    let Some(text) = params.one("claims")? else { return Ok(Demanded::default()) };
    let claims = json::parse(text.as_bytes()).map_err(|_| AuthorizationRefusal::ClaimsMalformed)?;
    let claims = claims.as_object().ok_or(AuthorizationRefusal::ClaimsMalformed)?;
    let mut demanded = Demanded::default();
    for place in ["id_token", "userinfo"] {
        let asked = match claims.get(place) {
            None | Some(Value::Null) => continue,
            Some(asked) => asked.as_object().ok_or(AuthorizationRefusal::ClaimsMalformed)?,
        };
        if let Some(sub) = asked.get("sub").and_then(|sub| sub.get("value")) {
            let subject = sub.as_str().and_then(Subject::new).ok_or(AuthorizationRefusal::ClaimsMalformed)?;
            if demanded.subject.replace(subject.clone()).is_some_and(|other| other != subject) {
                return Err(AuthorizationRefusal::ClaimsMalformed);
            }
        }
        if let Some(acr) = asked.get("acr").filter(|acr| acr.get("essential") == Some(&Value::Bool(true))) {
            // A demand that cannot be read must not become none.
            let values = match acr.get("values") {
                Some(values) => values.as_array().filter(|values| !values.is_empty()).map(Vec::as_slice),
                None => Some(&[][..]),
            };
            for value in values.ok_or(AuthorizationRefusal::ClaimsMalformed)?.iter().chain(acr.get("value")) {
                let value = value.as_str().ok_or(AuthorizationRefusal::ClaimsMalformed)?;
                demanded.acr.push(value.to_owned());
            }
        }
    }
    Ok(demanded)
}
