//! A request that waited in a browser, as it is found when the person comes back.

use countersign_storage::{Fault, Reader, Record, Secret, Timestamp};

use crate::authorize::InteractionRefusal;
use crate::authorize::browser::Browser;
use crate::authorize::pending::Pending;
use crate::authorize::person::Person;
use crate::authorize::prompt::{Next, SignIn};
use crate::authorize::waiting::Waiting;
use crate::client_authentication::load_client_with;
use crate::issuer::Issuer;
use crate::policy::Policy;
use crate::records::AnsweredInteraction;

/// A request that waited and can go on.
pub(crate) struct Resumed {
    /// The text under which the pages know it.
    pub(crate) text: String,
    pub(crate) waiting: Waiting,
    pub(crate) pending: Pending,
}

/// What became of a request that waited.
pub(crate) enum Found {
    Open(Box<Resumed>),
    Answered(Box<AnsweredInteraction>),
    Over(InteractionRefusal),
}

impl Resumed {
    /// To decide on: what became of it, and whether `person` still is who decides.
    pub(crate) async fn load<'a>(
        issuer: &Issuer,
        reader: &mut Reader<'_>,
        text: &str,
        browser: &Browser,
        person: Option<&'a Person>,
    ) -> Result<(Option<&'a Person>, Found), Fault> {
        let person = issuer.still_signed_in(person, reader).await?;
        Ok((person, Resumed::find(issuer, reader, text, browser, person).await?))
    }

    /// To show.
    pub(crate) async fn find(
        issuer: &Issuer,
        reader: &mut Reader<'_>,
        text: &str,
        browser: &Browser,
        person: Option<&Person>,
    ) -> Result<Found, Fault> {
        let Some(waiting) = Waiting::open(text, issuer, browser) else {
            return Ok(Found::Over(InteractionRefusal::Unknown));
        };
        let request = waiting.request.clone();
        let others = (AnsweredInteraction::at(&waiting.id), Pending::grant_at(&request, person));
        let (client, (answered, grant)) =
            load_client_with(&request.client_id, issuer.clients.as_ref(), reader, others).await?;
        if let Some(answered) = answered {
            return Ok(Found::Answered(Box::new(answered.record)));
        }
        if waiting.expires_at <= reader.now() {
            return Ok(Found::Over(InteractionRefusal::Expired));
        }
        Ok(match Pending::of(issuer, request, client, grant) {
            Some(pending) => Found::Open(Box::new(Resumed { text: text.to_owned(), waiting, pending })),
            None => Found::Over(InteractionRefusal::ClientGone),
        })
    }

    /// What comes next for this person.
    pub(crate) fn next<'a>(&'a self, person: Option<&'a Person>, policy: &Policy, now: Timestamp) -> Next<'a> {
        let in_answer = person.is_some_and(|person| self.waiting.was_answered_by(&person.authentication));
        let sign_in = if in_answer { SignIn::InAnswer } else { SignIn::Before };
        self.pending.next(person, sign_in, policy, now)
    }

    /// What only the consent page that this browser was shown, for this person, about exactly this, can send back.
    pub(crate) fn ticket(&self, browser: &Browser, person: &Person) -> Secret {
        let scopes = self.pending.scopes.to_string();
        let resources = self.pending.request.resources.join(" ");
        let (subject, client) = (person.subject().as_str(), self.pending.client.fingerprint());
        browser.ticket(&["consent", &self.waiting.id, subject, &client, &scopes, &resources])
    }
}
