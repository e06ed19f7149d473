//! The pages as endpoints: which path shows what, and the rules that hold for each of them.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use countersign_agent_auth::AgentProvider;
use countersign_authn::{Authn, InvalidOrigin, OriginCheck, Session};
use countersign_oidc::Issuer;
use countersign_storage::{Account, Accounts, Endpoints, Fault, Ports};
use countersign_web::issuer_url::IssuerUrl;
use http::{Method, Request, Response, StatusCode};

use crate::document::{html, protect, see_other};
use crate::form::{Fields, Form, TOKEN_FIELD};
use crate::form_action::FormAction;
use crate::form_token::{Browser, FormTokens};
use crate::json_api::Call;
use crate::onward::Onward;
use crate::refusal::Refusal;
use crate::second_click::Clicks;
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
    clicks: Clicks,
    api_path: String,
}

/// What a page answers.
pub(crate) type Answer = Result<Response<Bytes>, Refusal>;

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
            api_path: url.path().to_owned(),
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

    async fn page(&self, place: Place, visit: &Visit) -> Response<Bytes> {
        if visit.method != Method::POST || !place.repeats() {
            return self.answer_page(place, visit).await;
        }
        let fields = match self.form(visit) {
            Ok(fields) => fields,
            Err(refusal) => return protect(self.refuse(refusal)),
        };
        let click = self.clicks.of(visit, fields.text(TOKEN_FIELD));
        let answer = self.once(visit, click, self.answer_page(place, visit)).await;
        answer.unwrap_or_else(|fault| protect(self.refuse(fault.into())))
    }

    async fn answer_page(&self, place: Place, visit: &Visit) -> Response<Bytes> {
        let answer = match (place, visit.looks(), visit.method == Method::POST) {
            (Place::Home, true, _) => self.home(visit).await,
            (Place::SignUp, true, _) => self.show_sign_up(visit).await,
            (Place::SignUp, _, true) => self.sign_up(visit).await,
            (Place::SignIn, true, _) => self.show_sign_in(visit).await,
            (Place::SignIn, _, true) => self.sign_in(visit).await,
            (Place::SignOut, _, true) => self.sign_out(visit).await,
            (Place::Consent, true, _) => self.show_consent(visit).await,
            (Place::Consent, _, true) => self.consent(visit).await,
            (Place::Device, true, _) => self.show_device(visit).await,
            (Place::Device, _, true) => self.device(visit).await,
            (Place::Dashboard, true, _) => self.show_dashboard(visit).await,
            (Place::Revoke(what), _, true) => self.revoke(what, visit).await,
            (place, _, _) => Err(Refusal::Method { allowed: place.allowed() }),
        };
        protect(answer.unwrap_or_else(|refusal| self.refuse(refusal)))
    }

    /// `/`: nothing of its own.
    async fn home(&self, visit: &Visit) -> Answer {
        let session = self.authn.session_of(&visit.headers).await?;
        Ok(see_other(if session.is_some() { "/dashboard" } else { "/sign-in" }))
    }

    /// Who is signed in, or the way to sign in and come back.
    pub(crate) async fn person(&self, visit: &Visit, onward: Onward) -> Result<Person, Refusal> {
        self.signed_in(visit).await?.ok_or(Refusal::SignIn(onward))
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

/// A page's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Home,
    SignUp,
    SignIn,
    SignOut,
    Consent,
    Device,
    Dashboard,
    Revoke(Revocable),
}

/// What can be ended from the dashboard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Revocable {
    Session,
    OtherSessions,
    App,
    Agent,
    Host,
}

impl Place {
    fn at(path: &str) -> Option<Place> {
        Some(match path {
            "/" => Place::Home,
            "/sign-up" => Place::SignUp,
            "/sign-in" => Place::SignIn,
            "/sign-out" => Place::SignOut,
            "/consent" => Place::Consent,
            "/device" => Place::Device,
            "/dashboard" => Place::Dashboard,
            "/dashboard/sessions/revoke" => Place::Revoke(Revocable::Session),
            "/dashboard/other-sessions/revoke" => Place::Revoke(Revocable::OtherSessions),
            "/dashboard/apps/revoke" => Place::Revoke(Revocable::App),
            "/dashboard/agents/revoke" => Place::Revoke(Revocable::Agent),
            "/dashboard/hosts/revoke" => Place::Revoke(Revocable::Host),
            _ => return None,
        })
    }

    /// Whether a second post of the same form tells the outcome of the first. Consent and approval do so by themselves, and a
    /// sign-out ends the same way however often it is asked.
    fn repeats(self) -> bool {
        match self {
            Place::SignUp | Place::SignIn | Place::Revoke(_) => true,
            Place::Home | Place::SignOut | Place::Consent | Place::Device | Place::Dashboard => false,
        }
    }

    fn allowed(self) -> &'static str {
        match self {
            Place::Home | Place::Dashboard => "GET, HEAD",
            Place::SignUp | Place::SignIn | Place::Consent | Place::Device => "GET, HEAD, POST",
            Place::SignOut | Place::Revoke(_) => "POST",
        }
    }
}

#[async_trait]
impl Endpoints for Pages {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Request<Bytes>> {
        let path = request.uri().path();
        if let Some(asset) = self.templates.assets().answer(request.method(), path, request.uri().query()) {
            return Ok(asset);
        }
        if let Some(call) = path.strip_prefix(&self.api_path).and_then(|path| Call::at(path, &request)) {
            return Ok(self.call(call, &Visit::of(request)).await);
        }
        match Place::at(path) {
            Some(Place::Device | Place::Revoke(Revocable::Agent | Revocable::Host)) if self.agents.is_none() => {
                Err(request)
            }
            Some(place) => Ok(self.page(place, &Visit::of(request)).await),
            None => Err(request),
        }
    }
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("templates", &self.templates).finish_non_exhaustive()
    }
}
