//! RFC 7638: JWK thumbprints; RFC 9278: as URIs.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use countersign_jose::{Jwk, Thumbprint, sha256};
use serde_json::{Map, Value};

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("vectors/thumbprints.json")).unwrap()
}

/// Section 3.1, and RFC 8037 appendix A.3.
#[test]
fn the_examples_of_the_standards_have_the_printed_thumbprints() {
    for vector in vectors() {
        let jwk = Jwk::from_value(&vector["key"]).unwrap();
        assert_eq!(jwk.thumbprint(), vector["expect"].as_str().unwrap(), "{}", vector["source"]);
    }
}

/// Sections 3.2 and 3.2.1: only the required members count, whatever the order, the spaces and the other members.
#[test]
fn a_thumbprint_depends_on_the_key_alone() {
    for vector in vectors() {
        let members = vector["key"].as_object().unwrap();
        let mut reversed: Vec<String> = members.iter().map(|(name, value)| format!("  \"{name}\" : {value}")).collect();
        reversed.reverse();
        reversed.push(r#""x5t":"abc""#.to_owned());
        let rewritten = Jwk::parse(&format!("{{{}}}", reversed.join(",\n"))).unwrap();
        assert_eq!(rewritten.thumbprint(), vector["expect"].as_str().unwrap());
        let renamed = rewritten.with_kid("another");
        assert_eq!(renamed.thumbprint(), vector["expect"].as_str().unwrap());
    }
}

/// Section 3.3: the hash is over the members in the order of their names. Built here by other means than in the crate.
#[test]
fn the_hash_is_over_the_sorted_required_members() {
    let key = r#"{"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}"#;
    let members: Map<String, Value> = serde_json::from_str(key).unwrap();
    let mut sorted: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    sorted.sort();
    let expected = countersign_jose::base64url::encode(sha256(format!("{{{}}}", sorted.join(",")).as_bytes()));
    assert_eq!(Jwk::parse(key).unwrap().thumbprint(), expected.as_str());
}

/// A thumbprint is the base64url form of 32 bytes and nothing else.
#[test]
fn only_43_strict_characters_are_a_thumbprint() {
    let good = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    let read: Thumbprint = good.parse().unwrap();
    assert_eq!(read.to_string(), good);
    assert_eq!(serde_json::to_string(&read).unwrap(), format!("\"{good}\""));
    assert_eq!(serde_json::from_str::<Thumbprint>(&format!("\"{good}\"")).unwrap(), read);
    for bad in ["", &good[1..], &format!("{good}="), &format!("{}t", &good[..42]), &good.replace('-', "+")] {
        assert!(bad.parse::<Thumbprint>().is_err(), "{bad}");
        assert!(serde_json::from_str::<Thumbprint>(&format!("\"{bad}\"")).is_err(), "{bad}");
    }
}

/// RFC 9278 section 3, with the example of its section 4.
#[test]
fn a_thumbprint_uri_names_the_hash_and_the_thumbprint() {
    let jwk = Jwk::from_value(&vectors()[0]["key"]).unwrap();
    let uri = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    assert_eq!(jwk.thumbprint().to_uri(), uri);
    assert_eq!(Thumbprint::from_uri(uri).as_ref(), Ok(jwk.thumbprint()));
    assert_eq!(Thumbprint::from_uri(&uri.replace("urn:ietf", "URN:Ietf")).as_ref(), Ok(jwk.thumbprint()));
    for bad in [
        "",
        "urn:ietf:",
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        &uri.replace("sha-256", "sha-512"),
        &uri.replace("sha-256", "SHA-256"),
        &uri.replace("ietf", "ietg"),
        &uri.replace("urn", "uri"),
        &format!("{uri}="),
        &format!("{uri}?x"),
        &uri[..uri.len() - 1],
        &format!(" {uri}"),
        "urn:iet\u{e9}",
    ] {
        assert!(Thumbprint::from_uri(bad).is_err(), "{bad}");
    }
}
