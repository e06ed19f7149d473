//! RSA-OAEP with SHA-256, encrypting alone ([RFC 8017 §7.1.1]).
//!
//! [RFC 8017 §7.1.1]: https://www.rfc-editor.org/rfc/rfc8017#section-7.1.1

use getrandom::SysRng;
use rsa::Oaep;
use rsa::traits::PaddingScheme;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::RsaSize;
use crate::crypto::pure::{reject, rsa_public_key};
use crate::crypto::{PrivateMembers, PublicMembers, Rejected};

/// An RSA key that encrypts.
pub(crate) struct OaepPublicKey(rsa::RsaPublicKey);

impl OaepPublicKey {
    pub(crate) fn new(members: &PublicMembers) -> Result<Self, Rejected> {
        let PublicMembers::Rsa { n, e } = members else { return Err(Rejected) };
        rsa_public_key(n, e).map(OaepPublicKey)
    }

    pub(crate) fn encrypt(&self, plaintext: &[u8]) -> Result<Vec<u8>, Rejected> {
        // The scheme and not the key is asked: it passes a failure of the randomness on.
        PaddingScheme::encrypt(Oaep::<Sha256>::new(), &mut SysRng, &self.0, plaintext).map_err(reject)
    }
}

/// An RSA key that decrypts: there is none in this back end, so that none of this can be called.
pub(crate) enum OaepPrivateKey {}

impl OaepPrivateKey {
    /// Whether there are such keys at all.
    pub(crate) fn available() -> bool {
        false
    }

    pub(crate) fn generate(_: RsaSize) -> Result<Self, Rejected> {
        Err(Rejected)
    }

    pub(crate) fn from_members(_: &PublicMembers, _: &PrivateMembers) -> Result<Self, Rejected> {
        Err(Rejected)
    }

    pub(crate) fn members(&self) -> Result<(PublicMembers, PrivateMembers), Rejected> {
        match *self {}
    }

    pub(crate) fn decrypt(&self, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, Rejected> {
        match *self {}
    }
}
