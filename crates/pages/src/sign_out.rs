//! `POST /sign-out`: the session ends on the server, and the cookie goes, too.

use http::header::SET_COOKIE;

use crate::document::see_other;
use crate::pages::{Answer, Pages};
use crate::visit::Visit;

impl Pages {
    pub(crate) async fn sign_out(&self, visit: &Visit) -> Answer {
        self.form(visit)?;
        if let Some(cookie) = self.authn.cookie(&visit.headers) {
            self.authn.sign_out(&cookie).await?;
        }
        let mut response = see_other("/sign-in");
        response.headers_mut().append(SET_COOKIE, self.authn.clear_cookie());
        Ok(response)
    }
}
