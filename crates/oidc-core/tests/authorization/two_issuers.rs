//! Two issuers of one process, on one store, one key ring, one origin and the same people: nothing that one of them made is
//! worth anything at the other.

use bytes::Bytes;
use countersign_jose::{Algorithm, JwkSet, base64url};
use countersign_oidc::client::{ClientCredential, SecretMethod};
use countersign_oidc::{Issuer, NewClient, Revoked};
use countersign_storage::{Endpoints, Secret};
use http::{Request, header};
use serde_json::Value;

use crate::world::*;

const OTHER: &str = "https://as.test/other";
const SECRET: &str = "correct-horse-battery-staple-0123456789";

/// Everything that the first issuer makes, each a fresh one.
struct Made {
    code: String,
    refresh_token: String,
    access_token: String,
    id_token: String,
    interaction: String,
    ticket: Secret,
    grant: String,
    key: String,
}

/// The confidential client of both.
fn client(only: &str) -> NewClient {
    NewClient {
        client_id: Some(only.to_owned()),
        credential: ClientCredential::Secret(SecretMethod::Basic, Secret::new(SECRET)),
        id_token_algorithm: Algorithm::EdDSA,
        ..NewClient::web("The client of both", ["https://both.test/cb"])
    }
}

fn ask(client_id: &str) -> Ask {
    Ask::of(client_id, "https://both.test/cb").with("scope", "openid offline_access")
}

async fn post(issuer: &Issuer, path: &str, client_id: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let credentials = base64url::encode(format!("{client_id}:{SECRET}")).replace('-', "+").replace('_', "/");
    let padding = "=".repeat((4 - credentials.len() % 4) % 4);
    let base = issuer.identifier().strip_prefix("https://as.test").unwrap();
    let request = Request::post(format!("{base}/oauth2/{path}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::AUTHORIZATION, format!("Basic {credentials}{padding}"))
        .body(Bytes::from(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()));
    let response = issuer.answer(request.unwrap()).await.expect("a path of the issuer");
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

async fn redeem(issuer: &Issuer, client_id: &str, code: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", "https://both.test/cb"),
        ("code_verifier", VERIFIER),
    ];
    post(issuer, "token", client_id, &form).await
}

/// What one and the other say to the same artefact.
async fn presented(issuer: &Issuer, world: &World, browser: &crate::world::Browser<'_>, made: &Made) -> Vec<String> {
    let text = |reply: (u16, Value)| {
        let Value::Object(body) = reply.1 else { return reply.0.to_string() };
        match body.get("error").or(body.get("active")) {
            Some(told) => format!("{} {}", reply.0, told.to_string().trim_matches('"')),
            None => reply.0.to_string(),
        }
    };
    let headers = browser.headers();
    let base = issuer.identifier().strip_prefix("https://as.test").unwrap();
    let get = async |path: String, bearer: Option<&str>| {
        let mut request = Request::get(path);
        *request.headers_mut().unwrap() = headers.clone();
        if let Some(token) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        issuer.answer(request.body(Bytes::new()).unwrap()).await.expect("a path of the issuer")
    };
    let silent = ask("both").with("prompt", "none").with("id_token_hint", &made.id_token);
    let keys = JwkSet::parse(std::str::from_utf8(get(format!("{base}/jwks"), None).await.body()).unwrap()).unwrap();
    let introspected = async |token: &str| text(post(issuer, "introspect", "both", &[("token", token)]).await);
    let revoked = post(issuer, "revoke", "both", &[("token", "no token at all")]).await.0;
    vec![
        format!("interaction: {:?}", issuer.interaction(&made.interaction, &headers).await.map(|_| ()).ok()),
        format!("ticket: {:?}", {
            let own = Landing::of(
                &get(format!("{base}/oauth2/authorize?{}", ask("both").with("prompt", "consent").encoded()), None)
                    .await,
            );
            let id = if issuer.identifier() == OTHER { own.interaction() } else { made.interaction.as_str() };
            let answer = approve(&["openid", "offline_access"]);
            issuer.decide_consent(id, &headers, &answer, &made.ticket).await.map(|_| ()).ok()
        }),
        format!("resume: {:?}", issuer.resume(&made.interaction, &headers).await.map(|_| ()).ok()),
        format!(
            "access token at userinfo: {}",
            get(format!("{base}/oauth2/userinfo"), Some(&made.access_token)).await.status().as_u16()
        ),
        format!("access token at introspection: {}", introspected(&made.access_token).await),
        format!("refresh token at introspection: {}", introspected(&made.refresh_token).await),
        format!(
            "refresh token: {}",
            text(
                post(
                    issuer,
                    "token",
                    "both",
                    &[("grant_type", "refresh_token"), ("refresh_token", &made.refresh_token)]
                )
                .await
            )
        ),
        format!("code: {}", text(redeem(issuer, "both", &made.code).await)),
        format!(
            "id_token_hint: {}",
            Landing::of(&get(format!("{base}/oauth2/authorize?{}", silent.encoded()), None).await).param("error")
        ),
        format!(
            "client: {}",
            text(post(issuer, "token", "first", &[("grant_type", "refresh_token"), ("refresh_token", "x")]).await)
        ),
        format!(
            "client at authorization: {:?}",
            matches!(
                Landing::of(&get(format!("{base}/oauth2/authorize?{}", ask("first").encoded()), None).await),
                Landing::Page(400)
            )
        ),
        format!("key: {}", keys.keys().iter().any(|key| key.kid() == Some(&made.key))),
        format!("grants: {}", issuer.grants(&world.alice).await.unwrap().len()),
        format!("revocation of a token: {revoked}"),
        format!("grant: {:?}", issuer.revoke_grant(&world.alice, &made.grant).await.unwrap()),
    ]
}

#[tokio::test]
async fn nothing_of_one_issuer_is_worth_anything_at_another() {
    let world = World::new().await;
    let config = config_of(OTHER, &world.ports, world.sessions.clone(), policy());
    let (first, other) = (&world.issuer, Issuer::new(config).unwrap());
    let algorithms = [Algorithm::Es256, Algorithm::EdDSA];
    for issuer in [first.as_ref(), &other] {
        issuer.signing_keys().ensure(&algorithms).await.unwrap();
        issuer.register_client(client("both")).await.unwrap();
    }
    register_clients(&other).await;
    first.register_client(client("first")).await.unwrap();

    let browser = world.browser_of(&world.alice);
    let tokens = redeem(first, "both", browser.ask_and_approve(&ask("both")).await.code()).await.1;
    let token = |name: &str| tokens[name].as_str().expect(name).to_owned();
    let code = browser.ask(&ask("both")).await.code().to_owned();
    let interaction = browser.ask(&ask("both").with("prompt", "consent")).await.interaction().to_owned();
    let ticket = browser.consent_view(&interaction).await.csrf;
    let made = Made {
        code,
        refresh_token: token("refresh_token"),
        access_token: token("access_token"),
        id_token: token("id_token"),
        interaction,
        ticket,
        grant: first.grants(&world.alice).await.unwrap().remove(0).id,
        key: first.signing_keys().current(Algorithm::EdDSA).await.unwrap().kid().to_owned(),
    };
    let refused = presented(&other, &world, &browser, &made).await;
    for token in [&made.access_token, &made.refresh_token] {
        // Given back at the wrong issuer: it is none of its business, and stays as it is.
        assert_eq!(post(&other, "revoke", "both", &[("token", token)]).await.0, 200);
    }
    assert_eq!(
        refused,
        [
            "interaction: None",
            "ticket: None",
            "resume: None",
            "access token at userinfo: 401",
            "access token at introspection: 200 false",
            "refresh token at introspection: 200 false",
            "refresh token: 400 invalid_grant",
            "code: 400 invalid_grant",
            "id_token_hint: login_required",
            "client: 401 invalid_client",
            "client at authorization: true",
            "key: false",
            "grants: 0",
            "revocation of a token: 200",
            "grant: Unknown",
        ]
    );
    // The control: all of it is good where it was made, after the other has seen it.
    let honoured = presented(first, &world, &browser, &made).await;
    assert_eq!(
        honoured,
        [
            "interaction: Some(())",
            "ticket: Some(())",
            "resume: Some(())",
            "access token at userinfo: 200",
            "access token at introspection: 200 true",
            "refresh token at introspection: 200 true",
            "refresh token: 200",
            "code: 200",
            "id_token_hint: ",
            "client: 400 invalid_grant",
            "client at authorization: false",
            "key: true",
            "grants: 1",
            "revocation of a token: 200",
            "grant: Now",
        ]
    );
    assert_eq!(first.revoke_grant(&world.alice, &made.grant).await.unwrap(), Revoked::Already);
}
