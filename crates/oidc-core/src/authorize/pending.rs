//! A request that can still go on, and all that is known about it.

use countersign_storage::{Fault, Reader, Record, Secret, Stored, Timestamp};

use crate::authorize::browser::Browser;
use crate::authorize::prompt::{self, Facts, Next, SignIn};
use crate::authorize::settle::Person;
use crate::authorize::waiting::Waiting;
use crate::authorize::{AuthorizationRefusal, InteractionError, Validated};
use crate::client::{Client, ClientState, GrantTypeName};
use crate::client_authentication::load_client_with;
use crate::issuer::Issuer;
use crate::policy::Policy;
use crate::records::{AnsweredInteraction, Grant};
use crate::rules::redirect_uri;
use crate::rules::resource::{self, InvalidTarget};
use crate::scope::Scopes;

/// A pending request and all that is stored about it.
pub(crate) struct Pending {
    /// Where it waited; `None` for a request that has just come.
    pub(crate) waiting: Option<WaitingAs>,
    pub(crate) request: Validated,
    pub(crate) client: Client,
    pub(crate) grant: Option<Stored<Grant>>,
    /// What is asked for and still registered: all that can be shown, and all that can be granted.
    pub(crate) scopes: Scopes,
    resources: Result<(), InvalidTarget>,
}

/// A waiting request, and the text under which the pages know it.
pub(crate) struct WaitingAs {
    pub(crate) text: String,
    pub(crate) opened: Waiting,
}

/// Why a request cannot go on.
pub(crate) enum Over {
    /// It was answered.
    Answered(Box<AnsweredInteraction>),
    Refused(InteractionError),
}

impl From<Over> for InteractionError {
    fn from(over: Over) -> Self {
        match over {
            Over::Answered(_) => InteractionError::Finished,
            Over::Refused(error) => error,
        }
    }
}

impl Pending {
    /// A request that has just come.
    pub(crate) async fn begin(
        issuer: &Issuer,
        reader: &mut Reader<'_>,
        request: Validated,
        person: Option<&Person>,
    ) -> Result<Result<Self, Over>, Fault> {
        Self::load(issuer, reader, None, request, person).await
    }

    /// A request that waited in this browser.
    pub(crate) async fn resume(
        issuer: &Issuer,
        reader: &mut Reader<'_>,
        id: &str,
        browser: &Browser,
        person: Option<&Person>,
    ) -> Result<Result<Self, Over>, Fault> {
        let Some(opened) = Waiting::open(id, issuer, browser) else {
            return Ok(Err(Over::Refused(InteractionError::Unknown)));
        };
        let request = opened.request.clone().into();
        Self::load(issuer, reader, Some(WaitingAs { text: id.to_owned(), opened }), request, person).await
    }

    async fn load(
        issuer: &Issuer,
        reader: &mut Reader<'_>,
        waiting: Option<WaitingAs>,
        request: Validated,
        person: Option<&Person>,
    ) -> Result<Result<Self, Over>, Fault> {
        let answered = waiting.as_ref().map_or(NOTHING, |waiting| waiting.opened.id.as_str());
        let grant = person.map(|person| Grant::id_of(person.authentication.subject(), &request.client_id));
        let others = (AnsweredInteraction::at(answered), Grant::at(grant.as_deref().unwrap_or(NOTHING)));
        let (client, (answered, grant)) =
            load_client_with(&request.client_id, issuer.clients.as_ref(), reader, others).await?;
        if let Some(answered) = answered {
            return Ok(Err(Over::Answered(Box::new(answered.record))));
        }
        if waiting.as_ref().is_some_and(|waiting| waiting.opened.expires_at <= reader.now()) {
            return Ok(Err(Over::Refused(InteractionError::Expired)));
        }
        // The client may have been suspended or changed while the person was reading.
        let client = client.filter(|client| client.state == ClientState::Active);
        let Some(client) = client.filter(|client| redirect_uri::is_registered(client, &request.redirect_uri)) else {
            return Ok(Err(Over::Refused(InteractionError::ClientGone)));
        };
        let scopes = request.scopes.intersection(&client.scopes);
        let left = resource::still_allowed(request.resources.clone(), &client, &issuer.policy, issuer.identifier());
        let resources = match left {
            Ok(left) if left == request.resources => Ok(()),
            _ => Err(InvalidTarget::NotAllowed),
        };
        Ok(Ok(Pending { waiting, request, client, grant, scopes, resources }))
    }

    pub(crate) fn next(&self, person: Option<&Person>, policy: &Policy, now: Timestamp) -> Next {
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
        let in_answer = match (&self.waiting, authentication) {
            (Some(waiting), Some(authentication)) => waiting.opened.was_answered_by(authentication),
            _ => false,
        };
        let facts = Facts {
            authentication,
            sign_in: if in_answer { SignIn::InAnswer } else { SignIn::Before },
            client: &self.client,
            grant: authentication.and_then(|authentication| {
                self.grant.as_deref().filter(|grant| grant.holds(authentication.account_generation(), policy, now))
            }),
            scopes: &self.scopes,
            now,
        };
        prompt::next(&self.request, &facts)
    }

    /// What only the consent page that this browser was shown, for this person, about exactly this, can send back.
    pub(crate) fn ticket(&self, browser: &Browser, person: &Person) -> Secret {
        let id = self.waiting.as_ref().map_or("", |waiting| waiting.opened.id.as_str());
        let scopes = self.scopes.to_string();
        let resources = self.request.resources.join(" ");
        let subject = person.authentication.subject().as_str();
        browser.ticket(&["consent", id, subject, &self.client.fingerprint(), &scopes, &resources])
    }
}

/// A name under which nothing is stored.
const NOTHING: &str = "none";
