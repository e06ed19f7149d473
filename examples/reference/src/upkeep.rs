//! What a server does on its own: it removes what has expired and renews its signing keys.

use std::time::Duration;

use countersign_oidc::Rotation;
use countersign_storage::{Fault, Purge};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use crate::site::Reference;

impl Reference {
    /// Removes what has expired, and renews signing keys: those that are 30 days old, and all when the process gets
    /// SIGUSR1. Runs until it is dropped, on every node. The signal is minded from this call on, not only from the first
    /// poll: call it before you say that the server is ready, for until then the signal ends the process.
    pub fn upkeep(&self) -> impl Future<Output = ()> + Send + '_ {
        let asked = signal(SignalKind::user_defined1()).ok();
        self.keep_up(asked)
    }

    async fn keep_up(&self, mut asked: Option<Signal>) {
        let mut tick = interval(EVERY);
        let purge = Purge::new(self.ports.clone());
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let renewal = tokio::select! {
                _ = tick.tick() => Renewal::Old,
                () = received(&mut asked) => Renewal::All,
            };
            if let Err(fault) = self.renew_keys(renewal).await {
                tracing::warn!(%fault, "signing keys were not renewed");
            }
            match purge_all(&purge).await {
                Ok(0) => {}
                Ok(purged) => tracing::debug!(purged, "expired records removed"),
                Err(fault) => tracing::warn!(%fault, "expired records were not removed"),
            }
        }
    }

    async fn renew_keys(&self, renewal: Renewal) -> Result<(), Fault> {
        let now = self.ports.now();
        let keys = self.issuer.signing_keys().status().await?;
        for algorithm in &self.issuer.policy().algorithms {
            let newest = keys.iter().filter(|key| key.algorithm == *algorithm).map(|key| key.active_from).max();
            let due = newest.is_none_or(|active_from| now.since(active_from) > KEY_LIFE);
            if renewal == Renewal::All || due {
                self.issuer.rotate_key(*algorithm, Rotation::Scheduled).await?;
            }
        }
        // Forgets keys whose last token is dead.
        self.issuer.ensure_keys().await
    }
}

async fn purge_all(purge: &Purge) -> Result<u64, Fault> {
    let mut all = 0;
    loop {
        let purged = purge.run(PURGE_AT_ONCE).await?;
        all += purged;
        if purged < u64::from(PURGE_AT_ONCE) {
            return Ok(all);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Renewal {
    Old,
    All,
}

/// Never returns where the signal cannot be waited for.
async fn received(signal: &mut Option<Signal>) {
    let received = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if received.is_none() {
        std::future::pending::<()>().await;
    }
}

const EVERY: Duration = Duration::from_secs(60);
const KEY_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const PURGE_AT_ONCE: u32 = 1_000;
