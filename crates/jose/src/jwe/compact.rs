//! JWE compact serialization ([RFC 7516 §7.1]), and what both serializations share.
//!
//! [RFC 7516 §7.1]: https://www.rfc-editor.org/rfc/rfc7516#section-7.1

use zeroize::Zeroizing;

use super::bounds::MAX_BYTES;
use super::content_encryption::{self, Encrypted};
use super::object::{push_member, push_value};
use super::{
    ContentEncryption, DecryptionKey, EncryptError, EncryptionKey, Header, JweError, Parameters, Segment,
    key_management,
};
use crate::crypto::Rejected;
use crate::{KeyError, base64url, json};

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

pub(super) fn choose_enc(key: &EncryptionKey, parameters: &Parameters<'_>) -> Result<ContentEncryption, EncryptError> {
    match (key.content_encryption(), parameters.enc) {
        (Some(expected), Some(found)) if expected != found => {
            Err(EncryptError::ContentEncryptionMismatch { expected, found })
        }
        (Some(enc), _) | (None, Some(enc)) => Ok(enc),
        (None, None) => Ok(ContentEncryption::A256Gcm),
    }
}

pub(super) fn encrypt_content(
    enc: ContentEncryption,
    cek: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Encrypted, EncryptError> {
    content_encryption::encrypt(enc, cek, aad, plaintext).map_err(|Rejected| KeyError::Backend.into())
}

pub(super) fn check_size(found: usize) -> Result<(), EncryptError> {
    if found > MAX_BYTES { Err(EncryptError::TooLarge { found }) } else { Ok(()) }
}

/// Writes a header: what is about the message, what is about the recipient, or both.
pub(super) fn write_header(
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

pub(super) fn read_header(bytes: &[u8]) -> Result<serde_json::Map<String, serde_json::Value>, JweError> {
    match json::parse(bytes).map_err(JweError::Header)? {
        serde_json::Value::Object(object) => Ok(object),
        _ => Err(JweError::HeaderNotObject),
    }
}

pub(super) fn read_content(
    enc: ContentEncryption,
    iv: &str,
    ciphertext: &str,
    tag: &str,
) -> Result<Encrypted, JweError> {
    Ok(Encrypted {
        iv: decode_length(iv, Segment::InitializationVector, enc.iv_length())?,
        ciphertext: decode(ciphertext, Segment::Ciphertext)?,
        tag: decode_length(tag, Segment::AuthenticationTag, enc.tag_length())?,
    })
}

/// [RFC 7516 §5.2] steps 10 and 11: there is an encrypted key where the recipient needs one, and nowhere else.
///
/// [RFC 7516 §5.2]: https://www.rfc-editor.org/rfc/rfc7516#section-5.2
pub(super) fn check_encrypted_key(header: &Header, encrypted_key: &[u8]) -> Result<(), JweError> {
    let segment = Segment::EncryptedKey;
    match (header.algorithm().is_direct(), encrypted_key.len()) {
        (true, 0) => Ok(()),
        (true, found) => Err(JweError::Length { segment, expected: 0, found }),
        (false, 0) => Err(JweError::EmptySegment { segment }),
        (false, _) => Ok(()),
    }
}

pub(super) fn check_key(key: &DecryptionKey, header: &Header) -> Result<(), JweError> {
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

pub(super) fn decrypt(
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

pub(super) fn decode(segment: &str, name: Segment) -> Result<Vec<u8>, JweError> {
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
