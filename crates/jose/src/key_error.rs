//! Each way in which a key can be wrong.

/// Why a key was refused. Says what rule it broke and never repeats key material.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// `alg` names an algorithm that this kind of key cannot do.
    #[error("the key's alg does not fit its kty and crv")]
    AlgorithmMismatch,
    /// A public or private key where a shared secret is expected.
    #[error("the key is not symmetric")]
    Asymmetric,
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Backend,
    /// The secret of a MAC is shorter than the hash.
    #[error("the key is shorter than the hash")]
    HmacSize,
    /// The private members are not those of the public ones.
    #[error("the private and the public half do not belong together")]
    Inconsistent,
    /// Not a JSON document that the strict reader accepts.
    #[error("the key is not strict JSON: {0}")]
    Json(#[from] crate::json::JsonError),
    /// A symmetric key or a password has not the length that its algorithm asks for.
    #[error("the key has not the length of its algorithm")]
    KeySize,
    /// The key is not an object, or not PKCS #8 for the algorithm.
    #[error("the key is malformed")]
    Malformed,
    /// A member is absent, has the wrong type, or is not the one encoding of its value.
    #[error("the member {0} is missing or malformed")]
    Member(&'static str),
    /// `use`, `key_ops`, `alg` or `crv` say that the key is not for encrypting to, or decrypting with.
    #[error("the key is not for encryption")]
    NotForEncryption,
    /// `use` or `key_ops` say that the key is not for verifying signatures, or contradict each other.
    #[error("the key is not for verifying signatures")]
    NotForSignatures,
    /// The point is not on the curve.
    #[error("the key is not a point of its curve, or a weak one")]
    Point,
    /// A member that only a private key has.
    #[error("the key carries private members")]
    PrivateMember,
    /// The modulus has the fingerprint of keys whose primes can be found (CVE-2017-15361).
    #[error("the RSA modulus was made by a flawed generator")]
    Roca,
    /// An RSA private key, which the pure-Rust back end does not use: the time that it would take says something about
    /// the key (RUSTSEC-2023-0071). Build with the feature `native`, or sign with another algorithm. RSA public keys
    /// verify with either back end.
    #[error("the pure-Rust back end has no RSA private keys")]
    RsaPrivateKey,
    /// The modulus is not 2048 to 8192 bits, or the exponent is even, 1, or longer than 33 bits.
    #[error("the RSA key has an unacceptable size")]
    RsaSize,
    /// A symmetric key where a public one is expected.
    #[error("the key is symmetric")]
    Symmetric,
    /// A `kty`, `crv` or `alg` that this crate does not verify with.
    #[error("the kty, crv or alg is not supported")]
    Unsupported,
}

impl KeyError {
    /// A stable name for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            KeyError::AlgorithmMismatch => "key_algorithm",
            KeyError::Asymmetric => "key_asymmetric",
            KeyError::Backend => "key_backend",
            KeyError::HmacSize => "key_hmac_size",
            KeyError::Inconsistent => "key_inconsistent",
            KeyError::Json(_) => "key_json",
            KeyError::KeySize => "key_size",
            KeyError::Malformed => "key_malformed",
            KeyError::Member(_) => "key_member",
            KeyError::NotForEncryption => "key_not_for_encryption",
            KeyError::NotForSignatures => "key_not_for_signatures",
            KeyError::Point => "key_point",
            KeyError::PrivateMember => "key_private_member",
            KeyError::Roca => "key_roca",
            KeyError::RsaPrivateKey => "key_rsa_private_key",
            KeyError::RsaSize => "key_rsa_size",
            KeyError::Symmetric => "key_symmetric",
            KeyError::Unsupported => "key_unsupported",
        }
    }
}
