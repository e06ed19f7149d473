//! Who is signed in in the browser that a request comes from.

use countersign_storage::{Authentication, Fault, Reader, SessionState, Subject};
use http::HeaderMap;

use crate::issuer::Issuer;

/// Somebody who is signed in and whose account is active.
pub(crate) struct Person {
    pub(crate) authentication: Authentication,
}

impl Person {
    pub(crate) fn subject(&self) -> &Subject {
        self.authentication.subject()
    }
}

impl Issuer {
    /// Who is signed in, if their account is active.
    pub(crate) async fn person(&self, headers: &HeaderMap) -> Result<Option<Person>, Fault> {
        let Some(authentication) = self.signed_in.authentication(headers).await? else { return Ok(None) };
        let account = self.accounts.by_subject(authentication.subject()).await?;
        let lets_in = account.is_some_and(|account| account.carries(authentication.account_generation()));
        Ok(lets_in.then_some(Person { authentication }))
    }

    /// Who of them is still signed in and let in when the decision commits: a session that somebody ends meanwhile decides
    /// nothing any more.
    pub(crate) async fn still_signed_in<'a>(
        &self,
        person: Option<&'a Person>,
        reader: &mut Reader<'_>,
    ) -> Result<Option<&'a Person>, Fault> {
        let Some(Person { authentication }) = person else { return Ok(None) };
        if self.signed_in.session_state(authentication, reader).await? == SessionState::Ended {
            return Ok(None);
        }
        // Our own sign-in has just read an account for the session. Another sign-in may read none, and ours may keep its people
        // in other accounts than these.
        let account = self.accounts.by_subject_guarded(authentication.subject(), reader).await?;
        Ok(person.filter(|_| account.is_some_and(|account| account.carries(authentication.account_generation()))))
    }
}
