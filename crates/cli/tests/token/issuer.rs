//! `countersign token verify` and `explain` against an issuer, here one on loopback.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use countersign_jose::{Algorithm, JwkSet, SigningKey};
use serde_json::{Value, json};

use crate::command::{AUDIENCE, Folder, good_claims, signed};

/// Answers GET by path until the test is over.
struct Issuer {
    address: SocketAddr,
    documents: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Issuer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer =
            Issuer { address: listener.local_addr().unwrap(), documents: Arc::default(), asked: Arc::default() };
        let (documents, asked) = (Arc::clone(&issuer.documents), Arc::clone(&issuer.asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let path = lines.next().and_then(|line| line.split(' ').nth(1).map(str::to_owned)).unwrap_or_default();
                // The rest of the head.
                let _ = lines.take_while(|line| !line.is_empty()).count();
                asked.lock().unwrap().push(path.clone());
                let response = match documents.lock().unwrap().get(&path) {
                    Some(body) => {
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
                    }
                    None => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
                };
                let _ = stream.write_all(response.as_bytes());
            }
        });
        issuer
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn publish(&self, path: &str, document: &Value) {
        self.documents.lock().unwrap().insert(path.to_owned(), document.to_string());
    }

    fn publish_all(&self, key: &SigningKey) {
        self.publish(METADATA, &json!({ "issuer": self.url(), "jwks_uri": format!("{}/jwks", self.url()) }));
        self.publish("/jwks", &serde_json::to_value(JwkSet::from_keys([key.verifying_key()]).unwrap()).unwrap());
    }

    fn token(&self, key: &SigningKey) -> String {
        let mut claims = good_claims();
        claims["iss"] = self.url().into();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        (claims["iat"], claims["exp"]) = (now.into(), (now + 300).into());
        signed(key, "at+jwt", &claims)
    }
}

const METADATA: &str = "/.well-known/openid-configuration";

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

#[test]
fn an_issuer_and_an_audience_are_all_it_takes() {
    let (folder, issuer, key) = (Folder::new(), Issuer::start(), key());
    issuer.publish_all(&key);
    let verify = format!("verify --issuer {} --audience {AUDIENCE}", issuer.url());
    assert_eq!(folder.token(&verify, &issuer.token(&key)).json()["sub"], "alice");
    assert_eq!(*issuer.asked.lock().unwrap(), [METADATA, "/jwks"]);
    folder.token(&verify, &issuer.token(&self::key())).fails(1, "(unknown_key)");
    let stranger = self::key().with_kid(key.kid());
    folder.token(&verify, &issuer.token(&stranger)).fails(1, "(signature)");
    folder.token(&format!("verify --issuer {} --audience x", issuer.url()), &issuer.token(&key)).fails(1, "(audience)");
}

#[test]
fn the_place_of_the_keys_can_be_named() {
    let (folder, issuer, key) = (Folder::new(), Issuer::start(), key());
    issuer.publish_all(&key);
    let verify = format!("verify --issuer {0} --audience {AUDIENCE} --jwks-uri {0}/jwks", issuer.url());
    folder.token(&verify, &issuer.token(&key)).ok();
    assert_eq!(*issuer.asked.lock().unwrap(), ["/jwks"]);
}

/// Where the keys cannot be had, nothing is known about the token: that is neither 0 nor 1.
#[test]
fn keys_that_can_not_be_had_are_no_refusal() {
    let (folder, issuer, key) = (Folder::new(), Issuer::start(), key());
    let token = issuer.token(&key);
    let verify = format!("verify --issuer {} --audience {AUDIENCE}", issuer.url());
    folder.token(&verify, &token).fails(2, "(keys_status)");
    issuer
        .publish(METADATA, &json!({ "issuer": "https://other.example", "jwks_uri": format!("{}/jwks", issuer.url()) }));
    folder.token(&verify, &token).fails(2, "(issuer_mismatch)");
    issuer.publish_all(&key);
    issuer.publish("/jwks", &json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] }));
    folder.token(&verify, &token).fails(2, "(key_set_refused)");
    issuer.publish(METADATA, &json!({ "issuer": issuer.url() }));
    folder.token(&verify, &token).fails(2, "(metadata_unusable)");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    folder.token(&format!("verify --issuer http://{closed} --audience a"), &token).fails(2, "(keys_unreachable)");
    folder.token("verify --issuer http://id.example --audience a", &token).fails(2, "https");
    folder.token("verify --unchecked-issuer --audience a", &token).fails(2, "where are the keys?");
}

#[test]
fn explaining_goes_on_without_the_keys() {
    let (folder, issuer, key) = (Folder::new(), Issuer::start(), key());
    let explain = format!("explain --issuer {} --audience x", issuer.url());
    let ran = folder.token(&explain, &issuer.token(&key)).fails(1, "(keys_status)");
    assert!(ran.out.contains("1. audience: ") && ran.out.contains("not checked: there is no key"), "{ran:?}");
    issuer.publish_all(&key);
    let ran = folder.token(&explain, &issuer.token(&key));
    assert!(ran.out.contains("1. audience: ") && ran.out.contains("signature     verified"), "{ran:?}");
}
