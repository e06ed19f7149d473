//! Our own verdict.

use countersign_jose::VerifyingKey;
use countersign_jose::jws::Compact;
use countersign_jose::jws::hmac::{self, HmacAlgorithm, HmacKey};
use countersign_jose::jwt::{self, Expect, ExpectedAudience, ExpectedIssuer, TokenError, Typ, Unverified};
use serde_json::{Map, Value};

use super::{Content, Verdict};
use crate::keys::{self, Alg, Whose};
use crate::token::{AUDIENCE, Case, ISSUER, Profile};

/// Our verifiers: the key for each algorithm, and what is expected of each kind of token.
pub struct Countersign {
    keys: Vec<Key>,
    access_token: Expect<'static>,
    id_token: Expect<'static>,
}

enum Key {
    Public(VerifyingKey),
    Mac(HmacKey),
}

impl Default for Countersign {
    fn default() -> Self {
        let key = |alg: &Alg| match alg.name().parse::<HmacAlgorithm>() {
            Ok(mac) => Key::Mac(HmacKey::new(mac, &keys::secret(Whose::Trusted)).unwrap()),
            Err(_) => Key::Public(keys::signing_key(*alg, Whose::Trusted).verifying_key()),
        };
        // Not every peer knows a leeway, so nobody is given one.
        let expect =
            |typ| Expect::new(typ, ExpectedIssuer::Exactly(ISSUER), ExpectedAudience::AnyOf(&[AUDIENCE])).leeway(0);
        Countersign {
            keys: Alg::ALL.iter().map(key).collect(),
            access_token: expect(Typ::AccessToken),
            id_token: expect(Typ::IdToken),
        }
    }
}

impl Countersign {
    /// Judges. What is refused comes with its code.
    pub fn judge(&self, case: &Case) -> Verdict {
        match self.content(case) {
            Ok(content) => Verdict::Accepted(content),
            Err(error) => Verdict::Refused(error.code().to_owned()),
        }
    }

    fn content(&self, case: &Case) -> Result<Content, TokenError> {
        let expect = match case.profile {
            Profile::AccessToken => Some(&self.access_token),
            Profile::IdToken => Some(&self.id_token),
            Profile::Jws => None,
        };
        let place = Alg::ALL.iter().position(|alg| *alg == case.alg).unwrap_or_default();
        Ok(match (&self.keys[place], expect) {
            (Key::Mac(key), None) => Content::Payload(hmac::verify(&case.token, key)?),
            (Key::Mac(key), Some(expect)) => {
                let unverified = jwt::hmac::Unverified::parse(&case.token)?;
                let verified = unverified.verify::<Map<String, Value>>(key, expect, case.now)?;
                Content::Claims(Value::Object(verified.into_claims()))
            }
            (Key::Public(key), None) => Content::Payload(Compact::parse(&case.token)?.verify(key)?),
            (Key::Public(key), Some(expect)) => {
                let verified = Unverified::parse(&case.token)?.verify::<Map<String, Value>>(key, expect, case.now)?;
                Content::Claims(Value::Object(verified.into_claims()))
            }
        })
    }
}
