//! Sign-out: the session ends on the server, whatever the browser does with its cookie.

use async_trait::async_trait;
use countersign_storage::{
    Changes, Fault, Handle, Moment, OldDecision, OldOperation, Reader, Record, Secret, SessionEnding, Stored,
};

use crate::authn::Authn;
use crate::session::{SessionRecord, person};

impl Authn {
    /// Ends the session behind a cookie's secret. One that is not there (any more) is no error: it is ended.
    ///
    /// # Errors
    /// [`Fault`]: whether it ended is not known; say so, and do not take the cookie away.
    pub async fn sign_out(&self, cookie: &Secret) -> Result<(), Fault> {
        self.ports.perform_old(&SignOut { handle: cookie.handle() }).await
    }
}

struct SignOut {
    handle: Handle,
}

#[async_trait]
impl OldOperation for SignOut {
    type Loaded = Option<Stored<SessionRecord>>;
    type Plan = ();
    type Answer = ();

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(SessionRecord::at(self.handle.as_str())).await
    }

    fn decide(&self, found: Self::Loaded, _: &Moment<'_>) -> OldDecision<()> {
        let Some(found) = found else { return OldDecision::answer(()) };
        let mut changes = Changes::none();
        changes.delete(&found);
        OldDecision::changing((), changes).report(found.ended(person(&found.session.subject), SessionEnding::SignOut))
    }

    async fn seal(&self, (): (), _: &mut Changes) -> Result<(), Fault> {
        Ok(())
    }
}
