//! Passwords as people type them: one form, and which may be chosen ([NIST SP 800-63B §3.1.1], [ASVS 5.0 §6.2]).
//!
//! One rule at sign-up, at sign-in and at confirmation: the text is brought into Unicode's NFKC (Unicode Standard Annex 15),
//! so that `é` typed on two keyboards is one password. Nothing else is changed, trimmed or cut.
//!
//! Refused when chosen: less than 12 characters (Unicode scalar values of NFKC), more than 1,024 bytes, the person's own
//! address or name as a whole ([NIST SP 800-63B §3.1.1.2]: "the entire password", so a password may well hold a name),
//! and what is guessed too early ([`crate::password_strength`]).
//!
//! [NIST SP 800-63B §3.1.1]: https://pages.nist.gov/800-63-4/sp800-63b.html
//! [ASVS 5.0 §6.2]: https://github.com/OWASP/ASVS/tree/v5.0.0/5.0/en

use countersign_storage::{EmailAddress, Secret};
use countersign_web::refusals;
use unicode_normalization::UnicodeNormalization;

use crate::password_strength::Weakness;

/// A password in NFKC, at most 1,024 bytes.
#[derive(Clone, Debug)]
pub struct Password(Secret);

refusals! {
    /// Why a password must not be used.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum PasswordRefusal {
        /// It would be guessed too early.
        Guessable(weakness: Weakness) => inner,
        /// It is the person's own e-mail address, the part of it before the `@`, or their name.
        Personal => [
            UNPROCESSABLE_ENTITY "PASSWORD_TOO_PERSONAL" "NIST SP 800-63B §3.1.1.2"
            "This password is your e-mail address or your name. Use something that nobody knows of you."
        ],
        /// More than 1,024 bytes.
        TooLong => [
            UNPROCESSABLE_ENTITY "PASSWORD_TOO_LONG" "own" "This password is too long: at most 1024 bytes."
        ],
        /// Less than 12 characters.
        TooShort {
            /// How many it has.
            found: usize,
        } => [
            UNPROCESSABLE_ENTITY "PASSWORD_TOO_SHORT" "NIST SP 800-63B §3.1.1.2"
            "This password is too short: it has {found} characters, and at least 12 are needed."
        ],
    }
}

impl Password {
    /// The least length of a chosen password, in characters: Unicode scalar values of NFKC.
    pub const LEAST_CHARACTERS: usize = 12;
    /// The greatest length, in bytes of NFKC.
    pub const MOST_BYTES: usize = 1_024;

    /// A password that somebody presents, to be compared with a stored one. It is not judged, so that one that was
    /// chosen under older rules still opens; only its length is bounded, before any work.
    ///
    /// # Errors
    /// [`PasswordRefusal::TooLong`].
    pub fn presented(text: &Secret) -> Result<Self, PasswordRefusal> {
        // Composing can shorten a text (three-byte letters out of nine), so the bound before is wider than the one after.
        if text.expose().len() > 4 * Self::MOST_BYTES {
            return Err(PasswordRefusal::TooLong);
        }
        // Reserved at its greatest, so that growing leaves no copies behind; beyond it, it is refused anyway.
        let mut nfkc = String::with_capacity(Self::MOST_BYTES + 4);
        for c in text.expose().nfkc() {
            nfkc.push(c);
            if nfkc.len() > Self::MOST_BYTES {
                let _wiped = Secret::new(nfkc);
                return Err(PasswordRefusal::TooLong);
            }
        }
        Ok(Password(Secret::new(nfkc)))
    }

    /// A password that a person wants to have, but for how early it would be guessed: that takes long, and is judged where
    /// it is stored.
    ///
    /// # Errors
    /// [`PasswordRefusal`], all but [`PasswordRefusal::Guessable`].
    pub fn chosen(text: &Secret, email: &EmailAddress, name: &str) -> Result<Self, PasswordRefusal> {
        let password = Self::presented(text)?;
        let found = password.as_str().chars().count();
        if found < Self::LEAST_CHARACTERS {
            return Err(PasswordRefusal::TooShort { found });
        }
        let whole = folded(password.as_str());
        if personal(email, name).iter().any(|known| folded(known) == whole) {
            return Err(PasswordRefusal::Personal);
        }
        Ok(password)
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.expose()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.as_str().as_bytes()
    }
}

/// What everybody who knows a person knows of them.
pub(crate) fn personal<'a>(email: &'a EmailAddress, name: &'a str) -> [&'a str; 3] {
    let whole = email.as_str();
    [whole, whole.rsplit_once('@').map_or(whole, |(local_part, _)| local_part), name]
}

/// Without regard to case, width or composition: `STRASSE` is `straße`.
fn folded(text: &str) -> Secret {
    Secret::new(text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect::<String>())
}
