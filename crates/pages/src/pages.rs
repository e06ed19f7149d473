//! What the pages are made of, and what each of them needs: who is signed in, a form that is ours, a page for this browser.

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
    /// Sign-in.
    pub authn: Arc<Authn>,
    /// The issuer. The pages live at the root of its origin, the JSON API under its path.
    pub issuer: Arc<Issuer>,
    /// Agents, where the server has them: without, there is no `/device`.
    pub agents: Option<Arc<AgentProvider>>,
    /// What the pages look like.
    pub templates: Arc<Templates>,
    /// Further origins whose pages may call the JSON API.
    ///
    /// # Security
    /// Each can act as whoever is signed in. There should be none.
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
    /// From its parts.
    ///
    /// # Errors
    /// [`InvalidOrigin`]: a trusted origin is none.
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

    /// `/`: nothing of its own.
    pub(crate) async fn home(&self, visit: &Visit) -> Answer {
        let session = self.authn.session_of(&visit.headers).await?;
        Ok(see_other(if session.is_some() { "/dashboard" } else { "/sign-in" }))
    }

    /// Who is signed in, or the way to sign in and come back.
    pub(crate) async fn person(&self, visit: &Visit, onward: Onward) -> Result<Person, Stopped<Refusal>> {
        self.signed_in(visit).await?.ok_or(Stopped::Refused(Refusal::SignIn(onward)))
    }

    /// Who is signed in, if anybody.
    pub(crate) async fn signed_in(&self, visit: &Visit) -> Result<Option<Person>, Fault> {
        let Some(session) = self.authn.session_of(&visit.headers).await? else { return Ok(None) };
        let account = self.accounts.by_subject(&session.subject).await?;
        Ok(account.map(|account| Person { session, account }))
    }

    /// Reads a posted form: ours, from a page of ours in this browser, each field once.
    pub(crate) fn form(&self, visit: &Visit) -> Result<Fields, Refusal> {
        self.origin_check.check(&visit.method, &visit.headers)?;
        let fields = Fields::from_body(&visit.headers, &visit.body)?;
        self.form_tokens.check(&visit.headers, fields.text(TOKEN_FIELD))?;
        Ok(fields)
    }

    /// A form on a page for this browser.
    pub(crate) fn new_form(&self, browser: &Browser, action: &str) -> Form {
        Form::new(action, self.form_tokens.token(browser))
    }

    /// A page for this browser.
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
