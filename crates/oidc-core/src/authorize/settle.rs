//! Settle: from a validated request and the facts to a code, a prompt or a refusal; at most one commit.
//!
//! The commit that inserts the code also writes the grant that it rests on and marks the interaction as answered. Of many
//! answers to one interaction, one commits; the others load again and find the mark. For a minute, the same browser with
//! the same answer is then sent where the first answer led: the second click tells the outcome of the first.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_storage::secret::identifier;
use countersign_storage::{
    Actor, Authentication, Changes, Event, Fault, Handle, Moment, OldDecision, OldOperation, Reader, Record, Sealed,
    Secret, Subject, Timestamp,
};
use http::{HeaderMap, Response};

use crate::authorize::browser::Browser;
use crate::authorize::consent::Approval;
use crate::authorize::pending::{Over, Pending, WaitingAs};
use crate::authorize::prompt::{Next, Prompt};
use crate::authorize::redirect::{self, Recipient};
use crate::authorize::waiting::Waiting;
use crate::authorize::{AuthorizationRefusal, ConsentAnswer, InteractionError, Validated, code};
use crate::issuer::Issuer;
use crate::records::{AnsweredInteraction, Grant};
use crate::response::see_other;
use crate::scope::Scopes;

/// Somebody who is signed in and whose account is active.
pub(crate) struct Person {
    pub(crate) authentication: Authentication,
}

/// What happens.
#[derive(Clone, Copy)]
pub(crate) enum Step<'a> {
    /// A client asks.
    Begin { request: &'a Validated },
    /// The person comes back from a page.
    Resume { interaction: &'a str },
    /// The person answers the consent page that `ticket` belongs to.
    Answer { interaction: &'a str, ticket: &'a Secret, answer: &'a ConsentAnswer },
}

/// How it ended.
pub(crate) enum Settled {
    Prompt { prompt: Prompt, interaction: String },
    ToClient { location: String },
}

impl Issuer {
    pub(crate) async fn settle(
        &self,
        step: Step<'_>,
        browser: &Browser,
        person: Option<&Person>,
    ) -> Result<Result<Settled, InteractionError>, Fault> {
        self.ports.perform_old(&Settle { issuer: self, step, browser, person }).await
    }

    /// Who is signed in, if their account is active.
    pub(crate) async fn person(&self, headers: &HeaderMap) -> Result<Option<Person>, Fault> {
        let Some(authentication) = self.signed_in.authentication(headers).await? else { return Ok(None) };
        let account = self.accounts.by_subject(authentication.subject()).await?;
        let lets_in = account.is_some_and(|account| account.carries(authentication.account_generation()));
        Ok(lets_in.then_some(Person { authentication }))
    }

    pub(crate) fn to_page(&self, prompt: Prompt, interaction: &str) -> Response<Bytes> {
        let path = match prompt {
            Prompt::SignIn => &self.pages.sign_in,
            Prompt::Consent => &self.pages.consent,
        };
        see_other(&format!("{}{path}?interaction={interaction}", self.url.origin()))
    }
}

struct Settle<'a> {
    issuer: &'a Issuer,
    step: Step<'a>,
    browser: &'a Browser,
    person: Option<&'a Person>,
}

/// What was decided.
enum Plan {
    /// Ask; the request goes on waiting.
    Ask {
        prompt: Prompt,
        interaction: String,
    },
    /// Ask; the request begins to wait.
    Wait {
        prompt: Prompt,
        waiting: Box<Waiting>,
    },
    /// Send the browser to the client, and mark the request that waited as answered.
    Answer {
        location: String,
        waiting: Option<Box<Waiting>>,
        at: Timestamp,
    },
    /// Send the browser where it was sent before.
    Again {
        id: String,
        led_to: Sealed,
    },
    Over(InteractionError),
}

#[async_trait]
impl OldOperation for Settle<'_> {
    type Loaded = Result<Pending, Over>;
    type Plan = Plan;
    type Answer = Result<Settled, InteractionError>;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        match self.step {
            Step::Begin { request } => Pending::begin(self.issuer, reader, request.clone(), self.person).await,
            Step::Resume { interaction } | Step::Answer { interaction, .. } => {
                Pending::resume(self.issuer, reader, interaction, self.browser, self.person).await
            }
        }
    }

    fn decide(&self, pending: Self::Loaded, moment: &Moment<'_>) -> OldDecision<Plan> {
        let pending = match pending {
            Ok(pending) => pending,
            Err(Over::Answered(answered)) => return OldDecision::answer(self.again(*answered, moment.now)),
            Err(Over::Refused(error)) => return OldDecision::answer(Plan::Over(error)),
        };
        match (pending.next(self.person, &self.issuer.policy, moment.now), self.step, self.person) {
            (Next::Refuse(refusal), ..) => self.refuse(pending, &refusal, moment),
            (Next::Ask(Prompt::SignIn), ..) => self.ask(pending, Prompt::SignIn, moment),
            (Next::Ask(Prompt::Consent) | Next::Nothing, Step::Answer { ticket, answer, .. }, Some(person)) => {
                if pending.ticket(self.browser, person) != *ticket {
                    return OldDecision::answer(Plan::Over(InteractionError::ForeignAnswer));
                }
                self.answer(pending, person, answer, moment)
            }
            (Next::Nothing, _, Some(person)) => match pending.grant.clone() {
                Some(grant) => {
                    let scopes = pending.scopes.intersection(&grant.scopes);
                    self.issue(pending, person, grant.record, scopes, Changes::none(), moment)
                }
                None => self.ask(pending, Prompt::Consent, moment),
            },
            (Next::Ask(Prompt::Consent), ..) => self.ask(pending, Prompt::Consent, moment),
            (Next::Nothing, _, None) => self.ask(pending, Prompt::SignIn, moment),
        }
    }

    async fn seal(&self, plan: Plan, changes: &mut Changes) -> Result<Self::Answer, Fault> {
        match plan {
            Plan::Over(error) => Ok(Err(error)),
            Plan::Ask { prompt, interaction } => Ok(Ok(Settled::Prompt { prompt, interaction })),
            Plan::Wait { prompt, waiting } => Ok(Ok(match waiting.seal(self.issuer, self.browser)? {
                Some(interaction) => Settled::Prompt { prompt, interaction },
                None => self.too_long(&waiting.request.into()),
            })),
            Plan::Answer { location, waiting, at } => {
                if let Some(waiting) = waiting {
                    changes.insert(&self.mark(*waiting, &location, at)?);
                }
                Ok(Ok(Settled::ToClient { location }))
            }
            Plan::Again { id, led_to } => {
                let location = self.browser.sealing_key().open(&id, &led_to)?;
                let location = String::from_utf8(location.to_vec())
                    .map_err(|_| Fault::Corrupt { kind: AnsweredInteraction::KIND.as_str() })?;
                Ok(Ok(Settled::ToClient { location }))
            }
        }
    }
}

impl Settle<'_> {
    /// A request that waits goes on waiting; a new one begins to.
    fn ask(&self, pending: Pending, prompt: Prompt, moment: &Moment<'_>) -> OldDecision<Plan> {
        OldDecision::answer(match pending.waiting {
            Some(WaitingAs { text, .. }) => Plan::Ask { prompt, interaction: text },
            None => Plan::Wait {
                prompt,
                waiting: Box::new(Waiting {
                    id: identifier("int", moment.random),
                    request: pending.request.into(),
                    began_with: self.person.map(|person| person.authentication.clone()),
                    created_at: moment.now,
                    expires_at: moment.now + self.issuer.policy.interaction_lifetime,
                }),
            },
        })
    }

    fn answer(
        &self,
        pending: Pending,
        person: &Person,
        answer: &ConsentAnswer,
        moment: &Moment<'_>,
    ) -> OldDecision<Plan> {
        let approved: Scopes = match answer {
            ConsentAnswer::Approve { scopes } => scopes.iter().map(String::as_str).collect(),
            ConsentAnswer::Deny => Scopes::default(),
        };
        if !approved.is_within(&pending.scopes) {
            return OldDecision::answer(Plan::Over(InteractionError::Widened));
        }
        let subject = person.authentication.subject();
        let event = |action| {
            Event::new(action, Actor::Person { subject: subject.clone() })
                .for_subject(subject)
                .with("client_id", pending.client.client_id.as_str())
        };
        if approved.is_empty() {
            let event = event("grant.approve").denied("access_denied");
            return self.refuse(pending, &AuthorizationRefusal::AccessDenied, moment).report(event);
        }
        let event = event("grant.approve").with("scope", approved.to_string());
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
        self.issue(pending, person, grant, approved, changes, moment).report(event)
    }

    fn issue(
        &self,
        pending: Pending,
        person: &Person,
        grant: Grant,
        scopes: Scopes,
        mut changes: Changes,
        moment: &Moment<'_>,
    ) -> OldDecision<Plan> {
        let policy = &self.issuer.policy;
        let (code, record) = code::issue(&pending.request, &grant, scopes, &person.authentication, policy, moment);
        changes.insert(&record);
        let location = redirect::grant(self.issuer.identifier(), Recipient::of_request(&pending.request), &code);
        let waiting = pending.waiting.map(|waiting| Box::new(waiting.opened));
        OldDecision::changing(Plan::Answer { location, waiting, at: moment.now }, changes)
    }

    fn refuse(&self, pending: Pending, refusal: &AuthorizationRefusal, moment: &Moment<'_>) -> OldDecision<Plan> {
        let location = redirect::refuse(self.issuer.identifier(), Recipient::of_request(&pending.request), refusal);
        let waiting = pending.waiting.map(|waiting| Box::new(waiting.opened));
        OldDecision::answer(Plan::Answer { location, waiting, at: moment.now })
    }

    fn too_long(&self, request: &Validated) -> Settled {
        let refusal = AuthorizationRefusal::RequestTooLong;
        let location = redirect::refuse(self.issuer.identifier(), Recipient::of_request(request), &refusal);
        Settled::ToClient { location }
    }

    /// The same person in the same browser, with the same answer or none of their own, soon after.
    fn again(&self, answered: AnsweredInteraction, now: Timestamp) -> Plan {
        let soon = now < answered.at + SECOND_CLICK && answered.at.since(now) < SECOND_CLICK;
        let same = match self.step {
            Step::Begin { .. } => false,
            Step::Resume { .. } => true,
            Step::Answer { .. } => self.given() == answered.answer,
        };
        match soon && same && self.by() == answered.by {
            true => Plan::Again { id: answered.id, led_to: answered.led_to },
            false => Plan::Over(InteractionError::Finished),
        }
    }

    fn mark(&self, waiting: Waiting, location: &str, at: Timestamp) -> Result<AnsweredInteraction, Fault> {
        Ok(AnsweredInteraction {
            led_to: self.browser.sealing_key().seal(&waiting.id, location.as_bytes())?,
            id: waiting.id,
            at,
            by: self.by(),
            answer: self.given(),
            expires_at: waiting.expires_at + REMEMBERED,
        })
    }

    fn by(&self) -> Option<Subject> {
        self.person.map(|person| person.authentication.subject().clone())
    }

    /// The hash of what was answered, on which page.
    fn given(&self) -> Option<Handle> {
        let Step::Answer { ticket, answer, .. } = self.step else { return None };
        let mut scopes: Vec<&str> = match answer {
            ConsentAnswer::Approve { scopes } => scopes.iter().map(String::as_str).collect(),
            ConsentAnswer::Deny => Vec::new(),
        };
        scopes.sort_unstable();
        Some(Handle::of(&format!("{}\n{}", scopes.join(" "), ticket.expose())))
    }
}

/// How long the second click tells the outcome of the first.
const SECOND_CLICK: Duration = Duration::from_secs(60);

/// How long an answered interaction is remembered after it would have expired: a clock that is set back by less does not
/// let it be answered again.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);
