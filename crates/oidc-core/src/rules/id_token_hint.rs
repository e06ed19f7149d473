//! `id_token_hint` ([OIDC Core §3.1.2.1]): an ID token of ours says who is expected.
//!
//! It may have expired. It must be of this issuer and for this client. One that cannot be verified (its key may be long
//! gone) is no error, but proves nothing: whoever is signed in then signs in again.
//!
//! [OIDC Core §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest

use countersign_jose::jwt::{Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified};
use countersign_storage::{Subject, Timestamp};
use serde::{Deserialize, Serialize};

use crate::authorize::AuthorizationRefusal;
use crate::client::Client;
use crate::params::Params;
use crate::signing_keys::View;

/// Whom the client expects.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// It names nobody.
    #[default]
    Nobody,
    /// This person.
    Subject(Subject),
    /// Somebody whose ID token cannot be verified.
    Unverifiable,
}

pub(crate) fn check(
    params: &Params,
    client: &Client,
    keys: &View,
    issuer: &str,
    now: Timestamp,
) -> Result<Hint, AuthorizationRefusal> {
    let Some(token) = params.one("id_token_hint")? else { return Ok(Hint::Nobody) };
    Ok(subject(token, client, keys, issuer, now).map_or(Hint::Unverifiable, Hint::Subject))
}

fn subject(token: &str, client: &Client, keys: &View, issuer: &str, now: Timestamp) -> Option<Subject> {
    #[derive(Deserialize)]
    struct Claims {
        sub: String,
        iat: i64,
    }
    let token = Unverified::parse(token).ok()?;
    let key = keys.verifying(token.header().kid()?, now)?;
    let audience = [client.client_id.as_str()];
    let expect = Expect::new(Typ::IdToken, ExpectedIssuer::Exactly(issuer), ExpectedAudience::AnyOf(&audience));
    // Judged at the time when it was issued: an expired token is still a hint.
    let issued_at = token.peek::<Claims>().ok()?.iat;
    let verified = token.verify::<Claims>(key, &expect, issued_at.min(now.as_secs())).ok()?;
    Subject::new(verified.into_claims().sub)
}
