//! What one network can hold of what all share.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_storage::Network;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The shares of all networks in a number of places: each network can hold an eighth of them. So one address keeps nobody
/// else out, and what is remembered is never more than what is held.
#[derive(Clone, Debug)]
pub(super) struct Shares {
    most: usize,
    networks: Arc<Mutex<HashMap<Network, Used>>>,
}

/// One place of a network's share, until this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    _permit: OwnedSemaphorePermit,
    _present: Present,
}

/// One connection: a place among all, and one of its network's share where the network has one.
#[derive(Debug)]
pub(super) struct Place {
    _of_all: OwnedSemaphorePermit,
    _share: Option<Share>,
}

#[derive(Debug)]
struct Used {
    places: Arc<Semaphore>,
    /// How many hold a place or wait for one.
    present: usize,
}

/// Keeps the entry of its network.
#[derive(Debug)]
struct Present {
    shares: Shares,
    network: Network,
}

impl Place {
    pub(super) fn new(of_all: OwnedSemaphorePermit, share: Option<Share>) -> Self {
        Place { _of_all: of_all, _share: share }
    }
}

impl Shares {
    /// In so many places, `times` an eighth.
    pub(super) fn of(places: usize, times: u32) -> Self {
        let times = usize::try_from(times).unwrap_or(usize::MAX);
        Shares { most: (places / PART).saturating_mul(times).min(places), networks: Arc::default() }
    }

    /// A place where one is free.
    pub(super) fn take(&self, network: Network) -> Option<Share> {
        let (places, present) = self.enter(network);
        Some(Share { _permit: places.try_acquire_owned().ok()?, _present: present })
    }

    /// A place as soon as one is free; nobody closes them.
    pub(super) async fn wait(&self, network: Network) -> Option<Share> {
        let (places, present) = self.enter(network);
        Some(Share { _permit: places.acquire_owned().await.ok()?, _present: present })
    }

    fn enter(&self, network: Network) -> (Arc<Semaphore>, Present) {
        let mut networks = self.networks();
        let used =
            networks.entry(network).or_insert_with(|| Used { places: Arc::new(Semaphore::new(self.most)), present: 0 });
        used.present += 1;
        (Arc::clone(&used.places), Present { shares: self.clone(), network })
    }

    fn networks(&self) -> MutexGuard<'_, HashMap<Network, Used>> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        if let Entry::Occupied(mut entry) = self.shares.networks().entry(self.network) {
            entry.get_mut().present -= 1;
            if entry.get().present == 0 {
                entry.remove();
            }
        }
    }
}

/// A network has one such part of all.
const PART: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Network {
        Network::of(address.parse().unwrap())
    }

    #[test]
    fn a_network_holds_an_eighth_and_others_theirs_beside_it() {
        let shares = Shares::of(16, 1);
        let held: Vec<_> = (0..3).map(|n| shares.take(network(&format!("2001:db8::{n}")))).collect();
        assert_eq!(held.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false]);
        assert!(shares.take(network("2001:db8:0:1::1")).is_some());
        drop(held);
        assert!(shares.take(network("2001:db8::9")).is_some());
        assert!(shares.networks().is_empty(), "nothing is remembered of who holds nothing");
    }

    #[test]
    fn a_share_is_never_more_than_all() {
        for (times, most) in [(1, 2), (3, 6), (1_000, 16), (u32::MAX, 16)] {
            assert_eq!(Shares::of(16, times).most, most);
        }
    }
}
