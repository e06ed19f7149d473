//! One post of one form, and its turn. Where the same post comes twice, the second waits until the first is answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_lock::Mutex as Turn;
use countersign_storage::{Handle, SealingKey, Secret};

use crate::visit::Visit;

/// The posts that are being answered now.
#[derive(Default)]
pub(crate) struct Clicks {
    turns: Mutex<HashMap<Handle, Arc<Turn<()>>>>,
}

/// One post of one form.
pub(crate) struct Click<'a> {
    clicks: &'a Clicks,
    /// The hash of path and body.
    pub(crate) id: Handle,
    /// Seals the outcome.
    pub(crate) key: SealingKey,
    /// Held while it is answered.
    pub(crate) turn: Arc<Turn<()>>,
}

impl Clicks {
    /// Takes note of a post. The token of its form must fit.
    pub(crate) fn of(&self, visit: &Visit, token: &str) -> Click<'_> {
        let post = [visit.path.as_bytes(), b"\n", &visit.body].concat();
        let id = Secret::new(String::from_utf8_lossy(&post)).handle();
        let turn = self.turns().entry(id.clone()).or_default().clone();
        Click { clicks: self, id, key: SealingKey::derive(&Secret::new(token), "form outcome"), turn }
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<Handle, Arc<Turn<()>>>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Click<'_> {
    /// Whoever goes last takes the turn away. That holds for a browser that hung up, too.
    fn drop(&mut self) {
        let mut turns = self.clicks.turns();
        if Arc::strong_count(&self.turn) <= 2 {
            turns.remove(&self.id);
        }
    }
}
