//! `GET /get-session`, `/list-sessions`; `POST /revoke-session`, `/revoke-sessions`, `/revoke-other-sessions`.

use bytes::Bytes;
use countersign_authn::{Revocation, Session};
use countersign_storage::Stopped;
use http::header::SET_COOKIE;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::json_api::{CallRefusal, UserView, body, no_arguments, respond};
use crate::pages::{Pages, Person};
use crate::visit::Visit;
use crate::when::rfc3339;

/// A session, as those clients read one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionView {
    id: String,
    user_id: String,
    /// The public id once more: what `/revoke-session` takes.
    token: String,
    created_at: String,
    updated_at: String,
    expires_at: String,
    ip_address: Option<String>,
    user_agent: Option<String>,
}

#[derive(Serialize)]
struct Current {
    session: SessionView,
    user: UserView,
}

#[derive(Deserialize)]
struct RevokeBody {
    token: String,
}

#[derive(Serialize)]
struct Status {
    status: bool,
}

impl Pages {
    /// `null` where nobody is signed in.
    pub(crate) async fn call_get_session(&self, visit: &Visit) -> Result<Response<Bytes>, Stopped<CallRefusal>> {
        let current = self.signed_in(visit).await?.map(|Person { session, account }| Current {
            session: SessionView::of(&session),
            user: UserView::of(&account),
        });
        Ok(respond(StatusCode::OK, &current))
    }

    pub(crate) async fn call_list_sessions(&self, visit: &Visit) -> Result<Response<Bytes>, Stopped<CallRefusal>> {
        let Person { account, .. } = self.caller(visit).await?;
        let sessions = self.authn.sessions(&account.subject).await?;
        Ok(respond(StatusCode::OK, &sessions.iter().map(SessionView::of).collect::<Vec<_>>()))
    }

    /// Another person's session is not there: 404.
    pub(crate) async fn call_revoke_session(&self, visit: &Visit) -> Result<Response<Bytes>, Stopped<CallRefusal>> {
        let RevokeBody { token } = body(visit)?;
        let Person { account, .. } = self.caller(visit).await?;
        match self.authn.revoke_session(&account.subject, &token).await? {
            Revocation::Revoked => Ok(respond(StatusCode::OK, &Status { status: true })),
            Revocation::NotFound => Err(CallRefusal::SessionNotFound.into()),
        }
    }

    /// Every session, the present one included.
    pub(crate) async fn call_revoke_sessions(&self, visit: &Visit) -> Result<Response<Bytes>, Stopped<CallRefusal>> {
        no_arguments(visit)?;
        let Person { account, .. } = self.caller(visit).await?;
        self.authn.revoke_sessions(&account.subject).await?;
        let mut response = respond(StatusCode::OK, &Status { status: true });
        response.headers_mut().append(SET_COOKIE, self.authn.clear_cookie());
        Ok(response)
    }

    pub(crate) async fn call_revoke_other_sessions(
        &self,
        visit: &Visit,
    ) -> Result<Response<Bytes>, Stopped<CallRefusal>> {
        no_arguments(visit)?;
        let Person { session, .. } = self.caller(visit).await?;
        match self.authn.revoke_other_sessions(&session).await? {
            Revocation::Revoked => Ok(respond(StatusCode::OK, &Status { status: true })),
            Revocation::NotFound => Err(CallRefusal::NotSignedIn.into()),
        }
    }
}

impl SessionView {
    fn of(session: &Session) -> Self {
        SessionView {
            id: session.id.clone(),
            user_id: session.subject.as_str().to_owned(),
            token: session.id.clone(),
            created_at: rfc3339(session.created_at),
            updated_at: rfc3339(session.last_seen_at),
            expires_at: rfc3339(session.expires_at),
            ip_address: session.ip.map(|ip| ip.to_string()),
            user_agent: session.user_agent.clone(),
        }
    }
}
