//! Each way in which an encrypted message can be wrong, and each in which none is made.

use std::ops::RangeInclusive;

use super::bounds::{MAX_BYTES, MAX_RECIPIENTS};
use super::{ContentEncryption, KeyManagement};
use crate::KeyError;
use crate::json::JsonError;

/// One of the five parts of a compact JWE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the standard")]
pub enum Segment {
    Header,
    EncryptedKey,
    InitializationVector,
    Ciphertext,
    AuthenticationTag,
}

/// Why a JWE was refused. Never repeats the message; values out of a header are cut and cleaned.
///
/// What goes wrong with a secret has one variant, [`Decryption`](Self::Decryption): whether a key, a tag or a padding was
/// wrong is not told ([RFC 7516 §11.5]).
///
/// [RFC 7516 §11.5]: https://www.rfc-editor.org/rfc/rfc7516#section-11.5
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JweError {
    /// `alg` is not the algorithm of the key.
    #[error("the key is for {expected}, the message says {found}")]
    AlgorithmMismatch {
        /// The key's.
        expected: KeyManagement,
        /// The message's.
        found: KeyManagement,
    },
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Backend,
    /// A segment is not strict base64url.
    #[error("the {segment:?} segment is not strict base64url")]
    Base64Url {
        /// The segment that it is about.
        segment: Segment,
    },
    /// The header holds `zip`. What is compressed before it is encrypted tells of its content by its length, and what is
    /// small may become large ([RFC 8725 §3.6](https://www.rfc-editor.org/rfc/rfc8725#section-3.6)).
    #[error("the header says that the plaintext is compressed")]
    Compressed,
    /// `enc` is not one that the key accepts.
    #[error("the content encryption is {found}, the key accepts {expected:?}")]
    ContentEncryptionMismatch {
        /// The key's.
        expected: Vec<ContentEncryption>,
        /// The message's.
        found: ContentEncryption,
    },
    /// The header holds `crit`.
    #[error("the header demands an extension")]
    Critical,
    /// The message is not for this key, or has been changed.
    #[error("the message cannot be decrypted")]
    Decryption,
    /// A segment is empty.
    #[error("the {segment:?} segment is empty")]
    EmptySegment {
        /// The segment that it is about.
        segment: Segment,
    },
    /// `epk` is not a public key on the curve of the recipient's key, or a weak one.
    #[error("the ephemeral key is not one on the curve of the key")]
    EphemeralKey,
    /// The header is not strict JSON.
    #[error("the header is refused: {0}")]
    Header(JsonError),
    /// A header member is absent or not what it has to be.
    #[error("the header member {member} is missing or malformed")]
    HeaderMember {
        /// The name of the member.
        member: &'static str,
    },
    /// The header is not an object.
    #[error("the header is not an object")]
    HeaderNotObject,
    /// The JSON serialization has a member too many, or one is missing or has the wrong type.
    #[error("the member {member} is not as the JSON serialization has it")]
    JsonMember {
        /// The name of the member; `?` for one that does not belong there.
        member: &'static str,
    },
    /// The JSON serialization is not strict JSON, or not an object.
    #[error("not a JSON serialization: {0}")]
    JsonSerialization(JsonError),
    /// The header brings a key or says where one is.
    #[error("the header brings its own key in {member}")]
    KeyInHeader {
        /// The name of the member.
        member: &'static str,
    },
    /// A segment has not the length that the algorithms ask for.
    #[error("the {segment:?} segment is {found} bytes long, expected {expected}")]
    Length {
        /// The segment that it is about.
        segment: Segment,
        /// The length that it should have, in bytes.
        expected: usize,
        /// The length that it has, in bytes.
        found: usize,
    },
    /// No recipient of a general JWE has the key's algorithm and id.
    #[error("the message has no recipient with the key's algorithm and id")]
    NoRecipient,
    /// `p2c`, or the sum of several where several recipients may be meant, is outside of what the key allows. Nothing has
    /// been computed.
    #[error("the iteration count is {found}, {least} to {most} are allowed")]
    PasswordCount {
        /// The key's least.
        least: u32,
        /// The key's most.
        most: u32,
        /// The message's.
        found: u64,
    },
    /// A member stands in more than one of the headers.
    #[error("a header member stands in two headers")]
    RepeatedMember,
    /// `p2s` is shorter than 8 bytes.
    #[error("the salt is {found} bytes long, at least 8 are needed")]
    SaltLength {
        /// The length that it has, in bytes.
        found: usize,
    },
    /// Not five segments.
    #[error("expected 5 segments, found {found}")]
    SegmentCount {
        /// How many there are.
        found: usize,
    },
    /// Longer than [`MAX_BYTES`].
    #[error("the message is {found} bytes long, the limit is {MAX_BYTES}")]
    TooLarge {
        /// Its length in bytes.
        found: usize,
    },
    /// `enc` names an algorithm that this crate does not offer.
    #[error("the content encryption {found} is not supported")]
    UnsupportedContentEncryption {
        /// What the header says.
        found: String,
    },
    /// `alg` names an algorithm that this crate does not offer.
    #[error("the key management {found} is not supported")]
    UnsupportedKeyManagement {
        /// What the header says.
        found: String,
    },
}

impl JweError {
    /// A stable name for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            JweError::AlgorithmMismatch { .. } => "algorithm_mismatch",
            JweError::Backend => "backend",
            JweError::Base64Url { .. } => "base64url",
            JweError::Compressed => "compressed",
            JweError::ContentEncryptionMismatch { .. } => "content_encryption_mismatch",
            JweError::Critical => "critical",
            JweError::Decryption => "decryption",
            JweError::EmptySegment { .. } => "empty_segment",
            JweError::EphemeralKey => "ephemeral_key",
            JweError::Header(_) => "header_json",
            JweError::HeaderMember { .. } => "header_member",
            JweError::HeaderNotObject => "header_not_object",
            JweError::JsonMember { .. } => "json_member",
            JweError::JsonSerialization(_) => "json_serialization",
            JweError::KeyInHeader { .. } => "key_in_header",
            JweError::Length { .. } => "length",
            JweError::NoRecipient => "no_recipient",
            JweError::PasswordCount { .. } => "password_count",
            JweError::RepeatedMember => "repeated_member",
            JweError::SaltLength { .. } => "salt_length",
            JweError::SegmentCount { .. } => "segment_count",
            JweError::TooLarge { .. } => "too_large",
            JweError::UnsupportedContentEncryption { .. } => "unsupported_content_encryption",
            JweError::UnsupportedKeyManagement { .. } => "unsupported_key_management",
        }
    }

    pub(super) fn password_count(allowed: &RangeInclusive<u32>, found: u64) -> Self {
        JweError::PasswordCount { least: *allowed.start(), most: *allowed.end(), found }
    }
}

/// Why nothing was encrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// The key is for another content encryption.
    #[error("the key is for {expected}, asked for {found}")]
    ContentEncryptionMismatch {
        /// The key's.
        expected: ContentEncryption,
        /// What was asked for.
        found: ContentEncryption,
    },
    /// The key failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Nobody to encrypt to, more than 8, or several of whom one is to know the content encryption key directly.
    #[error("expected 1 to {MAX_RECIPIENTS} recipients, and one alone for dir and ECDH-ES")]
    Recipients,
    /// The message would be longer than any recipient here accepts.
    #[error("the message is {found} bytes long, the limit is {MAX_BYTES}")]
    TooLarge {
        /// Its length in bytes.
        found: usize,
    },
}
