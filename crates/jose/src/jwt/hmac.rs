//! Tokens under a shared secret: HS256, HS384, HS512 ([RFC 7518 §3.2], [RFC 7519 §8]).
//!
//! The rules are those of every other token ([`Expect`], [`Typ`]), the entry points and types are not: [`Unverified`](super::Unverified) refuses
//! these algorithms as unsupported, this module all others, and what passes here is another type than what passed a signature. Who
//! asks for the one is never given the other.
//!
//! Whoever can verify such a token can make one. It proves that one of those who hold the secret wrote it, and to no third
//! party anything.
//!
//! ```
//! use countersign_jose::jws::hmac::{HmacAlgorithm, HmacKey};
//! use countersign_jose::jwt::{Expect, ExpectedAudience, ExpectedIssuer, Typ, hmac};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = 1_700_000_000;
//! let secret = HmacKey::generate(HmacAlgorithm::Hs256)?;
//! let claims = serde_json::json!({
//!     "iss": "c1", "sub": "c1", "aud": "https://as.test", "exp": now + 60, "iat": now, "jti": "1",
//! });
//! let token = hmac::mint(&secret, Typ::ClientAssertion, &claims)?;
//!
//! let unverified = hmac::Unverified::parse(&token)?;
//! assert_eq!(unverified.claimed_sub(), Some("c1")); // whose secret to verify with
//! let expect = Expect::new(
//!     Typ::ClientAssertion,
//!     ExpectedIssuer::Exactly("c1"),
//!     ExpectedAudience::Solely("https://as.test"),
//! );
//! let verified = unverified.verify::<serde_json::Value>(&secret, &expect, now)?;
//! assert_eq!(verified.jti(), Some("1"));
//! # Ok(())
//! # }
//! ```
//!
//! [RFC 7518 §3.2]: https://www.rfc-editor.org/rfc/rfc7518#section-3.2
//! [RFC 7519 §8]: https://www.rfc-editor.org/rfc/rfc7519#section-8

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{MintError, TokenError};
use super::mint::{payload, within_bounds};
use super::registered::{Registered, read_payload};
use super::{Expect, Typ};
use crate::json::{self, Member};
use crate::jws;
use crate::jws::hmac::{HmacAlgorithm, HmacKey, Tagged};

/// Makes a token of the given kind: header `alg`, `typ`, and `kid` where the key has one.
///
/// # Errors
/// As [`jwt::mint`](super::mint).
pub fn mint(key: &HmacKey, typ: Typ, claims: &impl Serialize) -> Result<String, MintError> {
    within_bounds(jws::hmac::sign(key, Some(typ.as_str()), &payload(typ, claims)?)?)
}

/// A token that has been taken apart; nothing about it is proven. Good for choosing a secret, and for nothing else.
pub struct Unverified<'a> {
    jws: Tagged<'a>,
    payload: String,
    members: Vec<Member>,
    registered: Registered,
}

impl<'a> Unverified<'a> {
    /// Takes a token apart: compact form, header, claims object, types of the registered claims.
    ///
    /// # Errors
    /// [`TokenError`], before any cryptography.
    pub fn parse(token: &'a str) -> Result<Self, TokenError> {
        let mut jws = Tagged::parse(token)?;
        let (payload, members, registered) = read_payload(jws.take_payload())?;
        Ok(Unverified { jws, payload, members, registered })
    }

    /// `alg` of the header.
    pub fn algorithm(&self) -> HmacAlgorithm {
        self.jws.algorithm()
    }

    /// `kid` of the header.
    pub fn kid(&self) -> Option<&str> {
        self.jws.kid()
    }

    /// `iss` as claimed, to find the secret by.
    pub fn claimed_iss(&self) -> Option<&str> {
        self.registered.iss(&self.payload)
    }

    /// `sub` as claimed, to find the secret by.
    pub fn claimed_sub(&self) -> Option<&str> {
        self.registered.sub(&self.payload)
    }

    /// Judges the token: kind, algorithm, MAC, then issuer, audience and times.
    ///
    /// # Errors
    /// [`TokenError`]; claims are spoken of only after the MAC has been verified.
    pub fn verify<C: DeserializeOwned>(
        self,
        key: &HmacKey,
        expect: &Expect<'_>,
        now: i64,
    ) -> Result<Verified<C>, TokenError> {
        expect.check_typ(self.jws.typ())?;
        self.jws.check_tag(key)?;
        expect.check_claims(&self.payload, &self.registered, now)?;
        let claims = json::read_members(&self.payload, &self.members).map_err(TokenError::ClaimsShape)?;
        let kid = self.kid().map(str::to_owned);
        Ok(Verified { claims, algorithm: self.algorithm(), kid, payload: self.payload, registered: self.registered })
    }
}

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified").field("alg", &self.algorithm()).finish_non_exhaustive()
    }
}

/// The claims of a token that somebody who holds the secret has made. Only [`Unverified::verify`] makes one.
pub struct Verified<C> {
    claims: C,
    algorithm: HmacAlgorithm,
    kid: Option<String>,
    /// The registered claims are read out of it.
    payload: String,
    registered: Registered,
}

impl<C> Verified<C> {
    /// The claims. The MAC covers them, and no rule is against them.
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// The claims, taken out.
    pub fn into_claims(self) -> C {
        self.claims
    }

    /// The algorithm of the MAC.
    pub fn algorithm(&self) -> HmacAlgorithm {
        self.algorithm
    }

    /// The `kid` of the header.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `iss`.
    pub fn iss(&self) -> Option<&str> {
        self.registered.iss(&self.payload)
    }

    /// `sub`.
    pub fn sub(&self) -> Option<&str> {
        self.registered.sub(&self.payload)
    }

    /// `aud`, empty if absent.
    pub fn aud(&self) -> &[String] {
        self.registered.aud(&self.payload)
    }

    /// `exp`, in seconds since the epoch. Present in every kind but introspection responses.
    pub fn exp(&self) -> Option<i64> {
        self.registered.exp
    }

    /// `iat`, in seconds since the epoch.
    pub fn iat(&self) -> Option<i64> {
        self.registered.iat
    }

    /// `nbf`, in seconds since the epoch.
    pub fn nbf(&self) -> Option<i64> {
        self.registered.nbf
    }

    /// `jti`.
    pub fn jti(&self) -> Option<&str> {
        self.registered.jti(&self.payload)
    }
}

impl<C> fmt::Debug for Verified<C> {
    /// Claims are about people; only the header is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("alg", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}
