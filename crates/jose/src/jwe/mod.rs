//! JSON Web Encryption, compact serialization ([RFC 7516 §3.1, §5]).
//!
//! A key does one `alg` and says which `enc` it accepts; the header never chooses. Refused: anything but five segments of
//! strict base64url, a header that is not an object of unique members, every `crit`, `zip`, keys or references to keys in
//! the header (`jwk`, `jku`, `x5u`, `x5c`), initialization vectors, tags and keys of any length but the algorithm's, an
//! ephemeral key off the recipient's curve, iteration counts out of bounds, and every algorithm that is not in
//! [`KeyManagement`] and [`ContentEncryption`]: `RSA1_5`, `RSA-OAEP` and the 192-bit ones by name, before anything is
//! decrypted. A message that can not be decrypted is refused in one way, whatever was wrong with it.
//!
//! Encryption proves nothing about the sender: anybody can encrypt to a public key. What is encrypted and has to be
//! believed is signed first; such tokens are in [`jwt::encrypted`](crate::jwt::encrypted).
//!
//! ```
//! use countersign_jose::jwe::{self, Compact, DecryptionKey, KeyManagement, Parameters};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = DecryptionKey::generate(KeyManagement::EcdhEsA256Kw)?;
//! let message = jwe::encrypt(&key.encryption_key(), &Parameters::default(), b"the content")?;
//! assert_eq!(Compact::parse(&message)?.decrypt(&key)?.as_slice(), b"the content");
//! # Ok(())
//! # }
//! ```
//!
//! [RFC 7516 §3.1, §5]: https://www.rfc-editor.org/rfc/rfc7516#section-3.1

mod algorithm;
mod concat_kdf;
mod content_encryption;
mod decryption_key;
mod encryption_key;
mod error;
mod header;
pub mod json_serialization;
mod jwk;
mod key_management;
mod key_set;
mod pem_der;

use zeroize::Zeroizing;

use crate::crypto::Rejected;
use crate::{KeyError, base64url, json};

pub use algorithm::{AgreementCurve, ContentEncryption, KeyManagement};
use content_encryption::Encrypted;
pub use decryption_key::DecryptionKey;
pub use encryption_key::EncryptionKey;
pub use error::{EncryptError, JweError, Segment};
pub use header::Header;
use key_management::Sealed;
pub use key_set::EncryptionKeySet;

/// The longest message that is read or written, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// What the sender chooses beside the key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parameters<'a> {
    /// `enc`; A256GCM, and for a key for `dir` its own, unless something else is said here.
    pub enc: Option<ContentEncryption>,
    /// `typ`, if any.
    pub typ: Option<&'a str>,
    /// `cty`, if any.
    pub cty: Option<&'a str>,
    /// `apu`, information about the sender that goes into the key that is agreed on; ECDH-ES only, empty for none.
    pub apu: &'a [u8],
    /// `apv`, the same about the recipient.
    pub apv: &'a [u8],
}

/// A compact JWE that has been taken apart; nothing about it is proven.
pub struct Compact<'a> {
    header: Header,
    /// As it was sent: what the tag covers.
    protected: &'a str,
    encrypted_key: Vec<u8>,
    content: Encrypted,
}

impl<'a> Compact<'a> {
    /// Takes a compact JWE apart.
    ///
    /// # Errors
    /// [`JweError`], one variant per rule, before any cryptography.
    pub fn parse(text: &'a str) -> Result<Self, JweError> {
        if text.len() > MAX_BYTES {
            return Err(JweError::TooLarge { found: text.len() });
        }
        let mut segments = text.split('.');
        let (Some(protected), Some(encrypted_key), Some(iv), Some(ciphertext), Some(tag), None) =
            (segments.next(), segments.next(), segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(JweError::SegmentCount { found: text.split('.').count() });
        };
        if protected.is_empty() {
            return Err(JweError::EmptySegment { segment: Segment::Header });
        }
        let header = Header::read(&read_header(&decode(protected, Segment::Header)?)?, &[])?;
        let encrypted_key = decode(encrypted_key, Segment::EncryptedKey)?;
        let content = read_content(header.content_encryption(), iv, ciphertext, tag)?;
        check_encrypted_key(&header, &encrypted_key)?;
        Ok(Compact { header, protected, encrypted_key, content })
    }

    /// The header, to choose a key by.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Decrypts the content.
    ///
    /// # Errors
    /// [`JweError::AlgorithmMismatch`] and [`JweError::ContentEncryptionMismatch`] when the message does not ask for what
    /// the key does, [`JweError::EphemeralKey`], [`JweError::PasswordCount`] and [`JweError::SaltLength`] when what it
    /// brings for the key is not acceptable, and [`JweError::Decryption`].
    pub fn decrypt(self, key: &DecryptionKey) -> Result<Zeroizing<Vec<u8>>, JweError> {
        check_key(key, &self.header)?;
        decrypt(key, &self.header, &self.encrypted_key, self.protected.as_bytes(), &self.content)
    }
}

impl std::fmt::Debug for Compact<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compact").field("header", &self.header).finish_non_exhaustive()
    }
}

/// Encrypts to one recipient. The header holds `alg`, `enc`, `kid` where the key has one, `typ` and `cty` where given, and
/// what the algorithm needs.
///
/// # Errors
/// [`EncryptError::ContentEncryptionMismatch`] when a key for `dir` is for another `enc`, [`EncryptError::TooLarge`],
/// [`EncryptError::Key`] when the cryptographic library fails.
pub fn encrypt(key: &EncryptionKey, parameters: &Parameters<'_>, plaintext: &[u8]) -> Result<String, EncryptError> {
    check_size(plaintext.len())?;
    let enc = choose_enc(key, parameters)?;
    let (cek, sealed) = key_management::seal(key, enc, parameters)?;
    let protected = base64url::encode(write_header(Some(key), Some(enc), parameters, &sealed.members));
    let content = encrypt_content(enc, &cek, protected.as_bytes(), plaintext)?;
    let mut compact = protected;
    for segment in [&sealed.encrypted_key, &content.iv, &content.ciphertext, &content.tag] {
        compact.push('.');
        base64url::encode_into(segment, &mut compact);
    }
    check_size(compact.len())?;
    Ok(compact)
}

fn choose_enc(key: &EncryptionKey, parameters: &Parameters<'_>) -> Result<ContentEncryption, EncryptError> {
    match (key.content_encryption(), parameters.enc) {
        (Some(expected), Some(found)) if expected != found => {
            Err(EncryptError::ContentEncryptionMismatch { expected, found })
        }
        (Some(enc), _) | (None, Some(enc)) => Ok(enc),
        (None, None) => Ok(ContentEncryption::A256Gcm),
    }
}

fn encrypt_content(
    enc: ContentEncryption,
    cek: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Encrypted, EncryptError> {
    content_encryption::encrypt(enc, cek, aad, plaintext).map_err(|Rejected| KeyError::Backend.into())
}

fn check_size(found: usize) -> Result<(), EncryptError> {
    if found > MAX_BYTES { Err(EncryptError::TooLarge { found }) } else { Ok(()) }
}

/// Writes a header: what is about the message, what is about the recipient, or both.
fn write_header(
    key: Option<&EncryptionKey>,
    enc: Option<ContentEncryption>,
    parameters: &Parameters<'_>,
    members: &[(&'static str, String)],
) -> String {
    let mut header = "{".to_owned();
    if let Some(key) = key {
        push_member(&mut header, "alg", key.algorithm().as_str());
    }
    if let Some(enc) = enc {
        push_member(&mut header, "enc", enc.as_str());
        for (name, value) in [("typ", parameters.typ), ("cty", parameters.cty)] {
            if let Some(value) = value {
                push_member(&mut header, name, value);
            }
        }
    }
    if let Some(kid) = key.and_then(EncryptionKey::kid) {
        push_member(&mut header, "kid", kid);
    }
    for (name, value) in members {
        push_value(&mut header, name, value);
    }
    header.push('}');
    header
}

fn push_member(object: &mut String, name: &str, value: &str) {
    // A string always has a JSON form.
    push_value(object, name, &serde_json::to_string(value).unwrap_or_default());
}

fn push_value(object: &mut String, name: &str, value: &str) {
    if !object.ends_with('{') {
        object.push(',');
    }
    object.push('"');
    object.push_str(name);
    object.push_str("\":");
    object.push_str(value);
}

fn read_header(bytes: &[u8]) -> Result<serde_json::Map<String, serde_json::Value>, JweError> {
    match json::parse(bytes).map_err(JweError::Header)? {
        serde_json::Value::Object(object) => Ok(object),
        _ => Err(JweError::HeaderNotObject),
    }
}

fn read_content(enc: ContentEncryption, iv: &str, ciphertext: &str, tag: &str) -> Result<Encrypted, JweError> {
    Ok(Encrypted {
        iv: decode_length(iv, Segment::InitializationVector, enc.iv_length())?,
        ciphertext: decode(ciphertext, Segment::Ciphertext)?,
        tag: decode_length(tag, Segment::AuthenticationTag, enc.tag_length())?,
    })
}

/// [RFC 7516 §5.2] steps 10 and 11: there is an encrypted key where the recipient needs one, and nowhere else.
///
/// [RFC 7516 §5.2]: https://www.rfc-editor.org/rfc/rfc7516#section-5.2
fn check_encrypted_key(header: &Header, encrypted_key: &[u8]) -> Result<(), JweError> {
    let segment = Segment::EncryptedKey;
    match (header.algorithm().is_direct(), encrypted_key.len()) {
        (true, 0) => Ok(()),
        (true, found) => Err(JweError::Length { segment, expected: 0, found }),
        (false, 0) => Err(JweError::EmptySegment { segment }),
        (false, _) => Ok(()),
    }
}

fn check_key(key: &DecryptionKey, header: &Header) -> Result<(), JweError> {
    let (expected, found) = (key.algorithm(), header.algorithm());
    if expected != found {
        return Err(JweError::AlgorithmMismatch { expected, found });
    }
    let found = header.content_encryption();
    if key.accepted().contains(&found) {
        Ok(())
    } else {
        Err(JweError::ContentEncryptionMismatch { expected: key.accepted().to_vec(), found })
    }
}

fn decrypt(
    key: &DecryptionKey,
    header: &Header,
    encrypted_key: &[u8],
    aad: &[u8],
    content: &Encrypted,
) -> Result<Zeroizing<Vec<u8>>, JweError> {
    let cek = key_management::open(key, header, encrypted_key)?;
    let Encrypted { iv, ciphertext, tag } = content;
    content_encryption::decrypt(header.content_encryption(), &cek, iv, aad, ciphertext, tag)
        .map_err(|Rejected| JweError::Decryption)
}

fn decode(segment: &str, name: Segment) -> Result<Vec<u8>, JweError> {
    base64url::decode(segment).map_err(|_| JweError::Base64Url { segment: name })
}

fn decode_length(segment: &str, name: Segment, expected: usize) -> Result<Vec<u8>, JweError> {
    let bytes = decode(segment, name)?;
    if bytes.len() == expected {
        Ok(bytes)
    } else {
        Err(JweError::Length { segment: name, expected, found: bytes.len() })
    }
}
