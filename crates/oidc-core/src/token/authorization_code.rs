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
    Account, Action, Actor, Changes, Decision, Event, Fault, Moment, Operation, Reader, Record, Sealing, Secret,
    SessionState, Stopped, Stored, Timestamp,
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
use crate::records::{AuthorizationCode, CodeState, FamilyState, Grant, LivingFamilies, TokenFamily};
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
    code: Option<Behind>,
}

/// A code, and what it rests on.
struct Behind {
    code: Stored<AuthorizationCode>,
    grant: Option<Stored<Grant>>,
    /// There is one when the code was redeemed.
    family: Option<Stored<TokenFamily>>,
    families: Families,
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
        let Some(code) = code else { return Ok(Loaded { client, code: None }) };
        let at =
            (Grant::at(&code.grant_id), TokenFamily::at(&code.family_id), LivingFamilies::at(code.grant_id.as_str()));
        let (grant, family, living) = reader.load(at).await?;
        let families = Families::load(living, self.issuer.policy.families_per_grant, reader).await?;
        let account = self.issuer.accounts.by_subject_guarded(code.authentication.subject(), reader).await?;
        let session = self.issuer.signed_in.session_state(&code.authentication, reader).await?;
        Ok(Loaded { client, code: Some(Behind { code, grant, family, families, account, session }) })
    }

    fn decide(&self, loaded: Loaded, moment: &Moment<'_>) -> Decision<Issue, TokenRefusal> {
        let client = match self.request.client.authenticate(loaded.client) {
            Ok(client) => client,
            Err(refusal) => return Decision::refuse(refusal),
        };
        if !client.allows(GrantTypeName::AuthorizationCode) {
            return Decision::refuse(TokenRefusal::ClientNotAllowed);
        }
        let Some(behind) = loaded.code else { return Decision::refuse(TokenRefusal::CodeUnknown) };
        match self.check(&behind, &client, moment.now) {
            Ok(resources) => self.redeem(behind, &client, resources, moment),
            Err(TokenRefusal::CodeReplayed) => revoke(behind, &client),
            Err(refusal) => match (misused(&refusal), behind.code.state) {
                (Some(reason), CodeState::Issued) => burn(behind, &client, (refusal, reason), moment.now),
                _ => Decision::refuse(refusal),
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
    /// The rules, in order; what is left is the audience.
    fn check(
        &self,
        behind: &Behind,
        client: &AuthenticatedClient,
        now: Timestamp,
    ) -> Result<Vec<String>, TokenRefusal> {
        let code = &behind.code;
        if code.client_id != client.client_id {
            return Err(TokenRefusal::CodeForAnotherClient);
        }
        if code.redirect_uri != self.redirect_uri {
            return Err(TokenRefusal::RedirectUri);
        }
        if !pkce::matches(&code.code_challenge, self.verifier) {
            return Err(TokenRefusal::Verifier);
        }
        match code.state {
            CodeState::Issued if now < code.expires_at => {}
            CodeState::Issued => return Err(TokenRefusal::CodeExpired),
            CodeState::Redeemed { .. } => return Err(TokenRefusal::CodeReplayed),
            CodeState::Burnt { .. } => return Err(TokenRefusal::CodeBurnt),
        }
        // Of another generation, ended, or narrowed by an answer that came later.
        let policy = &self.issuer.policy;
        let carries = |grant: &Stored<Grant>| {
            grant.carries(code.grant_generation, policy, now)
                && grant.left_of(&code.scopes, &code.resources, code.grant_narrowed) == code.scopes
        };
        if !behind.grant.as_ref().is_some_and(carries) {
            return Err(TokenRefusal::GrantRevoked);
        }
        let generation = code.authentication.account_generation();
        if !behind.account.as_ref().is_some_and(|account| account.carries(generation)) {
            return Err(TokenRefusal::AccountUnusable);
        }
        if behind.session == SessionState::Ended {
            return Err(TokenRefusal::SessionEnded);
        }
        let resources = narrow(self.request.params.all("resource"), &code.resources)?;
        Ok(resource::still_allowed(resources, client, policy, self.issuer.identifier())?)
    }

    fn redeem(
        &self,
        Behind { mut code, grant, families, .. }: Behind,
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
        families.admit(&family, dead_at, moment.now, &mut changes);
        // Reading the grant guards it. It is written at most once an hour, or redemptions would compete with a withdrawal.
        if let Some(mut grant) = grant.filter(|grant| grant.is_use_due(moment.now)) {
            grant.record.use_at(policy, moment.now);
            changes.replace(&grant);
        }
        let action = Action::CodeRedeem { family: family.id.clone(), scope: Some(family.scopes.to_string()) };
        let event = Event::new(action, Actor::Client { client_id: client.client_id.clone() })
            .for_subject(family.authentication.subject());
        let issue = Issue { access_token, id_token, refresh_token: fresh.map(|fresh| fresh.token) };
        Decision::grant(issue).changing(changes).report(event)
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
    Behind { mut code, .. }: Behind,
    client: &AuthenticatedClient,
    (refusal, reason): (TokenRefusal, &'static str),
    now: Timestamp,
) -> Decision<Issue, TokenRefusal> {
    code.record.state = CodeState::Burnt { at: now };
    let mut changes = Changes::none();
    changes.replace(&code);
    Decision::refuse(refusal).changing(changes).report(denied(&code, client, reason))
}

/// A code is redeemed for the second time: ends what the first time gave. One of the two was not its owner, and nobody can
/// tell which.
fn revoke(Behind { code, family, .. }: Behind, client: &AuthenticatedClient) -> Decision<Issue, TokenRefusal> {
    let family = family.filter(|family| family.state == FamilyState::Active);
    let Some(mut family) = family else { return Decision::refuse(TokenRefusal::CodeReplayed) };
    family.record.state = FamilyState::Revoked;
    let mut changes = Changes::none();
    changes.replace(&family);
    Decision::refuse(TokenRefusal::CodeReplayed).changing(changes).report(denied(&code, client, "replayed"))
}

fn denied(code: &AuthorizationCode, client: &AuthenticatedClient, reason: &'static str) -> Event {
    let action = Action::CodeRedeem { family: code.family_id.clone(), scope: None };
    Event::new(action, Actor::Client { client_id: client.client_id.clone() })
        .for_subject(code.authentication.subject())
        .denied(reason)
}
