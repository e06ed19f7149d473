//! Letters that pass for others where they stand ([UTS #39]): of another alphabet, or another form of the same letter.
//!
//! A word must not mix alphabets beyond "Moderately Restrictive" ([UTS #39 §5.2]), which is also what browsers ask of a
//! domain name: one script; Latin with the scripts of Japanese, Chinese or Korean; Latin with one other script of today that
//! has no capital letters. Those that have some, as Cyrillic, Greek and Armenian, share too many shapes with Latin. Each word
//! is judged alone, because a Russian sentence may well name PayPal.
//!
//! A letter that looks like one of another alphabet needs a voucher: a letter of its own alphabet, near it, that looks like no
//! other ([UTS #39 §4], whole-script confusables). So `Москва` is read as what it is, and `раураӏ` is not. Where a quoted text
//! ends with the name of the alphabet, as in `Сара (Cyrillic letters)`, that is a voucher, too.
//!
//! Numbers are in the digits of one alphabet ([UTS #39 §5.3]).
//!
//! [UTS #39]: https://www.unicode.org/reports/tr39/
//! [UTS #39 §4]: https://www.unicode.org/reports/tr39/#Confusable_Detection
//! [UTS #39 §5.2]: https://www.unicode.org/reports/tr39/#Restriction_Level_Detection
//! [UTS #39 §5.3]: https://www.unicode.org/reports/tr39/#Mixed_Number_Detection

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory as Category;
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, ScriptExtension, UnicodeScript};
use unicode_security::GeneralSecurityProfile;
use unicode_security::mixed_script::AugmentedScriptSet;

use super::character::{Appearance, ZERO_WIDTH_JOINER, ZERO_WIDTH_NON_JOINER, is_overlay, is_pictograph};
use super::confusable::{
    has_other_alphabet, is_latin_letter, is_rare_latin, looks_ascii, looks_foreign, looks_like_delimiter,
    looks_like_letter,
};

/// What a text is for; how closely its letters are looked at depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    /// It is quoted. What people write in ordinary names stays: `’`, `–`, `ı`, `Вера Иванова`.
    Quoted,
    /// It is granted. Nothing else looks like ASCII, and each word needs a voucher of its own.
    Granted,
}

/// For each character, whether it could pass for another one where it stands.
pub(super) fn look_alikes(text: &[char], used: Use) -> Vec<bool> {
    let mixes_digits = mixes_digits(text);
    let vouched_in_text = vouched(text, used);
    let mut found = Vec::with_capacity(text.len());
    for word in text.chunk_by(|one, next| in_word(*one, used) == in_word(*next, used)) {
        let mixed = word.first().is_some_and(|c| in_word(*c, used)) && mixes_alphabets(word);
        let vouched_in_word = vouched(word, used);
        let alone = used == Use::Granted || word.iter().any(|c| is_latin_letter(*c));
        let passes_for_another = |c: char| {
            let alone = alone || !c.identifier_allowed();
            let near = if alone { &vouched_in_word } else { &vouched_in_text };
            let is_vouched =
                || near.iter().any(|alphabet| belongs(c, *alphabet)) || !alone && is_named(text, c.script());
            let looks_other = || looks_other(c, used) && !is_vouched();
            has_other_alphabet(c) && (mixed || looks_other()) || mixes_digits && is_digit(c) && !c.is_ascii()
        };
        let mut letter = false;
        for c in word {
            let beside = (found.len().checked_sub(1).and_then(|place| text.get(place)), text.get(found.len() + 1));
            let alike = passes_for_another(*c) || is_deceiving_sign(*c, beside, used);
            // A mark goes with its letter.
            if Appearance::of(*c) != Appearance::Mark {
                letter = alike;
            }
            found.push(letter || alike);
        }
    }
    found
}

/// What is to be added to a quoted text so that its letters are seen for what they are, where that is all it needs: the name
/// of their alphabet, one of today.
pub(super) fn name_of_alphabet(text: &[char]) -> Option<String> {
    let found = look_alikes(text, Use::Quoted);
    let mut alike = text.iter().zip(found).filter_map(|(c, alike)| alike.then_some(c));
    let alphabet = alike.next()?.script();
    let named: Vec<char> = text.iter().copied().chain(name(alphabet).chars()).collect();
    let does = alphabet.is_recommended()
        && !text.iter().any(|c| is_latin_letter(*c) || has_other_alphabet(*c) && is_digit(*c))
        && !look_alikes(&named, Use::Quoted).contains(&true);
    does.then(|| name(alphabet))
}

fn is_named(text: &[char], alphabet: Script) -> bool {
    text.ends_with(&name(alphabet).chars().collect::<Vec<_>>())
}

fn name(alphabet: Script) -> String {
    format!(" ({} letters)", alphabet.full_name())
}

/// Also the stops of an alphabet where they look like others, as the Armenian `։` does: beside letters of another alphabet
/// they must not pass for a colon.
fn in_word(c: char, used: Use) -> bool {
    c.is_alphanumeric()
        || Appearance::of(c) == Appearance::Mark
        || [ZERO_WIDTH_JOINER, ZERO_WIDTH_NON_JOINER].contains(&c)
        || has_other_alphabet(c) && looks_other(c, used)
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
    let others = || word.iter().copied().filter(|c| has_other_alphabet(*c));
    let AugmentedScriptSet { base, hanb, jpan, kore } = common(&mut others());
    !(hanb || jpan || kore || base.iter().any(Script::is_recommended)) || others().any(has_case)
}

/// The alphabets that have a letter here which looks like no letter of another.
fn vouched(text: &[char], used: Use) -> Vec<ScriptExtension> {
    let mut alphabets = Vec::new();
    for c in text.iter().filter(|c| has_other_alphabet(**c) && c.is_alphanumeric() && !looks_other(**c, used)) {
        let alphabet = ScriptExtension::from(*c);
        if !alphabets.contains(&alphabet) {
            alphabets.push(alphabet);
        }
    }
    alphabets
}

/// Marks say no alphabet by themselves.
fn looks_other(c: char, used: Use) -> bool {
    match used {
        _ if Appearance::of(c) == Appearance::Mark => true,
        Use::Quoted => looks_ascii(c),
        Use::Granted => looks_foreign(c),
    }
}

fn belongs(c: char, alphabet: ScriptExtension) -> bool {
    !ScriptExtension::from(c).intersection(alphabet).is_empty()
}

/// Of the signs that all alphabets share, and of the Latin letters.
fn is_deceiving_sign(c: char, beside: (Option<&char>, Option<&char>), used: Use) -> bool {
    let beside_letter = || [beside.0, beside.1].into_iter().flatten().any(char::is_ascii_alphabetic);
    is_rare_latin(c)
        || match used {
            Use::Quoted => looks_like_delimiter(c) || looks_like_letter(c) && beside_letter(),
            Use::Granted => is_form(c) || is_overlay(c) || !has_other_alphabet(c) && looks_foreign(c),
        }
}

fn mixes_digits(text: &[char]) -> bool {
    let mut zeros = text.iter().filter_map(|c| zero_of(*c));
    let first = zeros.next();
    zeros.any(|zero| Some(zero) != first)
}

/// The zero of the digits that this one belongs to. They stand in a row.
fn zero_of(c: char) -> Option<char> {
    let before = |back| u32::from(c).checked_sub(back).and_then(char::from_u32).filter(|c| is_digit(*c));
    (0..10).map_while(before).last()
}

fn is_digit(c: char) -> bool {
    category(c) == Category::DecimalNumber
}

fn has_case(c: char) -> bool {
    matches!(category(c), Category::UppercaseLetter | Category::LowercaseLetter | Category::TitlecaseLetter)
}

/// What this is a form of, where it is one of ASCII letters and digits, or of one sign of ASCII: fullwidth, mathematical, a
/// ligature, a Roman number, a small full stop. Smaller or circled letters are seen to be different.
pub(super) fn plain_form(c: char) -> Option<impl Iterator<Item = char>> {
    let plain = || std::iter::once(c).nfkc();
    let is_form = match category(c) {
        _ if c.is_ascii() || is_pictograph(c) => false,
        Category::UppercaseLetter
        | Category::LowercaseLetter
        | Category::TitlecaseLetter
        | Category::DecimalNumber
        | Category::LetterNumber => plain().any(|c| c.is_ascii_alphanumeric()),
        _ => plain().all(|c| c.is_ascii_punctuation()) && plain().count() == 1,
    };
    is_form.then(plain)
}

/// Another form of a character ([UAX #15]), whichever alphabet it is of.
///
/// [UAX #15]: https://www.unicode.org/reports/tr15/
fn is_form(c: char) -> bool {
    Appearance::of(c) == Appearance::Shown && !std::iter::once(c).eq(std::iter::once(c).nfkc())
}

fn category(c: char) -> Category {
    CodePointMapData::<Category>::new().get(c)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Names and words that honest people write.
    pub(in crate::text) const ORDINARY: [&str; 92] = [
        "Paypal",
        "Zoë",
        "Nguyễn Thị Ngọc",
        "Łódź",
        "Straße",
        "Müller & Söhne",
        "Żaneta Święch",
        "Kadıköy",
        "İstanbul Çağrı",
        "Ærø",
        "cœur",
        "Þór",
        "Señor Peña",
        "Māori",
        "Ẹ̀kọ́ Yorùbá",
        "Əliyev",
        "ʻOkina Hawaiʻi",
        "Dvořák",
        "Ștefan Țurcanu",
        "Ħamrun",
        "Bjørn Ødegård",
        "O’Brien",
        "Москва",
        "Вера Иванова",
        "Тарас Шевченко",
        "Пётр",
        "ООО «Ромашка»",
        "Ёлка",
        "Київ",
        "Соня",
        "мама",
        "Свобода",
        "Қазақстан",
        "Улаанбаатар",
        "Оплата через PayPal",
        "Кофе с молоком",
        "IT-специалист",
        "Яндекс/Yandex",
        "Ελλάδα",
        "Γιώργος Παπαδόπουλος",
        "Κατερίνα",
        "Ωμέγα",
        "Հայերեն և",
        "Արամ Խաչատրյան",
        "Բարեւ։",
        "ქართული",
        "მარიამ",
        "עברית",
        "צה״ל",
        "דוד בן־גוריון",
        "الـGoogle",
        "علي",
        "محمد نجيب",
        "نسخة ٢",
        "سلام علیکم",
        "پاکستان ۱۲۳",
        "हिन्दीUPI",
        "नमस्ते।",
        "आरती शर्मा",
        "আমার সোনার বাংলা ২০২৫",
        "தமிழ்",
        "മലയാളം",
        "සිංහල",
        "ไทย",
        "ใช้Googleค้นหา",
        "ລາວ",
        "မြန်မာ",
        "ភាសាខ្មែរ",
        "བོད་",
        "አበበ በቂላ",
        "Google日本",
        "東京タワーTokyo",
        "Tシャツ",
        "ノートPC",
        "ラーメン大好き",
        "エンジン",
        "〇〇商事",
        "ジャン゠ポール・ベルモンド",
        "日本語「Google」",
        "《Москва》",
        "微信支付",
        "K팝 韓國",
        "카카오뱅크",
        "ㄅㄆㄇ注音ABC",
        "ᏣᎳᎩ",
        "5 µm, 1º, x², ½, №, ™",
        "2024–2025 — x…",
        "Foo × Bar 3×4",
        "R&D · Café © ®",
        "€ 100, £5, ¥7, −5 °C",
        "¡Hola! ¿Qué tal?",
        "👩🏽 dev ★ C♯",
    ];

    #[test]
    fn ordinary_names_are_shown_as_they_are() {
        for text in ORDINARY {
            let letters: Vec<char> = text.nfc().collect();
            let found: String = letters
                .iter()
                .zip(look_alikes(&letters, Use::Quoted))
                .filter_map(|(c, alike)| alike.then_some(*c))
                .collect();
            assert_eq!(found, "", "{text:?}");
            assert!(letters.iter().all(|c| plain_form(*c).is_none()), "{text:?}");
        }
    }

    #[test]
    fn what_passes_for_another_letter_digit_or_sign_is_found() {
        for (text, suspect) in [
            // Several alphabets in one word.
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
            ("Gօօgle", "օօ"),
            ("ՍՏPS", "ՍՏ"),
            ("Gօօgլե", "օօլե"),
            ("Gოogle", "ო"),
            ("Gഠഠgle", "ഠഠ"),
            ("abcו", "ו"),
            ("bank։example", "։"),
            ("bank״", "״"),
            ("G\u{A41}o", "\u{A41}"),
            // Words that have no letter of their own.
            ("Раураӏ", "Раураӏ"),
            ("аррӏе.com", "аррӏе"),
            ("Сара", "Сара"),
            ("ꓑꓮꓬꓑꓮꓡ ꓛ", "ꓑꓮꓬꓑꓮꓡ"),
            ("ᏢᎪᎩᏢᎪᏞ", "ᏢᎪᎩᏢᎪᏞ"),
            ("ⲟⲟⲟ", "ⲟⲟⲟ"),
            // Letters that are Latin, but of no language of today.
            ("ɡoogle", "ɡ"),
            ("pɑypɑl", "ɑɑ"),
            ("PayPaǀ ǃ", "ǀǃ"),
            ("ᴘaypal ƽ", "ᴘƽ"),
            // Digits.
            ("10০", "০"),
            ("1 ২", "২"),
            ("১ २", "১२"),
            ("৪", "৪"),
            ("G੦੦gle", "੦੦"),
            // Signs that part a URL, and those that pass for a letter.
            ("https:∕∕bank.example", "∕∕"),
            ("a⁄b a꞉b", "⁄꞉"),
            ("∪BER", "∪"),
            ("paypa∣", "∣"),
        ] {
            let letters: Vec<char> = text.chars().collect();
            let found =
                letters.iter().zip(look_alikes(&letters, Use::Quoted)).filter_map(|(c, alike)| alike.then_some(*c));
            assert_eq!(found.collect::<String>(), suspect, "{text:?}");
        }
    }

    #[test]
    fn another_form_of_a_letter_is_known_by_the_plain_one() {
        for (form, plain) in [('Ｐ', "P"), ('𝐚', "a"), ('𝟘', "0"), ('ﬁ', "fi"), ('Ⅳ', "IV"), ('ℂ', "C"), ('ſ', "s")]
        {
            assert_eq!(plain_form(form).map(Iterator::collect::<String>).as_deref(), Some(plain));
        }
        for (form, plain) in [('․', "."), ('／', "/"), ('＂', "\""), ('：', ":"), ('﹖', "?")] {
            assert_eq!(plain_form(form).map(Iterator::collect::<String>).as_deref(), Some(plain));
        }
        // Seen to be different: small, circled, an emoji.
        for c in ['²', 'ª', 'Ⓟ', '™', '\u{2139}', 'é', 'ß', 'և', 'ﾃ', '…', '‼', '½'] {
            assert!(plain_form(c).is_none(), "{c:?}");
        }
    }
}
