//! The code that a person types to approve ([RFC 8628 §6.1]).
//!
//! [RFC 8628 §6.1]: https://www.rfc-editor.org/rfc/rfc8628#section-6.1

use std::fmt;

use crate::random::{self, Random};
use crate::secret::Handle;

/// Eight letters, kept as they are compared: upper case, without the dash. `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(String);

/// No vowels, so that no code is a word; no letter that looks like another letter's small form.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LETTERS: usize = 8;

impl UserCode {
    /// A fresh code: 34 bits, which the limit on attempts and the short life make enough ([RFC 8628 §5.1]).
    ///
    /// [RFC 8628 §5.1]: https://www.rfc-editor.org/rfc/rfc8628#section-5.1
    pub fn generate(random: &dyn Random) -> Self {
        let mut letters = String::with_capacity(LETTERS);
        while letters.len() < LETTERS {
            // A byte of 240 or more is drawn again: 256 is no multiple of 20, and no letter may be likelier.
            let [byte] = random::bytes::<1>(random);
            if byte < 240
                && let Some(letter) = ALPHABET.get(usize::from(byte) % ALPHABET.len())
            {
                letters.push(char::from(*letter));
            }
        }
        UserCode(letters)
    }

    /// What a person typed: any case, with or without the dash and spaces. `None` where that is no code.
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > 40 {
            return None;
        }
        let letters: String =
            typed.chars().filter(|c| *c != '-' && !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        let fits = letters.len() == LETTERS && letters.bytes().all(|letter| ALPHABET.contains(&letter));
        fits.then_some(UserCode(letters))
    }

    /// As it is shown: `XXXX-XXXX`.
    pub fn shown(&self) -> String {
        let (first, second) = self.0.split_at(LETTERS / 2);
        format!("{first}-{second}")
    }

    /// What is stored. The code is short enough to be found from this by trying; that helps nobody, because a code opens
    /// nothing by itself: a signed-in person must approve with it, on their own behalf.
    pub fn handle(&self) -> Handle {
        Handle::of(&format!("user code {}", self.0))
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn a_code_is_read_in_any_case_with_or_without_its_dash() {
        let code = UserCode::generate(&SeededRandom::new(7));
        let shown = code.shown();
        assert_eq!(shown.len(), 9);
        for typed in [shown.clone(), shown.to_lowercase(), shown.replace('-', ""), shown.replace('-', " - ")] {
            assert_eq!(UserCode::parse(&typed).unwrap().handle(), code.handle());
        }
        for typed in ["", "BCDF-GHJ", "BCDF-GHJKL", "ABCD-FGHJ", "BCDF-GHJ1", "ＢCDF-GHJK"] {
            assert!(UserCode::parse(typed).is_none(), "{typed}");
        }
    }
}
