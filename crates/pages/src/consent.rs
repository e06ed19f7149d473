//! `/consent`: a client asks, the person answers ([RFC 6749 §4.1.1], [OIDC Core §3.1.2.4]).

use serde::Serialize;

use crate::form::Form;
use crate::templates::Page;

/// The page. It shows the stored request and nothing else.
#[derive(Clone, Debug, Serialize)]
pub struct ConsentPage {
    /// Posts `answer` (`approve` or `deny`) and `scope.NAME` for each scope that stayed ticked.
    pub form: Form,
    /// The name that the client registered.
    pub client_name: String,
    /// Its first letter.
    pub client_initial: String,
    /// The host of its home page, where it has one.
    pub client_host: Option<String>,
    /// The host that the person is sent back to.
    pub redirect_host: String,
    /// Who is signed in.
    pub account: String,
    /// The first letter of who is signed in.
    pub account_initial: String,
    /// Exactly what was asked.
    pub scopes: Vec<ConsentScope>,
    /// The resource that the token is for, where one was named ([RFC 8707]).
    pub resource: Option<String>,
    /// What went wrong.
    pub problem: Option<String>,
    /// Where one signs in as somebody else.
    pub other_account: String,
}

/// One scope that was asked.
#[derive(Clone, Debug, Serialize)]
pub struct ConsentScope {
    /// Its name on the wire.
    pub name: String,
    /// What it allows, in words.
    pub description: String,
    /// Whether the whole answer is "no" without it.
    pub required: bool,
}

impl Page for ConsentPage {
    const TEMPLATE: &'static str = "consent.html";
}

/// The letter that stands for a name in a tile.
pub(crate) fn initial(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).map_or_else(|| "?".to_owned(), |c| c.to_uppercase().collect())
}
