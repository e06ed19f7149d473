//! The keys that everybody holds, with published private halves: those of the tests of `countersign-jose`.

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use countersign_jose::{Algorithm, SigningKey};
use openssl::base64::decode_block;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer};
use serde_json::{Value, json};

/// The algorithms that all four implementations have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named after the standard")]
pub enum Alg {
    EdDsa,
    Es256,
    Es384,
    Hs256,
    Hs384,
    Hs512,
    Ps256,
    Ps384,
    Ps512,
    Rs256,
    Rs384,
    Rs512,
}

/// Whose key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of the party that the verifiers trust.
    Trusted,
    /// Of somebody else, and of the same kind.
    Other,
}

impl Alg {
    /// All of them.
    pub const ALL: [Alg; 12] = [
        Alg::EdDsa,
        Alg::Es256,
        Alg::Es384,
        Alg::Hs256,
        Alg::Hs384,
        Alg::Hs512,
        Alg::Ps256,
        Alg::Ps384,
        Alg::Ps512,
        Alg::Rs256,
        Alg::Rs384,
        Alg::Rs512,
    ];

    /// Those of the differential run: every kind of key, both paddings, every MAC.
    pub const COMPARED: [Alg; 8] =
        [Alg::EdDsa, Alg::Es256, Alg::Es384, Alg::Hs256, Alg::Hs384, Alg::Hs512, Alg::Ps256, Alg::Rs256];

    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            Alg::EdDsa => "EdDSA",
            Alg::Es256 => "ES256",
            Alg::Es384 => "ES384",
            Alg::Hs256 => "HS256",
            Alg::Hs384 => "HS384",
            Alg::Hs512 => "HS512",
            Alg::Ps256 => "PS256",
            Alg::Ps384 => "PS384",
            Alg::Ps512 => "PS512",
            Alg::Rs256 => "RS256",
            Alg::Rs384 => "RS384",
            Alg::Rs512 => "RS512",
        }
    }

    /// What it is in `countersign-jose`, unless it is a MAC.
    pub fn signature(self) -> Option<Algorithm> {
        self.name().parse().ok()
    }

    /// Whether it is a MAC.
    pub fn is_mac(self) -> bool {
        matches!(self, Alg::Hs256 | Alg::Hs384 | Alg::Hs512)
    }

    /// Whether its keys are RSA keys.
    pub fn is_rsa(self) -> bool {
        matches!(self, Alg::Ps256 | Alg::Ps384 | Alg::Ps512 | Alg::Rs256 | Alg::Rs384 | Alg::Rs512)
    }

    /// Whether its keys are of the NIST curves.
    pub fn is_ecdsa(self) -> bool {
        matches!(self, Alg::Es256 | Alg::Es384)
    }

    fn mac(self) -> hmac::Algorithm {
        match self {
            Alg::Hs384 => hmac::HMAC_SHA384,
            Alg::Hs512 => hmac::HMAC_SHA512,
            _ => hmac::HMAC_SHA256,
        }
    }
}

/// The private key, as PKCS #8.
pub fn pkcs8(alg: Alg, whose: Whose) -> Vec<u8> {
    let material = if alg.is_rsa() { "RS256" } else { alg.name() };
    let name = match whose {
        Whose::Trusted => material.to_owned(),
        Whose::Other => format!("other {material}"),
    };
    decode_block(KEYS[&name].as_str().unwrap()).unwrap()
}

/// The private key; there is none for a MAC.
pub fn signing_key(alg: Alg, whose: Whose) -> SigningKey {
    SigningKey::from_pkcs8_der(alg.signature().unwrap(), &pkcs8(alg, whose)).unwrap()
}

/// The public key as a JWK without `kid`, `use` and `alg`, for those who take them for conditions.
pub fn public_jwk(alg: Alg) -> Value {
    let mut jwk = serde_json::to_value(signing_key(alg, Whose::Trusted).public_jwk()).unwrap();
    let members = jwk.as_object_mut().unwrap();
    ["kid", "use", "alg"].iter().for_each(|member| drop(members.remove(*member)));
    jwk
}

/// The private key as a JWK, or the secret of a MAC.
pub fn private_jwk(alg: Alg) -> Value {
    if alg.is_mac() {
        return json!({ "kty": "oct", "k": countersign_jose::base64url::encode(secret(Whose::Trusted)) });
    }
    let jwk = signing_key(alg, Whose::Trusted).to_jwk().unwrap();
    let mut jwk: Value = serde_json::from_str(jwk.expose()).unwrap();
    let members = jwk.as_object_mut().unwrap();
    ["kid", "use", "alg"].iter().for_each(|member| drop(members.remove(*member)));
    jwk
}

/// The secret of the MACs: long enough for each.
pub fn secret(whose: Whose) -> [u8; 64] {
    match whose {
        Whose::Trusted => std::array::from_fn(|index| (index * 7 + 3) as u8),
        Whose::Other => std::array::from_fn(|index| (index * 5 + 1) as u8),
    }
}

/// Signs with an algorithm and the key of its kind.
pub fn sign(alg: Alg, whose: Whose, input: &[u8]) -> Vec<u8> {
    if alg.is_mac() {
        return mac(alg, &secret(whose), input);
    }
    let place = Alg::ALL.iter().position(|each| *each == alg).unwrap();
    SIGNING[place][usize::from(whose == Whose::Other)].as_ref().unwrap().sign(input).unwrap()
}

/// A MAC under any bytes.
pub fn mac(alg: Alg, key: &[u8], input: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(alg.mac(), key), input).as_ref().to_vec()
}

/// RSASSA-PSS with SHA-256 and a salt of any length.
pub fn sign_pss(salt: i32, input: &[u8]) -> Vec<u8> {
    let key = PKey::private_key_from_der(&pkcs8(Alg::Ps256, Whose::Trusted)).unwrap();
    let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
    signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
    signer.set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt)).unwrap();
    signer.sign_oneshot_to_vec(input).unwrap()
}

/// RSASSA-PSS with SHA-256, less the zero byte that the signature begins with. One in 256 does; the salt makes each another.
pub fn sign_pss_without_leading_zero(input: &[u8]) -> Vec<u8> {
    let signatures = std::iter::repeat_with(|| sign(Alg::Ps256, Whose::Trusted, input));
    signatures.take(10_000).find_map(|signature| signature.strip_prefix(&[0]).map(<[u8]>::to_vec)).unwrap()
}

static KEYS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../crates/jose/tests/vectors/keys.json")).unwrap());

static SIGNING: LazyLock<Vec<[Option<SigningKey>; 2]>> = LazyLock::new(|| {
    let both =
        |alg: &Alg| [Whose::Trusted, Whose::Other].map(|whose| (!alg.is_mac()).then(|| signing_key(*alg, whose)));
    Alg::ALL.iter().map(both).collect()
});
