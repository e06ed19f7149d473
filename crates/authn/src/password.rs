//! Passwords as people type them: one form, and which may be chosen ([NIST SP 800-63B §3.1.1], [ASVS 5.0 §6.2]).
//!
//! One rule at sign-up, at sign-in and at confirmation: the text is brought into Unicode's NFKC (Unicode Standard Annex 15), so that `é`
//! typed on two keyboards is one password; nothing else is changed, trimmed or cut.
//!
//! Refused when chosen: less than 12 bytes or more than 1,024 (after NFKC), the person's own address or name, and what
//! everybody guesses first.

use countersign_storage::{EmailAddress, Secret};
use unicode_normalization::UnicodeNormalization;

use crate::common_password::{Guess, guess};

/// A password in NFKC, at most 1,024 bytes.
#[derive(Clone, Debug)]
pub struct Password(Secret);

/// Why a password may not be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PasswordRefusal {
    /// It is, but for a few characters, among those that everybody guesses first.
    #[error("This password is too common.")]
    Common,
    /// It is, but for a few characters, the person's own e-mail address or name.
    #[error("The password must not be your e-mail address or your name.")]
    Personal,
    /// More than 1,024 bytes.
    #[error("The password is too long: at most 1024 bytes.")]
    TooLong,
    /// Less than 12 bytes.
    #[error("The password is too short: at least 12 characters.")]
    TooShort,
}

impl Password {
    /// The least and the greatest length, in bytes of NFKC.
    pub const BYTES: std::ops::RangeInclusive<usize> = 12..=1_024;

    /// A password that somebody presents, to be compared with a stored one. It is not judged, so that one that was
    /// chosen under older rules still opens; only its length is bounded, before any work.
    ///
    /// # Errors
    /// [`PasswordRefusal::TooLong`].
    pub fn presented(text: &Secret) -> Result<Self, PasswordRefusal> {
        // Composing can shorten a text (three-byte letters out of nine), so the bound before is wider than the one after.
        if text.expose().len() > 4 * Self::BYTES.end() {
            return Err(PasswordRefusal::TooLong);
        }
        // Reserved at its greatest, so that growing leaves no copies behind; beyond it, it is refused anyway.
        let mut nfkc = String::with_capacity(Self::BYTES.end() + 4);
        for c in text.expose().nfkc() {
            nfkc.push(c);
            if nfkc.len() > *Self::BYTES.end() {
                let _wiped = Secret::new(nfkc);
                return Err(PasswordRefusal::TooLong);
            }
        }
        Ok(Password(Secret::new(nfkc)))
    }

    /// A password that a person wants to have.
    ///
    /// # Errors
    /// [`PasswordRefusal`].
    pub fn chosen(text: &Secret, email: &EmailAddress, name: &str) -> Result<Self, PasswordRefusal> {
        let password = Self::presented(text)?;
        if password.as_bytes().len() < *Self::BYTES.start() {
            return Err(PasswordRefusal::TooShort);
        }
        let local_part = email.as_str().split('@').next().unwrap_or_default();
        match guess(password.0.expose(), &[email.as_str(), local_part, name]) {
            Some(Guess::Personal) => Err(PasswordRefusal::Personal),
            Some(Guess::Common) => Err(PasswordRefusal::Common),
            None => Ok(password),
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}
