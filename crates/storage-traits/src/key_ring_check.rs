//! Whether a store was made with these secrets: one small sealed value that opens, or does not.
//!
//! Without it, a secret that was changed shows late and without its name, as some sealed value that cannot be opened.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;

use crate::batch::Changes;
use crate::decision::{Decision, Moment};
use crate::fault::Fault;
use crate::key_ring::{KeyRing, Sealed};
use crate::operation::{Operation, Ports, Sealing};
use crate::reader::Reader;
use crate::record::{Kind, Record, Stored};

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
