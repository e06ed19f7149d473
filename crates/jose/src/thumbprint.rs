//! JWK thumbprints ([RFC 7638]).
//!
//! [RFC 7638]: https://www.rfc-editor.org/rfc/rfc7638

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{base64url, crypto};

/// The SHA-256 thumbprint of a public key, in base64url (43 characters).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Thumbprint(String);

impl Thumbprint {
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The thumbprint as a URI ([RFC 9278]).
    ///
    /// [RFC 9278]: https://www.rfc-editor.org/rfc/rfc9278
    pub fn to_uri(&self) -> String {
        format!("{URI_PREFIX}{}", self.0)
    }

    /// Reads a thumbprint URI. The scheme and the namespace compare case-blind ([RFC 8141 §3.1]); of the hashes only
    /// `sha-256` is known.
    ///
    /// # Errors
    /// [`InvalidThumbprint`] for any other URI and for any second way to write the hash.
    ///
    /// [RFC 8141 §3.1]: https://www.rfc-editor.org/rfc/rfc8141#section-3.1
    pub fn from_uri(uri: &str) -> Result<Self, InvalidThumbprint> {
        // `urn:ietf:` is what RFC 8141 lets vary in case.
        let (namespace, rest) = uri.split_at_checked("urn:ietf:".len()).ok_or(InvalidThumbprint)?;
        let hash = rest.strip_prefix("params:oauth:jwk-thumbprint:sha-256:").ok_or(InvalidThumbprint)?;
        if !namespace.eq_ignore_ascii_case("urn:ietf:") {
            return Err(InvalidThumbprint);
        }
        hash.parse()
    }

    /// Hashes the required members, already written in the form of [RFC 7638 §3].
    ///
    /// [RFC 7638 §3]: https://www.rfc-editor.org/rfc/rfc7638#section-3
    pub(crate) fn of_members(members: &str) -> Self {
        Thumbprint(base64url::encode(crypto::sha256(members.as_bytes())))
    }
}

const URI_PREFIX: &str = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:";

impl FromStr for Thumbprint {
    type Err = InvalidThumbprint;

    fn from_str(text: &str) -> Result<Self, InvalidThumbprint> {
        base64url::decode_array::<32>(text).map_err(|_| InvalidThumbprint)?;
        Ok(Thumbprint(text.to_owned()))
    }
}

impl AsRef<str> for Thumbprint {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Thumbprint {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Thumbprint {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({})", self.0)
    }
}

impl Serialize for Thumbprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Thumbprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The text is not the base64url encoding of 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 thumbprint")]
pub struct InvalidThumbprint;
