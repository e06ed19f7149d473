//! `countersign token keys …`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use countersign_jose::{Algorithm, JwkSet, SigningKey, VerifyingKey};
use serde_json::Value;

use crate::command::{Folder, NOW, Ran};

fn mode(folder: &Folder, name: &str) -> u32 {
    fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o777
}

fn set(text: &str) -> JwkSet {
    JwkSet::parse(text).unwrap()
}

#[test]
fn a_new_key_goes_into_a_file_of_its_owner_and_its_public_half_is_printed() {
    for &algorithm in Algorithm::ALL {
        let folder = Folder::new();
        let public = set(&folder.token(&format!("keys generate --alg {algorithm} --kid k1 --out key.json"), "").ok());
        let private = SigningKey::from_jwk(folder.read("key.json").trim()).unwrap();
        assert_eq!(public.keys(), [private.verifying_key()], "{algorithm}");
        assert_eq!((private.kid(), mode(&folder, "key.json")), ("k1", 0o600));
        assert_eq!(folder.names(), ["key.json"], "nothing is left behind");
    }
    let folder = Folder::new();
    folder.token("keys generate --alg RS256 --format pem --out key.pem", "").ok();
    let key = SigningKey::from_pem(Algorithm::Rs256, &folder.read("key.pem")).unwrap();
    assert_eq!(key.kid(), key.thumbprint().as_str());
}

#[test]
fn an_rsa_key_has_the_size_that_was_asked_for() {
    let folder = Folder::new();
    for bits in [2048, 3072, 4096] {
        let out = folder.token(&format!("keys generate --alg PS256 --bits {bits} --out key.json --force"), "").ok();
        let jwk: Value = serde_json::from_str::<Value>(&out).unwrap()["keys"][0].clone();
        assert_eq!(countersign_jose::base64url::decode(jwk["n"].as_str().unwrap()).unwrap().len() * 8, bits);
    }
    folder.token("keys generate --alg RS256 --bits 1024 --out weak.json", "").fails(2, "2048");
    folder.token("keys generate --alg ES256 --bits 2048 --out none.json", "").fails(2, "RSA");
    assert_eq!(folder.names(), ["key.json"]);
}

#[test]
fn a_file_that_is_there_is_replaced_only_by_force() {
    let (folder, _) = Folder::with_key(Algorithm::EdDSA);
    let before = folder.read("key.json");
    for arguments in [
        "keys generate --out key.json",
        "keys generate --alg HS256 --out key.json",
        "keys convert jwks.json --to jwk --out key.json",
        "keys convert key.json --to pem --out key.json",
    ] {
        folder.token(arguments, "").fails(2, "--force");
        assert_eq!(folder.read("key.json"), before, "{arguments}");
    }
    folder.token("keys generate --out key.json --force", "").ok();
    assert_ne!(folder.read("key.json"), before);
    assert_eq!(folder.names(), ["jwks.json", "key.json"]);
    folder.token("keys generate --out nowhere/key.json", "").fails(2, "nowhere");
    folder.token("keys generate --alg none --out x.json", "").fails(2, "--alg");
    assert_eq!(folder.names(), ["jwks.json", "key.json"]);
}

/// What is behind a link is replaced, and the link stays; the new file is the owner's alone, whatever the old one was.
#[test]
fn the_file_behind_a_link_is_replaced() {
    let (folder, _) = Folder::with_key(Algorithm::EdDSA);
    fs::set_permissions(folder.path("key.json"), PermissionsExt::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink("key.json", folder.path("link.json")).unwrap();
    folder.token("keys generate --out link.json --force", "").ok();
    assert!(fs::symlink_metadata(folder.path("link.json")).unwrap().is_symlink());
    assert_eq!(mode(&folder, "key.json"), 0o600);
}

/// JWK to PEM to DER and back, private and public, is the same key.
#[test]
fn keys_are_converted_without_loss() {
    for &algorithm in Algorithm::ALL {
        let (folder, key) = Folder::with_key(algorithm);
        let alg = if key.public_jwk().kty() == "RSA" { format!("--alg {algorithm}") } else { String::new() };
        folder.token("keys convert key.json --to pem --out key.pem", "").ok();
        folder.token(&format!("keys convert key.pem --to der --out key.der {alg}"), "").ok();
        folder.token(&format!("keys convert key.der --to jwk --kid k1 --out back.json {alg}"), "").ok();
        let back = SigningKey::from_jwk(folder.read("back.json").trim()).unwrap();
        assert_eq!(back.public_jwk(), key.public_jwk(), "{algorithm}");
        assert_eq!(back.to_pkcs8_der().unwrap(), key.to_pkcs8_der().unwrap(), "{algorithm}");
        for file in ["key.pem", "key.der", "back.json"] {
            assert_eq!(mode(&folder, file), 0o600, "{file}");
        }

        let pem = folder.token("keys convert key.json --to pem --public", "").ok();
        assert_eq!(VerifyingKey::from_pem(algorithm, &pem).unwrap().jwk().thumbprint(), key.thumbprint());
        folder.write("public.pem", pem);
        folder.token(&format!("keys convert public.pem --to der --out public.der {alg}"), "").ok();
        let jwk = folder.token(&format!("keys convert public.der --to jwk --kid k1 {alg}"), "").ok();
        assert_eq!(&countersign_jose::Jwk::parse(&jwk).unwrap(), key.public_jwk(), "{algorithm}");
    }
}

#[test]
fn a_private_key_is_never_printed() {
    let (folder, _) = Folder::with_key(Algorithm::Es256);
    for format in ["jwk", "pem", "der"] {
        let ran = folder.token(&format!("keys convert key.json --to {format}"), "").fails(2, "not printed");
        assert_eq!(ran.out, "");
    }
    folder.token("keys convert key.json --to pem --kid x --out y", "").fails(2, "only a JWK");
    folder.token("keys rotate ring.json", "").ok();
    folder.token("keys convert ring.json --to pem", "").fails(2, "one key");
}

/// RFC 7638 section 3.1 and RFC 9278.
#[test]
fn thumbprints_are_those_of_the_standard() {
    let folder = Folder::new();
    folder.write(
        "rsa.json",
        r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#,
    );
    assert_eq!(folder.token("keys thumbprint rsa.json", "").ok(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\n");
    let uri = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\n";
    assert_eq!(folder.token("keys thumbprint rsa.json --uri", "").ok(), uri);
}

#[test]
fn the_public_half_of_any_key_file_is_a_key_set() {
    let (folder, key) = Folder::with_key(Algorithm::Es256);
    folder.write("key.pem", key.to_pem().unwrap());
    for file in ["key.json", "jwks.json"] {
        assert_eq!(set(&folder.token(&format!("keys public {file}"), "").ok()).keys(), [key.verifying_key()]);
    }
    let of_pem = set(&folder.token("keys public key.pem", "").ok());
    assert_eq!(of_pem.keys()[0].thumbprint(), key.thumbprint());
}

fn kids(ran: &Ran) -> Vec<String> {
    set(&ran.out).keys().iter().map(|key| key.kid().unwrap().to_owned()).collect()
}

/// Published before it signs, and until its last token is dead; no token is refused on the way.
#[test]
fn keys_follow_each_other() {
    let folder = Folder::new();
    let rotate = |at: i64| folder.token(&format!("keys rotate ring.json --lead 10m --longest-token 5m --at {at}"), "");
    let mint = |at: i64| folder.token(&format!("mint --key ring.json --iss i --aud a --sub s --at {at}"), "").ok();
    let verify = |token: &str, at: i64| {
        folder.token(&format!("verify --keys ring.json --issuer i --audience a --at {at}"), token).code
    };

    let first = rotate(NOW);
    assert_eq!((kids(&first).len(), mode(&folder, "ring.json")), (1, 0o600), "{first:?}");
    let old = mint(NOW + 50);

    let second = rotate(NOW + 100);
    assert_eq!(kids(&second).len(), 2);
    assert!(second.err.contains("pending, signs from"), "{second:?}");
    // Nothing more is added while one is pending.
    let again = rotate(NOW + 200);
    assert_eq!(kids(&again), kids(&second));
    assert!(again.err.contains("pending already"), "{again:?}");

    let signer = |token: &str| folder.token("inspect --json", token).json()["kid"].as_str().unwrap().to_owned();
    assert_eq!(signer(&old), kids(&first)[0]);
    assert_eq!(signer(&mint(NOW + 699)), kids(&first)[0]);
    let new = mint(NOW + 700);
    assert_eq!(signer(&new), kids(&second)[1]);
    assert_eq!([verify(&old, NOW + 300), verify(&mint(NOW + 699), NOW + 900), verify(&new, NOW + 900)], [0, 0, 0]);

    // 700 when it stops signing, 600 for a signer that reads late, 300 for its last token, 30 of leeway.
    let only_remove = |at: i64| folder.token(&format!("keys rotate ring.json --only-remove --at {at}"), "");
    assert_eq!(kids(&only_remove(NOW + 1629)), kids(&second));
    let left = only_remove(NOW + 1630);
    assert_eq!(kids(&left), [kids(&second)[1].clone()]);
    assert!(left.err.contains("removed, its last token is dead"), "{left:?}");
    assert_eq!(folder.token("keys public ring.json", "").ok(), left.out);
}

#[test]
fn a_compromised_key_goes_at_once_and_keys_of_other_algorithms_stay() {
    let folder = Folder::new();
    let first = folder.token("keys rotate ring.json --alg EdDSA", "");
    let both = folder.token("keys rotate ring.json --alg RS256 --bits 3072", "");
    assert_eq!(kids(&both).len(), 2);
    folder.token("keys rotate ring.json", "").fails(2, "--alg says which");
    let after = folder.token("keys rotate ring.json --alg EdDSA --compromised", "");
    assert!(!kids(&after).contains(&kids(&first)[0]) && kids(&after).contains(&kids(&both)[1]), "{after:?}");
    assert_eq!(kids(&after).len(), 2);
}

/// Two at once: one is told to wait, and no key is lost.
#[test]
fn a_key_set_is_written_by_one_at_a_time() {
    let folder = Folder::new();
    folder.token("keys rotate ring.json", "").ok();
    let before = folder.read("ring.json");
    folder.write(".ring.json.new", "");
    folder.token("keys rotate ring.json --compromised", "").fails(2, "by somebody else");
    assert_eq!(folder.read("ring.json"), before);
    fs::remove_file(folder.path(".ring.json.new")).unwrap();
    folder.token("keys rotate ring.json --compromised", "").ok();
    assert_ne!(folder.read("ring.json"), before);
}

/// Each of many at once either has its turn or is told to wait, and the file holds what the last one printed.
#[test]
fn rotations_at_once_do_not_undo_each_other() {
    let folder = Folder::new();
    folder.token("keys rotate ring.json --alg EdDSA", "").ok();
    let rotations = ["EdDSA", "ES256", "ES384", "ES512", "EdDSA", "ES256"];
    let ran: Vec<(&str, Ran)> = std::thread::scope(|scope| {
        let run = |alg: &'static str| folder.token(&format!("keys rotate ring.json --alg {alg} --compromised"), "");
        let running: Vec<_> = rotations.into_iter().map(|alg| (alg, scope.spawn(move || run(alg)))).collect();
        running.into_iter().map(|(alg, handle)| (alg, handle.join().unwrap())).collect()
    });
    let held = set(&folder.token("keys public ring.json", "").ok());
    let mut done = 0;
    for (alg, ran) in ran {
        if ran.code == 0 {
            done += 1;
            assert!(held.keys().iter().any(|key| key.algorithm().as_str() == alg), "{alg} was lost");
        } else {
            ran.fails(2, "by somebody else");
        }
    }
    assert!(done > 0);
    assert_eq!(folder.names(), ["ring.json"]);
}

#[test]
fn a_file_that_is_no_key_set_is_left_as_it_was() {
    let (folder, _) = Folder::with_key(Algorithm::EdDSA);
    folder.write("broken.json", r#"{"keys":[{"kty":"EC","d":"x"}]}"#);
    folder.write("twice.json", format!(r#"{{"keys":[{0},{0}]}}"#, folder.read("key.json")));
    for (file, saying) in [
        ("key.json", "not a set"),
        ("jwks.json", "not a set"),
        ("broken.json", "key_member"),
        ("twice.json", "same kid"),
    ] {
        let before = folder.read(file);
        folder.token(&format!("keys rotate {file}"), "").fails(2, saying);
        assert_eq!(folder.read(file), before, "{file}");
    }
    assert!(folder.names().iter().all(|name| !name.ends_with(".new")));
}

#[test]
fn a_private_key_that_others_may_read_is_remarked_on() {
    let (folder, _) = Folder::with_key(Algorithm::EdDSA);
    assert_eq!(folder.token("keys public key.json", "").err, "");
    fs::set_permissions(folder.path("key.json"), PermissionsExt::from_mode(0o640)).unwrap();
    assert!(folder.token("keys public key.json", "").err.contains("others may read it"));
    assert_eq!(folder.token("keys public jwks.json", "").err, "");
}
