//! The token that is measured: an access token with a payload of 600 bytes.

use serde::{Deserialize, Serialize};

pub(crate) const NOW: i64 = 1_700_000_000;
pub(crate) const ISSUER: &str = "https://login.example.com/tenant/7d2f1b9e";
pub(crate) const AUDIENCE: &str = "https://api.example.com/v1/orders";

/// Every claim of the token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    iat: i64,
    jti: String,
    client_id: String,
    scope: String,
    auth_time: i64,
    acr: String,
    amr: Vec<String>,
    sid: String,
    groups: Vec<String>,
    email: String,
    email_verified: bool,
    act: Actor,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Actor {
    sub: String,
}

/// What a resource server reads; the registered claims come with the verdict.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Two {
    client_id: String,
    scope: String,
}

pub(crate) fn claims() -> Claims {
    Claims {
        iss: ISSUER.into(),
        sub: "248289761001".into(),
        aud: AUDIENCE.into(),
        exp: NOW + 300,
        iat: NOW,
        jti: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6".into(),
        client_id: "s6BhdRkqt3gX1fWZK9yNqv".into(),
        scope: "openid profile email orders:read orders:write invoices:read".into(),
        auth_time: NOW - 120,
        acr: "urn:mace:incommon:iap:silver".into(),
        amr: vec!["pwd".into(), "otp".into()],
        sid: "08a5019c-17e1-4977-8f42-65a12843ea02".into(),
        groups: vec!["accounting".into(), "warehouse-north".into(), "approvers-level-2".into()],
        email: "janet.doe@example.com".into(),
        email_verified: true,
        act: Actor { sub: "agent:2f9f8a1c-64d5-4b0c-9c53-1d7a0b6a3c11".into() },
    }
}
