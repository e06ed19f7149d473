//! A browser, what a client has it ask for, and where it is sent.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;
use countersign_oidc::{ConsentAnswer, InteractionPrompt};
use countersign_storage::{Authentication, Clock, Endpoints, Secret, Subject};
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};

use super::{CHALLENGE, REDIRECT_URI, Reply, SPA, WEB, World};

/// A good request of the public client, to be changed by one thing.
#[derive(Clone)]
pub(crate) struct Ask(Vec<(String, String)>);

impl Ask {
    pub(crate) fn spa() -> Self {
        Ask::of(SPA, REDIRECT_URI)
    }

    pub(crate) fn web() -> Self {
        Ask::of(WEB, "https://web.test/cb")
    }

    pub(crate) fn of(client_id: &str, redirect_uri: &str) -> Self {
        let pairs = [
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("response_type", "code"),
            ("scope", "openid email"),
            ("state", "st-1"),
            ("nonce", "n-1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        Ask(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }

    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn encoded(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

/// Where a response leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Landing {
    /// Our own error page.
    Page(u16),
    SignIn(String),
    Consent(String),
    /// Back at the client, with these parameters.
    Client(String, BTreeMap<String, String>),
}

impl Landing {
    pub(crate) fn of(response: &Response<Bytes>) -> Self {
        let Some(location) = response.headers().get(header::LOCATION) else {
            return Landing::Page(response.status().as_u16());
        };
        assert_eq!(response.status(), 303);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let location = location.to_str().unwrap();
        let (to, query) = location.split_once('?').unwrap_or((location, ""));
        let params: BTreeMap<String, String> =
            url::form_urlencoded::parse(query.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        match to {
            "https://as.test/sign-in" => Landing::SignIn(params["interaction"].clone()),
            "https://as.test/consent" => Landing::Consent(params["interaction"].clone()),
            to => Landing::Client(to.to_owned(), params),
        }
    }

    pub(crate) fn interaction(&self) -> &str {
        match self {
            Landing::SignIn(id) | Landing::Consent(id) => id,
            Landing::Page(_) | Landing::Client(..) => panic!("no interaction: {self:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn param(&self, name: &str) -> &str {
        match self {
            Landing::Client(_, params) => params.get(name).map_or("", String::as_str),
            other => panic!("not at the client: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        self.param("error")
    }

    #[track_caller]
    pub(crate) fn code(&self) -> &str {
        let code = self.param("code");
        assert!(!code.is_empty(), "no code: {self:?}");
        code
    }
}

pub(crate) struct Browser<'a> {
    pub(crate) world: &'a World,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl<'a> Browser<'a> {
    pub(crate) fn of(world: &'a World) -> Self {
        Browser { world, cookies: Mutex::default() }
    }

    pub(crate) fn sign_in(&self, subject: &Subject) {
        let mut sessions = self.world.sessions.alive.lock().unwrap();
        let id = format!("ses_{}", sessions.len());
        let now = self.world.clock.now();
        let generation = self.world.generation(subject);
        let authentication = Authentication::asserted(subject.clone(), &id, now, vec!["pwd".to_owned()]);
        let authentication = authentication.in_generation(generation);
        sessions.insert(id.clone(), authentication);
        self.cookies.lock().unwrap().insert("session".to_owned(), id);
    }

    /// The person shows the password again: the session keeps its name.
    pub(crate) fn confirm(&self) {
        let id = self.cookie("session").unwrap();
        let mut sessions = self.world.sessions.alive.lock().unwrap();
        let before = sessions[&id].clone();
        let (subject, now) = (before.subject().clone(), self.world.clock.now());
        let event = Secret::generate(self.world.ports.random.as_ref()).expose().to_owned();
        let after = Authentication::asserted(subject, &id, now, vec!["pwd".to_owned()]).by_sign_in(event);
        sessions.insert(id, after);
    }

    pub(crate) fn sign_out(&self) {
        self.cookies.lock().unwrap().remove("session");
    }

    pub(crate) fn headers(&self) -> HeaderMap {
        let cookies = self.cookies.lock().unwrap();
        let pairs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = HeaderMap::new();
        if !pairs.is_empty() {
            headers.insert(header::COOKIE, HeaderValue::from_str(&pairs.join("; ")).unwrap());
        }
        headers
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub(crate) async fn send(&self, mut request: Request<Bytes>) -> Response<Bytes> {
        request.headers_mut().extend(self.headers());
        let response = self.world.issuer.answer(request).await.expect("a path of the issuer");
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
        }
        response
    }

    pub(crate) async fn ask(&self, ask: &Ask) -> Landing {
        let uri = format!("/api/auth/oauth2/authorize?{}", ask.encoded());
        Landing::of(&self.send(Request::builder().uri(uri).body(Bytes::new()).unwrap()).await)
    }

    pub(crate) async fn post(&self, ask: &Ask) -> Landing {
        Landing::of(&self.send(form(&ask.encoded())).await)
    }

    pub(crate) async fn resume(&self, id: &str) -> Landing {
        Landing::of(&self.world.issuer.resume(id, &self.headers()).await.unwrap())
    }

    pub(crate) async fn consent_view(&self, id: &str) -> countersign_oidc::authorize::ConsentView {
        match self.world.issuer.interaction(id, &self.headers()).await.unwrap().prompt {
            InteractionPrompt::Consent(view) => *view,
            other => panic!("no consent is asked: {other:?}"),
        }
    }

    /// Approves all that is shown.
    pub(crate) async fn approve(&self, id: &str) -> Landing {
        let view = self.consent_view(id).await;
        let scopes = view.scopes.into_iter().map(|scope| scope.name).collect();
        let answer = ConsentAnswer::Approve { scopes };
        Landing::of(&self.world.issuer.decide_consent(id, &self.headers(), &answer, &view.csrf).await.unwrap())
    }

    /// Approves `kept` of what is shown, asked for `scope` once more.
    pub(crate) async fn answer_anew(&self, scope: &str, kept: &str) {
        let ask = Ask::spa().with("scope", scope).with("prompt", "consent");
        let id = self.ask(&ask).await.interaction().to_owned();
        let csrf = self.consent_view(&id).await.csrf;
        let answer = ConsentAnswer::Approve { scopes: kept.split(' ').map(str::to_owned).collect() };
        let response = self.world.issuer.decide_consent(&id, &self.headers(), &answer, &csrf).await.unwrap();
        Landing::of(&response).code();
    }

    /// Tokens for the public client: asked for, approved, redeemed.
    pub(crate) async fn tokens(&self, scope: &str) -> Reply {
        let landing = self.ask_and_approve(&Ask::spa().with("scope", scope)).await;
        let tokens = self.world.redeem(SPA, landing.code()).await;
        assert!(tokens["access_token"].is_string(), "{tokens:?}");
        tokens
    }

    /// Asks, and approves where consent is asked for.
    pub(crate) async fn ask_and_approve(&self, ask: &Ask) -> Landing {
        match self.ask(ask).await {
            Landing::Consent(id) => self.approve(&id).await,
            other => other,
        }
    }
}

pub(crate) fn approve(scopes: &[&str]) -> ConsentAnswer {
    ConsentAnswer::Approve { scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect() }
}

pub(crate) fn form(body: &str) -> Request<Bytes> {
    Request::builder()
        .method(Method::POST)
        .uri("/api/auth/oauth2/authorize")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}
