//! The code that a person types to approve ([RFC 8628 §6.1]).

use countersign_storage::{Handle, Moment, Record, Timestamp, random, record::Kind};
use serde::{Deserialize, Serialize};

/// Eight letters. Kept as they are stored and compared: upper case, without the dash.
pub(crate) struct UserCode(String);

/// No vowels, so that no code is a word; no letter that looks like another letter's small form.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LETTERS: usize = 8;

impl UserCode {
    /// A fresh code: 34 bits, which the limit on attempts and the short life make enough ([RFC 8628 §5.1]).
    pub(crate) fn generate(moment: &Moment<'_>) -> Self {
        let mut letters = String::with_capacity(LETTERS);
        while letters.len() < LETTERS {
            // A byte of 240 or more is drawn again: 256 is no multiple of 20, and no letter may be likelier.
            let [byte] = random::bytes::<1>(moment.random);
            if byte < 240
                && let Some(letter) = ALPHABET.get(usize::from(byte) % ALPHABET.len())
            {
                letters.push(char::from(*letter));
            }
        }
        UserCode(letters)
    }

    /// What a person typed: any case, with or without the dash and spaces. `None` where that is no code.
    pub(crate) fn parse(typed: &str) -> Option<Self> {
        if typed.len() > 40 {
            return None;
        }
        let letters: String =
            typed.chars().filter(|c| *c != '-' && !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        let fits = letters.len() == LETTERS && letters.bytes().all(|letter| ALPHABET.contains(&letter));
        fits.then_some(UserCode(letters))
    }

    /// As it is shown: `XXXX-XXXX`.
    pub(crate) fn shown(&self) -> String {
        let (first, second) = self.0.split_at(LETTERS / 2);
        format!("{first}-{second}")
    }

    /// What is stored. The code is short enough to be found from this by trying; that helps nobody, because a code opens
    /// nothing by itself: a signed-in person must approve with it, on their own behalf.
    pub(crate) fn handle(&self) -> Handle {
        Handle::of(&format!("user code {}", self.0))
    }
}

/// Which agent a code is for. Whether the code is the agent's present one, the agent's own record says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UserCodeEntry {
    pub(crate) code: Handle,
    pub(crate) agent_id: String,
    pub(crate) expires_at: Timestamp,
}

impl Record for UserCodeEntry {
    const KIND: Kind = Kind::new("agent_user_code");

    fn id(&self) -> String {
        self.code.as_str().to_owned()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use countersign_storage::SeededRandom;

    use super::*;

    #[test]
    fn a_code_is_read_in_any_case_with_or_without_its_dash() {
        let random = SeededRandom::new(7);
        let moment = Moment { now: Timestamp(0), random: &random, exhausted: &[] };
        let code = UserCode::generate(&moment);
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
