//! The person comes back from a page: the same questions are put to the facts again.

use async_trait::async_trait;
use countersign_storage::{Changes, Decision, Fault, Moment, Operation, Reader, Sealing};

use crate::authorize::InteractionRefusal;
use crate::authorize::browser::Browser;
use crate::authorize::person::Person;
use crate::authorize::prompt::Next;
use crate::authorize::resumed::{Found, Resumed};
use crate::authorize::settle::{self, Answered, Outcome, Settled};
use crate::issuer::Issuer;

pub(crate) struct Resume<'a> {
    pub(crate) issuer: &'a Issuer,
    pub(crate) interaction: &'a str,
    pub(crate) browser: &'a Browser,
    pub(crate) person: Option<&'a Person>,
}

#[async_trait]
impl<'a> Operation for Resume<'a> {
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
impl Sealing for Resume<'_> {
    type Sealed = Settled;

    async fn seal(&self, outcome: Outcome, changes: &mut Changes) -> Result<Settled, Fault> {
        outcome.seal(self.browser, changes)
    }
}

impl Resume<'_> {
    fn judge(
        &self,
        person: Option<&Person>,
        found: Found,
        moment: &Moment<'_>,
    ) -> Decision<Outcome, InteractionRefusal> {
        let request = match found {
            Found::Open(request) => *request,
            // Whatever the answer was: who only comes back has none of their own.
            Found::Answered(first) => return Outcome::again(*first, person, true, moment.now),
            Found::Over(refusal) => return Decision::refuse(refusal),
        };
        let answered = Answered { by: person.map(|person| person.subject().clone()), answer: None };
        match request.next(person, &self.issuer.policy, moment.now) {
            Next::Refuse(refusal) => {
                Decision::grant(Outcome::refuse(self.issuer, request, &refusal, answered, moment.now))
            }
            Next::Ask(prompt) => Decision::grant(Outcome::ask(request, prompt)),
            Next::Nothing { authentication, grant } => {
                let scopes = request.pending.scopes.intersection(&grant.scopes);
                let mut changes = Changes::none();
                let given = (authentication, grant, scopes);
                let location = settle::issue(self.issuer, &request.pending, given, &mut changes, moment);
                Decision::grant(Outcome::grant(request, location, answered, moment.now)).changing(changes)
            }
        }
    }
}
