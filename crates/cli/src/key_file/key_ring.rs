//! A file of private keys that follow each other: a JWK set with the private members, and with four times in each key.
//!
//! A key is *pending* once it is published, *active* from `active_from`, *retiring* from `retired_from`, when its
//! successor is active, and *removed* from `removed_from`, when the last token that it signed is dead. The state follows
//! from the clock; nobody has to come back to switch it.

use countersign_jose::{Algorithm, JwkSet, SigningKey, json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::key_set::set_of;
use crate::answer::Unable;

/// The keys, oldest first.
pub(crate) struct KeyRing {
    pub(crate) keys: Vec<KeptKey>,
}

pub(crate) struct KeptKey {
    pub(crate) key: SigningKey,
    pub(crate) times: Times,
}

/// When a key changes its state, in seconds since the epoch. A key without times is active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Times {
    #[serde(default)]
    pub(crate) published_at: i64,
    #[serde(default)]
    pub(crate) active_from: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retired_from: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) removed_from: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Published, and not yet signing.
    Pending,
    Active,
    /// No longer signing; what it signed is still good.
    Retiring,
    Removed,
}

impl State {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Active => "active",
            State::Retiring => "retiring",
            State::Removed => "removed",
        }
    }
}

impl Times {
    pub(crate) fn state(&self, now: i64) -> State {
        if self.removed_from.is_some_and(|at| at <= now) {
            State::Removed
        } else if self.retired_from.is_some_and(|at| at <= now) {
            State::Retiring
        } else if self.active_from <= now {
            State::Active
        } else {
            State::Pending
        }
    }
}

/// How long things take, in seconds.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// How long a key is published before it signs: as long as anybody may use an older copy of the set.
    pub(crate) lead: i64,
    /// How long the longest token lives that these keys sign.
    pub(crate) longest_token: i64,
}

/// What verifiers forgive between two clocks, in seconds.
const LEEWAY: i64 = 30;

/// What a rotation did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rotated {
    /// A successor was added.
    Added,
    /// One is under way already: a key is pending.
    UnderWay,
}

impl KeyRing {
    /// Reads a ring. Each key passes the checks of a private JWK.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Document<'a> {
            // Lent, so that no copy of a private member is left behind.
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }
        json::check(text.as_bytes()).map_err(|error| format!("{error} (key_json)"))?;
        let document: Document<'_> = serde_json::from_str(text)
            .map_err(|_| "the key set has no array \"keys\" (key_set_malformed)".to_owned())?;
        let mut keys = Vec::with_capacity(document.keys.len());
        for (index, raw) in document.keys.into_iter().enumerate() {
            let key = SigningKey::from_jwk(raw.get())
                .map_err(|error| format!("key {index} of the set is refused: {error} ({})", error.code()))?;
            let times = serde_json::from_str(raw.get())
                .map_err(|_| format!("the times of key {index} of the set are not whole seconds"))?;
            keys.push(KeptKey { key, times });
        }
        let ring = KeyRing { keys };
        ring.public_set().map_err(|_| "two keys of the set have the same kid (key_set_duplicate_kid)".to_owned())?;
        Ok(ring)
    }

    /// The whole ring, private members included, as it is kept in its file.
    pub(crate) fn to_text(&self) -> Result<Zeroizing<String>, Unable> {
        let failed = |error: countersign_jose::KeyError| Unable::new(format!("{error} ({})", error.code()));
        let mut texts = Vec::with_capacity(self.keys.len());
        for KeptKey { key, times } in &self.keys {
            texts.push((key.to_jwk().map_err(failed)?, serde_json::to_string(times).unwrap_or_default()));
        }
        let length = texts.iter().map(|(jwk, times)| jwk.expose().len() + times.len() + 8).sum::<usize>();
        // Enough for all of it: a string that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(length + 32));
        text.push_str("{\"keys\":[");
        for (index, (jwk, times)) in texts.iter().enumerate() {
            text.push_str(if index == 0 { "\n" } else { ",\n" });
            // Two objects become one.
            text.push_str(jwk.expose().strip_suffix('}').unwrap_or_default());
            text.push(',');
            text.push_str(times.strip_prefix('{').unwrap_or_default());
        }
        text.push_str("\n]}\n");
        Ok(text)
    }

    pub(crate) fn public_set(&self) -> Result<JwkSet, Unable> {
        set_of(self.keys.iter().map(|kept| kept.key.verifying_key()))
    }

    /// The key that signs now: the newest active one, for this algorithm if one is named.
    pub(crate) fn active(&self, algorithm: Option<Algorithm>, now: i64) -> Option<&SigningKey> {
        let active = self.keys.iter().filter(|kept| kept.times.state(now) == State::Active);
        let fits = active.filter(|kept| algorithm.is_none_or(|algorithm| kept.key.algorithm() == algorithm));
        fits.max_by_key(|kept| kept.times.active_from).map(|kept| &kept.key)
    }

    /// Takes out the keys whose last token is dead.
    pub(crate) fn remove_dead(&mut self, now: i64) -> Vec<KeptKey> {
        let (dead, kept) = self.keys.drain(..).partition(|kept| kept.times.state(now) == State::Removed);
        self.keys = kept;
        dead
    }

    /// Publishes a successor, which signs when everybody can have seen it; until then the others go on. The first key of an
    /// algorithm has nobody to wait for.
    pub(crate) fn rotate(&mut self, fresh: SigningKey, pace: Pace, now: i64) -> Rotated {
        let algorithm = fresh.algorithm();
        let mut same: Vec<&mut KeptKey> =
            self.keys.iter_mut().filter(|kept| kept.key.algorithm() == algorithm).collect();
        if same.iter().any(|kept| kept.times.state(now) == State::Pending) {
            return Rotated::UnderWay;
        }
        let active_from = if same.is_empty() { now } else { now.saturating_add(pace.lead) };
        // A signer may read this file as late as a verifier reads the published one.
        let removed_from =
            active_from.saturating_add(pace.longest_token).saturating_add(pace.lead).saturating_add(LEEWAY);
        for kept in same.iter_mut().filter(|kept| kept.times.retired_from.is_none()) {
            kept.times.retired_from = Some(active_from);
            kept.times.removed_from = Some(removed_from);
        }
        let times = Times { published_at: now, active_from, ..Times::default() };
        self.keys.push(KeptKey { key: fresh, times });
        Rotated::Added
    }

    /// Replaces the keys of an algorithm at once: what they signed is refused as soon as verifiers have the new set.
    pub(crate) fn replace(&mut self, fresh: SigningKey, now: i64) -> Vec<KeptKey> {
        let algorithm = fresh.algorithm();
        let (lost, kept) = self.keys.drain(..).partition(|kept| kept.key.algorithm() == algorithm);
        self.keys = kept;
        self.keys
            .push(KeptKey { key: fresh, times: Times { published_at: now, active_from: now, ..Times::default() } });
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { lead: 600, longest_token: 300 };

    fn key() -> SigningKey {
        SigningKey::generate(Algorithm::EdDSA).unwrap()
    }

    fn states(ring: &KeyRing, now: i64) -> Vec<&'static str> {
        ring.keys.iter().map(|kept| kept.times.state(now).as_str()).collect()
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_until_its_last_token_is_dead() {
        let mut ring = KeyRing { keys: Vec::new() };
        assert_eq!(ring.rotate(key(), PACE, 1_000), Rotated::Added);
        assert_eq!(states(&ring, 1_000), ["active"]);

        assert_eq!(ring.rotate(key(), PACE, 2_000), Rotated::Added);
        assert_eq!(states(&ring, 2_599), ["active", "pending"]);
        assert_eq!(ring.rotate(key(), PACE, 2_599), Rotated::UnderWay);
        let signing = |ring: &KeyRing, now| ring.active(None, now).unwrap().kid().to_owned();
        let (old, new) = (ring.keys[0].key.kid().to_owned(), ring.keys[1].key.kid().to_owned());
        assert_eq!(signing(&ring, 2_599), old);
        assert_eq!((signing(&ring, 2_600), states(&ring, 2_600)), (new, vec!["retiring", "active"]));
        // The last token: a signer that read the file 600 seconds late, 300 seconds, 30 of leeway.
        assert_eq!(states(&ring, 2_600 + 929), ["retiring", "active"]);
        assert_eq!(states(&ring, 2_600 + 930), ["removed", "active"]);
        assert!(ring.remove_dead(3_529).is_empty());
        assert_eq!(ring.remove_dead(3_530).len(), 1);
    }

    #[test]
    fn keys_of_another_algorithm_are_left_alone() {
        let mut ring = KeyRing { keys: Vec::new() };
        ring.rotate(key(), PACE, 0);
        ring.rotate(SigningKey::generate(Algorithm::Es256).unwrap(), PACE, 0);
        assert_eq!(states(&ring, 0), ["active", "active"]);
        assert_eq!(ring.replace(key(), 10).len(), 1);
        assert_eq!(ring.active(Some(Algorithm::Es256), 10).unwrap().algorithm(), Algorithm::Es256);
        assert_eq!(ring.keys.len(), 2);
    }

    #[test]
    fn a_ring_that_is_written_is_read_back() {
        let mut ring = KeyRing { keys: Vec::new() };
        ring.rotate(key(), PACE, 0);
        ring.rotate(key(), PACE, 100);
        let read = KeyRing::parse(&ring.to_text().unwrap()).unwrap();
        for (kept, read) in ring.keys.iter().zip(&read.keys) {
            assert_eq!((kept.key.public_jwk(), kept.times), (read.key.public_jwk(), read.times));
        }
        assert_eq!(read.keys.len(), 2);
        // A set that somebody else wrote has no times: its keys sign.
        let plain = format!("{{\"keys\":[{}]}}", key().to_jwk().unwrap().expose());
        assert_eq!(states(&KeyRing::parse(&plain).unwrap(), 0), ["active"]);
    }
}
