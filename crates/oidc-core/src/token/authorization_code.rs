//! `grant_type=authorization_code` ([RFC 6749 §4.1.3], [RFC 7636 §4.5]).
//!
//! A code is good once, for one minute, for one client, with the verifier and the redirect URI of its request. Redeemed a
//! second time in the right way, it takes down what the first time gave (RFC 6749 §4.1.2). Shown by the wrong client, with a
//! wrong verifier or redirect URI, or too late, it is burnt; but a code that is spent already changes nothing then: codes
//! stay behind in logs and histories, and are no weapon there. Both happen in the commit that decides so. Refused without
//! burning: a code whose grant was taken back, whose account is disabled, whose session has ended.
//!
//! A refresh token is given to a client that is registered for it and was granted `offline_access`
//! ([OIDC Core §11]): the person saw that the access outlasts their visit.
//!
//! [RFC 6749 §4.1.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
//! [RFC 7636 §4.5]: https://www.rfc-editor.org/rfc/rfc7636#section-4.5
//! [OIDC Core §11]: https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess

use async_trait::async_trait;
use countersign_storage::{
    Account, Action, Changes, Decision, Event, Fault, Moment, Operation, Reader, Record, Sealing, Secret, SessionState,
    Stopped, Stored, Timestamp,
};

use super::audience::narrow;
use super::families::Families;
use super::grant_type::{GrantType, TokenRequest};
use super::issue::{AccessToken, IdToken, Issue, Tokens};
use super::refresh_token::FreshRefreshToken;
use super::refusal::TokenRefusal;
use crate::client::{Client, GrantTypeName};
use crate::client_authentication::AuthenticatedClient;
use crate::issuer::Issuer;
use crate::records::revoked_family::{Revoked, is_over};
use crate::records::{AuthorizationCode, CodeState, FamilyState, Grant, LivingFamilies, RevokedFamily, TokenFamily};
use crate::rules::{pkce, resource};

pub(super) struct AuthorizationCodeGrant;

#[async_trait]
impl GrantType for AuthorizationCodeGrant {
    async fn exchange(&self, issuer: &Issuer, request: &TokenRequest<'_>) -> Result<Tokens, Stopped<TokenRefusal>> {
        let redeem = Redeem {
            issuer,
            request,
            code: Secret::new(request.required("code")?),
            redirect_uri: request.required("redirect_uri")?,
            verifier: request.optional("code_verifier")?.unwrap_or_default(),
        };
        issuer.ports.perform_sealing(&redeem).await
    }
}

struct Redeem<'a> {
    issuer: &'a Issuer,
    request: &'a TokenRequest<'a>,
    code: Secret,
    redirect_uri: &'a str,
    /// Empty where there is none. It then matches no challenge, and every code has one.
    verifier: &'a str,
}

struct Loaded {
    client: Option<Client>,
    code: Option<Found>,
}

/// A code, and what counts of what is behind it: that depends on what became of it.
enum Found {
    Issued { code: Stored<AuthorizationCode>, rests_on: Box<RestsOn> },
    Redeemed { code: Stored<AuthorizationCode>, gave: Box<Gave> },
    Burnt { code: Stored<AuthorizationCode> },
}

/// What a code gave when it was redeemed, and its end.
struct Gave {
    family: Option<Stored<TokenFamily>>,
    revoked: Revoked,
}

/// What must still hold for a code to found a family.
struct RestsOn {
    grant: Option<Stored<Grant>>,
    families: Families,
    revoked: Revoked,
    account: Option<Account>,
    session: SessionState,
}

#[async_trait]
impl Operation for Redeem<'_> {
    type Loaded = Loaded;
    type Granted = Issue;
    type Refusal = TokenRefusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Loaded, Fault> {
        let code = AuthorizationCode::at(self.code.handle().as_str());
        let (client, code) = self.request.client.load_with(self.issuer.clients.as_ref(), reader, code).await?;
        let code = match code {
            Some(code) => Some(self.found(code, reader).await?),
            None => None,
        };
        Ok(Loaded { client, code })
    }

    fn decide(&self, loaded: Loaded, moment: &Moment<'_>) -> Decision<Issue, TokenRefusal> {
        let client = match self.request.client.authenticate(loaded.client) {
            Ok(client) => client,
            Err(refusal) => return Decision::refuse(refusal),
        };
        if !client.allows(GrantTypeName::AuthorizationCode) {
            return Decision::refuse(TokenRefusal::ClientNotAllowed);
        }
        match loaded.code {
            None => Decision::refuse(TokenRefusal::CodeUnknown),
            Some(Found::Issued { code, rests_on }) => match self.check(&code, &rests_on, &client, moment.now) {
                Ok(resources) => self.redeem(code, *rests_on, &client, resources, moment),
                Err(refusal) => match misused(&refusal) {
                    Some(reason) => burn(code, &client, (refusal, reason), moment.now),
                    None => Decision::refuse(refusal),
                },
            },
            Some(Found::Redeemed { code, gave }) => match self.check_shown(&code, &client) {
                Ok(()) => self.revoke(&code, *gave, &client, moment.now),
                Err(refusal) => Decision::refuse(refusal),
            },
            Some(Found::Burnt { code }) => match self.check_shown(&code, &client) {
                Ok(()) => Decision::refuse(TokenRefusal::CodeBurnt),
                Err(refusal) => Decision::refuse(refusal),
            },
        }
    }
}

#[async_trait]
impl Sealing for Redeem<'_> {
    type Sealed = Tokens;

    async fn seal(&self, issue: Issue, _: &mut Changes) -> Result<Tokens, Fault> {
        issue.seal(&self.request.keys)
    }
}

impl Redeem<'_> {
    async fn found(&self, code: Stored<AuthorizationCode>, reader: &mut Reader<'_>) -> Result<Found, Fault> {
        let end = RevokedFamily::at(&code.family_id);
        match code.state {
            CodeState::Issued => {
                let at = (Grant::at(&code.grant_id), LivingFamilies::at(&code.grant_id), end);
                let (grant, living, revoked) = reader.load(at).await?;
                let families = Families::load(living, self.issuer.policy.families_per_grant, reader).await?;
                let account = self.issuer.accounts.by_subject_guarded(code.authentication.subject(), reader).await?;
                let session = self.issuer.signed_in.session_state(&code.authentication, reader).await?;
                let rests_on = Box::new(RestsOn { grant, families, revoked, account, session });
                Ok(Found::Issued { code, rests_on })
            }
            CodeState::Redeemed { .. } => {
                let family = TokenFamily::at(&code.family_id);
                let family_key = family.key().clone();
                let (family, revoked) = reader.load((family, end)).await?;
                // Each refresh writes it, and must not be faster than the end of it.
                reader.unguard(&family_key);
                Ok(Found::Redeemed { code, gave: Box::new(Gave { family, revoked }) })
            }
            CodeState::Burnt { .. } => Ok(Found::Burnt { code }),
        }
    }

    /// Whether it is shown by the one that it was made for.
    fn check_shown(&self, code: &AuthorizationCode, client: &AuthenticatedClient) -> Result<(), TokenRefusal> {
        if code.client_id != client.client_id {
            return Err(TokenRefusal::CodeForAnotherClient);
        }
        if code.redirect_uri != self.redirect_uri {
            return Err(TokenRefusal::RedirectUri);
        }
        if !pkce::matches(&code.code_challenge, self.verifier) {
            return Err(TokenRefusal::Verifier);
        }
        Ok(())
    }

    /// The rules, in order; what is left is the audience.
    fn check(
        &self,
        code: &AuthorizationCode,
        rests_on: &RestsOn,
        client: &AuthenticatedClient,
        now: Timestamp,
    ) -> Result<Vec<String>, TokenRefusal> {
        self.check_shown(code, client)?;
        if now >= code.expires_at {
            return Err(TokenRefusal::CodeExpired);
        }
        // Of another generation, ended, or narrowed by an answer that came later.
        let policy = &self.issuer.policy;
        let carries = |grant: &Stored<Grant>| {
            grant.carries(code.grant_generation, policy, now)
                && grant.left_of(&code.scopes, &code.resources, code.grant_narrowed) == code.scopes
        };
        if rests_on.revoked.is_some() || !rests_on.grant.as_ref().is_some_and(carries) {
            return Err(TokenRefusal::GrantRevoked);
        }
        let generation = code.authentication.account_generation();
        if !rests_on.account.as_ref().is_some_and(|account| account.carries(generation)) {
            return Err(TokenRefusal::AccountUnusable);
        }
        if rests_on.session == SessionState::Ended {
            return Err(TokenRefusal::SessionEnded);
        }
        let resources = narrow(self.request.params.all("resource"), &code.resources)?;
        Ok(resource::still_allowed(resources, client, policy, self.issuer.identifier())?)
    }

    fn redeem(
        &self,
        mut code: Stored<AuthorizationCode>,
        RestsOn { grant, families, .. }: RestsOn,
        client: &AuthenticatedClient,
        resources: Vec<String>,
        moment: &Moment<'_>,
    ) -> Decision<Issue, TokenRefusal> {
        let policy = &self.issuer.policy;
        let offline = client.allows(GrantTypeName::RefreshToken) && code.scopes.contains("offline_access");
        let fresh = offline.then(|| FreshRefreshToken::first(&code.family_id, policy, moment));
        let last_use = fresh.as_ref().map_or(moment.now, |fresh| fresh.record.expires_at);
        let family = TokenFamily {
            id: code.family_id.clone(),
            grant_id: code.grant_id.clone(),
            grant_generation: code.grant_generation,
            grant_narrowed: code.grant_narrowed,
            client_id: code.client_id.clone(),
            authentication: code.authentication.clone(),
            scopes: code.scopes.clone(),
            resources: code.resources.clone(),
            state: FamilyState::Active,
            refresh: fresh.as_ref().map(|fresh| fresh.record.clone()),
            issued_at: moment.now,
            expires_at: policy.last_token_dead(last_use),
        };
        let access_token = AccessToken::of_family(self.issuer, &family, code.scopes.clone(), resources, moment);
        let id_token = code.scopes.contains("openid").then(|| IdToken::of_code(self.issuer, &code, client, moment.now));
        let last_use = if offline { moment.now + policy.family_lifetime } else { moment.now };
        let dead_at = policy.last_token_dead(last_use);
        code.record.state = CodeState::Redeemed { at: moment.now };
        code.record.kept_until = dead_at;

        let mut changes = Changes::none();
        changes.insert(&family).replace(&code);
        families.admit(&family, dead_at, policy, moment.now, &mut changes);
        // Reading the grant guards it. It is written at most once an hour, or redemptions would compete with a withdrawal.
        if let Some(mut grant) = grant.filter(|grant| grant.is_use_due(moment.now)) {
            grant.record.use_at(policy, moment.now);
            changes.replace(&grant);
        }
        let action = Action::CodeRedeem { family: family.id.clone(), scope: Some(family.scopes.to_string()) };
        // Told one by one: `Policy::answers` bounds how many codes there are. To count them takes three more reads in each
        // attempt, and those who redeem one person's codes at once would lose to each other too often.
        let event = client.did(action, family.authentication.subject());
        let issue = Issue { access_token, id_token, refresh_token: fresh.map(|fresh| fresh.token) };
        Decision::grant(issue).changing(changes).report(event)
    }

    /// A code is redeemed for the second time: ends what the first time gave, if that is still alive. One of the two was not
    /// its owner, and nobody can tell which.
    fn revoke(
        &self,
        code: &AuthorizationCode,
        Gave { family, revoked }: Gave,
        client: &AuthenticatedClient,
        now: Timestamp,
    ) -> Decision<Issue, TokenRefusal> {
        let family = family.filter(|family| !is_over(family, &revoked));
        let Some(family) = family else { return Decision::refuse(TokenRefusal::CodeReplayed) };
        let mut changes = Changes::none();
        changes.insert(&RevokedFamily::of(&family, &self.issuer.policy, now));
        Decision::refuse(TokenRefusal::CodeReplayed).changing(changes).report(denied(code, client, "replayed"))
    }
}

/// Whoever shows a code in one of these ways is not the one that it was made for, or comes too late.
fn misused(refusal: &TokenRefusal) -> Option<&'static str> {
    match refusal {
        TokenRefusal::CodeForAnotherClient => Some("other_client"),
        TokenRefusal::CodeExpired => Some("expired"),
        TokenRefusal::RedirectUri => Some("redirect_uri"),
        TokenRefusal::Verifier => Some("verifier"),
        _ => None,
    }
}

/// Ends a code that was not spent yet.
fn burn(
    mut code: Stored<AuthorizationCode>,
    client: &AuthenticatedClient,
    (refusal, reason): (TokenRefusal, &'static str),
    now: Timestamp,
) -> Decision<Issue, TokenRefusal> {
    code.record.state = CodeState::Burnt { at: now };
    let mut changes = Changes::none();
    changes.replace(&code);
    Decision::refuse(refusal).changing(changes).report(denied(&code, client, reason))
}

fn denied(code: &AuthorizationCode, client: &AuthenticatedClient, reason: &'static str) -> Event {
    let action = Action::CodeRedeem { family: code.family_id.clone(), scope: None };
    client.did(action, code.authentication.subject()).denied(reason)
}
