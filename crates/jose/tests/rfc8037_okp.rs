//! RFC 8037 appendix A: Ed25519 keys, thumbprint and signature; and the keys for agreement, which sign nothing.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

use countersign_jose::jws::Compact;
use countersign_jose::{Jwk, KeyError, SigningKey, VerifyingKey, base64url};

const PRIVATE: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const PUBLIC: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const SIGNED: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

/// Appendices A.1 to A.3.
#[test]
fn the_two_halves_of_the_example_key_belong_together() {
    let private = SigningKey::from_jwk(PRIVATE).unwrap();
    let public = Jwk::parse(PUBLIC).unwrap();
    assert_eq!(private.thumbprint(), public.thumbprint());
    assert_eq!(public.thumbprint().as_str(), THUMBPRINT);
    assert_eq!(Jwk::parse(PRIVATE).unwrap_err(), KeyError::PrivateMember);
    let halves = PRIVATE.replace("nWGx", "nWGy");
    assert_eq!(SigningKey::from_jwk(&halves).map(drop), Err(KeyError::Inconsistent));
}

/// Appendices A.4 and A.5: signing gives the example, and the example verifies.
#[test]
fn the_example_is_signed_and_verified() {
    let (input, signature) = SIGNED.rsplit_once('.').unwrap();
    let signed = SigningKey::from_jwk(PRIVATE).unwrap().sign(input.as_bytes()).unwrap();
    assert_eq!(base64url::encode(signed), signature);
    let key = VerifyingKey::from_jwk(&Jwk::parse(PUBLIC).unwrap()).unwrap();
    assert_eq!(Compact::parse(SIGNED).unwrap().verify(&key), Ok(b"Example of Ed25519 signing".to_vec()));
}

/// Appendices A.6 and A.7: a key for agreement is not a key for signatures, nor the other way round.
#[test]
fn a_key_for_agreement_verifies_nothing() {
    for jwk in [
        r#"{"kty":"OKP","crv":"X25519","kid":"Bob","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"}"#,
        r#"{"kty":"OKP","crv":"X448","kid":"Dave","x":"PreoKbDNIPW8_AtZm2_sz22kYnEHvbDU80W0MCfYuXL8PjT7QjKhPcG3LV67D2uB73BxnvzNgmk"}"#,
    ] {
        assert_eq!(Jwk::parse(jwk).unwrap_err(), KeyError::Unsupported, "{jwk}");
    }
}
