//! JSON Web Encryption, compact serialization ([RFC 7516 §3.1, §5]).
//!
//! A key does one `alg` and says which `enc` it accepts; the header never chooses. Refused: anything but five segments of
//! strict base64url, a header that is not an object of unique members, every `crit`, `zip`, keys or references to keys in
//! the header (`jwk`, `jku`, `x5u`, `x5c`), initialization vectors, tags and keys of any length but the algorithm's, an
//! ephemeral key off the recipient's curve, iteration counts out of bounds, and every algorithm that is not in
//! [`KeyManagement`] and [`ContentEncryption`]: `RSA1_5`, `RSA-OAEP` and the 192-bit ones by name, before anything is
//! decrypted. A message that cannot be decrypted is refused in one way, whatever was wrong with it.
//!
//! Encryption proves nothing about the sender: anybody can encrypt to a public key. What is encrypted and has to be
//! believed is signed first; such tokens are in [`jwt::encrypted`](crate::jwt::encrypted).
//!
//! ```
//! use countersign_jose::jwe::{self, Compact, DecryptionKey, KeyManagement, Parameters};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = DecryptionKey::generate(KeyManagement::EcdhEsA256Kw)?;
//! let message = jwe::encrypt(&key.encryption_key(), &Parameters::default(), b"the content")?;
//! assert_eq!(Compact::parse(&message)?.decrypt(&key)?.as_slice(), b"the content");
//! # Ok(())
//! # }
//! ```
//!
//! [RFC 7516 §3.1, §5]: https://www.rfc-editor.org/rfc/rfc7516#section-3.1

mod algorithm;
mod bounds;
mod compact;
mod concat_kdf;
mod content_encryption;
mod decryption_key;
mod encryption_key;
mod error;
mod header;
pub mod json_serialization;
mod jwk;
mod key_management;
mod key_set;
mod object;
mod parameters;
mod pem_der;

pub use algorithm::{AgreementCurve, ContentEncryption, KeyManagement};
pub use bounds::MAX_BYTES;
pub use compact::{Compact, encrypt};
pub use decryption_key::DecryptionKey;
pub use encryption_key::EncryptionKey;
pub use error::{EncryptError, JweError, Segment};
pub use header::Header;
pub use key_set::EncryptionKeySet;
pub use parameters::Parameters;
