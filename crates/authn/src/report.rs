//! What sign-in reports of itself: who, from where, and that somebody was refused.

use std::convert::Infallible;

use async_trait::async_trait;
use countersign_storage::{Action, Actor, Decision, Event, Fault, Moment, Operation, Reader, Subject};

use crate::context::Context;
use crate::session::person;

/// Stores that a sign-in was refused.
pub(crate) struct Deny {
    pub(crate) event: Event,
}

#[async_trait]
impl Operation for Deny {
    type Loaded = ();
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, _: &mut Reader<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn decide(&self, (): (), _: &Moment<'_>) -> Decision<(), Infallible> {
        Decision::grant(()).report(self.event.clone())
    }
}

/// A refused sign-in: by nobody who proved anything, at this person's account where it is one. The typed address is left
/// out: people type their passwords there.
pub(crate) fn denied(subject: Option<&Subject>, reason: &'static str, context: &Context) -> Event {
    let action = Action::SessionStart { address: context.peer, session_id: None, amr: None };
    Event::new(action, Actor::Anonymous).for_subject(subject).denied(reason)
}

/// The person did it themselves.
pub(crate) fn event(action: Action, subject: &Subject) -> Event {
    Event::new(action, person(subject)).for_subject(subject)
}
