//! `countersign token inspect`.

use countersign_jose::{Algorithm, base64url};
use serde_json::json;

use crate::command::{Folder, NOW, good_claims, signed};

fn forged(header: &str, payload: &str) -> String {
    format!("{}.{}.AAAA", base64url::encode(header), base64url::encode(payload))
}

#[test]
fn a_token_is_laid_out_with_its_times_in_words() {
    let (folder, key) = Folder::with_key(Algorithm::EdDSA);
    let out = folder.token(&format!("inspect --at {NOW}"), &signed(&key, "at+jwt", &good_claims())).ok();
    let expected = format!(
        r#"not verified: anybody can write what follows

form                  JWS, compact
kind                  access token (RFC 9068)
key id                k1
signature             64 bytes

header
  alg  "EdDSA"
  typ  "at+jwt"
  kid  "k1"

claims
  aud        "https://api.example"
  client_id  "c1"
  exp        {}  2026-11-22 09:35:00 UTC, expires in 5 min
  iat        {NOW}  2026-11-22 09:30:00 UTC, now
  iss        "https://id.example"
  jti        "1"
  sub        "alice"
"#,
        NOW + 300
    );
    // A JSON library may keep the order of members or sort them.
    let sorted = |text: &str| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    assert_eq!(sorted(&out), sorted(&expected));
    let late = folder.token(&format!("inspect --at {}", NOW + 300), &signed(&key, "at+jwt", &good_claims())).ok();
    assert!(late.contains("expired now") && late.contains("5 min ago"), "{late}");
}

/// Every fault of form is found, each by the rule that it breaks, and the content is shown all the same.
#[test]
fn a_broken_token_is_shown_with_the_rules_that_it_breaks() {
    let folder = Folder::new();
    let token = forged(
        r#"{"alg":"none","crit":["x"],"jku":"https://evil.example","typ":7}"#,
        r#"{"sub":"alice","sub":"bob","aud":5,"exp":"soon"}"#,
    );
    let ran = folder.token("inspect --json", &token);
    assert_eq!(ran.code, 0);
    let seen = ran.json();
    assert_eq!(seen["verified"], false);
    assert_eq!(seen["headers"][0]["jku"], "https://evil.example");
    let mut codes: Vec<&str> =
        seen["broken_rules"].as_array().unwrap().iter().map(|rule| rule["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    let expected = [
        "claim_type",
        "claim_type",
        "claims_json",
        "critical",
        "header_member",
        "key_in_header",
        "unsupported_algorithm",
    ];
    assert_eq!(codes, expected, "{seen}");
    let text = folder.token("inspect", &token).ok();
    assert!(text.contains(r#""alice""#) && text.contains(r#""bob""#), "{text}");

    for (token, code) in [
        ("eyJhbGciOiJFUzI1NiJ9".to_owned(), "segment_count"),
        ("eyJhbGciOiJFUzI1NiJ9==.e30.AAAA".to_owned(), "base64url"),
        (forged("[]", "{}"), "header_not_object"),
        (forged("{}", "{}"), "header_member"),
        (forged(r#"{"alg":"ES256"}"#, "[1]"), "claims_not_object"),
        (forged(r#"{"alg":"ES256"}"#, "plain text"), "claims_json"),
        ("..".to_owned(), "empty_segment"),
        ("not a token".to_owned(), "segment_count"),
    ] {
        let text = folder.token("inspect", &token).ok();
        assert!(text.contains(&format!("  {code}: ")), "{token}: {text}");
    }
}

#[test]
fn a_good_token_breaks_no_rule_whatever_the_algorithm() {
    for &algorithm in Algorithm::ALL {
        let (folder, key) = Folder::with_key(algorithm);
        assert_eq!(
            folder.token("inspect --json", &signed(&key, "JWT", &good_claims())).json()["broken_rules"],
            json!([])
        );
    }
    let folder = Folder::new();
    let mac = forged(r#"{"alg":"HS256","typ":"JWT"}"#, "{}");
    assert_eq!(folder.token("inspect --json", &mac).json()["broken_rules"], json!([]));
}

/// A claim can hold an escape sequence; a terminal must not see one, in any form of output.
#[test]
fn a_terminal_is_shown_no_character_that_it_obeys() {
    let folder = Folder::new();
    let token = forged(
        r#"{"alg":"ES256","kid":"\u001b]0;title\u0007","typ":"\u009b2J"}"#,
        "{\"sub\":\"\\u001b[2J\u{202e}\u{7f}\",\"\\u001b[1m\":\"\\r\\n\",\"list\":[\"\u{200b}\u{85}\"]}",
    );
    let broken = format!("{}.{}.AAAA", base64url::encode("\u{1b}[2J"), base64url::encode("\u{1b}[2J"));
    for token in [token, broken] {
        for arguments in ["inspect", "inspect --json", "explain", "explain --json"] {
            let ran = folder.token(arguments, &token);
            for text in [&ran.out, &ran.err] {
                let obeyed =
                    text.chars().find(|&c| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{200b}'));
                assert_eq!(obeyed, None, "{arguments}: {text:?}");
            }
        }
    }
}

#[test]
fn a_json_serialization_is_shown_too() {
    let folder = Folder::new();
    let header = base64url::encode(r#"{"alg":"ES256"}"#);
    let general = json!({ "payload": "e30", "signatures": [{ "protected": header, "signature": "AA" }] }).to_string();
    let out = folder.token("inspect", &general).ok();
    assert!(out.contains("JWS, JSON serialization") && out.contains(r#"alg  "ES256""#), "{out}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::process::{Command, Stdio};
    let long = forged(r#"{"alg":"ES256"}"#, &json!({ "x": "y".repeat(300_000) }).to_string());
    let folder = Folder::new();
    folder.write("long", long);
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["token", "inspect", "--json", "long"])
        .current_dir(folder.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran = child.wait_with_output().unwrap();
    assert_eq!((ran.status.code(), String::from_utf8_lossy(&ran.stderr).as_ref()), (Some(0), ""));
}
