//! An OAuth client that the script plays itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use countersign_jose::{base64url, sha256};
use countersign_storage::{Secret, SystemRandom};
use http::{Request, header};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::browser::{self, Browser};
use super::journal::{self, Journal};
use super::page::Page;
use super::told::{Answer, Surprise, Told};
use crate::launch::free_port;
use crate::setup::Setup;

/// A client, and where it asks.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    id: &'static str,
    secret: Secret,
    issuer: String,
    redirect_uri: String,
    scope: &'static str,
    grant_types: &'static [&'static str],
    /// The resource server of the demo, and one that exists in name only.
    pub(crate) resource: String,
    pub(crate) other_resource: String,
}

/// An authorization request on its way.
pub(crate) struct Asked {
    pub(crate) page: Page,
    verifier: Secret,
    state: Secret,
}

impl Client {
    /// Acts for people.
    pub(crate) fn walker(setup: &Setup) -> Result<Self, String> {
        let scope = "openid profile offline_access notes:read notes:write";
        Self::new("walker", setup, scope, &["authorization_code", "refresh_token"])
    }

    /// Acts for itself.
    pub(crate) fn machine(setup: &Setup) -> Result<Self, String> {
        Self::new("machine", setup, "notes:read", &["client_credentials"])
    }

    /// What AuthCo is told about it.
    pub(crate) fn entry(&self) -> Value {
        let with_code = self.grant_types.contains(&"authorization_code");
        json!({
            "client_id": self.id,
            "client_secret": self.secret.expose(),
            "client_name": "Walker",
            "redirect_uris": if with_code { vec![&self.redirect_uri] } else { Vec::new() },
            "grant_types": self.grant_types,
            "scope": self.scope,
            "resource": self.resource,
            "resources": [self.other_resource],
        })
    }

    /// Sends the browser to the authorization endpoint.
    pub(crate) async fn ask(
        &self,
        browser: &mut Browser,
        journal: &mut Journal,
        scope: &str,
        resource: &str,
    ) -> Told<Asked> {
        let fresh = || Secret::generate(&SystemRandom::default());
        let (verifier, state) = (fresh(), fresh());
        let query = Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", self.id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", scope)
            .append_pair("resource", resource)
            .append_pair("state", state.expose())
            .append_pair("code_challenge", &base64url::encode(sha256(verifier.expose().as_bytes())))
            .append_pair("code_challenge_method", "S256")
            // Ask the person each time, so that each request of the script meets the consent page.
            .append_pair("prompt", "consent")
            .finish();
        let url = format!("{}/oauth2/authorize?{query}", self.issuer);
        let page = browser.open(journal, &url, Some(&self.redirect_uri)).await?;
        Ok(Asked { page, verifier, state })
    }

    /// Presses "approve", and takes the code out of the answer.
    pub(crate) async fn approve(&self, browser: &mut Browser, journal: &mut Journal, asked: &Asked) -> Told<Secret> {
        let form = asked.page.form("/consent")?;
        let page = browser.submit(journal, &asked.page, form, Some("approve"), Some(&self.redirect_uri)).await?;
        if page.parameter("state").map(Secret::new).as_ref() != Some(&asked.state) {
            return Err(Surprise("the answer does not carry the state of the request".to_owned()));
        }
        if page.parameter("iss").as_deref() != Some(&self.issuer) {
            return Err(Surprise("the answer does not name its issuer".to_owned()));
        }
        let code = page.parameter("code").map(Secret::new);
        code.ok_or_else(|| Surprise(format!("no code came: {}", journal::address(&page.url))))
    }

    /// Redeems a code.
    pub(crate) async fn redeem(
        &self,
        browser: &Browser,
        journal: &mut Journal,
        asked: &Asked,
        code: &Secret,
    ) -> Told<Answer> {
        let parameters = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", asked.verifier.expose()),
        ];
        self.post(browser, journal, "/oauth2/token", &parameters).await
    }

    /// Sends a form to an endpoint of the issuer, as this client.
    pub(crate) async fn post(
        &self,
        browser: &Browser,
        journal: &mut Journal,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Told<Answer> {
        let url = format!("{}{path}", self.issuer);
        let shown: Vec<_> = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        journal.sent(&format!("POST {url} as {}", self.id), Some(&journal::form(&shown)));
        let basic = STANDARD.encode(format!("{}:{}", self.id, self.secret.expose()));
        let request = Request::post(&url)
            .header(header::AUTHORIZATION, format!("Basic {basic}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(Serializer::new(String::new()).extend_pairs(parameters).finish()));
        answer(browser, journal, request).await
    }

    fn new(
        id: &'static str,
        setup: &Setup,
        scope: &'static str,
        grant_types: &'static [&'static str],
    ) -> Result<Self, String> {
        Ok(Client {
            id,
            secret: Secret::generate(&SystemRandom::default()),
            issuer: setup.issuer(),
            redirect_uri: format!("http://127.0.0.1:{}/callback", free_port()?),
            scope,
            grant_types,
            resource: setup.resource_identifier(),
            other_resource: "https://archive.example/".to_owned(),
        })
    }
}

/// Calls an API with a bearer token.
pub(crate) async fn call(
    browser: &Browser,
    journal: &mut Journal,
    url: &str,
    token: &str,
    body: Option<Value>,
) -> Told<Answer> {
    let method = if body.is_some() { "POST" } else { "GET" };
    journal.sent(&format!("{method} {url} with the token {}", journal::short(token)), None);
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.map(|body| Bytes::from(body.to_string())).unwrap_or_default());
    answer(browser, journal, request).await
}

async fn answer(
    browser: &Browser,
    journal: &mut Journal,
    request: Result<Request<Bytes>, http::Error>,
) -> Told<Answer> {
    let fetched = browser::send(&browser.http, request).await?;
    let body = countersign_jose::json::parse(&fetched.body).unwrap_or(Value::Null);
    let mut line = fetched.status.to_string();
    if let Some(challenge) = fetched.headers.get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()) {
        line.push_str(&format!(", {challenge}"));
    }
    journal.received(&line);
    if body != Value::Null {
        journal.seen(&journal::json(&body));
    }
    Ok(Answer { status: fetched.status.as_u16(), body })
}

/// A string of an answer's body.
pub(crate) fn text(answer: &Answer, member: &str) -> Told<String> {
    let value = answer.body.get(member).and_then(Value::as_str).map(str::to_owned);
    value.ok_or_else(|| Surprise(format!("the answer has no {member}")))
}
