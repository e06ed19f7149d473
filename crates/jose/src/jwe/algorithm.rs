//! The key management and content encryption algorithms of [RFC 7518 §4, §5] and [RFC 8037 §3.2] that this crate offers.
//!
//! [RFC 7518 §4, §5]: https://www.rfc-editor.org/rfc/rfc7518#section-4
//! [RFC 8037 §3.2]: https://www.rfc-editor.org/rfc/rfc8037#section-3.2

use std::fmt;
use std::str::FromStr;

use crate::UnknownAlgorithm;
use crate::crypto::{Curve, PublicMembers};

/// How the content encryption key comes to the recipient (`alg`); a key carries exactly one ([RFC 8725 §3.1]).
///
/// Not offered, and therefore refused by name: `RSA1_5` (its padding has been an oracle too often), `RSA-OAEP` (SHA-1),
/// 192-bit keys and AES-GCM as a key wrap.
///
/// [RFC 8725 §3.1]: https://www.rfc-editor.org/rfc/rfc8725#section-3.1
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyManagement {
    /// AES Key Wrap with a key of 128 bits.
    A128Kw,
    /// AES Key Wrap with a key of 256 bits.
    A256Kw,
    /// The shared key is the content encryption key.
    Dir,
    /// The key that ECDH gives is the content encryption key.
    EcdhEs,
    /// The key that ECDH gives wraps, 128 bits.
    EcdhEsA128Kw,
    /// The key that ECDH gives wraps, 256 bits.
    EcdhEsA256Kw,
    /// The key that PBKDF2 with HMAC-SHA-256 makes of a password wraps, 128 bits.
    Pbes2Hs256A128Kw,
    /// The key that PBKDF2 with HMAC-SHA-512 makes of a password wraps, 256 bits.
    Pbes2Hs512A256Kw,
    /// RSAES-OAEP with SHA-256 and MGF1 with SHA-256.
    RsaOaep256,
}

impl KeyManagement {
    /// Every key management algorithm of this crate.
    pub const ALL: &[KeyManagement] = &[
        KeyManagement::A128Kw,
        KeyManagement::A256Kw,
        KeyManagement::Dir,
        KeyManagement::EcdhEs,
        KeyManagement::EcdhEsA128Kw,
        KeyManagement::EcdhEsA256Kw,
        KeyManagement::Pbes2Hs256A128Kw,
        KeyManagement::Pbes2Hs512A256Kw,
        KeyManagement::RsaOaep256,
    ];

    /// The registered name, as it stands in `alg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyManagement::A128Kw => "A128KW",
            KeyManagement::A256Kw => "A256KW",
            KeyManagement::Dir => "dir",
            KeyManagement::EcdhEs => "ECDH-ES",
            KeyManagement::EcdhEsA128Kw => "ECDH-ES+A128KW",
            KeyManagement::EcdhEsA256Kw => "ECDH-ES+A256KW",
            KeyManagement::Pbes2Hs256A128Kw => "PBES2-HS256+A128KW",
            KeyManagement::Pbes2Hs512A256Kw => "PBES2-HS512+A256KW",
            KeyManagement::RsaOaep256 => "RSA-OAEP-256",
        }
    }

    /// Whether the message brings no encrypted key, because both sides know or compute the content encryption key.
    pub(super) const fn is_direct(self) -> bool {
        matches!(self, KeyManagement::Dir | KeyManagement::EcdhEs)
    }

    /// Whether the keys are those of key agreement on a curve.
    pub(super) const fn is_agreement(self) -> bool {
        matches!(self, KeyManagement::EcdhEs | KeyManagement::EcdhEsA128Kw | KeyManagement::EcdhEsA256Kw)
    }

    /// Whether the keys are passwords.
    pub(super) const fn is_password(self) -> bool {
        matches!(self, KeyManagement::Pbes2Hs256A128Kw | KeyManagement::Pbes2Hs512A256Kw)
    }

    /// The length of the key that wraps, in bytes, where a key wraps.
    pub(super) const fn wrapping_key_length(self) -> Option<usize> {
        match self {
            KeyManagement::A128Kw | KeyManagement::EcdhEsA128Kw | KeyManagement::Pbes2Hs256A128Kw => Some(16),
            KeyManagement::A256Kw | KeyManagement::EcdhEsA256Kw | KeyManagement::Pbes2Hs512A256Kw => Some(32),
            KeyManagement::Dir | KeyManagement::EcdhEs | KeyManagement::RsaOaep256 => None,
        }
    }
}

impl fmt::Display for KeyManagement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyManagement {
    type Err = UnknownAlgorithm;

    /// Reads the registered name; names are case-sensitive ([RFC 7516 §4.1.1]).
    ///
    /// [RFC 7516 §4.1.1]: https://www.rfc-editor.org/rfc/rfc7516#section-4.1.1
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        KeyManagement::ALL.iter().copied().find(|algorithm| algorithm.as_str() == name).ok_or(UnknownAlgorithm)
    }
}

/// How the content is encrypted (`enc`); always with a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentEncryption {
    /// AES-128 in CBC mode with HMAC-SHA-256, cut to 128 bits.
    A128CbcHs256,
    /// AES-128 in Galois/Counter mode.
    A128Gcm,
    /// AES-256 in CBC mode with HMAC-SHA-512, cut to 256 bits.
    A256CbcHs512,
    /// AES-256 in Galois/Counter mode.
    A256Gcm,
}

impl ContentEncryption {
    /// Every content encryption algorithm of this crate.
    pub const ALL: &[ContentEncryption] = &[
        ContentEncryption::A128CbcHs256,
        ContentEncryption::A128Gcm,
        ContentEncryption::A256CbcHs512,
        ContentEncryption::A256Gcm,
    ];

    /// The registered name, as it stands in `enc`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ContentEncryption::A128CbcHs256 => "A128CBC-HS256",
            ContentEncryption::A128Gcm => "A128GCM",
            ContentEncryption::A256CbcHs512 => "A256CBC-HS512",
            ContentEncryption::A256Gcm => "A256GCM",
        }
    }

    /// The length of its keys, in bytes.
    pub const fn key_length(self) -> usize {
        match self {
            ContentEncryption::A128Gcm => 16,
            ContentEncryption::A128CbcHs256 | ContentEncryption::A256Gcm => 32,
            ContentEncryption::A256CbcHs512 => 64,
        }
    }

    /// The length of its initialization vectors, in bytes.
    pub(super) const fn iv_length(self) -> usize {
        match self {
            ContentEncryption::A128Gcm | ContentEncryption::A256Gcm => 12,
            ContentEncryption::A128CbcHs256 | ContentEncryption::A256CbcHs512 => 16,
        }
    }

    /// The length of its tags, in bytes.
    pub(super) const fn tag_length(self) -> usize {
        match self {
            ContentEncryption::A256CbcHs512 => 32,
            ContentEncryption::A128CbcHs256 | ContentEncryption::A128Gcm | ContentEncryption::A256Gcm => 16,
        }
    }
}

impl fmt::Display for ContentEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ContentEncryption {
    type Err = UnknownAlgorithm;

    /// Reads the registered name; names are case-sensitive.
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        ContentEncryption::ALL.iter().copied().find(|algorithm| algorithm.as_str() == name).ok_or(UnknownAlgorithm)
    }
}

/// A curve of key agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AgreementCurve {
    /// P-256.
    P256,
    /// P-384.
    P384,
    /// P-521.
    P521,
    /// X25519.
    X25519,
}

impl AgreementCurve {
    /// Every curve of this crate.
    pub const ALL: &[AgreementCurve] =
        &[AgreementCurve::P256, AgreementCurve::P384, AgreementCurve::P521, AgreementCurve::X25519];

    /// The registered name, as it stands in `crv`.
    pub const fn as_str(self) -> &'static str {
        match self {
            AgreementCurve::P256 => "P-256",
            AgreementCurve::P384 => "P-384",
            AgreementCurve::P521 => "P-521",
            AgreementCurve::X25519 => "X25519",
        }
    }

    /// The curve of a public key, if it is on one of these.
    pub(crate) fn of(members: &PublicMembers) -> Option<Self> {
        match members {
            PublicMembers::Ec { curve: Curve::P256, .. } => Some(AgreementCurve::P256),
            PublicMembers::Ec { curve: Curve::P384, .. } => Some(AgreementCurve::P384),
            PublicMembers::Ec { curve: Curve::P521, .. } => Some(AgreementCurve::P521),
            PublicMembers::X25519 { .. } => Some(AgreementCurve::X25519),
            PublicMembers::Okp { .. } | PublicMembers::Rsa { .. } => None,
            #[cfg(feature = "ml-dsa")]
            PublicMembers::Akp { .. } => None,
        }
    }
}

impl fmt::Display for AgreementCurve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
