//! JWE in every form, and keys for it: nothing is decrypted but what was encrypted, not even with one byte changed; a byte
//! changed behind the header is refused in the one way that tells nothing; keys mean the same when they are written out and
//! read again.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use countersign_fuzz::{Edit, check_error, edited_text, key};
use countersign_jose::jwe::json_serialization::{
    decrypt_flattened, decrypt_general, encrypt_flattened, encrypt_general,
};
use countersign_jose::jwe::{
    self, Compact, ContentEncryption, DecryptionKey, EncryptionKey, EncryptionKeySet, JweError, KeyManagement,
    Parameters,
};
use countersign_jose::{Algorithm, base64url, jwt};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    key: u8,
    what: What<'a>,
}

#[derive(Arbitrary, Debug)]
enum What<'a> {
    /// Anything, read as each form and as each kind of key.
    Free(&'a str),
    /// A valid message of some form, spoiled.
    Spoiled { form: u8, edits: Vec<Edit<'a>> },
    /// A valid message with one byte of one part changed, which is still well-formed.
    Part { segment: u8, at: u16, change: u8 },
    /// A valid message with a member of its header replaced.
    Header { name: u8, value: Member<'a> },
    /// A valid message, with another key.
    Stranger(u8),
    /// A valid key, spoiled.
    Key(Vec<Edit<'a>>),
}

#[derive(Arbitrary, Debug)]
enum Member<'a> {
    Number(u64),
    Text(&'a str),
    /// What the header of another message has there.
    Of(u8),
    Absent,
}

/// A key, and a message of each form to it.
struct Recipient {
    key: DecryptionKey,
    jwk: Option<String>,
    compact: String,
    flattened: String,
    general: String,
}

const CONTENT: &[u8] = b"The true sign of intelligence is not knowledge but imagination.";
const NAMES: [&str; 12] = ["alg", "enc", "epk", "apu", "apv", "p2c", "p2s", "kid", "zip", "crit", "jwk", "cty"];

static RECIPIENTS: LazyLock<Vec<Recipient>> = LazyLock::new(|| {
    use ContentEncryption::{A128CbcHs256, A128Gcm, A256CbcHs512, A256Gcm};
    let x25519 = r#"{"kty":"OKP","crv":"X25519","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08","d":"XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os"}"#;
    let agreed = |algorithm, jwk: &str| DecryptionKey::from_jwk_for(algorithm, jwk).expect("a key");
    let wrapping = |algorithm, length| DecryptionKey::symmetric(algorithm, &[7; 32][..length]).expect("a key");
    let direct = |enc: ContentEncryption| DecryptionKey::direct(enc, &[9; 64][..enc.key_length()]).expect("a key");
    let password = |algorithm| {
        let key = DecryptionKey::password(algorithm, &[b'p'; 32]).expect("a key");
        key.accepting_password_counts(1000, 1010)
    };
    [
        (direct(A128Gcm), A128Gcm),
        (direct(A256Gcm), A256Gcm),
        (direct(A128CbcHs256), A128CbcHs256),
        (direct(A256CbcHs512), A256CbcHs512),
        (wrapping(KeyManagement::A128Kw, 16), A128CbcHs256),
        (wrapping(KeyManagement::A256Kw, 32), A256Gcm),
        (agreed(KeyManagement::EcdhEs, &unmarked(Algorithm::Es256)), A256CbcHs512),
        (agreed(KeyManagement::EcdhEsA128Kw, x25519), A128Gcm),
        (agreed(KeyManagement::EcdhEsA256Kw, &unmarked(Algorithm::Es512)), A256Gcm),
        (agreed(KeyManagement::RsaOaep256, &unmarked(Algorithm::Rs256)), A128CbcHs256),
        (password(KeyManagement::Pbes2Hs256A128Kw), A128Gcm),
        (password(KeyManagement::Pbes2Hs512A256Kw), A256CbcHs512),
    ]
    .map(|(key, enc)| recipient(key.with_kid("k"), enc))
    .into()
});

fn recipient(key: DecryptionKey, enc: ContentEncryption) -> Recipient {
    let parameters = Parameters { enc: Some(enc), cty: Some("text/plain"), ..Parameters::default() };
    let to = key.encryption_key();
    Recipient {
        compact: jwe::encrypt(&to, &parameters, CONTENT).expect("a message"),
        flattened: encrypt_flattened(&to, &parameters, b"beside", CONTENT).expect("a message"),
        general: encrypt_general(&[&to], &parameters, b"", CONTENT).expect("a message"),
        jwk: key.to_jwk().ok().map(|jwk| jwk.expose().to_owned()),
        key,
    }
}

/// A key of the tests, without the members that say that it is for signatures.
fn unmarked(algorithm: Algorithm) -> String {
    let mut jwk: Value = serde_json::from_str(key(algorithm).to_jwk().expect("a JWK").expose()).expect("JSON");
    let members = jwk.as_object_mut().expect("an object");
    members.retain(|name, _| !["use", "alg", "kid"].contains(&name.as_str()));
    jwk.to_string()
}

fuzz_target!(|input: Input<'_>| {
    let recipient = of(input.key);
    match &input.what {
        What::Free(text) => free(recipient, text),
        What::Spoiled { form, edits } => spoiled(recipient, *form, edits),
        What::Part { segment, at, change } => part(recipient, *segment, *at, *change),
        What::Header { name, value } => header(recipient, *name, value),
        What::Stranger(other) => {
            let judged = Compact::parse(&recipient.compact).and_then(|jwe| jwe.decrypt(&of(*other).key));
            assert_eq!(judged.is_ok(), std::ptr::eq(recipient, of(*other)));
        }
        What::Key(edits) => {
            if let Some(text) = recipient.jwk.as_ref().and_then(|jwk| edited_text(jwk, edits)) {
                read_key(&text);
            }
        }
    }
});

fn of(index: u8) -> &'static Recipient {
    &RECIPIENTS[usize::from(index) % RECIPIENTS.len()]
}

fn free(recipient: &Recipient, text: &str) {
    for judged in [
        Compact::parse(text).and_then(|jwe| jwe.decrypt(&recipient.key)).map(drop),
        decrypt_flattened(text, &recipient.key).map(drop),
        decrypt_general(text, &recipient.key).map(drop),
    ] {
        refused(&judged.expect_err("nobody encrypted this"));
    }
    if let Err(error) = jwt::encrypted::open(text, &recipient.key) {
        check_error(&error, &[]);
    }
    if let Err(error) = EncryptionKeySet::parse(text) {
        check_error(&error, &[]);
    }
    read_key(text);
}

fn spoiled(recipient: &Recipient, form: u8, edits: &[Edit<'_>]) {
    let valid = match form % 3 {
        0 => &recipient.compact,
        1 => &recipient.flattened,
        _ => &recipient.general,
    };
    let Some(text) = edited_text(valid, edits) else { return };
    let judged = match form % 3 {
        0 => Compact::parse(&text).and_then(|jwe| jwe.decrypt(&recipient.key)).map(|plain| plain.to_vec()),
        1 => decrypt_flattened(&text, &recipient.key).map(|opened| {
            assert_eq!(opened.aad(), Some(&b"beside"[..]), "proven with the content");
            opened.plaintext().to_vec()
        }),
        _ => decrypt_general(&text, &recipient.key).map(|opened| opened.plaintext().to_vec()),
    };
    match judged {
        // JSON may be written in other ways.
        Ok(plaintext) => assert!(plaintext == CONTENT && (form % 3 != 0 || text == *valid), "{text}"),
        Err(error) => {
            assert!(text != *valid, "{error}");
            refused(&error);
        }
    }
}

/// Encrypted key, initialization vector, ciphertext, tag: which of them is wrong, and where, is not to be told.
fn part(recipient: &Recipient, segment: u8, at: u16, change: u8) {
    let mut segments: Vec<String> = recipient.compact.split('.').map(str::to_owned).collect();
    let segment = &mut segments[1 + usize::from(segment % 4)];
    let mut bytes = base64url::decode(&*segment).expect("our own message");
    let length = bytes.len();
    if length == 0 || change == 0 {
        return;
    }
    bytes[usize::from(at) % length] ^= change;
    *segment = base64url::encode(bytes);
    let judged = Compact::parse(&segments.join(".")).and_then(|jwe| jwe.decrypt(&recipient.key)).map(drop);
    assert_eq!(judged, Err(JweError::Decryption));
}

fn header(recipient: &Recipient, name: u8, value: &Member<'_>) {
    let (protected, rest) = recipient.compact.split_once('.').expect("five segments");
    let name = NAMES[usize::from(name) % NAMES.len()];
    let mut header = read_header(protected);
    let before = header.clone();
    let members = header.as_object_mut().expect("an object");
    match value {
        Member::Number(number) => drop(members.insert(name.to_owned(), json!(number))),
        Member::Text(text) => drop(members.insert(name.to_owned(), json!(text))),
        Member::Of(other) => {
            let other = of(*other).compact.split('.').next().map(read_header).unwrap_or_default();
            members.insert(name.to_owned(), other[name].clone());
        }
        Member::Absent => drop(members.remove(name)),
    }
    if header == before {
        return;
    }
    let text = format!("{}.{rest}", base64url::encode(header.to_string()));
    let judged = Compact::parse(&text).and_then(|jwe| jwe.decrypt(&recipient.key)).map(drop);
    let error = judged.expect_err("the header is covered by the tag");
    refused(&error);
    if let (KeyManagement::Pbes2Hs256A128Kw | KeyManagement::Pbes2Hs512A256Kw, "p2c", Member::Number(count)) =
        (recipient.key.algorithm(), name, value)
    {
        let out_of_bounds = !(1000..=1010).contains(count);
        assert_eq!(matches!(error, JweError::PasswordCount { .. }), out_of_bounds, "{error}");
    }
}

fn read_header(protected: &str) -> Value {
    serde_json::from_slice(&base64url::decode(protected).expect("base64url")).expect("JSON")
}

fn refused(error: &JweError) {
    check_error(error, &[std::str::from_utf8(CONTENT).unwrap_or_default()]);
    assert!(!error.code().is_empty() && *error != JweError::Backend, "{error}");
}

fn read_key(text: &str) {
    let (public, private) = (EncryptionKey::from_jwk(text), DecryptionKey::from_jwk(text));
    assert!(public.is_err() || private.is_err(), "public and private at once: {text}");
    if let Ok(key) = &public {
        let written = key.to_jwk().expect("a key is written");
        let again = EncryptionKey::from_jwk(&written.to_string()).expect("and read again");
        assert_eq!((again.thumbprint(), again.algorithm()), (key.thumbprint(), key.algorithm()));
        assert_eq!(again.to_jwk().expect("a key is written"), written);
    }
    if let Ok(key) = &private
        && let Ok(written) = key.to_jwk()
    {
        let again = DecryptionKey::from_jwk(written.expose()).expect("and read again");
        assert_eq!(again.to_jwk().expect("a key is written").expose(), written.expose());
        let message = jwe::encrypt(&key.encryption_key(), &Parameters::default(), CONTENT).expect("a message");
        let opened =
            Compact::parse(&message).and_then(|jwe| jwe.decrypt(&again)).expect("the two halves belong together");
        assert_eq!(opened.as_slice(), CONTENT);
    }
    for error in [public.err(), private.err()].into_iter().flatten() {
        check_error(&error, &[]);
    }
}
