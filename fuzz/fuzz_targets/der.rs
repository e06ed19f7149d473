//! Keys as PEM and DER (SPKI, PKCS #8, `ECPrivateKey`, `RSAPrivateKey`): a public key has one encoding, a private key means
//! the same in every form, its halves belong together, and nothing of it stands in an error.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use countersign_fuzz::{Edit, check_error, edited, key};
use countersign_jose::{Algorithm, KeyError, SigningKey, VerifyingKey};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    algorithm: u8,
    form: Form,
    what: What<'a>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Form {
    Spki,
    SpkiPem,
    Pkcs8,
    Pkcs8Pem,
    Traditional,
    TraditionalPem,
}

#[derive(Arbitrary, Debug)]
enum What<'a> {
    Free(&'a [u8]),
    /// A valid encoding of a key for this algorithm, spoiled.
    Spoiled(Vec<Edit<'a>>),
    /// The valid encoding of a key for another one.
    Other(u8),
}

const ALGORITHMS: [Algorithm; 6] =
    [Algorithm::EdDSA, Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::Rs256, Algorithm::Ps512];

/// A key in each of the forms, in the order of [`Form`].
static VALID: LazyLock<Vec<[Vec<u8>; 6]>> = LazyLock::new(|| {
    let forms = |algorithm| {
        let key = key(algorithm);
        let pkcs8 = key.to_pkcs8_der().expect("DER").to_vec();
        let traditional = traditional(&pkcs8).to_vec();
        let label = if matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps512) { "RSA" } else { "EC" };
        let traditional_pem = {
            use base64::Engine;
            let body = base64::engine::general_purpose::STANDARD.encode(&traditional);
            format!("-----BEGIN {label} PRIVATE KEY-----\n{body}\n-----END {label} PRIVATE KEY-----\n").into_bytes()
        };
        let public = key.verifying_key();
        [
            public.to_spki_der(),
            public.to_pem().into_bytes(),
            pkcs8,
            key.to_pem().expect("PEM").as_bytes().to_vec(),
            traditional,
            traditional_pem,
        ]
    };
    ALGORITHMS.map(forms).into()
});

fuzz_target!(|input: Input<'_>| {
    let index = usize::from(input.algorithm) % ALGORITHMS.len();
    let algorithm = ALGORITHMS[index];
    let bytes = match &input.what {
        What::Free(bytes) => bytes.to_vec(),
        What::Spoiled(edits) => edited(&VALID[index][input.form as usize], edits),
        What::Other(other) => VALID[usize::from(*other) % ALGORITHMS.len()][input.form as usize].clone(),
    };
    let text = || std::str::from_utf8(&bytes).map_err(|_| KeyError::Malformed);
    match input.form {
        Form::Spki => public(VerifyingKey::from_spki_der(algorithm, &bytes), algorithm, Some(&bytes)),
        Form::SpkiPem => public(text().and_then(|text| VerifyingKey::from_pem(algorithm, text)), algorithm, None),
        Form::Pkcs8 => private(SigningKey::from_pkcs8_der(algorithm, &bytes), algorithm, &bytes),
        Form::Traditional => private(SigningKey::from_traditional_der(algorithm, &bytes), algorithm, &bytes),
        Form::Pkcs8Pem | Form::TraditionalPem => {
            private(text().and_then(|text| SigningKey::from_pem(algorithm, text)), algorithm, &[]);
        }
    }
});

fn public(judged: Result<VerifyingKey, KeyError>, algorithm: Algorithm, der: Option<&[u8]>) {
    let key = match judged {
        Ok(key) => key,
        Err(error) => return check_error(&error, &[]),
    };
    assert_eq!(key.algorithm(), algorithm);
    if let Some(der) = der {
        assert_eq!(key.to_spki_der(), der, "one key, one encoding");
    }
    let again = VerifyingKey::from_pem(algorithm, &key.to_pem()).expect("read as PEM");
    assert!(again == key && again.thumbprint() == key.thumbprint());
}

fn private(judged: Result<SigningKey, KeyError>, algorithm: Algorithm, der: &[u8]) {
    let key = match judged {
        Ok(key) => key,
        Err(error) => return check_error(&error, &[]),
    };
    assert_eq!(key.algorithm(), algorithm);
    if let Some(after) = der.get(1..) {
        assert_eq!(content_length(after), Some(after.len()), "nothing follows the key");
    }
    let jwk = key.to_jwk().expect("a JWK");
    for again in [
        SigningKey::from_pkcs8_der(algorithm, &key.to_pkcs8_der().expect("DER")),
        SigningKey::from_pem(algorithm, &key.to_pem().expect("PEM")),
        SigningKey::from_jwk(jwk.expose()),
    ] {
        let again = again.expect("read again");
        assert_eq!(again.to_jwk().expect("a JWK").expose(), jwk.expose());
    }
    let signature = key.sign(b"message").expect("a signature");
    assert!(key.verifying_key().verify(b"message", &signature).is_ok(), "the two halves belong together");
}

/// How many bytes a DER length and its content take.
fn content_length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [short, ..] if *short < 0x80 => Some(1 + usize::from(*short)),
        [0x81, one, ..] => Some(2 + usize::from(*one)),
        [0x82, one, two, ..] => Some(3 + usize::from(u16::from_be_bytes([*one, *two]))),
        _ => None,
    }
}

/// What stands in the OCTET STRING of a PKCS #8 key, which for RSA and for curves is the traditional form.
fn traditional(pkcs8: &[u8]) -> &[u8] {
    let at = (0..pkcs8.len())
        .find(|&at| pkcs8[at] == 0x04 && content_length(&pkcs8[at + 1..]) == Some(pkcs8.len() - at - 1))
        .expect("an OCTET STRING at the end");
    let header = match pkcs8[at + 1] {
        0x81 => 3,
        0x82 => 4,
        _ => 2,
    };
    &pkcs8[at + header..]
}
