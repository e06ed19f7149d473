//! Text that is shown as a quotation: one line in NFC, of bounded length, without what hides, reorders or piles up.

use icu_properties::props::JoiningType;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::alphabet::{Use, look_alikes, name_of_alphabet, plain_form};
use super::character::{
    Appearance, CUT, EMOJI_STYLE, KEYCAP, SKIN_TONES, ZERO_WIDTH_JOINER, ZERO_WIDTH_NON_JOINER, by_number,
    ends_quotation, is_pictograph, is_virama, joining_type,
};

/// Text that [`cleaned`] made: never empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cleaned(String);

/// Nothing of a text can be seen: it is empty, or made of spaces, invisible characters and marks without a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the text has nothing that can be seen")]
pub struct NothingToShow;

/// Makes a stranger's text fit to be shown as a quotation, at most `limit` characters long. What is cut ends in `…`, which
/// counts.
///
/// Quotation marks become `"`, so that no text ends its own quotation. Spaces, line breaks and control characters become
/// single spaces. Taken out are invisible characters, writing directions, tags, private use, non-characters, and all marks on
/// one letter but the first four ([UTS #39 §5.4]).
///
/// Three invisible characters stay where a word needs them, because without them people would read another word: the
/// non-joiner and the joiner of Arabic and Indic scripts where [RFC 5892 Appendix A] allows them in names, the joiner
/// between two pictographs, and the emoji style right after a pictograph or within a keycap. At such a place they change
/// what is seen, so they hide nothing.
///
/// What looks like something else does not pass for it ([UTS #39]). Other forms of a letter or sign become the plain one:
/// fullwidth, mathematical, ligatures, a small full stop. Written by number, as in `P\u{430}ypal`, are
///
/// - letters that are not Latin in a word that mixes alphabets, as Latin with Cyrillic, Greek or Armenian;
/// - letters that look like ASCII, in a text that also has Latin ones, where no letter of their alphabet tells them: `аррӏе.com`;
/// - Latin letters that no language of today writes, as the phonetic `ɡ`;
/// - digits that are not ASCII, where a text has several kinds of digits;
/// - signs that look like what parts a URL, as U+2215 does, or like a letter beside letters.
///
/// Other words in one alphabet stay as they are, whichever it is. Where no letter of the text tells an alphabet of today, its
/// name does: `раураӏ (Cyrillic letters)`. A Russian `Сара` is shown so, too, where it is the whole text; `Сара Иванова` is not.
///
/// Cleaning what is clean changes nothing.
///
/// Only the first 8 times `limit` and 64 characters are looked at, so that a long text costs no more than these. What is beyond
/// is cut, also where little is seen of what is before: then, too, the text ends in `…`.
///
/// # Errors
/// [`NothingToShow`].
///
/// [UTS #39]: https://www.unicode.org/reports/tr39/
/// [UTS #39 §5.4]: https://www.unicode.org/reports/tr39/#Optional_Detection
/// [RFC 5892 Appendix A]: https://www.rfc-editor.org/rfc/rfc5892#appendix-A
pub fn cleaned(text: &str, limit: usize) -> Result<Cleaned, NothingToShow> {
    let most = limit.saturating_mul(8).saturating_add(64);
    let Some(start) = text.char_indices().nth(most).and_then(|(end, _)| text.get(..end)) else {
        return unless_empty(settled(text, limit));
    };
    let clean = settled(&format!("{start}{CUT}"), limit);
    // The mark is nothing that can be seen of the text.
    let only_the_mark = clean.chars().eq([CUT]) && settled(start, limit).is_empty();
    unless_empty(if only_the_mark { String::new() } else { clean })
}

/// As [`cleaned`], where something must stand in any case: `otherwise` takes the place of a text that shows nothing.
pub fn cleaned_or(text: &str, limit: usize, otherwise: &str) -> String {
    cleaned(text, limit).map_or_else(|NothingToShow| otherwise.to_owned(), String::from)
}

/// As [`cleaned_or`], in quotation marks, for use within a sentence of ours. `otherwise` stands there without them.
pub fn quoted_or(text: &str, limit: usize, otherwise: &str) -> String {
    cleaned(text, limit).map_or_else(|NothingToShow| otherwise.to_owned(), |text| text.quoted())
}

impl Cleaned {
    /// The text. It is still a stranger's: quote it, and escape it for where it stands.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text in quotation marks, `“Bill payer”`, for where it stands within a sentence of ours.
    pub fn quoted(&self) -> String {
        format!("“{}”", self.0)
    }
}

impl AsRef<str> for Cleaned {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Cleaned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Cleaned> for String {
    fn from(text: Cleaned) -> String {
        text.0
    }
}

fn unless_empty(text: String) -> Result<Cleaned, NothingToShow> {
    if text.is_empty() { Err(NothingToShow) } else { Ok(Cleaned(text)) }
}

/// Passes until nothing changes. What is taken out brings together what stood apart. Each pass after the first shortens, or
/// writes a letter by number and has fewer of those that it could: so this ends.
fn settled(text: &str, limit: usize) -> String {
    let mut clean = pass(text, limit);
    loop {
        let next = pass(&clean, limit);
        if next == clean {
            return clean;
        }
        clean = next;
    }
}

fn pass(text: &str, limit: usize) -> String {
    let seen = without_hidden(text);
    let joined = without_idle_joiners(&seen);
    let composed: Vec<char> = plain(&joined).nfc().collect();
    let room = |name: &String| limit.checked_sub(name.chars().count()).filter(|room| *room > 1);
    match name_of_alphabet(&composed).and_then(|name| Some((room(&name)?, name))) {
        Some((room, name)) => cut(bounded_marks(composed.into_iter()), room) + &name,
        None => cut(bounded_marks(look_alikes_by_number(&composed).chars()), limit),
    }
}

/// With the plain form of letters that have another one, and of quotation marks.
fn plain(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        match plain_form(c) {
            Some(plain) => all.extend(plain),
            None if ends_quotation(c) => all.push('"'),
            None => all.push(c),
        }
    }
    all
}

fn look_alikes_by_number(text: &[char]) -> String {
    let mut all = String::with_capacity(text.len());
    for (c, alike) in text.iter().zip(look_alikes(text, Use::Quoted)) {
        if alike { by_number(&mut all, *c) } else { all.push(*c) }
    }
    all
}

/// Gaps become spaces; of what is hidden, only what may be needed within a word stays.
fn without_hidden(text: &str) -> Vec<char> {
    let mut seen = Vec::new();
    for c in text.chars() {
        match Appearance::of(c) {
            Appearance::Gap if seen.last().is_none_or(|last| *last == ' ') => {}
            Appearance::Gap => seen.push(' '),
            Appearance::Shown | Appearance::Mark => seen.push(c),
            Appearance::Hidden if [ZERO_WIDTH_JOINER, ZERO_WIDTH_NON_JOINER, EMOJI_STYLE].contains(&c) => seen.push(c),
            Appearance::Hidden => {}
        }
    }
    seen
}

fn without_idle_joiners(text: &[char]) -> String {
    let needed = |(place, c): (usize, &char)| {
        let (before, after) = (text.get(..place).unwrap_or_default(), text.get(place + 1..).unwrap_or_default());
        let needed = match *c {
            ZERO_WIDTH_JOINER => joins_pictographs(before, after) || follows_virama(before, after),
            ZERO_WIDTH_NON_JOINER => follows_virama(before, after) || parts_letters(before, after),
            EMOJI_STYLE => has_emoji_style(before, after),
            _ => true,
        };
        needed.then_some(*c)
    };
    text.iter().enumerate().filter_map(needed).collect()
}

/// Between two pictographs; the first may carry a style or a skin tone.
fn joins_pictographs(before: &[char], after: &[char]) -> bool {
    let styled = |c: &&char| **c == EMOJI_STYLE || SKIN_TONES.contains(*c);
    let first = before.iter().rev().find(|c| !styled(c));
    first.is_some_and(|c| is_pictograph(*c)) && after.first().is_some_and(|c| is_pictograph(*c))
}

/// RFC 5892 A.1 and A.2, the first half of both: after a virama. Something must follow, or nothing is joined.
fn follows_virama(before: &[char], after: &[char]) -> bool {
    before.last().is_some_and(|c| is_virama(*c))
        && after.first().is_some_and(|c| Appearance::of(*c) == Appearance::Shown)
}

/// RFC 5892 A.1, the second half: between two letters that would connect.
fn parts_letters(before: &[char], after: &[char]) -> bool {
    let letter = |c: &&char| joining_type(**c) != JoiningType::Transparent;
    let left = before.iter().rev().find(letter).map(|c| joining_type(*c));
    let right = after.iter().find(letter).map(|c| joining_type(*c));
    left.is_some_and(|left| [JoiningType::LeftJoining, JoiningType::DualJoining].contains(&left))
        && right.is_some_and(|right| [JoiningType::RightJoining, JoiningType::DualJoining].contains(&right))
}

fn has_emoji_style(before: &[char], after: &[char]) -> bool {
    before.last().is_some_and(|c| is_pictograph(*c))
        || (before.last().is_some_and(|c| c.is_ascii_digit() || ['#', '*'].contains(c))
            && after.first() == Some(&KEYCAP))
}

/// Without the marks that stand on nothing, and those after the fourth of a letter.
fn bounded_marks(text: impl Iterator<Item = char>) -> String {
    let mut marks = None;
    text.filter(|c| {
        if *c == ' ' {
            marks = None;
        } else if Appearance::of(*c) == Appearance::Mark {
            let Some(marks) = &mut marks else { return false };
            *marks += 1;
            return *marks <= MARKS;
        } else if ![ZERO_WIDTH_JOINER, ZERO_WIDTH_NON_JOINER, EMOJI_STYLE].contains(c) {
            marks = Some(0);
        }
        true
    })
    .collect()
}

fn cut(text: String, limit: usize) -> String {
    let text = text.trim_matches(' ');
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    format!("{}{CUT}", kept.trim_end_matches([' ', CUT]))
}

const MARKS: usize = 4;

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        cleaned_or(text, 40, "")
    }

    #[test]
    fn what_could_deceive_a_reader_is_taken_out() {
        for (written, expected) in [
            ("Bill payer", "Bill payer"),
            ("  two\r\n lines\t", "two lines"),
            ("a\u{0}b\u{85}c\u{2028}d\u{3000}e", "a b c d e"),
            ("safe\u{202E}gnp.exe", "safegnp.exe"),
            ("a\u{200B}b\u{2066}c\u{FEFF}d\u{AD}e\u{34F}f\u{61C}g\u{180E}h\u{2060}i", "abcdefghi"),
            ("a\u{E0041}b\u{E0100}c\u{FE00}d\u{FE0F}e\u{FFF9}f", "abcdef"),
            ("a\u{E000}b\u{FFFD}c\u{FFFC}d\u{FDD0}e\u{1FFFE}f\u{10FFFD}g\u{1D173}h\u{378}i", "abcdefghi"),
            ("a\u{3164}b\u{FFA0}c\u{115F}d\u{1160}e", "abcde"),
            ("a\u{2800}b\u{1D159}c", "a b c"),
            ("land\u{200D}lord land\u{200C}lord", "landlord landlord"),
            ("\u{1b}[31m", "[31m"),
        ] {
            assert_eq!(shown(written), expected, "{written:?}");
        }
    }

    #[test]
    fn text_in_the_scripts_of_the_world_stays_readable() {
        for text in [
            "Zoë 東京 ✓ Nguyễn Thị Ngọc",
            "می\u{200C}خواهم",
            "مُحَمَّد \u{600}١٢",
            "क्\u{200D}ष श्री हिन्दी",
            "한국어 ᄒᆞᆫ글",
            "עִבְרִית",
            "👩\u{200D}💻 👨🏽\u{200D}🚀 ❤\u{FE0F}\u{200D}🔥 1\u{FE0F}\u{20E3} 🇨🇭",
            "ภาษาไทย བོད་སྐད",
        ] {
            assert_eq!(shown(text), text.nfc().collect::<String>(), "{text:?}");
        }
    }

    #[test]
    fn letters_that_look_like_others_do_not_pass_for_them() {
        for (written, expected) in [
            ("Pаypal", r"P\u{430}ypal"),
            ("Gооgle through Google", r"G\u{43E}\u{43E}gle through Google"),
            ("й\u{301}a", r"\u{439}\u{301}a"),
            ("P\u{200B}а\u{200B}y", r"P\u{430}y"),
            ("Ｐａｙｐａｌ", "Paypal"),
            ("𝐏𝐚𝐲𝐩𝐚𝐥 ﬁle Ⅳ", "Paypal file IV"),
            ("Ｐаy", r"P\u{430}y"),
            ("ｅ\u{301}", "é"),
            ("Gօօgle 10০", r"G\u{585}\u{585}gle 10\u{9E6}"),
            ("раураӏ", "раураӏ (Cyrillic letters)"),
            ("Тарас С. Роу", "Тарас С. Роу (Cyrillic letters)"),
            ("ΑΝΝΑ ΜΟΤ", "ΑΝΝΑ ΜΟΤ (Greek letters)"),
            ("Сара (Cyrillic letters)", "Сара (Cyrillic letters)"),
            ("Со (Greek letters)", r"\u{421}\u{43E} (Greek letters)"),
            ("Со ΑΒ", r"\u{421}\u{43E} \u{391}\u{392}"),
            ("рау ৪", r"\u{440}\u{430}\u{443} \u{9EA}"),
            ("аррӏе.com", r"\u{430}\u{440}\u{440}\u{4CF}\u{435}.com"),
            ("ⲟⲟⲟ", r"\u{2C9F}\u{2C9F}\u{2C9F}"),
            ("bank․example／x", "bank.example/x"),
            ("bank∕x", r"bank\u{2215}x"),
        ] {
            assert_eq!(shown(written), expected, "{written:?}");
        }
        for text in crate::text::alphabet::tests::ORDINARY {
            assert_eq!(shown(text), text.nfc().collect::<String>());
        }
    }

    #[test]
    fn text_that_shows_nothing_is_refused() {
        for text in [
            "",
            "   ",
            "\u{3164}",
            "\u{202E}",
            "\u{200B}\u{2060}",
            "\u{301}\u{301}",
            "\u{2800}",
            "\u{E000}",
            "\u{200D}",
        ] {
            assert_eq!(cleaned(text, 40), Err(NothingToShow), "{text:?}");
            assert_eq!(cleaned_or(text, 40, "Unnamed"), "Unnamed");
        }
    }

    #[test]
    fn text_is_composed_and_carries_few_marks() {
        assert_eq!(shown("Zoe\u{308}"), "Zoë");
        let stacked = format!("Z{}algo", "\u{316}".repeat(80));
        assert_eq!(shown(&stacked), format!("Z{}algo", "\u{316}".repeat(4)));
        assert_eq!(shown("\u{338}a \u{338}b"), "a b");
        // What is hidden between two marks does not begin a new count.
        assert_eq!(shown(&format!("Z{}", "\u{316}\u{200B}".repeat(80))), format!("Z{}", "\u{316}".repeat(4)));
    }

    #[test]
    fn what_is_too_long_is_cut_with_a_mark_that_is_seen() {
        for (text, limit, expected) in [
            ("abcdef", 6, "abcdef"),
            ("abcdefg", 6, "abcde…"),
            ("日本語日本語", 3, "日本…"),
            ("ab cd", 4, "ab…"),
            ("👩\u{200D}💻👩\u{200D}💻", 3, "👩…"),
        ] {
            assert_eq!(cleaned_or(text, limit, ""), expected);
        }
        assert_eq!(cleaned_or(&"ä".repeat(300), 200, "").chars().count(), 200);
        // The name of the alphabet is not what is cut.
        let long = format!("{}… (Cyrillic letters)", "а".repeat(20));
        assert_eq!(cleaned_or(&"а".repeat(300), 40, ""), long);
    }

    #[test]
    fn what_is_far_beyond_the_limit_is_not_looked_at_but_told_to_be_cut() {
        let hidden = "\u{200B}".repeat(384);
        assert_eq!(cleaned_or(&format!("ab{}", &hidden[6..]), 40, ""), "ab");
        assert_eq!(cleaned_or(&format!("a{hidden}b"), 40, ""), "a…");
        assert_eq!(cleaned(&format!("{hidden}b"), 40), Err(NothingToShow));
        assert_eq!(cleaned_or(&"b".repeat(1_000), 1, ""), "…");
        assert_eq!(cleaned_or(&"b".repeat(1_000), 5, ""), "bbbb…");
        assert_eq!(cleaned_or(&"漢字 ".repeat(100_000), 5, ""), "漢字 漢…");
        assert_eq!(cleaned_or("ab", usize::MAX, ""), "ab");
    }

    #[test]
    fn no_text_ends_its_own_quotation() {
        let text = cleaned("a” is yours. “b", 40).unwrap();
        assert_eq!(text.as_str(), "a\" is yours. \"b");
        assert_eq!(text.quoted(), "“a\" is yours. \"b”");
        assert_eq!(shown("〝a〞 ＂b„ ⹂"), "\"a\" \"b\" \"");
        assert_eq!(shown("«a» 「b」 ‘c’"), "«a» 「b」 ‘c’");
        assert_eq!(quoted_or("„a‟", 40, "an app"), "“\"a\"”");
        assert_eq!(quoted_or("\u{202E}", 40, "an app"), "an app");
    }

    #[test]
    fn stored_text_is_a_string() {
        let text = cleaned("Bill payer", 40).unwrap();
        assert_eq!(serde_json::to_string(&text).unwrap(), r#""Bill payer""#);
        assert_eq!(serde_json::from_str::<Cleaned>(r#""Bill payer""#).unwrap(), text);
    }

    proptest! {
        #[test]
        fn cleaning_what_is_clean_changes_nothing(text in texts(), long in any::<bool>(), limit in 1_usize..30) {
            let text = if long { text.repeat(40) } else { text };
            if let Ok(once) = cleaned(&text, limit) {
                prop_assert_eq!(cleaned(once.as_str(), limit), Ok(once.clone()));
                prop_assert!(once.as_str().chars().count() <= limit);
            }
        }

        #[test]
        fn what_is_clean_is_one_line_without_a_hidden_character(text in texts()) {
            if let Ok(clean) = cleaned(&text, 400) {
                for c in clean.as_str().chars().filter(|c| ![ZERO_WIDTH_JOINER, ZERO_WIDTH_NON_JOINER, EMOJI_STYLE].contains(c)) {
                    prop_assert!(c == ' ' || matches!(Appearance::of(c), Appearance::Shown | Appearance::Mark), "{c:?}");
                }
                prop_assert!(clean.as_str().chars().any(|c| Appearance::of(c) == Appearance::Shown));
            }
        }
    }

    /// Any text, and text that is made of the characters that matter here.
    pub(in crate::text) fn texts() -> impl Strategy<Value = String> {
        let telling = "[ a-cé\u{300}-\u{304}\u{338}\u{200B}-\u{200F}\u{202E}\u{FE0F}\u{20E3}1#👩💻🏽аοＡ𝐚ﬁᏚク漢क्षمیᄒᆞ각\u{CC6}\u{CC2}\u{CD5}\u{3164}\u{E000}\"“”\\\\\\{\\}u]{0,24}";
        prop_oneof![any::<String>(), telling]
    }
}
