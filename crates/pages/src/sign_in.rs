//! `/sign-in`: e-mail and password, to begin a session or to confirm the one that there is.

use serde::Serialize;

use crate::form::Form;
use crate::templates::Page;

/// The page.
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
