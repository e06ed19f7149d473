//! Each way in which a JWS can be wrong.

use super::bounds::MAX_BYTES;
use crate::hmac_algorithm::HmacAlgorithm;
use crate::{Algorithm, KeyError, json};

/// One of the three parts of a compact JWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the standard")]
pub enum Segment {
    Header,
    Payload,
    Signature,
}

/// Why a compact JWS was refused. Never repeats the token; values out of a header are cut and cleaned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// `alg` is not the algorithm of the key.
    #[error("the key is for {expected}, the token says {found}")]
    AlgorithmMismatch {
        /// The key's.
        expected: Algorithm,
        /// The token's.
        found: Algorithm,
    },
    /// A segment is not strict base64url.
    #[error("the {segment:?} segment is not strict base64url")]
    Base64Url {
        /// The segment that it is about.
        segment: Segment,
    },
    /// The header holds `crit`.
    #[error("the header demands an extension")]
    Critical,
    /// A segment is empty.
    #[error("the {segment:?} segment is empty")]
    EmptySegment {
        /// The segment that it is about.
        segment: Segment,
    },
    /// The header is not strict JSON.
    #[error("the header is refused: {0}")]
    Header(json::JsonError),
    /// The key that the header brings, where it has to bring one, is refused.
    #[error("the key in the header is refused: {0}")]
    HeaderKey(KeyError),
    /// A header member is absent or not of its type.
    #[error("the header member {member} is missing or has the wrong type")]
    HeaderMember {
        /// The name of the member.
        member: &'static str,
    },
    /// The header is not an object.
    #[error("the header is not an object")]
    HeaderNotObject,
    /// The header brings a key or says where one is.
    #[error("the header brings its own key in {member}")]
    KeyInHeader {
        /// The name of the member.
        member: &'static str,
    },
    /// `alg` is not the algorithm of the symmetric key.
    #[error("the key is for {expected}, the token says {found}")]
    HmacAlgorithmMismatch {
        /// The key's.
        expected: HmacAlgorithm,
        /// The token's.
        found: HmacAlgorithm,
    },
    /// The JSON serialization has a member too many, or one is missing or has the wrong type.
    #[error("the member {member} is not as the JSON serialization has it")]
    JsonMember {
        /// The name of the member; `?` for one that does not belong there.
        member: &'static str,
    },
    /// The JSON serialization is not strict JSON, or not an object.
    #[error("not a JSON serialization: {0}")]
    JsonSerialization(json::JsonError),
    /// Not three segments.
    #[error("expected 3 segments, found {found}")]
    SegmentCount {
        /// How many there are.
        found: usize,
    },
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature,
    /// Longer than [`MAX_BYTES`].
    #[error("the token is {found} bytes long, the limit is {MAX_BYTES}")]
    TooLarge {
        /// Its length in bytes.
        found: usize,
    },
    /// The header holds `b64`.
    #[error("the header asks for an unencoded payload")]
    Unencoded,
    /// The payload of an unencoded compact JWS holds a character that cannot stand in one.
    #[error("the unencoded payload holds a dot or is not printable ASCII")]
    UnencodedPayload,
    /// `alg` names an algorithm that this crate does not verify, `none` and the symmetric ones included.
    #[error("the algorithm {found} is not supported")]
    UnsupportedAlgorithm {
        /// What the header says.
        found: String,
    },
}

impl JwsError {
    /// A stable name for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            JwsError::AlgorithmMismatch { .. } => "algorithm_mismatch",
            JwsError::Base64Url { .. } => "base64url",
            JwsError::Critical => "critical",
            JwsError::EmptySegment { .. } => "empty_segment",
            JwsError::Header(_) => "header_json",
            JwsError::HeaderKey(_) => "header_key",
            JwsError::HeaderMember { .. } => "header_member",
            JwsError::HeaderNotObject => "header_not_object",
            // The same fault, whatever the kind of key.
            JwsError::HmacAlgorithmMismatch { .. } => "algorithm_mismatch",
            JwsError::JsonMember { .. } => "json_member",
            JwsError::JsonSerialization(_) => "json_serialization",
            JwsError::KeyInHeader { .. } => "key_in_header",
            JwsError::SegmentCount { .. } => "segment_count",
            JwsError::Signature => "signature",
            JwsError::TooLarge { .. } => "too_large",
            JwsError::Unencoded => "unencoded_payload",
            JwsError::UnencodedPayload => "unencoded_payload_characters",
            JwsError::UnsupportedAlgorithm { .. } => "unsupported_algorithm",
        }
    }
}
