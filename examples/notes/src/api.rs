//! Calls to the resource server with the person's access token, and one renewal when it has expired.

use axum::http::{Method, Request, StatusCode, header};
use bytes::Bytes;
use countersign_fetch::OutboundHttp;
use countersign_jose::json;
use countersign_storage::{Fetched, Secret};
use serde::Deserialize;

use crate::sign_in::{Error, RelyingParty};
use crate::signed_in::Tokens;

#[derive(Deserialize)]
struct List {
    notes: Vec<String>,
}

/// The person's notes.
///
/// # Errors
/// [`Error`].
pub async fn list(party: &RelyingParty, tokens: &mut Tokens) -> Result<Vec<String>, Error> {
    let answer = call(party, tokens, Method::GET, Bytes::new()).await?;
    let list: List = json::from_slice(&answer.body).map_err(|_| Error::Malformed("the notes cannot be read"))?;
    Ok(list.notes)
}

/// Adds a note.
///
/// # Errors
/// [`Error`].
pub async fn add(party: &RelyingParty, tokens: &mut Tokens, text: &str) -> Result<(), Error> {
    let body = Bytes::from(serde_json::json!({ "text": text }).to_string());
    call(party, tokens, Method::POST, body).await.map(|_| ())
}

async fn call(party: &RelyingParty, tokens: &mut Tokens, method: Method, body: Bytes) -> Result<Fetched, Error> {
    let url = format!("{}/notes", party.settings.resource);
    let mut answer = send(&party.http, &tokens.access, &method, &url, &body).await?;
    if answer.status == StatusCode::UNAUTHORIZED
        && let Some(refresh) = &tokens.refresh
    {
        *tokens = party.refresh(refresh).await?;
        answer = send(&party.http, &tokens.access, &method, &url, &body).await?;
    }
    if answer.status.is_success() {
        return Ok(answer);
    }
    // The challenge says what is missing: RFC 6750 §3.
    let challenge = answer.headers.get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    Err(Error::Denied(challenge.map_or_else(|| answer.status.to_string(), str::to_owned)))
}

async fn send(http: &OutboundHttp, token: &Secret, method: &Method, url: &str, body: &Bytes) -> Result<Fetched, Error> {
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header(header::AUTHORIZATION, format!("Bearer {}", token.expose()))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.clone())
        .map_err(|_| Error::Malformed("NOTES_RESOURCE is no URL"))?;
    Ok(http.send(request).await?)
}
