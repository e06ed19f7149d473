//! The port that says who is signed in.

use async_trait::async_trait;
use http::HeaderMap;

use crate::fault::Fault;
use crate::identity::Authentication;
use crate::reader::Reader;

/// Says who is signed in in the browser that sent a request. `countersign-authn` implements it over its sessions; an
/// application with a sign-in of its own implements it over that.
///
/// # Security
/// The issuer and agent approval act for whomever this names. It must look the session up on the server each time: a
/// session that was ended must not be found again.
#[async_trait]
pub trait SignedIn: Send + Sync {
    /// Who is signed in, if anybody: from the request's cookies.
    ///
    /// # Errors
    /// [`Fault::Unavailable`]. Never answered as "nobody".
    async fn authentication(&self, headers: &HeaderMap) -> Result<Option<Authentication>, Fault>;

    /// Whether the session behind an earlier authentication still lasts: asked whenever something is decided in the name of
    /// a session (an approval, a consent) or because of one (a code that is redeemed), so that whoever ends it in between
    /// ends that too. What is read with the [`Reader`] is still so when the decision commits. An implementation that cannot
    /// tell keeps the default.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    async fn session_state(
        &self,
        authentication: &Authentication,
        reader: &mut Reader<'_>,
    ) -> Result<SessionState, Fault> {
        let _ = (authentication, reader);
        Ok(SessionState::Alive)
    }
}

/// Whether a session lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionState {
    /// It does.
    Alive,
    /// Somebody ended it, or its time did.
    Ended,
}
