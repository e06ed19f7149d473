//! DPoP proofs: minted for one request, judged with the key that they bring.

use countersign_jose::Algorithm;
use serde_json::json;

use crate::command::{Folder, NOW, good_claims, signed};

const URI: &str = "https://api.example/notes";

#[test]
fn a_proof_is_good_for_the_request_that_it_was_made_for() {
    for &algorithm in Algorithm::ALL {
        let (folder, _) = Folder::with_key(algorithm);
        let minted =
            folder.token(&format!("mint --typ dpop-proof --key key.json --method GET --uri {URI} --at {NOW}"), "").ok();
        let verify = |more: &str| folder.token(&format!("verify --typ dpop-proof --at {NOW} {more}"), &minted);
        let claims = verify(&format!("--method GET --uri {URI}?page=2")).json();
        assert_eq!((&claims["htm"], &claims["htu"]), (&"GET".into(), &URI.into()), "{algorithm}");
        verify(&format!("--method POST --uri {URI}")).fails(1, "(dpop_method)");
        verify("--method GET --uri https://other.example/").fails(1, "(dpop_uri)");
        verify(&format!("--method GET --uri {URI} --nonce n1")).fails(1, "(dpop_nonce)");
        verify("").fails(2, "--method");
        assert_eq!(folder.token("inspect --json", &minted).json()["broken_rules"], json!([]), "{algorithm}");
        // It is no access token, and an access token is no proof.
        let keys = "--keys jwks.json --unchecked-issuer --unchecked-audience";
        folder.token(&format!("verify {keys} --at {NOW}"), &minted).fails(1, "(key_in_header)");
    }
}

#[test]
fn all_that_is_wrong_with_a_proof_is_named() {
    let (folder, key) = Folder::with_key(Algorithm::Es256);
    let minted =
        folder.token(&format!("mint --typ dpop-proof --key key.json --method GET --uri {URI} --at {NOW}"), "").ok();
    let arguments = format!("--method PUT --uri https://x.example/ --nonce n --at {} --json", NOW + 3600);
    let ran = folder.token(&format!("explain --typ dpop-proof {arguments}"), &minted);
    let codes: Vec<String> = ran.json()["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["code"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        (ran.code, codes),
        (1, ["dpop_too_old", "dpop_method", "dpop_uri", "dpop_nonce"].map(str::to_owned).to_vec())
    );
    assert_eq!(ran.json()["signature"], "verified");
    // What is not named is not asked.
    let ran = folder.token(&format!("explain --typ dpop-proof --at {NOW}"), &minted);
    assert_eq!((ran.code, ran.out.lines().next()), (0, Some("valid")), "{ran:?}");
    // Without its key it proves nothing.
    let bare = signed(&key, "dpop+jwt", &json!({ "htm": "GET", "htu": URI, "iat": NOW, "jti": "1" }));
    folder
        .token(&format!("verify --typ dpop-proof --method GET --uri {URI} --at {NOW}"), &bare)
        .fails(1, "(header_member)");
}

/// RFC 9449 section 7.1: the proof is for the access token, and by the key that this is bound to.
#[test]
fn a_proof_goes_with_an_access_token() {
    let (folder, key) = Folder::with_key(Algorithm::Es256);
    let token_for = |jkt: &str| {
        let mut claims = good_claims();
        claims["cnf"] = json!({ "jkt": jkt });
        signed(&key, "at+jwt", &claims)
    };
    folder.write("bound.jwt", token_for(key.thumbprint().as_str()));
    folder.write("foreign.jwt", token_for("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
    folder.write("unbound.jwt", signed(&key, "at+jwt", &good_claims()));
    let base = format!("--typ dpop-proof --method GET --uri {URI} --at {NOW}");
    let with = |file: &str| folder.token(&format!("mint --key key.json {base} --access-token-file {file}"), "").ok();
    let verify = |proof: &str, file: &str| folder.token(&format!("verify {base} --access-token-file {file}"), proof);
    verify(&with("bound.jwt"), "bound.jwt").ok();
    verify(&with("foreign.jwt"), "foreign.jwt").fails(1, "(dpop_binding)");
    verify(&with("foreign.jwt"), "bound.jwt").fails(1, "(dpop_access_token)");
    verify(&with("bound.jwt"), "unbound.jwt").fails(2, "not bound");
}
