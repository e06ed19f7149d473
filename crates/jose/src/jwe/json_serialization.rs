//! JWE JSON serialization, flattened and general ([RFC 7516 §7.2]).
//!
//! An entry point of its own: an encrypted token is always compact, and nothing else in this crate reads or writes this
//! form. A message may have headers that nobody protects; they choose the key and say how the content is encrypted, but
//! are not believed for `typ` and `cty`. A member that stands in two headers refuses the message, as does one that does
//! not belong to this form.
//!
//! [RFC 7516 §7.2]: https://www.rfc-editor.org/rfc/rfc7516#section-7.2

use std::fmt;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::bounds::MAX_BYTES;
pub use super::bounds::MAX_RECIPIENTS;
use super::compact::{
    check_encrypted_key, check_key, check_size, choose_enc, decode, decrypt, encrypt_content, read_content,
    read_header, write_header,
};
use super::content_encryption::{self, Encrypted};
use super::key_management::Sealed;
use super::{DecryptionKey, EncryptError, EncryptionKey, Header, JweError, Parameters, Segment, key_management};
use crate::crypto::Rejected;
use crate::{KeyError, base64url, json};

/// What decrypting gives.
pub struct Decrypted {
    header: Header,
    plaintext: Zeroizing<Vec<u8>>,
    aad: Option<Vec<u8>>,
}

impl Decrypted {
    /// The header of the recipient.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The decrypted content.
    pub fn plaintext(&self) -> &[u8] {
        &self.plaintext
    }

    /// The content, taken out. It is wiped when dropped.
    pub fn into_plaintext(self) -> Zeroizing<Vec<u8>> {
        self.plaintext
    }

    /// What was sent beside the content, in the clear, and is proven with it.
    pub fn aad(&self) -> Option<&[u8]> {
        self.aad.as_deref()
    }
}

impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decrypted").field("header", &self.header).finish_non_exhaustive()
    }
}

/// Encrypts to one recipient in the flattened form; the whole header is protected. `aad` travels in the clear and is
/// proven with the content; empty for none.
///
/// # Errors
/// As [`encrypt`](super::encrypt).
pub fn encrypt_flattened(
    key: &EncryptionKey,
    parameters: &Parameters<'_>,
    aad: &[u8],
    plaintext: &[u8],
) -> Result<String, EncryptError> {
    check_size(plaintext.len().saturating_add(aad.len()))?;
    let enc = choose_enc(key, parameters)?;
    let (cek, sealed) = key_management::seal(key, enc, parameters)?;
    let protected = base64url::encode(write_header(Some(key), Some(enc), parameters, &sealed.members));
    let recipient = encrypted_key(&sealed);
    let content = encrypt_content(enc, &cek, covered(&protected, aad).as_bytes(), plaintext)?;
    write(&protected, &recipient, aad, &content)
}

/// Encrypts to several recipients in the general form. What is about the message is protected; what is about one of the
/// recipients (`alg`, `kid` and what the algorithm needs) is in a header of its own, which nobody protects.
///
/// # Errors
/// [`EncryptError::Recipients`] for none, for more than [`MAX_RECIPIENTS`], and where one of several would know the
/// content encryption key directly (`dir`, ECDH-ES); otherwise as [`encrypt`](super::encrypt).
pub fn encrypt_general(
    keys: &[&EncryptionKey],
    parameters: &Parameters<'_>,
    aad: &[u8],
    plaintext: &[u8],
) -> Result<String, EncryptError> {
    check_size(plaintext.len().saturating_add(aad.len()))?;
    let is_direct = keys.iter().any(|key| key.algorithm().is_direct());
    let (Some(&first), 1..=MAX_RECIPIENTS) = (keys.first(), keys.len()) else { return Err(EncryptError::Recipients) };
    if is_direct && keys.len() > 1 {
        return Err(EncryptError::Recipients);
    }
    let enc = choose_enc(first, parameters)?;
    let (cek, sealed) = if is_direct {
        let (cek, sealed) = key_management::seal(first, enc, parameters)?;
        (cek, vec![sealed])
    } else {
        let cek = content_encryption::generate_key(enc).map_err(|Rejected| KeyError::Backend)?;
        let sealed = keys.iter().map(|key| key_management::seal_for(key, enc, &cek, parameters));
        let sealed = sealed.collect::<Result<Vec<_>, _>>()?;
        (cek, sealed)
    };
    let recipients: Vec<String> = keys
        .iter()
        .zip(&sealed)
        .map(|(key, sealed)| {
            let header = write_header(Some(key), None, parameters, &sealed.members);
            format!(r#"{{"header":{header}{}}}"#, encrypted_key(sealed))
        })
        .collect();
    let protected = base64url::encode(write_header(None, Some(enc), parameters, &[]));
    let recipients = format!(r#","recipients":[{}]"#, recipients.join(","));
    let content = encrypt_content(enc, &cek, covered(&protected, aad).as_bytes(), plaintext)?;
    write(&protected, &recipients, aad, &content)
}

/// Decrypts a flattened JWE.
///
/// # Errors
/// [`JweError`].
pub fn decrypt_flattened(text: &str, key: &DecryptionKey) -> Result<Decrypted, JweError> {
    let object = read(text, &["header", "encrypted_key"])?;
    let message = Message::read(&object)?;
    let recipient = Recipient::read(&object)?;
    let header = message.header(&recipient)?;
    let content = message.content(&header)?;
    check_encrypted_key(&header, &recipient.encrypted_key)?;
    check_key(key, &header)?;
    let plaintext = decrypt(key, &header, &recipient.encrypted_key, message.covered().as_bytes(), &content)?;
    Ok(Decrypted { header, plaintext, aad: message.aad_bytes()? })
}

/// Decrypts a general JWE as the recipient that has the key's algorithm and, where both have one, its id. All recipients
/// must be well-formed; one with an algorithm that this crate does not offer is somebody else's business.
///
/// # Errors
/// [`JweError`]: [`JweError::NoRecipient`] when it is not for this key; [`JweError::PasswordCount`] also when several
/// recipients may be meant by a password and ask together for more than it allows: where both sides give their passwords
/// ids, one is meant.
pub fn decrypt_general(text: &str, key: &DecryptionKey) -> Result<Decrypted, JweError> {
    let object = read(text, &["recipients"])?;
    let message = Message::read(&object)?;
    let wrong = JweError::JsonMember { member: "recipients" };
    let recipients = object.get("recipients").and_then(Value::as_array).ok_or_else(|| wrong.clone())?;
    if recipients.is_empty() || recipients.len() > MAX_RECIPIENTS {
        return Err(wrong);
    }
    let (mut ours, mut enc) = (Vec::new(), None);
    for recipient in recipients {
        let object = recipient.as_object().ok_or_else(|| wrong.clone())?;
        check_names(object, &["header", "encrypted_key"])?;
        let recipient = Recipient::read(object)?;
        let header = match message.header(&recipient) {
            Ok(header) => header,
            Err(JweError::UnsupportedKeyManagement { .. }) => continue,
            Err(error) => return Err(error),
        };
        check_encrypted_key(&header, &recipient.encrypted_key)?;
        // RFC 7516 §7.2.1: there is one content, and one way in which it is encrypted.
        let same_enc = *enc.get_or_insert(header.content_encryption()) == header.content_encryption();
        if !same_enc || (header.algorithm().is_direct() && recipients.len() > 1) {
            return Err(wrong);
        }
        let same_kid = header.kid().is_none() || key.kid().is_none() || header.kid() == key.kid();
        if header.algorithm() == key.algorithm() && same_kid {
            ours.push((header, recipient.encrypted_key));
        }
    }
    key_management::check_effort(key, ours.iter().map(|(header, _)| header))?;
    let mut refused = JweError::NoRecipient;
    for (header, encrypted_key) in ours {
        let content = message.content(&header)?;
        check_key(key, &header)?;
        match decrypt(key, &header, &encrypted_key, message.covered().as_bytes(), &content) {
            Ok(plaintext) => return Ok(Decrypted { header, plaintext, aad: message.aad_bytes()? }),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// What all recipients share.
struct Message<'a> {
    /// As it was sent; empty where nothing is protected.
    protected_text: &'a str,
    protected: Map<String, Value>,
    unprotected: Map<String, Value>,
    aad: Option<&'a str>,
    iv: &'a str,
    ciphertext: &'a str,
    tag: &'a str,
}

/// What is one recipient's own.
struct Recipient {
    header: Map<String, Value>,
    encrypted_key: Vec<u8>,
}

impl<'a> Message<'a> {
    fn read(object: &'a Map<String, Value>) -> Result<Self, JweError> {
        let needed = |member| string(object, member)?.ok_or(JweError::JsonMember { member });
        let protected_text = filled(object, "protected")?.unwrap_or_default();
        let protected = match protected_text {
            "" => Map::new(),
            text => read_header(&decode(text, Segment::Header)?)?,
        };
        Ok(Message {
            protected_text,
            protected,
            unprotected: header(object, "unprotected")?,
            aad: filled(object, "aad")?,
            iv: needed("iv")?,
            ciphertext: needed("ciphertext")?,
            tag: needed("tag")?,
        })
    }

    /// The union of the headers, which have no names in common ([RFC 7516 §7.2.1]).
    ///
    /// [RFC 7516 §7.2.1]: https://www.rfc-editor.org/rfc/rfc7516#section-7.2.1
    fn header(&self, recipient: &Recipient) -> Result<Header, JweError> {
        let repeated = self.unprotected.keys().any(|name| self.protected.contains_key(name))
            || recipient
                .header
                .keys()
                .any(|name| self.protected.contains_key(name) || self.unprotected.contains_key(name));
        if repeated {
            return Err(JweError::RepeatedMember);
        }
        Header::read(&self.protected, &[&self.unprotected, &recipient.header])
    }

    fn content(&self, header: &Header) -> Result<Encrypted, JweError> {
        read_content(header.content_encryption(), self.iv, self.ciphertext, self.tag)
    }

    /// What the tag covers beside the content.
    fn covered(&self) -> String {
        match self.aad {
            None => self.protected_text.to_owned(),
            Some(aad) => format!("{}.{aad}", self.protected_text),
        }
    }

    fn aad_bytes(&self) -> Result<Option<Vec<u8>>, JweError> {
        let decode = |aad| base64url::decode(aad).map_err(|_| JweError::JsonMember { member: "aad" });
        self.aad.map(decode).transpose()
    }
}

impl Recipient {
    fn read(object: &Map<String, Value>) -> Result<Self, JweError> {
        let encrypted_key = filled(object, "encrypted_key")?.unwrap_or_default();
        Ok(Recipient {
            header: header(object, "header")?,
            encrypted_key: decode(encrypted_key, Segment::EncryptedKey)?,
        })
    }
}

/// Reads an object that has, beside what all messages have, no members but these.
fn read(text: &str, more: &[&str]) -> Result<Map<String, Value>, JweError> {
    if text.len() > MAX_BYTES {
        return Err(JweError::TooLarge { found: text.len() });
    }
    let object = json::from_slice(text.as_bytes()).map_err(JweError::JsonSerialization)?;
    check_names(&object, &[&["protected", "unprotected", "aad", "iv", "ciphertext", "tag"], more].concat())?;
    Ok(object)
}

fn check_names(object: &Map<String, Value>, names: &[&str]) -> Result<(), JweError> {
    if object.keys().all(|name| names.contains(&name.as_str())) {
        Ok(())
    } else {
        Err(JweError::JsonMember { member: "?" })
    }
}

fn string<'a>(object: &'a Map<String, Value>, member: &'static str) -> Result<Option<&'a str>, JweError> {
    object.get(member).map(|value| value.as_str().ok_or(JweError::JsonMember { member })).transpose()
}

/// A string that is absent rather than empty, as [RFC 7516 §7.2.1] has it.
///
/// [RFC 7516 §7.2.1]: https://www.rfc-editor.org/rfc/rfc7516#section-7.2.1
fn filled<'a>(object: &'a Map<String, Value>, member: &'static str) -> Result<Option<&'a str>, JweError> {
    match string(object, member)? {
        Some("") => Err(JweError::JsonMember { member }),
        text => Ok(text),
    }
}

fn header(object: &Map<String, Value>, member: &'static str) -> Result<Map<String, Value>, JweError> {
    match object.get(member) {
        None => Ok(Map::new()),
        Some(Value::Object(header)) if !header.is_empty() => Ok(header.clone()),
        Some(_) => Err(JweError::JsonMember { member }),
    }
}

fn covered(protected: &str, aad: &[u8]) -> String {
    if aad.is_empty() { protected.to_owned() } else { format!("{protected}.{}", base64url::encode(aad)) }
}

fn encrypted_key(sealed: &Sealed) -> String {
    match sealed.encrypted_key.as_slice() {
        [] => String::new(),
        key => format!(r#","encrypted_key":"{}""#, base64url::encode(key)),
    }
}

/// `recipients` are members that begin with a comma.
fn write(protected: &str, recipients: &str, aad: &[u8], content: &Encrypted) -> Result<String, EncryptError> {
    let Encrypted { iv, ciphertext, tag } = content;
    let (iv, ciphertext, tag) = (base64url::encode(iv), base64url::encode(ciphertext), base64url::encode(tag));
    let aad = if aad.is_empty() { String::new() } else { format!(r#","aad":"{}""#, base64url::encode(aad)) };
    let text = format!(
        r#"{{"protected":"{protected}"{recipients}{aad},"iv":"{iv}","ciphertext":"{ciphertext}","tag":"{tag}"}}"#
    );
    check_size(text.len())?;
    Ok(text)
}
