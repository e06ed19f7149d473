//! The calls about sessions: `GET /get-session`, `/list-sessions`; `POST /revoke-session`, `/revoke-sessions`,
//! `/revoke-other-sessions`.

use bytes::Bytes;
use countersign_authn::{ListedSession, Revocation, Session};
use countersign_storage::{Stopped, Subject};
use http::header::SET_COOKIE;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::json_api::{CallRefusal, UserView, body, no_arguments, respond};
use crate::pages::{Pages, Person};
use crate::visit::Visit;
use crate::when::rfc3339;

/// A session, as those clients read one. `null` is what only a newer version of the software can tell.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionView {
    id: String,
    user_id: String,
    /// The public id once more: what `/revoke-session` takes.
    token: String,
    created_at: Option<String>,
    updated_at: Option<String>,
    expires_at: Option<String>,
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
    /// Answers `null` where nobody is signed in.
    pub(crate) async fn call_get_session(&self, visit: &Visit) -> Result<Response<Bytes>, Stopped<CallRefusal>> {
        let current = self.signed_in(visit).await?.map(|Person { session, account }| Current {
            session: SessionView::of(&account.subject, &session.id, Some(&session)),
            user: UserView::of(&account),
        });
        Ok(respond(StatusCode::OK, &current))
    }

    pub(crate) async fn call_list_sessions(&self, visit: &Visit) -> Result<Response<Bytes>, Stopped<CallRefusal>> {
        let Person { account, .. } = self.caller(visit).await?;
        let sessions = self.authn.sessions(&account.subject).await?;
        let view = |ListedSession { id, session }: &_| SessionView::of(&account.subject, id, session.as_ref());
        Ok(respond(StatusCode::OK, &sessions.iter().map(view).collect::<Vec<_>>()))
    }

    /// For this person, the session of another person does not exist: 404.
    pub(crate) async fn call_revoke_session(&self, visit: &Visit) -> Result<Response<Bytes>, Stopped<CallRefusal>> {
        let RevokeBody { token } = body(visit)?;
        let Person { account, .. } = self.caller(visit).await?;
        match self.authn.revoke_session(&account.subject, &token).await? {
            Revocation::Revoked => Ok(respond(StatusCode::OK, &Status { status: true })),
            Revocation::NotFound => Err(CallRefusal::SessionNotFound.into()),
        }
    }

    /// Ends every session, the present one included.
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
    fn of(subject: &Subject, id: &str, session: Option<&Session>) -> Self {
        SessionView {
            id: id.to_owned(),
            user_id: subject.as_str().to_owned(),
            token: id.to_owned(),
            created_at: session.map(|session| rfc3339(session.created_at)),
            updated_at: session.map(|session| rfc3339(session.last_seen_at)),
            expires_at: session.map(|session| rfc3339(session.expires_at)),
            ip_address: session.and_then(|session| session.ip).map(|ip| ip.to_string()),
            user_agent: session.and_then(|session| session.user_agent.clone()),
        }
    }
}
