//! The calls with a password, and the end of a session: `POST /sign-up/email`, `/sign-in/email`, `/sign-out`.

use bytes::Bytes;
use countersign_authn::{SignIn, SignUp, SignedInSession};
use countersign_storage::{Fault, Secret, Stopped};
use http::header::SET_COOKIE;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::json_api::{CallRefusal, UserView, body, no_arguments, respond};
use crate::pages::Pages;
use crate::visit::Visit;

#[derive(Deserialize)]
struct SignUpBody {
    name: String,
    email: String,
    password: Secret,
}

#[derive(Deserialize)]
struct SignInBody {
    email: String,
    password: Secret,
}

#[derive(Serialize)]
struct SignedUp {
    token: Option<String>,
    user: UserView,
}

#[derive(Serialize)]
struct SignedIn {
    redirect: bool,
    token: Option<String>,
    user: UserView,
}

#[derive(Serialize)]
struct Success {
    success: bool,
}

impl Pages {
    pub(crate) async fn call_sign_up(&self, visit: &Visit) -> Result<Response<Bytes>, Stopped<CallRefusal>> {
        let SignUpBody { name, email, password } = body(visit)?;
        let signed_in = self.authn.sign_up(SignUp { email, name, password }, &visit.context(&self.authn)).await;
        let signed_in = signed_in.map_err(|stopped| stopped.map(CallRefusal::from))?;
        let user = self.user(&signed_in).await?;
        Ok(self.with_cookie(respond(StatusCode::OK, &SignedUp { token: None, user }), &signed_in))
    }

    pub(crate) async fn call_sign_in(&self, visit: &Visit) -> Result<Response<Bytes>, Stopped<CallRefusal>> {
        let SignInBody { email, password } = body(visit)?;
        let signed_in = self.authn.sign_in(SignIn { email, password }, &visit.context(&self.authn)).await;
        let signed_in = signed_in.map_err(|stopped| stopped.map(CallRefusal::from))?;
        let user = self.user(&signed_in).await?;
        Ok(self.with_cookie(respond(StatusCode::OK, &SignedIn { redirect: false, token: None, user }), &signed_in))
    }

    pub(crate) async fn call_sign_out(&self, visit: &Visit) -> Result<Response<Bytes>, Stopped<CallRefusal>> {
        no_arguments(visit)?;
        if let Some(cookie) = self.authn.cookie(&visit.headers) {
            self.authn.sign_out(&cookie).await?;
        }
        let mut response = respond(StatusCode::OK, &Success { success: true });
        response.headers_mut().append(SET_COOKIE, self.authn.clear_cookie());
        Ok(response)
    }

    async fn user(&self, signed_in: &SignedInSession) -> Result<UserView, Stopped<CallRefusal>> {
        let account = self.accounts.by_subject(&signed_in.session.subject).await?;
        account.as_ref().map(UserView::of).ok_or_else(|| Fault::Internal("a session without an account").into())
    }

    fn with_cookie(&self, mut response: Response<Bytes>, signed_in: &SignedInSession) -> Response<Bytes> {
        response.headers_mut().append(SET_COOKIE, self.authn.set_cookie(signed_in));
        response.headers_mut().append(SET_COOKIE, self.authn.set_device_cookie(signed_in));
        response
    }
}
