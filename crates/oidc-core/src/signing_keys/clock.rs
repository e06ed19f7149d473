//! What the stored keys say about the time: no right clock is before the moment at which one of them was published.

use std::time::Duration;

use countersign_storage::{Fault, Timestamp};

use crate::signing_keys::times::Times;

/// `now`, or the moment at which the newest key was published, where a clock was set back behind it.
pub(super) fn seen(now: Timestamp, keys: impl Iterator<Item = Times>) -> Timestamp {
    keys.map(|times| times.published_at).fold(now, Timestamp::max)
}

/// Whether this machine's clock can be right.
///
/// # Errors
/// [`Fault::Internal`], in words for whoever starts the server.
pub(super) fn check(now: Timestamp, keys: impl Iterator<Item = Times>) -> Result<(), Fault> {
    if now < MADE {
        return Err(Fault::Internal(
            "this machine's clock is set to a time before this software was made: set it right",
        ));
    }
    if now + BETWEEN_NODES < seen(now, keys) {
        return Err(Fault::Internal(
            "this machine's clock is set to a time before the newest signing key was made, here or on another node: set \
             it right",
        ));
    }
    Ok(())
}

/// 1 November 2026. Moved on when the software is.
const MADE: Timestamp = Timestamp(1_793_491_200);

/// How much the clocks of two nodes may differ.
const BETWEEN_NODES: Duration = Duration::from_secs(60);
