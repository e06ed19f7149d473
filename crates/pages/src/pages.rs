//! What the pages are made of, and what each of them needs: to know who is signed in, to read a form that is ours, to show a
//! page to this browser.

use std::sync::Arc;

use bytes::Bytes;
use countersign_agent_auth::AgentProvider;
use countersign_authn::{Authn, InvalidOrigin, OriginCheck, Session};
use countersign_oidc::Issuer;
use countersign_storage::{Account, Accounts, Fault, Ports, Stopped};
use countersign_web::issuer_url::IssuerUrl;
use http::{Response, StatusCode};

use crate::click::Clicks;
use crate::document::{html, see_other};
use crate::form::{Fields, Form, TOKEN_FIELD};
use crate::form_action::FormAction;
use crate::form_token::{Browser, FormTokens};
use crate::onward::Onward;
use crate::refusal::Refusal;
use crate::templates::{Page, Templates};
use crate::visit::Visit;

/// All that the pages need.
#[derive(Clone)]
pub struct PagesConfig {
    /// Store, clock, randomness, audit.
    pub ports: Ports,
    /// Who has an account.
    pub accounts: Arc<dyn Accounts>,
    /// Knows who is signed in, and checks passwords.
    pub authn: Arc<Authn>,
    /// The issuer. The pages live at the root of its origin, the JSON API under its path.
    pub issuer: Arc<Issuer>,
    /// Agents, where the server has them. Without them there is no `/device`.
    pub agents: Option<Arc<AgentProvider>>,
    /// What the pages look like.
    pub templates: Arc<Templates>,
    /// Further origins whose pages may call the JSON API.
    ///
    /// # Security
    /// A page of such an origin can act as whoever is signed in. There should be none.
    pub trusted_origins: Vec<String>,
}

/// The browser pages and the JSON sign-in API.
pub struct Pages {
    pub(crate) ports: Ports,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) authn: Arc<Authn>,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) agents: Option<Arc<AgentProvider>>,
    pub(crate) templates: Arc<Templates>,
    pub(crate) origin_check: OriginCheck,
    pub(crate) form_tokens: FormTokens,
    pub(crate) clicks: Clicks,
    /// The path of the issuer, below which the JSON API is.
    pub(crate) base: String,
}

/// What a page answers.
pub(crate) type Answer = Result<Response<Bytes>, Stopped<Refusal>>;

/// A person whose session is alive.
pub(crate) struct Person {
    pub(crate) session: Session,
    pub(crate) account: Account,
}

impl Pages {
    /// Puts the parts together.
    ///
    /// # Errors
    /// [`InvalidOrigin`], where something else than an origin is named as trusted.
    pub fn new(config: PagesConfig) -> Result<Self, InvalidOrigin> {
        let issuer = config.issuer.identifier();
        let trusted = config.trusted_origins.iter().map(String::as_str);
        let origin_check = OriginCheck::new(issuer, trusted)?;
        let url = IssuerUrl::parse(issuer).map_err(|_| InvalidOrigin(issuer.to_owned()))?;
        Ok(Pages {
            base: url.path().to_owned(),
            origin_check,
            form_tokens: FormTokens::new(config.authn.cookie_name(), url.transport(), config.ports.random.clone()),
            clicks: Clicks::default(),
            ports: config.ports,
            accounts: config.accounts,
            authn: config.authn,
            issuer: config.issuer,
            agents: config.agents,
            templates: config.templates,
        })
    }

    /// `GET /`: leads to the dashboard, or to the sign-in.
    pub(crate) async fn home(&self, visit: &Visit) -> Answer {
        let session = self.authn.session_of(&visit.headers).await?;
        Ok(see_other(if session.is_some() { "/dashboard" } else { "/sign-in" }))
    }

    /// Who is signed in. Where nobody is, the refusal leads to the sign-in and back.
    pub(crate) async fn person(&self, visit: &Visit, onward: Onward) -> Result<Person, Stopped<Refusal>> {
        self.signed_in(visit).await?.ok_or(Stopped::Refused(Refusal::SignIn(onward)))
    }

    /// Who is signed in, if anybody.
    pub(crate) async fn signed_in(&self, visit: &Visit) -> Result<Option<Person>, Fault> {
        let Some(session) = self.authn.session_of(&visit.headers).await? else { return Ok(None) };
        let account = self.accounts.by_subject(&session.subject).await?;
        Ok(account.map(|account| Person { session, account }))
    }

    /// Reads a posted form. It must come from a page of ours in this browser, with each field once.
    pub(crate) fn form(&self, visit: &Visit) -> Result<Fields, Refusal> {
        self.origin_check.check(&visit.method, &visit.headers)?;
        let fields = Fields::from_body(&visit.headers, &visit.body)?;
        self.form_tokens.check(&visit.headers, fields.text(TOKEN_FIELD))?;
        Ok(fields)
    }

    /// Makes a form for a page of this browser.
    pub(crate) fn new_form(&self, browser: &Browser, action: &str) -> Form {
        Form::new(action, self.form_tokens.token(browser))
    }

    /// Answers this browser with a page.
    pub(crate) fn show<P: Page>(
        &self,
        browser: Browser,
        status: StatusCode,
        page: &P,
        form_action: &FormAction,
    ) -> Answer {
        Ok(browser.remember(html(status, self.templates.render(page)?, form_action)))
    }
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("templates", &self.templates).finish_non_exhaustive()
    }
}
