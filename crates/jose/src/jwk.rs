//! Public JSON Web Keys ([RFC 7517], [RFC 7518 §6], [RFC 8037 §2]).
//!
//! Refused: private and symmetric keys, points off the curve or of small order, RSA moduli under 2048 bits or from a
//! flawed generator, members with a second encoding, and `use`, `key_ops` or `alg` that contradict the key.
//!
//! [RFC 7517]: https://www.rfc-editor.org/rfc/rfc7517
//! [RFC 7518 §6]: https://www.rfc-editor.org/rfc/rfc7518#section-6
//! [RFC 8037 §2]: https://www.rfc-editor.org/rfc/rfc8037#section-2

pub(crate) mod members;
mod oct;
mod private;
mod roca;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::crypto::{PublicKey, PublicMembers, Rejected};
use crate::{Algorithm, KeyError, Thumbprint, base64url, json};

pub(crate) use oct::{Oct, check_no_public_members, read as read_oct};
pub use private::PrivateJwk;
pub(crate) use private::{Private, Read, read as read_private};

/// A public key as a JWK. It is parsed and checked when it is made; cloning shares the parsed key.
#[derive(Clone)]
pub struct Jwk {
    algorithm: Algorithm,
    kid: Option<String>,
    key: Arc<Key>,
}

struct Key {
    members: PublicMembers,
    public: PublicKey,
    thumbprint: Thumbprint,
}

impl Jwk {
    /// Reads a JWK. Members that it does not know are ignored, as [RFC 7517 §4] asks.
    ///
    /// An EC or OKP key has the one algorithm of its curve. An RSA key has the one that `alg` names, and without `alg` it is
    /// for RS256: a key for PSS has to say so.
    ///
    /// # Errors
    /// [`KeyError`], one variant per rule.
    ///
    /// [RFC 7517 §4]: https://www.rfc-editor.org/rfc/rfc7517#section-4
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Self::from_value(&json::parse(text.as_bytes())?)
    }

    /// Reads a JWK out of a JSON value that the strict reader has produced.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_value(value: &Value) -> Result<Self, KeyError> {
        let object = value.as_object().ok_or(KeyError::Malformed)?;
        let members::Read { algorithm, kid, members } = members::read(object)?;
        Ok(Jwk { kid, ..Self::new(algorithm, members)? })
    }

    /// The algorithm that the key verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key id, if the key carries one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The same key under another id.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        Jwk { kid: Some(kid.into()), ..self }
    }

    /// The key type, as it stands in `kty`.
    pub fn kty(&self) -> &'static str {
        match self.key.members {
            PublicMembers::Ec { .. } => "EC",
            PublicMembers::Okp { .. } | PublicMembers::X25519 { .. } => "OKP",
            #[cfg(feature = "ml-dsa")]
            PublicMembers::Akp { .. } => "AKP",
            PublicMembers::Rsa { .. } => "RSA",
        }
    }

    /// The curve, as it stands in `crv`; RSA and ML-DSA keys have none.
    pub fn crv(&self) -> Option<&'static str> {
        match self.key.members {
            PublicMembers::Ec { curve, .. } => Some(curve.as_str()),
            PublicMembers::Okp { .. } => Some("Ed25519"),
            #[cfg(feature = "ml-dsa")]
            PublicMembers::Akp { .. } => None,
            PublicMembers::Rsa { .. } => None,
            PublicMembers::X25519 { .. } => Some("X25519"),
        }
    }

    /// The SHA-256 thumbprint ([RFC 7638]), over the key itself: `kid` plays no part, nor does `alg`, unless the kind
    /// of key cannot be told without it (ML-DSA).
    ///
    /// [RFC 7638]: https://www.rfc-editor.org/rfc/rfc7638
    pub fn thumbprint(&self) -> &Thumbprint {
        &self.key.thumbprint
    }

    pub(crate) fn members(&self) -> &PublicMembers {
        &self.key.members
    }

    pub(crate) fn public_key(&self) -> &PublicKey {
        &self.key.public
    }

    /// The JSON object of the required members alone, as the thumbprint hashes it.
    pub(crate) fn required_members(&self) -> String {
        required_members(&self.key.members)
    }

    /// The same key, made ready to verify often.
    pub(crate) fn precomputed(&self) -> Self {
        let Some(public) = self.key.public.precomputed() else { return self.clone() };
        let (members, thumbprint) = (self.key.members.clone(), self.key.thumbprint.clone());
        Jwk { key: Arc::new(Key { members, public, thumbprint }), ..self.clone() }
    }

    pub(crate) fn new(algorithm: Algorithm, members: PublicMembers) -> Result<Self, KeyError> {
        if let PublicMembers::Rsa { n, e } = &members {
            members::check_rsa(n, e)?;
        }
        let public = PublicKey::new(algorithm, &members).map_err(|Rejected| KeyError::Point)?;
        let thumbprint = Thumbprint::of_members(&required_members(&members));
        Ok(Jwk { algorithm, kid: None, key: Arc::new(Key { members, public, thumbprint }) })
    }
}

/// The required members in the order of their names, without white space ([RFC 7638 §3.2], [RFC 8037 §2]). Written by
/// hand: no JSON library's member order has a say.
///
/// [RFC 7638 §3.2]: https://www.rfc-editor.org/rfc/rfc7638#section-3.2
/// [RFC 8037 §2]: https://www.rfc-editor.org/rfc/rfc8037#section-2
pub(crate) fn required_members(members: &PublicMembers) -> String {
    match members {
        PublicMembers::Ec { curve, x, y } => {
            let (crv, x, y) = (curve.as_str(), base64url::encode(x), base64url::encode(y));
            format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
        PublicMembers::Okp { x } => {
            let x = base64url::encode(x);
            format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)
        }
        #[cfg(feature = "ml-dsa")]
        PublicMembers::Akp { algorithm, public } => {
            let public = base64url::encode(public);
            format!(r#"{{"alg":"{algorithm}","kty":"AKP","pub":"{public}"}}"#)
        }
        PublicMembers::Rsa { n, e } => {
            let (n, e) = (base64url::encode(n), base64url::encode(e));
            format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
        }
        PublicMembers::X25519 { x } => {
            let x = base64url::encode(x);
            format!(r#"{{"crv":"X25519","kty":"OKP","x":"{x}"}}"#)
        }
    }
}

impl PartialEq for Jwk {
    fn eq(&self, other: &Self) -> bool {
        (self.algorithm, &self.kid, &self.key.members) == (other.algorithm, &other.kid, &other.key.members)
    }
}

impl Eq for Jwk {}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk").field("alg", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl FromStr for Jwk {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

impl TryFrom<&Value> for Jwk {
    type Error = KeyError;

    fn try_from(value: &Value) -> Result<Self, KeyError> {
        Self::from_value(value)
    }
}

impl Serialize for Jwk {
    /// Writes the key with `use`, `alg` and, if it has one, `kid`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kty", self.kty())?;
        if let Some(crv) = self.crv() {
            map.serialize_entry("crv", crv)?;
        }
        match &self.key.members {
            PublicMembers::Ec { x, y, .. } => {
                map.serialize_entry("x", &base64url::encode(x))?;
                map.serialize_entry("y", &base64url::encode(y))?;
            }
            PublicMembers::Okp { x } | PublicMembers::X25519 { x } => {
                map.serialize_entry("x", &base64url::encode(x))?;
            }
            #[cfg(feature = "ml-dsa")]
            PublicMembers::Akp { public, .. } => map.serialize_entry("pub", &base64url::encode(public))?,
            PublicMembers::Rsa { n, e } => {
                map.serialize_entry("n", &base64url::encode(n))?;
                map.serialize_entry("e", &base64url::encode(e))?;
            }
        }
        map.serialize_entry("use", "sig")?;
        map.serialize_entry("alg", &self.algorithm)?;
        if let Some(kid) = &self.kid {
            map.serialize_entry("kid", kid)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Jwk {
    /// Reads a JWK by the rules of [`Jwk::parse`]. Whether its members were unique is for the reader of the whole
    /// document to see: use [`json::from_slice`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
