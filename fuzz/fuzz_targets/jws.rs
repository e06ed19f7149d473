//! JWS in every form, from strangers and nearly from friends: nothing verifies that was not signed, not even by one
//! character; a header that is rightly signed is judged by its content; what verifies is the payload, byte for byte.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use countersign_fuzz::{Edit, check_error, edited_text, key};
use countersign_jose::jws::hmac::{self, HmacAlgorithm, HmacKey};
use countersign_jose::jws::unencoded::{self, PlainText};
use countersign_jose::jws::{self, Compact, JwsError, detached, json_serialization};
use countersign_jose::jwt::dpop::{self, Presented};
use countersign_jose::{Algorithm, SigningKey, base64url, json};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    algorithm: u8,
    what: What<'a>,
}

#[derive(Arbitrary, Debug)]
enum What<'a> {
    /// Anything, read as each form.
    Free(&'a str),
    /// A header of any content, rightly signed.
    Header { header: &'a [u8], payload: &'a [u8] },
    /// A valid JWS of some form, spoiled.
    Spoiled { form: u8, edits: Vec<Edit<'a>> },
}

/// The keys, and a JWS of each form by each.
struct Signer {
    key: SigningKey,
    compact: String,
    detached: String,
    flattened: String,
    general: String,
    unencoded: String,
    unencoded_detached: String,
    proof: String,
}

const PAYLOAD: &[u8] = br#"{"iss":"joe","exp":1300819380,"http://example.com/is_root":true}"#;
const NOW: i64 = 1_700_000_000;
const REQUEST: dpop::Request<'_> = dpop::Request {
    method: "POST",
    uri: "https://as.test/token",
    access_token: None,
    nonce: None,
    jti: "-BwC3ESc6acc2lTc",
};
/// The deterministic algorithms first: what they find can be found again.
const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::EdDSA, Algorithm::Rs256, Algorithm::Es256, Algorithm::Ps256, Algorithm::Es512];

static SIGNERS: LazyLock<Vec<Signer>> = LazyLock::new(|| {
    let other = key(Algorithm::Es384);
    let signer = |algorithm| {
        let key = key(algorithm);
        Signer {
            compact: jws::sign(&key, Some("JOSE"), PAYLOAD).expect("a signature"),
            detached: detached::sign(&key, None, PAYLOAD).expect("a signature"),
            flattened: json_serialization::sign_flattened(&key, None, PAYLOAD).expect("a signature"),
            general: json_serialization::sign_general(&[&other, &key], None, PAYLOAD).expect("signatures"),
            unencoded: unencoded::sign(&key, None, plain()).expect("a signature"),
            unencoded_detached: unencoded::sign_detached(&key, None, PAYLOAD).expect("a signature"),
            proof: dpop::mint(&key, &REQUEST, NOW).expect("a proof"),
            key,
        }
    };
    ALGORITHMS.map(signer).into()
});

fn plain() -> PlainText<'static> {
    PlainText::new("a payload in plain sight").expect("no dots")
}

static MAC: LazyLock<(HmacKey, String)> = LazyLock::new(|| {
    let key = HmacKey::new(HmacAlgorithm::Hs256, &[7; 32]).expect("a key").with_kid("k");
    let token = hmac::sign(&key, Some("JOSE"), PAYLOAD).expect("a tag");
    (key, token)
});

fuzz_target!(|input: Input<'_>| {
    let Some(signer) = SIGNERS.get(usize::from(input.algorithm) % SIGNERS.len()) else { return };
    match &input.what {
        What::Free(text) => free(signer, text),
        What::Header { header, payload } => signed_header(signer, header, payload),
        What::Spoiled { form, edits } => spoiled(signer, *form, edits),
    }
});

fn free(signer: &Signer, text: &str) {
    let verifying = signer.key.verifying_key();
    taken_apart(text);
    for verified in [
        Compact::parse(text).and_then(|jws| jws.verify(&verifying)),
        hmac::verify(text, &MAC.0),
        json_serialization::verify_flattened(text, &verifying),
        json_serialization::verify_general(text, &verifying),
        detached::verify(text, text.as_bytes(), &verifying).map(|_| Vec::new()),
        unencoded::verify(text, &verifying).map(|text| text.as_bytes().to_vec()),
        unencoded::verify_detached(text, text.as_bytes(), &verifying).map(|_| Vec::new()),
        unencoded::hmac::verify(text, &MAC.0).map(|text| text.as_bytes().to_vec()),
    ] {
        let error = verified.expect_err("nobody signed this");
        check_error(&error, &[]);
        assert!(!error.code().is_empty());
    }
}

/// What can be taken apart is no larger than the limit, and is put together again to the same text.
fn taken_apart(text: &str) {
    let Ok(jws) = Compact::parse(text) else { return };
    assert!(text.len() <= jws::MAX_BYTES);
    let segments: Vec<&str> = text.split('.').collect();
    assert_eq!(segments.len(), 3);
    assert_eq!(base64url::encode(jws.unverified_payload()), segments[1]);
    for segment in segments {
        let bytes = base64url::decode(segment).expect("strict base64url");
        assert_eq!(base64url::encode(bytes), segment);
    }
}

/// The signature is right, so that the header alone decides. `b64` and `crit` decide between two readings, and no header has
/// both.
fn signed_header(signer: &Signer, header: &[u8], payload: &[u8]) {
    let input = format!("{}.{}", base64url::encode(header), base64url::encode(payload));
    let signature = base64url::encode(signer.key.sign(input.as_bytes()).expect("a signature"));
    let token = format!("{input}.{signature}");
    taken_apart(&token);
    match Compact::parse(&token) {
        Ok(jws) => {
            let read: Value = json::parse(header).expect("a header is strict JSON");
            for refused in ["crit", "b64", "jwk", "jku", "x5u", "x5c"] {
                assert!(read.get(refused).is_none(), "{refused} in {read}");
            }
            assert_eq!(read["alg"], jws.header().algorithm().as_str());
            assert_eq!(read.get("kid").map(|kid| kid.as_str()), jws.header().kid().map(Some));
            assert_eq!(read.get("typ").map(|typ| typ.as_str()), jws.header().typ().map(Some));
            let fits = jws.header().algorithm() == signer.key.algorithm();
            match jws.verify(&signer.key.verifying_key()) {
                Ok(verified) => assert!(fits && verified == payload),
                Err(error) => assert!(!fits && matches!(error, JwsError::AlgorithmMismatch { .. }), "{error}"),
            }
        }
        Err(error) => check_error(&error, &[&signature]),
    }
    let encoded = base64url::encode(header);
    let signed = [encoded.as_bytes(), b".", payload].concat();
    let other = base64url::encode(signer.key.sign(&signed).expect("a signature"));
    let verifying = signer.key.verifying_key();
    let raw = unencoded::verify_detached(&format!("{encoded}..{other}"), payload, &verifying);
    if raw.is_ok() {
        let read: Value = json::parse(header).expect("a header is strict JSON");
        assert!(read["b64"] == false && read["crit"] == serde_json::json!(["b64"]), "{read}");
        assert!(Compact::parse(&token).is_err(), "one header, one reading");
    }
    // The detached form has the same rules for its header.
    let detached = format!("{}..{signature}", base64url::encode(header));
    let judged = detached::verify(&detached, payload, &signer.key.verifying_key());
    match Compact::parse(&token).and_then(|jws| jws.verify(&signer.key.verifying_key())) {
        Ok(_) => assert!(judged.is_ok(), "{judged:?}"),
        // The detached form has no limit for a payload, nor must there be one.
        Err(JwsError::TooLarge { .. }) => {}
        Err(_) => assert!(judged.is_err() || payload.is_empty(), "{judged:?}"),
    }
}

fn spoiled(signer: &Signer, form: u8, edits: &[Edit<'_>]) {
    let verifying = signer.key.verifying_key();
    let (valid, json) = match form % 8 {
        0 => (&signer.compact, false),
        1 => (&MAC.1, false),
        2 => (&signer.detached, false),
        3 => (&signer.flattened, true),
        4 => (&signer.general, true),
        5 => (&signer.unencoded, false),
        6 => (&signer.unencoded_detached, false),
        _ => (&signer.proof, false),
    };
    let Some(text) = edited_text(valid, edits) else { return };
    taken_apart(&text);
    let judged = match form % 8 {
        0 => Compact::parse(&text).and_then(|jws| jws.verify(&verifying)),
        1 => hmac::verify(&text, &MAC.0),
        2 => detached::verify(&text, PAYLOAD, &verifying).map(|_| PAYLOAD.to_vec()),
        3 => json_serialization::verify_flattened(&text, &verifying),
        4 => json_serialization::verify_general(&text, &verifying),
        5 => unencoded::verify(&text, &verifying).map(|payload| {
            assert_eq!(payload, plain().as_str());
            PAYLOAD.to_vec()
        }),
        6 => unencoded::verify_detached(&text, PAYLOAD, &verifying).map(|_| PAYLOAD.to_vec()),
        _ => {
            let expect = dpop::Expect::new(REQUEST.method, REQUEST.uri, Presented::Nothing);
            match dpop::verify(&text, &expect, NOW) {
                Ok(proof) => assert!(text == *valid && proof.thumbprint() == signer.key.thumbprint(), "{text}"),
                Err(error) => assert!(text != *valid && !error.code().is_empty(), "{error}"),
            }
            return;
        }
    };
    match judged {
        // JSON may be written in other ways, and whose the other signatures are is not asked.
        Ok(verified) => assert!(verified == PAYLOAD && (json || text == *valid), "{text}"),
        Err(error) => {
            assert!(text != *valid, "{error}");
            check_error(&error, &[&base64url::encode(PAYLOAD)]);
        }
    }
}
