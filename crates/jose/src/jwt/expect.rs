//! What a token must say to be accepted.

use super::Typ;
use super::error::TokenError;
use super::registered::{FoundAudience, Registered};
use super::times::TimeRule;
use crate::jws::{JwsError, shown};

/// What a verifier expects of a token. Issuer and audience have no default: leaving one to the caller has a name.
///
/// From the kind come the claims that must be there and, for one-time tokens, the longest life: 60 seconds for host and
/// agent JWTs, 120 for logout tokens, 300 for client assertions and identity assertion grants.
#[derive(Clone, Debug)]
pub struct Expect<'a> {
    typ: Typ,
    issuer: ExpectedIssuer<'a>,
    audience: ExpectedAudience<'a>,
    times: TimeRule,
    also_required: Vec<&'static str>,
}

/// Whose token it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpectedIssuer<'a> {
    /// `iss` is this string, byte for byte.
    Exactly(&'a str),
    /// The caller judges `iss`.
    ///
    /// # Security
    /// Whoever owns the key may then speak for any issuer, unless the key was looked up by `iss`.
    CheckedByCaller,
}

/// For whom it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpectedAudience<'a> {
    /// `aud` names at least one of these.
    AnyOf(&'a [&'a str]),
    /// `aud` is this string and not an array, so that the token was made for nobody else.
    Solely(&'a str),
    /// The caller judges `aud`.
    ///
    /// # Security
    /// A token that was given to another service then works here.
    CheckedByCaller,
}

impl<'a> Expect<'a> {
    /// Expects a kind of token, from an issuer, for an audience. The leeway is 30 seconds.
    pub fn new(typ: Typ, issuer: ExpectedIssuer<'a>, audience: ExpectedAudience<'a>) -> Self {
        let times = TimeRule { leeway: 30, max_lifetime: typ.max_lifetime() };
        Expect { typ, issuer, audience, times, also_required: Vec::new() }
    }

    /// How far clocks may differ, in seconds, 0 to 300; the default is 30. Values outside are brought inside.
    #[must_use]
    pub fn leeway(self, seconds: i64) -> Self {
        Expect { times: TimeRule { leeway: seconds.clamp(0, 300), ..self.times }, ..self }
    }

    /// The longest time from `iat` to `exp`, in seconds. The leeway is not added to it. Without `iat` the time is counted
    /// from now, and the leeway is added, since the clock that made `exp` may be ahead.
    #[must_use]
    pub fn max_lifetime(self, seconds: i64) -> Self {
        Expect { times: TimeRule { max_lifetime: Some(seconds), ..self.times }, ..self }
    }

    /// Refuses a token without `iat`.
    #[must_use]
    pub fn require_iat(self) -> Self {
        self.require("iat")
    }

    /// Refuses a token without `jti`.
    #[must_use]
    pub fn require_jti(self) -> Self {
        self.require("jti")
    }

    /// Refuses a token without `sub`.
    #[must_use]
    pub fn require_sub(self) -> Self {
        self.require("sub")
    }

    /// The kind of token.
    pub fn typ(&self) -> Typ {
        self.typ
    }

    #[cfg(feature = "remote")]
    pub(crate) fn times(&self) -> TimeRule {
        self.times
    }

    fn require(mut self, claim: &'static str) -> Self {
        self.also_required.push(claim);
        self
    }

    pub(super) fn check_typ(&self, found: Option<&str>) -> Result<(), TokenError> {
        self.typ.check(found)?;
        if self.typ == Typ::DpopProof {
            // A header with a key is refused before it comes here.
            return Err(TokenError::Jws(JwsError::HeaderMember { member: "jwk" }));
        }
        Ok(())
    }

    pub(super) fn check_claims(&self, payload: &str, claims: &Registered, now: i64) -> Result<(), TokenError> {
        self.check_presence(claims)?;
        self.check_issuer(claims.iss(payload))?;
        self.check_audience(&claims.found_audience(payload))?;
        self.times.check(claims.times(), now)
    }

    fn check_presence(&self, claims: &Registered) -> Result<(), TokenError> {
        let missing = self.typ.required().iter().chain(&self.also_required).find(|claim| !claims.has(claim));
        missing.map_or(Ok(()), |claim| Err(TokenError::ClaimMissing { claim }))
    }

    fn check_issuer(&self, iss: Option<&str>) -> Result<(), TokenError> {
        match (self.issuer, iss) {
            (ExpectedIssuer::CheckedByCaller, _) => Ok(()),
            (ExpectedIssuer::Exactly(expected), Some(found)) if found == expected => Ok(()),
            (ExpectedIssuer::Exactly(_), None) => Err(TokenError::ClaimMissing { claim: "iss" }),
            (ExpectedIssuer::Exactly(expected), Some(found)) => {
                Err(TokenError::Issuer { expected: expected.to_owned(), found: shown(found) })
            }
        }
    }

    fn check_audience(&self, aud: &FoundAudience<'_>) -> Result<(), TokenError> {
        let expected: &[&str] = match &self.audience {
            ExpectedAudience::CheckedByCaller => return Ok(()),
            ExpectedAudience::AnyOf(expected) => expected,
            ExpectedAudience::Solely(expected) => std::slice::from_ref(expected),
        };
        let fits = match (aud, &self.audience) {
            (FoundAudience::Absent, _) => return Err(TokenError::ClaimMissing { claim: "aud" }),
            (FoundAudience::One(found), _) => expected.contains(found),
            (FoundAudience::Array(_), ExpectedAudience::Solely(_)) => false,
            (FoundAudience::Array(several), _) => several.iter().any(|found| expected.contains(&found.as_str())),
        };
        if fits {
            return Ok(());
        }
        let found = match aud {
            FoundAudience::Absent => Vec::new(),
            FoundAudience::One(found) => vec![shown(found)],
            FoundAudience::Array(several) => several.iter().take(8).map(|found| shown(found)).collect(),
        };
        Err(TokenError::Audience { expected: expected.iter().map(|&text| text.to_owned()).collect(), found })
    }
}
