//! JWE: what one implementation encrypts, the others decrypt, with every `alg` and `enc` that we offer.

use ::josekit::JoseError;
use ::josekit::jwe::alg::{aeskw, direct, ecdh_es, pbes2_hmac_aeskw, rsaes};
use ::josekit::jwe::{JweContext, JweDecrypter, JweEncrypter, JweHeader};
use ::josekit::jwk::Jwk;
use countersign_jose::base64url;
use countersign_jose::jwe::{
    self, AgreementCurve, Compact, ContentEncryption, DecryptionKey, KeyManagement, Parameters,
};
use countersign_peers::opinion::Jose;
use serde_json::{Value, json};

/// So many messages for each key and `enc`.
const MESSAGES: usize = 10;

/// A key, an `enc`, and the key as the others read it.
struct Pair {
    key: DecryptionKey,
    enc: ContentEncryption,
    jwk: Value,
}

fn pairs() -> Vec<Pair> {
    let mut pairs = Vec::new();
    for &algorithm in KeyManagement::ALL {
        for &enc in ContentEncryption::ALL {
            for key in keys(algorithm, enc) {
                let jwk = jwk(&key);
                pairs.push(Pair { key, enc, jwk });
            }
        }
    }
    pairs
}

fn keys(algorithm: KeyManagement, enc: ContentEncryption) -> Vec<DecryptionKey> {
    let secret: Vec<u8> = (0..64).collect();
    match algorithm {
        KeyManagement::EcdhEs | KeyManagement::EcdhEsA128Kw | KeyManagement::EcdhEsA256Kw => {
            let on = |&curve| DecryptionKey::generate_on(curve, algorithm).unwrap();
            AgreementCurve::ALL.iter().map(on).collect()
        }
        KeyManagement::Dir => vec![DecryptionKey::direct(enc, &secret[..enc.key_length()]).unwrap()],
        KeyManagement::Pbes2Hs256A128Kw | KeyManagement::Pbes2Hs512A256Kw => {
            // What they choose where nothing is said is 1 000 and 2 048.
            let key = DecryptionKey::password(algorithm, PASSWORD).unwrap();
            vec![key.accepting_password_counts(1_000, 2_048)]
        }
        _ => vec![DecryptionKey::generate(algorithm).unwrap()],
    }
}

const PASSWORD: &[u8] = b"correct horse battery staple, many times over";

/// The members of the key alone: with others, some take them for conditions.
fn jwk(key: &DecryptionKey) -> Value {
    if matches!(key.algorithm(), KeyManagement::Pbes2Hs256A128Kw | KeyManagement::Pbes2Hs512A256Kw) {
        return json!({ "kty": "oct", "k": base64url::encode(PASSWORD) });
    }
    let mut jwk: Value = serde_json::from_str(key.to_jwk().unwrap().expose()).unwrap();
    let members = jwk.as_object_mut().unwrap();
    ["kid", "use", "alg", "enc", "key_ops"].iter().for_each(|member| drop(members.remove(*member)));
    jwk
}

fn contents() -> Vec<Vec<u8>> {
    (0..MESSAGES).map(|index| (0..index * index * 7).map(|byte| (byte * 31 % 251) as u8).collect()).collect()
}

fn encrypt(pair: &Pair, content: &[u8]) -> String {
    let parameters = Parameters { enc: Some(pair.enc), ..Parameters::default() };
    jwe::encrypt(&pair.key.encryption_key().with_password_count(2_048), &parameters, content).unwrap()
}

fn decrypt(pair: &Pair, message: &str) -> Vec<u8> {
    let told = format!("{} {}", pair.key.algorithm(), pair.enc);
    Compact::parse(message)
        .and_then(|message| message.decrypt(&pair.key))
        .unwrap_or_else(|error| panic!("{told}: {error}"))
        .to_vec()
}

#[test]
fn npm_jose_decrypts_what_we_encrypt_and_we_what_it_encrypts() {
    let (pairs, contents) = (pairs(), contents());
    assert!(pairs.len() > 70, "{}", pairs.len());
    let mut jose = Jose::start().unwrap();
    for pair in &pairs {
        let (alg, enc) = (pair.key.algorithm().to_string(), pair.enc.to_string());
        let ask = |name: &str, value: &str| json!({ "alg": alg, "enc": enc, "jwk": pair.jwk, name: value });
        let ours: Vec<Value> = contents.iter().map(|content| ask("message", &encrypt(pair, content))).collect();
        let read = jose.decrypt(&ours).unwrap_or_else(|error| panic!("{alg} {enc}: {error}"));
        let encoded: Vec<String> = contents.iter().map(base64url::encode).collect();
        assert_eq!(read, encoded, "{alg} {enc}");
        let theirs: Vec<Value> = encoded.iter().map(|content| ask("content", content)).collect();
        let messages = jose.encrypt(&theirs).unwrap_or_else(|error| panic!("{alg} {enc}: {error}"));
        let read: Vec<Vec<u8>> = messages.iter().map(|message| decrypt(pair, message)).collect();
        assert_eq!(read, contents, "{alg} {enc}");
    }
}

#[test]
fn josekit_decrypts_what_we_encrypt_and_we_what_it_encrypts() {
    let context = JweContext::new();
    for pair in pairs() {
        let (alg, enc) = (pair.key.algorithm().to_string(), pair.enc.to_string());
        let (encrypter, decrypter) = of_josekit(&pair).unwrap();
        for content in contents() {
            let (read, _) = context.deserialize_compact(encrypt(&pair, &content), &*decrypter).unwrap();
            assert_eq!(read, content, "{alg} {enc}");
            let mut header = JweHeader::new();
            header.set_content_encryption(&enc);
            let message = context.serialize_compact(&content, &header, &*encrypter).unwrap();
            assert_eq!(decrypt(&pair, &message), content, "{alg} {enc}");
        }
    }
}

type EncrypterAndDecrypter = (Box<dyn JweEncrypter>, Box<dyn JweDecrypter>);

fn of_josekit(pair: &Pair) -> Result<EncrypterAndDecrypter, JoseError> {
    let jwk = Jwk::from_bytes(pair.jwk.to_string())?;
    macro_rules! both {
        ($algorithm:expr) => {
            (Box::new($algorithm.encrypter_from_jwk(&jwk)?), Box::new($algorithm.decrypter_from_jwk(&jwk)?))
        };
    }
    Ok(match pair.key.algorithm() {
        KeyManagement::A128Kw => both!(aeskw::AeskwJweAlgorithm::A128kw),
        KeyManagement::A256Kw => both!(aeskw::AeskwJweAlgorithm::A256kw),
        KeyManagement::Dir => both!(direct::DirectJweAlgorithm::Dir),
        KeyManagement::EcdhEs => both!(ecdh_es::EcdhEsJweAlgorithm::EcdhEs),
        KeyManagement::EcdhEsA128Kw => both!(ecdh_es::EcdhEsJweAlgorithm::EcdhEsA128kw),
        KeyManagement::EcdhEsA256Kw => both!(ecdh_es::EcdhEsJweAlgorithm::EcdhEsA256kw),
        KeyManagement::Pbes2Hs256A128Kw => both!(pbes2_hmac_aeskw::Pbes2HmacAeskwJweAlgorithm::Pbes2Hs256A128kw),
        KeyManagement::Pbes2Hs512A256Kw => both!(pbes2_hmac_aeskw::Pbes2HmacAeskwJweAlgorithm::Pbes2Hs512A256kw),
        KeyManagement::RsaOaep256 => both!(rsaes::RsaesJweAlgorithm::RsaOaep256),
        other => panic!("{other} has no counterpart here yet"),
    })
}
