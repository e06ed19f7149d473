//! The floor under the load figures: a bare hyper server that does what cannot be left out, and nothing else.
//!
//! `POST /token` looks a client up in a map, compares the hash of its secret and signs a token; `POST /execute` verifies
//! one Ed25519 signature and answers. `floor <EdDSA|ES256|RS256> <client_id> <client_secret>` prints its port and the
//! agent key that it accepts.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use countersign_jose::{Algorithm, Jwk, SigningKey, VerifyingKey};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;

struct Floor {
    key: SigningKey,
    header: String,
    clients: HashMap<String, [u8; 32]>,
    agent: Option<VerifyingKey>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let algorithm: Algorithm = args.next().ok_or("which algorithm?")?.parse().map_err(|_| "no such algorithm")?;
    let (client, secret) = args.next().zip(args.next()).ok_or("which client, which secret?")?;
    let agent = args.next().map(|jwk| Jwk::parse(&jwk)).transpose().map_err(|_| "the agent's key does not parse")?;
    let key = SigningKey::generate(algorithm).map_err(|_| "no key")?;
    let header = format!(r#"{{"alg":"{}","typ":"at+jwt","kid":"{}"}}"#, algorithm.as_str(), key.kid());
    let floor = Arc::new(Floor {
        key,
        header: URL_SAFE_NO_PAD.encode(header),
        clients: HashMap::from([(client, Sha256::digest(secret.as_bytes()).into())]),
        agent: agent.map(|jwk| VerifyingKey::from_jwk(&jwk)).transpose().map_err(|_| "the agent's key is refused")?,
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!(r#"{{"ready":true,"port":{}}}"#, listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        let floor = floor.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let floor = floor.clone();
                async move { Ok::<_, Infallible>(floor.answer(request).await) }
            });
            // A connection that ends in an error is the load generator's affair.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Floor {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let authorization = parts.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or("");
        let answer = match parts.uri.path() {
            "/token" => self.token(authorization, &body),
            _ => self.execute(authorization, &body),
        };
        let status = if answer.is_some() { 200 } else { 401 };
        let mut response = Response::new(Full::new(Bytes::from(answer.unwrap_or_default())));
        *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
        response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
        response.headers_mut().insert("cache-control", hyper::header::HeaderValue::from_static("no-store"));
        response
    }

    fn token(&self, authorization: &str, body: &[u8]) -> Option<String> {
        let form: HashMap<_, _> = form_urlencoded::parse(body).collect();
        let basic = STANDARD.decode(authorization.strip_prefix("Basic ")?).ok()?;
        let (client, secret) = std::str::from_utf8(&basic).ok()?.split_once(':')?;
        let known = self.clients.get(client)?;
        let matches: bool = known.ct_eq(&Sha256::digest(secret.as_bytes())).into();
        if !matches || form.get("grant_type")? != "client_credentials" {
            return None;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        let claims = serde_json::json!({
            "iss": "http://localhost:3000/api/auth", "sub": client, "aud": "http://127.0.0.1:8999", "client_id": client,
            "iat": now, "exp": now + 300, "jti": "cc_AAAAAAAAAAAAAAAAAAAAAA", "scope": form.get("scope").map(|scope| scope.as_ref()).unwrap_or(""),
        });
        let mut token = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.key.sign(token.as_bytes()).ok()?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Some(format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":300}}"#))
    }

    fn execute(&self, authorization: &str, body: &[u8]) -> Option<String> {
        let token = authorization.strip_prefix("Bearer ")?;
        let (message, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.agent.as_ref()?.verify(message.as_bytes(), &signature).ok()?;
        serde_json::from_slice::<serde_json::Value>(body).ok()?;
        Some(r#"{"data":{"pong":true}}"#.to_owned())
    }
}
