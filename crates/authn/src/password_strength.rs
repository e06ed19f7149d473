//! How early a password would be guessed, as `zxcvbn` estimates it: by what it is made of (words, names, dates, walks along
//! the keyboard, repetitions), not by which classes of characters it has ([NIST SP 800-63B §3.1.1.2] wants no such rules).
//!
//! An estimate takes up to some 25 ms for 100 characters, so it is made on the hashing threads. Of a longer password the
//! first 100 characters are judged.
//!
//! [NIST SP 800-63B §3.1.1.2]: https://pages.nist.gov/800-63-4/sp800-63b.html

use countersign_web::refusals;
use zxcvbn::feedback::Warning;
use zxcvbn::zxcvbn;

refusals! {
    /// What makes a password easy to guess.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum Weakness {
        /// A year or a day.
        Date => [
            UNPROCESSABLE_ENTITY "PASSWORD_TOO_COMMON" "NIST SP 800-63B §3.1.1.2"
            "This password is little more than a date, which is easy to guess. Add a few words."
        ],
        /// It is made of the person's name or address and little else.
        Personal => [
            UNPROCESSABLE_ENTITY "PASSWORD_TOO_PERSONAL" "NIST SP 800-63B §3.1.1.2"
            "This password is easy to guess for somebody who knows your name or your address. Use words that have nothing to do with you."
        ],
        /// None of these alone.
        Plain => [
            UNPROCESSABLE_ENTITY "PASSWORD_TOO_COMMON" "NIST SP 800-63B §3.1.1.2"
            "This password is too easy to guess. Add one or two words."
        ],
        /// It is among those that everybody tries first, or nearly so.
        Popular => [
            UNPROCESSABLE_ENTITY "PASSWORD_TOO_COMMON" "NIST SP 800-63B §3.1.1.2"
            "This password is much like one that many people use. Use a few words that do not belong together."
        ],
        /// Something short, again and again.
        Repetition => [
            UNPROCESSABLE_ENTITY "PASSWORD_TOO_COMMON" "NIST SP 800-63B §3.1.1.2"
            "This password repeats itself, which makes it easy to guess. Use a few different words."
        ],
        /// `abcd`, `6543`.
        Sequence => [
            UNPROCESSABLE_ENTITY "PASSWORD_TOO_COMMON" "NIST SP 800-63B §3.1.1.2"
            "This password runs along the alphabet or counts, which makes it easy to guess. Use a few words instead."
        ],
        /// Keys that lie side by side.
        Walk => [
            UNPROCESSABLE_ENTITY "PASSWORD_TOO_COMMON" "NIST SP 800-63B §3.1.1.2"
            "This password runs along the keyboard, which makes it easy to guess. Use a few words instead."
        ],
        /// One word or name.
        Word => [
            UNPROCESSABLE_ENTITY "PASSWORD_TOO_COMMON" "NIST SP 800-63B §3.1.1.2"
            "This password is little more than one word or name, which is easy to guess. Add a few words."
        ],
    }
}

/// Judges a text in NFKC; `personal` is what is known of the person. `None`: at least ten to the power of `least` guesses
/// are expected. Takes long: only on the pool.
pub(crate) fn weakness(password: &str, personal: &[&str], least: u8) -> Option<Weakness> {
    let (judged, least) = (bounded(password), f64::from(least));
    let known: Vec<String> = personal.iter().map(|text| bounded(text)).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    if zxcvbn(&judged, &known).guesses_log10() >= least {
        return None;
    }
    let stranger = zxcvbn(&judged, &[]);
    if stranger.guesses_log10() >= least {
        return Some(Weakness::Personal);
    }
    Some(stranger.feedback().and_then(|feedback| feedback.warning()).map_or(Weakness::Plain, reason))
}

fn reason(warning: Warning) -> Weakness {
    match warning {
        Warning::ThisIsATop10Password
        | Warning::ThisIsATop100Password
        | Warning::ThisIsACommonPassword
        | Warning::ThisIsSimilarToACommonlyUsedPassword => Weakness::Popular,
        Warning::RepeatsLikeAaaAreEasyToGuess | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
            Weakness::Repetition
        }
        Warning::SequencesLikeAbcAreEasyToGuess => Weakness::Sequence,
        Warning::StraightRowsOfKeysAreEasyToGuess | Warning::ShortKeyboardPatternsAreEasyToGuess => Weakness::Walk,
        Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess => Weakness::Date,
        Warning::AWordByItselfIsEasyToGuess
        | Warning::NamesAndSurnamesByThemselvesAreEasyToGuess
        | Warning::CommonNamesAndSurnamesAreEasyToGuess => Weakness::Word,
    }
}

fn bounded(text: &str) -> String {
    text.chars().take(JUDGED).collect()
}

/// The estimator's time grows faster than its input.
const JUDGED: usize = 100;
