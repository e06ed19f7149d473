//! DPoP proofs, `dpop+jwt` ([RFC 9449 §4.2, §4.3]).
//!
//! A client makes a proof for one request ([`mint`]); whoever receives the request judges it ([`verify`]) and learns which
//! key the client holds ([`Proof::thumbprint`], which is what `cnf.jkt` and `dpop_jkt` name). The proof is the only kind of token that
//! brings its key: here a header without `jwk` is refused, everywhere else a header with one.
//!
//! Beyond what [`jws`](crate::jws) refuses: a key that is symmetric, private, weak or not for the `alg` of the header; any
//! other `typ`; a proof without `jti`, `htm`, `htu` or `iat`, for another method, URI, access token or nonce; one that is
//! older than the window or from the future; and, where the caller names it, any key but the one that is bound.
//!
//! **URIs** (`htu`) compare in one form, which is this much of [RFC 3986 §6.2.2 and §6.2.3] and no more: scheme and host
//! case-blind, a default port as if absent, an empty path as `/`, percent-encodings with their digits case-blind and
//! those of unreserved characters as the character. Query and fragment are cut off. What is not an `http` or `https` URI of a
//! registered name, an IPv4 or a bracketed IPv6 address without user information, or has a dot segment, equals nothing.
//!
//! **Once**: a proof is used up by the request that it came with. This crate keeps nothing; the caller records
//! [`Proof::jti`] under [`Proof::thumbprint`] until [`Proof::remember_until`] and refuses it the second time.
//!
//! [RFC 9449 §4.2, §4.3]: https://www.rfc-editor.org/rfc/rfc9449#section-4.2
//! [RFC 3986 §6.2.2 and §6.2.3]: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2

mod error;
mod htu;

use std::fmt;

use serde::Serialize;

use super::error::{MintError, TokenError};
use super::mint::within_bounds;
use super::registered::{Registered, read_payload};
use super::{ExpectedAudience, ExpectedIssuer, Typ};
use crate::json::Member;
use crate::jws::{embedded_key, shown};
use crate::{Algorithm, SigningKey, Thumbprint, VerifyingKey, base64url, sha256};

pub use error::DpopError;

/// What the receiver of a request expects of its proof.
#[derive(Clone, Debug)]
pub struct Expect<'a> {
    method: &'a str,
    uri: &'a str,
    presented: Presented<'a>,
    bound_to: Option<&'a Thumbprint>,
    nonces: Option<&'a [&'a str]>,
    algorithms: &'a [Algorithm],
    max_age: i64,
    leeway: i64,
}

/// What came with the proof. It has no default, so that no resource forgets to bind the proof to the token.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Presented<'a> {
    /// An access token, as at a resource. The proof must be for this token (`ath`) and by the key that the token is bound
    /// to (its `cnf.jkt`).
    AccessToken {
        /// As it stood in the `Authorization` header.
        token: &'a str,
        /// `cnf.jkt`.
        jkt: &'a Thumbprint,
    },
    /// No access token, as at the token endpoint.
    Nothing,
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Presented::AccessToken { jkt, .. } => {
                f.debug_struct("AccessToken").field("jkt", jkt).finish_non_exhaustive()
            }
            Presented::Nothing => f.write_str("Nothing"),
        }
    }
}

impl<'a> Expect<'a> {
    /// Expects a proof for a request with this method, to this URI (of which query and fragment play no part). A URI that
    /// has no form that compares is matched by no proof.
    ///
    /// # Security
    /// Take scheme and host from configuration. Taken from the `Host` header, a proof for any other server works here.
    pub fn new(method: &'a str, uri: &'a str, presented: Presented<'a>) -> Self {
        Expect {
            method,
            uri,
            presented,
            bound_to: None,
            nonces: None,
            algorithms: Algorithm::ALL,
            max_age: 60,
            leeway: 30,
        }
    }

    /// Only the key with this thumbprint will do: that of a code (`dpop_jkt`) or of a public client's refresh token.
    #[must_use]
    pub fn bound_to(self, thumbprint: &'a Thumbprint) -> Self {
        Expect { bound_to: Some(thumbprint), ..self }
    }

    /// The proof must carry one of these nonces ([RFC 9449 §8]); without this call a nonce is not asked for.
    ///
    /// [RFC 9449 §8]: https://www.rfc-editor.org/rfc/rfc9449#section-8
    #[must_use]
    pub fn nonce_any_of(self, nonces: &'a [&'a str]) -> Self {
        Expect { nonces: Some(nonces), ..self }
    }

    /// The algorithms that are acceptable (`dpop_signing_alg_values_supported`); all of [`Algorithm::ALL`] by default.
    #[must_use]
    pub fn algorithms(self, algorithms: &'a [Algorithm]) -> Self {
        Expect { algorithms, ..self }
    }

    /// How long after its `iat` a proof is accepted, in seconds, 1 to 600; the default is 60. Values outside are brought
    /// inside.
    #[must_use]
    pub fn max_age(self, seconds: i64) -> Self {
        Expect { max_age: seconds.clamp(1, 600), ..self }
    }

    /// How far clocks may differ, in seconds, 0 to 300; the default is 30. Values outside are brought inside.
    #[must_use]
    pub fn leeway(self, seconds: i64) -> Self {
        Expect { leeway: seconds.clamp(0, 300), ..self }
    }
}

/// Judges a proof: form, key, kind, algorithm, signature, then what it says ([RFC 9449 §4.3]).
///
/// # Errors
/// [`DpopError`], one variant per rule; claims are spoken of only after the signature has been verified.
///
/// [RFC 9449 §4.3]: https://www.rfc-editor.org/rfc/rfc9449#section-4.3
pub fn verify(proof: &str, expect: &Expect<'_>, now: i64) -> Result<Proof, DpopError> {
    let (mut jws, key) = embedded_key::parse(proof)?;
    let (payload, members, registered) = read_payload(jws.take_payload())?;
    let claims = Claims { payload: &payload, members: &members };
    let [htm, htu, ath, nonce] = [claims.read("htm")?, claims.read("htu")?, claims.read("ath")?, claims.read("nonce")?];

    Typ::DpopProof.check(jws.header().typ())?;
    if !expect.algorithms.contains(&key.algorithm()) {
        return Err(DpopError::Algorithm { found: key.algorithm() });
    }
    jws.check_signature(&key)?;

    check_times(&payload, &registered, expect, now)?;
    let (Some(jti), Some(iat)) = (registered.jti(&payload), registered.iat) else {
        return Err(missing("jti"));
    };
    check_method(&htm.ok_or_else(|| missing("htm"))?, expect.method)?;
    check_uri(&htu.ok_or_else(|| missing("htu"))?, expect.uri)?;
    check_nonce(nonce.as_deref(), expect.nonces)?;
    if let Presented::AccessToken { token, jkt } = expect.presented {
        check_access_token(&ath.ok_or_else(|| missing("ath"))?, token)?;
        check_binding(key.thumbprint(), jkt)?;
    }
    if let Some(thumbprint) = expect.bound_to {
        check_binding(key.thumbprint(), thumbprint)?;
    }
    let remember_until = iat.saturating_add(expect.max_age).saturating_add(expect.leeway);
    Ok(Proof { jti: jti.to_owned(), iat, nonce, remember_until, key })
}

/// `exp` and `nbf` where they are there, as in any token; `iat`, which must be there, within the window.
fn check_times(payload: &str, registered: &Registered, expect: &Expect<'_>, now: i64) -> Result<(), DpopError> {
    let nobody = (ExpectedIssuer::CheckedByCaller, ExpectedAudience::CheckedByCaller);
    super::Expect::new(Typ::DpopProof, nobody.0, nobody.1)
        .leeway(expect.leeway)
        .check_claims(payload, registered, now)?;
    match registered.iat {
        Some(iat) if now.saturating_sub(iat) > expect.max_age.saturating_add(expect.leeway) => {
            Err(DpopError::TooOld { iat, now, limit: expect.max_age })
        }
        _ => Ok(()),
    }
}

/// Methods are case-sensitive ([RFC 9110 §9.1]).
///
/// [RFC 9110 §9.1]: https://www.rfc-editor.org/rfc/rfc9110#section-9.1
fn check_method(found: &str, expected: &str) -> Result<(), DpopError> {
    if found == expected {
        return Ok(());
    }
    Err(DpopError::Method { expected: shown(expected), found: shown(found) })
}

fn check_uri(found: &str, expected: &str) -> Result<(), DpopError> {
    match (htu::comparable(found), htu::comparable(expected)) {
        (Some(a), Some(b)) if a == b => Ok(()),
        _ => Err(DpopError::Uri { expected: shown(expected), found: shown(found) }),
    }
}

fn check_nonce(found: Option<&str>, expected: Option<&[&str]>) -> Result<(), DpopError> {
    match (expected, found) {
        (None, _) => Ok(()),
        (Some(expected), Some(found)) if expected.contains(&found) => Ok(()),
        (Some(_), found) => Err(DpopError::Nonce { found: found.map(shown) }),
    }
}

fn check_access_token(ath: &str, token: &str) -> Result<(), DpopError> {
    if ath == access_token_hash(token) { Ok(()) } else { Err(DpopError::AccessToken) }
}

fn check_binding(found: &Thumbprint, expected: &Thumbprint) -> Result<(), DpopError> {
    if found == expected {
        return Ok(());
    }
    Err(DpopError::Binding { expected: expected.clone(), found: found.clone() })
}

/// `ath` ([RFC 9449 §4.2]).
///
/// [RFC 9449 §4.2]: https://www.rfc-editor.org/rfc/rfc9449#section-4.2
fn access_token_hash(token: &str) -> String {
    base64url::encode(sha256(token.as_bytes()))
}

fn missing(claim: &'static str) -> DpopError {
    TokenError::ClaimMissing { claim }.into()
}

/// The claims that only a proof has.
struct Claims<'a> {
    payload: &'a str,
    members: &'a [Member],
}

impl Claims<'_> {
    fn read(&self, claim: &'static str) -> Result<Option<String>, TokenError> {
        let Some(member) = self.members.iter().find(|member| member.name(self.payload) == claim) else {
            return Ok(None);
        };
        let text = member.string(self.payload).filter(|text| !text.is_empty());
        text.map(|text| Some(text.into_owned())).ok_or(TokenError::ClaimType { claim })
    }
}

/// A proof that passed: its sender holds the private half of [`key`](Self::key). Only [`verify`] makes one.
pub struct Proof {
    jti: String,
    iat: i64,
    nonce: Option<String>,
    remember_until: i64,
    key: VerifyingKey,
}

impl Proof {
    /// `jti`, unique for the key.
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// `iat`, in seconds since the epoch.
    pub fn iat(&self) -> i64 {
        self.iat
    }

    /// `nonce`. Unless it was asked for, nobody has looked at it.
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// The last second at which the same proof would pass again, in seconds since the epoch.
    pub fn remember_until(&self) -> i64 {
        self.remember_until
    }

    /// The key that the sender holds.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The thumbprint of the key, computed from it: `cnf.jkt` of what is issued to the sender.
    pub fn thumbprint(&self) -> &Thumbprint {
        self.key.thumbprint()
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof").field("iat", &self.iat).field("thumbprint", self.thumbprint()).finish_non_exhaustive()
    }
}

/// The request that a client makes a proof for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method, as it is sent.
    pub method: &'a str,
    /// The URI; query and fragment are left out of the proof.
    pub uri: &'a str,
    /// The access token that goes with the request, if one does.
    pub access_token: Option<&'a str>,
    /// The last nonce that this server has given, if it has.
    pub nonce: Option<&'a str>,
    /// A fresh value for each proof, with at least 96 random bits.
    pub jti: &'a str,
}

/// Makes the proof for a request, issued at `now`.
///
/// # Errors
/// [`MintError::Claims`] when no verifier here would match the URI, or when `jti` or the method is empty;
/// [`MintError::TooLarge`], [`MintError::Key`].
pub fn mint(key: &SigningKey, request: &Request<'_>, now: i64) -> Result<String, MintError> {
    #[derive(Serialize)]
    struct Claims<'a> {
        jti: &'a str,
        htm: &'a str,
        htu: &'a str,
        iat: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        ath: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        nonce: Option<&'a str>,
    }
    if htu::comparable(request.uri).is_none() || request.jti.is_empty() || request.method.is_empty() {
        return Err(MintError::Claims);
    }
    let claims = Claims {
        jti: request.jti,
        htm: request.method,
        htu: htu::without_query(request.uri),
        iat: now,
        ath: request.access_token.map(access_token_hash),
        nonce: request.nonce,
    };
    let payload = serde_json::to_vec(&claims).map_err(|_| MintError::Claims)?;
    within_bounds(embedded_key::sign(key, Typ::DpopProof.as_str(), &payload)?)
}
