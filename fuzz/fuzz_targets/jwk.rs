//! JWKs, public and private: what is accepted has one meaning and one way to be written, keeps its members through every
//! form a key can take, and is never public and private at once; what is refused is not repeated.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use countersign_fuzz::{Edit, check_error, edited_text, key};
use countersign_jose::jws::hmac::{HmacAlgorithm, HmacKey};
use countersign_jose::{Algorithm, Jwk, SigningKey, VerifyingKey};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Free(&'a str),
    /// A valid key, spoiled.
    Spoiled {
        of: u8,
        edits: Vec<Edit<'a>>,
    },
    /// A valid key with members replaced, added or taken out: still JSON, so that the rules of keys decide.
    Members {
        of: u8,
        changes: Vec<(u8, Member<'a>)>,
    },
}

#[derive(Arbitrary, Debug)]
enum Member<'a> {
    Absent,
    Text(&'a str),
    Number(i64),
    List(Vec<Word>),
    Word(Word),
    /// The value of another key's member.
    Of(u8, u8),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Word(u8);

const NAMES: [&str; 19] = [
    "kty", "crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi", "oth", "k", "use", "key_ops", "alg", "kid",
    "x5c",
];
const WORDS: [&str; 18] = [
    "sig",
    "enc",
    "sign",
    "verify",
    "encrypt",
    "deriveKey",
    "EC",
    "OKP",
    "RSA",
    "oct",
    "P-256",
    "P-521",
    "Ed25519",
    "X25519",
    "RS256",
    "PS512",
    "RSA-OAEP-256",
    "ECDH-ES",
];
const ALGORITHMS: [Algorithm; 6] =
    [Algorithm::EdDSA, Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::Rs256, Algorithm::Ps512];

/// Each key as a public JWK and as a private one, and secrets.
static VALID: LazyLock<Vec<String>> = LazyLock::new(|| {
    let keys: Vec<SigningKey> = ALGORITHMS.into_iter().map(key).collect();
    let public = keys.iter().map(|key| serde_json::to_string(key.public_jwk()).expect("a JWK"));
    let private = keys.iter().map(|key| key.to_jwk().expect("a JWK").expose().to_owned());
    let shared = HmacAlgorithm::ALL.iter().map(|&algorithm| {
        let key = HmacKey::new(algorithm, &[7; 64]).expect("a key").with_kid("k");
        key.to_jwk().expose().to_owned()
    });
    public.chain(private).chain(shared).collect()
});

fuzz_target!(|input: Input<'_>| {
    let text = match &input {
        Input::Free(text) => (*text).to_owned(),
        Input::Spoiled { of, edits } => match edited_text(valid(*of), edits) {
            Some(text) => text,
            None => return,
        },
        Input::Members { of, changes } => with_members(valid(*of), changes),
    };
    let (public, private, shared) = (Jwk::parse(&text), SigningKey::from_jwk(&text), HmacKey::from_jwk(&text));
    let kinds = [public.is_ok(), private.is_ok(), shared.is_ok()];
    assert!(kinds.iter().filter(|is_one| **is_one).count() <= 1, "public, private or shared: {text}");
    match (&public, &private, &shared) {
        (Ok(key), _, _) => check_public(key, &object(&text)),
        (_, Ok(key), _) => check_private(key, &object(&text)),
        (_, _, Ok(key)) => check_shared(key, &object(&text)),
        (Err(public), Err(private), Err(shared)) => {
            let secret = serde_json::from_str::<Value>(&text).ok();
            let of = |name| secret.as_ref().and_then(|key: &Value| key[name].as_str()).unwrap_or_default();
            let secrets = [of("d"), of("k")];
            check_error(public, &secrets);
            check_error(private, &secrets);
            check_error(shared, &secrets);
        }
    }
});

fn check_public(key: &Jwk, source: &Map<String, Value>) {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] {
        assert!(!source.contains_key(member), "{member}");
    }
    let written = serde_json::to_string(key).expect("a key is written");
    let again = Jwk::parse(&written).expect("and read again");
    assert!(again == *key && again.thumbprint() == key.thumbprint());
    assert_eq!(serde_json::to_string(&again).expect("a key is written"), written);
    same_members(source, &object(&written), &["kty", "crv", "x", "y", "n", "e", "kid"]);

    let key = VerifyingKey::from_jwk(key).expect("a key");
    let der = VerifyingKey::from_spki_der(key.algorithm(), &key.to_spki_der()).expect("read as DER");
    let pem = VerifyingKey::from_pem(key.algorithm(), &key.to_pem()).expect("read as PEM");
    assert!(der.thumbprint() == key.thumbprint() && pem.thumbprint() == key.thumbprint());
}

fn check_private(key: &SigningKey, source: &Map<String, Value>) {
    let written = key.to_jwk().expect("a key is written");
    let again = SigningKey::from_jwk(written.expose()).expect("and read again");
    assert_eq!(again.to_jwk().expect("a key is written").expose(), written.expose());
    let all = ["kty", "crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi", "kid"];
    let mut source = source.clone();
    source.entry("kid").or_insert_with(|| key.thumbprint().as_str().into());
    same_members(&source, &object(written.expose()), &all);

    let signature = key.sign(b"message").expect("a signature");
    assert!(key.verifying_key().verify(b"message", &signature).is_ok(), "the two halves belong together");
    let public = serde_json::to_string(key.public_jwk()).expect("a JWK");
    assert!(Jwk::parse(&public).is_ok_and(|public| public.thumbprint() == key.thumbprint()));
    let der = SigningKey::from_pkcs8_der(key.algorithm(), &key.to_pkcs8_der().expect("DER")).expect("read as DER");
    assert_eq!(der.with_kid(key.kid()).to_jwk().expect("a key is written").expose(), written.expose());
}

fn check_shared(key: &HmacKey, source: &Map<String, Value>) {
    let written = key.to_jwk();
    let again = HmacKey::from_jwk(written.expose()).expect("and read again");
    assert_eq!(again.to_jwk().expose(), written.expose());
    same_members(source, &object(written.expose()), &["kty", "alg", "k", "kid"]);
    assert!(source["k"].as_str().is_some_and(|secret| secret.len() * 3 / 4 >= key.algorithm().hash_length()));
}

/// Members that this kind of key does not have are ignored, as RFC 7517 section 4 asks; the others are the same.
fn same_members(source: &Map<String, Value>, written: &Map<String, Value>, names: &[&str]) {
    for name in names.iter().filter(|name| written.contains_key(**name)) {
        assert_eq!(source.get(*name), written.get(*name), "{name}");
    }
    assert_eq!(source.contains_key("kid"), written.contains_key("kid"));
}

fn valid(of: u8) -> &'static str {
    &VALID[usize::from(of) % VALID.len()]
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).expect("an accepted key is an object")
}

fn with_members(valid_key: &str, changes: &[(u8, Member<'_>)]) -> String {
    let name = |index: u8| NAMES[usize::from(index) % NAMES.len()];
    let word = |word: Word| Value::from(WORDS[usize::from(word.0) % WORDS.len()]);
    let mut members = object(valid_key);
    for (index, change) in changes.iter().take(3) {
        let value = match change {
            Member::Absent => {
                members.remove(name(*index));
                continue;
            }
            Member::Text(text) => Value::from(*text),
            Member::Number(number) => Value::from(*number),
            Member::List(words) => words.iter().map(|one| word(*one)).collect(),
            Member::Word(one) => word(*one),
            Member::Of(of, member) => object(valid(*of)).get(name(*member)).cloned().unwrap_or_default(),
        };
        members.insert(name(*index).to_owned(), value);
    }
    Value::Object(members).to_string()
}
