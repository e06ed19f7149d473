//! The token crate for a host that speaks bytes: a request in JSON is written into a buffer, an answer in JSON is read out of
//! another. The host brings the randomness.

use std::sync::Mutex;

use countersign_jose::jwe::{self, ContentEncryption, DecryptionKey, EncryptionKey, KeyManagement, Parameters};
use countersign_jose::jws::hmac::{HmacAlgorithm, HmacKey};
use countersign_jose::jws::{self, Compact};
use countersign_jose::{Algorithm, Jwk, SigningKey, VerifyingKey, base64url};
use serde_json::{Value, json};

static REQUEST: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Where the host writes a request of that many bytes.
#[unsafe(no_mangle)]
pub extern "C" fn request(length: usize) -> *mut u8 {
    let mut request = REQUEST.lock().unwrap();
    *request = vec![0; length];
    request.as_mut_ptr()
}

/// Answers the request, and says how long the answer is.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> usize {
    let request: Value = serde_json::from_slice(&REQUEST.lock().unwrap()).unwrap();
    let answer = match judge(&request) {
        Ok(found) => json!({ "ok": found }),
        Err(refused) => json!({ "refused": refused }),
    };
    let mut out = ANSWER.lock().unwrap();
    *out = answer.to_string().into_bytes();
    out.len()
}

/// Where the host reads it.
#[unsafe(no_mangle)]
pub extern "C" fn answer_at() -> *const u8 {
    ANSWER.lock().unwrap().as_ptr()
}

fn judge(request: &Value) -> Result<Value, String> {
    let text = |member: &str| request[member].as_str().unwrap_or_default();
    match text("do") {
        "verify" => {
            let key = VerifyingKey::from_jwk(&Jwk::from_value(&request["jwk"]).map_err(said)?).map_err(said)?;
            let payload = Compact::parse(text("token")).and_then(|jws| jws.verify(&key)).map_err(said)?;
            Ok(json!(String::from_utf8_lossy(&payload)))
        }
        "verify mac" => {
            let algorithm: HmacAlgorithm = text("alg").parse().map_err(said)?;
            let secret = base64url::decode(text("secret")).map_err(said)?;
            let key = HmacKey::new(algorithm, &secret).map_err(said)?;
            let payload = jws::hmac::verify(text("token"), &key).map_err(said)?;
            Ok(json!(String::from_utf8_lossy(&payload)))
        }
        "mint" => {
            let algorithm: Algorithm = text("alg").parse().map_err(said)?;
            let key = SigningKey::generate(algorithm).map_err(said)?;
            let token = jws::sign(&key, Some("JWT"), text("payload").as_bytes()).map_err(said)?;
            Ok(json!({"jwk": key.public_jwk(), "token": token}))
        }
        "encrypt" => {
            let (algorithm, enc): (KeyManagement, ContentEncryption) =
                (text("alg").parse().map_err(said)?, text("enc").parse().map_err(said)?);
            let jwk = request["jwk"].to_string();
            // A secret is read as what decrypts; what it encrypts with is the same.
            let key = if request["jwk"]["kty"] == "oct" {
                DecryptionKey::from_jwk_for(algorithm, &jwk).map_err(said)?.encryption_key()
            } else {
                EncryptionKey::from_jwk_for(algorithm, &jwk).map_err(said)?
            };
            let parameters = Parameters { enc: Some(enc), ..Parameters::default() };
            Ok(json!(jwe::encrypt(&key, &parameters, text("payload").as_bytes()).map_err(said)?))
        }
        "decrypt" => {
            let algorithm: KeyManagement = text("alg").parse().map_err(said)?;
            let key = DecryptionKey::from_jwk_for(algorithm, &request["jwk"].to_string()).map_err(said)?;
            let content = jwe::Compact::parse(text("token")).and_then(|jwe| jwe.decrypt(&key)).map_err(said)?;
            Ok(json!(String::from_utf8_lossy(&content)))
        }
        _ => Err("no such request".to_owned()),
    }
}

fn said(error: impl ToString) -> String {
    error.to_string()
}

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    /// Fills the bytes with randomness.
    fn random(at: *mut u8, length: usize);
}

/// What `--cfg getrandom_backend="custom"` asks the application for.
///
/// # Safety
/// `at` is valid for writing `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(at: *mut u8, length: usize) -> Result<(), getrandom::Error> {
    // SAFETY: the host writes those bytes and no others.
    unsafe { random(at, length) };
    Ok(())
}
