//! The verdict of the crate `jsonwebtoken`, on aws-lc-rs.

use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::errors::Error;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation, decode};
use serde_json::Value;

use super::{Content, Verdict, judge_by_peer};
use crate::keys::{self, Alg, Whose};
use crate::mutation::Layer;
use crate::token::{AUDIENCE, Case, ISSUER, Profile};

/// Its keys, and for each what it is told to ask: algorithm, issuer, audience, `exp`, `nbf`, and that `sub` is there.
pub struct Jsonwebtoken {
    keys: Vec<(DecodingKey, Validation, Validation)>,
}

impl Default for Jsonwebtoken {
    fn default() -> Self {
        // Somebody else in this process may have been faster, with the same.
        let _ = aws_lc::DEFAULT_PROVIDER.install_default();
        let each = |alg: &Alg| {
            let mut jwt = Validation::new(algorithm(*alg));
            jwt.leeway = 0;
            jwt.validate_nbf = true;
            jwt.set_issuer(&[ISSUER]);
            jwt.set_audience(&[AUDIENCE]);
            jwt.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
            let mut jws = Validation::new(algorithm(*alg));
            jws.validate_exp = false;
            jws.validate_aud = false;
            jws.set_required_spec_claims::<&str>(&[]);
            (decoding_key(*alg), jwt, jws)
        };
        Jsonwebtoken { keys: Alg::ALL.iter().map(each).collect() }
    }
}

impl Jsonwebtoken {
    /// Judges. It has a clock of its own, so what is timed to the second is not put before it; it knows no payload but
    /// claims, nor is a JWS with a payload that is none.
    pub fn judge(&self, case: &Case) -> Verdict {
        let about_claims = case.mutations.iter().any(|mutation| mutation.layer == Layer::Jwt);
        if case.is_timed_to_the_second() || case.profile == Profile::Jws && about_claims {
            return Verdict::NotAsked;
        }
        judge_by_peer(|| self.claims(case).map(Content::Claims))
    }

    fn claims(&self, case: &Case) -> Result<Value, Error> {
        let place = Alg::ALL.iter().position(|alg| *alg == case.alg).unwrap_or_default();
        let (key, jwt, jws) = &self.keys[place];
        let validation = if case.profile == Profile::Jws { jws } else { jwt };
        Ok(decode::<Value>(&case.token, key, validation)?.claims)
    }
}

/// Its name for an algorithm.
pub fn algorithm(alg: Alg) -> Algorithm {
    alg.name().parse().unwrap()
}

/// Its public key, or secret.
pub fn decoding_key(alg: Alg) -> DecodingKey {
    if alg.is_mac() {
        return DecodingKey::from_secret(&keys::secret(Whose::Trusted));
    }
    DecodingKey::from_jwk(&serde_json::from_value(keys::public_jwk(alg)).unwrap()).unwrap()
}

/// Its private key, or secret.
pub fn encoding_key(alg: Alg) -> EncodingKey {
    if alg.is_mac() {
        return EncodingKey::from_secret(&keys::secret(Whose::Trusted));
    }
    let pem = keys::signing_key(alg, Whose::Trusted).to_pem().unwrap();
    match alg {
        Alg::EdDsa => EncodingKey::from_ed_pem(pem.as_bytes()),
        _ if alg.is_rsa() => EncodingKey::from_rsa_pem(pem.as_bytes()),
        _ => EncodingKey::from_ec_pem(pem.as_bytes()),
    }
    .unwrap()
}
