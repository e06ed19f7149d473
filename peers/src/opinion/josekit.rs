//! The verdict of the crate `josekit`.

use std::time::{Duration, UNIX_EPOCH};

use josekit::JoseError;
use josekit::jwk::Jwk;
use josekit::jws::alg::{ecdsa, eddsa, hmac, rsassa, rsassa_pss};
use josekit::jws::{JwsContext, JwsSigner, JwsVerifier};
use josekit::jwt::{JwtContext, JwtPayloadValidator};
use serde_json::Value;

use super::{Content, Verdict, judge_by_peer};
use crate::keys::{self, Alg, Whose};
use crate::token::{AUDIENCE, Case, ISSUER, Profile};

/// Its verifiers, and the validator that it has for claims: issuer, audience and times, each where it is present.
pub struct Josekit {
    verifiers: Vec<Box<dyn JwsVerifier>>,
    jws: JwsContext,
    jwt: JwtContext,
}

impl Default for Josekit {
    fn default() -> Self {
        let verifiers = Alg::ALL.iter().map(|alg| verifier(*alg).unwrap()).collect();
        Josekit { verifiers, jws: JwsContext::new(), jwt: JwtContext::new() }
    }
}

impl Josekit {
    /// Judges.
    pub fn judge(&self, case: &Case) -> Verdict {
        judge_by_peer(|| self.content(case))
    }

    fn content(&self, case: &Case) -> Result<Content, JoseError> {
        let place = Alg::ALL.iter().position(|alg| *alg == case.alg).unwrap_or_default();
        let verifier = &*self.verifiers[place];
        if case.profile == Profile::Jws {
            return Ok(Content::Payload(self.jws.deserialize_compact(&case.token, verifier)?.0));
        }
        let (payload, _) = self.jwt.decode_with_verifier(&case.token, verifier)?;
        let now = UNIX_EPOCH + Duration::from_secs(case.now.unsigned_abs());
        let mut validator = JwtPayloadValidator::new();
        validator.set_base_time(now);
        validator.set_max_issued_time(now);
        validator.set_issuer(ISSUER);
        validator.set_audience(AUDIENCE);
        validator.validate(&payload)?;
        Ok(Content::Claims(Value::Object(payload.into())))
    }
}

/// Its verifier for an algorithm. Its key has no id: with one, it would ask for it in every header.
pub fn verifier(alg: Alg) -> Result<Box<dyn JwsVerifier>, JoseError> {
    if alg.is_mac() {
        let secret = keys::secret(Whose::Trusted);
        return Ok(Box::new(match alg {
            Alg::Hs384 => hmac::HmacJwsAlgorithm::Hs384.verifier_from_bytes(secret)?,
            Alg::Hs512 => hmac::HmacJwsAlgorithm::Hs512.verifier_from_bytes(secret)?,
            _ => hmac::HmacJwsAlgorithm::Hs256.verifier_from_bytes(secret)?,
        }));
    }
    let jwk = Jwk::from_bytes(keys::public_jwk(alg).to_string())?;
    Ok(match alg {
        Alg::Es256 => Box::new(ecdsa::EcdsaJwsAlgorithm::Es256.verifier_from_jwk(&jwk)?),
        Alg::Es384 => Box::new(ecdsa::EcdsaJwsAlgorithm::Es384.verifier_from_jwk(&jwk)?),
        Alg::Ps256 => Box::new(rsassa_pss::RsassaPssJwsAlgorithm::Ps256.verifier_from_jwk(&jwk)?),
        Alg::Ps384 => Box::new(rsassa_pss::RsassaPssJwsAlgorithm::Ps384.verifier_from_jwk(&jwk)?),
        Alg::Ps512 => Box::new(rsassa_pss::RsassaPssJwsAlgorithm::Ps512.verifier_from_jwk(&jwk)?),
        Alg::Rs256 => Box::new(rsassa::RsassaJwsAlgorithm::Rs256.verifier_from_jwk(&jwk)?),
        Alg::Rs384 => Box::new(rsassa::RsassaJwsAlgorithm::Rs384.verifier_from_jwk(&jwk)?),
        Alg::Rs512 => Box::new(rsassa::RsassaJwsAlgorithm::Rs512.verifier_from_jwk(&jwk)?),
        _ => Box::new(eddsa::EddsaJwsAlgorithm::Eddsa.verifier_from_jwk(&jwk)?),
    })
}

/// Its signer for an algorithm, with the trusted key.
pub fn signer(alg: Alg) -> Result<Box<dyn JwsSigner>, JoseError> {
    if alg.is_mac() {
        let secret = keys::secret(Whose::Trusted);
        return Ok(Box::new(match alg {
            Alg::Hs384 => hmac::HmacJwsAlgorithm::Hs384.signer_from_bytes(secret)?,
            Alg::Hs512 => hmac::HmacJwsAlgorithm::Hs512.signer_from_bytes(secret)?,
            _ => hmac::HmacJwsAlgorithm::Hs256.signer_from_bytes(secret)?,
        }));
    }
    let jwk = Jwk::from_bytes(keys::private_jwk(alg).to_string())?;
    Ok(match alg {
        Alg::Es256 => Box::new(ecdsa::EcdsaJwsAlgorithm::Es256.signer_from_jwk(&jwk)?),
        Alg::Es384 => Box::new(ecdsa::EcdsaJwsAlgorithm::Es384.signer_from_jwk(&jwk)?),
        Alg::Ps256 => Box::new(rsassa_pss::RsassaPssJwsAlgorithm::Ps256.signer_from_jwk(&jwk)?),
        Alg::Ps384 => Box::new(rsassa_pss::RsassaPssJwsAlgorithm::Ps384.signer_from_jwk(&jwk)?),
        Alg::Ps512 => Box::new(rsassa_pss::RsassaPssJwsAlgorithm::Ps512.signer_from_jwk(&jwk)?),
        Alg::Rs256 => Box::new(rsassa::RsassaJwsAlgorithm::Rs256.signer_from_jwk(&jwk)?),
        Alg::Rs384 => Box::new(rsassa::RsassaJwsAlgorithm::Rs384.signer_from_jwk(&jwk)?),
        Alg::Rs512 => Box::new(rsassa::RsassaJwsAlgorithm::Rs512.signer_from_jwk(&jwk)?),
        _ => Box::new(eddsa::EddsaJwsAlgorithm::Eddsa.signer_from_jwk(&jwk)?),
    })
}
