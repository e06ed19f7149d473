//! `grant_type=refresh_token` ([RFC 6749 §6], [RFC 9700 §4.14.2]).
//!
//! Every use gives a new refresh token and ends the one that was shown. A client that did not get the answer may ask again
//! with the old one: within the policy's window, and while the successor is unused, it gets the *same* answer, which is
//! stored sealed under a key that only the old token gives. A request for another scope or resource is no retry: that answer
//! is not for it, and it is refused. Any other use of a replaced token revokes the whole family.
//!
//! A refresh token is `{family}.{root}.{turn}`: the root is the same in the whole family, the turn is new each time. So a
//! replaced token is told from a made-up one, and nobody can end a family by guessing. Only hashes are stored.
//!
//! No ID token is given here ([OIDC Core §12.2] leaves it to us): nobody signed in.
//!
//! [RFC 6749 §6]: https://www.rfc-editor.org/rfc/rfc6749#section-6
//! [RFC 9700 §4.14.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
//! [OIDC Core §12.2]: https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse

use std::time::Duration;

use async_trait::async_trait;
use countersign_jose::json;
use countersign_storage::{
    Account, Action, Changes, Decision, Fault, Handle, Moment, Operation, Reader, Record, Sealed, Sealing, SealingKey,
    Secret, Stopped, Stored, Timestamp,
};
use zeroize::Zeroizing;

use super::audience::narrow;
use super::grant_type::{GrantType, TokenRequest};
use super::held::Held;
use super::issue::{AccessToken, Issue, Tokens};
use super::refusal::TokenRefusal;
use crate::client::{Client, GrantTypeName};
use crate::client_authentication::AuthenticatedClient;
use crate::issuer::Issuer;
use crate::policy::Policy;
use crate::records::revoked_family::{Revoked, is_over};
use crate::records::token_family::{PreviousRefreshToken, RefreshToken};
use crate::records::{Grant, RevokedFamily, TokenFamily};
use crate::rules::{resource, scope};
use crate::scope::Scopes;

pub(super) struct RefreshTokenGrant;

#[async_trait]
impl GrantType for RefreshTokenGrant {
    async fn exchange(&self, issuer: &Issuer, request: &TokenRequest<'_>) -> Result<Tokens, Stopped<TokenRefusal>> {
        let presented = PresentedRefreshToken::parse(request.required("refresh_token")?);
        let scope = request.scope()?;
        issuer.ports.perform_sealing(&Refresh { issuer, request, presented, scope }).await
    }
}

/// A refresh token as it was shown, taken apart.
#[derive(Debug)]
pub(crate) struct PresentedRefreshToken {
    whole: Secret,
    parts: Option<(String, Secret)>,
}

impl PresentedRefreshToken {
    pub(crate) fn parse(token: &str) -> Self {
        let parts = || {
            let (family, rest) = token.split_once('.')?;
            let (root, turn) = rest.split_once('.')?;
            let formed = family.starts_with(FAMILY) && family.len() <= 64 && is_secret(root) && is_secret(turn);
            formed.then(|| (family.to_owned(), Secret::new(root)))
        };
        PresentedRefreshToken { whole: Secret::new(token), parts: parts() }
    }

    /// Whether it has the form of one.
    pub(crate) fn is_formed(&self) -> bool {
        self.parts.is_some()
    }

    /// The id of its family; for what is no refresh token, one under which there is nothing.
    pub(crate) fn family_id(&self) -> &str {
        self.parts.as_ref().map_or(NO_FAMILY, |(family, _)| family)
    }

    /// Whether it is one of this family: the current one, or one that was replaced.
    pub(crate) fn is_of(&self, family: &TokenFamily) -> bool {
        family.refresh.as_ref().is_some_and(|refresh| self.has_root(&refresh.root))
    }

    /// Whether it is one of the family whose refresh tokens share this.
    pub(crate) fn has_root(&self, root: &Handle) -> bool {
        self.parts.as_ref().is_some_and(|(_, shown)| root.matches(shown))
    }

    /// Whether it is this one.
    pub(crate) fn is(&self, token: &Handle) -> bool {
        token.matches(&self.whole)
    }

    fn sealing_key(&self) -> SealingKey {
        SealingKey::derive(&self.whole, "the answer to a refresh")
    }
}

/// A new refresh token and what is stored of it.
pub(super) struct FreshRefreshToken {
    pub(super) token: Secret,
    pub(super) record: RefreshToken,
}

impl FreshRefreshToken {
    /// The first of a family.
    pub(super) fn first(family: &str, policy: &Policy, moment: &Moment<'_>) -> Self {
        let root = Secret::generate(moment.random);
        Self::next(family, &root, moment.now + policy.family_lifetime, policy, moment)
    }

    /// The next of a family, which ends at `end` at the latest.
    fn next(family: &str, root: &Secret, end: Timestamp, policy: &Policy, moment: &Moment<'_>) -> Self {
        let turn = Secret::generate(moment.random);
        let token = Secret::new(format!("{family}.{}.{}", root.expose(), turn.expose()));
        let record = RefreshToken {
            root: root.handle(),
            current: token.handle(),
            issued_at: moment.now,
            expires_at: end.min(moment.now + policy.refresh_token_lifetime),
            previous: None,
        };
        FreshRefreshToken { token, record }
    }
}

struct Refresh<'a> {
    issuer: &'a Issuer,
    request: &'a TokenRequest<'a>,
    presented: PresentedRefreshToken,
    scope: Option<Scopes>,
}

struct Loaded {
    client: Option<Client>,
    family: Option<Stored<TokenFamily>>,
    revoked: Revoked,
    grant: Option<Stored<Grant>>,
    account: Option<Account>,
}

/// What a refresh is answered with.
enum Answer {
    /// A new answer; the family is stored with it, sealed.
    Rotate(Box<Rotation>),
    /// The answer that was given before.
    Again { family_id: String, answer: Sealed },
}

struct Rotation {
    family: Stored<TokenFamily>,
    successor: RefreshToken,
    issue: Issue,
    used_for: Handle,
    now: Timestamp,
}

/// What must still hold for a family to give tokens.
struct RestsOn<'a> {
    revoked: &'a Revoked,
    grant: Option<&'a Grant>,
    account: Option<&'a Account>,
}

/// What a refresh token that belongs to its family is.
enum Standing {
    Current,
    JustReplaced { used_for: Option<Handle>, answer: Sealed },
    Reused,
}

#[async_trait]
impl Operation for Refresh<'_> {
    type Loaded = Loaded;
    type Granted = Answer;
    type Refusal = TokenRefusal;

    /// The grant, and that the family was not revoked, are read and guarded, and never written: a withdrawal does not compete
    /// with refreshes.
    async fn load(&self, reader: &mut Reader<'_>) -> Result<Loaded, Fault> {
        let at = (TokenFamily::at(self.presented.family_id()), RevokedFamily::at(self.presented.family_id()));
        let (family_key, clients) = (at.0.key().clone(), self.issuer.clients.as_ref());
        let (client, (family, revoked)) = self.request.client.load_with(clients, reader, at).await?;
        let Some(family) = family else { return Ok(Loaded { client, family, revoked, grant: None, account: None }) };
        if !self.is_current(&family) {
            // A token that was replaced stays replaced, and who shows it writes no family. If it revokes, it does so however
            // often the family is refreshed meanwhile.
            reader.unguard(&family_key);
        }
        let grant = reader.load(Grant::at(&family.grant_id)).await?;
        let account = self.issuer.accounts.by_subject_guarded(family.authentication.subject(), reader).await?;
        Ok(Loaded { client, family: Some(family), revoked, grant, account })
    }

    fn decide(&self, loaded: Loaded, moment: &Moment<'_>) -> Decision<Answer, TokenRefusal> {
        let client = match self.request.client.authenticate(loaded.client) {
            Ok(client) => client,
            Err(refusal) => return Decision::refuse(refusal),
        };
        let (family, refresh) = match self.of_client(loaded.family, &loaded.revoked, &client) {
            Ok(found) => found,
            Err(refusal) => return Decision::refuse(refusal),
        };
        let standing = self.standing(&refresh, &client, moment.now);
        if matches!(standing, Standing::Reused) {
            return self.revoke(&family, &client, moment.now);
        }
        let rests_on =
            RestsOn { revoked: &loaded.revoked, grant: loaded.grant.as_deref(), account: loaded.account.as_ref() };
        match self.check(&family, &refresh, &client, &rests_on, moment.now) {
            Err(TokenRefusal::RefreshTokenExpired) => self.end(&family, moment.now),
            Err(refusal) => Decision::refuse(refusal),
            Ok((scope, resources)) => match standing {
                Standing::JustReplaced { used_for, .. } if used_for != Some(use_of(&scope, &resources)) => {
                    Decision::refuse(TokenRefusal::RefreshTokenReplaced)
                }
                Standing::JustReplaced { answer, .. } => {
                    Decision::grant(Answer::Again { family_id: family.id.clone(), answer })
                }
                Standing::Current | Standing::Reused => self.rotate(family, scope, resources, moment),
            },
        }
    }
}

#[async_trait]
impl Sealing for Refresh<'_> {
    type Sealed = Tokens;

    async fn seal(&self, answer: Answer, changes: &mut Changes) -> Result<Tokens, Fault> {
        match answer {
            Answer::Again { family_id, answer } => {
                let opened = self.presented.sealing_key().open(&family_id, &answer)?;
                json::from_slice(&opened).map_err(|_| Fault::Corrupt { kind: TokenFamily::KIND.as_str() })
            }
            Answer::Rotate(rotation) => {
                let Rotation { mut family, successor, issue, used_for, now } = *rotation;
                let tokens = issue.seal(&self.request.keys)?;
                let plain = serde_json::to_vec(&tokens).map(Zeroizing::new);
                let plain = plain.map_err(|_| Fault::Internal("tokens cannot be written"))?;
                let answer = self.presented.sealing_key().seal(&family.id, &plain)?;
                let handle = self.presented.whole.handle();
                let previous = Some(PreviousRefreshToken { handle, rotated_at: now, used_for: Some(used_for), answer });
                family.record.refresh = Some(RefreshToken { previous, ..successor });
                changes.replace(&family);
                Ok(tokens)
            }
        }
    }
}

impl Refresh<'_> {
    /// The family, if the token belongs to it and it belongs to the client. Another client's family is left unharmed.
    fn of_client(
        &self,
        family: Option<Stored<TokenFamily>>,
        revoked: &Revoked,
        client: &AuthenticatedClient,
    ) -> Result<(Stored<TokenFamily>, RefreshToken), TokenRefusal> {
        if !client.allows(GrantTypeName::RefreshToken) {
            return Err(TokenRefusal::ClientNotAllowed);
        }
        let family = family.filter(|family| self.presented.is_of(family)).ok_or(TokenRefusal::RefreshTokenUnknown)?;
        if family.client_id != client.client_id {
            return Err(TokenRefusal::RefreshTokenForAnotherClient);
        }
        if is_over(&family, revoked) {
            return Err(TokenRefusal::RefreshTokenRevoked);
        }
        let refresh = family.refresh.clone().ok_or(TokenRefusal::RefreshTokenUnknown)?;
        Ok((family, refresh))
    }

    fn is_current(&self, family: &TokenFamily) -> bool {
        family.refresh.as_ref().is_some_and(|refresh| self.presented.is(&refresh.current))
    }

    fn standing(&self, refresh: &RefreshToken, client: &Client, now: Timestamp) -> Standing {
        if self.presented.is(&refresh.current) {
            return Standing::Current;
        }
        let window = retry_window(client, &self.issuer.policy);
        match &refresh.previous {
            Some(previous) if self.presented.is(&previous.handle) && was_just(previous.rotated_at, window, now) => {
                Standing::JustReplaced { used_for: previous.used_for.clone(), answer: previous.answer.clone() }
            }
            _ => Standing::Reused,
        }
    }

    /// The rules, in order; what is left is the scope and the audience of the access token.
    fn check(
        &self,
        family: &TokenFamily,
        refresh: &RefreshToken,
        client: &Client,
        rests_on: &RestsOn<'_>,
        now: Timestamp,
    ) -> Result<(Scopes, Vec<String>), TokenRefusal> {
        let policy = &self.issuer.policy;
        // The policy's own bound is asked again: it may have been shortened since.
        if now >= refresh.expires_at || now >= family.issued_at + policy.family_lifetime {
            return Err(TokenRefusal::RefreshTokenExpired);
        }
        let generation = family.authentication.account_generation();
        if !rests_on.account.is_some_and(|account| account.carries(generation)) {
            return Err(TokenRefusal::AccountUnusable);
        }
        let held = Held::of(family, rests_on.revoked, rests_on.grant, policy, now).filter(Held::is_offline);
        let held = held.ok_or(TokenRefusal::GrantRevoked)?;
        let asked = self.scope.as_ref().unwrap_or(&family.scopes);
        if !asked.is_within(&family.scopes) {
            return Err(TokenRefusal::ScopeTooWide);
        }
        let resources = narrow(self.request.params.all("resource"), held.resources())?;
        let resources = resource::still_allowed(resources, client, policy, self.issuer.identifier())?;
        let scope = asked.intersection(&scope::of_client(client, policy)).intersection(&held.scopes_at(&resources));
        if scope.is_empty() { Err(TokenRefusal::ScopeTooWide) } else { Ok((scope, resources)) }
    }

    fn rotate(
        &self,
        mut family: Stored<TokenFamily>,
        scope: Scopes,
        resources: Vec<String>,
        moment: &Moment<'_>,
    ) -> Decision<Answer, TokenRefusal> {
        let policy = &self.issuer.policy;
        let Some((_, root)) = &self.presented.parts else {
            return Decision::refuse(TokenRefusal::RefreshTokenUnknown);
        };
        let end = family.issued_at + policy.family_lifetime;
        let fresh = FreshRefreshToken::next(&family.id, root, end, policy, moment);
        let used_for = use_of(&scope, &resources);
        let access_token = AccessToken::of_family(self.issuer, &family, scope, resources, moment);
        family.record.expires_at = policy.last_token_dead(fresh.record.expires_at);
        let issue = Issue { access_token, id_token: None, refresh_token: Some(fresh.token) };
        let rotation = Rotation { family, successor: fresh.record, issue, used_for, now: moment.now };
        // The change is made where the answer is sealed, which is part of it.
        Decision::grant(Answer::Rotate(Box::new(rotation)))
    }

    /// A family that is seen to have expired is over for good: a clock that is set back does not revive it.
    fn end(&self, family: &TokenFamily, now: Timestamp) -> Decision<Answer, TokenRefusal> {
        let mut changes = Changes::none();
        changes.insert(&RevokedFamily::of(family, &self.issuer.policy, now));
        Decision::refuse(TokenRefusal::RefreshTokenExpired).changing(changes)
    }

    /// A replaced token in other hands than it was made for, or a client that lost count: nobody can tell which.
    fn revoke(
        &self,
        family: &TokenFamily,
        client: &AuthenticatedClient,
        now: Timestamp,
    ) -> Decision<Answer, TokenRefusal> {
        let mut changes = Changes::none();
        changes.insert(&RevokedFamily::of(family, &self.issuer.policy, now));
        let action = Action::TokenRefresh { family: family.id.clone() };
        let event = client.did(action, family.authentication.subject()).denied("reused");
        Decision::refuse(TokenRefusal::RefreshTokenReused).changing(changes).report(event)
    }
}

/// Whether `at` is less than `window` ago. What lies ahead was not just now: the clock was set back, and what was seen to be
/// over stays so. Clocks of nodes may differ a little.
fn was_just(at: Timestamp, window: Duration, now: Timestamp) -> bool {
    now < at + window && at.since(now) <= BETWEEN_NODES
}

/// What an access token of this scope for these resources is good for, whatever order they were named in.
fn use_of(scope: &Scopes, resources: &[String]) -> Handle {
    let mut scope: Vec<&str> = scope.iter().collect();
    let mut resources: Vec<&str> = resources.iter().map(String::as_str).collect();
    scope.sort_unstable();
    resources.sort_unstable();
    Handle::of(&format!("{}\n{}", scope.join(" "), resources.join("\n")))
}

fn retry_window(client: &Client, policy: &Policy) -> Duration {
    if client.is_public() { policy.public_retry_window } else { policy.confidential_retry_window }
}

/// 256 bits in base64url.
fn is_secret(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// How much the clocks of two nodes may differ.
const BETWEEN_NODES: Duration = Duration::from_secs(60);

const FAMILY: &str = "fam_";
const NO_FAMILY: &str = "none";
