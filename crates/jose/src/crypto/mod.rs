//! The primitives, behind one seam.
//!
//! A back end offers `PrivateKey` (generate, from and to PKCS #8, public members, sign), `PublicKey` (from members,
//! verify) and `sha256`, and nothing else in the crate names a cryptographic library. Keys are parsed when they are made;
//! signing and verifying only compute.

mod ed25519;
mod native;

pub use native::sha256;
pub(crate) use native::{PrivateKey, PublicKey};

/// The members of a public key, as bytes: what a back end turns into a key, and what a JWK is made of.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PublicMembers {
    /// P-256.
    Ec { x: [u8; 32], y: [u8; 32] },
    /// Ed25519.
    Okp { x: [u8; 32] },
    /// Big-endian, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// The back end does not accept the key material, or the signature is wrong.
#[derive(Debug)]
pub(crate) struct Rejected;
