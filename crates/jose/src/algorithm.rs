//! The signature algorithms of [RFC 7518 §3.1] and [RFC 8037 §3.1] that this crate signs and verifies with.
//!
//! [RFC 7518 §3.1]: https://www.rfc-editor.org/rfc/rfc7518#section-3.1
//! [RFC 8037 §3.1]: https://www.rfc-editor.org/rfc/rfc8037#section-3.1

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A digital signature algorithm; a key carries exactly one ([RFC 8725 §3.1]).
///
/// MACs have a type of their own ([`HmacAlgorithm`](crate::jws::hmac::HmacAlgorithm)) and `none` has no variant, so no token
/// can ask for them where a signature is expected.
///
/// [RFC 8725 §3.1]: https://www.rfc-editor.org/rfc/rfc8725#section-3.1
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519.
    EdDSA,
    /// ECDSA with P-256 and SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA with P-384 and SHA-384.
    #[serde(rename = "ES384")]
    Es384,
    /// ECDSA with P-521 and SHA-512.
    #[serde(rename = "ES512")]
    Es512,
    /// ML-DSA-44 ([RFC 9964]), with the feature `ml-dsa`.
    ///
    /// [RFC 9964]: https://www.rfc-editor.org/rfc/rfc9964
    #[cfg(feature = "ml-dsa")]
    #[serde(rename = "ML-DSA-44")]
    MlDsa44,
    /// ML-DSA-65, as [`MlDsa44`](Self::MlDsa44).
    #[cfg(feature = "ml-dsa")]
    #[serde(rename = "ML-DSA-65")]
    MlDsa65,
    /// ML-DSA-87, as [`MlDsa44`](Self::MlDsa44).
    #[cfg(feature = "ml-dsa")]
    #[serde(rename = "ML-DSA-87")]
    MlDsa87,
    /// RSASSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// RSASSA-PSS with SHA-384.
    #[serde(rename = "PS384")]
    Ps384,
    /// RSASSA-PSS with SHA-512.
    #[serde(rename = "PS512")]
    Ps512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    #[serde(rename = "RS384")]
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    #[serde(rename = "RS512")]
    Rs512,
}

impl Algorithm {
    /// Every algorithm that this crate signs and verifies with.
    pub const ALL: &[Algorithm] = &[
        Algorithm::EdDSA,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::Es512,
        #[cfg(feature = "ml-dsa")]
        Algorithm::MlDsa44,
        #[cfg(feature = "ml-dsa")]
        Algorithm::MlDsa65,
        #[cfg(feature = "ml-dsa")]
        Algorithm::MlDsa87,
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
    ];

    /// The registered name, as it stands in `alg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::EdDSA => "EdDSA",
            Algorithm::Es256 => "ES256",
            Algorithm::Es384 => "ES384",
            Algorithm::Es512 => "ES512",
            #[cfg(feature = "ml-dsa")]
            Algorithm::MlDsa44 => "ML-DSA-44",
            #[cfg(feature = "ml-dsa")]
            Algorithm::MlDsa65 => "ML-DSA-65",
            #[cfg(feature = "ml-dsa")]
            Algorithm::MlDsa87 => "ML-DSA-87",
            Algorithm::Ps256 => "PS256",
            Algorithm::Ps384 => "PS384",
            Algorithm::Ps512 => "PS512",
            Algorithm::Rs256 => "RS256",
            Algorithm::Rs384 => "RS384",
            Algorithm::Rs512 => "RS512",
        }
    }

    #[cfg(feature = "ml-dsa")]
    pub(crate) const fn is_ml_dsa(self) -> bool {
        matches!(self, Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87)
    }

    pub(crate) const fn is_rsa(self) -> bool {
        matches!(
            self,
            Algorithm::Ps256
                | Algorithm::Ps384
                | Algorithm::Ps512
                | Algorithm::Rs256
                | Algorithm::Rs384
                | Algorithm::Rs512
        )
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Reads the registered name; names are case-sensitive ([RFC 7515 §4.1.1]).
    ///
    /// [RFC 7515 §4.1.1]: https://www.rfc-editor.org/rfc/rfc7515#section-4.1.1
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Algorithm::ALL.iter().copied().find(|algorithm| algorithm.as_str() == name).ok_or(UnknownAlgorithm)
    }
}

/// The name is not one of the algorithms in [`Algorithm::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a supported signature algorithm")]
pub struct UnknownAlgorithm;
