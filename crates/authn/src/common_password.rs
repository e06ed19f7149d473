//! Which passwords everybody guesses first ([ASVS 5.0 §6.2.4], [ASVS 5.0 §6.2.11]).
//!
//! Published lists of common passwords hardly hold one of 12 bytes or more: long ones are made of short ones. So the
//! embedded list (`common_words.txt`, written for this crate: the words, names, teams and phrases that head every such
//! list, and the stock phrases that are long by themselves) is a list of *parts*, and these rules make the long ones:
//!
//! 1. Case, white space and `- _ .` do not count; `p@ssw0rd` reads as `password`.
//! 2. Up to 8 digits and signs at either end do not count, and any number of them when they are themselves a walk or a
//!    repetition: `Password2024!`, `sunshine123456789`.
//! 3. What is left is common if it is one part or two (`iloveyoudragon`), where a walk along the keyboard, the digits or the
//!    alphabet (four or more, either way) and one character repeated count as parts.
//! 4. What is known of the person, the address and the name, counts as a part too: `alice.liddell2024`, `alicepassword`.
//! 5. A text that only repeats something shorter than 12 is common: `abcabcabcabc`, `passwordpassword`.

use std::sync::LazyLock;

use zeroize::Zeroizing;

/// Why a password is guessed early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Guess {
    Common,
    Personal,
}

/// Judges a text in NFKC; `personal` is what is known of the person.
pub(crate) fn guess(password: &str, personal: &[&str]) -> Option<Guess> {
    let folded = fold(password);
    let personal: Vec<_> = personal.iter().map(|text| fold(text)).filter(|text| text.len() >= PART).collect();
    let personal: Vec<&[char]> = personal.iter().map(|text| text.as_slice()).collect();
    let common: Vec<&[char]> = COMMON.iter().map(Vec::as_slice).collect();

    let cores: Vec<&[char]> = cores(&folded).collect();
    if repeats(&folded) || cores.iter().any(|core| is_made_of(core, &common, 2)) {
        return Some(Guess::Common);
    }
    let all = [personal, common].concat();
    cores.iter().any(|core| is_made_of(core, &all, 2)).then_some(Guess::Personal)
}

fn fold(text: &str) -> Zeroizing<Vec<char>> {
    let counts = |c: &char| !c.is_whitespace() && !"-_.".contains(*c);
    Zeroizing::new(text.chars().flat_map(char::to_lowercase).filter(counts).collect())
}

/// The text itself, and without what decorates it behind, and before and behind.
fn cores(text: &[char]) -> impl Iterator<Item = &[char]> {
    let first = text.iter().position(|c| c.is_alphabetic()).unwrap_or(0);
    let end = text.iter().rposition(|c| c.is_alphabetic()).map_or(text.len(), |last| last + 1);
    let (before, behind) = (text.get(..first).unwrap_or_default(), text.get(end..).unwrap_or_default());
    let ignored = |part: &[char]| part.len() <= DECORATION || is_predictable(part) || repeats(part);
    [(0, text.len(), true), (0, end, ignored(behind)), (first, end, ignored(before) && ignored(behind))]
        .into_iter()
        .filter(|(_, _, ignored)| *ignored)
        .filter_map(move |(from, to, _)| text.get(from..to))
}

/// Whether the text is one of these words, or a walk or a repetition, or so many of them in a row.
fn is_made_of(text: &[char], words: &[&[char]], parts: u32) -> bool {
    let is_part = |part: &[char]| words.iter().any(|word| reads_as(part, word)) || is_predictable(part);
    if is_part(text) {
        return true;
    }
    parts > 1
        && text.len() <= LONGEST_PAIR
        && (PART..text.len().saturating_sub(PART - 1)).any(|at| {
            let (head, tail) = text.split_at(at);
            is_part(head) && is_made_of(tail, words, parts - 1)
        })
}

/// Whether `text` is `word`, perhaps with digits and signs in place of the letters they look like.
fn reads_as(text: &[char], word: &[char]) -> bool {
    text.len() == word.len() && text.iter().zip(word).all(|(c, letter)| c == letter || looks_like(*c).contains(*letter))
}

fn looks_like(c: char) -> &'static str {
    match c {
        '@' | '4' => "a",
        '8' => "b",
        '(' => "c",
        '3' => "e",
        '6' | '9' => "g",
        '1' | '!' | '|' => "il",
        '0' => "o",
        '5' | '$' => "s",
        '7' | '+' => "t",
        '2' => "z",
        _ => "",
    }
}

/// A walk of four or more, or one character three times or more.
fn is_predictable(text: &[char]) -> bool {
    let same = text.len() >= 3 && text.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    same || (text.len() >= 4 && BOTH_WAYS.iter().any(|walk| walks_along(text, walk)))
}

/// Whether the text lies on a walk; a walk goes round.
fn walks_along(text: &[char], walk: &[char]) -> bool {
    (0..walk.len()).any(|start| text.iter().zip(walk.iter().cycle().skip(start)).all(|(a, b)| a == b))
}

/// Whether the text is something shorter than 12, over and over.
fn repeats(text: &[char]) -> bool {
    (1..12).take_while(|period| 2 * period <= text.len()).any(|period| {
        let (again, once) = (text.iter().skip(period), text.iter());
        again.zip(once).all(|(a, b)| a == b)
    })
}

/// The shortest part that counts.
const PART: usize = 3;
/// How much at either end does not count.
const DECORATION: usize = 8;

/// Two words are not longer than this together; longer texts are not tried as two.
const LONGEST_PAIR: usize = 64;

static COMMON: LazyLock<Vec<Vec<char>>> =
    LazyLock::new(|| COMMON_WORDS.lines().map(|word| word.chars().collect()).collect());

static BOTH_WAYS: LazyLock<Vec<Vec<char>>> =
    LazyLock::new(|| WALKS.iter().flat_map(|walk| [walk.chars().collect(), walk.chars().rev().collect()]).collect());

const COMMON_WORDS: &str = include_str!("common_words.txt");

const WALKS: [&str; 14] = [
    "1234567890",
    "0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "!@#$%^&*()",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_folded_and_without_doubles() {
        let words: Vec<&str> = COMMON_WORDS.lines().collect();
        assert!(words.len() > 400);
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]));
        for word in words {
            assert!(word.len() >= PART && *fold(word) == word.chars().collect::<Vec<_>>(), "{word}");
        }
    }
}
