//! RFC 7468: keys as PEM; RFC 5280, 5480, 8410 and 3279 for the bytes inside; RFC 5915 and 8017 for the traditional forms.
#![allow(clippy::unwrap_used, reason = "a failed expectation is the test's own report")]

mod forge;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_jose::{Algorithm, KeyError, SigningKey, VerifyingKey};
use forge::{SIGNING, classical, is_ml_dsa, key, material, public, signature, verifying_key};
use serde_json::Value;

/// Written by another implementation.
fn pem(name: &str) -> String {
    let file: Value = serde_json::from_str(include_str!("vectors/pem.json")).unwrap();
    file[name].as_str().unwrap().to_owned()
}

#[test]
fn keys_are_written_as_another_implementation_writes_them() {
    for algorithm in classical() {
        let text = pem(&format!("{} public", material(algorithm)));
        assert_eq!(verifying_key(algorithm).to_pem(), text, "{algorithm}");
        let read = VerifyingKey::from_pem(algorithm, &text).unwrap();
        assert_eq!(
            (read.thumbprint(), read.algorithm(), read.kid()),
            (public(algorithm).thumbprint(), algorithm, None)
        );
        assert!(read.verify(b"message", &signature(algorithm)).is_ok(), "{algorithm}");
        assert_eq!(VerifyingKey::from_spki_der(algorithm, &read.to_spki_der()), Ok(read));
    }
    for &algorithm in SIGNING.iter().filter(|&&algorithm| !is_ml_dsa(algorithm)) {
        let key = key(algorithm);
        assert_eq!(key.public_jwk(), &public(algorithm), "{algorithm}");
        let private = key.to_pem().unwrap();
        assert_eq!(private.as_str(), pem(&format!("{} private", material(algorithm))), "{algorithm}");
        let read = SigningKey::from_pem(algorithm, &private).unwrap();
        assert_eq!(read.public_jwk(), key.public_jwk(), "{algorithm}");
    }
}

#[test]
fn traditional_private_keys_are_read() {
    let has_one = |&algorithm: &Algorithm| algorithm != Algorithm::EdDSA && !is_ml_dsa(algorithm);
    for &algorithm in SIGNING.iter().filter(|algorithm| has_one(algorithm)) {
        let traditional = pem(&format!("{} traditional", material(algorithm)));
        let read = SigningKey::from_pem(algorithm, &traditional).unwrap();
        assert_eq!(read.public_jwk(), key(algorithm).public_jwk(), "{algorithm}");
        // The right bytes under another label, and another label over the right bytes.
        for (from, to) in
            [("EC ", ""), ("RSA ", ""), ("EC ", "RSA "), ("RSA ", "EC "), ("PRIVATE", "ENCRYPTED PRIVATE")]
        {
            if traditional.contains(from) {
                let relabelled = traditional.replace(from, to);
                assert_eq!(
                    SigningKey::from_pem(algorithm, &relabelled).map(drop),
                    Err(KeyError::Malformed),
                    "{from}{to}"
                );
            }
        }
        let der =
            STANDARD.decode(traditional.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
        assert!(SigningKey::from_traditional_der(algorithm, &der).is_ok());
        let more = [der.as_slice(), &[0]].concat();
        assert!(SigningKey::from_traditional_der(algorithm, &more).is_err(), "{algorithm}: trailing bytes");
        assert!(SigningKey::from_traditional_der(algorithm, &der[..der.len() - 1]).is_err(), "{algorithm}: cut");
        let pkcs8 = key(algorithm).to_pkcs8_der().unwrap();
        assert!(SigningKey::from_traditional_der(algorithm, &pkcs8).is_err(), "{algorithm}: PKCS #8");
    }
}

/// RFC 5958 section 2: PKCS #8 is the key and nothing else.
#[test]
fn a_private_key_with_bytes_after_it_is_refused() {
    for &algorithm in SIGNING {
        let der = key(algorithm).to_pkcs8_der().unwrap();
        assert!(SigningKey::from_pkcs8_der(algorithm, &der).is_ok(), "{algorithm}");
        for more in [&[0][..], &[0x30, 0], &der] {
            let judged = SigningKey::from_pkcs8_der(algorithm, &[&der, more].concat());
            assert_eq!(judged.map(drop), Err(KeyError::Malformed), "{algorithm}");
        }
        for length in 0..der.len() {
            assert!(SigningKey::from_pkcs8_der(algorithm, &der[..length]).is_err(), "{algorithm}, {length} bytes");
        }
    }
}

#[test]
fn a_key_is_refused_for_every_algorithm_but_those_of_its_kind() {
    for algorithm in classical() {
        for wrong in classical().filter(|&wrong| material(wrong) != material(algorithm)) {
            let public = pem(&format!("{} public", material(algorithm)));
            assert_eq!(VerifyingKey::from_pem(wrong, &public), Err(KeyError::Malformed), "{algorithm} as {wrong}");
            let private = pem(&format!("{} private", material(algorithm)));
            let refused = if SIGNING.contains(&wrong) { KeyError::Malformed } else { KeyError::RsaPrivateKey };
            assert_eq!(SigningKey::from_pem(wrong, &private).map(drop), Err(refused), "{algorithm} as {wrong}");
        }
    }
}

/// RFC 7468 section 3, the strict form, and one encoding per key.
#[test]
fn anything_but_the_one_encoding_is_refused() {
    let good = pem("ES256 public");
    let body: String = good.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(&body).unwrap();
    let block = |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
    let rows = [
        ("nothing", String::new()),
        ("bare base64", body.clone()),
        ("text before", format!("key:\n{good}")),
        ("text after", format!("{good}x")),
        ("two blocks", format!("{good}{good}")),
        ("another label", block("PRIVATE KEY", &body)),
        ("a certificate", block("CERTIFICATE", &body)),
        ("labels that differ", good.replace("END PUBLIC", "END PRIVATE")),
        ("no end", good.lines().take(2).collect::<Vec<_>>().join("\n")),
        ("a header", good.replacen("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n", 1)),
        ("white space inside", good.replacen('M', "M ", 1)),
        ("padding gone", block("PUBLIC KEY", body.trim_end_matches('='))),
        ("lines of different lengths", block("PUBLIC KEY", &[&body[..32], &body[32..100], &body[100..]].join("\n"))),
        ("an empty line", block("PUBLIC KEY", &[&body[..64], "", &body[64..]].join("\n"))),
        ("a compressed point", pem("ES256 compressed")),
        ("a curve by its parameters", pem("ES256 explicit")),
        ("trailing bytes", block("PUBLIC KEY", &STANDARD.encode([der.as_slice(), &[0]].concat()))),
        ("a private key", pem("ES256 private")),
    ];
    assert!(body.ends_with('='), "the padding row must change something");
    for (name, text) in rows {
        assert_eq!(VerifyingKey::from_pem(Algorithm::Es256, &text), Err(KeyError::Malformed), "{name}");
    }
    // Others wrap lines elsewhere, or nowhere.
    for width in [4, 48, 64, 76, body.len()] {
        let lines: Vec<&str> = (0..body.len()).step_by(width).map(|at| &body[at..body.len().min(at + width)]).collect();
        assert!(VerifyingKey::from_pem(Algorithm::Es256, &block("PUBLIC KEY", &lines.join("\n"))).is_ok(), "{width}");
    }
    for same in [good.replace('\n', "\r\n"), good.trim_end().to_owned(), format!("{good}\n")] {
        assert!(VerifyingKey::from_pem(Algorithm::Es256, &same).is_ok());
    }
    assert!(SigningKey::from_pem(Algorithm::Es256, &good).is_err(), "a public key as a private one");
}

/// Every byte of the structure counts, and what is read is written back.
#[test]
fn a_changed_byte_gives_another_key_or_none() {
    for algorithm in [Algorithm::EdDSA, Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::Rs256] {
        let der = verifying_key(algorithm).to_spki_der();
        for place in 0..der.len() {
            for change in [1, 0x80] {
                let mut changed = der.clone();
                changed[place] ^= change;
                if let Ok(read) = VerifyingKey::from_spki_der(algorithm, &changed) {
                    assert_eq!(read.to_spki_der(), changed, "{algorithm}, byte {place}");
                    assert_ne!(read.thumbprint(), public(algorithm).thumbprint(), "{algorithm}, byte {place}");
                }
            }
            assert!(VerifyingKey::from_spki_der(algorithm, &der[..place]).is_err(), "{algorithm}, {place} bytes");
        }
    }
}

/// The member rules of a JWK hold for every form.
#[test]
fn a_weak_point_is_refused_in_every_form() {
    let mut der = key(Algorithm::EdDSA).verifying_key().to_spki_der();
    let start = der.len() - 32;
    der[start..].fill(0);
    assert_eq!(VerifyingKey::from_spki_der(Algorithm::EdDSA, &der), Err(KeyError::Point));
    let mut der = key(Algorithm::Es256).verifying_key().to_spki_der();
    let last = der.len() - 1;
    der[last] ^= 1;
    assert_eq!(VerifyingKey::from_spki_der(Algorithm::Es256, &der), Err(KeyError::Point));
}
