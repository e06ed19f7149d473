//! Devices that signed in before. By them an owner gets in while strangers guess at the account ([OWASP Authentication],
//! "device cookies").
//!
//! A browser that signed in gets a sealed, long-lived cookie with the accounts that it signed in to. It proves "somebody
//! signed in to this account here, with the password of that generation", and is asked for one thing: whose allowance an
//! attempt is counted in. It signs nobody in, is no part of a session, and is worth nothing for another account or after the
//! password changed. A copy of it shares the allowance of the original.
//!
//! [OWASP Authentication]: https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html

use std::time::Duration;

use countersign_storage::{Fault, KeyRing, Random, Sealed, Subject, Timestamp, secret};
use serde::{Deserialize, Serialize};

/// What the cookie holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct KnownDevice {
    /// Its name, fresh for each device.
    id: String,
    /// The last used first.
    accounts: Vec<KnownAccount>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct KnownAccount {
    subject: Subject,
    /// The generation of the password that was right.
    password: u32,
    until: Timestamp,
}

impl KnownDevice {
    /// Reads a cookie. A cookie that does not open names no device, and nobody is told.
    pub(crate) fn open(key_ring: &KeyRing, cookie: &str) -> Option<Self> {
        if cookie.len() > COOKIE_BYTES {
            return None;
        }
        let opened = key_ring.open(CONTEXT, &Sealed::from_text(cookie)).ok()?;
        serde_json::from_slice(&opened).ok()
    }

    pub(crate) fn fresh(random: &dyn Random) -> Self {
        KnownDevice { id: secret::identifier("dev", random), accounts: Vec::new() }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Whether somebody signed in to this account here, with the password that it still has.
    pub(crate) fn knows(&self, subject: &Subject, password: u32, now: Timestamp) -> bool {
        let fits = |known: &KnownAccount| known.subject == *subject && known.password == password && now < known.until;
        self.accounts.iter().any(fits)
    }

    /// The device after a sign-in. It forgets the accounts that were not used for the longest time.
    #[must_use]
    pub(crate) fn with(mut self, subject: &Subject, password: u32, now: Timestamp, lasting: Duration) -> Self {
        self.accounts.retain(|known| known.subject != *subject && now < known.until);
        self.accounts.insert(0, KnownAccount { subject: subject.clone(), password, until: now + lasting });
        self.accounts.truncate(ACCOUNTS);
        self
    }

    /// The value of the cookie.
    ///
    /// # Errors
    /// [`Fault::Crypto`].
    pub(crate) fn seal(&self, key_ring: &KeyRing) -> Result<String, Fault> {
        let plain = serde_json::to_vec(self).map_err(|_| Fault::Internal("a known device cannot be written"))?;
        Ok(key_ring.seal(CONTEXT, &plain)?.as_str().to_owned())
    }
}

const CONTEXT: &str = "known device";
/// How many accounts one browser remembers. With the longest subjects they fill half of a cookie.
const ACCOUNTS: usize = 5;
/// A browser keeps no longer cookie (RFC 6265 §6.1).
const COOKIE_BYTES: usize = 4_096;

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use countersign_storage::{Secret, SeededRandom};

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    fn key_ring(secret: &str) -> KeyRing {
        KeyRing::new([(1, Secret::new(secret))]).unwrap()
    }

    fn subject(name: &str) -> Subject {
        Subject::new(name).unwrap()
    }

    #[test]
    fn a_device_knows_the_account_with_the_password_that_was_right_for_a_time() {
        let device = KnownDevice::fresh(&SeededRandom::new(1)).with(&subject("alice"), 1, NOW, DAY);
        assert!(device.knows(&subject("alice"), 1, NOW + DAY - Duration::from_secs(1)));
        assert!(!device.knows(&subject("alice"), 1, NOW + DAY), "too old");
        assert!(!device.knows(&subject("alice"), 2, NOW), "another password");
        assert!(!device.knows(&subject("bob"), 1, NOW), "another person");
        let later = device.with(&subject("alice"), 2, NOW, DAY);
        assert!(later.knows(&subject("alice"), 2, NOW) && !later.knows(&subject("alice"), 1, NOW));
    }

    #[test]
    fn a_device_remembers_five_accounts_and_its_cookie_stays_a_cookie() {
        let names: Vec<Subject> = (0..9).map(|n| subject(&format!("{n}{}", "x".repeat(254)))).collect();
        let device = KnownDevice::fresh(&SeededRandom::new(1));
        let device = names.iter().fold(device, |device, name| device.with(name, 1, NOW, DAY));
        assert_eq!(names.iter().filter(|name| device.knows(name, 1, NOW)).count(), 5);
        assert!(device.knows(&names[8], 1, NOW) && !device.knows(&names[3], 1, NOW));
        let sealed = device.seal(&key_ring("Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go")).unwrap();
        assert!(sealed.len() < COOKIE_BYTES, "{}", sealed.len());
        assert_eq!(KnownDevice::open(&key_ring("Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go"), &sealed), Some(device));
    }

    #[test]
    fn what_we_did_not_seal_is_no_device() {
        let ring = key_ring("Zk3vN8qYw1TfRb6HsXp0MjLd5UeCa9Go");
        let device = KnownDevice::fresh(&SeededRandom::new(1)).with(&subject("usr_alice"), 1, NOW, DAY);
        let sealed = device.seal(&ring).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(sealed.split_once('.').unwrap().1).unwrap();
        assert!(!bytes.windows(9).any(|part| part == b"usr_alice"));
        assert_eq!(KnownDevice::open(&key_ring("tQ4-another-secret-that-is-no-counting-7"), &sealed), None);
        let elsewhere = ring.seal("something else", &serde_json::to_vec(&device).unwrap()).unwrap();
        for no_device in [elsewhere.as_str(), "", "1.", "1.AAAA", &sealed[1..], &format!("{sealed}{sealed}")] {
            assert_eq!(KnownDevice::open(&ring, no_device), None, "{no_device}");
        }
    }
}
