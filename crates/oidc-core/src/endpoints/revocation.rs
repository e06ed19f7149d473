//! POST /revoke: a client gives a token back ([RFC 7009]).
//!
//! A refresh token, also one that was replaced, ends its whole family, however often the family is refreshed meanwhile. An access
//! token ends alone. A token that is unknown, expired or already revoked needs no further work: the answer is 200 (§2.2).
//! Refused are a client that does not prove who it is, and another client's token, which stays as it is.
//!
//! [RFC 7009]: https://www.rfc-editor.org/rfc/rfc7009

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_jose::jwt::ExpectedAudience;
use countersign_storage::{
    Action, Changes, Decision, Fault, Moment, Operation, Reader, Record, Stopped, Stored, Subject, Timestamp,
};
use countersign_web::route::{At, Origins, POST};
use http::{Request, StatusCode};

use crate::allowance::{self, Pair};
use crate::client::{AuthMethod, Client};
use crate::client_authentication::{AuthenticatedClient, ClientRefusal, PresentedClient, proving_methods};
use crate::issuer::Issuer;
use crate::outline::FamilyOutline;
use crate::params::{Params, ParamsRefusal};
use crate::records::revoked_family::Revoked;
use crate::records::{RevokedFamily, RevokedToken};
use crate::response::{OAuthError, empty, refuse, retry_after};
use crate::route::{Answering, Endpoint, Route};
use crate::route_map::RouteMap;
use crate::token::PresentedRefreshToken;
use crate::token::live::{OwnToken, own};

pub(crate) fn route(paths: &RouteMap) -> Route<'_> {
    let theirs = Endpoint {
        answer,
        describe: |_, url, metadata| {
            metadata.set("revocation_endpoint", url);
            metadata.extend("revocation_endpoint_auth_methods_supported", proving_methods());
            metadata.extend("revocation_endpoint_auth_methods_supported", [AuthMethod::None.as_str()]);
        },
    };
    Route { at: At::Below(&paths.revocation), methods: POST, origins: Origins::Any, theirs }
}

countersign_web::refusals! {
    /// Why nothing is revoked.
    #[derive(Clone, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum RevocationRefusal {
        /// The client is not who it says, or is not served.
        Client(refusal: ClientRefusal) => inner,
        /// The token was given to another client. It is left as it is.
        ForAnotherClient => [
            BAD_REQUEST "invalid_grant" "RFC 7009 §2.1" "The token was issued to another client."
        ],
        /// The parameters are not read.
        Params(refusal: ParamsRefusal) => inner,
        /// The client revoked more access tokens of this person, or of its own, than [`crate::Policy::revocations`]. The status
        /// is that of RFC 6585 §4. No code of RFC 6749 §5.2 says this; the one that RFC 6749 §4.1.2.1 has for it does, and means
        /// the same elsewhere here. `slow_down` (RFC 8628 §3.5) would lengthen the interval of a device.
        RateLimited(until: Timestamp) => [
            TOO_MANY_REQUESTS "temporarily_unavailable" "RFC 6585 §4" "Too many access tokens were revoked. Try again later."
        ],
        /// There is nothing to revoke.
        TokenMissing => [BAD_REQUEST "invalid_request" "RFC 7009 §2.1" "The parameter token is missing."],
    }
}

impl From<RevocationRefusal> for Stopped<RevocationRefusal> {
    fn from(refusal: RevocationRefusal) -> Self {
        Stopped::Refused(refusal)
    }
}

fn answer(issuer: &Issuer, request: Request<Bytes>) -> Answering<'_> {
    Box::pin(async move {
        match revoke(issuer, &request).await {
            Ok(()) => empty(StatusCode::OK),
            Err(Stopped::Refused(refusal @ RevocationRefusal::RateLimited(until))) => {
                let response = refuse(refusal.row(), refusal.to_string(), issuer.identifier());
                retry_after(response, until.since(issuer.ports.now()))
            }
            Err(Stopped::Refused(refusal)) => refuse(refusal.row(), refusal.to_string(), issuer.identifier()),
            Err(Stopped::Failed(fault)) => OAuthError::of_fault(&fault).respond(),
        }
    })
}

async fn revoke(issuer: &Issuer, request: &Request<Bytes>) -> Result<(), Stopped<RevocationRefusal>> {
    let (client, token) = parse(request)?;
    let refresh = PresentedRefreshToken::parse(&token);
    let token = if refresh.is_formed() {
        Token::Refresh(refresh)
    } else {
        match own(issuer, &token, ExpectedAudience::CheckedByCaller).await {
            Ok(own) => Token::Access(own),
            // Not ours, not any more, or no token at all: nothing needs to be revoked.
            Err(Stopped::Refused(_)) => Token::Unknown,
            Err(Stopped::Failed(fault)) => return Err(fault.into()),
        }
    };
    issuer.ports.perform(&Revoke { issuer, client, token }).await
}

fn parse(request: &Request<Bytes>) -> Result<(PresentedClient, String), RevocationRefusal> {
    let params = Params::posted(request, &[])?;
    let client = PresentedClient::parse(request.headers(), &params)?;
    match params.one("token") {
        Ok(Some(token)) => Ok((client, token.to_owned())),
        _ => Err(RevocationRefusal::TokenMissing),
    }
}

/// What was sent. `token_type_hint` is not needed to tell them apart.
enum Token {
    Access(OwnToken),
    Refresh(PresentedRefreshToken),
    Unknown,
}

struct Revoke<'a> {
    issuer: &'a Issuer,
    client: PresentedClient,
    token: Token,
}

#[async_trait]
impl Operation for Revoke<'_> {
    type Loaded = (Option<Client>, Known);
    type Granted = ();
    type Refusal = RevocationRefusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let (family, token) = match &self.token {
            Token::Refresh(presented) => (presented.family_id(), NOTHING),
            Token::Access(own) => (NOTHING, own.jti.as_str()),
            Token::Unknown => (NOTHING, NOTHING),
        };
        let at = (FamilyOutline::at(family), RevokedFamily::at(family), RevokedToken::at(token));
        let (family_key, clients) = (at.0.key().clone(), self.issuer.clients.as_ref());
        let (client, (family, family_end, token_end)) = self.client.load_with(clients, reader, at).await?;
        // Whose it is does not change. What does change with each refresh is no part of the decision, or who refreshes could
        // hold it up.
        reader.unguard(&family_key);
        Ok((client, Known { family, family_end, token_end }))
    }

    fn decide(&self, (client, known): Self::Loaded, moment: &Moment<'_>) -> Decision<(), RevocationRefusal> {
        let client = match self.client.authenticate(client) {
            Ok(client) => client,
            Err(refusal) => return Decision::refuse(refusal),
        };
        match &self.token {
            Token::Unknown => Decision::grant(()),
            Token::Refresh(presented) => {
                let family = known.family.filter(|family| {
                    let is_of_it = family.refresh.as_ref().is_some_and(|refresh| presented.has_root(&refresh.root));
                    is_of_it && known.family_end.is_none() && !family.is_revoked()
                });
                family.map_or(Decision::grant(()), |family| self.end_family(&family, &client, moment))
            }
            Token::Access(own) if known.token_end.is_none() => self.end_token(own, &client, moment),
            Token::Access(_) => Decision::grant(()),
        }
    }
}

/// What is stored of what was sent, and of its end.
struct Known {
    family: Option<Stored<FamilyOutline>>,
    family_end: Revoked,
    token_end: Option<Stored<RevokedToken>>,
}

impl Revoke<'_> {
    fn end_family(
        &self,
        family: &FamilyOutline,
        client: &AuthenticatedClient,
        moment: &Moment<'_>,
    ) -> Decision<(), RevocationRefusal> {
        if family.client_id != client.client_id {
            return Decision::refuse(RevocationRefusal::ForAnotherClient);
        }
        let mut changes = Changes::none();
        changes.insert(&family.end(&self.issuer.policy, moment.now));
        let action = Action::TokenRevoke { family: Some(family.id.clone()), jti: None };
        Decision::grant(()).changing(changes).report(client.did(action, family.subject()).counted())
    }

    fn end_token(
        &self,
        own: &OwnToken,
        client: &AuthenticatedClient,
        moment: &Moment<'_>,
    ) -> Decision<(), RevocationRefusal> {
        if own.client_id != client.client_id {
            return Decision::refuse(RevocationRefusal::ForAnotherClient);
        }
        let pair = Pair { subject: &own.subject, client_id: &own.client_id };
        let allowance = allowance::of_revocations(pair, &self.issuer.policy, moment.now);
        if let Some(until) = allowance.used_up(moment) {
            return Decision::refuse(RevocationRefusal::RateLimited(until));
        }
        let revoked = RevokedToken {
            jti: own.jti.clone(),
            client_id: own.client_id.clone(),
            revoked_at: moment.now,
            expires_at: own.expires_at + REMEMBERED,
        };
        let mut changes = Changes::none();
        changes.insert(&revoked);
        allowance.count(1, &mut changes);
        let action = Action::TokenRevoke { family: None, jti: Some(own.jti.clone()) };
        let person = Subject::new(&own.subject).filter(|_| own.subject != own.client_id);
        Decision::grant(()).changing(changes).report(client.did(action, person.as_ref()).counted())
    }
}

/// How long a revoked token is remembered after it expired: a clock that is set back by less does not revive it.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// A name under which nothing is stored.
const NOTHING: &str = "none";
