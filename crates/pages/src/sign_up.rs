//! `/sign-up`: somebody makes an account.

use countersign_authn::{Password, SignUp, SignUpRefusal};
use countersign_storage::Stopped;
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde::Serialize;

use crate::form::Form;
use crate::form_token::Browser;
use crate::interaction::Asking;
use crate::onward::Onward;
use crate::pages::{Answer, Pages};
use crate::refuse::retry_after;
use crate::templates::Page;
use crate::visit::Visit;

/// What the sign-up page shows.
#[derive(Clone, Debug, Serialize)]
pub struct SignUpPage {
    /// Posts `name`, `email` and `password`.
    pub form: Form,
    /// What was typed before.
    pub name: String,
    /// What was typed before.
    pub email: String,
    /// The least number of characters of a password.
    pub password_least: usize,
    /// For whom they sign up, where a client sent them.
    pub client_name: Option<String>,
    /// What went wrong as a whole.
    pub problem: Option<String>,
    /// What is wrong with the name.
    pub name_problem: Option<String>,
    /// What is wrong with the address.
    pub email_problem: Option<String>,
    /// What is wrong with the password.
    pub password_problem: Option<String>,
    /// Where one signs in instead.
    pub sign_in: String,
}

impl Page for SignUpPage {
    const TEMPLATE: &'static str = "sign_up.html";
}

impl Pages {
    /// `GET /sign-up`: shows the empty form.
    pub(crate) async fn show_sign_up(&self, visit: &Visit) -> Answer {
        let onward = Onward::of(&visit.query()?);
        let asking = self.asking(visit, &onward).await?;
        let browser = self.form_tokens.browser(&visit.headers);
        let page = self.sign_up_page(&browser, &onward, &asking);
        self.show(browser, StatusCode::OK, &page, &asking.form_action)
    }

    /// `POST /sign-up`: makes the account, and signs in. Otherwise the form comes back with what is wrong.
    pub(crate) async fn sign_up(&self, visit: &Visit) -> Answer {
        let mut fields = self.form(visit)?;
        let onward = Onward::of(&fields);
        let (name, email) = (fields.text("name").to_owned(), fields.text("email").to_owned());
        let sign_up = SignUp { email: email.clone(), name: name.clone(), password: fields.take_secret("password") };
        let refusal = match self.authn.sign_up(sign_up, &visit.context(&self.authn)).await {
            Ok(signed_in) => return Ok(self.go_on(visit, &onward, &signed_in).await),
            Err(Stopped::Refused(refusal)) => refusal,
            Err(Stopped::Failed(fault)) => return Err(fault.into()),
        };
        let asking = self.asking(visit, &onward).await?;
        let browser = self.form_tokens.browser(&visit.headers);
        let page = SignUpPage { name, email, ..self.sign_up_page(&browser, &onward, &asking) }.explaining(refusal);
        let mut response = self.show(browser, refusal.status(), &page, &asking.form_action)?;
        if let Some(wait) = refusal.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, retry_after(wait));
        }
        Ok(response)
    }

    fn sign_up_page(&self, browser: &Browser, onward: &Onward, asking: &Asking) -> SignUpPage {
        SignUpPage {
            form: onward.carry(self.new_form(browser, "/sign-up")),
            name: String::new(),
            email: String::new(),
            password_least: Password::LEAST_CHARACTERS,
            client_name: asking.client_name.clone(),
            problem: None,
            name_problem: None,
            email_problem: None,
            password_problem: None,
            sign_in: onward.link("/sign-in", &[]),
        }
    }
}

impl SignUpPage {
    /// Says what is wrong, beside the field that it is wrong with.
    fn explaining(mut self, refusal: SignUpRefusal) -> Self {
        let text = Some(refusal.to_string());
        match refusal {
            SignUpRefusal::EmailTaken | SignUpRefusal::InvalidEmail => self.email_problem = text,
            SignUpRefusal::InvalidName => self.name_problem = text,
            SignUpRefusal::Password(_) => self.password_problem = text,
            _ => self.problem = text,
        }
        self
    }
}
