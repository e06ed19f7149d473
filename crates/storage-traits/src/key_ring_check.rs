//! Whether a store was made with these secrets: one small sealed value that opens, or does not.
//!
//! Without it, a secret that was changed shows late and without its name, as some sealed value that cannot be opened.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;

use crate::batch::Changes;
use crate::decision::{Decision, Moment, Stopped};
use crate::fault::Fault;
use crate::key_ring::{KeyRing, Sealed};
use crate::operation::{Operation, Ports, Sealing};
use crate::reader::Reader;
use crate::record::{Kind, Record, Stored};
use crate::secret::Secret;

/// What the sealed value says of the secrets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyRingFit {
    /// The store was made with one of them.
    Fits,
    /// It was made with others: what is sealed in it cannot be opened.
    Foreign,
    /// Nobody left a value yet.
    Unknown,
}

/// The store was made with other secrets: what is sealed in it cannot be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the store was made with other secrets")]
pub struct OtherSecrets;

impl KeyRing {
    /// Asks the store whether it was made with these secrets. Ask before anything is sealed.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn fits(&self, ports: &Ports) -> Result<KeyRingFit, Fault> {
        let found = ports.reader().load(KeyRingCheck::at(ID)).await?;
        Ok(self.judge_check(found.as_ref()))
    }

    /// Leaves a sealed value for [`KeyRing::fits`], under the newest secret. It must come after something else that is
    /// sealed in the store was opened, where there is any. What does not open stays as it is.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Crypto`].
    pub async fn leave_check(&self, ports: &Ports) -> Result<KeyRingFit, Fault> {
        Ok(ports.perform_sealing(&Leave { key_ring: self }).await?)
    }

    /// The keys for a store, of the secret of today and the one before, while it is replaced: the store says which numbers they
    /// have. What is sealed from now on is sealed under the secret of today; the one before opens what it sealed. Neither may be
    /// one that [`KeyRing::judge`] refuses.
    ///
    /// # Errors
    /// [`OtherSecrets`]; [`Fault::Unavailable`].
    pub async fn of_store(
        ports: &Ports,
        today: &Secret,
        before: Option<&Secret>,
    ) -> Result<Self, Stopped<OtherSecrets>> {
        let found = ports.reader().load(KeyRingCheck::at(ID)).await?;
        let ring = |keys: Vec<(u32, &Secret)>| {
            let keys = keys.into_iter().map(|(number, secret)| (number, secret.clone()));
            KeyRing::new(keys).map_err(|_| Stopped::Refused(OtherSecrets))
        };
        let with_before = |number: u32| {
            let before = before.map(|before| (number.saturating_sub(1), before));
            ring(before.into_iter().chain([(number, today)]).collect())
        };
        let Some(found) = found else { return with_before(if before.is_some() { 2 } else { 1 }) };
        let opens =
            |secret| ring(vec![(found.number, secret)]).map(|ring| ring.judge_check(Some(&found)) == KeyRingFit::Fits);
        if opens(today)? {
            return with_before(found.number);
        }
        match before {
            Some(before) if opens(before)? => with_before(found.number.saturating_add(1)),
            _ => Err(Stopped::Refused(OtherSecrets)),
        }
    }

    fn judge_check(&self, found: Option<&Stored<KeyRingCheck>>) -> KeyRingFit {
        match found {
            None => KeyRingFit::Unknown,
            Some(found) if self.open(CONTEXT, &found.sealed).is_ok() => KeyRingFit::Fits,
            Some(_) => KeyRingFit::Foreign,
        }
    }
}

/// The sealed value: one in a store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeyRingCheck {
    /// Under which of the secrets.
    number: u32,
    sealed: Sealed,
}

impl Record for KeyRingCheck {
    const KIND: Kind = Kind::new("key_ring_check");

    fn id(&self) -> String {
        ID.to_owned()
    }
}

struct Leave<'a> {
    key_ring: &'a KeyRing,
}

#[async_trait]
impl Operation for Leave<'_> {
    type Loaded = Option<Stored<KeyRingCheck>>;
    type Granted = Option<Stored<KeyRingCheck>>;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(KeyRingCheck::at(ID)).await
    }

    fn decide(&self, found: Self::Loaded, _: &Moment<'_>) -> Decision<Option<Stored<KeyRingCheck>>, Infallible> {
        Decision::grant(found)
    }
}

#[async_trait]
impl Sealing for Leave<'_> {
    type Sealed = KeyRingFit;

    async fn seal(&self, found: Option<Stored<KeyRingCheck>>, changes: &mut Changes) -> Result<KeyRingFit, Fault> {
        let number = self.key_ring.newest().unwrap_or_default();
        match (self.key_ring.judge_check(found.as_ref()), found) {
            (KeyRingFit::Foreign, _) => return Ok(KeyRingFit::Foreign),
            (_, Some(found)) if found.number == number => {}
            (_, found) => {
                let check = KeyRingCheck { number, sealed: self.key_ring.seal(CONTEXT, b"countersign")? };
                match found {
                    Some(found) => changes.replace(&found.with(check)),
                    None => changes.insert(&check),
                };
            }
        }
        Ok(KeyRingFit::Fits)
    }
}

const CONTEXT: &str = "key ring check";
const ID: &str = "1";
