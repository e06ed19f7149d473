//! Letters that look like others: of another alphabet in the same word, or another form of the same letter ([UTS #39]).
//!
//! A word must not mix alphabets beyond "Moderately Restrictive" ([UTS #39 §5.2]), which is also what browsers ask of a
//! domain name: one script; Latin with the scripts of Japanese, Chinese or Korean; Latin with one other script of today, but
//! neither with Cyrillic nor with Greek. Each word is judged alone, because a Russian sentence may well name PayPal.
//!
//! A word in one alphabet is never suspect, even where all its letters look like Latin ones: it may be Russian for "Sarah".
//!
//! [UTS #39]: https://www.unicode.org/reports/tr39/
//! [UTS #39 §5.2]: https://www.unicode.org/reports/tr39/#Restriction_Level_Detection

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory as Category;
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, ScriptExtension};
use unicode_security::mixed_script::AugmentedScriptSet;

use super::character::{Appearance, ZERO_WIDTH_JOINER, ZERO_WIDTH_NON_JOINER, is_pictograph};

/// For each character, whether it belongs to a word of several alphabets and is not of the Latin one.
pub(super) fn mixed_in(text: &[char]) -> Vec<bool> {
    let mut mixed = Vec::with_capacity(text.len());
    for part in text.chunk_by(|one, next| in_word(*one) == in_word(*next)) {
        let suspect = part.first().is_some_and(|c| in_word(*c)) && mixes_alphabets(part);
        let mut letter = false;
        mixed.extend(part.iter().map(|c| {
            // A mark goes with its letter.
            if Appearance::of(*c) != Appearance::Mark {
                letter = suspect && !is_latin(*c);
            }
            letter
        }));
    }
    mixed
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric()
        || Appearance::of(c) == Appearance::Mark
        || [ZERO_WIDTH_JOINER, ZERO_WIDTH_NON_JOINER].contains(&c)
}

/// Beyond "Moderately Restrictive". The crate's own level is not asked, because it refuses letters that are rare, too.
fn mixes_alphabets(word: &[char]) -> bool {
    let common = |letters: &mut dyn Iterator<Item = char>| {
        letters.fold(AugmentedScriptSet::default(), |mut all, c| {
            all.intersect_with(c.into());
            all
        })
    };
    if !common(&mut word.iter().copied()).is_empty() {
        return false;
    }
    let beside_latin = common(&mut word.iter().copied().filter(|c| !is_latin(*c)));
    let one_more = |script: Script| script.is_recommended() && ![Script::Cyrillic, Script::Greek].contains(&script);
    let AugmentedScriptSet { base, hanb, jpan, kore } = beside_latin;
    !(hanb || jpan || kore || base.iter().any(one_more))
}

/// Also what belongs to no script of its own, such as digits.
fn is_latin(c: char) -> bool {
    ScriptExtension::from(c).contains_script(Script::Latin)
}

/// What this is a form of, where it is one of an ASCII letter or digit: fullwidth, mathematical, a ligature, a Roman number.
/// Smaller or circled ones are seen to be different.
pub(super) fn plain_form(c: char) -> Option<impl Iterator<Item = char>> {
    let drawn_alike = || {
        matches!(
            CodePointMapData::<Category>::new().get(c),
            Category::UppercaseLetter
                | Category::LowercaseLetter
                | Category::TitlecaseLetter
                | Category::DecimalNumber
                | Category::LetterNumber
        )
    };
    let plain = || std::iter::once(c).nfkc();
    let is_form = !c.is_ascii() && drawn_alike() && !is_pictograph(c) && plain().any(|c| c.is_ascii_alphanumeric());
    is_form.then(plain)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Words that honest people write.
    pub(in crate::text) const HONEST: [&str; 22] = [
        "Paypal",
        "Zoë Nguyễn Łódź Straße",
        "Москва",
        "Сара",
        "Ελλάδα",
        "Оплата через PayPal",
        "IT-специалист",
        "Яндекс/Yandex",
        "Google日本",
        "東京タワーTokyo",
        "Tシャツ",
        "ラーメン大好き",
        "K팝 韓國",
        "ㄅㄆㄇ注音ABC",
        "ใช้Googleค้นหา",
        "الـGoogle",
        "हिन्दीUPI",
        "Հայերեն և",
        "עברית",
        "ქართული",
        "5 µm, 1º, x², ½, №, ™",
        "ᏣᎳᎩ",
    ];

    #[test]
    fn a_word_of_one_alphabet_or_of_those_that_go_together_is_not_suspect() {
        for text in HONEST {
            let letters: Vec<char> = text.chars().collect();
            assert!(!mixed_in(&letters).contains(&true), "{text:?}");
            assert!(letters.iter().all(|c| plain_form(*c).is_none()), "{text:?}");
        }
    }

    #[test]
    fn a_word_of_several_alphabets_is_suspect_in_what_is_not_latin() {
        for (text, suspect) in [
            ("Pаypal", "а"),
            ("Раураl", "Раура"),
            ("αpple", "α"),
            ("Gооgle Google", "оо"),
            ("Москвa", "Москв"),
            ("ρоза", "ρоза"),
            ("аᏚ", "аᏚ"),
            ("ᎪᏢple", "ᎪᏢ"),
            ("שaب", "שب"),
            ("й\u{301}a", "й\u{301}"),
        ] {
            let letters: Vec<char> = text.chars().collect();
            let found = letters.iter().zip(mixed_in(&letters)).filter_map(|(c, mixed)| mixed.then_some(*c));
            assert_eq!(found.collect::<String>(), suspect, "{text:?}");
        }
    }

    #[test]
    fn another_form_of_a_letter_is_known_by_the_plain_one() {
        for (form, plain) in [('Ｐ', "P"), ('𝐚', "a"), ('𝟘', "0"), ('ﬁ', "fi"), ('Ⅳ', "IV"), ('ℂ', "C"), ('ſ', "s")]
        {
            assert_eq!(plain_form(form).map(Iterator::collect::<String>).as_deref(), Some(plain));
        }
        // Seen to be different: small, circled, an emoji.
        for c in ['²', 'ª', 'Ⓟ', '™', '\u{2139}', 'é', 'ß', 'և', 'ﾃ'] {
            assert!(plain_form(c).is_none(), "{c:?}");
        }
    }
}
