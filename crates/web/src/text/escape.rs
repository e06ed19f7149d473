//! Text that is granted byte for byte, shown whole.

use unicode_normalization::is_nfc;

use super::alphabet::{Use, look_alikes};
use super::character::{Appearance, Direction, by_number, ends_quotation};

/// Writes a value so that a person sees all of it, and sees another value where there is another one.
///
/// A character that does not plainly print is written as its number, `\u{200B}`; quotation marks and the backslash are
/// written with a backslash or by number, so that no value can end its own quotation. So are
///
/// - spaces at either end, and after another space: pages show several as one;
/// - every joiner and every emoji style, also within a word: what they change may be hard to see, and here nobody may miss
///   it. A family of emoji therefore falls apart; its parts stay readable;
/// - all but ASCII where the text is not in NFC: it would look like the text that is;
/// - marks that stand on nothing, and those after the fourth of a letter;
/// - other forms of a character, fullwidth, mathematical, `½`, and whatever else looks like ASCII ([UTS #39 §4]): `’`, `–`,
///   `ı`, `œ`, a Cyrillic `а` on its own;
/// - letters that are not Latin in a word that mixes alphabets, and letters that look like one of another alphabet in a word
///   that has no letter which tells its own: `Pаypal`, `κατα`;
/// - digits that are not ASCII, where the value has several kinds of digits;
/// - letters that run from right to left where others in the value do not, or where it has digits: the two orders `אב 12`
///   and `12 אב` can look the same. A value in one direction stays as it is.
///
/// A mark goes with the letter that it stands on. No value is cut, so the time this takes grows with it: who stores values
/// bounds them. Two different values never give the same text, and by
/// Unicode's data no two of different alphabets look alike. Left are letters of one alphabet that resemble each other, as Thai
/// `ด` and `ค`, and letters that resemble a digit or a sign within a word that tells its alphabet.
///
/// [UTS #39 §4]: https://www.unicode.org/reports/tr39/#Confusable_Detection
pub fn escaped(value: &str) -> String {
    let composed = is_nfc(value);
    let runs = |direction| value.chars().any(|c| Direction::of(c) == Some(direction));
    let mixed = runs(Direction::LeftToRight) && runs(Direction::RightToLeft);
    let letters: Vec<char> = value.chars().collect();
    let last = letters.len().saturating_sub(1);

    let mut text = String::with_capacity(value.len());
    let mut before: Option<char> = None;
    // Whether a mark can be seen on what is before it.
    let mut ground = false;
    let mut marks = 0;
    for ((place, &c), alike) in letters.iter().enumerate().zip(look_alikes(&letters, Use::Granted)) {
        let appearance = Appearance::of(c);
        marks = if appearance == Appearance::Mark { marks + 1 } else { 0 };
        let plain = match appearance {
            _ if !composed && !c.is_ascii() => false,
            Appearance::Hidden => false,
            Appearance::Gap => c == ' ' && before.is_some_and(|before| before != ' ') && place != last,
            Appearance::Mark => !alike && marks <= MARKS && ground,
            Appearance::Shown if alike || ends_quotation(c) => false,
            Appearance::Shown => !(mixed && Direction::of(c) == Some(Direction::RightToLeft)),
        };
        match c {
            '\\' | '"' => text.extend(['\\', c]),
            _ if plain => text.push(c),
            _ => by_number(&mut text, c),
        }
        ground = plain && appearance != Appearance::Gap && !['\\', '"'].contains(&c);
        before = Some(c);
    }
    text
}

const MARKS: usize = 4;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use unicode_script::{Script, UnicodeScript};
    use unicode_security::skeleton;

    use super::super::clean::tests::texts;
    use super::*;

    #[test]
    fn a_value_is_shown_whole_and_what_does_not_print_by_its_number() {
        for (value, shown) in [
            ("landlord", "landlord"),
            ("land\u{200B}lord", r"land\u{200B}lord"),
            (r"land\u{200B}lord", r"land\\u{200B}lord"),
            (r#"say "x" \"#, r#"say \"x\" \\"#),
            ("“a”", r"\u{201C}a\u{201D}"),
            (" a  b ", r"\u{20}a \u{20}b\u{20}"),
            ("a\nb\tc\u{A0}d", r"a\u{A}b\u{9}c\u{A0}d"),
            ("a\u{202E}b\u{E000}\u{FFFD}\u{1D173}", r"a\u{202E}b\u{E000}\u{FFFD}\u{1D173}"),
            ("é", "é"),
            ("e\u{301}", r"e\u{301}"),
            ("\u{212B}", r"\u{212B}"),
            ("\u{301}a", r"\u{301}a"),
            ("👩\u{200D}💻", r"👩\u{200D}💻"),
            ("हिन्दी 한국어", "हिन्दी 한국어"),
            ("مرحبا", "مرحبا"),
            ("אב 12", r"\u{5D0}\u{5D1} 12"),
            ("Pаypal", r"P\u{430}ypal"),
            ("Ｐay", r"\u{FF30}ay"),
            ("й\u{301}a", r"\u{439}\u{301}a"),
            ("א\u{5B8} 1", r"\u{5D0}\u{5B8} 1"),
            ("", ""),
        ] {
            assert_eq!(escaped(value), shown, "{value:?}");
        }
        let stacked = format!("Z{}", "\u{316}".repeat(6));
        assert_eq!(escaped(&stacked), format!(r"Z{}\u{{316}}\u{{316}}", "\u{316}".repeat(4)));
        let long = "ä".repeat(10_000);
        assert_eq!(escaped(&long), long);
    }

    #[test]
    fn a_value_in_letters_that_look_like_no_others_is_shown_as_it_is() {
        for value in [
            "Zoë Nguyễn Łódź Straße",
            "Москва Київ Қазақстан",
            "Ελλάδα Γιώργος",
            "Հայերեն",
            "IT-специалист",
            "Google日本",
            "東京タワーTokyo",
            "ラーメン大好き",
            "K팝 韓國",
            "ใช้Googleค้นหา",
            "हिन्दीUPI",
            "علي",
            "עברית צה״ל",
            "আমার ২০২৫",
            "ქართული",
            "€ 100, £5, ¥7, 50 °C",
            "C♯ R&D · Café",
        ] {
            assert_eq!(escaped(value), value);
        }
    }

    /// Quoted text has a wider berth: nobody is held to its letters.
    #[test]
    fn what_looks_like_something_else_is_shown_by_its_number() {
        for (value, shown) in [
            ("10০", r"10\u{9E6}"),
            ("৪৭", r"\u{9EA}\u{9ED}"),
            ("Gօօgle", r"G\u{585}\u{585}gle"),
            ("ɡ", r"\u{261}"),
            ("Вера Иванова", r"\u{412}\u{435}\u{440}\u{430} Иванова"),
            ("κατα", r"\u{3BA}\u{3B1}\u{3C4}\u{3B1}"),
            ("Kadıköy cœur", r"Kad\u{131}köy c\u{153}ur"),
            ("O’Brien 3×4 −5", r"O\u{2019}Brien 3\u{D7}4 \u{2212}5"),
            ("bank․example∕x꞉", r"bank\u{2024}example\u{2215}x\u{A789}"),
            ("〝x＂", r"\u{301D}x\u{FF02}"),
            ("5 µm, 1º, x², ½", r"5 \u{B5}m, 1\u{BA}, x\u{B2}, \u{BD}"),
            ("東京（本社） ﾃ", r"東京\u{FF08}本社\u{FF09} \u{FF83}"),
            ("ニ 工ンジン", r"\u{30CB} \u{5DE5}ンジン"),
            ("l\u{338}", r"l\u{338}"),
            ("5 ⁒", r"5 \u{2052}"),
        ] {
            assert_eq!(escaped(value), shown, "{value:?}");
        }
    }

    /// For every character that Unicode's data calls confusable, alone, in a Latin word, in a number, and after a letter of
    /// another alphabet. There a letter may still resemble a digit or a sign: the word says what it is.
    #[test]
    fn no_two_values_of_different_alphabets_are_shown_alike() {
        let skeleton_of = |text: &str| skeleton(text).collect::<String>();
        let mut confusable: HashMap<String, Vec<char>> = HashMap::new();
        // Beyond are tags, what is for private use, and what is not assigned.
        for c in ('!'..='\u{3FFFF}').filter(|c| Appearance::of(*c) == Appearance::Shown) {
            confusable.entry(skeleton_of(&c.to_string())).or_default().push(c);
        }
        let of_one_alphabet = |alike: &[char]| alike.iter().all(|c| c.script() == alike[0].script());
        confusable.retain(|shape, alike| alike.len() > 1 && (shape.is_ascii() || !of_one_alphabet(alike)));
        assert!(confusable.len() > 500, "{}", confusable.len());
        for (before, after) in
            [("", ""), ("a", "b"), ("1", "0"), ("Ж", ""), ("ξ", ""), ("ֆլ", ""), ("", "א"), ("ب", "")]
        {
            let within_word = before.chars().chain(after.chars()).any(|c| !c.is_ascii());
            for (shape, alike) in &confusable {
                let mut shown: HashMap<String, (String, Option<Script>)> = HashMap::new();
                let letters =
                    alike.iter().filter(|c| !within_word || c.is_alphabetic() && c.script() != Script::Common);
                let letters = letters.map(|c| (c.to_string(), (!c.is_ascii()).then(|| c.script())));
                let ascii = shape.chars().all(|c| if within_word { c.is_ascii_alphabetic() } else { c.is_ascii() });
                let ascii = ascii.then(|| (shape.clone(), None));
                for (letter, script) in letters.chain(ascii) {
                    let value = format!("{before}{letter}{after}");
                    let text = escaped(&value);
                    let first = shown.entry(skeleton_of(&text)).or_insert_with(|| (value.clone(), script));
                    assert_eq!(first.1, script, "{value:?} and {:?} are both shown as {text:?}", first.0);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_names_one_value_and_no_other(value in texts()) {
            prop_assert_eq!(read(&escaped(&value)), value);
        }

        #[test]
        fn what_is_shown_prints(value in texts()) {
            let shown = escaped(&value);
            prop_assert!(is_nfc(&shown), "{shown:?}");
            for c in shown.chars() {
                prop_assert!(c == ' ' || matches!(Appearance::of(c), Appearance::Shown | Appearance::Mark), "{c:?}");
            }
        }
    }

    /// Back to the value.
    fn read(shown: &str) -> String {
        let mut value = String::new();
        let mut rest = shown.chars();
        while let Some(c) = rest.next() {
            value.push(match c {
                '\\' => match rest.next().unwrap() {
                    'u' => {
                        let digits: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                        char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap()
                    }
                    c => c,
                },
                c => c,
            });
        }
        value
    }
}
