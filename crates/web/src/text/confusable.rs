//! What a character looks like: the skeletons of [UTS #39 §4].
//!
//! Characters that look alike have one skeleton, so that of Cyrillic `а` is `a`. What a skeleton is good for depends on where
//! the character stands; that is judged in `alphabet.rs`.
//!
//! [UTS #39 §4]: https://www.unicode.org/reports/tr39/#Confusable_Detection

use std::collections::HashMap;
use std::sync::LazyLock;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory as Category;
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, ScriptExtension, UnicodeScript};
use unicode_security::GeneralSecurityProfile;
use unicode_security::general_security_profile::IdentifierType;
use unicode_security::skeleton;

use super::character::{Appearance, CUT, is_pictograph};

/// Whether the character has an alphabet other than Latin. Digits and signs that all alphabets share have none.
pub(super) fn has_other_alphabet(c: char) -> bool {
    !ScriptExtension::from(c).contains_script(Script::Latin)
}

/// Whether it looks like ASCII, but is not.
pub(super) fn looks_ascii(c: char) -> bool {
    !c.is_ascii() && Appearance::of(c) == Appearance::Shown && skeleton_is(c, |s| s.is_ascii())
}

/// Whether it looks like something of another alphabet, ASCII included. Signs without an alphabet count as one.
pub(super) fn looks_foreign(c: char) -> bool {
    if c.is_ascii() || Appearance::of(c) != Appearance::Shown {
        return false;
    }
    let skeleton = skeleton_of(c);
    let own = ScriptExtension::from(c);
    let of_another = LETTERS.get(&skeleton).is_some_and(|alphabet| *alphabet != Some(own));
    if is_ascii_shape(&skeleton) {
        true
    } else if has_other_alphabet(c) {
        // Of a letter of today and one that is rare, that of today is kept.
        of_another || !c.identifier_allowed() && !is_prototype(c, &skeleton)
    } else if is_latin_letter(c) {
        skeleton.chars().next().is_some_and(|shape| !is_latin_letter(shape)) && !is_prototype(c, &skeleton)
    } else {
        // Of a sign and a letter, the letter is kept; but of `€` and the Cyrillic `Є`, the sign, and of `·` and `・`, too.
        let kept = c.identifier_allowed() || category(c) == Category::CurrencySymbol;
        let rare = skeleton.chars().all(is_rare_latin);
        !kept && of_another || category(c) != Category::CurrencySymbol && !rare && !is_prototype(c, &skeleton)
    }
}

/// A Latin letter that no language of today writes, as by the types of [UTS #39 §3.1]: phonetic, obsolete, uncommon. Smaller
/// forms, as in `1º`, are not meant.
///
/// [UTS #39 §3.1]: https://www.unicode.org/reports/tr39/#Identifier_Status_and_Type
pub(super) fn is_rare_latin(c: char) -> bool {
    let base = base(c);
    is_latin_letter(base) && !base.identifier_allowed() && base.identifier_type() != Some(IdentifierType::Not_NFKC)
}

fn base(c: char) -> char {
    std::iter::once(c).nfd().next().unwrap_or(c)
}

pub(super) fn is_latin_letter(c: char) -> bool {
    c.script() == Script::Latin
}

/// A sign that looks like what parts a URL or the names of a host ([RFC 3986 §2.2]).
///
/// [RFC 3986 §2.2]: https://www.rfc-editor.org/rfc/rfc3986#section-2.2
pub(super) fn looks_like_delimiter(c: char) -> bool {
    !c.is_ascii() && c != CUT && !has_other_alphabet(c) && skeleton_is(c, |s| DELIMITERS.contains(&s))
}

/// A symbol that looks like one letter of ASCII, as `∪` does.
pub(super) fn looks_like_letter(c: char) -> bool {
    let symbol = || matches!(category(c), Category::MathSymbol | Category::OtherSymbol) && !is_pictograph(c);
    let mut letters = 0;
    !c.is_ascii()
        && symbol()
        && skeleton_is(c, |s| {
            letters += 1;
            s.is_ascii_alphabetic() && letters == 1
        })
}

fn skeleton_of(c: char) -> String {
    skeleton(c.encode_utf8(&mut [0; 4])).collect()
}

/// Whether it has a skeleton that is made of these alone.
fn skeleton_is(c: char, mut of: impl FnMut(char) -> bool) -> bool {
    let mut any = false;
    skeleton(c.encode_utf8(&mut [0; 4])).all(|s| {
        any = true;
        of(s)
    }) && any
}

/// Also that of `%`, which is not of ASCII itself.
fn is_ascii_shape(skeleton: &str) -> bool {
    skeleton.is_ascii() || skeleton.chars().eq(unicode_security::skeleton("%"))
}

fn category(c: char) -> Category {
    CodePointMapData::<Category>::new().get(c)
}

/// Whether it is kept where others have the same skeleton.
fn is_prototype(c: char, skeleton: &str) -> bool {
    std::iter::once(c).nfd().eq(skeleton.chars())
}

/// The skeletons that a letter of today shares with another one, or that differ from the letter; and the alphabet of these
/// letters, where it is one.
static LETTERS: LazyLock<HashMap<String, Option<ScriptExtension>>> = LazyLock::new(|| {
    let letters = || {
        ('\u{80}'..='\u{1FFFF}')
            .filter(|c| base(*c).identifier_allowed() || category(*c) == Category::CurrencySymbol)
            .filter(|c| Appearance::of(*c) == Appearance::Shown)
            .map(|c| (c, skeleton_of(c)))
    };
    let mut alphabets = HashMap::new();
    for (c, skeleton) in letters().filter(|(c, skeleton)| !is_prototype(*c, skeleton)) {
        let own = Some(ScriptExtension::from(c));
        let alphabet = alphabets.entry(skeleton).or_insert(own);
        if *alphabet != own {
            *alphabet = None;
        }
    }
    for (c, skeleton) in letters().filter(|(c, skeleton)| is_prototype(*c, skeleton)) {
        if let Some(alphabet) =
            alphabets.get_mut(&skeleton).filter(|alphabet| **alphabet != Some(ScriptExtension::from(c)))
        {
            *alphabet = None;
        }
    }
    alphabets
});

/// The signs that part a URL, and the backslash, which some programs read as a slash.
const DELIMITERS: [char; 12] = ['.', ':', '/', '?', '#', '[', ']', '@', '%', '&', '=', '\\'];
