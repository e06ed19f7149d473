//! `countersign token mint`.

use countersign_jose::Algorithm;
use serde_json::{Value, json};

use crate::command::{AUDIENCE, Folder, ISSUER, NOW};

fn claims(folder: &Folder, token: &str) -> Value {
    folder.token("inspect --json", token).json()["claims"].clone()
}

#[test]
fn a_minted_token_is_good_for_five_minutes_and_has_a_name_of_its_own() {
    for &algorithm in Algorithm::ALL {
        let (folder, _) = Folder::with_key(algorithm);
        let mint = format!("mint --key key.json --iss {ISSUER} --aud {AUDIENCE} --sub alice --at {NOW}");
        let (one, other) = (folder.token(&mint, "").ok(), folder.token(&mint, "").ok());
        let said = claims(&folder, &one);
        assert_eq!((&said["iat"], &said["exp"], &said["aud"]), (&NOW.into(), &(NOW + 300).into(), &AUDIENCE.into()));
        assert_eq!(said["jti"].as_str().unwrap().len(), 22);
        assert_ne!(said["jti"], claims(&folder, &other)["jti"]);
        let verify = format!("verify --keys jwks.json --issuer {ISSUER} --audience {AUDIENCE} --at {NOW}");
        assert_eq!(folder.token(&verify, &one).json()["sub"], "alice");
    }
}

/// What a kind needs and lives is known: with the claims that it must have, each is accepted as itself.
#[test]
fn each_kind_is_minted_so_that_it_is_accepted() {
    let (folder, _) = Folder::with_key(Algorithm::Es256);
    for kind in [
        "access-token",
        "agent-jwt",
        "client-assertion",
        "host-jwt",
        "id-jag",
        "id-token",
        "introspection-response",
        "logout-token",
        "request-object",
    ] {
        let minted = folder.token(&format!("mint --key key.json --typ {kind} --iss i --aud a --sub s"), "");
        assert_eq!((minted.code, minted.err.as_str()), (0, ""), "{kind}");
        folder.token(&format!("verify --keys jwks.json --typ {kind} --issuer i --audience a"), &minted.out).ok();
    }
}

/// Defaults, then the document, then the options, then what is left out.
#[test]
fn claims_come_from_a_document_and_from_options() {
    let (folder, _) = Folder::with_key(Algorithm::EdDSA);
    folder.write("claims.json", r#"{"iss":"doc","sub":"doc","roles":["a"],"exp":5}"#);
    let arguments = [
        "mint",
        "--key",
        "key.json",
        "--claims",
        "claims.json",
        "--sub",
        "option",
        "--aud",
        "x",
        "--aud",
        "y",
        "--claim",
        "admin=true",
        "--claim",
        "name=Zoë",
        "--claim",
        r#"cnf={"jkt":"z"}"#,
        "--without",
        "jti",
        "--at",
        "2026-11-22T09:30:00Z",
    ];
    let said = claims(&folder, &folder.run(&arguments, "").ok());
    let expected = json!({
        "iss": "doc", "sub": "option", "roles": ["a"], "exp": 5, "iat": NOW, "aud": ["x", "y"], "admin": true, "name": "Zoë",
        "cnf": { "jkt": "z" },
    });
    assert_eq!(said, expected);
    let piped = folder.token("mint --key key.json --claims -", r#"{"sub":"piped"}"#).ok();
    assert_eq!(claims(&folder, &piped)["sub"], "piped");
    let past = folder.token(&format!("mint --key key.json --expires-in=-1h --at {NOW}"), "").ok();
    assert_eq!(claims(&folder, &past)["exp"], NOW - 3600);
}

/// A test may want a token that is wrong; it gets it, and is told what is wrong with it.
#[test]
fn a_wrong_token_is_minted_with_a_remark() {
    let (folder, _) = Folder::with_key(Algorithm::EdDSA);
    let ran = folder.token("mint --key key.json --expires-in=-1h --claim aud=5", "");
    assert_eq!(ran.code, 0);
    for code in ["(claim_type)", "(claim_missing)", "(expired)"] {
        assert!(ran.err.contains(code), "{code}: {ran:?}");
    }
}

#[test]
fn what_can_not_be_signed_is_refused() {
    let (folder, _) = Folder::with_key(Algorithm::EdDSA);
    folder.write("list.json", "[]");
    folder.write("twice.json", r#"{"sub":"a","sub":"b"}"#);
    folder.token("mint --key jwks.json", "").fails(2, "a public key signs nothing");
    folder.token("mint --key key.json --alg ES256", "").fails(2, "for EdDSA");
    folder.token("mint --key key.json --claims list.json", "").fails(2, "not an object");
    folder.token("mint --key key.json --claims twice.json", "").fails(2, "twice");
    folder.token("mint --key key.json --without nonsense", "").fails(2, "no such claim");
    folder.token("mint --key key.json --claim nonsense", "").fails(2, "NAME=VALUE");
    folder.token("mint", "").fails(2, "--key");
    let long = format!("x={}", "y".repeat(20_000));
    folder.run(&["mint", "--key", "key.json", "--claim", &long], "").fails(2, "bytes long");
}

#[test]
fn a_mac_is_minted_with_a_secret() {
    let folder = Folder::new();
    for alg in ["HS256", "HS384", "HS512"] {
        folder.token(&format!("keys generate --alg {alg} --kid s1 --out secret.json --force"), "").ok();
        let token = folder.token("mint --secret-file secret.json --iss i --aud a --sub s", "").ok();
        assert_eq!(folder.token("inspect --json", &token).json()["headers"][0]["alg"], alg);
        folder.token("verify --secret-file secret.json --issuer i --audience a", &token).ok();
    }
}
