//! `/sign-up`: a new account.

use serde::Serialize;

use crate::form::Form;
use crate::templates::Page;

/// The page.
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
