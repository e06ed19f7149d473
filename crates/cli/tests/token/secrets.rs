//! What must not be seen is not seen: private members, secrets of MACs, and tokens in messages.

use countersign_jose::Algorithm;
use countersign_jose::jwe::{self, DecryptionKey, KeyManagement, Parameters};
use serde_json::Value;

use crate::command::{Folder, Ran, good_claims, signed};

/// The private members of every key in a document.
fn private_members(document: &Value, found: &mut Vec<String>) {
    match document {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if ["d", "p", "q", "dp", "dq", "qi", "k"].contains(&name.as_str()) => {
                        found.push(text.clone());
                    }
                    value => private_members(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| private_members(value, found)),
        _ => {}
    }
}

#[test]
fn no_command_shows_a_private_key_or_a_secret() {
    let folder = Folder::new();
    let mut ran: Vec<Ran> = Vec::new();
    let mut run = |arguments: &str, input: &str| {
        ran.push(folder.token(arguments, input));
        ran.last().unwrap().out.clone()
    };
    for alg in ["EdDSA", "ES256", "RS256"] {
        run(&format!("keys generate --alg {alg} --out {alg}.json"), "");
        run(&format!("keys convert {alg}.json --to pem --out {alg}.pem"), "");
        run(&format!("keys convert {alg}.json --to der --out {alg}.der"), "");
        for file in ["json", "pem", "der"] {
            run(&format!("keys public {alg}.{file}"), "");
            run(&format!("keys thumbprint {alg}.{file}"), "");
            run(&format!("keys convert {alg}.{file} --to jwk --public"), "");
            run(&format!("keys convert {alg}.{file} --to jwk"), "");
            let token = run(&format!("mint --key {alg}.{file} --iss i"), "");
            run(&format!("verify --keys {alg}.{file} --issuer i --audience x"), &token);
            run(&format!("explain --keys {alg}.{file} --issuer i --audience x"), &token);
            // Commands that want something else than this file.
            run(&format!("inspect {alg}.{file}"), "");
            run(&format!("inspect --json {alg}.{file}"), "");
            run(&format!("verify --secret-file {alg}.{file} --alg HS256 --issuer i --audience x"), &token);
            run(&format!("mint --key {alg}.{file} --claims {alg}.{file}"), "");
            run(&format!("keys rotate {alg}.{file}"), "");
            run(&format!("keys generate --out {alg}.{file}"), "");
        }
    }
    run("keys rotate ring.json", "");
    run("keys rotate ring.json", "");
    run("keys rotate ring.json --compromised", "");
    run("keys public ring.json", "");
    run("keys generate --alg HS256 --out secret.json", "");
    let recipient = DecryptionKey::generate(KeyManagement::EcdhEs).unwrap();
    folder.write("recipient.json", recipient.to_jwk().unwrap().expose());
    let sealed = jwe::encrypt(&recipient.encryption_key(), &Parameters::default(), b"content").unwrap();
    run("inspect --key recipient.json", &sealed);
    run("inspect --json --key recipient.json", &sealed);
    run("inspect --key recipient.json", "e30.AA.AA.AA.AA");
    run("inspect --key ES256.json", &sealed);
    for other in ["keys public", "keys rotate", "mint --key", "inspect"] {
        run(&format!("{other} recipient.json"), "");
    }
    folder.write("secret", "correct horse battery staple, 32+");
    for file in ["secret.json", "secret"] {
        let token = run(&format!("mint --secret-file {file} --alg HS256 --iss i"), "");
        run(&format!("verify --secret-file {file} --alg HS256 --issuer i --audience x"), &token);
        run(&format!("explain --secret-file {file} --alg HS256 --issuer i --audience x"), &token);
        for wrong in [
            "verify --issuer i --audience x --keys",
            "mint --key",
            "keys public",
            "keys rotate",
            "keys convert --to jwk",
        ] {
            run(&format!("{wrong} {file}"), &token);
        }
    }

    let mut hidden = vec!["correct horse battery staple".to_owned()];
    for name in folder.names() {
        let bytes = std::fs::read(folder.path(&name)).unwrap();
        match name.rsplit('.').next().unwrap() {
            "json" => private_members(&serde_json::from_slice(&bytes).unwrap(), &mut hidden),
            // The second line is within the private part in each of the encodings, or of the modulus, which is not printed so.
            "pem" => hidden.extend(String::from_utf8(bytes).unwrap().lines().nth(1).map(str::to_owned)),
            _ => {}
        }
    }
    // Three scalars of elliptic curves, six members of RSA, three lines of PEM, the secrets.
    assert!(hidden.len() > 3 + 6 + 3, "{}", hidden.len());
    for ran in &ran {
        for secret in &hidden {
            assert!(!ran.out.contains(secret.as_str()) && !ran.err.contains(secret.as_str()), "{ran:?}");
        }
    }
    assert!(ran.len() > 100 && ran.iter().filter(|ran| ran.code == 0).count() > 50);
}

/// A message ends up in logs; a token in it would be good for whoever reads them.
#[test]
fn no_message_repeats_a_token() {
    let (folder, key) = Folder::with_key(Algorithm::EdDSA);
    let token = signed(&key, "at+jwt", &good_claims());
    folder.write("token.jwt", &token);
    let segments: Vec<&str> = token.split('.').collect();
    for arguments in [
        "verify --keys jwks.json --issuer x --audience y",
        "verify --keys jwks.json --issuer x --audience y --json",
        "explain --keys jwks.json --issuer x --audience y",
        "explain --json",
        "inspect",
        "inspect --json",
    ] {
        for ran in [
            folder.token(arguments, &token),
            folder.token(arguments, &token[..token.len() - 5]),
            folder.token(&format!("{arguments} --token {token}"), ""),
            // Mistaken for a file.
            folder.token(&format!("{arguments} {token}"), ""),
        ] {
            for segment in &segments {
                assert!(!ran.out.contains(segment) && !ran.err.contains(segment), "{arguments}: {ran:?}");
            }
        }
    }
    // Where no argument or another one is expected.
    for arguments in [
        "inspect token.jwt",
        "inspect --at",
        "verify --typ",
        "verify --leeway",
        "mint --expires-in",
        "mint --key key.json --claim",
        "keys convert key.json --to",
        "--nonsense",
        "explain --nonsense",
    ] {
        for arguments in [format!("{arguments} {token}"), format!("{arguments}={token}")] {
            let ran = folder.token(&arguments, "");
            assert_eq!(ran.code, 2, "{arguments}: {ran:?}");
            for segment in &segments {
                assert!(!ran.out.contains(segment) && !ran.err.contains(segment), "{arguments}: {ran:?}");
            }
        }
    }
    for arguments in ["keys public", "keys rotate", "mint --key", "verify --issuer x --audience y --keys"] {
        for ran in
            [folder.token(&format!("{arguments} {token}"), ""), folder.token(&format!("{arguments} token.jwt"), "")]
        {
            assert_eq!(ran.code, 2, "{arguments}: {ran:?}");
            for segment in &segments {
                assert!(!ran.out.contains(segment) && !ran.err.contains(segment), "{arguments}: {ran:?}");
            }
        }
    }
}
