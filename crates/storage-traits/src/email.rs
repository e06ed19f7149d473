//! E-mail addresses, in the one form in which two of them are compared.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An e-mail address, normalised: surrounding white space removed, the whole address in lower case.
///
/// One rule at sign-up, at sign-in and when linking: `Alice@X.test` and `alice@x.test` are the same person. Few mail systems
/// tell the two apart, and many people type a capital letter. Were they two accounts, the owner of one could reset the
/// password of the other. Only ASCII addresses are accepted, so that look-alike letters cannot make a second account.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

/// The text is no e-mail address that we accept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an e-mail address")]
pub struct InvalidEmailAddress;

impl EmailAddress {
    /// Reads and normalises an address: `local@domain`, at most 254 characters ([RFC 5321 §4.5.3.1]).
    ///
    /// # Errors
    /// [`InvalidEmailAddress`].
    ///
    /// [RFC 5321 §4.5.3.1]: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1
    pub fn parse(text: &str) -> Result<Self, InvalidEmailAddress> {
        // What people type beside it. A line break or another control character is not theirs.
        let text = text.trim_matches([' ', '\t']);
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmailAddress)?;
        let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let local_fits = (1..=64).contains(&local.len())
            && local.chars().all(atom)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        if text.len() <= 254 && local_fits && domain.split('.').all(label) {
            Ok(EmailAddress(text.to_ascii_lowercase()))
        } else {
            Err(InvalidEmailAddress)
        }
    }

    /// The normalised address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        EmailAddress::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
