//! Codes as the authorization endpoint leaves them, and HTTP to the endpoints that take them and their tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use countersign_jose::JwkSet;
use countersign_jose::jwt::{Expect, ExpectedAudience, ExpectedIssuer, Typ, Unverified};
use countersign_oidc::Scopes;
use countersign_oidc::records::{AuthorizationCode, CodeState, Grant, GrantState, RevokedFamily, TokenFamily};
use countersign_storage::{Account, AccountState, Accounts, Authentication, Clock, Endpoints, Record, Secret, Subject};
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::{CHALLENGE, ISSUER, NOTES, Put, REDIRECT_URI, SECRET, SPA, VERIFIER, WEB, World, basic, credentials};

/// A code to be made: what the authorization endpoint would have put into it.
#[derive(Clone)]
pub(crate) struct Approved {
    pub(crate) client_id: &'static str,
    pub(crate) scope: &'static str,
    pub(crate) resources: Vec<String>,
    pub(crate) nonce: Option<&'static str>,
}

impl Default for Approved {
    fn default() -> Self {
        Approved {
            client_id: WEB,
            scope: "openid profile email offline_access notes:read notes:write",
            resources: vec![NOTES.to_owned()],
            nonce: Some("n-0S6"),
        }
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("{member} in {self:?}")).to_owned()
    }

    pub(crate) fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or("")
    }

    /// Any tokens, or the error: `200` or `400 invalid_grant`.
    pub(crate) fn outcome(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.error()).trim_end().to_owned()
    }
}

impl std::ops::Index<&str> for Reply {
    type Output = Value;

    fn index(&self, member: &str) -> &Value {
        &self.body[member]
    }
}

impl World {
    /// Makes a code, as if Alice had just approved it.
    pub(crate) async fn code(&self, approved: &Approved) -> String {
        let nth = {
            let mut made = self.made.lock().unwrap();
            *made += 1;
            *made
        };
        let (code, now) = (Secret::new(format!("code-{nth}")), self.clock.now());
        let authentication = Authentication::asserted(
            Subject::new("usr_alice").unwrap(),
            "ses_1",
            now - Duration::from_secs(60),
            vec!["pwd".to_owned()],
        );
        let subject = authentication.subject().clone();
        let grant = Grant {
            id: Grant::id_of(&subject, approved.client_id),
            subject,
            client_id: approved.client_id.to_owned(),
            scopes: Scopes::parse(approved.scope).unwrap(),
            resources: approved.resources.clone(),
            scopes_at: approved
                .resources
                .iter()
                .map(|resource| (resource.clone(), Scopes::parse(approved.scope).unwrap()))
                .collect(),
            narrowed: 0,
            allowed_since: BTreeMap::new(),
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            client_fingerprint: String::new(),
            state: GrantState::Active,
            generation: 0,
            account_generation: 0,
            granted_at: now,
            used_at: now,
            ends_at: None,
        };
        self.put_if_absent(grant.clone()).await;
        self.widen(&grant).await;
        self.put_if_absent(AuthorizationCode {
            handle: code.handle(),
            client_id: approved.client_id.to_owned(),
            redirect_uri: REDIRECT_URI.to_owned(),
            code_challenge: CHALLENGE.to_owned(),
            scopes: Scopes::parse(approved.scope).unwrap(),
            resources: approved.resources.clone(),
            nonce: approved.nonce.map(str::to_owned),
            max_age: None,
            authentication,
            grant_id: grant.id,
            grant_generation: 0,
            grant_narrowed: 0,
            family_id: format!("fam_{nth}"),
            state: CodeState::Issued,
            issued_at: now,
            expires_at: now + Duration::from_secs(60),
            kept_until: now + Duration::from_secs(60),
        })
        .await;
        code.expose().to_owned()
    }

    /// Adds what was approved now to what was approved before.
    async fn widen(&self, approved: &Grant) {
        let mut grant: Grant = self.load(&approved.id).await.unwrap();
        grant.scopes = grant.scopes.union(&approved.scopes);
        for (resource, scopes) in &approved.scopes_at {
            let known = grant.scopes_at.entry(resource.clone()).or_default();
            *known = known.union(scopes);
        }
        self.replace(grant).await;
    }

    pub(crate) async fn put_if_absent<R: Record + Clone>(&self, record: R) {
        if self.load::<R>(&record.id()).await.is_none() {
            self.replace(record).await;
        }
    }

    pub(crate) async fn replace<R: Record + Clone>(&self, record: R) {
        self.own().perform(&Put(record)).await.unwrap();
    }

    pub(crate) async fn load<R: Record>(&self, id: &str) -> Option<R> {
        self.own().reader().load(R::at(id)).await.unwrap().map(|stored| stored.record)
    }

    pub(crate) async fn family(&self, id: &str) -> TokenFamily {
        self.load(id).await.unwrap()
    }

    pub(crate) async fn is_revoked(&self, family: &str) -> bool {
        self.load::<RevokedFamily>(family).await.is_some()
    }

    /// A request by POST, with a form.
    pub(crate) async fn post(&self, path: &str, authorization: Option<&str>, form: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/api/auth/oauth2/{path}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        self.send(request.body(Bytes::from(body)).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Reply {
        let response = self.issuer.answer(request).await.expect("the path is one of the issuer's");
        let (parts, body) = response.into_parts();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Reply { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str, authorization: Option<&str>) -> Reply {
        let mut request = Request::builder().uri(format!("/api/auth/oauth2/{path}"));
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        self.send(request.body(Bytes::new()).unwrap()).await
    }

    /// The token request that is right for a code of this client.
    pub(crate) async fn redeem(&self, client_id: &str, code: &str) -> Reply {
        let (authorization, mut form) = credentials(client_id);
        form.extend([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ]);
        self.post("token", authorization.as_deref(), &form).await
    }

    /// The refresh that is right for a token of this client, with further parameters.
    pub(crate) async fn refresh_with(&self, client_id: &str, token: &str, further: &[(&str, &str)]) -> Reply {
        let (authorization, mut form) = credentials(client_id);
        form.extend([("grant_type", "refresh_token"), ("refresh_token", token)]);
        form.extend(further.iter().copied());
        self.post("token", authorization.as_deref(), &form).await
    }

    pub(crate) async fn refresh(&self, client_id: &str, token: &str) -> Reply {
        self.refresh_with(client_id, token, &[]).await
    }

    /// Tokens for Alice at a client: everything asked, everything approved.
    pub(crate) async fn tokens(&self, client_id: &'static str) -> Reply {
        let code = self.code(&Approved { client_id, ..Approved::default() }).await;
        let reply = self.redeem(client_id, &code).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        reply
    }

    pub(crate) async fn userinfo(&self, access_token: &str) -> Reply {
        self.get("userinfo", Some(&format!("Bearer {access_token}"))).await
    }

    pub(crate) async fn introspect(&self, caller: &str, token: &str) -> Value {
        let reply = self.post("introspect", Some(&basic(caller, SECRET)), &[("token", token)]).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        reply.body
    }

    /// Whether a token is honoured by whoever asks the issuer: its own client does.
    pub(crate) async fn holds(&self, client_id: &str, token: &str) -> bool {
        self.introspect(client_id, token).await["active"] == json!(true)
    }

    pub(crate) async fn set_account(&self, state: AccountState) {
        let known = self.people.stored.by_subject(&self.alice).await.unwrap().unwrap();
        self.ports.perform(&Put(Account { state, ..known })).await.unwrap();
    }

    /// The published keys.
    pub(crate) async fn keys(&self) -> JwkSet {
        let reply = self.send(Request::get("/api/auth/jwks").body(Bytes::new()).unwrap()).await;
        JwkSet::parse(&reply.body.to_string()).unwrap()
    }

    /// The claims of a token, which is verified with the published keys.
    pub(crate) async fn claims(&self, typ: Typ, token: &str) -> Value {
        let expect = Expect::new(typ, ExpectedIssuer::Exactly(ISSUER), ExpectedAudience::CheckedByCaller);
        let now = self.clock.now().as_secs();
        Unverified::parse(token).unwrap().verify_with_set(&self.keys().await, &expect, now).unwrap().into_claims()
    }

    /// The refresh of the public client's tokens.
    pub(crate) async fn renew(&self, tokens: &Reply) -> Reply {
        self.refresh(SPA, &tokens.text("refresh_token")).await
    }

    /// Whether an access token with `openid` opens userinfo.
    pub(crate) async fn is_honoured(&self, tokens: &Reply) -> bool {
        self.userinfo(&tokens.text("access_token")).await["sub"].is_string()
    }
}
