//! Settle: from a validated request and the facts to a code, a prompt or a refusal; at most one commit.
//!
//! There are three ways to come nearer to that, an operation each: a client asks ([`begin`](super::begin)), the person comes
//! back from a page ([`resume`](super::resume)), the person answers the consent page ([`answer`](super::answer)). Here is what
//! they end with.
//!
//! The commit that inserts the code also writes the grant that it rests on and marks the interaction as answered. Of many
//! answers to one interaction, one commits; the others load again and find the mark. For a minute, the same browser with
//! the same answer is then sent where the first answer led: the second click tells the outcome of the first.

use std::time::Duration;

use bytes::Bytes;
use countersign_storage::{
    Authentication, Changes, Decision, Fault, Handle, Moment, Record, Sealed, Subject, Timestamp,
};
use http::Response;

use crate::allowance::{self, Pair};
use crate::authorize::browser::Browser;
use crate::authorize::pending::Pending;
use crate::authorize::person::Person;
use crate::authorize::prompt::Prompt;
use crate::authorize::redirect::{self, Recipient};
use crate::authorize::resumed::Resumed;
use crate::authorize::waiting::Waiting;
use crate::authorize::{AuthorizationRefusal, InteractionRefusal, code};
use crate::issuer::Issuer;
use crate::policy::Policy;
use crate::records::{AnsweredInteraction, Grant};
use crate::response::see_other;
use crate::scope::Scopes;

/// Where the browser goes.
pub(crate) enum Settled {
    Prompt { prompt: Prompt, interaction: String },
    ToClient { location: String },
}

impl Settled {
    pub(crate) fn respond(&self, issuer: &Issuer) -> Response<Bytes> {
        let (prompt, interaction) = match self {
            Settled::ToClient { location } => return see_other(location),
            Settled::Prompt { prompt, interaction } => (prompt, interaction),
        };
        let path = match prompt {
            Prompt::SignIn => &issuer.pages.sign_in,
            Prompt::Consent => &issuer.pages.consent,
        };
        see_other(&format!("{}{path}?interaction={interaction}", issuer.url.origin()))
    }
}

/// What was decided about a request that waited.
pub(crate) enum Outcome {
    /// Ask; the request goes on waiting.
    Ask { prompt: Prompt, interaction: String },
    /// Send the browser to the client, and mark the request as answered.
    ToClient { location: String, mark: Box<Mark> },
    /// Send the browser where it was sent before.
    Again { id: String, led_to: Sealed },
}

/// What an answer is known by when it comes again.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) by: Option<Subject>,
    /// The hash of the answer; absent where none was needed.
    pub(crate) answer: Option<Handle>,
}

/// The mark of an answered request, before it is sealed where that led.
pub(crate) struct Mark {
    waiting: Waiting,
    answered: Answered,
    at: Timestamp,
}

impl Outcome {
    pub(crate) fn ask(request: Resumed, prompt: Prompt) -> Self {
        Outcome::Ask { prompt, interaction: request.text }
    }

    /// Ends the interaction at the client, with a refusal.
    pub(crate) fn refuse(
        issuer: &Issuer,
        request: Resumed,
        refusal: &AuthorizationRefusal,
        answered: Answered,
        now: Timestamp,
    ) -> Self {
        let location = refuse(issuer, &request.pending, refusal);
        Outcome::ToClient { location, mark: Box::new(Mark { waiting: request.waiting, answered, at: now }) }
    }

    /// Ends the interaction at the client, with what `location` carries.
    pub(crate) fn grant(request: Resumed, location: String, answered: Answered, now: Timestamp) -> Self {
        Outcome::ToClient { location, mark: Box::new(Mark { waiting: request.waiting, answered, at: now }) }
    }

    /// The same person in the same browser, with an answer that is the `same`, soon after.
    pub(crate) fn again(
        first: AnsweredInteraction,
        by: Option<&Person>,
        same: bool,
        now: Timestamp,
    ) -> Decision<Self, InteractionRefusal> {
        let soon = now < first.at + SECOND_CLICK && first.at.since(now) < SECOND_CLICK;
        if soon && same && by.map(Person::subject) == first.by.as_ref() {
            Decision::grant(Outcome::Again { id: first.id, led_to: first.led_to })
        } else {
            Decision::refuse(InteractionRefusal::Finished)
        }
    }

    /// The same decision, counted for the person at the client where it leaves a mark.
    pub(crate) fn counted(
        mut decision: Decision<Self, InteractionRefusal>,
        policy: &Policy,
        moment: &Moment<'_>,
    ) -> Decision<Self, InteractionRefusal> {
        let Ok(Outcome::ToClient { mark, .. }) = &decision.outcome else { return decision };
        let subject = mark.answered.by.as_ref().map_or("", Subject::as_str);
        let pair = Pair { subject, client_id: &mark.waiting.request.client_id };
        let allowance = allowance::of_answers(pair, policy, moment.now);
        match allowance.used_up(moment) {
            Some(_) => Decision::refuse(InteractionRefusal::TooManyAnswers),
            None => {
                allowance.count(1, &mut decision.changes);
                decision
            }
        }
    }

    pub(crate) fn seal(self, browser: &Browser, changes: &mut Changes) -> Result<Settled, Fault> {
        match self {
            Outcome::Ask { prompt, interaction } => Ok(Settled::Prompt { prompt, interaction }),
            Outcome::ToClient { location, mark } => {
                changes.insert(&mark.seal(browser, &location)?);
                Ok(Settled::ToClient { location })
            }
            Outcome::Again { id, led_to } => {
                let location = browser.sealing_key().open(&id, &led_to)?;
                let location = String::from_utf8(location.to_vec())
                    .map_err(|_| Fault::Corrupt { kind: AnsweredInteraction::KIND.as_str() })?;
                Ok(Settled::ToClient { location })
            }
        }
    }
}

impl Mark {
    fn seal(self, browser: &Browser, location: &str) -> Result<AnsweredInteraction, Fault> {
        let Mark { waiting, answered, at } = self;
        Ok(AnsweredInteraction {
            led_to: browser.sealing_key().seal(&waiting.id, location.as_bytes())?,
            id: waiting.id,
            at,
            by: answered.by,
            answer: answered.answer,
            expires_at: waiting.expires_at + REMEMBERED,
        })
    }
}

/// The redirect that carries a refusal.
pub(crate) fn refuse(issuer: &Issuer, pending: &Pending, refusal: &AuthorizationRefusal) -> String {
    redirect::refuse(issuer.identifier(), Recipient::of_request(&pending.request), refusal)
}

/// Makes a code for these scopes: where it leads. The code is among the `changes`.
pub(crate) fn issue(
    issuer: &Issuer,
    pending: &Pending,
    (authentication, grant, scopes): (&Authentication, &Grant, Scopes),
    changes: &mut Changes,
    moment: &Moment<'_>,
) -> String {
    let (code, record) = code::issue(&pending.request, grant, scopes, authentication, &issuer.policy, moment);
    changes.insert(&record);
    redirect::grant(issuer.identifier(), Recipient::of_request(&pending.request), &code)
}

/// How long the second click tells the outcome of the first.
const SECOND_CLICK: Duration = Duration::from_secs(60);

/// How long an answered interaction is remembered after it would have expired: a clock that is set back by less does not
/// let it be answered again.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);
