//! From a token to its claims ([RFC 7519 §7.2]).
//!
//! [RFC 7519 §7.2]: https://www.rfc-editor.org/rfc/rfc7519#section-7.2

use std::fmt;

use serde::de::DeserializeOwned;

use super::error::TokenError;
use super::expect::Expect;
use super::registered::{Registered, read_payload};
#[cfg(feature = "remote")]
use super::times::Times;
use crate::json::Member;
use crate::jws::{Compact, Header, JwsError};
use crate::{JwkSet, VerifyingKey, json};

/// A token that has been taken apart; nothing about it is proven. Good for choosing a key, and for nothing else.
pub struct Unverified<'a> {
    jws: Compact<'a>,
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
        let mut jws = Compact::parse(token)?;
        let (payload, members, registered) = read_payload(jws.take_payload())?;
        Ok(Unverified { jws, payload, members, registered })
    }

    /// The header, of which nothing is proven.
    pub fn header(&self) -> &Header {
        self.jws.header()
    }

    /// `iss` as claimed, to find the key by.
    pub fn claimed_iss(&self) -> Option<&str> {
        self.registered.iss(&self.payload)
    }

    /// `sub` as claimed, to find the key by.
    pub fn claimed_sub(&self) -> Option<&str> {
        self.registered.sub(&self.payload)
    }

    /// Reads claims before they are proven, to find the key by.
    ///
    /// # Errors
    /// [`TokenError::ClaimsShape`] when the claims are not a `T`.
    ///
    /// # Security
    /// Anybody can write these claims. Decide nothing by them but which key to verify with.
    pub fn peek<T: DeserializeOwned>(&self) -> Result<T, TokenError> {
        json::read_members(&self.payload, &self.members).map_err(TokenError::ClaimsShape)
    }

    /// Judges the token: kind, algorithm, signature, then issuer, audience and times.
    ///
    /// # Errors
    /// [`TokenError`]; claims are spoken of only after the signature has been verified.
    pub fn verify<C: DeserializeOwned>(
        self,
        key: &VerifyingKey,
        expect: &Expect<'_>,
        now: i64,
    ) -> Result<Verified<C>, TokenError> {
        expect.check_typ(self.header().typ())?;
        self.jws.check_signature(key)?;
        expect.check_claims(&self.payload, &self.registered, now)?;
        let claims = self.peek()?;
        let (payload, registered, header) = (self.payload, self.registered, self.jws.into_header());
        Ok(Verified { claims, payload, registered, header, key: key.clone() })
    }

    /// Judges what can be judged without a key. What fails here is not worth fetching one.
    #[cfg(feature = "remote")]
    pub(crate) fn check_unproven(&self, expect: &Expect<'_>, now: i64) -> Result<(), TokenError> {
        expect.check_typ(self.header().typ())?;
        expect.check_claims(&self.payload, &self.registered, now)
    }

    /// Judges the token with the key of the set that its header names; without `kid`, with the only key for its
    /// algorithm.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`] when the set has no such key, which is when to fetch it again; otherwise as
    /// [`verify`](Self::verify).
    pub fn verify_with_set<C: DeserializeOwned>(
        self,
        keys: &JwkSet,
        expect: &Expect<'_>,
        now: i64,
    ) -> Result<Verified<C>, TokenError> {
        expect.check_typ(self.header().typ())?;
        let key = match self.header().kid() {
            Some(kid) => keys.find_kid(kid),
            None => keys.sole(self.header().algorithm()),
        };
        match key {
            Some(key) => self.verify(key, expect, now),
            None => Err(TokenError::UnknownKey {
                kid: self.header().kid().map(crate::jws::shown),
                algorithm: self.header().algorithm(),
            }),
        }
    }
}

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified").field("header", self.header()).finish_non_exhaustive()
    }
}

/// The claims of a token that passed. Only [`Unverified::verify`] makes one.
pub struct Verified<C> {
    claims: C,
    /// The registered claims are read out of it.
    payload: String,
    registered: Registered,
    header: Header,
    key: VerifyingKey,
}

impl<C> Verified<C> {
    /// The claims. They were signed, and no rule is against them.
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// The claims, taken out.
    pub fn into_claims(self) -> C {
        self.claims
    }

    /// The header. The signature covers it.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The key that the signature was verified with.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The `kid` of the header.
    pub fn kid(&self) -> Option<&str> {
        self.header.kid()
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

#[cfg(feature = "remote")]
impl<C> Verified<C> {
    pub(crate) fn times(&self) -> Times {
        self.registered.times()
    }

    /// The claims as text.
    pub(crate) fn payload(&self) -> &str {
        &self.payload
    }
}

impl<C> fmt::Debug for Verified<C> {
    /// Claims are about people; only the header is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("header", &self.header).finish_non_exhaustive()
    }
}

/// The signature rules of the compact form are rules of the token.
impl From<JwsError> for TokenError {
    fn from(error: JwsError) -> Self {
        TokenError::Jws(error)
    }
}
