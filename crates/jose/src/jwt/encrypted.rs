//! Nested JWTs: signed, then encrypted ([RFC 7519 §5.2, §11.2]).
//!
//! Encryption says nothing about who wrote a message, so that the only thing that is taken out of an encrypted token is a
//! signed one, and the only thing to do with that is to verify it. Refused: a JWE that does not say `cty` is `JWT`, claims
//! that are encrypted without being signed, and a JWE inside of a JWE.
//!
//! ```
//! # use countersign_jose::jwe::{DecryptionKey, KeyManagement, Parameters};
//! # use countersign_jose::{Algorithm, SigningKey, jwt};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (now, issuer) = (1_700_000_000, "https://as.test");
//! # let claims = serde_json::json!({"iss": issuer, "sub": "alice", "aud": "rp", "exp": now + 300, "iat": now});
//! # let expect = jwt::Expect::new(
//! #     jwt::Typ::IdToken,
//! #     jwt::ExpectedIssuer::Exactly(issuer),
//! #     jwt::ExpectedAudience::AnyOf(&["rp"]),
//! # );
//! # let key = SigningKey::generate(Algorithm::EdDSA)?;
//! # let recipient = DecryptionKey::generate(KeyManagement::EcdhEsA128Kw)?;
//! let signed = jwt::mint(&key, jwt::Typ::IdToken, &claims)?;
//! let token = jwt::encrypted::seal(&recipient.encryption_key(), &Parameters::default(), &signed)?;
//!
//! let nested = jwt::encrypted::open(&token, &recipient)?;
//! let verified = nested.unverified()?.verify::<serde_json::Value>(&key.verifying_key(), &expect, now)?;
//! assert_eq!(verified.sub(), Some("alice"));
//! # Ok(())
//! # }
//! ```
//!
//! [RFC 7519 §5.2, §11.2]: https://www.rfc-editor.org/rfc/rfc7519#section-5.2

use std::fmt;

use zeroize::Zeroizing;

use super::typ::subtype;
use super::{TokenError, Unverified};
use crate::jwe::{self, Compact, DecryptionKey, EncryptError, EncryptionKey, JweError, Parameters};
use crate::jws::shown;

/// A signed token that came out of an encrypted one. Its signature is not verified, and nothing about it is proven.
pub struct Nested(Zeroizing<String>);

impl Nested {
    /// Takes the signed token apart, to verify it.
    ///
    /// # Errors
    /// As [`Unverified::parse`].
    pub fn unverified(&self) -> Result<Unverified<'_>, TokenError> {
        Unverified::parse(&self.0)
    }

    /// The signed token, for a verifier that takes text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Nested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nested").finish_non_exhaustive()
    }
}

/// Decrypts a nested token.
///
/// # Errors
/// [`NestedError`].
pub fn open(token: &str, key: &DecryptionKey) -> Result<Nested, NestedError> {
    let jwe = Compact::parse(token)?;
    // Media types compare case-blind, and `application/` may be left out.
    if !jwe.header().cty().is_some_and(|cty| subtype(cty).eq_ignore_ascii_case("JWT")) {
        return Err(NestedError::ContentType { found: jwe.header().cty().map(shown) });
    }
    let mut plaintext = jwe.decrypt(key)?;
    // What is no text stays where it is wiped.
    if std::str::from_utf8(&plaintext).is_err() {
        return Err(NestedError::NotSigned);
    }
    let text = String::from_utf8(std::mem::take(&mut *plaintext)).map(Zeroizing::new);
    let text = text.map_err(|_| NestedError::NotSigned)?;
    match text.bytes().filter(|&byte| byte == b'.').count() {
        2 => Ok(Nested(text)),
        4 => Err(NestedError::Encrypted),
        _ => Err(NestedError::NotSigned),
    }
}

/// Encrypts a signed token to its recipient. The header says `cty` is `JWT`, whatever the parameters say.
///
/// # Errors
/// As [`jwe::encrypt`].
///
/// # Security
/// The token is taken as it is; that it is one, and signed, is for the caller to have seen to, and for the recipient to
/// refuse otherwise.
pub fn seal(key: &EncryptionKey, parameters: &Parameters<'_>, signed: &str) -> Result<String, EncryptError> {
    jwe::encrypt(key, &Parameters { cty: Some("JWT"), ..*parameters }, signed.as_bytes())
}

/// Why no signed token came out of an encrypted one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NestedError {
    /// `cty` does not say that there is a token inside.
    #[error("the cty is {found:?}, expected \"JWT\"")]
    ContentType {
        /// What the header says.
        found: Option<String>,
    },
    /// What is inside is encrypted again.
    #[error("the content is encrypted again")]
    Encrypted,
    /// Not a compact JWE that is acceptable, or not for the key.
    #[error(transparent)]
    Jwe(#[from] JweError),
    /// What is inside is not a signed token: bare claims, for one.
    #[error("the content is not a signed token")]
    NotSigned,
}

impl NestedError {
    /// A stable name for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            NestedError::ContentType { .. } => "nested_content_type",
            NestedError::Encrypted => "nested_encrypted",
            NestedError::Jwe(error) => error.code(),
            NestedError::NotSigned => "nested_not_signed",
        }
    }
}
