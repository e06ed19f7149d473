//! `/consent`: a client asks, the person answers ([RFC 6749 §4.1.1], [OIDC Core §3.1.2.4]).
//!
//! [RFC 6749 §4.1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
//! [OIDC Core §3.1.2.4]: https://openid.net/specs/openid-connect-core-1_0.html

use countersign_oidc::authorize::{ConsentAnswer, ConsentView, InteractionPrompt};
use countersign_web::text::cleaned_or;
use http::StatusCode;
use serde::Serialize;
use url::Url;

use crate::document::see_other;
use crate::form::{Fields, Form};
use crate::form_action::FormAction;
use crate::interaction::{UNNAMED_CLIENT, over};
use crate::onward::Onward;
use crate::pages::{Answer, Pages};
use crate::refusal::Refusal;
use crate::templates::Page;
use crate::visit::Visit;

/// What the consent page shows: the stored request and nothing else.
#[derive(Clone, Debug, Serialize)]
pub struct ConsentPage {
    /// Posts `answer` (`approve` or `deny`) and `scope.NAME` for each scope that stayed ticked.
    pub form: Form,
    /// The name that the client registered.
    pub client_name: String,
    /// The first letter of that name, for the tile.
    pub client_initial: String,
    /// The host of its home page, where it has one.
    pub client_host: Option<String>,
    /// The host that the person is sent back to.
    pub redirect_host: String,
    /// Who is signed in.
    pub account: String,
    /// The first letter of who is signed in.
    pub account_initial: String,
    /// Each scope that was asked, and no other.
    pub scopes: Vec<ConsentScope>,
    /// The resources that the tokens are for ([RFC 8707]).
    ///
    /// [RFC 8707]: https://www.rfc-editor.org/rfc/rfc8707
    pub resources: Vec<String>,
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
    /// Whether it cannot be left out: without it the whole answer is "no".
    pub required: bool,
}

impl Page for ConsentPage {
    const TEMPLATE: &'static str = "consent.html";
}

impl Pages {
    /// `GET /consent`: shows what the client asks, or leads on where nothing is to be asked.
    pub(crate) async fn show_consent(&self, visit: &Visit) -> Answer {
        let onward = Onward::of(&visit.query()?);
        let id = onward.interaction.as_deref().ok_or(Refusal::NotFound)?;
        let view = match self.issuer.interaction(id, &visit.headers).await.map_err(over)?.prompt {
            InteractionPrompt::Consent(view) => view,
            InteractionPrompt::SignIn(_) => return Ok(see_other(&onward.link("/sign-in", &[]))),
            _ => return self.issuer.resume(id, &visit.headers).await.map_err(over),
        };
        let browser = self.form_tokens.browser(&visit.headers);
        let form = onward.carry(self.new_form(&browser, "/consent")).with("csrf", view.csrf.expose());
        let form_action = FormAction::leading_to(&view.redirect_source);
        self.show(browser, StatusCode::OK, &ConsentPage::of(*view, form, &onward), &form_action)
    }

    /// `POST /consent`. The issuer compares what is allowed with what was asked and shown.
    pub(crate) async fn consent(&self, visit: &Visit) -> Answer {
        let mut fields = self.form(visit)?;
        let csrf = fields.take_secret("csrf");
        let onward = Onward::of(&fields);
        let id = onward.interaction.as_deref().ok_or(Refusal::NotFound)?;
        let answer = answer(&fields)?;
        self.issuer.decide_consent(id, &visit.headers, &answer, &csrf).await.map_err(over)
    }
}

fn answer(fields: &Fields) -> Result<ConsentAnswer, Refusal> {
    match fields.text("answer") {
        "approve" => Ok(ConsentAnswer::Approve { scopes: fields.ticked("scope.") }),
        "deny" => Ok(ConsentAnswer::Deny),
        _ => Err(Refusal::Forged),
    }
}

impl ConsentPage {
    fn of(view: ConsentView, form: Form, onward: &Onward) -> Self {
        let client_name = cleaned_or(&view.client_name, 80, UNNAMED_CLIENT);
        let scopes = view.scopes.into_iter().map(|scope| ConsentScope {
            required: scope.name == "openid",
            name: scope.name,
            description: scope.description,
        });
        ConsentPage {
            form,
            client_initial: initial(&client_name),
            client_name,
            client_host: view.client_uri.as_deref().and_then(host),
            redirect_host: host(&view.redirect_source).unwrap_or(view.redirect_host),
            account_initial: initial(&view.account.email),
            account: view.account.email,
            scopes: scopes.collect(),
            resources: view.resources.into_iter().map(|resource| resource.name).collect(),
            other_account: onward.link("/sign-in", &[("other", "1")]),
        }
    }
}

/// The host and the port of a web address.
fn host(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// The letter that stands for a name in a tile.
pub(crate) fn initial(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).map_or_else(|| "?".to_owned(), |c| c.to_uppercase().collect())
}
