//! An access token in the hands of its own issuer: verified like anywhere else, and then asked whether it still holds.
//!
//! Whatever was revoked (the token, its family, and with it the grant; the client; the account) is seen here at once. A
//! resource that verifies offline sees it when the token expires.

use countersign_jose::VerifyingKey;
use countersign_jose::jwt::{Expect, ExpectedAudience, ExpectedIssuer, TokenError, Typ, Unverified};
use countersign_storage::{Account, Record, Stopped, Subject, Timestamp};
use serde::Deserialize;

use super::held::Held;
use super::issue::CLIENT_TOKEN;
use crate::client::ClientState;
use crate::client_authentication::load_client_with;
use crate::issuer::Issuer;
use crate::records::{Grant, RevokedFamily, RevokedToken, TokenFamily};
use crate::resource_server::BearerRefusal;
use crate::scope::Scopes;

/// What an access token of ours says.
#[derive(Clone, Debug)]
pub(crate) struct OwnToken {
    pub(crate) jti: String,
    pub(crate) subject: String,
    pub(crate) audience: Vec<String>,
    pub(crate) client_id: String,
    pub(crate) scope: Scopes,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// An access token that holds, now. Only [`live`] makes one.
#[derive(Clone, Debug)]
pub(crate) struct LiveToken {
    token: OwnToken,
    account: Option<Account>,
}

impl LiveToken {
    pub(crate) fn token(&self) -> &OwnToken {
        &self.token
    }

    /// The person; `None` where a client acts for itself.
    pub(crate) fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }
}

/// Verifies a token with our own keys.
pub(crate) async fn own(
    issuer: &Issuer,
    token: &str,
    audience: ExpectedAudience<'_>,
) -> Result<OwnToken, Stopped<BearerRefusal>> {
    let token = Unverified::parse(token).map_err(BearerRefusal::Token)?;
    let key = match token.header().kid() {
        Some(kid) => issuer.signing_keys.verifying(kid).await?,
        None => None,
    };
    let expect = Expect::new(Typ::AccessToken, ExpectedIssuer::Exactly(issuer.identifier()), audience);
    Ok(verify(token, key, &expect, issuer.ports.now()).map_err(BearerRefusal::Token)?)
}

fn verify(
    token: Unverified<'_>,
    key: Option<VerifyingKey>,
    expect: &Expect<'_>,
    now: Timestamp,
) -> Result<OwnToken, TokenError> {
    #[derive(Deserialize)]
    struct Claims {
        client_id: String,
        #[serde(default)]
        scope: Scopes,
    }
    let kid = token.header().kid().map(|kid| kid.chars().take(128).collect());
    let algorithm = token.header().algorithm();
    let key = key.ok_or(TokenError::UnknownKey { kid, algorithm })?;
    let verified = token.verify::<Claims>(&key, expect, now.as_secs())?;
    // The leeway is for other people's clocks; this is our own token. That somebody saw it expire is not written down: whoever
    // keeps old tokens could fill the store with that. A clock that is set back lets it hold again for as long as
    // clocks may be apart, and no longer: then the node is behind what was removed from the store, and answers nothing.
    let exp = verified.exp().unwrap_or(0);
    if now.as_secs() >= exp {
        return Err(TokenError::Expired { exp, now: now.as_secs() });
    }
    Ok(OwnToken {
        jti: verified.jti().unwrap_or_default().to_owned(),
        subject: verified.sub().unwrap_or_default().to_owned(),
        audience: verified.aud().to_vec(),
        client_id: verified.claims().client_id.clone(),
        scope: verified.claims().scope.clone(),
        issued_at: Timestamp(verified.iat().unwrap_or(0)),
        expires_at: Timestamp(exp),
    })
}

/// Verifies a token, and asks the store and the accounts whether it still holds.
pub(crate) async fn live(
    issuer: &Issuer,
    token: &str,
    audience: ExpectedAudience<'_>,
) -> Result<LiveToken, Stopped<BearerRefusal>> {
    const REVOKED: Stopped<BearerRefusal> = Stopped::Refused(BearerRefusal::Revoked);
    let token = own(issuer, token, audience).await?;
    let family_id = token.jti.split_once('.').map(|(family, _)| family);
    let subject = Subject::new(&token.subject).ok_or(REVOKED)?;
    let grant_id = Grant::id_of(&subject, &token.client_id);
    let family_at = family_id.unwrap_or("none");
    let family_at = (TokenFamily::at(family_at), RevokedFamily::at(family_at));
    let records = (RevokedToken::at(&token.jti), family_at.0, family_at.1, Grant::at(grant_id));
    let mut reader = issuer.ports.reader();
    let (client, (revoked, family, ended, grant)) =
        load_client_with(&token.client_id, issuer.clients.as_ref(), &mut reader, records).await?;
    if revoked.is_some() || !client.is_some_and(|client| client.state == ClientState::Active) {
        return Err(REVOKED);
    }
    if family_id.is_none() && token.jti.starts_with(CLIENT_TOKEN) {
        return Ok(LiveToken { token, account: None });
    }
    let family = family.filter(|family| family.client_id == token.client_id).ok_or(REVOKED)?;
    let held = Held::of(&family, &ended, grant.as_deref(), &issuer.policy, reader.now()).ok_or(REVOKED)?;
    let generation = family.authentication.account_generation();
    let account = issuer.accounts.by_subject(family.authentication.subject()).await?;
    let account = account.filter(|account| account.subject == subject && account.carries(generation)).ok_or(REVOKED)?;
    // The person may have taken some of it back since.
    let resources: Vec<String> =
        token.audience.iter().filter(|known| family.resources.contains(known)).cloned().collect();
    let scope = token.scope.intersection(&held.scopes_at(&resources));
    if resources.is_empty() || scope.is_empty() {
        return Err(REVOKED);
    }
    let token = OwnToken { scope, ..token };
    Ok(LiveToken { token, account: Some(account) })
}
