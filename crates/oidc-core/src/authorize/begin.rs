//! A client asks: the first step of settling. The request is not stored; where the person must be asked, it begins to wait.

use async_trait::async_trait;
use countersign_storage::secret::identifier;
use countersign_storage::{Changes, Decision, Fault, Moment, Operation, Reader, Sealing};

use crate::allowance::{self, Pair};
use crate::authorize::browser::Browser;
use crate::authorize::pending::Pending;
use crate::authorize::person::Person;
use crate::authorize::prompt::{Next, Prompt, SignIn};
use crate::authorize::redirect::{self, Recipient};
use crate::authorize::settle::{self, Settled};
use crate::authorize::waiting::Waiting;
use crate::authorize::{AuthorizationRefusal, Validated};
use crate::client_authentication::load_client_with;
use crate::issuer::Issuer;
use crate::rules::prompt::PromptValue;

pub(crate) struct Begin<'a> {
    pub(crate) issuer: &'a Issuer,
    pub(crate) request: &'a Validated,
    pub(crate) browser: &'a Browser,
    pub(crate) person: Option<&'a Person>,
}

/// What was decided about a request that has just come.
pub(crate) enum Begun {
    /// Ask; the request begins to wait.
    Wait { prompt: Prompt, waiting: Box<Waiting> },
    /// Everything was allowed before: send the browser back.
    ToClient { location: String },
}

#[async_trait]
impl<'a> Operation for Begin<'a> {
    type Loaded = (Option<&'a Person>, Option<Pending>);
    type Granted = Begun;
    type Refusal = AuthorizationRefusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let person = self.issuer.still_signed_in(self.person, reader).await?;
        let grant = Pending::grant_at(self.request, person);
        let clients = self.issuer.clients.as_ref();
        let (client, grant) = load_client_with(&self.request.client_id, clients, reader, grant).await?;
        Ok((person, Pending::of(self.issuer, self.request.clone(), client, grant)))
    }

    fn decide(&self, (person, pending): Self::Loaded, moment: &Moment<'_>) -> Decision<Begun, AuthorizationRefusal> {
        let Some(pending) = pending else { return Decision::refuse(AuthorizationRefusal::ClientGone) };
        match pending.next(person, SignIn::Before, &self.issuer.policy, moment.now) {
            Next::Refuse(refusal) => Decision::refuse(refusal),
            Next::Ask(prompt) => Decision::grant(self.wait(prompt, self.request.clone(), person, moment)),
            Next::Nothing { authentication, grant } => {
                let pair = Pair { subject: authentication.subject().as_str(), client_id: &self.request.client_id };
                let allowance = allowance::of_codes(pair, &self.issuer.policy, moment.now);
                if allowance.used_up(moment).is_some() {
                    return self.ask_instead(person, moment);
                }
                let scopes = pending.scopes.intersection(&grant.scopes);
                let mut changes = Changes::none();
                allowance.count(1, &mut changes);
                let given = (authentication, grant, scopes);
                let location = settle::issue(self.issuer, &pending, given, &mut changes, moment);
                Decision::grant(Begun::ToClient { location }).changing(changes)
            }
        }
    }
}

#[async_trait]
impl Sealing for Begin<'_> {
    type Sealed = Settled;

    async fn seal(&self, begun: Begun, _: &mut Changes) -> Result<Settled, Fault> {
        match begun {
            Begun::ToClient { location } => Ok(Settled::ToClient { location }),
            Begun::Wait { prompt, waiting } => Ok(match waiting.seal(self.issuer, self.browser)? {
                Some(interaction) => Settled::Prompt { prompt, interaction },
                // Only the sealed text shows how long it is.
                None => Settled::ToClient { location: self.too_long() },
            }),
        }
    }
}

impl Begin<'_> {
    /// Any page can send the browser here and use up the codes that are given without a question. So the person is asked: a
    /// click of their own is counted apart. The request waits as one that wants consent, or the page would go on without them.
    fn ask_instead(&self, person: Option<&Person>, moment: &Moment<'_>) -> Decision<Begun, AuthorizationRefusal> {
        if self.request.prompt.contains(&PromptValue::None) {
            return Decision::refuse(AuthorizationRefusal::TooManyCodes);
        }
        let mut request = self.request.clone();
        request.prompt.push(PromptValue::Consent);
        Decision::grant(self.wait(Prompt::Consent, request, person, moment))
    }

    fn wait(&self, prompt: Prompt, request: Validated, person: Option<&Person>, moment: &Moment<'_>) -> Begun {
        let waiting = Waiting {
            id: identifier("int", moment.random),
            request,
            began_with: person.map(|person| person.authentication.clone()),
            created_at: moment.now,
            expires_at: moment.now + self.issuer.policy.interaction_lifetime,
        };
        Begun::Wait { prompt, waiting: Box::new(waiting) }
    }

    fn too_long(&self) -> String {
        let to = Recipient::of_request(self.request);
        redirect::refuse(self.issuer.identifier(), to, &AuthorizationRefusal::RequestTooLong)
    }
}
