//! A set of public keys, with its refusal in words.

use countersign_jose::{JwkSet, VerifyingKey};

use crate::answer::Unable;

pub(crate) fn set_of(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<JwkSet, Unable> {
    JwkSet::from_keys(keys).map_err(|error| Unable::new(format!("no key set: {error} ({})", error.code())))
}
