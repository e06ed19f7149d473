//! The JOSE header of an encrypted message ([RFC 7516 §4], [RFC 7518 §4.6.1, §4.8.1]).
//!
//! [RFC 7516 §4]: https://www.rfc-editor.org/rfc/rfc7516#section-4
//! [RFC 7518 §4.6.1, §4.8.1]: https://www.rfc-editor.org/rfc/rfc7518#section-4.6.1

use serde_json::{Map, Value};

use super::jwk;
use super::{ContentEncryption, JweError, KeyManagement};
use crate::base64url;
use crate::crypto::PublicMembers;
use crate::jws::shown;

/// What a header says. Members that we do not know are ignored, as [RFC 7516 §4] asks.
///
/// [RFC 7516 §4]: https://www.rfc-editor.org/rfc/rfc7516#section-4
#[derive(Clone)]
pub struct Header {
    algorithm: KeyManagement,
    content_encryption: ContentEncryption,
    kid: Option<String>,
    typ: Option<String>,
    cty: Option<String>,
    pub(super) parameters: KeyParameters,
}

/// What the header brings for the key management.
#[derive(Clone)]
pub(super) enum KeyParameters {
    None,
    /// ECDH-ES: the ephemeral key, and what the two parties are called.
    Agreement {
        epk: PublicMembers,
        apu: Vec<u8>,
        apv: Vec<u8>,
    },
    /// PBES2: `p2s` and `p2c`, not yet judged.
    Password {
        salt: Vec<u8>,
        count: u64,
    },
}

impl Header {
    /// `alg`.
    pub fn algorithm(&self) -> KeyManagement {
        self.algorithm
    }

    /// `enc`.
    pub fn content_encryption(&self) -> ContentEncryption {
        self.content_encryption
    }

    /// `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `typ`, as it was written in the protected header.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// `cty`, as it was written in the protected header.
    pub fn cty(&self) -> Option<&str> {
        self.cty.as_deref()
    }

    /// Reads the members of the protected header and of those beside it, which have no names in common. What nobody
    /// protects chooses the key and says how the content is encrypted, and nothing else.
    pub(super) fn read(protected: &Map<String, Value>, beside: &[&Map<String, Value>]) -> Result<Self, JweError> {
        let all = Members { protected, beside };
        if all.find("crit").is_some() {
            return Err(JweError::Critical);
        }
        if let Some(member) = ["jwk", "jku", "x5u", "x5c"].into_iter().find(|member| all.find(member).is_some()) {
            return Err(JweError::KeyInHeader { member });
        }
        if all.find("zip").is_some() {
            return Err(JweError::Compressed);
        }
        let name = all.text("alg")?.ok_or(JweError::HeaderMember { member: "alg" })?;
        let algorithm = name.parse().map_err(|_| JweError::UnsupportedKeyManagement { found: shown(name) })?;
        let name = all.text("enc")?.ok_or(JweError::HeaderMember { member: "enc" })?;
        let content_encryption =
            name.parse().map_err(|_| JweError::UnsupportedContentEncryption { found: shown(name) })?;
        let only_protected = Members { protected, beside: &[] };
        Ok(Header {
            algorithm,
            content_encryption,
            kid: all.text("kid")?.map(str::to_owned),
            typ: only_protected.text("typ")?.map(str::to_owned),
            cty: only_protected.text("cty")?.map(str::to_owned),
            parameters: all.key_parameters(algorithm)?,
        })
    }
}

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Header")
            .field("alg", &self.algorithm)
            .field("enc", &self.content_encryption)
            .field("kid", &self.kid)
            .field("typ", &self.typ)
            .field("cty", &self.cty)
            .finish_non_exhaustive()
    }
}

struct Members<'a> {
    protected: &'a Map<String, Value>,
    beside: &'a [&'a Map<String, Value>],
}

impl<'a> Members<'a> {
    fn find(&self, member: &str) -> Option<&'a Value> {
        self.protected.get(member).or_else(|| self.beside.iter().find_map(|header| header.get(member)))
    }

    fn text(&self, member: &'static str) -> Result<Option<&'a str>, JweError> {
        self.find(member).map(|value| value.as_str().ok_or(JweError::HeaderMember { member })).transpose()
    }

    fn bytes(&self, member: &'static str) -> Result<Option<Vec<u8>>, JweError> {
        let decode = |text| base64url::decode(text).map_err(|_| JweError::HeaderMember { member });
        self.text(member)?.map(decode).transpose()
    }

    fn key_parameters(&self, algorithm: KeyManagement) -> Result<KeyParameters, JweError> {
        if algorithm.is_agreement() {
            let epk = self.find("epk").and_then(Value::as_object).ok_or(JweError::HeaderMember { member: "epk" })?;
            return Ok(KeyParameters::Agreement {
                epk: jwk::agreement_members(epk).map_err(|_| JweError::EphemeralKey)?,
                apu: self.bytes("apu")?.unwrap_or_default(),
                apv: self.bytes("apv")?.unwrap_or_default(),
            });
        }
        if algorithm.is_password() {
            let count = self.find("p2c").and_then(Value::as_u64).ok_or(JweError::HeaderMember { member: "p2c" })?;
            let salt = self.bytes("p2s")?.ok_or(JweError::HeaderMember { member: "p2s" })?;
            return Ok(KeyParameters::Password { salt, count });
        }
        Ok(KeyParameters::None)
    }
}
