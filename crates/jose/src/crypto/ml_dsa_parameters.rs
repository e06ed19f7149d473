//! The parameter sets of ML-DSA: how each is named in DER, and how long its keys are.

use der::asn1::ObjectIdentifier;

use crate::Algorithm;

/// The identifiers of RFC 9881 §2, which have no parameters.
pub(crate) const fn ml_dsa_id(algorithm: Algorithm) -> ObjectIdentifier {
    match algorithm {
        Algorithm::MlDsa44 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17"),
        Algorithm::MlDsa65 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18"),
        _ => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19"),
    }
}

/// The length of a public key, in bytes; the algorithm is one of ML-DSA.
pub(crate) const fn public_length(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::MlDsa44 => 1312,
        Algorithm::MlDsa65 => 1952,
        _ => 2592,
    }
}
