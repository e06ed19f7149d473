//! The proof that a password is right.

use countersign_storage::{Changes, Stored};

use crate::authn::Authn;
use crate::credential::Credential;
use crate::password::Password;
use crate::password_hasher::{HashingError, Verification};

impl Authn {
    /// Compares a password with what is stored for a subject. `None`: it is wrong, or there is none.
    pub(crate) async fn verify(
        &self,
        stored: Option<Stored<Credential>>,
        password: &Password,
    ) -> Result<Option<Verified>, HashingError> {
        let verification = self.hasher.verify(password, stored.as_ref().map(|stored| stored.phc.as_str())).await?;
        let Some(Credential { generation, .. }) = stored.map(|stored| stored.record) else { return Ok(None) };
        let rehashed = match verification {
            Verification::Differs => return Ok(None),
            Verification::Matches => None,
            // A full queue keeps nobody out whose password is right: the hash is then replaced at the next sign-in.
            Verification::MatchesOutdated => self.hasher.hash(password, self.ports.random.as_ref()).await.ok(),
        };
        Ok(Some(Verified { generation, rehashed }))
    }
}

/// Proof that a password was compared with the hash of `generation`, and is right.
pub(crate) struct Verified {
    pub(crate) generation: u32,
    /// Today's hash of the same password. It takes the place of an outdated one.
    pub(crate) rehashed: Option<String>,
}

impl Verified {
    /// Whether the stored password is still the one that was verified.
    pub(crate) fn still_holds(&self, stored: &Credential) -> bool {
        stored.generation == self.generation
    }

    /// Puts today's hash in the place of an outdated one. Where two do so at once, either may win: both hashes are of the same
    /// password.
    pub(crate) fn rehash(&self, stored: &Stored<Credential>, changes: &mut Changes) {
        if let Some(phc) = self.rehashed.clone() {
            changes.replace(&stored.with(Credential { phc, ..stored.record.clone() }));
        }
    }
}
