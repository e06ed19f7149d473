//! Text that is granted byte for byte, shown whole.

use unicode_normalization::is_nfc;

use super::alphabet::{mixed_in, plain_form};
use super::character::{Appearance, Direction, QUOTES, by_number};

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
/// - letters that are not Latin in a word that mixes alphabets, and other forms of ASCII letters and digits ([UTS #39]):
///   `Pаypal` with a Cyrillic `а`, or in fullwidth letters, is not `Paypal`;
/// - letters that run from right to left where others in the value do not, or where it has digits: the two orders `אב 12`
///   and `12 אב` can look the same. A value in one direction stays as it is.
///
/// A mark goes with the letter that it stands on. No value is cut. Two different values never give the same text.
///
/// [UTS #39]: https://www.unicode.org/reports/tr39/
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
    for ((place, &c), alphabets_mixed) in letters.iter().enumerate().zip(mixed_in(&letters)) {
        let appearance = Appearance::of(c);
        marks = if appearance == Appearance::Mark { marks + 1 } else { 0 };
        let plain = match appearance {
            _ if !composed && !c.is_ascii() => false,
            Appearance::Hidden => false,
            Appearance::Gap => c == ' ' && before.is_some_and(|before| before != ' ') && place != last,
            Appearance::Mark => marks <= MARKS && ground,
            Appearance::Shown if alphabets_mixed || plain_form(c).is_some() => false,
            Appearance::Shown => !(mixed && Direction::of(c) == Some(Direction::RightToLeft)),
        };
        match c {
            '\\' | '"' => text.extend(['\\', c]),
            _ if plain && !QUOTES.contains(&c) => text.push(c),
            _ => by_number(&mut text, c),
        }
        ground = plain && appearance != Appearance::Gap && !['\\', '"'].contains(&c) && !QUOTES.contains(&c);
        before = Some(c);
    }
    text
}

const MARKS: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        for text in super::super::alphabet::tests::HONEST.into_iter().filter(|text| !text.contains("الـGoogle")) {
            assert_eq!(escaped(text), text);
        }
        let stacked = format!("Z{}", "\u{316}".repeat(6));
        assert_eq!(escaped(&stacked), format!(r"Z{}\u{{316}}\u{{316}}", "\u{316}".repeat(4)));
        let long = "ä".repeat(10_000);
        assert_eq!(escaped(&long), long);
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
