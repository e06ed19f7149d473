//! JWKs with their private members ([RFC 7518 §6.2.2, §6.3.2], [RFC 8037 §2]).
//!
//! What is read here becomes a [`SigningKey`](crate::SigningKey) and nothing else; what is written here has a type of its
//! own, which nothing serializes. The public half passes every check of a public JWK, and the back end checks that the
//! private half belongs to it.
//!
//! [RFC 7518 §6.2.2, §6.3.2]: https://www.rfc-editor.org/rfc/rfc7518#section-6.2.2
//! [RFC 8037 §2]: https://www.rfc-editor.org/rfc/rfc8037#section-2

use std::fmt;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::members;
use crate::crypto::{PrivateMembers, PublicMembers};
use crate::jws::hmac::HmacAlgorithm;
use crate::{Algorithm, Jwk, KeyError, base64url, json};

/// A private key as the text of a JWK. It is wiped when dropped, is not shown, and has no `Serialize`.
pub struct PrivateJwk(Zeroizing<String>);

impl PrivateJwk {
    /// The JWK as JSON, private members included.
    ///
    /// # Security
    /// Whoever reads it can sign or decrypt as its owner.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Writes the public members as [`Jwk`] does, and the private ones after them.
    pub(crate) fn write(public: &Jwk, private: &PrivateMembers) -> Result<Self, KeyError> {
        let public = serde_json::to_string(public).map_err(|_| KeyError::Backend)?;
        Self::join(&public, &private.named())
    }

    /// Writes further members at the end of an object that has some.
    pub(crate) fn join(object: &str, members: &[(&'static str, &[u8])]) -> Result<Self, KeyError> {
        // Enough for all of it: a string that grows leaves copies behind.
        let length = members.iter().map(|(member, bytes)| member.len() + bytes.len() * 4 / 3 + 16).sum::<usize>();
        let mut text = Zeroizing::new(String::with_capacity(object.len() + length));
        text.push_str(object.strip_suffix('}').ok_or(KeyError::Backend)?);
        for (member, bytes) in members {
            text.push_str(",\"");
            text.push_str(member);
            text.push_str("\":\"");
            base64url::encode_into(bytes, &mut text);
            text.push('"');
        }
        text.push('}');
        Ok(PrivateJwk(text))
    }

    /// Writes a shared secret with the one MAC that it is for.
    pub(crate) fn write_oct(algorithm: HmacAlgorithm, kid: Option<&str>, secret: &[u8]) -> Self {
        // A string always has a JSON form.
        let kid = kid.map(|kid| format!(r#","kid":{}"#, serde_json::to_string(kid).unwrap_or_default()));
        let members = format!(r#"{{"kty":"oct","use":"sig","alg":"{algorithm}"{}"#, kid.unwrap_or_default());
        let mut text = Zeroizing::new(String::with_capacity(members.len() + secret.len() * 4 / 3 + 16));
        text.push_str(&members);
        text.push_str(r#","k":""#);
        base64url::encode_into(secret, &mut text);
        text.push_str(r#""}"#);
        PrivateJwk(text)
    }
}

impl fmt::Debug for PrivateJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateJwk").finish_non_exhaustive()
    }
}

/// What a private JWK says, before the key is made.
pub(crate) struct Read {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) public: PublicMembers,
    pub(crate) private: PrivateMembers,
}

pub(crate) fn read(text: &str) -> Result<Read, KeyError> {
    let Value::Object(mut object) = json::parse(text.as_bytes())? else { return Err(KeyError::Malformed) };
    let mut rest = Private::take_from(&mut object);
    take_operations(&mut object)?;
    // Without its private members it is a public JWK, and has to be a good one.
    let members::Read { algorithm, kid, members: public } = members::read(&object)?;
    let private = PrivateMembers::take(&public, &mut rest)?;
    Ok(Read { algorithm, kid, public, private })
}

/// [RFC 7517 §4.3]: a private key signs; it may also say that its public half verifies.
///
/// [RFC 7517 §4.3]: https://www.rfc-editor.org/rfc/rfc7517#section-4.3
fn take_operations(object: &mut Map<String, Value>) -> Result<(), KeyError> {
    let Some(operations) = object.remove("key_ops") else { return Ok(()) };
    match members::signing_operations(&operations)? {
        (1, 0 | 1) => Ok(()),
        (0, 0 | 1) => Err(KeyError::NotForSignatures),
        _ => Err(KeyError::Member("key_ops")),
    }
}

/// The private members, out of reach of whatever reads the others; wiped when dropped.
pub(crate) struct Private(Vec<(&'static str, Option<Zeroizing<String>>)>);

impl Private {
    pub(crate) fn take_from(object: &mut Map<String, Value>) -> Self {
        let take = |&member: &&'static str| match object.remove(member) {
            Some(Value::String(text)) => Some((member, Some(Zeroizing::new(text)))),
            Some(_) => Some((member, None)),
            None => None,
        };
        Private(members::PRIVATE_MEMBERS.iter().filter_map(take).collect())
    }

    /// Decodes a member and takes it out, so that what is left is what does not belong to the key.
    pub(crate) fn bytes(&mut self, member: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let index = self.0.iter().position(|(name, _)| *name == member).ok_or(KeyError::Member(member))?;
        let (_, text) = self.0.swap_remove(index);
        let text = text.ok_or(KeyError::Member(member))?;
        base64url::decode(text.as_bytes()).map(Zeroizing::new).map_err(|_| KeyError::Member(member))
    }

    /// A private member that a kind of key does not have (`oth`, `k`, a prime beside a scalar) is a contradiction.
    pub(crate) fn nothing_left(&self) -> Result<(), KeyError> {
        match self.0.first() {
            None => Ok(()),
            Some((member, _)) => Err(KeyError::Member(member)),
        }
    }

    pub(crate) fn fixed(&mut self, member: &'static str, length: usize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.bytes(member)
            .and_then(|bytes| if bytes.len() == length { Ok(bytes) } else { Err(KeyError::Member(member)) })
    }

    pub(crate) fn unsigned(&mut self, member: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match self.bytes(member) {
            Ok(bytes) if bytes.first().is_some_and(|&first| first != 0) => Ok(bytes),
            _ => Err(KeyError::Member(member)),
        }
    }
}

impl PrivateMembers {
    /// Takes the members that belong to the public ones; none may be left.
    pub(crate) fn take(public: &PublicMembers, private: &mut Private) -> Result<Self, KeyError> {
        let members = match public {
            PublicMembers::Ec { curve, .. } => PrivateMembers::Scalar(private.fixed("d", curve.coordinate_length())?),
            PublicMembers::Okp { .. } | PublicMembers::X25519 { .. } => PrivateMembers::Scalar(private.fixed("d", 32)?),
            #[cfg(feature = "ml-dsa")]
            PublicMembers::Akp { .. } => PrivateMembers::Seed(private.fixed("priv", 32)?),
            PublicMembers::Rsa { .. } => PrivateMembers::Rsa {
                d: private.unsigned("d")?,
                p: private.unsigned("p")?,
                q: private.unsigned("q")?,
                dp: private.unsigned("dp")?,
                dq: private.unsigned("dq")?,
                qi: private.unsigned("qi")?,
            },
        };
        private.nothing_left()?;
        Ok(members)
    }

    /// The names under which the members stand in a JWK.
    pub(crate) fn named(&self) -> Vec<(&'static str, &[u8])> {
        match self {
            PrivateMembers::Scalar(d) => vec![("d", d.as_slice())],
            #[cfg(feature = "ml-dsa")]
            PrivateMembers::Seed(seed) => vec![("priv", seed.as_slice())],
            PrivateMembers::Rsa { d, p, q, dp, dq, qi } => {
                [("d", d), ("p", p), ("q", q), ("dp", dp), ("dq", dq), ("qi", qi)]
                    .map(|(name, bytes)| (name, bytes.as_slice()))
                    .to_vec()
            }
        }
    }
}
