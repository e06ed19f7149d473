//! `code_challenge` and `code_challenge_method` ([RFC 7636 §4.3]): S256, of every client.
//!
//! A request without a method asks for `plain` ([RFC 7636 §4.3]) and is refused like one that says so.
//!
//! [RFC 7636 §4.3]: https://www.rfc-editor.org/rfc/rfc7636#section-4.3

use countersign_jose::{base64url, sha256};
use subtle::ConstantTimeEq;

use crate::authorize::AuthorizationRefusal;
use crate::params::Params;

pub(crate) fn check(params: &Params) -> Result<String, AuthorizationRefusal> {
    let Some(challenge) = params.one("code_challenge")? else { return Err(AuthorizationRefusal::PkceMissing) };
    if params.one("code_challenge_method")? != Some("S256") {
        return Err(AuthorizationRefusal::PkceMethod);
    }
    // The base64url of 32 bytes, and nothing that only looks like it: no verifier could ever match another text.
    base64url::decode_array::<32>(challenge).map_err(|_| AuthorizationRefusal::PkceMalformed)?;
    Ok(challenge.to_owned())
}

/// Whether a verifier is well-formed ([RFC 7636 §4.1]) and belongs to the challenge ([RFC 7636 §4.6]).
///
/// [RFC 7636 §4.1]: https://www.rfc-editor.org/rfc/rfc7636#section-4.1
/// [RFC 7636 §4.6]: https://www.rfc-editor.org/rfc/rfc7636#section-4.6
pub fn matches(challenge: &str, verifier: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    (43..=128).contains(&verifier.len())
        && verifier.bytes().all(unreserved)
        && bool::from(base64url::encode(sha256(verifier.as_bytes())).as_bytes().ct_eq(challenge.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_appendix_b_matches() {
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(matches(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        for wrong in ["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl", challenge, "", "short"] {
            assert!(!matches(challenge, wrong), "{wrong}");
        }
    }

    /// [RFC 7636 §4.1]: 43 to 128 unreserved characters. A verifier of another form is refused although its hash fits.
    #[test]
    fn a_verifier_has_the_form_of_one() {
        let fits = |verifier: &str| matches(&base64url::encode(sha256(verifier.as_bytes())), verifier);
        for length in [43, 44, 128] {
            assert!(fits(&"a".repeat(length)), "{length}");
        }
        assert!(fits("ABCXYZabcxyz0189-._~ABCXYZabcxyz0189-._~ABC"));
        for length in [0, 1, 42, 129, 1_000] {
            assert!(!fits(&"a".repeat(length)), "{length}");
        }
        for odd in [' ', '+', '/', '=', '%', '!', '\0', '\n', '\u{e4}', '\u{ff0d}'] {
            assert!(!fits(&format!("{}{odd}", "a".repeat(50))), "{odd:?}");
        }
    }
}
