//! A request that can still go on, and all that is known about it.

use countersign_storage::{At, Record, Stored, Timestamp};

use crate::authorize::person::Person;
use crate::authorize::prompt::{self, Facts, Next, SignIn};
use crate::authorize::{AuthorizationRefusal, Validated};
use crate::client::{Client, ClientState, GrantTypeName};
use crate::issuer::Issuer;
use crate::policy::Policy;
use crate::records::Grant;
use crate::rules::invalid_target::InvalidTarget;
use crate::rules::{redirect_uri, resource, scope};
use crate::scope::Scopes;

/// A request, and all that is stored about it.
pub(crate) struct Pending {
    pub(crate) request: Validated,
    pub(crate) client: Client,
    pub(crate) grant: Option<Stored<Grant>>,
    /// What is asked for and still registered: all that can be shown, and all that can be granted.
    pub(crate) scopes: Scopes,
    resources: Result<(), InvalidTarget>,
}

impl Pending {
    /// Where the grant is that this person may have given; where nothing is, if nobody is signed in.
    pub(crate) fn grant_at(request: &Validated, person: Option<&Person>) -> At<Grant> {
        Grant::at(person.map_or(NOTHING.to_owned(), |person| Grant::id_of(person.subject(), &request.client_id)))
    }

    /// `None` where the client is gone: it may have been suspended or changed while the person was reading.
    pub(crate) fn of(
        issuer: &Issuer,
        request: Validated,
        client: Option<Client>,
        grant: Option<Stored<Grant>>,
    ) -> Option<Self> {
        let client = client.filter(|client| client.state == ClientState::Active)?;
        if !redirect_uri::is_registered(&client, &request.redirect_uri) {
            return None;
        }
        let scopes = request.scopes.intersection(&scope::of_client(&client, &issuer.policy));
        let left = resource::still_allowed(request.resources.clone(), &client, &issuer.policy, issuer.identifier());
        let resources = match left {
            Ok(left) if left == request.resources => Ok(()),
            _ => Err(InvalidTarget::NotAllowed),
        };
        Some(Pending { request, client, grant, scopes, resources })
    }

    /// What comes next for this person.
    pub(crate) fn next<'a>(
        &'a self,
        person: Option<&'a Person>,
        sign_in: SignIn,
        policy: &Policy,
        now: Timestamp,
    ) -> Next<'a> {
        if !self.client.allows(GrantTypeName::AuthorizationCode) {
            return Next::Refuse(AuthorizationRefusal::GrantTypeNotAllowed);
        }
        if self.scopes.is_empty() {
            return Next::Refuse(AuthorizationRefusal::ScopeNotAllowed);
        }
        if let Err(target) = self.resources {
            return Next::Refuse(AuthorizationRefusal::InvalidTarget(target));
        }
        let authentication = person.map(|person| &person.authentication);
        let grant = authentication.and_then(|authentication| {
            self.grant.as_deref().filter(|grant| grant.holds(authentication.account_generation(), policy, now))
        });
        let facts = Facts { authentication, sign_in, client: &self.client, grant, scopes: &self.scopes, now };
        prompt::next(&self.request, &facts)
    }
}

/// A name under which nothing is stored.
const NOTHING: &str = "none";
