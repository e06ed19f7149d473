//! Encrypts and decrypts what another implementation asks for: JSON lines in, JSON lines out. The outside tests drive it.
//!
//! `{"form", "key", "alg", "enc", "content"}` is encrypted, `{"form", "key", "alg", "message"}` is decrypted; `form` is
//! `compact`, `flattened` or `general`, and `key` a JWK with its private members.
#![allow(clippy::unwrap_used, missing_docs, reason = "a driver of tests stops where something is wrong")]

use std::io::{BufRead, stdin};

use countersign_jose::json;
use countersign_jose::jwe::json_serialization::{
    decrypt_flattened, decrypt_general, encrypt_flattened, encrypt_general,
};
use countersign_jose::jwe::{self, Compact, DecryptionKey, Parameters};
use serde_json::{Value, json};

fn main() {
    for line in stdin().lock().lines() {
        let answer = answer(&json::parse(line.unwrap().as_bytes()).unwrap());
        println!("{}", answer.unwrap_or_else(|error| json!({ "error": error })));
    }
}

fn answer(asked: &Value) -> Result<Value, String> {
    let text = |member: &str| asked[member].as_str().unwrap_or_default();
    let key = DecryptionKey::from_jwk_for(text("alg").parse().map_err(code)?, &asked["key"].to_string());
    let key = key.map_err(code)?.accepting_password_counts(1_000, 10_000);
    if let Some(message) = asked["message"].as_str() {
        let content = match text("form") {
            "compact" => Compact::parse(message).and_then(|message| message.decrypt(&key)),
            "flattened" => decrypt_flattened(message, &key).map(|opened| opened.into_plaintext()),
            _ => decrypt_general(message, &key).map(|opened| opened.into_plaintext()),
        };
        let content = String::from_utf8(content.map_err(code)?.to_vec()).map_err(code)?;
        return Ok(json!({ "content": content }));
    }
    let (to, content) = (key.encryption_key(), text("content").as_bytes());
    let parameters = Parameters {
        enc: Some(text("enc").parse().map_err(code)?),
        apu: text("apu").as_bytes(),
        apv: text("apv").as_bytes(),
        ..Parameters::default()
    };
    let message = match text("form") {
        "compact" => jwe::encrypt(&to, &parameters, content),
        "flattened" => encrypt_flattened(&to, &parameters, text("aad").as_bytes(), content),
        _ => encrypt_general(&[&to], &parameters, text("aad").as_bytes(), content),
    };
    Ok(json!({ "message": message.map_err(code)? }))
}

fn code(error: impl std::fmt::Display) -> String {
    error.to_string()
}
