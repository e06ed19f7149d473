//! The person answers the consent page.

use async_trait::async_trait;
use countersign_storage::{
    Action, Actor, Changes, Decision, Event, Fault, Handle, Moment, Operation, Reader, Sealing, Secret,
};

use crate::authorize::browser::Browser;
use crate::authorize::consent::Approval;
use crate::authorize::person::Person;
use crate::authorize::prompt::{Next, Prompt};
use crate::authorize::resumed::{Found, Resumed};
use crate::authorize::settle::{self, Answered, Outcome, Settled};
use crate::authorize::{AuthorizationRefusal, ConsentAnswer, InteractionRefusal};
use crate::issuer::Issuer;
use crate::scope::Scopes;

pub(crate) struct Answer<'a> {
    pub(crate) issuer: &'a Issuer,
    pub(crate) interaction: &'a str,
    pub(crate) browser: &'a Browser,
    pub(crate) person: Option<&'a Person>,
    /// Of the page that was shown.
    pub(crate) ticket: &'a Secret,
    pub(crate) answer: &'a ConsentAnswer,
}

#[async_trait]
impl<'a> Operation for Answer<'a> {
    type Loaded = (Option<&'a Person>, Found);
    type Granted = Outcome;
    type Refusal = InteractionRefusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        Resumed::load(self.issuer, reader, self.interaction, self.browser, self.person).await
    }

    fn decide(&self, (person, found): Self::Loaded, moment: &Moment<'_>) -> Decision<Outcome, InteractionRefusal> {
        Outcome::counted(self.judge(person, found, moment), &self.issuer.policy, moment)
    }
}

#[async_trait]
impl Sealing for Answer<'_> {
    type Sealed = Settled;

    async fn seal(&self, outcome: Outcome, changes: &mut Changes) -> Result<Settled, Fault> {
        outcome.seal(self.browser, changes)
    }
}

impl Answer<'_> {
    fn judge(
        &self,
        person: Option<&Person>,
        found: Found,
        moment: &Moment<'_>,
    ) -> Decision<Outcome, InteractionRefusal> {
        let request = match found {
            Found::Open(request) => *request,
            Found::Answered(first) => {
                let same = first.answer == Some(self.given());
                return Outcome::again(*first, person, same, moment.now);
            }
            Found::Over(refusal) => return Decision::refuse(refusal),
        };
        match (request.next(person, &self.issuer.policy, moment.now), person) {
            (Next::Refuse(refusal), _) => Decision::grant(self.refuse(request, person, &refusal, moment)),
            (Next::Ask(Prompt::Consent) | Next::Nothing { .. }, Some(person)) => {
                if request.ticket(self.browser, person) == *self.ticket {
                    self.answer(request, person, moment)
                } else {
                    Decision::refuse(InteractionRefusal::ForeignAnswer)
                }
            }
            (Next::Ask(_) | Next::Nothing { .. }, _) => Decision::grant(Outcome::ask(request, Prompt::SignIn)),
        }
    }

    fn answer(&self, request: Resumed, person: &Person, moment: &Moment<'_>) -> Decision<Outcome, InteractionRefusal> {
        let approved: Scopes = self.allowed().into_iter().collect();
        if !approved.is_within(&request.pending.scopes) {
            return Decision::refuse(InteractionRefusal::Widened);
        }
        let subject = person.subject();
        let client_id = request.pending.client.client_id.as_str().to_owned();
        let event = |scope| {
            let action = Action::GrantApprove { client_id, scope };
            Event::new(action, Actor::Person { subject: subject.clone() }).for_subject(subject)
        };
        if approved.is_empty() {
            let event = event(None).denied("access_denied");
            let refusal = AuthorizationRefusal::AccessDenied;
            return Decision::grant(self.refuse(request, Some(person), &refusal, moment)).report(event);
        }
        let event = event(Some(approved.to_string()));
        let pending = &request.pending;
        let approval = Approval {
            request: &pending.request,
            client: &pending.client,
            shown: &pending.scopes,
            approved: &approved,
            authentication: &person.authentication,
        };
        let grant = approval.grant(pending.grant.as_deref(), &self.issuer.policy, moment.now);
        let mut changes = Changes::none();
        match &pending.grant {
            Some(stored) => changes.replace(&stored.with(grant.clone())),
            None => changes.insert(&grant),
        };
        let given = (&person.authentication, &grant, approved);
        let location = settle::issue(self.issuer, pending, given, &mut changes, moment);
        Decision::grant(Outcome::grant(request, location, self.answered(Some(person)), moment.now))
            .changing(changes)
            .report(event)
    }

    fn refuse(
        &self,
        request: Resumed,
        by: Option<&Person>,
        refusal: &AuthorizationRefusal,
        moment: &Moment<'_>,
    ) -> Outcome {
        Outcome::refuse(self.issuer, request, refusal, self.answered(by), moment.now)
    }

    fn answered(&self, by: Option<&Person>) -> Answered {
        Answered { by: by.map(|person| person.subject().clone()), answer: Some(self.given()) }
    }

    /// The hash of what was answered, on which page.
    fn given(&self) -> Handle {
        let mut scopes = self.allowed();
        scopes.sort_unstable();
        Handle::of(&format!("{}\n{}", scopes.join(" "), self.ticket.expose()))
    }

    fn allowed(&self) -> Vec<&str> {
        match self.answer {
            ConsentAnswer::Approve { scopes } => scopes.iter().map(String::as_str).collect(),
            ConsentAnswer::Deny => Vec::new(),
        }
    }
}
