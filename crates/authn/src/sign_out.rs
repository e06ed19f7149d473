//! Sign-out: the session ends on the server, whatever the browser does with its cookie.

use std::convert::Infallible;

use async_trait::async_trait;
use countersign_storage::{
    Changes, Decision, Fault, Handle, Moment, Operation, Reader, Record, Secret, SessionEnding, Stored,
};

use crate::authn::Authn;
use crate::outline::SessionOutline;

impl Authn {
    /// Ends the session behind a cookie's secret. A session that is not there, or not any more, is no error: it is ended.
    ///
    /// # Errors
    /// [`Fault`]: whether it ended is not known; say so, and do not take the cookie away.
    pub async fn sign_out(&self, cookie: &Secret) -> Result<(), Fault> {
        Ok(self.ports.perform(&SignOut { handle: cookie.handle() }).await?)
    }
}

struct SignOut {
    handle: Handle,
}

#[async_trait]
impl Operation for SignOut {
    type Loaded = Option<Stored<SessionOutline>>;
    type Granted = ();
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(SessionOutline::at(self.handle.as_str())).await
    }

    fn decide(&self, found: Self::Loaded, _: &Moment<'_>) -> Decision<(), Infallible> {
        let Some(found) = found else { return Decision::grant(()) };
        let mut changes = Changes::none();
        changes.delete(&found);
        Decision::grant(()).changing(changes).report(found.ended_by(&found.subject, SessionEnding::SignOut))
    }
}
