//! `/sign-in`: e-mail and password, to begin a session or to confirm the one that there is.

use countersign_authn::{SignIn, SignInRefusal};
use countersign_storage::Stopped;
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde::Serialize;

use crate::document::see_other;
use crate::form::{Fields, Form};
use crate::form_token::Browser;
use crate::interaction::{Asking, Wanted};
use crate::onward::Onward;
use crate::pages::{Answer, Pages, Person};
use crate::refusal::Refusal;
use crate::refuse::retry_after;
use crate::templates::Page;
use crate::visit::Visit;

/// What the sign-in page shows.
#[derive(Clone, Debug, Serialize)]
pub struct SignInPage {
    /// Posts `email` and `password`.
    pub form: Form,
    /// What was typed before, or is known.
    pub email: String,
    /// Whether somebody is signed in already and only confirms it.
    pub confirming: bool,
    /// For whom they sign in, where a client sent them.
    pub client_name: Option<String>,
    /// What went wrong.
    pub problem: Option<String>,
    /// Where one creates an account.
    pub sign_up: String,
    /// Where one signs in as somebody else.
    pub other_account: String,
}

impl Page for SignInPage {
    const TEMPLATE: &'static str = "sign_in.html";
}

impl Pages {
    /// `GET /sign-in`. Whoever is signed in already is led on, unless they are to confirm it or ask for another account.
    pub(crate) async fn show_sign_in(&self, visit: &Visit) -> Answer {
        let query = visit.query()?;
        let onward = Onward::of(&query);
        let person = self.signed_in(visit).await?;
        let asking = self.asking(visit, &onward).await?;
        let manner = Manner::of(&query, asking.wanted, person.as_ref());
        if manner == Manner::Done {
            return Ok(see_other(&match asking.wanted {
                Wanted::Nothing => onward.local().to_owned(),
                Wanted::SignIn | Wanted::Answer => onward.link("/consent", &[]),
            }));
        }
        let browser = self.form_tokens.browser(&visit.headers);
        let email = match (manner, person) {
            (Manner::Confirm, Some(person)) => person.account.email.as_str().to_owned(),
            _ => asking.login_hint.clone().unwrap_or_default(),
        };
        let page = SignInPage { email, ..self.sign_in_page(&browser, &onward, &asking, manner) };
        self.show(browser, StatusCode::OK, &page, &asking.form_action)
    }

    /// `POST /sign-in`. A wrong password, an unknown address and a disabled account get the same page.
    pub(crate) async fn sign_in(&self, visit: &Visit) -> Answer {
        let mut fields = self.form(visit)?;
        let onward = Onward::of(&fields);
        let manner = if fields.value("confirm").is_some() { Manner::Confirm } else { Manner::SignIn };
        let email = fields.text("email").to_owned();
        let password = fields.take_secret("password");
        let context = visit.context(&self.authn);
        let result = match (manner, &context.previous) {
            (Manner::Confirm, Some(cookie)) => self.authn.confirm(cookie, &password, &context).await,
            _ => self.authn.sign_in(SignIn { email: email.clone(), password }, &context).await,
        };
        let refusal = match result {
            Ok(signed_in) => return Ok(self.go_on(visit, &onward, &signed_in).await),
            Err(Stopped::Refused(SignInRefusal::NotSignedIn)) => return Err(Refusal::SignIn(onward).into()),
            Err(Stopped::Refused(refusal)) => refusal,
            Err(Stopped::Failed(fault)) => return Err(fault.into()),
        };
        let asking = self.asking(visit, &onward).await?;
        let browser = self.form_tokens.browser(&visit.headers);
        let page = SignInPage {
            email,
            problem: Some(match (manner, refusal) {
                // The session says who it is.
                (Manner::Confirm, SignInRefusal::InvalidCredentials) => "The password is wrong.".to_owned(),
                _ => refusal.to_string(),
            }),
            ..self.sign_in_page(&browser, &onward, &asking, manner)
        };
        let mut response = self.show(browser, refusal.status(), &page, &asking.form_action)?;
        if let Some(wait) = refusal.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, retry_after(wait));
        }
        Ok(response)
    }

    fn sign_in_page(&self, browser: &Browser, onward: &Onward, asking: &Asking, manner: Manner) -> SignInPage {
        let form = onward.carry(self.new_form(browser, "/sign-in"));
        let confirming = manner == Manner::Confirm;
        SignInPage {
            form: if confirming { form.with("confirm", "1") } else { form },
            email: String::new(),
            confirming,
            client_name: asking.client_name.clone(),
            problem: None,
            sign_up: onward.link("/sign-up", &[]),
            other_account: onward.link("/sign-in", &[("other", "1")]),
        }
    }
}

/// What the sign-in page is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Manner {
    /// Nobody is signed in, or somebody else wants to be.
    SignIn,
    /// Somebody is signed in, and shows that it is still them.
    Confirm,
    /// Somebody is signed in, and nothing more is needed.
    Done,
}

impl Manner {
    /// Where somebody is signed in, the issuer asks for a sign-in only to see the password again.
    fn of(query: &Fields, wanted: Wanted, person: Option<&Person>) -> Manner {
        let confirm = query.value("confirm").is_some() || wanted == Wanted::SignIn;
        match person {
            None => Manner::SignIn,
            Some(_) if query.value("other").is_some() => Manner::SignIn,
            Some(_) if confirm => Manner::Confirm,
            Some(_) => Manner::Done,
        }
    }
}
